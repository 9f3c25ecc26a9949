"""Whether a submission is registered is answered for good: one that is being committed is waited for."""

import threading
from collections.abc import Callable
from contextlib import closing

import psycopg
import pytest

from tests.samples import builders
from tests.store.registries import House
from xds.model import new_uuid_urn
from xds.store import Pool, StoreBusy, SubmissionStore, open_pool


def test_what_is_registered_is_known(pool: Pool) -> None:
    entry = builders.document_entry(entry_uuid=new_uuid_urn())
    made = builders.submission(entry)
    assert House.on(pool, unknown_patients="accept").register(made).is_success
    store = SubmissionStore(pool)
    assert store.knows(entry.entry_uuid)
    other = new_uuid_urn()
    assert [store.knows(other) for _ in range(3)] == [False] * 3  # to ask leaves nothing behind


@pytest.mark.parametrize("commits", [True, False])
def test_a_registration_under_way_is_waited_for(pool: Pool, database: str, commits: bool) -> None:
    """Its process sent COMMIT and is gone: to say no now and have it take effect a moment later would be wrong."""
    uuid, store, found = new_uuid_urn(), SubmissionStore(pool), []
    with psycopg.connect(database) as other:
        other.execute("INSERT INTO object_locator VALUES (%s, 1, 'S')", (uuid.removeprefix("urn:uuid:"),))
        asking = threading.Thread(target=lambda: found.append(store.knows(uuid)))
        asking.start()
        _wait(lambda: _waiting(database))
        assert found == []
        other.commit() if commits else other.rollback()
    asking.join(10)
    assert found == [commits]


def test_one_that_takes_too_long_is_busy(database: str) -> None:
    uuid = new_uuid_urn()
    with (
        closing(open_pool(database, size=1, statement_timeout=0.2, idle_in_transaction_timeout=5)) as pool,
        psycopg.connect(database) as other,
    ):
        other.execute("INSERT INTO object_locator VALUES (%s, 1, 'S')", (uuid.removeprefix("urn:uuid:"),))
        with pytest.raises(StoreBusy):
            SubmissionStore(pool).knows(uuid)


def _waiting(database: str) -> bool:
    with psycopg.connect(database) as connection:
        row = connection.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone()
    return bool(row and row[0])


def _wait(what: Callable[[], bool]) -> None:
    for _ in range(1000):
        if what():
            return
        threading.Event().wait(0.01)
    raise AssertionError("did not come true")
