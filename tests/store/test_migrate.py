"""Migrations against a real PostgreSQL: order, lock, hash, rights, and a sentence for each thing that is wrong."""

import importlib
import itertools
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from xds.store.access import StoreUnavailable
from xds.store.migrate import SchemaError, migrate, shipped, state

PROJECT = Path(__file__).parents[2]
NUMBERS = itertools.count(1)
MODULE = importlib.import_module("xds.store.migrate")  # its name in the package is the function's


@pytest.fixture
def empty(postgres: str) -> Iterator[str]:
    """DSN of a database without any table."""
    name = f"xds_migrate_{os.getpid()}_{next(NUMBERS)}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} STRATEGY file_copy")
        yield make_conninfo(postgres, dbname=name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two migrations, the second of which needs the first."""
    (tmp_path / "0001_pre_first.sql").write_text(
        "CREATE TABLE first (n integer); CREATE TABLE other ()", "utf-8"
    )
    (tmp_path / "0002_post_second.sql").write_text("INSERT INTO first VALUES (2)", "utf-8")
    (tmp_path / "README.md").write_text("no migration", "utf-8")
    return tmp_path


@pytest.fixture
def as_role(empty: str) -> Iterator[Callable[[], str]]:
    """DSN of the empty database for a role that may read what it is given, and make nothing."""
    role = f"xds_reader_{os.getpid()}"
    with psycopg.connect(empty, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {role}")

        def dsn() -> str:
            connection.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
            return make_conninfo(empty, options=f"-c role={role}")

        yield dsn
        connection.execute(f"DROP OWNED BY {role}")
        connection.execute(f"DROP ROLE {role}")


def rows(dsn: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(dsn) as connection:
        return connection.execute(query).fetchall()


def tables(dsn: str) -> set[object]:
    return {name for (name,) in rows(dsn, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}


def test_an_empty_database_gets_the_shipped_schema(empty: str) -> None:
    names = sorted(path.stem for path in PROJECT.joinpath("xds", "store", "migrations").glob("*.sql"))
    before = state(empty)
    assert (before.current, before.needed, before.is_current) == (0, len(names), False)
    assert tables(empty) == set()  # to look changes nothing
    assert migrate(empty) == names
    assert {"document_entry", "repository_document", "schema_migration"} <= tables(empty)
    assert state(empty).is_current
    assert migrate(empty) == []


def test_in_order_and_remembered(empty: str, folder: Path) -> None:
    assert migrate(empty, folder) == ["0001_pre_first", "0002_post_second"]
    assert rows(empty, "SELECT n FROM first") == [(2,)]
    remembered = rows(empty, "SELECT number, name, sha256 FROM schema_migration ORDER BY number")
    assert remembered == [
        (number, name, sha256((folder / f"{name}.sql").read_bytes()).hexdigest())
        for number, name in ((1, "0001_pre_first"), (2, "0002_post_second"))
    ]
    assert rows(
        empty, "SELECT count(*) FROM schema_migration WHERE applied_at > now() - interval '1 minute'"
    ) == [(2,)]


def test_only_what_is_new_is_applied(empty: str, folder: Path) -> None:
    migrate(empty, folder)
    (folder / "0003_pre_third.sql").write_text("CREATE TABLE third ()", "utf-8")
    assert (state(empty, folder).current, state(empty, folder).needed) == (2, 3)
    assert migrate(empty, folder) == ["0003_pre_third"]
    assert rows(empty, "SELECT n FROM first") == [(2,)]


def test_a_migration_that_fails_is_undone_whole(empty: str, folder: Path) -> None:
    second = folder / "0002_post_second.sql"
    second.write_text("CREATE TABLE half (); SELECT 1 / 0", "utf-8")
    with pytest.raises(
        SchemaError, match=r"^migration 0002_post_second failed and was undone: division by zero$"
    ):
        migrate(empty, folder)
    assert tables(empty) == {"schema_migration", "first", "other"}
    assert state(empty, folder).current == 1
    second.write_text("CREATE TABLE half ()", "utf-8")
    assert migrate(empty, folder) == ["0002_post_second"]


def test_a_full_disk_is_no_lost_connection(empty: str, folder: Path) -> None:
    """PostgreSQL's class for it is the one of connections that failed."""
    raising = "RAISE EXCEPTION USING ERRCODE = 'disk_full', MESSAGE = 'could not extend file'"
    (folder / "0002_post_second.sql").write_text(f"DO $$ BEGIN {raising}; END $$", "utf-8")
    with pytest.raises(SchemaError, match="0002_post_second failed and was undone: could not extend file"):
        migrate(empty, folder)
    (folder / "0002_post_second.sql").write_text("SELECT pg_terminate_backend(pg_backend_pid())", "utf-8")
    with pytest.raises(StoreUnavailable, match="the database cannot be reached: terminating connection"):
        migrate(empty, folder)


def test_a_migration_that_cannot_be_remembered_is_undone(empty: str, folder: Path) -> None:
    (folder / "0002_post_second.sql").write_text(
        "CREATE TABLE half (); ALTER TABLE schema_migration RENAME TO taken_away", "utf-8"
    )
    with pytest.raises(SchemaError, match="migration 0002_post_second failed and was undone"):
        migrate(empty, folder)
    assert tables(empty) == {"schema_migration", "first", "other"}


def test_a_migration_that_was_edited_is_refused(empty: str, folder: Path) -> None:
    migrate(empty, folder)
    (folder / "0001_pre_first.sql").write_text("CREATE TABLE first (n bigint)", "utf-8")
    (folder / "0003_pre_third.sql").write_text("CREATE TABLE third ()", "utf-8")
    with pytest.raises(SchemaError, match="migration 0001_pre_first was changed after it was applied"):
        migrate(empty, folder)
    assert "third" not in tables(empty)


def test_a_newer_schema_is_refused(empty: str, folder: Path) -> None:
    migrate(empty, folder)
    (folder / "0002_post_second.sql").unlink()
    with pytest.raises(SchemaError, match=r"at migration 2, newer than this version of xds knows \(1\)"):
        migrate(empty, folder)
    found = state(empty, folder)
    assert (found.current, found.needed, found.is_current) == (2, 1, False)


def test_a_role_that_may_change_nothing_works_with_a_current_schema(
    empty: str, folder: Path, as_role: Callable[[], str]
) -> None:
    migrate(empty, folder)
    assert migrate(as_role(), folder) == []
    assert state(as_role(), folder).is_current


def test_a_role_that_may_change_nothing_is_told_of_an_old_schema(
    empty: str, folder: Path, as_role: Callable[[], str]
) -> None:
    sentence = r"^this database role may not change the schema; run `xds db migrate` once as its owner$"
    with pytest.raises(SchemaError, match=sentence):
        migrate(as_role(), folder)
    migrate(empty, folder)
    (folder / "0003_pre_third.sql").write_text("ALTER TABLE first ADD COLUMN m integer", "utf-8")
    with pytest.raises(SchemaError, match=sentence):
        migrate(as_role(), folder)
    assert state(empty, folder).current == 2


def test_a_standby_is_named_when_the_schema_is_old(empty: str, folder: Path) -> None:
    standby = make_conninfo(empty, options="-c default_transaction_read_only=on")
    with pytest.raises(SchemaError, match="read-only"):
        migrate(standby, folder)
    migrate(empty, folder)
    assert migrate(standby, folder) == []
    (folder / "0003_pre_third.sql").write_text("CREATE TABLE third ()", "utf-8")
    with pytest.raises(SchemaError, match="read-only"):
        migrate(standby, folder)


def test_two_processes_at_once(empty: str, folder: Path) -> None:
    """Both wait for a lock that the test holds, then go at the same moment: one applies, one finds it done."""
    program = (
        "import sys; from pathlib import Path; from xds.store.migrate import migrate\n"
        "print(*migrate(sys.argv[1], Path(sys.argv[2])))"
    )
    waiting = (
        "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database"
        " WHERE locktype = 'advisory' AND NOT granted AND datname = %s"
    )
    with psycopg.connect(empty, autocommit=True) as holder:
        holder.execute("SELECT pg_advisory_lock(%s)", (MODULE._LOCK,))
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", program, empty, str(folder)],
                cwd=PROJECT,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for _ in range(2)
        ]
        deadline = time.monotonic() + 60
        while holder.execute(waiting, (conninfo_to_dict(empty)["dbname"],)).fetchone() != (2,):
            assert time.monotonic() < deadline
            assert [process.poll() for process in processes] == [None, None]
            time.sleep(0.02)
        assert tables(empty) == set()
    results = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], results
    assert sorted(out.strip() for out, _ in results) == ["", "0001_pre_first 0002_post_second"]
    assert rows(empty, "SELECT n FROM first") == [(2,)]


def test_a_roles_limit_for_requests_does_not_stop_a_migration(empty: str, folder: Path) -> None:
    (folder / "0002_post_second.sql").write_text("SELECT pg_sleep(0.4)", "utf-8")
    hurried = make_conninfo(empty, options="-c statement_timeout=100 -c lock_timeout=100")
    with pytest.raises(psycopg.errors.QueryCanceled):
        rows(hurried, "SELECT pg_sleep(0.4)")
    assert migrate(hurried, folder) == ["0001_pre_first", "0002_post_second"]


def test_an_older_server_is_refused(empty: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No server older than 15 is at hand: the line is moved above the one that is."""
    monkeypatch.setattr(MODULE, "_SERVER_LEAST", 990_000)
    for look in (migrate, state):
        with pytest.raises(SchemaError, match=r"^PostgreSQL 15 or newer is needed; the server is \d\d$"):
            look(empty, folder)
    assert tables(empty) == set()


def test_a_database_that_cannot_keep_every_name_is_refused(postgres: str, folder: Path) -> None:
    name = f"xds_ascii_{os.getpid()}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(
            f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE_PROVIDER libc LOCALE 'C'"
        )
        try:
            with pytest.raises(
                SchemaError, match="keeps text in SQL_ASCII, and names need UTF8; create one with"
            ):
                migrate(make_conninfo(postgres, dbname=name), folder)
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.parametrize("name", ["0002_pre_again.sql", "0004_pre_gap.sql", "0000_pre_nought.sql"])
def test_numbers_have_no_gap_and_no_double(folder: Path, name: str) -> None:
    assert [item.number for item in shipped(folder)] == [1, 2]
    (folder / name).write_text("SELECT 1", "utf-8")
    with pytest.raises(SchemaError, match="not numbered 1, 2, 3"):
        shipped(folder)


def test_a_database_that_is_away_is_unavailable(tmp_path: Path, folder: Path) -> None:
    for look in (migrate, state):
        with pytest.raises(StoreUnavailable, match=r"^the database cannot be reached: [^\n]+$"):
            look(f"host={tmp_path} dbname=xds", folder)


@pytest.mark.parametrize(
    "dsn", ["secret-word", "postgresql:/xds:secret-word@db", "host=db passwort=secret-word"]
)
def test_an_address_that_is_none_is_not_quoted(dsn: str, folder: Path) -> None:
    with pytest.raises(StoreUnavailable, match="not a libpq URL or keywords") as caught:
        migrate(dsn, folder)
    assert "secret-word" not in str(caught.value)
