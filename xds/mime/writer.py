"""Write multipart/related for MTOM as a stream whose length is known before its first octet."""

import re
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from xds.mime.errors import MalformedPart, PartLengthMismatch

PIECE_SIZE: Final = 262_144  # octets
Piece = Any
"""Octets; or something with a length that the sender of the message knows to send, which passes as it is."""
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_XOP: Final = "application/xop+xml"
_SOAP: Final = "application/soap+xml"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutPart:
    """A document to be sent as a part of its own.

    `content_id` is without angle brackets, `size` in octets, and `pieces` begins the content anew at each call.
    """

    content_id: str
    content_type: str
    size: int
    pieces: Callable[[], Iterator[Piece]]


class Related(NamedTuple):
    """A multipart/related message: the value of Content-Type, the length in octets, the octets, once."""

    content_type: str
    content_length: int
    pieces: Iterator[Piece]


def related(root: bytes, parts: Sequence[OutPart] = (), *, action: str | None = None) -> Related:
    """Join a SOAP envelope and its documents (ITI TF-2 V.8, V.9.3.1).

    The boundary is random (122 bits), so that it is not looked for in the content. Short neighbours (heads,
    small documents) leave together, in pieces of up to 256 KiB; longer pieces pass as they are.

    Parameters
    ----------
    root
        The envelope, its `xop:Include` elements referring to the parts' Content-IDs.
    parts
        None at all is allowed: the answer to ITI-41 has a root only (3.41.4.2.2).
    action
        The `action` parameter of the Content-Type; left out when None.

    Raises
    ------
    MalformedPart
        A media type, Content-ID or action holds control characters, or a Content-ID angle brackets.
    PartLengthMismatch
        While sending: a document is shorter or longer than its `size`. Break the connection.
    """
    token = uuid.uuid4()
    boundary, root_id = f"MIMEBoundary-{token}", f"root.{token}@xds"
    heads = [_head(boundary, root_id, f'{_XOP}; charset=UTF-8; type="{_SOAP}"')]
    heads += [_head(boundary, part.content_id, part.content_type) for part in parts]
    end = f"\r\n--{boundary}--\r\n".encode()
    parameters = f'boundary="{boundary}"; type="{_XOP}"; start="<{root_id}>"; start-info="{_SOAP}"'
    if action is not None:
        parameters += f"; action={_quoted(action)}"
    length = sum(map(len, heads)) + len(root) + sum(part.size for part in parts) + len(end)
    # The line end before the first boundary would be a preamble.
    heads[0] = heads[0].removeprefix(b"\r\n")
    return Related(f"multipart/related; {parameters}", length - 2, _joined(_octets(heads, root, parts, end)))


@dataclass(frozen=True, slots=True, kw_only=True)
class LatePart:
    """A document whose length is known when it has passed; `pieces` is read once, to its end or not."""

    content_id: str
    content_type: str
    pieces: Iterator[bytes]


def related_root_last(
    parts: Iterator[LatePart], root: Callable[[], bytes], *, action: str
) -> tuple[str, Iterator[bytes]]:
    """Join documents as they come, and behind them the envelope that says what became of each.

    RFC 2387 names the root by `start`, wherever it stands (3.2).

    Parameters
    ----------
    root
        Makes the envelope; called when the last part has passed.

    Returns
    -------
    The value of Content-Type, and the octets, once. Their length is not known.
    """
    token = uuid.uuid4()
    boundary, root_id = f"MIMEBoundary-{token}", f"root.{token}@xds"
    parameters = f'boundary="{boundary}"; type="{_XOP}"; start="<{root_id}>"; start-info="{_SOAP}"'
    parameters += f"; action={_quoted(action)}"

    def octets() -> Iterator[bytes]:
        line_end = 2  # the one before the first boundary would be a preamble
        for part in parts:
            head = _head(boundary, part.content_id, part.content_type)[line_end:]
            line_end = 0
            for piece in part.pieces:
                yield head + piece if head else piece
                head = b""
            if head:
                yield head
        head = _head(boundary, root_id, f'{_XOP}; charset=UTF-8; type="{_SOAP}"')[line_end:]
        yield head + root() + f"\r\n--{boundary}--\r\n".encode()

    return f"multipart/related; {parameters}", octets()


def _head(boundary: str, content_id: str, content_type: str) -> bytes:
    if _CONTROL.search(content_type + content_id) or "<" in content_id or ">" in content_id:
        raise MalformedPart(
            f"a part cannot be named {content_id[:80]!r} with the media type {content_type[:80]!r}: "
            "control characters and angle brackets are not allowed there"
        )
    return (
        f"\r\n--{boundary}\r\nContent-Type: {content_type}\r\nContent-Transfer-Encoding: binary\r\n"
        f"Content-ID: <{content_id}>\r\n\r\n"
    ).encode()


def _quoted(text: str) -> str:
    if _CONTROL.search(text):
        raise MalformedPart(f"the action {text[:80]!r} has control characters")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _octets(heads: Sequence[bytes], root: bytes, parts: Sequence[OutPart], end: bytes) -> Iterator[Piece]:
    yield heads[0]
    yield root
    for head, part in zip(heads[1:], parts, strict=True):
        yield head
        left = part.size
        for piece in part.pieces():
            left -= len(piece)
            if left < 0:
                break
            yield piece
        if left:
            raise PartLengthMismatch(
                f"the document {part.content_id} has {'more' if left < 0 else 'fewer'} octets than the "
                f"{part.size} announced"
            )
    yield end


def _joined(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Join neighbours shorter than a piece: one call to the socket instead of three for a small document."""
    waiting: list[bytes] = []
    size = 0
    for piece in pieces:
        passes = not isinstance(piece, bytes)
        if waiting and (passes or size + len(piece) > PIECE_SIZE):
            yield b"".join(waiting)
            waiting, size = [], 0
        if passes:
            yield piece
            continue
        waiting.append(piece)
        size += len(piece)
    yield b"".join(waiting)
