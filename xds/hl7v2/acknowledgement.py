"""The acknowledgement of an HL7 v2 message in the original mode (ITI TF-2 Appendix C.2.3)."""

import itertools
import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from xds.hl7v2.message import Segment, Separators

_numbers = itertools.count(1)
_ERRORS: Final = {
    100: "Segment sequence error",
    101: "Required field missing",
    102: "Data type error",
    103: "Table value not found",
    200: "Unsupported message type",
    201: "Unsupported event code",
    202: "Unsupported processing id",
    203: "Unsupported version id",
    204: "Unknown key identifier",
    205: "Duplicate key identifier",
    206: "Application record locked",
    207: "Application internal error",
}
"""HL7 table 0357."""
_OWN: Final = Separators()


class Code(StrEnum):
    """MSA-1 (HL7 table 0008)."""

    ACCEPTED = "AA"
    ERROR = "AE"  # the message is not to be sent again as it is
    REJECTED = "AR"  # the header is wrong, or the receiver cannot now: it may be sent later


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One ERR segment."""

    code: int  # HL7 table 0357
    location: str  # ERR-2: ``PID^1^3``; empty where no field is meant
    text: str  # ERR-8, for people; holds no value of the message


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a message comes to."""

    code: Code
    problems: tuple[Problem, ...] = ()


ACCEPTED: Final = Outcome(code=Code.ACCEPTED)


def refused(code: int, location: str, text: str, *, is_rejected: bool = False) -> Outcome:
    """An outcome of one problem."""
    answer = Code.REJECTED if is_rejected else Code.ERROR
    return Outcome(code=answer, problems=(Problem(code=code, location=location, text=text),))


def encode(outcome: Outcome, header: Segment | None, charset: str = "ascii") -> bytes:
    """Write the ACK message.

    Parameters
    ----------
    header
        The MSH that is answered; None when not even that could be read.
    charset
        Of the message that is answered.
    """
    marks = _OWN if header is None else header.separators
    told = _Told(header, marks)
    version = told.raw(12) or "2.3.1"
    event = told.component(9, 2)
    kind = marks.component.join(["ACK", *([event] if event else [])])
    if event and _number(version) >= (2, 4):
        kind += marks.component + "ACK"
    now = datetime.now(UTC).strftime("%Y%m%d%H%M%S+0000")
    encoding = marks.component + marks.repetition + marks.escape + marks.subcomponent
    # Sender and receiver change places.
    ends = [told.raw(5), told.raw(6), told.raw(3), told.raw(4)]
    rest = [told.raw(11) or "P", version, "", "", "", "", "", told.raw(18)]
    lines = [
        ["MSH", encoding, *ends, now, "", kind, _control_id(), *rest],
        ["MSA", outcome.code.value, told.raw(10)],
    ]
    for item in outcome.problems:
        what = marks.component.join([str(item.code), _ERRORS[item.code], "HL70357"])
        location = item.location.replace("^", marks.component)
        lines.append(["ERR", "", location, what, "E", "", "", "", _escaped(item.text, marks)])
    text = "".join(marks.field.join(line).rstrip(marks.field) + "\r" for line in lines)
    return text.encode(charset, "replace")


class _Told:
    """Fields of the message's MSH as they stand: what it wrote comes back to it."""

    def __init__(self, header: Segment | None, marks: Separators) -> None:
        self._header = header
        self._marks = marks

    def raw(self, number: int) -> str:
        return "" if self._header is None else _printable(self._header.raw(number))

    def component(self, number: int, component: int) -> str:
        parts = self.raw(number).split(self._marks.component)
        return parts[component - 1] if component <= len(parts) else ""


def _printable(text: str) -> str:
    return "".join(item for item in text[:227] if item.isprintable())


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])


def _control_id() -> str:
    """MSH-10 of ours: at most 20 characters, another for each message of each process."""
    return f"{os.getpid()}.{next(_numbers)}"


def _escaped(text: str, marks: Separators) -> str:
    """A text of ours in a message with these separators."""
    names = {
        marks.escape: "E",
        marks.field: "F",
        marks.component: "S",
        marks.subcomponent: "T",
        marks.repetition: "R",
    }
    return "".join(f"{marks.escape}{names[item]}{marks.escape}" if item in names else item for item in text)
