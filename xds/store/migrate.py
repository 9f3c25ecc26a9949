"""Numbered SQL migrations, each in a transaction, under a lock, remembered with their hash.

A library (yoyo) was looked at: its own tables, locks and Python steps are more to explain than these lines.
"""

import hashlib
import re
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
CREATE TABLE IF NOT EXISTS schema_migration (
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


def migrate(dsn: str, folder: Traversable | None = None) -> list[str]:
    """Bring the schema to this version; return the names of what was applied.

    Two processes may do so at once: one waits for the other.

    Raises
    ------
    SchemaError
        PostgreSQL older than 15, a schema newer than this version, a migration that was changed after it was
        applied, or no right to change the schema.
    StoreUnavailable
        The database cannot be reached.
    """
    migrations = shipped(folder)
    try:
        with psycopg.connect(dsn, autocommit=True, connect_timeout=10) as connection:
            _check_server(connection)
            connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
            pending = _pending(connection, migrations)
            for item in pending:
                _apply(connection, item)
            return [item.name for item in pending]
    except psycopg.OperationalError as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise StoreUnavailable(f"the database cannot be reached: {reason}") from None


def _check_server(connection: psycopg.Connection[Any]) -> None:
    version = connection.info.server_version
    if version < _SERVER_LEAST:
        raise SchemaError(f"PostgreSQL 15 or newer is needed; the server is {version // 10_000}")


def _pending(connection: psycopg.Connection[Any], migrations: list[Migration]) -> list[Migration]:
    try:
        # Looked for first: the role of a running service may not be allowed to make tables.
        if connection.execute("SELECT to_regclass('schema_migration')").fetchone() == (None,):
            connection.execute(_TABLE)
        applied = dict(connection.execute("SELECT number, sha256 FROM schema_migration").fetchall())
    except psycopg.errors.InsufficientPrivilege:
        raise SchemaError(
            "this database role may not change the schema; run `xds db migrate` once as its owner"
        ) from None
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
    except psycopg.OperationalError:
        raise
    except psycopg.errors.InsufficientPrivilege:
        raise SchemaError(
            "this database role may not change the schema; run `xds db migrate` once as its owner"
        ) from None
    except psycopg.Error as error:
        reason = str(error).splitlines()[0]
        raise SchemaError(f"migration {item.name} failed and was undone: {reason}") from None
