r"""Frames of the Minimal Lower Layer Protocol: ``<VT> message <FS><CR>`` (HL7 v2.3.1 Implementation Guide C.4)."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

START: Final = 0x0B
END: Final = 0x1C
_BETWEEN: Final = b"\r\n\x00 "
_PIECE: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Broken:
    """What arrived is no frame."""

    octets: bytes  # as far as it came
    text: str
    is_last: bool  # whether nothing more can be made of the connection


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameLimits:
    """How large a message may be and how long it may take."""

    frame_bytes: int
    frame_seconds: float  # from its first octet to its last
    idle_seconds: float  # between messages


class FrameReader:
    """Reads frames from a connection.

    Parameters
    ----------
    receive
        Reads at most so many octets, waiting no longer than so many seconds; b"" at the end. Raises TimeoutError.
    """

    def __init__(self, receive: Callable[[int, float], bytes], limits: FrameLimits) -> None:
        self._receive = receive
        self._limits = limits
        self._buffer = bytearray()
        self._searched = 0  # octets in which no block ends or begins
        self._began: float | None = None  # when the frame under way began

    def frames(self) -> Iterator[bytes | Broken]:
        """Each message, or what came in its place, until the peer ends the connection or is silent for too long."""
        while True:
            found = self._next()
            if found is not None:
                yield found
                if isinstance(found, Broken) and found.is_last:
                    return
                continue
            try:
                piece = self._receive(_PIECE, self._patience())
            except TimeoutError:
                if self._began is not None:
                    yield self._too_slow()
                return
            if not piece:
                return
            self._buffer += piece

    def _patience(self) -> float:
        if self._began is None:
            return self._limits.idle_seconds
        return max(0.001, self._began + self._limits.frame_seconds - time.monotonic())

    def _next(self) -> bytes | Broken | None:
        buffer = self._buffer
        kept = buffer.lstrip(_BETWEEN)
        del buffer[: len(buffer) - len(kept)]
        if not buffer:
            self._drop(0)
            return None
        if self._began is None:
            self._began = time.monotonic()
        is_started = buffer[0] == START
        end = buffer.find(END, self._searched)
        again = buffer.find(START, max(1, self._searched))
        if again != -1 and (end == -1 or again < end):
            return self._taken(again, "a new start block came before the message's end block")
        if end != -1:
            if not is_started:
                return self._taken(end + 1, "the message has no start block (0x0B)")
            message = bytes(buffer[1:end])
            if len(message) > self._limits.frame_bytes:
                return self._too_large()
            self._drop(end + 1)
            return message
        if len(buffer) > self._limits.frame_bytes:
            return self._too_large()
        if time.monotonic() > self._began + self._limits.frame_seconds:
            return self._too_slow()
        self._searched = len(buffer)
        return None

    def _drop(self, end: int) -> None:
        del self._buffer[:end]
        self._searched = 0
        self._began = None

    def _taken(self, end: int, text: str) -> Broken:
        octets = bytes(self._buffer[:end]).strip(b"\x0b\x1c")
        self._drop(end)
        return Broken(octets, text, False)

    def _too_large(self) -> Broken:
        most = self._limits.frame_bytes
        return Broken(bytes(self._buffer[1:4_096]), f"the message is larger than {most} octets", True)

    def _too_slow(self) -> Broken:
        seconds = self._limits.frame_seconds
        return Broken(bytes(self._buffer[1:4_096]), f"the message did not end within {seconds:.0f} s", True)


def frame(message: bytes) -> bytes:
    """A message ready to be sent."""
    return b"\x0b" + message + b"\x1c\r"
