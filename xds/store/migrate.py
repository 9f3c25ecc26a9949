"""Numbered SQL migrations, each in a transaction, under a lock, remembered with their hash.

A library (yoyo) was looked at: its own tables, locks and Python steps are more to explain than these lines.
"""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Final

import psycopg

from xds.store.access import StoreUnavailable

_NAME = re.compile(r"(\d{4})_(?:pre|post)_([a-z0-9_]+)\.sql")
_LOCK: Final = 0x78_64_73_00
_SERVER_LEAST: Final = 150_000
_TABLE: Final = """
CREATE TABLE schema_migration (
    number      integer PRIMARY KEY,
    name        text NOT NULL,
    sha256      text NOT NULL,
    applied_at  timestamptz NOT NULL DEFAULT now()
)
"""


class SchemaError(Exception):
    """The database and this version of xds do not fit; one sentence that says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One file: ``NNNN_pre_name.sql`` runs before the code that needs it, ``_post_`` after the old is gone."""

    number: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        """Of the file as it is; one that was applied must not change."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def shipped(folder: Traversable | None = None) -> list[Migration]:
    """The migrations of this version in order.

    Raises
    ------
    SchemaError
        A number is missing or there twice.
    """
    source = folder if folder is not None else files("xds.store").joinpath("migrations")
    found = []
    for entry in source.iterdir():
        if (match := _NAME.fullmatch(entry.name)) is not None:
            number, name, sql = int(match[1]), entry.name.removesuffix(".sql"), entry.read_text("utf-8")
            found.append(Migration(number=number, name=name, sql=sql))
    found.sort(key=lambda item: item.number)
    if [item.number for item in found] != list(range(1, len(found) + 1)):
        raise SchemaError("the migrations of this installation are not numbered 1, 2, 3 …; install it anew")
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaState:
    """How far a database is, and how far this version needs it."""

    current: int  # number of the last migration that was applied; 0 for an empty database
    needed: int

    @property
    def is_current(self) -> bool:
        """Whether this version can work with it."""
        return self.current == self.needed


def state(dsn: str, folder: Traversable | None = None) -> SchemaState:
    """Read how far the schema is; nothing is changed.

    Raises
    ------
    SchemaError, StoreUnavailable
        As of `migrate`; a schema that is newer is told, not raised.
    """
    with _connected(dsn) as connection:
        return SchemaState(current=max(_applied(connection) or {}, default=0), needed=len(shipped(folder)))


def migrate(dsn: str, folder: Traversable | None = None) -> list[str]:
    """Bring the schema to this version; return the names of what was applied.

    Two processes may do so at once: one waits for the other.

    Raises
    ------
    SchemaError
        PostgreSQL older than 15 or not in UTF-8, a schema newer than this version, a migration that was changed
        after it was applied or that fails, no right to change the schema, or an address that is none.
    StoreUnavailable
        The database cannot be reached.
    """
    migrations = shipped(folder)
    with _connected(dsn) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        applied = _applied(connection)
        pending = _pending(migrations, applied or {})
        # Only where it is not there: the role of a running service may not be allowed to make tables.
        if applied is None:
            connection.execute(_TABLE)
        for item in pending:
            _apply(connection, item)
        return [item.name for item in pending]


@contextmanager
def _connected(dsn: str) -> Iterator[psycopg.Connection[Any]]:
    try:
        with psycopg.connect(dsn, autocommit=True, connect_timeout=10) as connection:
            if (version := connection.info.server_version) < _SERVER_LEAST:
                raise SchemaError(f"PostgreSQL 15 or newer is needed; the server is {version // 10_000}")
            if (encoding := connection.info.parameter_status("server_encoding")) != "UTF8":
                raise SchemaError(
                    f"the database keeps text in {encoding}, and names need UTF8; create one with ENCODING 'UTF8'"
                )
            # A role's own limits are for requests: an index of ten million rows takes its time, and so does
            # the wait for another process that makes it.
            connection.execute("SET statement_timeout = 0")
            connection.execute("SET lock_timeout = 0")
            yield connection
    except psycopg.OperationalError as error:
        raise StoreUnavailable(f"the database cannot be reached: {_first_line(error)}") from None
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.InvalidSchemaName):
        raise SchemaError(
            "this database role may not change the schema; run `xds db migrate` once as its owner"
        ) from None
    except psycopg.errors.ReadOnlySqlTransaction:
        raise SchemaError(
            "the schema is old and the database is read-only, as a standby is; name the primary server"
        ) from None
    except psycopg.ProgrammingError as error:
        if error.sqlstate is not None:
            raise
        # libpq quotes what it does not understand, which may be a password
        raise StoreUnavailable(
            "the database cannot be reached: its address is not a libpq URL or keywords"
        ) from None


def _applied(connection: psycopg.Connection[Any]) -> dict[int, str] | None:
    """Hash of each applied migration by its number; None where there never was one."""
    if connection.execute("SELECT to_regclass('schema_migration')").fetchone() == (None,):
        return None
    return dict(connection.execute("SELECT number, sha256 FROM schema_migration").fetchall())


def _pending(migrations: list[Migration], applied: dict[int, str]) -> list[Migration]:
    newest = max(applied, default=0)
    if newest > len(migrations):
        raise SchemaError(
            f"the schema is at migration {newest}, newer than this version of xds knows ({len(migrations)});"
            " install the version that made it, or restore the backup from before"
        )
    for item in migrations:
        if applied.get(item.number, item.sha256) != item.sha256:
            raise SchemaError(
                f"migration {item.name} was changed after it was applied; install the version that made the"
                " schema, a migration is never edited"
            )
    return [item for item in migrations if item.number not in applied]


def _apply(connection: psycopg.Connection[Any], item: Migration) -> None:
    try:
        with connection.transaction():
            connection.execute(item.sql)  # our own file
            connection.execute(
                "INSERT INTO schema_migration (number, name, sha256) VALUES (%s, %s, %s)",
                (item.number, item.name, item.sha256),
            )
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction):
        raise  # said for every step by _connected
    except psycopg.Error as error:
        if connection.closed:  # so is this; a full disk is an OperationalError too, and no lost connection
            raise
        raise SchemaError(f"migration {item.name} failed and was undone: {_first_line(error)}") from None


def _first_line(error: psycopg.Error) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
