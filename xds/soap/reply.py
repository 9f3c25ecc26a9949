"""An answer onto the wire: envelope around the body, documents joined as MIME parts or inline base64."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from lxml import etree

from xds.documents import FileRange, StoredDocument
from xds.mime import OutPart, related, related_root_last
from xds.model import WSA_ANONYMOUS, new_uuid_urn
from xds.soap.faults import escape_text
from xds.soap.message import LateReply, Reply, ReplyPart
from xds.wss import SigningIdentity, base64_pieces, sign
from xds.xml import XmlLimits, parse
from xds.xml.namespaces import SOAP12, WSA

SOAP_TYPE: Final = "application/soap+xml"
_ENVELOPE_OPEN = (
    f'<?xml version="1.0" encoding="UTF-8"?><env:Envelope xmlns:env="{SOAP12}" xmlns:wsa="{WSA}"><env:Header>'
    '<wsa:Action env:mustUnderstand="1">'
)
_OWN: Final = XmlLimits(depth=256, nodes=10_000_000)
"""Shape of our own answers; the limits are for what a peer sends."""
_AT_ONCE: Final = 96 * 1024
_ENVELOPE_CLOSE: Final = b"</env:Body></env:Envelope>"


@dataclass(frozen=True, slots=True, kw_only=True)
class WireReply:
    """What the HTTP layer sends."""

    content_type: str
    content_length: int | None  # None: known when it has left
    pieces: Iterator[bytes | FileRange] | Sequence[bytes]


def encode_reply(
    reply: Reply,
    *,
    action: str,
    relates_to: str | None,
    mtom: bool,
    identity: SigningIdentity | None = None,
    sends_ranges: bool = False,
) -> WireReply:
    """Encode an answer in the form its request had: MTOM, or plain with documents as base64.

    Parameters
    ----------
    identity
        Signs the answer; its documents are read once for that, before its first octet leaves.
    sends_ranges
        Whether who sends it takes parts of files (`xds.documents.FileRange`) beside octets.
    """
    head, body, close = envelope_head(action, relates_to), reply.body, _ENVELOPE_CLOSE
    if isinstance(reply, LateReply):
        late = reply.late
        content_type, pieces = related_root_last(
            late.parts(), lambda: b"".join((head, *late.body(), close)), action=action
        )
        return WireReply(content_type=content_type, content_length=None, pieces=pieces)
    if identity is not None:
        head, body, close = b"", (_signed(reply, action, relates_to, identity),), b""
    if mtom:
        root = b"".join((head, *body, close))
        parts = [
            OutPart(
                content_id=part.content_id,
                content_type=part.mime_type,
                size=part.source.size,
                pieces=_pieces_of(part, sends_ranges),
            )
            for part in reply.parts
        ]
        content_type, length, pieces = related(root, parts, action=action)
        return WireReply(content_type=content_type, content_length=length, pieces=pieces)
    content_type = f'{SOAP_TYPE}; charset=UTF-8; action="{action}"'
    if not reply.parts:
        octets = (head, *body, close)
        return WireReply(
            content_type=content_type, content_length=sum(map(len, octets)), pieces=_gathered(octets)
        )
    return _inline((head, *body, close), reply.parts, content_type)


def _pieces_of(part: ReplyPart, sends_ranges: bool) -> Callable[[], Iterator[bytes | FileRange]]:
    source = part.source
    return source.ranges if sends_ranges and isinstance(source, StoredDocument) else source.pieces


def _gathered(octets: Iterable[bytes]) -> list[bytes]:
    """Small neighbours leave together; what is large is not copied only to be in one piece with others."""
    gathered: list[bytes] = []
    waiting: list[bytes] = []
    size = 0
    for piece in octets:
        waiting.append(piece)
        size += len(piece)
        if size >= _AT_ONCE:
            gathered.append(b"".join(waiting))
            waiting, size = [], 0
    if waiting:
        gathered.append(b"".join(waiting))
    return gathered


def _signed(reply: Reply, action: str, relates_to: str | None, identity: SigningIdentity) -> bytes:
    """The whole envelope with its signature; to sign, it has to say where it goes and which it is."""
    headers = f"<wsa:MessageID>{new_uuid_urn()}</wsa:MessageID><wsa:To>{WSA_ANONYMOUS}</wsa:To>"
    octets = (envelope_head(action, relates_to, headers), *reply.body, _ENVELOPE_CLOSE)
    root = parse(b"".join(octets), _OWN)
    attachments = {f"cid:{part.content_id}": part.source.pieces for part in reply.parts}
    sign(root, identity, attachments=attachments)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def envelope_head(action: str, relates_to: str | None, headers: str = "") -> bytes:
    """The envelope up to and including the Body's start tag."""
    relates = "" if relates_to is None else f"<wsa:RelatesTo>{escape_text(relates_to)}</wsa:RelatesTo>"
    return f"{_ENVELOPE_OPEN}{action}</wsa:Action>{relates}{headers}</env:Header><env:Body>".encode()


def _inline(octets: Iterable[bytes], parts: Sequence[ReplyPart], content_type: str) -> WireReply:
    rest = b"".join(octets)
    segments: list[bytes | ReplyPart] = []
    for part in parts:
        before, found, rest = rest.partition(f'<xop:Include href="cid:{part.content_id}"/>'.encode())
        if not found:
            raise LookupError(f"the body does not refer to {part.content_id}")
        segments += (before, part)
    segments.append(rest)
    length = sum(
        len(item) if isinstance(item, bytes) else (item.source.size + 2) // 3 * 4 for item in segments
    )
    return WireReply(content_type=content_type, content_length=length, pieces=_inline_pieces(segments))


def _inline_pieces(segments: Sequence[bytes | ReplyPart]) -> Iterator[bytes]:
    for item in segments:
        if isinstance(item, bytes):
            yield item
        else:
            yield from base64_pieces(item.source.pieces())
