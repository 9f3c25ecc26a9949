"""The pool against a server that goes and comes back, and what its connections are set to."""

import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from xds.store.access import Pool, StoreBusy, StoreUnavailable, borrowed
from xds.store.binaries import locate_binaries
from xds.store.embedded import EmbeddedPostgres
from xds.store.pool import WAIT_SECONDS, open_pool, ping

SIZE = 6


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedPostgres]:
    """A server that these tests may stop."""
    folder = Path(tempfile.mkdtemp(prefix="xds-pool-"))
    folder.chmod(0o755)
    try:
        with EmbeddedPostgres(folder / "postgresql", locate_binaries()) as started:
            yield started
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def full(server: EmbeddedPostgres) -> Iterator[Pool]:
    """A pool whose connections have all been made and lie idle."""
    server.start()
    with closing(
        open_pool(server.dsn, size=SIZE, statement_timeout=10, idle_in_transaction_timeout=10)
    ) as pool:
        at_once(pool)
        assert pool.get_stats()["pool_available"] == SIZE
        yield pool


def at_once(pool: Pool) -> None:
    """Use as many connections at once as the pool may have; every use must succeed."""
    together, failures = threading.Barrier(SIZE), []

    def use() -> None:
        try:
            with borrowed(pool) as connection:
                together.wait(20)
                connection.execute("SELECT 1")
        except Exception as error:
            failures.append(error)
            together.abort()

    threads = [threading.Thread(target=use) for _ in range(SIZE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failures == []


def server_processes(pool: Pool) -> set[int]:
    with borrowed(pool) as connection:
        query = "SELECT pid FROM pg_stat_activity WHERE application_name = 'xds'"
        return {pid for (pid,) in connection.execute(query)}


def test_settings_of_a_session(postgres: str) -> None:
    with (
        closing(open_pool(postgres, size=1, statement_timeout=1.5, idle_in_transaction_timeout=20)) as pool,
        borrowed(pool) as connection,
    ):
        names = ("statement_timeout", "idle_in_transaction_session_timeout", "application_name")
        shown = [connection.execute(f"SHOW {name}").fetchone() for name in names]
        assert shown == [("1500ms",), ("20s",), ("xds",)]
        assert connection.autocommit


def test_a_host_that_dies_silently_is_noticed(postgres: str) -> None:
    """Over TCP; how long the server's own kernel would wait for it is two hours."""
    with (
        closing(open_pool(postgres, size=1, statement_timeout=1, idle_in_transaction_timeout=20)) as pool,
        borrowed(pool) as connection,
    ):
        said = connection.info.get_parameters()
    idle, interval, count = (int(said[f"keepalives_{name}"]) for name in ("idle", "interval", "count"))
    assert idle + interval * count <= 30
    assert 1_000 <= int(said["tcp_user_timeout"]) <= 30_000
    assert int(said["connect_timeout"]) <= WAIT_SECONDS


def test_options_of_the_address_have_the_last_word(postgres: str) -> None:
    dsn = make_conninfo(postgres, options="-c work_mem=7MB -c statement_timeout=9s")
    with (
        closing(open_pool(dsn, size=1, statement_timeout=1, idle_in_transaction_timeout=20)) as pool,
        borrowed(pool) as connection,
    ):
        names = ("work_mem", "statement_timeout", "idle_in_transaction_session_timeout")
        shown = [connection.execute(f"SHOW {name}").fetchone() for name in names]
        assert shown == [("7MB",), ("9s",), ("20s",)]


def test_a_transaction_that_idles_is_ended(postgres: str) -> None:
    with closing(open_pool(postgres, size=1, statement_timeout=5, idle_in_transaction_timeout=0.1)) as pool:
        with pytest.raises(StoreBusy), borrowed(pool) as connection, connection.transaction():
            connection.execute("SELECT 1")
            time.sleep(0.5)
            connection.execute("SELECT 1")
        assert ping(pool)


def test_who_waits_too_long_for_a_connection_is_told(postgres: str) -> None:
    with closing(open_pool(postgres, size=1, statement_timeout=5, idle_in_transaction_timeout=5)) as pool:
        with borrowed(pool):
            begin = time.monotonic()
            with pytest.raises(StoreUnavailable), borrowed(pool):
                pytest.fail("there was a second connection")
            assert WAIT_SECONDS - 0.1 <= time.monotonic() - begin < WAIT_SECONDS + 2
        assert ping(pool)


def test_no_request_fails_after_a_restart_of_the_server(server: EmbeddedPostgres, full: Pool) -> None:
    """Every idle connection is dead then; without the check each would cost a request."""
    before = server_processes(full)
    server.stop()
    server.start()
    for _ in range(2 * SIZE):
        with borrowed(full) as connection:
            connection.execute("SELECT 1")
    at_once(full)
    assert before.isdisjoint(server_processes(full))


def test_requests_at_once_after_a_restart_do_not_fail(server: EmbeddedPostgres, full: Pool) -> None:
    server.stop()
    server.start()
    at_once(full)


def test_a_server_that_is_away_is_told_and_used_again(server: EmbeddedPostgres, full: Pool) -> None:
    server.stop()
    begin = time.monotonic()
    with pytest.raises(StoreUnavailable), borrowed(full):
        pytest.fail("there was a connection")
    assert time.monotonic() - begin < WAIT_SECONDS + 2
    assert not ping(full)
    server.start()
    assert ping(full)
    at_once(full)


def test_one_connection_that_was_ended_costs_no_request_and_no_other(
    server: EmbeddedPostgres, full: Pool
) -> None:
    before = server_processes(full)
    with psycopg.connect(server.dsn, autocommit=True) as other:
        victim = min(before)
        other.execute("SELECT pg_terminate_backend(%s, 5000)", (victim,))
    for _ in range(2 * SIZE):
        with borrowed(full) as connection:
            connection.execute("SELECT 1")
    at_once(full)
    after = server_processes(full)
    assert victim not in after
    assert before - {victim} <= after


def test_a_pool_opens_while_the_server_is_away(tmp_path: Path) -> None:
    begin = time.monotonic()
    with closing(
        open_pool(f"host={tmp_path} dbname=xds", size=2, statement_timeout=5, idle_in_transaction_timeout=5)
    ) as pool:
        assert time.monotonic() - begin < 1
        assert not ping(pool)


def test_a_closed_pool_is_unavailable_and_leaves_no_thread(postgres: str) -> None:
    before = set(threading.enumerate())
    pool = open_pool(postgres, size=2, statement_timeout=5, idle_in_transaction_timeout=5)
    assert ping(pool)
    pool.close()
    assert set(threading.enumerate()) == before
    assert not ping(pool)
    with pytest.raises(StoreUnavailable), borrowed(pool):
        pytest.fail("a closed pool gave a connection")
