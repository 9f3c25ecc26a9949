"""One HL7 v2 message in, its acknowledgement out: AA only when the message is on the disk."""

import logging
import sqlite3
from datetime import UTC, datetime

from xds.hl7v2 import (
    ACCEPTED,
    Code,
    Message,
    Outcome,
    Problem,
    UnreadableMessage,
    encode,
    read,
    read_header,
    refused,
)
from xds.source.findings import Finding
from xds.source.oru import Reading, message_key, read_report
from xds.source.queue import Queue
from xds.source.settings import FeedSettings

log = logging.getLogger(__name__)


class Intake:
    """Takes messages into the queue; threads may share it."""

    def __init__(self, queue: Queue, settings: FeedSettings) -> None:
        self._queue = queue
        self._settings = settings

    def answer(self, octets: bytes, peer: str) -> bytes:
        """Answer a message; AA says that a crash does not lose it."""
        header, charset = read_header(octets), "ascii"
        try:
            message = read(octets)
            charset = message.charset
        except UnreadableMessage as error:
            outcome = refused(error.code, error.location, error.text, is_rejected=error.is_rejected)
        else:
            outcome = self.take(message, octets)
        log.log(
            logging.INFO if outcome.code is Code.ACCEPTED else logging.WARNING,
            "feed: message",
            extra={
                "peer": peer,
                "outcome": outcome.code.value,
                "errors": [item.code for item in outcome.problems],
            },
        )
        return encode(outcome, header, charset)

    def broken(self, octets: bytes, peer: str, text: str) -> bytes:
        """Answer what is no message."""
        log.warning("feed: message", extra={"peer": peer, "outcome": "frame"})
        return encode(refused(207, "", text, is_rejected=True), read_header(octets))

    def take(self, message: Message, octets: bytes) -> Outcome:
        """Judge a message and put it into the queue.

        One whose content is wrong is kept as a dead letter, so that someone here sees it too, and answered AE.
        """
        header = _judged(message, self._settings)
        if header is not None:
            return header
        reading = read_report(message, self._settings)
        errors = reading.errors
        try:
            self._queue.add(
                key=message_key(message),
                exam="" if reading.report is None else reading.report.exam_key,
                octets=octets,
                received=f"{datetime.now(UTC):%Y%m%d%H%M%S}",
                control_id=message.header.text(10),
                dead="; ".join(map(str, errors)),
            )
        except sqlite3.Error:
            log.exception("feed: the queue cannot be written")
            return refused(207, "", "the message could not be kept; send it again later", is_rejected=True)
        _note(reading)
        return Outcome(code=Code.ERROR, problems=tuple(map(_problem, errors))) if errors else ACCEPTED


def _judged(message: Message, settings: FeedSettings) -> Outcome | None:
    header = message.header
    if header.text(9) != "ORU":
        text = "the message type of MSH-9.1 is not taken here; send ORU"
        return refused(200, "MSH^1^9^1^1", text, is_rejected=True)
    if message.event not in ("R01", ""):
        return refused(201, "MSH^1^9^1^2", "the trigger event of MSH-9.2 must be R01", is_rejected=True)
    if not header.text(10):
        return refused(101, "MSH^1^10", "MSH-10 is empty; it identifies the message")
    if header.text(11) not in settings.processing_ids:
        allowed = ", ".join(settings.processing_ids)
        return refused(202, "MSH^1^11", f"MSH-11 must be {allowed} here", is_rejected=True)
    if not header.text(12).startswith("2."):
        text = "MSH-12 must name a version of HL7 2, such as 2.3.1 or 2.5"
        return refused(203, "MSH^1^12", text, is_rejected=True)
    return None


def _problem(finding: Finding) -> Problem:
    segment, _, field = finding.place.partition("-")
    name = segment.partition("[")[0]
    location = "^".join([name, "1", *filter(None, field.split(".")[:1])])
    return Problem(code=finding.code, location=location, text=f"{finding.what}; {finding.remedy}")


def _note(reading: Reading) -> None:
    """What a sender could mend, though it is published: places only, no values."""
    places = [item.place for item in reading.findings if not item.is_error]
    if places:
        log.info("feed: quality", extra={"places": places})
