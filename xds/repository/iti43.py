"""ITI-43 Retrieve Document Set: the Expected Actions of the Document Repository (ITI TF-2 3.43.4.1.3)."""

import uuid
from collections.abc import Iterator, Mapping, Sequence

from lxml import etree

from xds.access import Requester, speaks_of
from xds.audit import document_facts
from xds.documents import VERIFIED_FIRST, DocumentDamaged, DocumentNotFound, Vault
from xds.ebxml import RetrievedDocument, decode_retrieve_request, encode_retrieve_response
from xds.model import (
    DocumentRequest,
    DocumentUniqueIdError,
    RegistryResponse,
    RepositoryError,
    XdsError,
)
from xds.repository.on_demand import MadeDocument, OnDemandSource
from xds.repository.ownership import Ownership
from xds.rules import OTHERS_RETRIEVED, check_retrieval
from xds.soap import Reply, ReplyPart, Request
from xds.store import ConsentStore, RemovedDocument, RepositoryStore, ServedDocument


class RetrieveDocumentSet:
    """The transaction. Documents are opened here and read while the answer is sent.

    A document that consent withholds from the requester, or that is of another patient than their assertion, goes the
    way of one that is not here: nothing tells them apart.
    """

    def __init__(
        self,
        *,
        store: RepositoryStore,
        vault: Vault,
        consent: ConsentStore,
        repository_unique_id: str,
        home_community_id: str | None,
        limit: int,
        ownership: Ownership,
        on_demand: OnDemandSource | None = None,
    ) -> None:
        self._store = store
        self._vault = vault
        self._consent = consent
        self._repository_unique_id = repository_unique_id
        self._home_community_id = home_community_id
        self._limit = limit
        self._ownership = ownership
        self._on_demand = on_demand

    def __call__(self, body: etree._Element, request: Request) -> Reply:
        """Answer a xds:RetrieveDocumentSetRequest."""
        requests, malformed = decode_retrieve_request(body)
        wanted, refused = check_retrieval(
            requests, self._repository_unique_id, self._home_community_id, self._limit
        )
        wanted, others = self._ownership.readable(wanted, request.caller)
        findings: list[XdsError] = [
            *malformed,
            *refused,
            *(_not_here(item, OTHERS_RETRIEVED) for item in others),
        ]
        documents, parts, patients = self._open(wanted, findings, request)
        response = RegistryResponse.of(findings, done=len(documents))
        sent = {item.document_unique_id for item in documents}
        request.trail.about(
            **document_facts([item for item in requests if item.document_unique_id in sent], patients)
        )
        request.trail.about_failed(
            **document_facts([item for item in requests if item.document_unique_id not in sent])
        )
        request.trail.answered(response)
        return Reply(
            body=(encode_retrieve_response(response, documents),),
            parts=parts,
            outcome=response.outcome(f"{len(documents)} documents"),
        )

    def _open(
        self, wanted: Sequence[DocumentRequest], findings: list[XdsError], request: Request
    ) -> tuple[list[RetrievedDocument], list[ReplyPart], list[str]]:
        """Documents with their parts, and whose they are as far as this repository knows."""
        served = self._served([item.document_unique_id for item in wanted], request)
        documents: list[RetrievedDocument] = []
        parts: list[ReplyPart] = []
        absent: list[DocumentRequest] = []
        patients: list[str] = []

        def add(item: DocumentRequest, made: MadeDocument) -> None:
            content_id = f"{uuid.uuid4()}@xds"
            parts.append(ReplyPart(content_id=content_id, mime_type=made.mime_type, source=made.source))
            documents.append(_retrieved(item, made, content_id))

        for item in wanted:
            held = served.get(item.document_unique_id)
            if held is None:
                absent.append(item)
                continue
            try:
                source = self._vault.open(held.sha256, held.size, held.seal)
                if held.size <= VERIFIED_FIRST:
                    source.verify()  # a small one is known to be whole before the answer begins
            except (DocumentNotFound, DocumentDamaged):
                if not self._store.to_serve([item.document_unique_id]):
                    absent.append(item)  # removed since we asked (ITI-86)
                    continue
                findings.append(
                    RepositoryError("the document is damaged in the store", location=item.document_unique_id)
                )
                continue
            patients.append(held.patient_id)
            add(item, MadeDocument(mime_type=held.mime_type, source=source))
        for item, made in self._made(absent, findings, request):
            add(item, made)
        return documents, parts, patients

    def _served(self, unique_ids: Sequence[str], request: Request) -> Mapping[str, ServedDocument]:
        """What is here and not withheld. Consent is asked about ids that are not here as well: it takes as long."""
        if not unique_ids:
            return {}
        served = self._store.to_serve(unique_ids)
        patients = {item: served[item].patient_id if item in served else "" for item in unique_ids}
        withheld = self._withheld(patients, request)
        return {
            name: item
            for name, item in served.items()
            if name not in withheld and speaks_of(request.caller.user, item.patient_id)
        }

    def _withheld(self, patients: Mapping[str, str], request: Request) -> frozenset[str]:
        """What consent withholds; an access under an override is told by the audit event (security digest 6)."""
        found = self._consent.withheld(patients, Requester(user=request.caller.user))
        if found.overrides:
            told = {("override", str(number)) for number in found.overrides}
            request.trail.about(details=tuple(sorted({*request.trail.fact("details", ()), *told})))
        return found.documents

    def _tombstones(self, unique_ids: Sequence[str], request: Request) -> Mapping[str, RemovedDocument]:
        """What was here; a document that would be withheld has left no trace either."""
        removed = self._store.removed(unique_ids) if unique_ids else {}
        patients = {name: item.patient_id for name, item in removed.items()}
        withheld = self._withheld(patients, request)
        return {
            name: item
            for name, item in removed.items()
            if name not in withheld and speaks_of(request.caller.user, item.patient_id)
        }

    def _made(
        self, absent: Sequence[DocumentRequest], findings: list[XdsError], request: Request
    ) -> Iterator[tuple[DocumentRequest, MadeDocument]]:
        """Those that are made on demand; what there is none of is a finding."""
        tombstones = self._tombstones([item.document_unique_id for item in absent], request)
        requester = Requester(user=request.caller.user)
        for item in absent:
            unique_id = item.document_unique_id
            tombstone = tombstones.get(unique_id)
            if tombstone is not None:
                what = (
                    f"the document was removed from this repository at {tombstone.removed_at}; ask for its entry"
                    " again, it may have been replaced"
                )
                findings.append(DocumentUniqueIdError(what, location=unique_id))
                continue
            try:
                made = None if self._on_demand is None else self._on_demand.retrieve(unique_id, requester)
            except XdsError as refusal:
                findings.append(refusal)
                continue
            if made is not None:
                yield item, made
                continue
            findings.append(_not_here(item))


def _not_here(item: DocumentRequest, rule: str = "") -> DocumentUniqueIdError:
    what = (
        "no document with this uniqueId is available here; take uniqueId and repositoryUniqueId from the"
        " DocumentEntry that a query returned"
    )
    return DocumentUniqueIdError(what, location=item.document_unique_id, rule=rule)


def _retrieved(item: DocumentRequest, made: MadeDocument, content_id: str) -> RetrievedDocument:
    return RetrievedDocument(
        repository_unique_id=item.repository_unique_id,
        document_unique_id=item.document_unique_id,
        mime_type=made.mime_type,
        home_community_id=item.home_community_id,
        new_repository_unique_id=made.new_repository_unique_id,
        new_document_unique_id=made.new_unique_id,
        content_id=content_id,
    )
