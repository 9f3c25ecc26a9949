"""ITI-86 Remove Documents: the Expected Actions of the Document Repository (RMD, ITI TF-2 3.86.4.1.3)."""

from collections.abc import Iterator, Mapping, Sequence

from lxml import etree

from xds.audit import AuditEvent, Trail, document_facts
from xds.documents import Vault
from xds.ebxml import decode_retrieve_request, encode_registry_response
from xds.model import (
    DocumentRequest,
    RegistryResponse,
    RemoveDocumentsError,
    ResponseStatus,
    XdsError,
)
from xds.repository.erase import erase
from xds.repository.ownership import Ownership
from xds.rules import OTHERS_REMOVED, check_document_removal
from xds.soap import Reply, Request, require_patients
from xds.store import RemovedDocument, RepositoryStore


class RemoveDocuments:
    """The transaction: each document by itself, and what is removed is removed when the answer leaves.

    First the document is not served any more, which is committed; then its octets are unlinked, unless another
    document has the same. A tombstone stays: uniqueId, hash, size, when. Metadata is the registry's (ITI-62).
    To remove a document that is removed already is to have it removed: a repeat is answered as the first was.
    """

    def __init__(
        self,
        *,
        store: RepositoryStore,
        vault: Vault,
        repository_unique_id: str,
        home_community_id: str | None,
        limit: int,
        ownership: Ownership,
    ) -> None:
        self._store = store
        self._vault = vault
        self._repository_unique_id = repository_unique_id
        self._home_community_id = home_community_id
        self._limit = limit
        self._ownership = ownership

    def __call__(self, body: etree._Element, request: Request) -> Reply:
        """Answer a rmd:RemoveDocumentsRequest."""
        requests, malformed = decode_retrieve_request(body)
        wanted, refused = check_document_removal(
            requests, self._repository_unique_id, self._home_community_id, self._limit
        )
        # What cannot be read names nothing; that nothing is named is said once.
        findings: list[XdsError] = [*malformed, *(refused if requests or not malformed else ())]
        request.trail.about_failed(**document_facts(requests))

        def events(removed: Mapping[str, RemovedDocument]) -> Sequence[AuditEvent]:
            return _events(request.trail, wanted, removed)

        own, others = self._ownership.removable(wanted, request.caller)
        names = [item.document_unique_id for item in own]
        if names and request.caller.user is not None:
            held = self._store.to_serve(names).values()
            require_patients("ITI-86", request.caller, [item.patient_id for item in held])
        removed = self._store.remove(names, events) if names else {}
        to_erase = [sha256 for item in removed.values() for sha256 in item.to_erase]
        undone = erase(self._store, self._vault, to_erase)
        findings += _failures(wanted, removed, undone, others)
        done = len(wanted) - sum(isinstance(item, RemoveDocumentsError) for item in findings)
        response = RegistryResponse.of(findings, done=done)
        left = [item for item in requests if item.document_unique_id not in removed]
        request.trail.about_failed(**document_facts(left or requests))
        # What was removed was written with the removal: only what was not is left to tell.
        told = RegistryResponse(status=ResponseStatus.FAILURE, findings=response.findings)
        request.trail.answered(response if response.is_success else told, is_written=response.is_success)
        return Reply(
            body=(encode_registry_response(response),), outcome=response.outcome(f"{done} documents")
        )


def _events(
    trail: Trail, wanted: Sequence[DocumentRequest], removed: Mapping[str, RemovedDocument]
) -> Sequence[AuditEvent]:
    gone = [item for item in wanted if item.document_unique_id in removed]
    if not gone:
        return ()
    trail.about(**document_facts(gone))
    return trail.events()


def _failures(
    wanted: Sequence[DocumentRequest],
    removed: Mapping[str, RemovedDocument],
    undone: set[str],
    others: Sequence[DocumentRequest],
) -> Iterator[XdsError]:
    """The context begins with the uniqueId; it is the location as well, as in ITI-43."""
    for item in wanted:
        unique_id = item.document_unique_id
        tombstone = removed.get(unique_id)
        if tombstone is None:
            yield RemoveDocumentsError(
                f"{unique_id} is not the uniqueId of a document here; take uniqueId and repositoryUniqueId from the"
                " DocumentEntry",
                location=unique_id,
                rule=OTHERS_REMOVED if item in others else "",
            )
        elif tombstone.to_erase & undone:
            yield RemoveDocumentsError(
                f"{unique_id} is not served any more, but the document store could not erase it yet; it tries again"
                " by itself, or repeat the request",
                location=unique_id,
            )
