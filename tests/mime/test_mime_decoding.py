import base64
import quopri
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xds.mime import Base64Decoder, MalformedPart
from xds.mime.decoding import Decoder, QuotedPrintableDecoder, decoder_for


def decode(decoder: Decoder, octets: bytes, sizes: Sequence[int]) -> bytes:
    """Feed the octets in pieces of the given sizes, over and over."""
    decoded, at, turn = b"", 0, 0
    while at < len(octets):
        size = sizes[turn % len(sizes)]
        decoded += decoder.feed(octets[at : at + size])
        at, turn = at + size, turn + 1
    return decoded + decoder.finish()


SIZES = st.lists(st.integers(1, 90), min_size=1, max_size=5)


@given(st.binary(max_size=400), SIZES, st.sampled_from([b"", b"\n", b"\r\n", b" \t\r\n"]))
def test_base64_round_trip(content: bytes, sizes: Sequence[int], line_end: bytes) -> None:
    encoded = base64.encodebytes(content).replace(b"\n", line_end)
    assert decode(Base64Decoder(), encoded, sizes) == content


@pytest.mark.parametrize(
    ("encoded", "message"),
    [
        (b"QUJD$A==", "not readable"),
        (b"QUJ", "cut off or its padding"),
        (b"QQ=", "cut off or its padding"),
        (b"QQ==QUJD", "base64"),
        (b"=QQQ", "not readable"),
        (b"Q=Q=", "not readable"),
        (b"QUJD-_==", "not readable"),
        (b"\xef\xbb\xbfQUJD", "not readable"),
        (b"QUJD\x00\x00\x00\x00", "not readable"),
    ],
)
@pytest.mark.parametrize("size", [1, 3, 4, 100])
def test_base64_refused(encoded: bytes, message: str, size: int) -> None:
    with pytest.raises(MalformedPart, match=message):
        decode(Base64Decoder(), encoded, [size])


@given(st.lists(st.sampled_from([b"a", b"=", b" ", b"\t", b"\n", b"\xe9", b"_", b"."])), SIZES)
def test_quoted_printable_round_trip(words: list[bytes], sizes: Sequence[int]) -> None:
    content = b"".join(words)
    encoded = quopri.encodestring(content)
    assert decode(QuotedPrintableDecoder(), encoded, sizes) == content


def test_quoted_printable_white_space_added_on_the_way() -> None:
    assert decode(QuotedPrintableDecoder(), b"a \t\r\nb= \r\nc  ", [4]) == b"a\r\nbc"


@pytest.mark.parametrize("encoded", [b"a=4", b"a=XYb\n", b"==41\n"])
def test_quoted_printable_refused(encoded: bytes) -> None:
    with pytest.raises(MalformedPart, match="expected = and two hex digits"):
        decode(QuotedPrintableDecoder(), encoded, [100])


def test_quoted_printable_line_without_end() -> None:
    with pytest.raises(MalformedPart, match="longer than 65536"):
        decode(QuotedPrintableDecoder(), b" " * 70_000, [4096])


@pytest.mark.parametrize("encoding", ["", "7bit", "8BIT", " Binary "])
def test_octets_as_they_are(encoding: str) -> None:
    assert decode(decoder_for(encoding), b"a=41\r\n\x00\xff", [2]) == b"a=41\r\n\x00\xff"


def test_unknown_encoding() -> None:
    with pytest.raises(MalformedPart, match="'gzip' is unknown; expected binary"):
        decoder_for("gzip")
