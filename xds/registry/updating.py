"""What ITI-57 and ITI-92 do alike: judge an update by what is registered, then do all of it or nothing."""

from collections.abc import Sequence
from typing import ClassVar

from lxml import etree

from xds.access import NOBODY, Caller
from xds.audit import SILENT, Trail, submission_facts
from xds.ebxml import decode_submission, encode_registry_response
from xds.model import RegistryResponse, Submission, XdsError, has_error
from xds.registry.iti42 import Message, audit_answer, remembered, stored_answer
from xds.rules import (
    Policies,
    Rule,
    RulePolicy,
    UpdateCase,
    check_structure,
    check_update,
    effects_of_update,
)
from xds.soap import Reply, Request, require_patients
from xds.store import UpdateStore
from xds.transactions import Transaction


class MetadataUpdate:
    """A transaction that updates metadata; a repeat of a message gets the answer that it got."""

    TRANSACTION: ClassVar[Transaction]
    RULES: ClassVar[tuple[Rule[UpdateCase], ...]]
    KEEPS_STATUS: ClassVar[bool]  # a new version has the status of the one before it

    def __init__(self, store: UpdateStore, policies: Policies) -> None:
        self._store = store
        self._policies = policies

    def __call__(self, body: etree._Element, request: Request) -> Reply:
        """Answer a lcm:SubmitObjectsRequest."""
        submission, decoded = decode_submission(body)
        require_patients(self.TRANSACTION.number, request.caller, submission_facts(submission)["patients"])
        policy = self._policies.of(request.caller, submission)
        structure = check_structure(decoded, policy)
        message_id = request.envelope.message_id
        message = None if message_id is None else Message(message_id, request.digest())
        answer = self._update(submission, structure, message, policy, request.trail)
        if isinstance(answer, bytes):
            return Reply(body=(answer,), outcome="repeat")
        return Reply(body=(encode_registry_response(answer),), outcome=answer.outcome())

    def update(
        self,
        submission: Submission,
        structure: Sequence[XdsError] = (),
        *,
        caller: Caller = NOBODY,
        trail: Trail = SILENT,
    ) -> RegistryResponse:
        """Update for a repository in this process; parameters as `RegisterDocumentSet.register`."""
        policy = self._policies.of(caller, submission)
        answer = self._update(submission, structure, None, policy, trail)
        assert isinstance(answer, RegistryResponse)  # noqa: S101  # only a message can be a repeat
        return answer

    def _update(
        self,
        submission: Submission,
        structure: Sequence[XdsError],
        message: Message | None,
        policy: RulePolicy,
        trail: Trail,
    ) -> RegistryResponse | bytes:
        trail.about(**submission_facts(submission))
        answer = self._store.retrying(lambda: self._attempt(submission, structure, message, policy, trail))
        audit_answer(trail, answer)
        return answer

    def _attempt(
        self,
        submission: Submission,
        structure: Sequence[XdsError],
        message: Message | None,
        policy: RulePolicy,
        trail: Trail,
    ) -> RegistryResponse | bytes:
        number = self.TRANSACTION.number
        with self._store.transaction(submission) as tx:  # all or nothing
            if (stored := stored_answer(tx, message, number)) is not None:
                return stored
            reader = tx.facts_reader()
            facts = reader.facts_for(submission, accept_unknown=policy.unknown_patients == "accept")
            findings = (*structure, *check_update(self.RULES, submission, facts, policy))
            response = RegistryResponse.of(findings)
            if has_error(findings):
                # The same message may have come first since: then what was found is its own work.
                if (stored := stored_answer(tx, message, number)) is not None:
                    return stored
                tx.undo()
            effects = effects_of_update(submission, facts, policy, keeps_status=self.KEEPS_STATUS)
            tx.update(
                effects.submission,
                reader.patient_keys[submission.submission_set.patient_id or ""],
                superseded=effects.superseded,
                statuses=effects.statuses,
                updated_folders=effects.updated_folders,
                patient_keys=sorted(reader.located_keys),
            )
            tx.conclude(trail.events(response), remembered(message, number, response))
        return response
