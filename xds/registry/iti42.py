"""ITI-42 Register Document Set-b: the Expected Actions of the Document Registry (ITI TF-2 3.42.4.1.3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from lxml import etree

from xds.access import NOBODY, Caller
from xds.audit import SILENT, Trail, submission_facts
from xds.ebxml import decode_submission, encode_registry_response
from xds.model import RegistryResponse, Submission, XdsError, has_error
from xds.rules import (
    REGISTRATION,
    Policies,
    RegistrationCase,
    Rule,
    RulePolicy,
    assign_entry_uuids,
    check,
    check_sent,
    check_structure,
    effects_of,
    is_self_contained,
)
from xds.soap import Reply, Request, require_patients
from xds.store import Conflict, FactsReader, RegistryTransaction, RememberedAnswer, SubmissionStore
from xds.transactions import ITI_42, Transaction


@dataclass(frozen=True, slots=True)
class Message:
    """What makes a repeat of a request recognizable: its MessageID and the digest of what it says."""

    message_id: str
    digest: bytes


class RegisterDocumentSet:
    """The transaction, over SOAP (`__call__`) and for a repository in the same process (`register`)."""

    TRANSACTION: ClassVar[Transaction] = ITI_42
    RULES: ClassVar[tuple[Rule[RegistrationCase], ...]] = REGISTRATION

    def __init__(self, store: SubmissionStore, policies: Policies) -> None:
        self._store = store
        self._policies = policies

    def __call__(self, body: etree._Element, request: Request) -> Reply:
        """Answer a lcm:SubmitObjectsRequest; a repeat of a message gets the answer that it got."""
        submission, decoded = decode_submission(body)
        require_patients(self.TRANSACTION.number, request.caller, submission_facts(submission)["patients"])
        message_id = request.envelope.message_id
        message = None if message_id is None else Message(message_id, request.digest())
        policy = self._policies.of(request.caller, submission)
        sent = [*check_structure(decoded, policy), *check_sent(submission, policy)]
        answer = self._register(submission, sent, message, policy, request.trail)
        if isinstance(answer, bytes):
            return Reply(body=(answer,), outcome="repeat")
        return Reply(body=(encode_registry_response(answer),), outcome=answer.outcome())

    def register(
        self,
        submission: Submission,
        structure: Sequence[XdsError] = (),
        *,
        caller: Caller = NOBODY,
        trail: Trail = SILENT,
    ) -> RegistryResponse:
        """Register a submission that a repository in this process provides.

        Parameters
        ----------
        structure
            What its decoder found wrong already; it is part of the answer.
        caller
            Who sent it to the repository: the policy is that partner's.
        trail
            Of this registration; the repository's own is another. It is closed by the caller.
        """
        policy = self._policies.of(caller, submission)
        answer = self._register(submission, structure, None, policy, trail)
        assert isinstance(answer, RegistryResponse)  # noqa: S101  # only a message can be a repeat
        return answer

    def judge(self, submission: Submission, *, caller: Caller = NOBODY) -> Sequence[XdsError]:
        """Return what would be found in a submission that a repository in this process refuses by itself."""
        policy = self._policies.of(caller, submission)
        with self._store.transaction(submission) as tx:
            # An unknown patient is not made known by this, whatever the policy: nothing is written.
            facts = FactsReader(tx.connection).facts_for(submission)
        return check(REGISTRATION, submission, facts, policy)

    def _register(
        self,
        submission: Submission,
        structure: Sequence[XdsError],
        message: Message | None,
        policy: RulePolicy,
        trail: Trail,
    ) -> RegistryResponse | bytes:
        trail.about(**submission_facts(submission))
        # A message that refers to nothing registered is most often new altogether. It is tried as that, in two
        # exchanges with the store; what speaks against it is found by the second attempt, which reads everything.
        # Not what a repository in this process provides: after a crash it asks whether its objects are claimed
        # (`SubmissionStore.knows`), and so they have to be before COMMIT is sent.
        as_new = [message is not None and is_self_contained(submission)]

        def attempt() -> RegistryResponse | bytes:
            return self._attempt(
                submission, structure, message, policy, trail, as_new=bool(as_new and as_new.pop())
            )

        answer = self._store.retrying(attempt)
        audit_answer(trail, answer)
        return answer

    def _attempt(
        self,
        submission: Submission,
        structure: Sequence[XdsError],
        message: Message | None,
        policy: RulePolicy,
        trail: Trail,
        *,
        as_new: bool,
    ) -> RegistryResponse | bytes:
        opened = self._store.transaction_of_new if as_new else self._store.transaction
        with opened(submission) as tx:  # 3.42.4.1.3.1: all or nothing
            reader = FactsReader(tx.connection)
            accept_unknown = policy.unknown_patients == "accept"
            if as_new:
                facts = reader.facts_of_new(submission, accept_unknown=accept_unknown)
            elif (stored := stored_answer(tx, message, self.TRANSACTION.number)) is not None:
                return stored
            else:
                facts = reader.facts_for(submission, accept_unknown=accept_unknown)
            findings = (*structure, *check(self.RULES, submission, facts, policy))  # .3.3 to .3.5
            response = RegistryResponse.of(findings)
            if has_error(findings):
                if as_new:
                    raise Conflict
                # The same message may have been registered since: then what was found is its own work.
                if (stored := stored_answer(tx, message, self.TRANSACTION.number)) is not None:
                    return stored
                tx.undo()
            submission = assign_entry_uuids(submission)  # .3.7
            effects = effects_of(submission, facts)
            patient_key = reader.patient_keys[submission.submission_set.patient_id or ""]
            tx.add(
                submission,
                patient_key,
                created=effects.associations,
                deprecated=effects.deprecated,  # .3.5
                updated_folders=effects.updated_folders,  # .3.6
                patient_keys=sorted(reader.located_keys),
                is_recorded=patient_key not in reader.unrecorded_keys,
            )
            number = self.TRANSACTION.number
            tx.conclude(trail.events(response), remembered(message, number, response))
        return response


def audit_answer(trail: Trail, answer: RegistryResponse | bytes) -> None:
    """Tell the audit log how a transaction ended whose success is written with its change; a repeat is not."""
    is_repeat = isinstance(answer, bytes)
    response = RegistryResponse() if isinstance(answer, bytes) else answer
    trail.answered(response, is_written=response.is_success and not is_repeat)


def remembered(message: Message | None, number: str, response: RegistryResponse) -> RememberedAnswer | None:
    """What a repeat of a message gets; None for one that has no MessageID."""
    if message is None:
        return None
    answer = encode_registry_response(response)
    return RememberedAnswer(
        message_id=message.message_id, digest=message.digest, number=number, answer=answer
    )


def stored_answer(tx: RegistryTransaction, message: Message | None, number: str) -> bytes | None:
    """The answer that a message got from a transaction; None for a new one, and for one that has no MessageID."""
    return None if message is None else tx.stored_answer(message.message_id, message.digest, number)
