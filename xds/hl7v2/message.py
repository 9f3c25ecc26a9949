r"""HL7 v2 messages as segments, fields, repetitions and components (HL7 v2.3.1 and v2.5 chapter 2, ER7 encoding).

Only what a patient feed needs is read; nothing is judged here but what makes a message unreadable. The libraries
that were looked at are in docs/dependencies.md.
"""

import re
from dataclasses import dataclass
from typing import Final

DELETED: Final = '""'
"""A field that says so removes what the receiver has (HL7 v2.5 2.5.3, ITI TF-2 Appendix C)."""

_SEGMENT: Final = re.compile("\r\n|\r|\n")
_LINE_ENDS: Final = r"\.(?:br|sp *\d*|ce|in *[+-]?\d*|ti *[+-]?\d*|sk *\d*|fi|nf)"
"""Formatting of FT: what begins a new line, or changes how it is set (HL7 v2.5 2.7.6)."""
_NAME: Final = re.compile(r"[A-Z][A-Z0-9]{2}")
_ESCAPE_CHARS: Final = 200
"""An escape sequence is no longer: `\\X…\\` of a name is a few octets."""
_CHARSETS: Final = {
    "": "",
    "ASCII": "",
    "ISO IR6": "",
    "ISO IR-6": "",
    "ISO IR 6": "",
    "UNICODE UTF-8": "utf-8",
    "UNICODE": "utf-8",
    "UTF-8": "utf-8",
    "UTF8": "utf-8",
} | {f"8859/{number}": f"iso8859-{number}" for number in (*range(1, 12), 13, 14, 15, 16)}
"""MSH-18 (HL7 table 0211, and how some write UTF-8) → Python's name; "" where it says ASCII."""


class UnreadableMessage(Exception):
    """A message that cannot be read.

    Parameters
    ----------
    code
        HL7 table 0357.
    location
        Where, as ERR-2 says it: ``MSH^1^18``; empty for nowhere in particular.
    text
        What is wrong and what is expected; no value of the message.
    """

    def __init__(self, code: int, location: str, text: str, *, is_rejected: bool = False) -> None:
        super().__init__(text)
        self.code = code
        self.location = location
        self.text = text
        self.is_rejected = is_rejected  # AR: it is the header that is wrong; AE: the content is


@dataclass(frozen=True, slots=True)
class Separators:
    """MSH-1 and MSH-2."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"


@dataclass(frozen=True, slots=True)
class Component:
    """One component: its subcomponents, unescaped."""

    subcomponents: tuple[str, ...] = ("",)

    @property
    def text(self) -> str:
        """The first subcomponent: the whole of most components."""
        return self.subcomponents[0]

    def sub(self, number: int) -> str:
        """A subcomponent by its number from 1; empty when it is not there."""
        return self.subcomponents[number - 1] if number <= len(self.subcomponents) else ""


@dataclass(frozen=True, slots=True)
class Value:
    """One repetition of a field."""

    components: tuple[Component, ...]

    def component(self, number: int) -> Component:
        """A component by its number from 1; an empty one when it is not there."""
        return self.components[number - 1] if number <= len(self.components) else Component()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is said."""
        return not any(part for item in self.components for part in item.subcomponents)


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment."""

    name: str
    fields: tuple[str, ...]  # raw; the first is field 1
    separators: Separators

    def raw(self, number: int) -> str:
        """A field by its number from 1 as it stands; empty when it is not there."""
        return self.fields[number - 1] if number <= len(self.fields) else ""

    def values(self, number: int) -> list[Value]:
        """The repetitions of a field that say something."""
        marks = self.separators
        found = [
            Value(
                tuple(
                    Component(
                        tuple(_unescaped(part, marks).strip() for part in component.split(marks.subcomponent))
                    )
                    for component in repetition.split(marks.component)
                )
            )
            for repetition in self.raw(number).split(marks.repetition)
        ]
        return [item for item in found if not item.is_empty]

    def lines(self, number: int) -> list[str]:
        """The lines of a text field (TX, FT): each repetition and each formatting command begins one.

        Separators of components that stand bare in a text are text: many senders do not escape them.
        """
        marks = self.separators
        ends = re.compile(re.escape(marks.escape) + _LINE_ENDS + re.escape(marks.escape), re.IGNORECASE)
        return [
            _unescaped(line, marks).rstrip()
            for repetition in self.raw(number).split(marks.repetition)
            for line in ends.split(repetition)
        ]

    def text(self, number: int, component: int = 1) -> str:
        """The first repetition's component."""
        found = self.values(number)
        return found[0].component(component).text if found else ""


@dataclass(frozen=True, slots=True)
class Message:
    """One message."""

    segments: tuple[Segment, ...]
    charset: str  # Python's name of the encoding it was read with

    @property
    def header(self) -> Segment:
        """MSH."""
        return self.segments[0]

    @property
    def event(self) -> str:
        """MSH-9.2, the trigger event."""
        return self.header.text(9, 2)

    def all(self, name: str) -> list[Segment]:
        """The segments of a name in their order."""
        return [item for item in self.segments if item.name == name]


def read_header(octets: bytes) -> Segment | None:
    """Read the MSH as far as it can be: an answer to a message that cannot be read is addressed by it."""
    first = octets.lstrip(b"\r\n\x00 \xef\xbb\xbf")[:2_000]
    line = re.split(rb"[\r\n]", first, maxsplit=1)[0].decode("latin-1")
    return _header(line)


def read(octets: bytes) -> Message:
    """Read a message; segments may end with CR, LF or both.

    Raises
    ------
    UnreadableMessage
    """
    header = read_header(octets)
    if header is None:
        raise UnreadableMessage(
            100,
            "",
            "a message begins with MSH, the field separator and MSH-2, as in MSH|^~\\&|",
            is_rejected=True,
        )
    charset, text = _decoded(octets, header)
    if "\0" in text.strip("\0"):
        raise UnreadableMessage(102, "", "the message holds the character NUL")
    lines = [line for line in _SEGMENT.split(text.strip("\r\n\x00 \ufeff")) if line.strip()]
    segments = []
    for number, line in enumerate(lines, start=1):
        segment = _header(line) if number == 1 else _segment(line, header.separators)
        if segment is None:
            raise UnreadableMessage(
                100, "", f"segment {number} of the message does not begin with a name such as PID|"
            )
        segments.append(segment)
    return Message(tuple(segments), charset)


def _decoded(octets: bytes, header: Segment) -> tuple[str, str]:
    declared = header.raw(18).partition(header.separators.repetition)[0].strip().upper()
    charset = _CHARSETS.get(declared)
    if charset is None:
        raise UnreadableMessage(
            103,
            "MSH^1^18",
            "the character set of MSH-18 is not known here; use UNICODE UTF-8, 8859/1 to 8859/16, or ASCII",
            is_rejected=True,
        )
    # Without a word about it most senders mean UTF-8 and the others Latin-1: what is no UTF-8 is not lost.
    for name in (charset,) if charset else ("utf-8", "iso8859-1"):
        try:
            return name, octets.decode(name)
        except UnicodeDecodeError:
            continue
    raise UnreadableMessage(102, "MSH^1^18", "the message is not in the character set that MSH-18 names")


def _header(line: str) -> Segment | None:
    if not line.startswith("MSH") or len(line) < 8:
        return None
    mark = line[3]
    encoding = line[4:].partition(mark)[0]
    distinct = {mark, *encoding}
    if (
        not 3 <= len(encoding) <= 5
        or len(distinct) != len(encoding) + 1
        or any(c.isalnum() for c in distinct)
    ):
        return None
    separators = Separators(mark, *encoding[:4])
    # MSH-1 is the separator itself.
    return Segment("MSH", (mark, *line[4:].split(mark)), separators)


def _segment(line: str, separators: Separators) -> Segment | None:
    name, *fields = line.split(separators.field)
    if not _NAME.fullmatch(name.strip()):
        return None
    return Segment(name.strip(), tuple(fields), separators)


def _unescaped(text: str, marks: Separators) -> str:
    if marks.escape not in text:
        return text
    plain = {
        "F": marks.field,
        "S": marks.component,
        "T": marks.subcomponent,
        "R": marks.repetition,
        "E": marks.escape,
    }
    pieces = text.split(marks.escape)
    done = [pieces[0]]
    index = 1
    while index < len(pieces):
        sequence = pieces[index]
        is_closed = index + 1 < len(pieces) and len(sequence) <= _ESCAPE_CHARS
        meant = _meaning(sequence, plain) if is_closed else None
        if meant is None:  # a lone escape character stands for itself
            done.append(marks.escape + sequence)
            index += 1
        else:
            done.append(meant + pieces[index + 1])
            index += 2
    return "".join(done)


def _meaning(sequence: str, plain: dict[str, str]) -> str | None:
    if sequence in plain:
        return plain[sequence]
    if sequence.startswith("."):  # formatting: .br, .sp
        return " "
    if sequence[:1] == "X":
        try:
            return bytes.fromhex(sequence[1:]).decode("latin-1").replace("\0", "")
        except ValueError:
            return None
    return "" if sequence in ("H", "N") else None  # highlighting
