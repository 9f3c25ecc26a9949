"""The gateway's transactions, wired from the settings."""

from collections.abc import Mapping
from dataclasses import dataclass

from xds.audit import AuditLog
from xds.client import GatewayClient, RegistryClient, RepositoryClient
from xds.documents import Spool
from xds.gateway import (
    Communities,
    Community,
    FanOut,
    InitiatingQuery,
    InitiatingRetrieve,
    RespondingQuery,
    RespondingRetrieve,
    forwarded_query,
    forwarded_retrieve,
)
from xds.settings import CommunitySettings, Settings
from xds.soap import Handler
from xds.transactions import ITI_18, ITI_38, ITI_39, ITI_43, Transaction


@dataclass(frozen=True, slots=True)
class Gateway:
    """The transactions of a gateway's end point, and what is stopped with them."""

    handlers: Mapping[Transaction, Handler]
    fan_out: FanOut


def gateway(
    settings: Settings, here: Mapping[Transaction, Handler], spool: Spool, audit: AuditLog
) -> Gateway:
    """Build the gateway.

    Parameters
    ----------
    here
        The transactions of this process: its registry and repository are the community's, unless the settings name
        others.
    """
    limits, own = settings.limits, settings.registry.home_community_id or ""
    communities = Communities(own, [_community(item) for item in settings.gateway.communities])
    fan_out = FanOut(settings.gateway.calls, audit)
    query, retrieve = _local(settings, here, spool, own)
    handlers: dict[Transaction, Handler] = {
        ITI_18: InitiatingQuery(query, communities, fan_out, response_bytes=limits.response_bytes),
        ITI_43: InitiatingRetrieve(
            retrieve,
            communities,
            fan_out,
            spool,
            limit=limits.retrieve_documents,
            document_bytes=limits.document_bytes,
        ),
        ITI_38: RespondingQuery(query, communities),
        ITI_39: RespondingRetrieve(retrieve, communities),
    }
    return Gateway(handlers, fan_out)


def _local(
    settings: Settings, here: Mapping[Transaction, Handler], spool: Spool, own: str
) -> tuple[Handler, Handler]:
    chosen, seconds = settings.gateway, settings.repository.registry_seconds
    query = (
        here[ITI_18]
        if chosen.registry_url is None
        else forwarded_query(RegistryClient(chosen.registry_url, timeout=seconds), own)
    )
    retrieve = (
        here[ITI_43]
        if chosen.repository_url is None
        else forwarded_retrieve(
            RepositoryClient(chosen.repository_url, timeout=seconds), spool, settings.limits.document_bytes
        )
    )
    return query, retrieve


def _community(item: CommunitySettings) -> Community:
    client = GatewayClient(item.query_url, item.retrieve_url, timeout=item.seconds)
    return Community(
        name=item.name,
        home_community_id=item.home_community_id,
        url=item.query_url,
        gateway=client,
        seconds=item.seconds,
    )
