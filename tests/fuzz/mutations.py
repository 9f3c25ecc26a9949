"""Messages that were right, changed by a machine: what hypothesis draws, shrinks and repeats."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hypothesis import strategies as st

CORPUS = Path(__file__).with_name("corpus")
TOKENS = (
    b"",
    b"\0",
    b"\r\n\r\n",
    b"--",
    b"<!DOCTYPE x [<!ENTITY a 'b'>]>",
    b"<?x y?>",
    b"<![CDATA[",
    b"]]>",
    b"&a;",
    b"&#0;",
    b"&#x10FFFF;",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    "\u202e".encode(),
    b"'",
    b"''",
    b"%",
    b"\\",
    b"^^^&",
    b"-1",
    b"99999999999999999999",
    b"urn:uuid:",
    b"cid:",
    b"xmlns:x='urn:x'",
    b"\x0b",
    b"\x1c\r",
    b"|~\\&",
)
"""Where parsers have gone wrong before."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change: what it does, where (in thousandths of the message), and how much."""

    kind: str
    place: int
    length: int
    token: bytes

    def apply(self, octets: bytes) -> bytes:
        """Change a message."""
        start = len(octets) * self.place // 1000
        end = start + self.length
        piece = octets[start:end]
        changed: dict[str, Callable[[], bytes]] = {
            "drop": lambda: b"",
            "double": lambda: piece * 2,
            "many": lambda: piece * 50,
            "replace": lambda: self.token,
            "insert": lambda: self.token + piece,
            "flip": lambda: bytes(octet ^ (1 << self.length % 8) for octet in piece),
            "reverse": lambda: piece[::-1],
        }
        if self.kind == "cut":
            return octets[:start]
        return octets[:start] + changed[self.kind]() + octets[end:]


_CHANGES = st.builds(
    Change,
    kind=st.sampled_from(("drop", "double", "many", "replace", "insert", "flip", "reverse", "cut")),
    place=st.integers(0, 999),
    length=st.integers(0, 60),
    token=st.one_of(st.sampled_from(TOKENS), st.binary(max_size=12)),
)


def corpus(kind: str) -> list[bytes]:
    """The messages of a kind that are kept, which is the ending of their names."""
    found = [path.read_bytes() for path in sorted(CORPUS.glob(f"*.{kind}"))]
    assert found, f"no message of the kind {kind} is kept"
    return found


def mutated(*seeds: bytes) -> st.SearchStrategy[bytes]:
    """One of the messages with one to six changes."""

    def change(seed: bytes, changes: list[Change]) -> bytes:
        for each in changes:
            seed = each.apply(seed)
        return seed

    return st.builds(change, st.sampled_from(seeds), st.lists(_CHANGES, min_size=1, max_size=6))
