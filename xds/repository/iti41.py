"""ITI-41 Provide and Register Document Set-b: the Expected Actions of the Repository (ITI TF-2 3.41.4.1.3).

A repository and its registry share no transaction, in one process or two: documents durable → pending →
registry → registered or rejected → answer. A crash at any arrow is settled at the next start.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Final

from lxml import etree

from xds.documents import (
    OutOfSpace,
    Spool,
    SpooledDocument,
    Vault,
    VaultWriteFailed,
)
from xds.ebxml import decode_provide_request, encode_registry_response
from xds.model import (
    DuplicateUniqueIdInRegistry,
    RegistryNotAvailable,
    RegistryResponse,
    RepositoryBusy,
    RepositoryError,
    RepositoryMetadataError,
    RepositoryOutOfResources,
    Submission,
    XdsError,
    has_error,
    is_uuid_urn,
)
from xds.repository.registrar import Registrar, RegistrarUnavailable
from xds.rules import (
    DocumentPart,
    Policies,
    assign_entry_uuids,
    check_provision,
    check_structure,
    complete,
    same_document,
)
from xds.soap import Reply, Request, document_content
from xds.store import ProvidedDocument, RepositoryStore

_WAIT_SECONDS: Final = 30.0
"""How long a repeat waits for the first of the same message to end."""
_POLL_SECONDS: Final = 0.05


class ProvideAndRegisterDocumentSet:
    """The transaction."""

    def __init__(
        self,
        *,
        store: RepositoryStore,
        vault: Vault,
        spool: Spool,
        registrar: Registrar,
        policies: Policies,
        repository_unique_id: str,
        owner: str,
    ) -> None:
        self._store = store
        self._vault = vault
        self._spool = spool
        self._registrar = registrar
        self._policies = policies
        self._repository_unique_id = repository_unique_id
        self._owner = owner

    def __call__(self, body: etree._Element, request: Request) -> Reply:
        """Answer a xds:ProvideAndRegisterDocumentSetRequest."""
        message_id = request.envelope.message_id
        message = None if message_id is None else (message_id, request.digest())
        if message is not None and (answer := self._answer_of_first(*message)) is not None:
            return Reply(body=(answer,), outcome="repeat")
        response = self._provide(body, request, message)
        # The same message may have come twice at once: then the other one, which was first, took the uniqueId.
        if message is not None and _was_taken(response) and (answer := self._answer_of_first(*message)):
            return Reply(body=(answer,), outcome="repeat")
        codes = sorted({finding.code for finding in response.findings})
        outcome = " ".join([response.status.value.rpartition(":")[2], *codes])
        return Reply(body=(encode_registry_response(response),), outcome=outcome)

    def _answer_of_first(self, message_id: str, digest: bytes) -> bytes | None:
        """The answer that the same message got; a repeat that comes meanwhile waits for it."""
        deadline = time.monotonic() + _WAIT_SECONDS
        while (earlier := self._store.earlier(message_id, digest)) is not None:
            if earlier.answer is not None:
                return earlier.answer
            if time.monotonic() > deadline:
                busy = RepositoryBusy("the same message is still being worked on; repeat it a little later")
                return encode_registry_response(RegistryResponse.of([busy]))
            time.sleep(_POLL_SECONDS)
        return None

    def _provide(
        self, body: etree._Element, request: Request, message: tuple[str, bytes] | None
    ) -> RegistryResponse:
        submission, decoded, elements = decode_provide_request(body)
        policy = self._policies.of(request.peer, submission)
        structure = check_structure(decoded, policy)
        inline: list[SpooledDocument] = []
        try:
            documents, findings = self._receive(elements, request, inline)
            parts = {key: DocumentPart(size=item.size, sha1=item.sha1) for key, item in documents.items()}
            findings += check_provision(submission, parts, policy)
            known = self._store.known_documents(
                [entry.unique_id for entry in submission.document_entries if entry.unique_id]
            )
            if not has_error(findings):
                submission = complete(submission, parts, self._repository_unique_id)
                findings += same_document(known, submission)
            if has_error(findings):
                return RegistryResponse.of([*structure, *findings])
            return self._commit(submission, structure, findings, documents, message, request.peer)
        finally:
            for item in inline:
                item.discard()

    def _receive(
        self, elements: Sequence[etree._Element], request: Request, inline: list[SpooledDocument]
    ) -> tuple[dict[str, SpooledDocument], list[XdsError]]:
        """Find the content of each xds:Document; what came inline is decoded into the spool."""
        documents: dict[str, SpooledDocument] = {}
        findings: list[XdsError] = []
        for element in elements:
            name = element.get("id", "")
            if name in documents:
                findings.append(
                    RepositoryMetadataError(
                        f"two Documents have the id {name!r}; ids must differ", location=name
                    )
                )
                continue
            content = document_content(element, request.parts, self._spool)
            if content not in request.parts.values():
                inline.append(content)
            documents[name] = content
        return documents, findings

    def _commit(
        self,
        submission: Submission,
        structure: Sequence[XdsError],
        findings: Sequence[XdsError],
        documents: Mapping[str, SpooledDocument],
        message: tuple[str, bytes] | None,
        peer: str,
    ) -> RegistryResponse:
        """Documents durable, pending, registry, settled (security digest 11.3)."""
        stored = _provided(submission, documents)
        # The set's UUID is fixed here, so that a crash can be settled by asking the registry for it.
        submission = _with_fixed_set_uuid(submission)
        submission_set = submission.submission_sets[0] if submission.submission_sets else None
        try:
            self._vault.commit(list(documents.values()))
        except OutOfSpace:
            return RegistryResponse.of(
                [*findings, RepositoryOutOfResources("the document store is full; nothing was stored")]
            )
        except VaultWriteFailed:
            return RegistryResponse.of(
                [*findings, RepositoryError("the document store could not write; nothing was registered")]
            )
        submission_id = self._store.add_pending(
            submission_set_unique_id=(submission_set and submission_set.unique_id) or "",
            submission_set_uuid=submission_set.entry_uuid if submission_set else "urn:uuid:" + "0" * 32,
            documents=stored,
            message=message,
            owner=self._owner,
        )
        try:
            answer = self._registrar.register(submission, structure, peer=peer)
        except RegistrarUnavailable:
            return self._unavailable(submission_id, submission, findings)
        response = RegistryResponse.of([*findings, *answer.findings])
        state = "registered" if answer.is_success else "rejected"
        self._store.settle(submission_id, state, encode_registry_response(response))  # type: ignore[arg-type]
        return response

    def _unavailable(
        self, submission_id: int, submission: Submission, findings: Sequence[XdsError]
    ) -> RegistryResponse:
        """The registry did not answer. Did it register? Ask; if it stays silent, housekeeping asks again."""
        try:
            registered = self._registrar.is_registered(submission.submission_set.entry_uuid)
        except RegistrarUnavailable:
            self._store.give_up(submission_id)
            unknown = RegistryNotAvailable(
                "the registry cannot be reached; whether this submission was registered is settled as soon as it"
                " answers again. Repeat the message with the same MessageID"
            )
            return RegistryResponse.of([*findings, unknown])
        if registered:
            response = RegistryResponse.of(findings)
            self._store.settle(submission_id, "registered", encode_registry_response(response))
            return response
        self._store.settle(submission_id, "rejected", None)
        refused = RegistryNotAvailable(
            "the registry did not answer in time; nothing was registered. Repeat it"
        )
        return RegistryResponse.of([*findings, refused])


def _was_taken(response: RegistryResponse) -> bool:
    return any(finding.code == DuplicateUniqueIdInRegistry.code for finding in response.findings)


def _with_fixed_set_uuid(submission: Submission) -> Submission:
    symbolic = [item for item in submission.submission_sets if not is_uuid_urn(item.entry_uuid)]
    return assign_entry_uuids(submission) if symbolic else submission


def _provided(submission: Submission, documents: Mapping[str, SpooledDocument]) -> list[ProvidedDocument]:
    return [
        ProvidedDocument(
            unique_id=entry.unique_id or "",
            sha256=documents[entry.entry_uuid].sha256,
            sha1=documents[entry.entry_uuid].sha1,
            seal=documents[entry.entry_uuid].seal,
            size=documents[entry.entry_uuid].size,
            mime_type=entry.mime_type,
            patient_id=entry.patient_id or "",
        )
        for entry in submission.document_entries
    ]
