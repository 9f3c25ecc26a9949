"""Frames of MLLP, however they arrive."""

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from xds.hl7v2.frames import Broken, FrameLimits, FrameReader, frame

LIMITS = FrameLimits(frame_bytes=100, frame_seconds=30, idle_seconds=60)
SLOW = object()


def arriving(*pieces: object) -> Callable[[int, float], bytes]:
    """A connection on which these arrive; SLOW is a silence."""
    waiting = list(pieces)

    def receive(size: int, seconds: float) -> bytes:
        if not waiting:
            return b""
        piece = waiting.pop(0)
        if piece is SLOW:
            raise TimeoutError
        assert isinstance(piece, bytes)
        return piece

    return receive


def read(*pieces: object, limits: FrameLimits = LIMITS) -> list[bytes | Broken]:
    return list(FrameReader(arriving(*pieces), limits).frames())


def texts(found: list[bytes | Broken]) -> list[str]:
    return [item.text if isinstance(item, Broken) else item.decode() for item in found]


_MESSAGES = st.lists(
    st.binary(min_size=1, max_size=60).filter(lambda b: not set(b) & {0x0B, 0x1C}), max_size=5
)


@given(messages=_MESSAGES, cuts=st.lists(st.integers(1, 20)), noise=st.sampled_from([b"", b"\n", b"\r\n\0 "]))
def test_frames_come_back_however_they_are_cut(messages: list[bytes], cuts: list[int], noise: bytes) -> None:
    stream = noise.join([b"", *map(frame, messages), b""])
    pieces = []
    for cut in [*cuts, len(stream)]:
        pieces.append(stream[:cut])
        stream = stream[cut:]
    assert read(*filter(None, pieces)) == messages


def test_the_carriage_return_may_be_missing() -> None:
    assert read(b"\x0bone\x1c\x0btwo\x1c\r") == [b"one", b"two"]


def test_a_start_block_inside() -> None:
    found = read(b"\x0bMSH|half", b"\x0bwhole\x1c\r")
    assert texts(found) == ["a new start block came before the message's end block", "whole"]
    assert isinstance(found[0], Broken)
    assert (found[0].octets, found[0].is_last) == (b"MSH|half", False)


def test_no_start_block() -> None:
    assert texts(read(b"MSH|x\x1c\r\x0bgood\x1c\r")) == ["the message has no start block (0x0B)", "good"]


def test_the_limit_and_one_more() -> None:
    assert read(frame(b"x" * 100)) == [b"x" * 100]
    for found in (read(frame(b"x" * 101)), read(b"\x0b" + b"x" * 101, frame(b"good"))):
        assert texts(found) == ["the message is larger than 100 octets"]


def test_no_end_block() -> None:
    assert texts(read(b"\x0bMSH|", SLOW)) == ["the message did not end within 30 s"]


def test_a_drip_is_ended() -> None:
    limits = FrameLimits(frame_bytes=100, frame_seconds=0, idle_seconds=60)
    assert texts(read(b"\x0bM", b"S", b"H", limits=limits)) == ["the message did not end within 0 s"]


def test_silence_between_messages_ends_it_without_a_word() -> None:
    assert read(frame(b"one"), SLOW) == [b"one"]
    assert read(SLOW) == []


def test_an_end_in_the_middle() -> None:
    assert read(b"\x0bMSH|half") == []


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=20))
def test_any_octets_end(pieces: list[bytes]) -> None:
    for item in read(*pieces):
        assert isinstance(item, Broken | bytes)
