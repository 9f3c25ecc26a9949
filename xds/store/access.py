"""The way to a connection: what PostgreSQL may fail with becomes three things that a caller can act on."""

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Final, TypeVar, cast

import psycopg
from psycopg import errors, pq
from psycopg.adapt import Transformer
from psycopg.pq.abc import PGresult
from psycopg_pool import ConnectionPool, PoolTimeout

from xds.store.pipeline import exchange

Row = tuple[Any, ...]
Asked = tuple[str, Mapping[str, Any]]
"""A statement and its parameters."""
T = TypeVar("T")

_PLACEHOLDER: Final = re.compile(r"%\(([a-z_0-9]+)\)s")
_DONE: Final = frozenset({pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK})
_PREPARED_MOST: Final = 500
"""Statements that one connection keeps prepared; filters of queries and sizes of submissions make them many."""
_BINARY: Final = 1
_ATTEMPTS: Final = 4
_NONE: Final[Mapping[str, Any]] = {}


class Connection(psycopg.Connection[Row]):
    """A connection that also runs statements on the straightest way."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._names: dict[str, bytes] = {}
        self._opens = False  # a transaction, with the next statement
        self._deferred: list[Asked] = []
        self._unused = itertools.count()
        self._rows = Transformer(self)

    def run(self, statement: str, parameters: Mapping[str, Any] = _NONE) -> list[Row]:
        """Run a statement of ours, prepared once per connection, and return its rows.

        A cursor looks at each value's type at each call: 80 µs a statement of the processor, against 25 here
        (docs/performance.md). In return every parameter is sent as text, so the statement has to leave no
        doubt about its type (a cast, or a column compared with it), and rows come in binary form: the type
        "char" as octets, everything else as a cursor gives it.

        Parameters
        ----------
        parameters
            None, int, str, bytes, and lists of them.

        Raises
        ------
        psycopg.Error
            As a cursor raises.
        """
        # psycopg's signature forgets that a value may be None, SQL's NULL.
        values: Any
        if self._opens or self._deferred:
            return self.run_together([(statement, parameters)])[0]
        name, values = self._ready(statement, parameters)
        return self._loaded(self.pgconn.exec_prepared(name, values, None, _BINARY))

    def run_together(self, asked: Sequence[Asked]) -> list[list[Row]]:
        """Run statements that do not need each other's rows in one exchange, and return the rows of each.

        Raises
        ------
        psycopg.Error
            Of the first that failed; those after it were not run.
        """
        if not asked:
            return []
        first: list[Asked] = [("BEGIN", _NONE)] if self._opens else []
        first += self._deferred
        ready = [self._ready(*each) for each in (*first, *asked)]
        self._opens = False
        self._deferred = []
        return [self._loaded(result) for result in exchange(self.pgconn, ready)][len(first) :]

    def defer(self, asked: Iterable[Asked]) -> None:
        """Run statements of a block whose rows nobody wants in the next exchange, that of COMMIT at the latest."""
        self._deferred += asked

    @contextmanager
    def block(self) -> Iterator[None]:
        """A transaction: what is run within is committed together, or nothing of it after an exception.

        `psycopg.Rollback` undoes it and goes no further. As `Connection.transaction`, in a third of its time. BEGIN
        goes with the first statement, COMMIT with those that were deferred.
        """
        self._opens = True
        try:
            yield
            if self._deferred:
                self.run_together([("COMMIT", _NONE)])
            elif not self._opens:
                self._checked(self.pgconn.exec_(b"COMMIT"))
        except BaseException as error:
            if not self._opens:
                self.pgconn.exec_(b"ROLLBACK")  # on a connection that is lost there is nothing to undo
            if isinstance(error, psycopg.Rollback):
                return
            raise
        finally:
            self._opens = False
            self._deferred = []

    def _ready(self, statement: str, parameters: Mapping[str, Any]) -> tuple[bytes, list[bytes | None]]:
        """The name of a statement, prepared if it was not yet, and its values."""
        sql, names = _numbered(statement)
        name = self._names.pop(statement, None) or self._new(sql)
        self._names[statement] = name  # the one not used for longest comes first
        return name, [as_text(parameters[key]) for key in names]

    def _loaded(self, result: PGresult) -> list[Row]:
        self._checked(result)
        if not result.ntuples:
            return []
        self._rows.set_pgresult(result)
        return self._rows.load_rows(0, result.ntuples, tuple)

    def _new(self, sql: bytes) -> bytes:
        if len(self._names) >= _PREPARED_MOST:
            oldest = self._names.pop(next(iter(self._names)))
            self._checked(self.pgconn.exec_(b"DEALLOCATE " + oldest))
        name = b"xds_%d" % next(self._unused)
        self._checked(self.pgconn.prepare(name, sql))
        return name

    def _checked(self, result: PGresult) -> PGresult:
        if result.status in _DONE:
            return result
        if result.error_field(pq.DiagnosticField.SQLSTATE) is None:  # not the server's word: it is gone
            raise psycopg.OperationalError(result.get_error_message())
        raise errors.error_from_result(result)


Pool = ConnectionPool[Connection]


class StoreUnavailable(Exception):
    """The metadata store cannot be reached, or went away; what was under way may or may not be committed."""


class StoreBusy(Exception):
    """The metadata store took longer than it may."""


class Conflict(Exception):
    """Another transaction came first; the caller reads the facts again and decides anew."""


@contextmanager
def borrowed(pool: Pool) -> Iterator[Connection]:
    """Borrow a connection of the pool for the block.

    Raises
    ------
    StoreUnavailable, StoreBusy, Conflict
    """
    with _explained():
        connection = pool.getconn()
        try:
            yield connection
        finally:
            pool.putconn(connection)  # undoes what is left open


@contextmanager
def dedicated(pool: Pool) -> Iterator[Connection]:
    """A connection beside those of the pool, for work that holds one as long as the process lives.

    Raises
    ------
    StoreUnavailable, StoreBusy, Conflict
    """
    # `open_pool` gives both as they are, where psycopg_pool would take functions as well.
    conninfo, named = cast(str, pool.conninfo), cast(dict[str, Any], pool.kwargs)
    with _explained(), Connection.connect(conninfo, **named) as connection:
        yield connection


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except (errors.DeadlockDetected, errors.SerializationFailure, errors.UniqueViolation) as error:
        raise Conflict(type(error).__name__) from error
    except (errors.QueryCanceled, errors.IdleInTransactionSessionTimeout, errors.LockNotAvailable) as error:
        raise StoreBusy(type(error).__name__) from error
    except (PoolTimeout, psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise StoreUnavailable(type(error).__name__) from error


def retrying(attempt: Callable[[], T]) -> T:
    """Run an attempt again when another transaction came first (READ COMMITTED, no lost update).

    Raises
    ------
    Conflict
        Others came first each time.
    """
    for _ in range(_ATTEMPTS - 1):
        try:
            return attempt()
        except Conflict:
            continue
    return attempt()


@lru_cache(maxsize=_PREPARED_MOST)
def _numbered(statement: str) -> tuple[bytes, tuple[str, ...]]:
    """A statement as PostgreSQL numbers its parameters, and their names in that order."""
    names: dict[str, int] = {}

    def number(match: re.Match[str]) -> str:
        return f"${names.setdefault(match[1], len(names) + 1)}"

    return _PLACEHOLDER.sub(number, statement).encode(), tuple(names)


def as_text(value: Any) -> bytes | None:
    """A parameter in PostgreSQL's text form.

    Raises
    ------
    psycopg.DataError
        A text holds U+0000, which PostgreSQL cannot keep.
    """
    if isinstance(value, str):
        if "\0" in value:
            raise psycopg.DataError("a text with U+0000 cannot be stored")
        return value.encode()
    if isinstance(value, bytes):
        return b"\\x" + value.hex().encode()
    if isinstance(value, int):
        return b"%d" % value
    if value is None:
        return None
    return b"{" + b",".join([_element(item) for item in value]) + b"}"


def _element(value: Any) -> bytes:
    text = as_text(value)
    if text is None:
        return b"NULL"
    if isinstance(value, int):
        return text
    return b'"' + text.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
