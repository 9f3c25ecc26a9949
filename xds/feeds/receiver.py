"""One HL7 v2 message in, its acknowledgement out: the header judged, the transaction found by the trigger event."""

import logging
import time
from collections.abc import Callable, Mapping
from typing import Final

from xds.access import Caller
from xds.audit import UNAUDITED, AuditLog, AuditUnavailable, Trail
from xds.audit import Outcome as Audited
from xds.hl7v2 import Code, Message, Outcome, UnreadableMessage, encode, read, read_header, refused
from xds.store import Conflict, StoreBusy, StoreUnavailable

log = logging.getLogger(__name__)

_UNAUDITED: Final = "the audit log cannot be written now; send the message again later"
_INTERNAL: Final = frozenset({206, 207})  # HL7 table 0357

Handler = Callable[[Message, Trail], Outcome]


class Receiver:
    """Answers messages.

    Parameters
    ----------
    handlers
        By trigger event: the number of the transaction and what does it.
    audit
        Where each message leaves its events before it is acknowledged.
    """

    def __init__(self, handlers: Mapping[str, tuple[str, Handler]], audit: AuditLog = UNAUDITED) -> None:
        self._handlers = handlers
        self._audit = audit

    def answer(self, octets: bytes, peer: str) -> bytes:
        """Answer one message, whatever it is; what it changes is committed before."""
        began = time.monotonic()
        header, charset, number = read_header(octets), "ascii", ""
        try:
            message = read(octets)
            charset = message.charset
            outcome, number = self._outcome(message, peer)
        except UnreadableMessage as error:
            outcome = refused(error.code, error.location, error.text, is_rejected=error.is_rejected)
        extra = {
            "transaction": number or "HL7 v2",
            "peer": peer,
            "outcome": outcome.code.value,
            "errors": [item.code for item in outcome.problems],
            "ms": round((time.monotonic() - began) * 1000),
        }
        log.log(
            logging.INFO if outcome.code is Code.ACCEPTED else logging.WARNING, "patient feed", extra=extra
        )
        return encode(outcome, header, charset)

    def broken(self, octets: bytes, peer: str, text: str) -> bytes:
        """Answer what is no message: its frame is wrong.

        Parameters
        ----------
        octets
            What arrived; the answer is addressed by what can be read of it.
        text
            What is wrong, as ERR-8 says it.
        """
        log.warning("patient feed", extra={"transaction": "HL7 v2", "peer": peer, "outcome": "frame"})
        return encode(refused(207, "", text, is_rejected=True), read_header(octets))

    def _outcome(self, message: Message, peer: str) -> tuple[Outcome, str]:
        header = message.header
        if header.text(9) != "ADT":
            text = "the message type of MSH-9.1 is not served here; send ADT"
            return refused(200, "MSH^1^9^1^1", text, is_rejected=True), ""
        if message.event not in self._handlers:
            events = ", ".join(sorted(self._handlers))
            text = f"the trigger event of MSH-9.2 is not served here; send one of {events}"
            return refused(201, "MSH^1^9^1^2", text, is_rejected=True), ""
        number, handler = self._handlers[message.event]
        trail = self._audit.trail(number, caller=Caller(address=peer))
        trail.about(**_facts(message))
        outcome = self._judged(message, number, handler, trail)
        try:
            _close(trail, outcome)
        except AuditUnavailable:
            log.exception("not audited, not answered", extra={"transaction": number})
            return refused(206, "", _UNAUDITED, is_rejected=True), number
        return outcome, number

    def _judged(self, message: Message, number: str, handler: Handler, trail: Trail) -> Outcome:
        header = message.header
        if not header.text(10):
            return refused(101, "MSH^1^10", "MSH-10 is empty; it identifies the message")
        if header.text(11) not in ("P", "T", "D"):
            return refused(202, "MSH^1^11", "MSH-11 must be P, T or D", is_rejected=True)
        if not header.text(12).startswith("2."):
            text = "MSH-12 must name a version of HL7 2, such as 2.3.1 or 2.5"
            return refused(203, "MSH^1^12", text, is_rejected=True)
        try:
            return handler(message, trail)
        except AuditUnavailable:
            return refused(206, "", _UNAUDITED, is_rejected=True)
        except (StoreUnavailable, StoreBusy, Conflict):
            text = "the patient store cannot be reached now; send the message again later"
            return refused(206, "", text, is_rejected=True)
        except Exception:
            log.exception("patient feed failed", extra={"transaction": number})
            text = "the message could not be processed; the log of the service says more"
            return refused(207, "", text, is_rejected=True)


def _facts(message: Message) -> dict[str, str]:
    """What an audit event says of a message: who sends to whom, facility and application (ITI TF-2 3.8.5.1)."""
    header = message.header
    return {
        "message_id": header.text(10),
        "peer_name": f"{header.text(4)}|{header.text(3)}",
        "own_name": f"{header.text(6)}|{header.text(5)}",
    }


def _close(trail: Trail, outcome: Outcome) -> None:
    """Keep what the change did not write itself."""
    if outcome.code is Code.ACCEPTED:
        trail.accepted()
        trail.close()
        return
    is_internal = any(item.code in _INTERNAL for item in outcome.problems)
    trail.failed(Audited.SERIOUS_FAILURE if is_internal else Audited.MINOR_FAILURE)
    codes = sorted({str(item.code) for item in outcome.problems})
    trail.close(" ".join([outcome.code.value, *codes]))
