"""`xds db migrate`: what it says, and with which exit code, on databases in every state."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests.conftest import free_port
from xds.store import migrate

from .conftest import Run

MIGRATIONS = Path(__file__).parents[2] / "xds" / "store" / "migrations"


@pytest.fixture
def empty(database: str) -> str:
    """DSN of a database without a table."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    return database


@pytest.fixture
def stranger(postgres: str, empty: str) -> Iterator[str]:
    """The same database, as a role that may not make tables."""
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("CREATE ROLE xds_test_stranger LOGIN")
        with psycopg.connect(empty, autocommit=True) as owner:
            owner.execute("GRANT USAGE ON SCHEMA public TO xds_test_stranger")
        yield make_conninfo(empty, user="xds_test_stranger")
        with psycopg.connect(empty, autocommit=True) as owner:
            owner.execute("DROP OWNED BY xds_test_stranger")
        connection.execute("DROP ROLE xds_test_stranger")


def test_it_applies_once(empty: str, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDS_DATABASE_URL", raising=False)
    first = run("db", "migrate", "--dsn", empty)
    assert first.exit_code == 0, first.stderr
    names = first.stdout.splitlines()
    assert names[0] == "applied 0001_pre_registry"
    assert all(line.startswith("applied ") for line in names)
    with psycopg.connect(empty) as connection:
        rows = connection.execute("SELECT name FROM schema_migration ORDER BY number").fetchall()
    assert [f"applied {name}" for (name,) in rows] == names
    second = run("db", "migrate", "--dsn", empty)
    assert (second.exit_code, second.stdout) == (0, "the schema is current\n")


def test_what_is_missing_of_an_old_schema_is_applied(
    empty: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A schema that stopped at the first migration, as an interrupted upgrade leaves it."""
    shutil.copy(MIGRATIONS / "0001_pre_registry.sql", tmp_path)
    migrate(empty, tmp_path)
    every = sorted(item.stem for item in MIGRATIONS.glob("*.sql"))
    monkeypatch.setenv("XDS_DATABASE_URL", empty)
    result = run("db", "migrate")
    assert (result.exit_code, result.stdout.splitlines()) == (0, [f"applied {name}" for name in every[1:]])


def test_the_environment_wins_over_the_settings_file(
    database: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "xds.toml"
    config.write_text(f'[store]\ndsn = "{database}"\n', "utf-8")
    monkeypatch.delenv("XDS_DATABASE_URL", raising=False)
    assert run("db", "migrate", "--config", config).stdout == "the schema is current\n"
    monkeypatch.setenv("XDS_DATABASE_URL", f"postgresql://127.0.0.1:{free_port()}/xds")
    assert run("db", "migrate", "--config", config).exit_code == 3


def test_a_role_without_the_right(stranger: str, run: Run) -> None:
    result = run("db", "migrate", "--dsn", stranger)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        "xds: this database role may not change the schema; run `xds db migrate` once as its owner\n"
    )


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (
            "INSERT INTO schema_migration (number, name, sha256) VALUES (9999, '9999_pre_later', 'x')",
            "xds: the schema is at migration 9999, newer than this version of xds knows",
        ),
        (
            "UPDATE schema_migration SET sha256 = 'x' WHERE number = 1",
            "xds: migration 0001_pre_registry was changed",
        ),
    ],
    ids=["newer", "changed"],
)
def test_a_schema_that_does_not_fit(statement: str, said: str, database: str, run: Run) -> None:
    with psycopg.connect(database) as connection:
        connection.execute(statement)
    result = run("db", "migrate", "--dsn", database)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(said)
    assert len(result.stderr.splitlines()) == 1


def closed() -> str:
    return f"postgresql://127.0.0.1:{free_port()}/xds"


@pytest.mark.parametrize(
    "dsn",
    [closed, lambda: "postgresql://xds.invalid/xds", lambda: "no address"],
    ids=["closed", "unknown", "unreadable"],
)
def test_no_database_there(dsn: Callable[[], str], run: Run) -> None:
    result = run("db", "migrate", "--dsn", dsn())
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr.startswith("xds: the database cannot be reached: ")
    assert len(result.stderr.splitlines()) == 1


def test_no_address_is_usage(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDS_DATABASE_URL", raising=False)
    result = run("db", "migrate")
    assert result.exit_code == 2
    assert "name the database: --dsn, XDS_DATABASE_URL, or --config with store.dsn" in result.stderr


def test_a_settings_file_that_is_wrong(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDS_DATABASE_URL", raising=False)
    config = tmp_path / "xds.toml"
    config.write_text("[store]\ndns = 'x'\n", "utf-8")
    result = run("db", "migrate", "--config", config)
    assert result.exit_code == 1
    assert result.stderr == f"xds: {config}: store.dns is not a setting; did you mean store.dsn?\n"
