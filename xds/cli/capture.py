"""A message out of a file: plain XML, a multipart body, or a whole HTTP request or response as captured."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Final

from xds.mime import ContentType, MimeError, MimeLimits, iter_parts, normalize_content_id, parse_content_type

_START_LINE: Final = re.compile(rb"(?:(?:POST|PUT|GET) \S+ HTTP/1\.[01]|HTTP/1\.[01] \d{3}[^\r\n]*)\r?\n")
_HEAD_FIELD: Final = re.compile(rb"[!-9;-~]+:[ \t]")
_BOUNDARY_LINE: Final = re.compile(rb"--([^\r\n]{1,70})\r?\n")
_LIMITS: Final = MimeLimits(parts=2_048)


class UnreadableCapture(Exception):
    """The file holds no message that can be taken apart; the text says why and how to mend it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """A message taken apart."""

    root: bytes  # the XML
    first_line: int = 1  # of the XML within the file
    content_type: ContentType | None = None  # of the whole message, where the file tells it
    is_multipart: bool = False
    parts: Mapping[str, bytes] = field(default_factory=dict)  # beside the root, by Content-ID
    twice: tuple[str, ...] = ()  # Content-IDs that more than one part has


def read_capture(octets: bytes) -> Capture:
    """Take a message apart.

    Raises
    ------
    UnreadableCapture
        A broken HTTP head, chunk or multipart body.
    """
    head, body = _head_and_body(octets)
    content_type = parse_content_type(head["content-type"]) if "content-type" in head else None
    if "chunked" in head.get("transfer-encoding", "").lower():
        body = _unchunked(body)
    guess = _BOUNDARY_LINE.match(body.lstrip(b"\r\n"))
    if content_type is None and guess is not None:
        content_type = parse_content_type(
            f'multipart/related; boundary="{guess[1].decode("latin-1").rstrip()}"'
        )
    if content_type is not None and content_type.media_type.startswith("multipart/"):
        return _multipart(octets, body, content_type)
    return Capture(root=body, first_line=_line_of(octets, body), content_type=content_type)


def _head_and_body(octets: bytes) -> tuple[dict[str, str], bytes]:
    start = _START_LINE.match(octets)
    rest = octets[start.end() :] if start else octets
    if start is None and _HEAD_FIELD.match(rest) is None:
        return {}, octets
    head, blank, body = _partition(rest)
    if not blank:
        raise UnreadableCapture("the HTTP head does not end: an empty line comes before the body")
    fields: dict[str, str] = {}
    for line in re.sub(rb"\r?\n[ \t]+", b" ", head).splitlines():
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon:
            raise UnreadableCapture(
                f"the HTTP head has the line {line[:60]!r}; a name, a colon and a value go there"
            )
        fields[name.strip().lower()] = value.strip()
    return fields, body


def _partition(octets: bytes) -> tuple[bytes, bytes, bytes]:
    match = re.search(rb"\r?\n\r?\n", octets)
    if match is None:
        return octets, b"", b""
    return octets[: match.start()], match[0], octets[match.end() :]


def _unchunked(body: bytes) -> bytes:
    pieces: list[bytes] = []
    at = 0
    while True:
        end = body.find(b"\n", at)
        try:
            size = int(body[at:end].split(b";")[0], 16) if end >= 0 else -1
        except ValueError:
            size = -1
        if size < 0:
            raise UnreadableCapture(
                f"the chunked body breaks off at octet {at}: a chunk size was expected there"
            )
        if size == 0:
            return b"".join(pieces)
        pieces.append(body[end + 1 : end + 1 + size])
        at = end + 1 + size
        at += 2 if body[at : at + 2] == b"\r\n" else 1


def _multipart(octets: bytes, body: bytes, content_type: ContentType) -> Capture:
    start = normalize_content_id(content_type.parameters.get("start", ""))
    found: list[tuple[str, bytes]] = []
    try:
        for index, part in enumerate(iter_parts(BytesIO(body), content_type.boundary, _LIMITS)):
            found.append((part.content_id or f"part {index + 1}", b"".join(part.pieces())))
    except MimeError as error:
        raise UnreadableCapture(f"the multipart body cannot be read: {error}") from None
    if not found:
        raise UnreadableCapture("the multipart body has no part; the SOAP envelope is the first one")
    names = [name for name, _ in found]
    root = names.index(start) if start in names else 0
    _, xml = found.pop(root)
    return Capture(
        root=xml,
        first_line=_line_of(octets, xml),
        content_type=content_type,
        is_multipart=True,
        parts=dict(found),
        twice=tuple(sorted({name for name in names if names.count(name) > 1})),
    )


def _line_of(octets: bytes, xml: bytes) -> int:
    """The line on which the XML begins, so that findings point into the file; 1 if it was encoded there."""
    at = octets.find(xml) if xml else -1
    return octets.count(b"\n", 0, at) + 1 if at > 0 else 1
