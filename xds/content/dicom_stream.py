"""An instance as it passes: what it is, read from its first octets, while the rest has not come yet.

pydicom reads files; here is no file, and a study of thousands of instances passes at the speed of the network. So the
few elements that tell an instance from another are found by hand (DICOM PS3.5 7, PS3.10 7).
"""

import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from xds.content.dicom import DEFLATED, EXPLICIT_BIG, IMPLICIT_LITTLE
from xds.content.facts import UnreadableDocument

HEAD_BYTES: Final = 4 * 1024 * 1024
"""Octets in which an instance has to say what it is."""
_META: Final = 132  # where the meta information begins
_LONG: Final = frozenset(
    (b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV")
)
_UNDEFINED: Final = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_DEEPEST: Final = 32
_ROWS: Final = 0x00280010
_WANTED: Final = {
    0x00020010: "transfer_syntax_uid",
    0x00080016: "sop_class_uid",
    0x00080018: "sop_instance_uid",
    0x0020000D: "study_instance_uid",
    0x0020000E: "series_instance_uid",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceHead:
    """What an instance says of itself; what it does not say is empty."""

    transfer_syntax_uid: str = ""  # (0002,0010)
    sop_class_uid: str = ""  # (0008,0016)
    sop_instance_uid: str = ""  # (0008,0018)
    study_instance_uid: str = ""  # (0020,000D)
    series_instance_uid: str = ""  # (0020,000E)
    has_pixels: bool = False  # it has Rows (0028,0010)


class _More(Exception):
    """The octets end before what is looked for: within an element, or at the end of one."""

    at_an_end = False


def read_instance_head(pieces: Iterator[bytes]) -> tuple[InstanceHead, list[bytes]]:
    """Take pieces of an instance until it has said what it is.

    Returns
    -------
    What it is, and the pieces that were taken: they are the beginning of the instance.

    Raises
    ------
    UnreadableDocument
        It is not DICOM Part 10, or does not say it within `HEAD_BYTES`.
    """
    taken: list[bytes] = []
    size = 0
    tried = 0
    for piece in pieces:
        taken.append(piece)
        size += len(piece)
        if size < 2 * tried:
            continue  # tried again when there is twice as much
        tried = size
        found = _scan(b"".join(taken), whole=False)
        if found is not None:
            return found, taken
        if size > HEAD_BYTES:
            raise UnreadableDocument(f"the instance does not say what it is in its first {HEAD_BYTES} octets")
    found = _scan(b"".join(taken), whole=True)
    if found is None:
        raise UnreadableDocument("the instance ends before it says what it is")
    return found, taken


def chained(taken: Iterable[bytes], rest: Iterator[bytes]) -> Iterator[bytes]:
    """The whole instance: what was taken of it, and what is still to come."""
    yield from taken
    yield from rest


def _scan(data: bytes, *, whole: bool) -> InstanceHead | None:
    if len(data) < _META:
        if not whole:
            return None
        raise UnreadableDocument("it is no DICOM Part 10 file")
    if data[_META - 4 : _META] != b"DICM":
        raise UnreadableDocument("it is no DICOM Part 10 file")
    found: dict[str, str] = {}
    try:
        position = _Elements(data, little=True, implicit=False).read(_META, 0x0002FFFF, found)
        syntax = found.get("transfer_syntax_uid", "")
        if syntax == DEFLATED:
            inflater = zlib.decompressobj(-zlib.MAX_WBITS)
            data, position = inflater.decompress(data[position:], HEAD_BYTES), 0
        elements = _Elements(data, little=syntax != EXPLICIT_BIG, implicit=syntax == IMPLICIT_LITTLE)
        elements.read(position, _ROWS, found)
    except _More as more:
        if not whole:
            return None
        if not more.at_an_end or "sop_instance_uid" not in found:
            raise UnreadableDocument("the instance ends before it says what it is") from None
    except (struct.error, zlib.error, RecursionError) as error:
        raise UnreadableDocument(f"the instance is broken ({type(error).__name__})") from None
    has_pixels = "rows" in found
    found.pop("rows", None)
    return InstanceHead(**found, has_pixels=has_pixels)


class _Elements:
    """Walks over the elements of a dataset."""

    def __init__(self, data: bytes, *, little: bool, implicit: bool) -> None:
        self._data = data
        order = "<" if little else ">"
        self._tag = struct.Struct(order + "HH")
        self._short = struct.Struct(order + "H")
        self._long = struct.Struct(order + "I")
        self._implicit = implicit

    def read(self, position: int, last: int, found: dict[str, str]) -> int:
        """Read elements up to a tag; return where the first one beyond it stands, or the end of the data.

        Raises
        ------
        _More
            The data ends before that.
        """
        while position < len(self._data):
            tag, vr, length, value = self._header(position, implicit=self._implicit)
            if tag > last:
                return position
            name = _WANTED.get(tag)
            if name is not None and length <= 64:
                found[name] = self._octets(value, length).decode("ascii", "replace").strip(" \0")
            elif tag == _ROWS:
                found["rows"] = ""
                return value
            position = self._behind(value, vr, length)
        more = _More()
        more.at_an_end = True
        raise more

    def _header(self, position: int, *, implicit: bool) -> tuple[int, bytes, int, int]:
        """Tag, VR, length of the value, and where the value stands."""
        head = self._octets(position, 8)
        group, element = self._tag.unpack_from(head)
        tag = group << 16 | element
        if implicit or group == 0xFFFE:
            return tag, b"", self._long.unpack_from(head, 4)[0], position + 8
        vr = head[4:6]
        if vr in _LONG:
            return tag, vr, self._long.unpack(self._octets(position + 8, 4))[0], position + 12
        return tag, vr, self._short.unpack_from(head, 6)[0], position + 8

    def _behind(self, value: int, vr: bytes, length: int, depth: int = 0) -> int:
        """Where the next element stands."""
        if length != _UNDEFINED:
            self._need(value + length)
            return value + length
        if depth > _DEEPEST:
            raise UnreadableDocument(f"sequences are nested more than {_DEEPEST} deep")
        # A sequence that a converter did not know is UN and holds Implicit VR elements (PS3.5 6.2.2).
        return self._behind_items(value, depth, implicit=self._implicit or vr == b"UN")

    def _behind_items(self, position: int, depth: int, *, implicit: bool) -> int:
        while True:
            tag, _, length, value = self._header(position, implicit=True)
            if tag == _SEQUENCE_END:
                return value
            if tag != _ITEM:
                raise UnreadableDocument("a sequence holds something else than items")
            if length != _UNDEFINED:
                self._need(value + length)
                position = value + length
                continue
            position = value
            while True:
                tag, vr, length, value = self._header(position, implicit=implicit)
                if tag == _ITEM_END:
                    position = value
                    break
                position = self._behind(value, vr, length, depth + 1)

    def _octets(self, position: int, count: int) -> bytes:
        self._need(position + count)
        return self._data[position : position + count]

    def _need(self, end: int) -> None:
        if end > len(self._data):
            raise _More
