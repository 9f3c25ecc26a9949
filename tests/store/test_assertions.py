"""Assertions that were used, as every process sees them."""

import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from xds.store import AssertionStore, Housekeeping, Pool, open_pool
from xds.store.access import borrowed

ONE, OTHER = b"\1" * 32, b"\2" * 32
SOON = datetime.now(UTC) + timedelta(minutes=10)


@pytest.fixture
def other_pool(database: str) -> Iterator[Pool]:
    """The pool of another process on the same database."""
    with closing(open_pool(database, size=4, statement_timeout=10, idle_in_transaction_timeout=15)) as opened:
        yield opened


def test_an_id_keeps_its_content(pool: Pool, other_pool: Pool) -> None:
    here, there = AssertionStore(pool), AssertionStore(other_pool)
    assert here.use("i", "_1", ONE, until=SOON, one_time=False)
    assert there.use("i", "_1", ONE, until=SOON, one_time=False)
    assert not there.use("i", "_1", OTHER, until=SOON, one_time=False)
    assert there.use("i2", "_1", OTHER, until=SOON, one_time=False)
    assert there.use("i", "_2", OTHER, until=SOON, one_time=False)


def test_issuer_and_id_do_not_run_together(pool: Pool) -> None:
    store = AssertionStore(pool)
    assert store.use("i_", "1", ONE, until=SOON, one_time=False)
    assert store.use("i", "_1", OTHER, until=SOON, one_time=False)


def test_one_time(pool: Pool, other_pool: Pool) -> None:
    here, there = AssertionStore(pool), AssertionStore(other_pool)
    assert here.use("i", "_1", ONE, until=SOON, one_time=True)
    assert not there.use("i", "_1", ONE, until=SOON, one_time=True)
    assert not here.use("i", "_1", OTHER, until=SOON, one_time=True)


def test_of_many_at_once_one_is_first(pool: Pool) -> None:
    """Each brings other content under one id: exactly one content is believed."""
    taken: list[int] = []

    def bring(number: int) -> None:
        if AssertionStore(pool).use("i", "_1", bytes([number]) * 32, until=SOON, one_time=False):
            taken.append(number)

    threads = [threading.Thread(target=bring, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 1


def test_what_is_over_is_forgotten_a_day_later(pool: Pool) -> None:
    store, now = AssertionStore(pool), datetime.now(UTC)
    for name, ended in (
        ("old", timedelta(hours=25)),
        ("young", timedelta(hours=23)),
        ("open", -timedelta(1)),
    ):
        store.use("i", name, ONE, until=now - ended, one_time=False)
    Housekeeping(pool).forget_answers()
    with borrowed(pool) as connection:
        assert connection.run("SELECT count(*) FROM assertion_use", {}) == [(2,)]
    assert store.use("i", "old", OTHER, until=SOON, one_time=False)
    assert not store.use("i", "young", OTHER, until=SOON, one_time=False)
