"""An answer onto the wire: envelope around the body, documents joined as MIME parts or inline base64."""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from xds.mime import OutPart, related
from xds.soap.faults import escape_text
from xds.soap.message import Reply, ReplyPart
from xds.xml.namespaces import SOAP12, WSA

SOAP_TYPE: Final = "application/soap+xml"
_ENVELOPE_OPEN = (
    f'<?xml version="1.0" encoding="UTF-8"?><env:Envelope xmlns:env="{SOAP12}" xmlns:wsa="{WSA}"><env:Header>'
    '<wsa:Action env:mustUnderstand="1">'
)
_AT_ONCE: Final = 96 * 1024
_ENVELOPE_CLOSE: Final = b"</env:Body></env:Envelope>"


@dataclass(frozen=True, slots=True, kw_only=True)
class WireReply:
    """What the HTTP layer sends."""

    content_type: str
    content_length: int
    pieces: Iterator[bytes] | Sequence[bytes]


def encode_reply(reply: Reply, *, action: str, relates_to: str | None, mtom: bool) -> WireReply:
    """Encode an answer in the form its request had: MTOM, or plain with documents as base64."""
    head = envelope_head(action, relates_to)
    if mtom:
        root = b"".join((head, *reply.body, _ENVELOPE_CLOSE))
        parts = [
            OutPart(
                content_id=part.content_id,
                content_type=part.mime_type,
                size=part.source.size,
                pieces=part.source.pieces,
            )
            for part in reply.parts
        ]
        content_type, length, pieces = related(root, parts, action=action)
        return WireReply(content_type=content_type, content_length=length, pieces=pieces)
    content_type = f'{SOAP_TYPE}; charset=UTF-8; action="{action}"'
    if not reply.parts:
        octets = (head, *reply.body, _ENVELOPE_CLOSE)
        length = sum(map(len, octets))
        # Small, it leaves at once; a large one is not copied only to be one.
        return WireReply(
            content_type=content_type,
            content_length=length,
            pieces=(b"".join(octets),) if length < _AT_ONCE else octets,
        )
    return _inline(head, reply, content_type)


def envelope_head(action: str, relates_to: str | None) -> bytes:
    """The envelope up to and including the Body's start tag."""
    relates = "" if relates_to is None else f"<wsa:RelatesTo>{escape_text(relates_to)}</wsa:RelatesTo>"
    return f"{_ENVELOPE_OPEN}{action}</wsa:Action>{relates}</env:Header><env:Body>".encode()


def _inline(head: bytes, reply: Reply, content_type: str) -> WireReply:
    rest = b"".join(reply.body)
    segments: list[bytes | ReplyPart] = [head]
    for part in reply.parts:
        before, found, rest = rest.partition(f'<xop:Include href="cid:{part.content_id}"/>'.encode())
        if not found:
            raise LookupError(f"the body does not refer to {part.content_id}")
        segments += (before, part)
    segments += (rest, _ENVELOPE_CLOSE)
    length = sum(
        len(item) if isinstance(item, bytes) else (item.source.size + 2) // 3 * 4 for item in segments
    )
    return WireReply(content_type=content_type, content_length=length, pieces=_inline_pieces(segments))


def _inline_pieces(segments: Sequence[bytes | ReplyPart]) -> Iterator[bytes]:
    for item in segments:
        if isinstance(item, bytes):
            yield item
        else:
            yield from _base64_pieces(item.source.pieces())


def _base64_pieces(pieces: Iterator[bytes]) -> Iterator[bytes]:
    kept = b""
    for piece in pieces:
        octets = kept + piece
        whole = len(octets) // 3 * 3
        kept = octets[whole:]
        yield base64.b64encode(octets[:whole])
    if kept:
        yield base64.b64encode(kept)
