"""A registry in memory that takes one message after the other, and the check that parallel ones end like that.

Its rules are the registry's own; what it shows is that no mixture of two transactions is possible: answers and
content after parallel messages are those of the same messages in some order.
"""

import http.client
import itertools
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from tests.transactions import samples
from tests.transactions.conftest import Service
from tests.transactions.wire import PATH, SOAP, Answer, envelope, parse_answer, send
from xds.ebxml import decode_query_response
from xds.model import (
    REPLACEMENTS,
    Association,
    AssociationType,
    AvailabilityStatus,
    DocumentEntry,
    ObjectKind,
    RegisteredDocument,
    RegisteredObject,
    RegistryFacts,
    StoredQuery,
    Submission,
    has_error,
)
from xds.rules import REGISTRATION, DocumentPart, RulePolicy, assign_entry_uuids, check, complete, effects_of

POLICY = RulePolicy(unknown_patients="accept")
APPROVED, DEPRECATED = AvailabilityStatus.APPROVED, AvailabilityStatus.DEPRECATED
_TRANSFORMS = (AssociationType.XFRM, AssociationType.XFRM_RPLC)
_DEPENDENT = (AssociationType.XFRM, AssociationType.APND)

Outcome = tuple[str, ...]
"""What a message was answered: its error codes, each once; none for Success."""
State = frozenset[tuple[object, ...]]
"""What there is: (kind, id, status) of objects, (type, source, target) of associations."""


@dataclass
class SerialRegistry:
    """The content of a registry, changed by whole messages only."""

    objects: dict[str, RegisteredObject] = field(default_factory=dict)
    unique_ids: dict[str, tuple[ObjectKind, RegisteredDocument]] = field(default_factory=dict)
    associations: tuple[Association, ...] = ()

    def copy(self) -> "SerialRegistry":
        """A registry of the same content."""
        return SerialRegistry(dict(self.objects), dict(self.unique_ids), self.associations)

    def register(self, submission: Submission) -> Outcome:
        """ITI-42, as its Expected Actions say."""
        facts = self._facts(submission)
        findings = check(REGISTRATION, submission, facts, POLICY)
        if has_error(findings):
            return tuple(sorted({item.code for item in findings}))
        submission = assign_entry_uuids(submission)
        effects = effects_of(submission, facts)
        for item in (*submission.submission_sets, *submission.document_entries, *submission.folders):
            self._add(item)
        self.associations += (*submission.associations, *effects.associations)
        for entry_uuid in effects.deprecated:
            self._set_status(entry_uuid, DEPRECATED)
        return ()

    def state(self) -> State:
        """What there is, comparable with what the service answers."""
        objects = {(item.kind, key, item.status) for key, item in self.objects.items()}
        return frozenset(objects) | _links(self.associations)

    def _add(self, item: object) -> None:
        kinds = {"DocumentEntry": ObjectKind.DOCUMENT_ENTRY, "Folder": ObjectKind.FOLDER}
        kind = kinds.get(type(item).__name__, ObjectKind.SUBMISSION_SET)
        key: str = item.entry_uuid  # type: ignore[attr-defined]
        self.objects[key] = RegisteredObject(
            entry_uuid=key,
            kind=kind,
            status=APPROVED,
            patient_id=item.patient_id,  # type: ignore[attr-defined]
            object_type=getattr(item, "object_type", None),
        )
        document = RegisteredDocument(hash=None, size=None)
        if isinstance(item, DocumentEntry):
            document = RegisteredDocument(hash=item.hash, size=int(item.size or 0))
        self.unique_ids.setdefault(item.unique_id, (kind, document))  # type: ignore[attr-defined]

    def _set_status(self, entry_uuid: str, status: AvailabilityStatus) -> None:
        known = self.objects[entry_uuid]
        self.objects[entry_uuid] = RegisteredObject(
            entry_uuid=entry_uuid,
            kind=known.kind,
            status=status,
            patient_id=known.patient_id,
            object_type=known.object_type,
        )

    def _facts(self, submission: Submission) -> RegistryFacts:
        items = (*submission.submission_sets, *submission.document_entries, *submission.folders)
        patients = {item.patient_id or "" for item in items}
        replaced = {a.target for a in submission.associations if a.association_type in REPLACEMENTS}
        links = {item.entry_uuid: self._link(item) for item in self.associations}
        return RegistryFacts(
            patients={item: item for item in patients},
            objects=self.objects | links,
            documents={
                key: doc for key, (kind, doc) in self.unique_ids.items() if kind is ObjectKind.DOCUMENT_ENTRY
            },
            used_unique_ids={key: frozenset({kind}) for key, (kind, _) in self.unique_ids.items()},
            dependents={target: self._dependents(target) for target in replaced},
            folders_of={target: self._folders_of(target) for target in replaced},
            transformations=frozenset(
                item.source for item in self.associations if item.association_type in _TRANSFORMS
            ),
        )

    def _link(self, item: Association) -> RegisteredObject:
        return RegisteredObject(
            entry_uuid=item.entry_uuid,
            kind=ObjectKind.ASSOCIATION,
            status=APPROVED,
            patient_id=self.objects[item.source].patient_id,
        )

    def _dependents(self, target: str) -> tuple[str, ...]:
        return tuple(
            item.source
            for item in self.associations
            if item.association_type in _DEPENDENT
            and item.target == target
            and self.objects[item.source].status is APPROVED
        )

    def _folders_of(self, target: str) -> tuple[RegisteredObject, ...]:
        holders = (
            self.objects[item.source]
            for item in self.associations
            if item.association_type == AssociationType.HAS_MEMBER and item.target == target
        )
        return tuple(h for h in holders if h.kind is ObjectKind.FOLDER and h.status is APPROVED)


def _links(associations: Iterable[Association]) -> State:
    """Associations by what they join: those of the registry's own have ids that nobody can foretell."""
    known = {item.entry_uuid: item for item in associations}

    def end(object_id: str) -> object:
        found = known.get(object_id)
        return object_id if found is None else (found.association_type, found.source, found.target)

    return frozenset((item.association_type, end(item.source), end(item.target)) for item in known.values())


class Move(Protocol):
    """One message: what is sent to the service, and what it does to a registry in memory."""

    transaction: str
    body: bytes

    def apply(self, registry: SerialRegistry) -> Outcome:
        """Change the registry and return the answer."""

    def outcome(self, answer: Answer) -> Outcome:
        """Read the service's answer."""


class Register:
    """A submission by ITI-42."""

    transaction = "ITI-42"

    def __init__(self, submission: Submission) -> None:
        self.submission = submission
        self.body = samples.register_body(submission)

    def apply(self, registry: SerialRegistry) -> Outcome:
        """See `Move`."""
        return registry.register(self.submission)

    def outcome(self, answer: Answer) -> Outcome:
        """See `Move`."""
        assert answer.status == 200, answer.body
        assert (answer.result == "Success") == (not answer.codes)
        return tuple(sorted(set(answer.codes)))


class Provide(Register):
    """The same with one document, by ITI-41."""

    transaction = "ITI-41"

    def __init__(self, submission: Submission, document: bytes) -> None:
        super().__init__(submission)
        (entry,) = submission.document_entries
        part = DocumentPart(size=len(document), sha1=samples.sha1(document))
        self.body = samples.inline_body(submission, {entry.entry_uuid: document})
        self.submission = complete(submission, {entry.entry_uuid: part}, samples.REPOSITORY)


def in_parallel(service: Service, moves: Sequence[Move]) -> list[Answer]:
    """Send all messages at the same moment, each on a connection of its own that is open already."""
    answers: list[Answer | None] = [None] * len(moves)
    barrier = threading.Barrier(len(moves))

    def run(index: int, move: Move) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
        octets = envelope(move.transaction, move.body)
        try:
            connection.connect()
            barrier.wait(60)
            connection.request("POST", PATH[move.transaction], octets, {"Content-Type": SOAP})
            answers[index] = parse_answer(connection.getresponse())
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=item) for item in enumerate(moves)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert None not in answers
    return answers  # type: ignore[return-value]


def state_of(service: Service, patient_id: str) -> State:
    """Everything that the service holds of a patient, by GetAll."""
    every = (samples.APPROVED, samples.DEPRECATED)
    answer = send(
        service.port,
        "ITI-18",
        samples.query_body(
            StoredQuery.GET_ALL,
            samples.slot("$patientId", patient_id, is_list=False),
            samples.slot("$XDSDocumentEntryStatus", *every),
            samples.slot("$XDSSubmissionSetStatus", samples.APPROVED),
            samples.slot("$XDSFolderStatus", *every),
        ),
    )
    assert answer.result == "Success", answer.body
    found = decode_query_response(answer.elements("AdhocQueryResponse")[0]).objects
    kinds = (
        (ObjectKind.SUBMISSION_SET, found.submission_sets),
        (ObjectKind.DOCUMENT_ENTRY, found.document_entries),
        (ObjectKind.FOLDER, found.folders),
    )
    objects = {
        (kind, item.entry_uuid, item.availability_status)
        for kind, items in kinds
        for item in items  # type: ignore[attr-defined]
    }
    return frozenset(objects) | _links(found.associations)


def assert_serial(
    service: Service,
    patient_id: str,
    before: Sequence[Move],
    moves: Sequence[Move],
    look: Callable[[Service, str], State] = state_of,
) -> tuple[Outcome, ...]:
    """Send `before` one by one and `moves` at once; what comes out is what some order of them gives.

    Returns
    -------
    The answers, in the order of `moves`.
    """
    start = SerialRegistry()
    for move in before:
        answer = send(service.port, move.transaction, move.body)
        assert move.outcome(answer) == move.apply(start) == (), answer.contexts
    answers = tuple(
        move.outcome(answer) for move, answer in zip(moves, in_parallel(service, moves), strict=True)
    )
    state = look(service, patient_id)
    possible = []
    for order in itertools.permutations(range(len(moves))):
        registry = start.copy()
        told = {index: moves[index].apply(registry) for index in order}
        possible.append((tuple(told[index] for index in range(len(moves))), registry.state()))
    assert (answers, state) in possible, f"{answers} and {len(state)} items are those of no order"
    return answers
