"""A database that would forget what it acknowledged is no database to start on."""

import shutil
import tempfile
import time
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from xds.store import EmbeddedPostgres, StoreUnavailable, embedded, locate_binaries, unreliable


def test_a_database_as_it_should_be(database: str) -> None:
    assert unreliable(database) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("synchronous_commit", "off"),
        ("synchronous_commit", "local"),
        ("default_transaction_isolation", "serializable"),
        ("default_transaction_read_only", "on"),
    ],
)
def test_what_a_database_is_set_to(database: str, name: str, value: str) -> None:
    whose = sql.Identifier(str(conninfo_to_dict(database)["dbname"]))
    with psycopg.connect(database, autocommit=True) as connection:
        setting = (whose, sql.Identifier(name), sql.Literal(value))
        connection.execute(sql.SQL("ALTER DATABASE {} SET {} = {}").format(*setting))
    (wrong,) = unreliable(database)
    assert wrong.startswith(f"the database has {name} = {value} and needs ")


def test_what_a_server_is_started_with(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("fsync", "off"), ("full_page_writes", "off"), ("data_sync_retry", "on")):
        monkeypatch.setitem(embedded._OPTIONS, name, value)
    folder = Path(tempfile.mkdtemp(prefix="xds-reliance-"))  # which PostgreSQL's user can reach
    folder.chmod(0o755)
    try:
        with EmbeddedPostgres(folder / "postgresql", locate_binaries()) as server:
            found = [wrong.split()[3] for wrong in unreliable(server.dsn)]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    assert found == ["fsync", "full_page_writes", "data_sync_retry"]


def test_clocks_that_disagree(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    there = time.time() - 3600
    monkeypatch.setattr(time, "time", lambda: there)
    (wrong,) = unreliable(database)
    assert wrong.startswith("the clocks of the database and of this machine are 3600 s apart")


def test_a_database_that_is_not_there() -> None:
    with pytest.raises(StoreUnavailable):
        unreliable("host=127.0.0.1 port=1 dbname=xds connect_timeout=2")
