"""Reading the audit log: a search for people, and the queue of each receiver of audit messages."""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import psycopg

from xds.audit import AuditEvent, decode_event
from xds.store.access import Connection, Pool, borrowed, dedicated
from xds.store.sealing import Sealer
from xds.store.statements import statements

_SQL = statements("audit")
_BATCH: Final = 500
_SEALER_LOCK: Final = 0x78_64_73_02
_DELIVERY_LOCK: Final = 0x78_64_73_03


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What a receiver has not been sent."""

    receiver: str
    events: int
    oldest_seconds: float


@dataclass(frozen=True, slots=True)
class QueuedEvent:
    """An event at its place in the chain."""

    position: int
    event: AuditEvent


class AuditReader:
    """Events for people: everything that is committed, sealed or not."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def events(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        patient: str | None = None,
    ) -> Iterator[AuditEvent]:
        """Events in the order of their numbers.

        Parameters
        ----------
        since, until
            When they were recorded: from, and before.
        patient
            Only those that concern this patient, as CX.
        """
        name = "search" if patient is None else "search_subject"
        parameters = {
            "number": 0,
            "since": None if since is None else since.isoformat(),
            "until": None if until is None else until.isoformat(),
            "patient": patient,
            "limit": _BATCH,
        }
        while True:
            with borrowed(self._pool) as connection:
                found = connection.run(_SQL[name], parameters)
            for _, body in found:
                event = decode_event(body)
                if patient is None or patient in event.patients:
                    yield event
            if len(found) < _BATCH:
                return
            parameters["number"] = found[-1][0]

    def backlog(self) -> list[Backlog]:
        """What each receiver that was ever sent something waits for."""
        with borrowed(self._pool) as connection:
            receivers = connection.run(_SQL["known_receivers"])
            return [
                Backlog(receiver=receiver, events=row[0], oldest_seconds=row[1])
                for receiver, sent in receivers
                for row in connection.run(_SQL["backlog"], {"sent": sent})
            ]


class DeliveryQueue:
    """What one receiver is sent, in the order of the chain; one process holds it."""

    def __init__(self, connection: Connection, receiver: str) -> None:
        self._connection = connection
        self._receiver = receiver

    def places(self) -> tuple[int, int]:
        """The positions that were sent, and that were surely read."""
        found = self._connection.run(_SQL["delivery"], {"receiver": self._receiver})
        return (found[0][0], found[0][1]) if found else (0, 0)

    def save(self, sent: int, clean: int) -> None:
        """Remember both."""
        self._connection.run(_SQL["set_delivery"], {"receiver": self._receiver, "sent": sent, "clean": clean})

    def after(self, position: int, limit: int) -> list[QueuedEvent]:
        """The next events after a position."""
        found = self._connection.run(_SQL["sealed"], {"position": position, "limit": limit})
        return [QueuedEvent(row[0], decode_event(row[4])) for row in found if row[4] is not None]

    def rewound(self, position: int, seconds: int) -> int:
        """The position from which to send again so that what was recorded so many seconds earlier is sent too."""
        if not position:
            return 0
        found = self._connection.run(_SQL["rewound"], {"position": position, "seconds": seconds})
        return int(found[0][0])


@contextmanager
def delivery_queue(pool: Pool, receiver: str) -> Iterator[DeliveryQueue | None]:
    """The queue of a receiver while this process holds it; None while another does."""
    with _exclusive(pool, _DELIVERY_LOCK, zlib.crc32(receiver.encode()) & 0x7FFF_FFFF) as connection:
        yield None if connection is None else DeliveryQueue(connection, receiver)


@contextmanager
def sealer(pool: Pool) -> Iterator[Sealer | None]:
    """The sealer while this process holds it; None while another does."""
    with _exclusive(pool, _SEALER_LOCK, 0) as connection:
        yield None if connection is None else Sealer(connection)


@contextmanager
def _exclusive(pool: Pool, kind: int, number: int) -> Iterator[Connection | None]:
    """A connection with an advisory lock: it ends with the block, or with the process."""
    with dedicated(pool) as connection:
        (row,) = connection.execute("SELECT pg_try_advisory_lock(%s, %s)", (kind, number)).fetchall()
        try:
            yield connection if row[0] else None
        finally:
            if row[0]:
                with suppress(psycopg.Error):  # a lost connection has lost the lock
                    connection.execute("SELECT pg_advisory_unlock(%s, %s)", (kind, number))
