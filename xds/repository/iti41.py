"""ITI-41 Provide and Register Document Set-b: the Expected Actions of the Repository (ITI TF-2 3.41.4.1.3)."""

import time
from collections.abc import Mapping, Sequence
from typing import Final

from lxml import etree

from xds.audit import submission_facts
from xds.documents import Spool, SpooledDocument
from xds.ebxml import decode_provide_request, decode_registry_response, encode_registry_response
from xds.model import (
    DuplicateUniqueIdInRegistry,
    RegistryResponse,
    RepositoryBusy,
    Submission,
    XdsError,
    has_error,
)
from xds.repository.deposit import Depositor
from xds.repository.manifests import manifests_in, read_dicom
from xds.rules import (
    DocumentPart,
    Policies,
    check_manifests,
    check_provision,
    check_structure,
    complete,
    not_said_yet,
    same_document,
)
from xds.soap import Reply, Request, document_content, require_patients
from xds.store import RepositoryStore
from xds.xml import parse

_WAIT_SECONDS: Final = 30.0
"""How long a repeat waits for the first of the same message to end."""
_POLL_SECONDS: Final = 0.05


class ProvideAndRegisterDocumentSet:
    """The transaction."""

    def __init__(
        self,
        *,
        store: RepositoryStore,
        spool: Spool,
        depositor: Depositor,
        policies: Policies,
        repository_unique_id: str,
    ) -> None:
        self._store = store
        self._spool = spool
        self._depositor = depositor
        self._policies = policies
        self._repository_unique_id = repository_unique_id

    def __call__(self, body: etree._Element, request: Request) -> Reply:
        """Answer a xds:ProvideAndRegisterDocumentSetRequest."""
        message_id = request.envelope.message_id
        message = None if message_id is None else (message_id, request.digest())
        if message is not None and (answer := self._answer_of_first(*message)) is not None:
            return _repeated(body, request, answer)
        response = self._provide(body, request, message)
        # The same message may have come twice at once: then the other one, which was first, took the uniqueId.
        if message is not None and _was_taken(response) and (answer := self._answer_of_first(*message)):
            return _repeated(body, request, answer)
        request.trail.answered(response, is_written=response.is_success)
        return Reply(body=(encode_registry_response(response),), outcome=response.outcome())

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
        facts = submission_facts(submission)
        request.trail.about(**facts)
        require_patients("ITI-41", request.caller, facts["patients"])
        policy = self._policies.of(request.caller, submission)
        structure = check_structure(decoded, policy)
        inline: list[SpooledDocument] = []
        try:
            documents, repeated = self._receive(elements, request, inline)
            parts = {key: DocumentPart(size=item.size, sha1=item.sha1) for key, item in documents.items()}
            findings = check_provision(submission, parts, policy, repeated)
            dicom = read_dicom(submission, documents)
            findings += check_manifests(submission, dicom, policy)
            if not has_error(findings):
                submission = complete(submission, parts, self._repository_unique_id)
                findings += self._same_as_held(submission, documents)
            if has_error(findings):
                whole = complete(submission, parts, self._repository_unique_id)
                judged = self._depositor.judge(whole, caller=request.caller)
                return RegistryResponse.of(
                    [*structure, *findings, *not_said_yet(judged, findings, submission, parts)]
                )
            return self._depositor.deposit(
                submission,
                documents,
                structure=structure,
                findings=findings,
                message=message,
                caller=request.caller,
                trail=request.trail,
                manifests=manifests_in(dicom),
            )
        finally:
            for item in inline:
                item.discard()

    def _same_as_held(
        self, submission: Submission, documents: Mapping[str, SpooledDocument]
    ) -> list[XdsError]:
        """What is held under a uniqueId stays what it is, even against octets made to have the same SHA-1."""
        entries = {entry.unique_id: entry for entry in submission.document_entries if entry.unique_id}
        held = self._store.known_documents(entries)
        collisions = {
            unique_id
            for unique_id, (sha1, _, sha256) in held.items()
            if (brought := documents[entries[unique_id].entry_uuid]).sha1 == sha1 and brought.sha256 != sha256
        }
        return same_document({name: item[:2] for name, item in held.items()}, submission, collisions)

    def _receive(
        self, elements: Sequence[etree._Element], request: Request, inline: list[SpooledDocument]
    ) -> tuple[dict[str, SpooledDocument], list[str]]:
        """Find the content of each xds:Document, and ids that came twice; inline content goes into the spool."""
        documents: dict[str, SpooledDocument] = {}
        repeated: list[str] = []
        for element in elements:
            name = element.get("id", "")
            if name in documents:
                repeated.append(name)
                continue
            content = document_content(element, request.parts, self._spool)
            if content not in request.parts.values():
                inline.append(content)
            documents[name] = content
        return documents, repeated


def _repeated(body: etree._Element, request: Request, answer: bytes) -> Reply:
    """The answer of the first to a repeat, which is an event of its own."""
    if not request.trail.is_silent:
        submission, _, _ = decode_provide_request(body)
        request.trail.about(**submission_facts(submission))
        request.trail.answered(decode_registry_response(parse(answer)))
    return Reply(body=(answer,), outcome="repeat")


def _was_taken(response: RegistryResponse) -> bool:
    return any(finding.code == DuplicateUniqueIdInRegistry.code for finding in response.findings)
