"""The MLLP server: in one process of the service, a thread for each connection."""

import fcntl
import logging
import os
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from xds.hl7v2.frames import Broken, FrameLimits, FrameReader, frame

log = logging.getLogger(__name__)

_BEAT_SECONDS: Final = 0.5
_HANDSHAKE_SECONDS: Final = 10.0
_SEND_SECONDS: Final = 30.0
_NO_DESCRIPTORS_SECONDS: Final = 1.0


class Answering(Protocol):
    """What answers messages: `xds.feeds.Receiver`, `xds.source.Intake`."""

    def answer(self, octets: bytes, peer: str) -> bytes:
        """Answer one message."""
        ...

    def broken(self, octets: bytes, peer: str, text: str) -> bytes:
        """Answer what is no message."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class MllpLimits:
    """What peers may take."""

    frames: FrameLimits
    connections: int
    connections_per_peer: int


Secure = Callable[[socket.socket], ssl.SSLSocket]
"""Makes the handshake of an accepted connection, and raises ssl.SSLError for a peer that may not connect."""


class MllpServer(threading.Thread):
    """Serves one listener.

    The listener was opened before the workers were forked, and each of them runs this thread; the one that holds the
    lock accepts. When its process ends the lock is another's at once, and what waits in the listener's queue is
    served by that one.
    """

    def __init__(
        self,
        listener: socket.socket,
        receiver: Answering,
        limits: MllpLimits,
        *,
        lock: Path,
        secure: Secure | None = None,
    ) -> None:
        super().__init__(name="mllp", daemon=True)
        self._listener = listener
        self._receiver = receiver
        self._limits = limits
        self._lock_file = lock
        self._secure = secure
        self._stopped = threading.Event()
        self._guard = threading.Lock()
        self._open: Counter[str] = Counter()

    def stop(self) -> None:
        """Accept nothing more, and end each connection after the message under way."""
        self._stopped.set()

    def run(self) -> None:
        """Wait for the lock, then accept until stopped."""
        descriptor = os.open(self._lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            self._accept()
        finally:
            os.close(descriptor)

    def _accept(self) -> None:
        self._listener.settimeout(_BEAT_SECONDS)
        while not self._stopped.is_set():
            try:
                connection, address = self._listener.accept()
            except TimeoutError:
                continue
            except OSError:
                if self._stopped.is_set():
                    return
                log.warning("MLLP: no connection can be accepted now")
                time.sleep(_NO_DESCRIPTORS_SECONDS)
                continue
            self._admit(connection, str(address[0]))

    def _admit(self, connection: socket.socket, peer: str) -> None:
        with self._guard:
            is_full = (
                self._open.total() >= self._limits.connections
                or self._open[peer] >= self._limits.connections_per_peer
            )
            if not is_full:
                self._open[peer] += 1
        if is_full:
            log.warning("MLLP: too many connections", extra={"peer": peer})
            connection.close()
            return
        threading.Thread(target=self._serve, args=(connection, peer), name="mllp-peer", daemon=True).start()

    def _serve(self, connection: socket.socket, peer: str) -> None:
        try:
            with connection:
                connection.settimeout(_HANDSHAKE_SECONDS)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if self._secure is None:
                    self._talk(connection, peer)
                else:
                    with self._secure(connection) as secured:
                        self._talk(secured, peer)
        except ssl.SSLError as error:
            log.warning("MLLP: no TLS", extra={"peer": peer, "reason": error.reason or "handshake"})
        except OSError:
            log.info("MLLP: connection lost", extra={"peer": peer})
        except Exception:
            log.exception("MLLP: connection failed")
        finally:
            with self._guard:
                self._open[peer] -= 1
                if not self._open[peer]:
                    del self._open[peer]

    def _talk(self, connection: socket.socket, peer: str) -> None:
        def receive(size: int, seconds: float) -> bytes:
            deadline = time.monotonic() + seconds
            while not self._stopped.is_set():
                remaining = deadline - time.monotonic()
                if remaining <= 0:
                    raise TimeoutError
                connection.settimeout(min(remaining, _BEAT_SECONDS))
                with suppress(TimeoutError):
                    return connection.recv(size)
            return b""

        for found in FrameReader(receive, self._limits.frames).frames():
            if isinstance(found, Broken):
                answer = self._receiver.broken(found.octets, peer, found.text)
            else:
                answer = self._receiver.answer(found, peer)
            connection.settimeout(_SEND_SECONDS)
            connection.sendall(frame(answer))
