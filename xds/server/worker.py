"""gunicorn's threaded worker, kinder to many quiet connections and quicker on busy ones.

Three things differ from `ThreadWorker` (measured in docs/decisions/0001-http-server.md): a new connection takes
no thread before its first octet is there; a kept-alive one stays a moment on its thread after an answer, so that
a busy partner's next request skips the way through the poller; and a request has to arrive at a least pace.
"""

import errno
import select
import selectors
import socket
import threading
import time
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from gunicorn.workers.gthread import TConn, ThreadWorker

LINGER_SECONDS: Final = 0.010
"""How long a thread waits for the next request of the connection that it answered, if others are idle."""
_SOCKET_SECONDS: Final = 20.0
"""One call of recv or send; a peer that takes nothing in that time is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast a request has to arrive; slower, and the connection is closed."""

    grace_seconds: float = 10.0  # before that nothing is asked but that it goes on
    octets_per_second: int = 8 * 1024  # after the grace
    total_seconds: float = 600.0


class PacedSocket:
    """A socket whose reading ends a request that dribbles in.

    `begin` starts the clock of a request; `recv` raises ECONNRESET, on which gunicorn closes without a word.
    """

    def __init__(self, wrapped: socket.socket, pace: Pace) -> None:
        self._wrapped = wrapped
        self._pace = pace
        self._began = time.monotonic()
        self._taken = 0

    def begin(self) -> None:
        """A new request may begin to arrive."""
        self._began = time.monotonic()
        self._taken = 0

    def recv(self, size: int) -> bytes:
        """Read as `socket.recv` does."""
        try:
            piece = self._wrapped.recv(size)
        except TimeoutError:
            raise _too_slow() from None
        self._taken += len(piece)
        pace, elapsed = self._pace, time.monotonic() - self._began
        allowed = min(pace.total_seconds, pace.grace_seconds + self._taken / pace.octets_per_second)
        if elapsed > allowed:
            raise _too_slow()
        return piece

    def __getattr__(self, name: str) -> Any:
        return getattr(self._wrapped, name)


def _too_slow() -> ConnectionResetError:
    return ConnectionResetError(errno.ECONNRESET, "the request arrived too slowly")


class Connection(TConn):  # type: ignore[misc]  # gunicorn is untyped
    """A connection with a paced reader."""

    pace = Pace()

    def init(self) -> None:
        """Prepare for a request; called before each."""
        super().init()
        self.sock.settimeout(_SOCKET_SECONDS)
        unreader = self.parser.unreader
        if not isinstance(unreader.sock, PacedSocket):
            unreader.sock = PacedSocket(self.sock, self.pace)
        unreader.sock.begin()


class Worker(ThreadWorker):  # type: ignore[misc]
    """The worker class of `xds.server.http`."""

    pace = Pace()

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        # At most half of the threads linger: the others are free for whoever comes.
        self._lingering = threading.BoundedSemaphore(max(1, self.cfg.threads // 2))

    def accept(self, listener: Any) -> None:
        """Accept a connection; it waits for its first octet in the poller, not on a thread."""
        try:
            accepted, address = listener.accept()
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.ECONNABORTED, errno.EWOULDBLOCK):
                raise
            return
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = Connection(self.cfg, accepted, address, listener.getsockname())
        connection.pace = self.pace
        connection.timeout = time.monotonic() + self.pace.grace_seconds
        self.nr_conns += 1
        self.pending_conns.append(connection)
        waiting = partial(self.on_pending_socket_readable, connection)
        self.poller.register(accepted, selectors.EVENT_READ, waiting)

    def handle(self, connection: Any) -> Any:
        """Answer requests of a connection as long as the next one comes at once."""
        outcome = super().handle(connection)
        while outcome is True and self.alive and self._next_is_here(connection):
            outcome = super().handle(connection)
        return outcome

    def _next_is_here(self, connection: Any) -> bool:
        if connection.parser.unreader.buf.getvalue():
            return True
        if not self._lingering.acquire(blocking=False):
            return False
        try:
            waiting = select.poll()
            waiting.register(connection.sock, select.POLLIN)
            return bool(waiting.poll(LINGER_SECONDS * 1000))
        finally:
            self._lingering.release()


def worker_of(pace: Pace) -> type[Worker]:
    """The worker class with a pace of its own; gunicorn takes a class, not an object."""
    return type("Worker", (Worker,), {"pace": pace})
