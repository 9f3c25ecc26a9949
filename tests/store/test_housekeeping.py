"""The housekeeper's lock between processes, and answers forgotten after a day."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from xds.store import Housekeeping, Pool, StoreUnavailable, open_pool
from xds.store.access import borrowed

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def other_pool(database: str) -> Iterator[Pool]:
    """The pool of another process on the same database."""
    with closing(open_pool(database, size=4, statement_timeout=10, idle_in_transaction_timeout=15)) as opened:
        yield opened


def test_one_leads_at_a_time(pool: Pool, other_pool: Pool) -> None:
    first, second = Housekeeping(pool), Housekeeping(other_pool)
    with first.lead() as leading:
        assert leading
        with second.lead() as leading_too:
            assert not leading_too
        with first.lead() as twice:  # another connection of the same pool
            assert not twice
    with second.lead() as leading, first.lead() as leading_too:
        assert (leading, leading_too) == (True, False)
    with first.lead() as leading:
        assert leading


def test_the_lock_ends_with_a_block_that_fails(pool: Pool, other_pool: Pool) -> None:
    with pytest.raises(ZeroDivisionError), Housekeeping(pool).lead() as leading:
        assert leading
        raise ZeroDivisionError
    with Housekeeping(other_pool).lead() as leading:
        assert leading


def test_who_does_not_lead_releases_nothing(pool: Pool, other_pool: Pool) -> None:
    first, second = Housekeeping(pool), Housekeeping(other_pool)
    with first.lead():
        with second.lead():
            pass
        with second.lead() as leading:
            assert not leading


def test_the_lock_ends_with_its_connection(database: str, pool: Pool, other_pool: Pool) -> None:
    with pytest.raises(StoreUnavailable), Housekeeping(pool).lead() as leading:
        assert leading
        with psycopg.connect(database, autocommit=True) as administrator:
            holders = administrator.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory'"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            ).fetchall()
        assert holders == [(True,)]
        with Housekeeping(other_pool).lead() as leading_now:
            assert leading_now
    with Housekeeping(pool).lead() as leading:
        assert leading


def test_the_lock_ends_with_its_process(database: str, pool: Pool) -> None:
    program = (
        "import sys, time; from xds.store import Housekeeping, open_pool\n"
        "pool = open_pool(sys.argv[1], size=1, statement_timeout=10, idle_in_transaction_timeout=10)\n"
        "with Housekeeping(pool).lead() as leading:\n"
        "    print(leading, flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", program, database]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=PROJECT) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "True\n"
            with Housekeeping(pool).lead() as leading:
                assert not leading
        finally:
            process.kill()
    with psycopg.connect(database, autocommit=True) as connection:  # the server notices within a moment
        connection.execute("SET lock_timeout = '10s'")
        connection.execute("SELECT pg_advisory_lock(%s)", (0x78_64_73_01,))
        connection.execute("SELECT pg_advisory_unlock(%s)", (0x78_64_73_01,))
    with Housekeeping(pool).lead() as leading:
        assert leading


def test_answers_are_forgotten_after_a_day(pool: Pool) -> None:
    statement = (
        "INSERT INTO replay (message_id, digest, number, answer, created_at) VALUES"
        " (%(id)s, %(octets)s::bytea, 'ITI-42', %(octets)s::bytea, now() - %(age)s::interval)"
    )
    ages = {
        "new": "1 minute",
        "almost": "23 hours 59 minutes",
        "old": "24 hours 1 minute",
        "ancient": "1 year",
    }
    with borrowed(pool) as connection:
        for message_id, age in ages.items():
            connection.run(statement, {"id": message_id, "octets": b"\0", "age": age})
    Housekeeping(pool).forget_answers()
    with borrowed(pool) as connection:
        left = connection.run("SELECT message_id FROM replay ORDER BY created_at", {})
    assert left == [("almost",), ("new",)]
