"""The imaging transactions, wired from the settings."""

from collections.abc import Mapping
from dataclasses import dataclass

from xds.access import Caller, Requester, speaks_of
from xds.audit import AuditLog
from xds.client import DicomWebClient, ImagingClient
from xds.documents import Spool
from xds.imaging import (
    AnswerPolicy,
    DicomWebSource,
    FolderSource,
    ImageAccess,
    ImagingSource,
    Rad69Source,
    RelayPolicy,
    RetrieveImagingDocumentSet,
    Sources,
    Transcoder,
    Wado,
    Withheld,
)
from xds.model import DocumentRequest
from xds.repository import Ownership
from xds.rules import Policies
from xds.server.consent import consent_store
from xds.settings import ImagingSourceSettings, Settings
from xds.store import Pool, RepositoryStore


@dataclass(frozen=True, slots=True)
class Imaging:
    """RAD-69, and what is stopped with it."""

    retrieve: RetrieveImagingDocumentSet
    wado: Wado
    sources: Sources
    transcoder: Transcoder

    def close(self) -> None:
        """End connections and processes."""
        for source in self.sources.values():
            source.close()
        self.transcoder.close()


def images_of(
    settings: Settings, pool: Pool, spool: Spool, rules: Policies, audit: AuditLog
) -> Imaging | None:
    """Build the Imaging Document Source of this domain; None where the process does not play it."""
    if "imaging" not in settings.server.roles:
        return None
    store = RepositoryStore(pool)
    consent, ownership = consent_store(settings, pool, audit), Ownership(store, rules)

    def withheld(documents: Mapping[str, str], caller: Caller) -> frozenset[str]:
        """What ITI-43 would not give: images are as open as the manifests that lead to them."""
        manifests = [DocumentRequest(repository_unique_id="", document_unique_id=item) for item in documents]
        _, others = ownership.readable(manifests, caller)
        foreign = {item for item, patient in documents.items() if not speaks_of(caller.user, patient)}
        refused = consent.withheld(documents, Requester(user=caller.user)).documents
        return refused | foreign | {item.document_unique_id for item in others}

    return _imaging(settings, store, spool, withheld)


def _imaging(settings: Settings, store: RepositoryStore, spool: Spool, withheld: Withheld) -> Imaging:
    chosen, limits = settings.imaging, settings.limits
    sources = {item.location_uid: _source(item) for item in chosen.source}
    transcoder = Transcoder(chosen.transcoders, chosen.transcode_seconds)
    access = ImageAccess(store, withheld)
    retrieve = RetrieveImagingDocumentSet(
        sources=sources,
        access=access,
        transcoder=transcoder,
        spool=spool,
        relay=RelayPolicy(fetches=chosen.fetches, buffer_bytes=chosen.buffer_bytes),
        answer=AnswerPolicy(
            limit=limits.retrieve_instances,
            home_community_id=settings.registry.home_community_id,
            root_first_instances=chosen.root_first_instances,
        ),
    )
    return Imaging(retrieve, Wado(sources, access), sources, transcoder)


def _source(item: ImagingSourceSettings) -> ImagingSource:
    if item.kind == "folder" and item.folder is not None:
        return FolderSource(item.folder)
    url = item.url or ""
    if item.kind == "rad69":
        return Rad69Source(ImagingClient(url, timeout=item.seconds))
    return DicomWebSource(DicomWebClient(url, seconds=item.seconds))
