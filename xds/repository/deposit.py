"""How documents get into the repository, whoever brings them: pending → durable → registry → settled.

A repository and its registry share no transaction, in one process or two. A crash at any arrow is settled at the
next start by asking the registry (`repository.settle`).
"""

import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import replace
from typing import Protocol

from xds.access import NOBODY, Caller
from xds.audit import SILENT, Trail
from xds.documents import OutOfSpace, SpooledDocument, Vault, VaultWriteFailed
from xds.ebxml import encode_registry_response
from xds.model import (
    Manifest,
    RegistryNotAvailable,
    RegistryResponse,
    RepositoryError,
    RepositoryOutOfResources,
    Submission,
    XdsError,
    is_uuid_urn,
    new_uuid_urn,
)
from xds.repository.manifests import studies_of
from xds.repository.registrar import Registrar, RegistrarUnavailable
from xds.store import ProvidedDocument, RepositoryStore


class Register(Protocol):
    """`Registrar.register`, or another of its ways to bring a submission."""

    def __call__(
        self, submission: Submission, structure: Sequence[XdsError] = (), *, caller: Caller = NOBODY
    ) -> RegistryResponse:
        """Ask the registry."""


class Depositor:
    """Stores documents and registers them.

    Parameters
    ----------
    owner
        The process that works on what is pending.
    """

    def __init__(self, *, store: RepositoryStore, vault: Vault, registrar: Registrar, owner: str) -> None:
        self._store = store
        self._vault = vault
        self._registrar = registrar
        self._owner = owner
        self._lock = threading.Lock()
        self._under_way: Counter[str] = Counter()  # UUIDs of the SubmissionSets that a thread works on

    def deposit(  # noqa: PLR0913  # each is a fact of its own
        self,
        submission: Submission,
        documents: Mapping[str, SpooledDocument],
        *,
        structure: Sequence[XdsError] = (),
        findings: Sequence[XdsError] = (),
        message: tuple[str, bytes] | None = None,
        caller: Caller = NOBODY,
        register: Register | None = None,
        trail: Trail = SILENT,
        manifests: Mapping[str, Manifest] | None = None,
    ) -> RegistryResponse:
        """Store and register; on return the spool has none of the documents.

        Parameters
        ----------
        submission
            As `rules.complete` returned it.
        documents
            The content of each DocumentEntry by the entry's id.
        structure, caller
            See `Registrar.register`.
        findings
            What the repository found itself, part of the answer.
        message
            MessageID and digest of the request, so that a repeat of it gets this answer.
        register
            What the registry is asked to do; by default ITI-42.
        trail
            Of the request that provides them: its success is written with the end of the submission.
        manifests
            What was read of those documents that are imaging manifests, by the entry's id: their studies are
            remembered, for whoever asks for images.
        """
        stored = _provided(submission, documents, manifests or {})
        # The set's UUID is fixed here, so that a crash can be settled by asking the registry for it.
        submission, sent = _with_fixed_set_uuid(submission)
        with self._working_on(_set_uuid(submission)):
            submission_id = self._add_pending(submission, stored, message, trail)
            refused = self._make_durable(submission_id, documents)
            if refused is not None:
                return RegistryResponse.of([*findings, refused])
            try:
                answer = (register or self._registrar.register)(submission, structure, caller=caller)
            except RegistrarUnavailable:
                return self._unavailable(submission_id, submission, findings, trail)
            response = RegistryResponse.of([*findings, *[_as_sent(item, sent) for item in answer.findings]])
            self._store.settle(
                submission_id,
                "registered" if answer.is_success else "rejected",
                encode_registry_response(response),
                trail.events(response) if answer.is_success else (),
            )
            return response

    def give_up_abandoned(self) -> None:
        """Give up what is pending in this process's name and no thread of it works on any more.

        Such are left when the metadata store went away in the middle: neither their end nor that they are given up
        could be written then, and while this process lives nobody else settles them.
        """
        for item in self._store.pending():
            if item.owner == self._owner and not self._under_way[item.submission_set_uuid]:
                self._store.give_up(item.submission_id)

    @contextmanager
    def _working_on(self, set_uuid: str) -> Iterator[None]:
        with self._lock:
            self._under_way[set_uuid] += 1
        try:
            yield
        finally:
            with self._lock:
                self._under_way[set_uuid] -= 1
                if not self._under_way[set_uuid]:
                    del self._under_way[set_uuid]

    def _add_pending(
        self,
        submission: Submission,
        documents: Sequence[ProvidedDocument],
        message: tuple[str, bytes] | None,
        trail: Trail,
    ) -> int:
        # Before the octets are durable: a removal that looks for who uses them sees this row, or has unlinked
        # them before the vault places them again (ITI-86).
        sets = submission.submission_sets
        return self._store.add_pending(
            submission_set_unique_id=(sets[0].unique_id if sets else None) or "",
            submission_set_uuid=_set_uuid(submission),
            documents=documents,
            message=message,
            owner=self._owner,
            source_id=sets[0].source_id if sets else None,
            event=next(iter(trail.events()), None),
        )

    def judge(self, submission: Submission, *, caller: Caller = NOBODY) -> Sequence[XdsError]:
        """See `Registrar.judge`."""
        return self._registrar.judge(submission, caller=caller)

    def _make_durable(self, submission_id: int, documents: Mapping[str, SpooledDocument]) -> XdsError | None:
        try:
            self._vault.commit(list(documents.values()))
        except OutOfSpace:
            refused: XdsError = RepositoryOutOfResources("the document store is full; nothing was stored")
        except VaultWriteFailed:
            refused = RepositoryError("the document store could not write; nothing was registered")
        except BaseException:
            self._store.give_up(submission_id)
            raise
        else:
            return None
        self._store.settle(submission_id, "rejected", None)
        return refused

    def _unavailable(
        self, submission_id: int, submission: Submission, findings: Sequence[XdsError], trail: Trail
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
            self._store.settle(
                submission_id, "registered", encode_registry_response(response), trail.events(response)
            )
            return response
        self._store.settle(submission_id, "rejected", None)
        refused = RegistryNotAvailable(
            "the registry did not answer in time; nothing was registered. Repeat it"
        )
        return RegistryResponse.of([*findings, refused])


def _set_uuid(submission: Submission) -> str:
    sets = submission.submission_sets
    return sets[0].entry_uuid if sets else "urn:uuid:00000000-0000-0000-0000-000000000000"


def _with_fixed_set_uuid(submission: Submission) -> tuple[Submission, tuple[str, str] | None]:
    """Give the SubmissionSet a UUID, and it only: the registry judges everything else as it was sent.

    Returns
    -------
    The submission, and the UUID with the symbolic id that it stands for.
    """
    symbolic = [item.entry_uuid for item in submission.submission_sets if not is_uuid_urn(item.entry_uuid)]
    if len(submission.submission_sets) != 1 or not symbolic or not symbolic[0]:
        return submission, None
    sent, fresh = symbolic[0], new_uuid_urn()

    def fixed(object_id: str) -> str:
        return fresh if object_id == sent else object_id

    made = replace(
        submission,
        submission_sets=(replace(submission.submission_sets[0], entry_uuid=fresh),),
        associations=tuple(
            replace(item, source=fixed(item.source), target=fixed(item.target))
            for item in submission.associations
        ),
    )
    return made, (fresh, sent)


def _as_sent(finding: XdsError, sent: tuple[str, str] | None) -> XdsError:
    """Name the SubmissionSet by the id that its sender knows."""
    if sent is None or sent[0] not in finding.location + finding.context:
        return finding
    told = copy(finding)
    told.location = finding.location.replace(*sent)
    told.context = finding.context.replace(*sent)
    return told


def _provided(
    submission: Submission, documents: Mapping[str, SpooledDocument], manifests: Mapping[str, Manifest]
) -> list[ProvidedDocument]:
    return [
        ProvidedDocument(
            unique_id=entry.unique_id or "",
            sha256=documents[entry.entry_uuid].sha256,
            sha1=documents[entry.entry_uuid].sha1,
            seal=documents[entry.entry_uuid].seal,
            size=documents[entry.entry_uuid].size,
            mime_type=entry.mime_type,
            patient_id=entry.patient_id or "",
            studies=studies_of(manifests[entry.entry_uuid]) if entry.entry_uuid in manifests else (),
        )
        for entry in submission.document_entries
    ]
