"""The communities that a gateway knows, its own among them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from lxml import etree

from xds.client import PartStore
from xds.ebxml import RetrievedDocument
from xds.model import AdhocQuery, DocumentRequest, RegistryResponse, oid_urn


class RespondingGateway(Protocol):
    """A community's gateway, as this one calls it (`xds.client.GatewayClient`)."""

    def query(self, body: bytes, *, blocks: Sequence[etree._Element] = ()) -> etree._Element:
        """Ask a stored query (ITI-38)."""

    def retrieve(
        self, asked: Sequence[DocumentRequest], parts: PartStore, *, blocks: Sequence[etree._Element] = ()
    ) -> tuple[RegistryResponse, list[tuple[RetrievedDocument, str]]]:
        """Retrieve documents (ITI-39)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Community:
    """Another community."""

    name: str  # what the operator calls it, in findings
    home_community_id: str  # "urn:oid:…"
    url: str  # of its gateway, for the audit log
    gateway: RespondingGateway
    seconds: float = 30.0  # how long its answer is waited for


class Communities:
    """Who answers for which homeCommunityId.

    Parameters
    ----------
    own
        homeCommunityId of this community.
    others
        In the order in which their answers are joined.
    """

    def __init__(self, own: str, others: Iterable[Community]) -> None:
        self.own = oid_urn(own)
        self.others = tuple(others)
        self._by_home = {oid_urn(item.home_community_id): item for item in self.others}

    def is_own(self, home_community_id: str) -> bool:
        """Tell whether an id is this community's; a bare OID is taken for its URN."""
        return oid_urn(home_community_id.strip()) == self.own

    def of(self, home_community_id: str) -> Community | None:
        """The other community with that id; None for an unknown one."""
        return self._by_home.get(oid_urn(home_community_id.strip()))


def names_patient(query: AdhocQuery) -> bool:
    """Tell whether a query names a patient: the others ask by ids, and need a homeCommunityId (3.38.4.1.2.1)."""
    return any(slot.name.lower().endswith("patientid") and any(slot.values) for slot in query.slots)
