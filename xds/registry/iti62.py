"""ITI-62 Remove Metadata: the Expected Actions of the Document Registry (RMD, ITI TF-2 3.62.4.1.3)."""

import logging
from datetime import UTC, datetime

from lxml import etree

from xds.audit import removal_facts
from xds.ebxml import decode_remove_objects, encode_registry_response
from xds.model import RegistryResponse, RemovalRequest, Submission, has_error
from xds.registry.iti42 import Message, audit_answer, remembered, stored_answer
from xds.rules import Policies, RulePolicy, check_removal
from xds.soap import Reply, Request, require_patients
from xds.store import Removal, SubmissionStore
from xds.transactions import ITI_62

log = logging.getLogger(__name__)


class RemoveMetadata:
    """The transaction: everything that is named, or nothing.

    Metadata is erased: later queries do not find it and its ids can be used again. Documents stay where they are
    until their repository is asked to remove them (ITI-86). What a removed document had replaced stays Deprecated.
    """

    def __init__(self, store: SubmissionStore, policies: Policies) -> None:
        self._store = store
        self._policies = policies

    def __call__(self, body: etree._Element, request: Request) -> Reply:
        """Answer a lcm:RemoveObjectsRequest; a repeat of a message gets the answer that it got."""
        removal = decode_remove_objects(body)
        message_id = request.envelope.message_id
        message = None if message_id is None else Message(message_id, request.digest())
        policy = self._policies.of(request.caller)
        request.trail.about(objects=removal.object_ids)
        answer = self._store.retrying(lambda: self._attempt(removal, message, policy, request))
        audit_answer(request.trail, answer)
        if isinstance(answer, bytes):
            return Reply(body=(answer,), outcome="repeat")
        return Reply(body=(encode_registry_response(answer),), outcome=answer.outcome())

    def _attempt(
        self, asked: RemovalRequest, message: Message | None, policy: RulePolicy, request: Request
    ) -> RegistryResponse | bytes:
        with self._store.transaction(Submission()) as tx:
            if (stored := stored_answer(tx, message, ITI_62.number)) is not None:
                return stored
            removal = Removal(tx.connection)
            # More than the limit is not looked up: the answer says so whatever they are.
            known = asked.object_ids if len(asked.object_ids) <= policy.max_objects else ()
            facts = removal.facts_for(known)
            told = removal_facts(asked, facts)
            request.trail.about(**told)
            require_patients(ITI_62.number, request.caller, told["patients"])
            response = RegistryResponse.of(check_removal(asked, facts, policy))
            if has_error(response.findings):
                # The same message may have removed them since: then what was found is its own work.
                if (stored := stored_answer(tx, message, ITI_62.number)) is not None:
                    return stored
                tx.undo()
            removal.delete(now=int(datetime.now(UTC).strftime("%Y%m%d%H%M%S")))
            tx.conclude(request.trail.events(response), remembered(message, ITI_62.number, response))
            log.info("metadata removed", extra={"objects": len(facts.objects)})
        return response
