import base64
import re
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from xds.mime import (
    BoundaryMissing,
    LimitExceeded,
    MalformedPart,
    MimeError,
    MimeLimits,
    OutPart,
    Truncated,
    iter_parts,
    parse_content_type,
    related,
)

from .streams import Trickle

BOUNDARY = b"uuid:B+id=7"
MESSAGE = (
    b"--uuid:B+id=7\r\n"
    b"Content-Type: application/xop+xml; charset=UTF-8\r\nContent-ID: <root@x>\r\n\r\n<e/>\r\n"
    b"--uuid:B+id=7\r\n"
    b"Content-ID: <doc@x>\r\nContent-Transfer-Encoding: binary\r\n\r\n%PDF\r\n\x00\r\n"
    b"--uuid:B+id=7--\r\n"
)


def contents(
    message: bytes, *, sizes: list[int] | None = None, limits: MimeLimits | None = None
) -> list[bytes]:
    parts = iter_parts(Trickle(message, sizes or [1 << 18]), BOUNDARY, limits or MimeLimits())
    return [b"".join(part.pieces()) for part in parts]


EXPECTED = [b"<e/>", b"%PDF\r\n\x00"]


def test_message() -> None:
    parts = []
    for part in iter_parts(Trickle(MESSAGE), BOUNDARY):
        parts.append((part.content_id, part.transfer_encoding, b"".join(part.pieces())))
        if part.content_id == "root@x":
            assert part.content_type is not None
            assert part.content_type.media_type == "application/xop+xml"
            assert part.headers["content-id"] == "<root@x>"
        else:
            assert part.content_type is None
    assert parts == [("root@x", "", EXPECTED[0]), ("doc@x", "binary", EXPECTED[1])]


@pytest.mark.parametrize(
    "message",
    [
        b"\r\n" + MESSAGE,
        b"\n" + MESSAGE,
        b"This is a multipart message.\r\n--uuid:B\r\n" + MESSAGE,
        MESSAGE + b"epilogue --uuid:B+id=7\r\n--uuid:B+id=7\r\n",
        MESSAGE.removesuffix(b"\r\n"),
        MESSAGE.removesuffix(b"\n"),
        MESSAGE.replace(b"id=7\r\n", b"id=7 \t \r\n").replace(b"id=7--", b"id=7--  "),
        MESSAGE.replace(b"\r\n", b"\n").replace(b"%PDF\n", b"%PDF\r\n"),
        MESSAGE.replace(b"\r\n--", b"\n--"),
    ],
    ids=[
        "blank line first",
        "LF first",
        "preamble",
        "epilogue",
        "no last line end",
        "half a last line end",
        "padding",
        "LF only",
        "LF before boundaries",
    ],
)
@pytest.mark.parametrize("size", [1, 2, 7, 1 << 18])
def test_forms_of_partners(message: bytes, size: int) -> None:
    assert contents(message, sizes=[size]) == EXPECTED


@pytest.mark.parametrize(
    ("part", "content"),
    [
        (b"\r\nno head\r\n", b"no head"),
        (b"\nno head\n", b"no head"),
        (b"\r\n\r\n", b""),
        (b"Content-ID: a\r\n\r\n\r\n", b""),
        (b"Content-ID: a\r\n\r\n", b""),
        (b"Content-ID: a\r\n", b""),
        (b"", b""),
        (b"\r\n\r\n\r\n\r\n", b"\r\n\r\n"),
        (b"\r\n \t\r\n\r\n", b" \t\r\n"),
        (b"\r\nends in LF\n\r\n", b"ends in LF\n"),
        (b"\r\nends in CR\r\r\n", b"ends in CR\r"),
        (b"\r\n--uuid:B+id=7x\r\n--uuid:B+id=7-\r\n--uuid:B+id=7--x\r\n", None),
    ],
)
@pytest.mark.parametrize("size", [1, 3, 1 << 18])
def test_only_one_line_end_belongs_to_the_boundary(part: bytes, content: bytes | None, size: int) -> None:
    message = b"--uuid:B+id=7\r\n" + part + b"--uuid:B+id=7--\r\n"
    assert contents(message, sizes=[size]) == [part[2:-2] if content is None else content]


@pytest.mark.parametrize("encoding", ["base64", "BASE64", "quoted-printable"])
@pytest.mark.parametrize("size", [1, 5, 1 << 18])
def test_transfer_encodings(encoding: str, size: int) -> None:
    content = bytes(range(256)) * 3
    encoded = (
        base64.encodebytes(content)
        if encoding.lower() == "base64"
        else b"".join(b"=%02X" % c for c in content)
    )
    head = f"Content-Transfer-Encoding: {encoding}\r\n\r\n".encode()
    message = b"--uuid:B+id=7\r\n" + head + encoded + b"\r\n--uuid:B+id=7--"
    assert contents(message, sizes=[size]) == [content]


@pytest.mark.parametrize("size", [1, 1 << 18])
def test_no_truncation_passes(size: int) -> None:
    whole = MESSAGE.index(b"--uuid:B+id=7--") + len(b"--uuid:B+id=7--")
    for length in range(whole):
        with pytest.raises(BoundaryMissing if length <= len(b"--uuid:B+id=7\r") else Truncated):
            contents(MESSAGE[:length], sizes=[size])
    assert contents(MESSAGE[:whole], sizes=[size]) == EXPECTED


@pytest.mark.parametrize("line_end", [b"\r\n", b"\n"])
def test_two_reads_cut_anywhere_after_a_near_miss(line_end: bytes) -> None:
    content = b"\r\n--uuid:B+id=7x" * 2
    message = line_end.join(
        [b"--uuid:B+id=7", b"", content, b"--uuid:B+id=7", b"", content, b"--uuid:B+id=7--", b""]
    )
    for first in range(1, len(message)):
        assert contents(message, sizes=[first, len(message)]) == [content, content]


@pytest.mark.parametrize(
    ("message", "error", "text"),
    [
        (b"", BoundaryMissing, "no line --uuid:B"),
        (b"<soap:Envelope/>", BoundaryMissing, "in the 16 octets of the message"),
        (MESSAGE.replace(b"id=7", b"id=8"), BoundaryMissing, "no line --uuid:B"),
        (b"x" * 70_000, BoundaryMissing, "in the first 65536 octets"),
        (MESSAGE.replace(b"id=7--", b"id=7"), Truncated, "inside the head"),
        (MESSAGE.replace(b"id=7--\r\n", b"id=7 --\r\n"), Truncated, "before its closing line --uuid:B"),
        (MESSAGE.replace(b"<doc@x>", b"<" + b"d" * 9000 + b">"), LimitExceeded, "longer than 8192"),
        (MESSAGE.replace(b"<root@x>\r\n\r\n", b"<root@x>\r\n"), MalformedPart, "an empty line before"),
        (MESSAGE.replace(b"binary", b"base64"), MalformedPart, "base64 is not readable"),
        (MESSAGE.replace(b"binary", b"x-zip"), MalformedPart, "'x-zip' is unknown"),
    ],
)
@pytest.mark.parametrize("size", [11, 1 << 18])
def test_refused(message: bytes, error: type[MimeError], text: str, size: int) -> None:
    with pytest.raises(error, match=text):
        contents(message, sizes=[size])


@pytest.mark.parametrize("boundary", [b"", b"a\nb", b"a\rb"])
def test_boundary_refused(boundary: bytes) -> None:
    with pytest.raises(BoundaryMissing, match="is empty or has a line end"):
        iter_parts(Trickle(MESSAGE), boundary)


def test_limits_hold_exactly() -> None:
    assert contents(MESSAGE, limits=MimeLimits(parts=2)) == EXPECTED
    with pytest.raises(LimitExceeded, match="more than 1 parts"):
        contents(MESSAGE, limits=MimeLimits(parts=1))
    head = len(b"Content-ID: <doc@x>\r\nContent-Transfer-Encoding: binary\r")
    first = len(b"Content-Type: application/xop+xml; charset=UTF-8\r\nContent-ID: <root@x>\r")
    assert contents(MESSAGE, limits=MimeLimits(part_header_bytes=max(head, first))) == EXPECTED
    with pytest.raises(LimitExceeded, match="the head of a part is longer"):
        contents(MESSAGE, limits=MimeLimits(part_header_bytes=max(head, first) - 1))
    assert contents(MESSAGE, limits=MimeLimits(boundary_chars=len(BOUNDARY))) == EXPECTED
    with pytest.raises(LimitExceeded, match="at most 10 are allowed"):
        iter_parts(Trickle(MESSAGE), BOUNDARY, MimeLimits(boundary_chars=10))


def test_the_closing_delimiter_may_come_first() -> None:
    assert contents(b"--uuid:B+id=7--\r\n") == []


def test_parts_are_skipped_and_the_stream_is_read_to_its_end() -> None:
    stream = Trickle(MESSAGE + b"epilogue" * 1000, [50])
    assert [part.content_id for part in iter_parts(stream, BOUNDARY)] == ["root@x", "doc@x"]
    assert stream.left == 0


def test_a_skipped_part_must_be_whole_too() -> None:
    with pytest.raises(Truncated):
        list(iter_parts(Trickle(MESSAGE[:-20], [9]), BOUNDARY))


def test_content_is_read_once_and_in_time() -> None:
    parts = iter_parts(Trickle(MESSAGE, [4]), BOUNDARY)
    root = next(parts)
    begun = root.pieces()
    assert next(begun)
    with pytest.raises(RuntimeError, match="can be read once"):
        root.pieces()
    document = next(parts)
    with pytest.raises(RuntimeError, match="the next part was asked for"):
        list(begun)
    assert b"".join(document.pieces()) == EXPECTED[1]
    assert list(parts) == []
    with pytest.raises(RuntimeError, match="can be read once"):
        document.pieces()


# Words that look like the boundary's beginning, so that reads end inside them.
WORDS = [
    b"\r",
    b"\n",
    b"\r\n",
    b"-",
    b"--",
    b"--B",
    b"--BB",
    b"--B-",
    b"--B--",
    b"--B x",
    b" ",
    b"\t",
    b"x",
    b"\x00",
]
DELIMITER = re.compile(rb"(\A|\n)--B(--)?[ \t]*\r?(\n|\Z)")
CONTENT = st.lists(st.sampled_from(WORDS), max_size=12).map(b"".join) | st.binary(max_size=30)


@st.composite
def messages(draw: st.DrawFn) -> tuple[bytes, list[bytes]]:
    """A multipart message of boundary B and the contents of its parts."""
    line_end = draw(st.sampled_from([b"\r\n", b"\n"]))
    head = draw(st.sampled_from([b"", b"Content-ID: <a>" + line_end]))
    parts = draw(st.lists(CONTENT, min_size=1, max_size=4))
    preamble = draw(st.sampled_from([b"", line_end, b"--B1" + line_end, b"--" + line_end]))
    epilogue = draw(st.sampled_from([b"", line_end, line_end + b"--B" + line_end, b" \t" + line_end + b"x"]))
    # A CR at the end of content is part of the boundary's CR LF when the sender writes LF only.
    assume(not any(DELIMITER.search(part) or (line_end == b"\n" and part.endswith(b"\r")) for part in parts))
    message = preamble
    for part in parts:
        padding = draw(st.sampled_from([b"", b" ", b"\t \t"]))
        message += b"--B" + padding + line_end + head + line_end + part + line_end
    return message + b"--B--" + epilogue, parts


@given(messages(), st.lists(st.integers(1, 40), min_size=1, max_size=6))
@example((b"--B\r\n\r\n\r\n--B\r\n\r\n\r\r\n--B--", [b"", b"\r"]), [1])
def test_every_content_comes_back_whatever_the_reads(
    message: tuple[bytes, list[bytes]], sizes: list[int]
) -> None:
    octets, expected = message
    parts = iter_parts(Trickle(octets, sizes), b"B")
    assert [b"".join(part.pieces()) for part in parts] == expected


@given(st.lists(st.sampled_from([*WORDS, b"--B\r\n", b"\r\n\r\n", b"A: b\r\n"]), max_size=30).map(b"".join))
def test_the_size_of_the_reads_changes_nothing(octets: bytes) -> None:
    def outcome(size: int) -> object:
        try:
            return [
                (dict(p.headers), b"".join(p.pieces())) for p in iter_parts(Trickle(octets, [size]), b"B")
            ]
        except MimeError as error:
            return type(error)

    assert outcome(1) == outcome(5) == outcome(1 << 18)


@given(st.lists(st.binary(max_size=600), max_size=4), st.lists(st.integers(1, 300), min_size=1, max_size=4))
def test_round_trip_with_the_writer(documents: list[bytes], sizes: list[int]) -> None:
    def out_part(number: int, content: bytes) -> OutPart:
        return OutPart(
            content_id=f"{number}@x",
            content_type="text/plain",
            size=len(content),
            pieces=lambda: iter([content]),
        )

    message = related(b"<e/>", [out_part(number, content) for number, content in enumerate(documents)])
    octets = b"".join(message.pieces)
    assert len(octets) == message.content_length
    parts = iter_parts(Trickle(octets, sizes), parse_content_type(message.content_type).boundary)
    assert [b"".join(part.pieces()) for part in parts] == [b"<e/>", *documents]


def test_memory_is_flat() -> None:
    piece = (b"near \r\n--uuid:B+id=7 miss" * 11_000)[: 1 << 18]
    count = 400  # 100 MiB

    class Long:
        def __init__(self) -> None:
            self._pieces = self._octets()

        def _octets(self) -> Iterator[bytes]:
            yield b"--uuid:B+id=7\r\n\r\n"
            for _ in range(count):
                yield piece
            yield b"\r\n--uuid:B+id=7--"

        def read(self, size: int, /) -> bytes:
            return next(self._pieces, b"")

    tracemalloc.start()
    try:
        (part,) = ((sum(map(len, part.pieces()))) for part in iter_parts(Long(), BOUNDARY))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert part == count * len(piece)
    assert peak < 4 * 1024 * 1024
