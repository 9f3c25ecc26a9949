"""The audit log's rows: written with the change that they tell of, or in a short transaction of their own."""

import logging
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg import errors

from xds.audit import AuditEvent, AuditUnavailable, encode_event
from xds.audit.spool import Spool, SpoolError
from xds.store.access import Asked, Conflict, Connection, Pool, StoreBusy, StoreUnavailable, borrowed
from xds.store.statements import statements

log = logging.getLogger(__name__)

_SQL = statements("audit")
_REFUSED: Final = (errors.InsufficientPrivilege, errors.UndefinedTable, errors.ReadOnlySqlTransaction)
_NOT_KEPT: Final = (StoreUnavailable, StoreBusy, Conflict, *_REFUSED)


def insertion(events: Sequence[AuditEvent]) -> list[Asked]:
    """The statements that keep events, for `Connection.run_together`."""
    return insertion_of([encode_event(event) for event in events])


def insertion_of(bodies: Sequence[bytes]) -> list[Asked]:
    """The same for events that are encoded already."""
    if not bodies:
        return []
    if len(bodies) == 1:
        return [(_SQL["add_event"], {"body": bodies[0]})]
    return [(_SQL["add_events"], {"bodies": list(bodies)})]


def record(
    connection: Connection, events: Sequence[AuditEvent], *, beside: Sequence[Asked] = ()
) -> list[Any]:
    """Keep events in the transaction that is open, with other statements in the same exchange.

    Returns
    -------
    The rows of each of the other statements.

    Raises
    ------
    AuditUnavailable
        They may not be written: the change must not be, either.
    """
    try:
        return connection.run_together([*beside, *insertion(events)])[: len(beside)]
    except _REFUSED as error:
        raise AuditUnavailable(type(error).__name__) from error


def write_once(dsn: str, events: Sequence[AuditEvent], spool: Spool) -> None:
    """Keep events of a process that has no pool, and no thread yet; here while the store is away.

    Raises
    ------
    AuditUnavailable
    """
    try:
        with Connection.connect(dsn, autocommit=True, connect_timeout=2) as connection:
            connection.run_together(insertion(events))
    except psycopg.Error:
        _spooled(spool, events)


def _spooled(spool: Spool, events: Sequence[AuditEvent]) -> None:
    log.warning("audit events spooled", extra={"events": len(events)})
    try:
        spool.append([encode_event(event) for event in events])
    except SpoolError as error:
        raise AuditUnavailable(str(error)) from error


@dataclass(slots=True)
class _Kept:
    """The events of a request that waits for them to be kept."""

    bodies: list[bytes]
    is_tried: bool = False
    error: Exception | None = None


class Outbox:
    """A `xds.audit.Ledger`: the metadata store, and a spool on this machine for when it is away.

    Parameters
    ----------
    spool
        None for a command, which does nothing without the store.
    """

    def __init__(self, pool: Pool, spool: Spool | None = None) -> None:
        self._pool = pool
        self._spool = spool
        self._waiting: deque[_Kept] = deque()
        self._turn = threading.Lock()

    def keep(self, events: Sequence[AuditEvent]) -> None:
        """Keep events beside the metadata; those of requests that wait at the same time are committed together.

        Raises
        ------
        AuditUnavailable
        """
        mine = _Kept([encode_event(event) for event in events])
        self._waiting.append(mine)
        with self._turn:
            if not mine.is_tried:  # by one whose turn was before ours
                self._commit([mine, *self._others(mine)])
        if isinstance(mine.error, _NOT_KEPT):
            raise AuditUnavailable(type(mine.error).__name__) from mine.error
        if mine.error is not None:
            raise mine.error

    def _others(self, mine: "_Kept") -> Iterator["_Kept"]:
        """Those that wait; whoever has the turn takes them out, and nobody else."""
        while self._waiting:
            if (each := self._waiting.popleft()) is not mine:
                yield each

    def _commit(self, taken: Sequence["_Kept"]) -> None:
        """Keep events of several requests; if they cannot be kept together, those of each by themselves."""
        error: Exception | None = None
        try:
            with borrowed(self._pool) as connection:
                for statement in insertion_of([body for each in taken for body in each.bodies]):
                    connection.run(*statement)
        except Exception as failed:  # each of those who wait is told
            error = failed
        if len(taken) > 1 and error is not None and not isinstance(error, (StoreUnavailable, StoreBusy)):
            for each in taken:
                self._commit([each])
            return
        for each in taken:
            each.is_tried, each.error = True, error

    def note(self, events: Sequence[AuditEvent]) -> None:
        """Keep events of what was refused, here while the metadata store cannot be written.

        Raises
        ------
        AuditUnavailable
        """
        try:
            self.keep(events)
        except AuditUnavailable:
            if self._spool is None:
                raise
            _spooled(self._spool, events)

    def load(self) -> int:
        """Load what was spooled, in its order and once; return how many events that were.

        Raises
        ------
        StoreUnavailable, StoreBusy
            Not now; the files stay.
        """
        count = 0
        for file in () if self._spool is None else self._spool.taken():
            with borrowed(self._pool) as connection, connection.block():
                if connection.run(_SQL["know_spool"], {"name": file.name}):
                    connection.run_together(insertion_of(file.records))
                    count += len(file.records)
            file.remove()
        return count
