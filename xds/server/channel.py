"""The octets of a connection: read at a least pace, sent as far as the peer takes them."""

import errno
import select
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from xds.documents import FileRange

_SEND_SECONDS: Final = 40.0
"""Sending one piece of an answer: 256 KiB at 8 KiB a second take 32."""
_LAST_SECONDS: Final = 2.0
"""Between an answer that refuses a request unread and the end of its connection."""
_LAST_PIECE: Final = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast a request has to arrive; slower, and the connection is closed."""

    grace_seconds: float = 10.0  # before that nothing is asked but that it goes on
    octets_per_second: int = 8 * 1024  # after the grace
    total_seconds: float = 600.0


class Channel:
    """A socket that never blocks in the system: what would is tried first, and waited for only then.

    Python's own sockets with a timeout look before each call whether it would block, and tell the system at each
    change of the timeout: a dozen calls a request (docs/performance.md). A request that dribbles in ends in
    ECONNRESET, on which the worker closes without a word; `begin` starts its clock.
    """

    is_secured = False

    def __init__(self, wrapped: socket.socket, pace: Pace) -> None:
        wrapped.setblocking(False)
        self._wrapped: Any = wrapped
        self._pace = pace
        self._timeout: float | None = None
        self._began = time.monotonic()
        self._taken = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._wrapped, name)

    def setblocking(self, flag: bool) -> None:
        """Nothing: to its users it blocks, to the system it never does."""

    def settimeout(self, seconds: float | None) -> None:
        """How long `recv` waits at most; the pace may end it sooner."""
        self._timeout = seconds

    def gettimeout(self) -> float | None:
        """As it was set."""
        return self._timeout

    def pending(self) -> int:
        """Octets that the poller does not know of: a plain socket has none."""
        return 0

    def begin(self) -> None:
        """A new request begins to arrive."""
        self._began = time.monotonic()
        self._taken = 0

    def take(self, size: int) -> bytes:
        """Read what is there.

        Raises
        ------
        BlockingIOError
            Nothing is.
        ConnectionResetError
            The request is too slow.
        """
        self._remaining()
        return self._count(self._wrapped.recv(size))

    def recv(self, size: int) -> bytes:
        """Read as `socket.recv` does, waiting no longer than the pace allows.

        Raises
        ------
        TimeoutError
            Nothing came within the timeout that was set.
        ConnectionResetError
            The request is too slow.
        """
        while True:
            remaining = self._remaining()
            try:
                return self._count(self._wrapped.recv(size))
            except BlockingIOError:
                usual = self._timeout
                seconds = remaining if usual is None else min(usual, remaining)
                if not self.waits(select.POLLIN, seconds) and seconds == usual:
                    raise TimeoutError("timed out") from None

    def sendall(self, data: bytes) -> None:
        """Send as `socket.sendall` does.

        Raises
        ------
        TimeoutError
            The peer takes nothing.
        """
        self.send_joined(b"", data)

    def send_joined(self, head: bytes, data: bytes) -> None:
        """Send both in one call, as far as the system takes them; raises as `sendall` does."""
        left = [memoryview(piece) for piece in (head, data) if piece]
        while left:
            try:
                sent = self._wrapped.sendmsg(left)
            except BlockingIOError:
                if not self.waits(select.POLLOUT, _SEND_SECONDS):
                    raise TimeoutError("timed out") from None
                continue
            while left and sent >= len(left[0]):
                sent -= len(left.pop(0))
            if sent:
                left[0] = left[0][sent:]

    def send_range(self, part: FileRange) -> None:
        """Send a part of a file; raises as `sendall` does, and OSError when the file became shorter."""
        sent = 0
        while sent < len(part):
            try:
                sent += part.send(self._wrapped.fileno(), sent)
            except BlockingIOError:
                if not self.waits(select.POLLOUT, _SEND_SECONDS):
                    raise TimeoutError("timed out") from None

    def waits(self, event: int, seconds: float) -> bool:
        """Wait for POLLIN or POLLOUT; False when it did not come."""
        poll = select.poll()
        poll.register(self._wrapped, event)
        return bool(poll.poll(seconds * 1000))

    def linger(self) -> None:
        """Read on for a moment what the peer still sends: a reset would take the answer from its hands."""
        deadline = time.monotonic() + _LAST_SECONDS
        with suppress(OSError):
            self._wrapped.shutdown(socket.SHUT_WR)
            while (remaining := deadline - time.monotonic()) > 0:
                if self.waits(select.POLLIN, remaining) and not self._wrapped.recv(_LAST_PIECE):
                    return

    def _remaining(self) -> float:
        pace = self._pace
        allowed = min(pace.total_seconds, pace.grace_seconds + self._taken / pace.octets_per_second)
        remaining = allowed - (time.monotonic() - self._began)
        if remaining <= 0:
            raise too_slow()
        return remaining

    def _count(self, piece: bytes) -> bytes:
        self._taken += len(piece)
        return piece


def too_slow() -> ConnectionResetError:
    """The error on which a connection ends without a word."""
    return ConnectionResetError(errno.ECONNRESET, "the request arrived too slowly")
