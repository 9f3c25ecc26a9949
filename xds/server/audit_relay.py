"""What becomes of audit events after they are committed: spools loaded, rows sealed, messages sent to receivers.

Every worker runs these threads; of each the one that holds its lock in the metadata store works.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from xds.audit.syslog import Channel, TlsChannel, UdpChannel
from xds.pki import PkiError, client_context
from xds.settings import AuditReceiver
from xds.store import (
    Conflict,
    DeliveryQueue,
    Outbox,
    Pool,
    StoreBusy,
    StoreUnavailable,
    delivery_queue,
    sealer,
)

log = logging.getLogger(__name__)

_BEAT_SECONDS: Final = 1.0
_TURN_SECONDS: Final = 5.0
"""How long a process that does not hold a lock waits before it asks for it again."""
_BATCH: Final = 100
WINDOW_SECONDS: Final = 60
"""What was recorded so long before the last that was surely read is sent again after a connection broke."""
_CONNECTION_SECONDS: Final = 60.0
"""Connections are ended cleanly so often: only that tells that everything was read (syslog has no answer)."""
_PAUSE_SECONDS: Final = (1.0, 2.0, 5.0, 10.0, 30.0)
_STORE_ERRORS: Final = (StoreUnavailable, StoreBusy, Conflict)


class SealerThread(threading.Thread):
    """Loads this machine's spool, and seals while it holds the lock."""

    def __init__(self, pool: Pool, outbox: Outbox) -> None:
        super().__init__(name="audit-sealer", daemon=True)
        self._pool = pool
        self._outbox = outbox
        self._stopped = threading.Event()

    def stop(self) -> None:
        """End at the next beat."""
        self._stopped.set()

    def run(self) -> None:
        """Work until stopped."""
        while not self._stopped.is_set():
            try:
                self._outbox.load()
                with sealer(self._pool) as mine:
                    while mine is not None and not self._stopped.is_set():
                        mine.seal()
                        self._stopped.wait(_BEAT_SECONDS)
                        self._outbox.load()
            except _STORE_ERRORS:
                log.warning("audit: sealing waits for the metadata store")
            except Exception:
                log.exception("audit: sealing failed")
            self._stopped.wait(_TURN_SECONDS)


@dataclass(slots=True)
class _Way:
    """An open channel and how far it is."""

    channel: Channel
    opened: float  # time.monotonic()
    sent: int


class RelayThread(threading.Thread):
    """Sends the events of the chain to one receiver, in order and at least once."""

    def __init__(self, pool: Pool, receiver: AuditReceiver) -> None:
        super().__init__(name=f"audit-relay-{receiver.name}", daemon=True)
        self._pool = pool
        self._receiver = receiver
        self._open = _opener(receiver)
        self._stopped = threading.Event()
        self._failures = 0

    def stop(self) -> None:
        """End the connection cleanly, and then the thread."""
        self._stopped.set()

    def run(self) -> None:
        """Work until stopped."""
        while not self._stopped.is_set():
            try:
                with delivery_queue(self._pool, self._receiver.name) as queue:
                    if queue is not None:
                        self._deliver(queue)
            except _STORE_ERRORS:
                log.warning("audit: delivery waits for the metadata store", extra=self._facts())
            except Exception:
                log.exception("audit: delivery failed", extra=self._facts())
            self._stopped.wait(_TURN_SECONDS)

    def _deliver(self, queue: DeliveryQueue) -> None:
        """Send until stopped; a connection that broke is tried again, more and more slowly."""
        while not self._stopped.is_set():
            sent, clean = queue.places()
            # What was not ended cleanly is sent again, from some time before the last end that was.
            start = sent if sent == clean else queue.rewound(clean, WINDOW_SECONDS)
            if not queue.after(start, 1):
                self._stopped.wait(_BEAT_SECONDS)
                continue
            way: _Way | None = None
            try:
                way = _Way(self._open(), time.monotonic(), start)
                self._send(queue, way, clean)
                self._failures = 0
            except (OSError, PkiError) as error:
                self._failures += 1
                log.warning("audit: receiver not reached", extra={**self._facts(), "reason": _reason(error)})
                self._stopped.wait(_PAUSE_SECONDS[min(self._failures, len(_PAUSE_SECONDS)) - 1])
            finally:
                if way is not None:
                    way.channel.abort()

    def _send(self, queue: DeliveryQueue, way: _Way, clean: int) -> None:
        """Send what there is until the connection is old, or there is nothing more; then end it cleanly."""
        while events := queue.after(way.sent, _BATCH):
            way.channel.send(item.event for item in events)
            way.sent = events[-1].position
            queue.save(way.sent, clean)
            if self._stopped.is_set() or time.monotonic() - way.opened > _CONNECTION_SECONDS:
                break
        way.channel.close()
        queue.save(way.sent, way.sent)

    def _facts(self) -> dict[str, object]:
        return {"receiver": self._receiver.name, "failures": self._failures}


def _opener(receiver: AuditReceiver) -> Callable[[], Channel]:
    if receiver.transport == "udp":
        return lambda: UdpChannel(receiver.host, receiver.port)

    def tls() -> Channel:
        # Read anew each time: certificates are renewed while we run.
        context = client_context(authorities=receiver.ca, certificate=receiver.certificate, key=receiver.key)
        return TlsChannel(receiver.host, receiver.port, context)

    return tls


def _reason(error: OSError | PkiError) -> str:
    return getattr(error, "strerror", None) or type(error).__name__
