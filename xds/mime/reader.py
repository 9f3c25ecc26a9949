"""Read multipart/related as a stream: one pass, memory independent of the size of the parts.

Between the boundaries nothing is looked at but the boundary itself, found by `bytes.find` in large reads; the
octets of a part reach its consumer as they arrived, mostly in the very object that the socket gave.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from xds.mime.decoding import decoder_for
from xds.mime.errors import BoundaryMissing, LimitExceeded, Truncated
from xds.mime.headers import ContentType, normalize_content_id, parse_content_type, parse_head

READ_SIZE: Final = 262_144  # octets; larger reads bring nothing, smaller ones cost calls
# Preambles are a sentence for readers without MIME; without a bound a wrong boundary is found out at the end.
_PREAMBLE: Final = 65_536
_CR: Final = 0x0D
_PADDING: Final = 256  # transport padding after a boundary (RFC 2046 5.1.1) that we look through
_DELIMITER_END: Final = re.compile(rb"(--)?[ \t]{0,%d}+\r?\n" % _PADDING)
_UNDECIDED: Final = re.compile(rb"(--?)?[ \t]{0,%d}+\r?\Z" % _PADDING)
_BLANK_LINE: Final = re.compile(rb"\n\r?\n")


class Readable(Protocol):
    """Where the octets come from: `read(n)` gives 1 to n octets, or b"" at the end of the message."""

    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class MimeLimits:
    """What a multipart message may have (standards digest, security 9)."""

    parts: int = 256
    part_header_bytes: int = 8192  # octets of one part's head
    boundary_chars: int = 70  # RFC 2046 5.1.1


DEFAULT_LIMITS: Final = MimeLimits()


class Part:
    """One part: its head, and its content once.

    `content_id` is without angle brackets and else as sent; `content_type` is None when the head has none;
    `transfer_encoding` is in lower case, empty when absent.
    """

    __slots__ = ("_raw", "_state", "content_id", "content_type", "headers", "transfer_encoding")

    def __init__(self, headers: Mapping[str, str], raw: Iterator[bytes]) -> None:
        self.headers = headers
        content_id = headers.get("content-id")
        self.content_id = None if content_id is None else normalize_content_id(content_id)
        content_type = headers.get("content-type")
        self.content_type: ContentType | None = (
            None if content_type is None else parse_content_type(content_type)
        )
        self.transfer_encoding = headers.get("content-transfer-encoding", "").lower()
        self._raw = raw
        self._state = "new"

    def pieces(self) -> Iterator[bytes]:
        """Yield the decoded content in pieces of any size, none of them empty; possible once.

        Raises
        ------
        Truncated
            The message ends inside the part.
        MalformedPart
            The transfer encoding is unknown or the content does not follow it.
        RuntimeError
            The content was read before, or the next part was asked for meanwhile.
        """
        if self._state != "new":
            raise RuntimeError("the content of a part can be read once, before the next part")
        self._state = "read"
        return self._decoded()

    def skip(self) -> None:
        """Read over what is left of the content, without decoding it."""
        self._state = "skipped"
        for _ in self._raw:
            pass

    def _decoded(self) -> Iterator[bytes]:
        decoder = decoder_for(self.transfer_encoding)
        for raw in self._raw:
            if piece := decoder.feed(raw):
                yield piece
        # Without this a part that was skipped half read would seem to end properly.
        if self._state == "skipped":
            raise RuntimeError("the next part was asked for while this one was being read")
        if piece := decoder.finish():
            yield piece


def iter_parts(stream: Readable, boundary: bytes, limits: MimeLimits = DEFAULT_LIMITS) -> Iterator[Part]:
    """Yield the parts of a multipart body; what is left of one is skipped when the next is asked for.

    A preamble, an epilogue (read to the end of the stream), lines ending in LF, padding after a boundary and
    parts without a head are accepted. Only the one line end before a boundary belongs to it; a line that
    merely begins like a boundary is content. With no part at all nothing is yielded.

    Parameters
    ----------
    stream
        The body, its HTTP framing taken off.
    boundary
        As in the Content-Type, without the leading ``--``.
    limits
        Checked before the part in question is yielded.

    Raises
    ------
    BoundaryMissing
        The boundary is empty, or not in the body.
    Truncated
        The stream ends before the closing delimiter.
    LimitExceeded
        See `MimeLimits`.
    MalformedPart
        A part's head cannot be read.
    """
    if not boundary or b"\n" in boundary or b"\r" in boundary:
        raise BoundaryMissing("the boundary is empty or has a line end; 1 to 70 characters are needed")
    if len(boundary) > limits.boundary_chars:
        raise LimitExceeded(
            f"the boundary has {len(boundary)} characters; at most {limits.boundary_chars} are allowed "
            "(RFC 2046 5.1.1)"
        )
    return _parts(_Scanner(stream, boundary), limits)


def _parts(scanner: "_Scanner", limits: MimeLimits) -> Iterator[Part]:
    last = scanner.skip_preamble()
    count = 0
    while not last:
        count += 1
        if count > limits.parts:
            raise LimitExceeded(
                f"the message has more than {limits.parts} parts; send fewer documents in one message"
            )
        part = Part(parse_head(scanner.head(limits.part_header_bytes)), scanner.content())
        yield part
        part.skip()
        last = scanner.closed
    scanner.skip_epilogue()


class _Scanner:
    """The buffer and the place in it.

    Between calls `_buffer[_at]` is the line feed of the last line read, so that a boundary is always found
    as LF, ``--``, boundary: at the start of the message, straight after a head, and inside content.
    """

    def __init__(self, stream: Readable, boundary: bytes) -> None:
        self._stream = stream
        self._needle = b"\n--" + boundary
        self._likely = re.compile(
            re.escape(self._needle) + rb"(?:(?:--)?[ \t]{0,%d}+\r?(?:\n|\Z)|-\Z)" % _PADDING
        )
        self._buffer = b"\n"
        self._at = 0
        self.closed = False

    def skip_preamble(self) -> bool:
        """Go behind the first boundary; True when it is the closing one."""
        seen = 0
        missing = f"no line {self._needle[1:].decode('utf-8', 'replace')} (the boundary of the Content-Type)"
        try:
            for piece in self.content():
                seen += len(piece)
                if seen > _PREAMBLE:
                    raise BoundaryMissing(f"{missing} in the first {_PREAMBLE} octets of the message")
        except Truncated:
            raise BoundaryMissing(f"{missing} in the {seen} octets of the message") from None
        return self.closed

    def skip_epilogue(self) -> None:
        """Read to the end: the connection can be used again, and who counts or hashes sees all of it."""
        self._buffer = b""
        while self._stream.read(READ_SIZE):
            pass

    def head(self, limit: int) -> bytes:
        """Return the octets between the boundary line and the blank line, or the next boundary."""
        while True:
            start = self._at
            blank = _BLANK_LINE.search(self._buffer, start)
            end = blank.start() if blank else len(self._buffer)
            # A head may end at a boundary without a blank line: a part without content (RFC 2046 5.1.1).
            boundary = self._buffer.find(self._needle, start, end)
            bare = boundary >= 0 and self._delimiter_end(boundary) is not None
            if bare:
                end = boundary
            if end - start - 1 > limit:
                raise LimitExceeded(
                    f"the head of a part is longer than {limit} octets; an empty line ends it before the content"
                )
            if bare or blank:
                self._at = blank.end() - 1 if blank and not bare else end
                return self._buffer[start + 1 : end]
            self._buffer, self._at = self._buffer[start:], 0
            if not self._more():
                raise Truncated("the message ends inside the head of a part; send it whole, with its length")

    def content(self) -> Iterator[bytes]:
        """Yield the octets up to the line end before the next boundary line, and go behind that line."""
        start, search = self._at + 1, self._at
        while True:
            found = self._buffer.find(self._needle, search)
            if found < 0:
                held = self._held(start, search)
                if held > start:
                    yield self._buffer[start:held]
                start, search = max(start - held, 0), 0
                self._buffer = self._buffer[held:]
                if not self._more():
                    raise Truncated(
                        f"the message ends before its closing line {self._needle[1:].decode('utf-8', 'replace')}--;"
                        " send it whole, with its length"
                    )
            elif (line_feed := self._delimiter_end(found)) is None:
                search = self._next_likely(found + 1)
            else:
                end = found - 1 if self._buffer[found - 1] == _CR else found
                self._at = line_feed
                if end > start:
                    yield self._buffer[start:end]
                return

    def _next_likely(self, search: int) -> int:
        """Return the next place worth looking at after a line that only begins like a boundary.

        `bytes.find` is the fastest where there is none; where there are millions, each must not cost calls.
        """
        likely = self._likely.search(self._buffer, search)
        return likely.start() if likely else max(search, len(self._buffer) - len(self._needle) + 1)

    def _held(self, start: int, search: int) -> int:
        """Return where the end of the buffer may be the beginning of a boundary, or its length."""
        buffer, needle = self._buffer, self._needle
        # A needle has one LF, its first octet: only the last LF of the buffer can begin an unfinished one.
        line_feed = buffer.rfind(b"\n", max(search, len(buffer) - len(needle) + 1))
        if line_feed >= 0 and needle.startswith(buffer[line_feed:]):
            return line_feed - 1 if line_feed > start and buffer[line_feed - 1] == _CR else line_feed
        return len(buffer) - 1 if len(buffer) > start and buffer[-1] == _CR else len(buffer)

    def _delimiter_end(self, found: int) -> int | None:
        """Return the place of the line feed behind a boundary, or None if the line goes on and is content."""
        after = found + len(self._needle)
        while not (tail := _DELIMITER_END.match(self._buffer, after)):
            undecided = _UNDECIDED.match(self._buffer, after)
            if undecided is None:
                return None
            if not self._more():  # the closing line needs no line end
                self.closed = undecided[1] == b"--"
                return len(self._buffer) if self.closed else None
        self.closed = tail[1] is not None
        return tail.end() - 1

    def _more(self) -> bool:
        piece = self._stream.read(READ_SIZE)
        self._buffer += piece
        return bool(piece)
