"""The audit log in PostgreSQL: rows with their change, the spool beside it, the chain, the queues."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from xds.audit import AuditEvent, AuditUnavailable, encode_event, event_time, new_event_id
from xds.audit.spool import Spool
from xds.store import (
    AuditReader,
    Outbox,
    Pool,
    delivery_queue,
    hash_at,
    open_pool,
    sealer,
    verify,
)
from xds.store.access import borrowed
from xds.store.audit import record


def event(number: int = 0, **facts: object) -> AuditEvent:
    made = AuditEvent(
        kind="ITI-18 server", event_id=new_event_id(), time=event_time(), description=str(number)
    )
    return replace(made, **facts)  # type: ignore[arg-type]


@pytest.fixture
def outbox(pool: Pool, tmp_path: Path) -> Outbox:
    return Outbox(pool, Spool(tmp_path / "audit"))


def seal(pool: Pool) -> int:
    with sealer(pool) as mine:
        assert mine is not None
        return mine.seal()


def sealed(pool: Pool, receiver: str = "r") -> list[str]:
    with delivery_queue(pool, receiver) as queue:
        assert queue is not None
        return [item.event.event_id for item in queue.after(0, 10_000)]


def test_events_come_with_their_transaction_or_not_at_all(pool: Pool) -> None:
    kept, lost = event(1), event(2)
    with borrowed(pool) as connection:
        with connection.block():
            record(connection, [kept])
        with connection.block():
            record(connection, [lost])
            raise psycopg.Rollback
    assert list(AuditReader(pool).events()) == [kept]


def test_the_chain_holds_and_shows_what_was_done_to_it(pool: Pool, outbox: Outbox, database: str) -> None:
    events = [event(number) for number in range(20)]
    for item in events:
        outbox.keep([item])
    assert seal(pool) == 20
    assert seal(pool) == 0
    sound = verify(pool)
    assert (sound.links, sound.position, sound.unsealed, sound.faults) == (20, 20, 0, ())
    assert hash_at(pool, 20) == sound.hash
    assert hash_at(pool, 21) is None
    with psycopg.connect(database, autocommit=True) as administrator:
        administrator.execute("UPDATE audit_event SET body = body || ' ' WHERE number = 5")
        administrator.execute("DELETE FROM audit_event WHERE number = 9")
        administrator.execute("DELETE FROM audit_seal WHERE position = 14")
    assert [item.position for item in verify(pool).faults] == [5, 9, 14]


def test_a_cut_off_end_is_seen_when_a_receiver_had_more(pool: Pool, outbox: Outbox, database: str) -> None:
    outbox.keep([event(1), event(2)])
    seal(pool)
    with delivery_queue(pool, "r") as queue:
        assert queue is not None
        queue.save(2, 2)
    with psycopg.connect(database, autocommit=True) as administrator:
        administrator.execute("DELETE FROM audit_seal WHERE position = 2")
        administrator.execute("DELETE FROM audit_event WHERE number = 2")
    assert [item.position for item in verify(pool).faults] == [2]


def test_a_transaction_that_commits_late_is_sealed_late(pool: Pool, outbox: Outbox) -> None:
    """Its number is smaller than that of others which were sealed meanwhile: it is neither lost nor seen too early."""
    first, late, second, third = (event(number) for number in range(4))
    outbox.keep([first])
    with borrowed(pool) as connection, connection.block():
        record(connection, [late])
        outbox.keep([second])
        seal(pool)
        assert seal(pool) == 0
        assert sealed(pool) == [first.event_id]  # second may not overtake: it is younger than what is open
    seal(pool)
    outbox.keep([third])
    for _ in range(3):
        seal(pool)
    assert sealed(pool) == [item.event_id for item in (first, late, second, third)]
    assert verify(pool).faults == ()


def test_many_writers_and_a_sealer_lose_nothing(pool: Pool, outbox: Outbox) -> None:
    made: list[str] = []

    def write(number: int) -> None:
        for _ in range(30):
            item = event(number)
            with borrowed(pool) as connection, connection.block():
                record(connection, [item])
                if number == 3 and len(made) % 3 == 0:
                    raise psycopg.Rollback
                made.append(item.event_id)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(3)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        seal(pool)
    seal(pool)
    assert sorted(sealed(pool)) == sorted(made)
    assert verify(pool).faults == ()


def test_one_seals_at_a_time(pool: Pool) -> None:
    with sealer(pool) as mine, sealer(pool) as other:
        assert mine is not None
        assert other is None


def test_search_by_time_and_patient(pool: Pool, outbox: Outbox) -> None:
    whose = event(1, patients=("P1^^^&2.999.1.1&ISO",))
    others = event(2, patients=("P2^^^&2.999.1.1&ISO",))
    outbox.keep([whose, others])
    reader = AuditReader(pool)
    for _ in range(2):  # waiting for the sealer, and sealed
        assert list(reader.events(patient="P1^^^&2.999.1.1&ISO")) == [whose]
        seal(pool)
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    assert list(reader.events(since=tomorrow)) == []
    assert list(reader.events(until=tomorrow)) == [whose, others]


def test_queue_goes_on_and_goes_back(pool: Pool, outbox: Outbox) -> None:
    events = [event(number) for number in range(5)]
    outbox.keep(events)
    seal(pool)
    with delivery_queue(pool, "r") as queue:
        assert queue is not None
        assert queue.places() == (0, 0)
        queue.save(4, 3)
        assert queue.places() == (4, 3)
        assert [item.position for item in queue.after(3, 10)] == [4, 5]
        assert queue.rewound(3, 60) == 0
        assert queue.rewound(0, 60) == 0
    (backlog,) = AuditReader(pool).backlog()
    assert (backlog.receiver, backlog.events) == ("r", 1)
    assert 0 <= backlog.oldest_seconds < 60


def test_without_a_store_what_was_refused_is_spooled_and_loaded_once(
    pool: Pool, outbox: Outbox, postgres: str, tmp_path: Path
) -> None:
    nowhere = open_pool(
        make_conninfo(postgres, dbname="no_such_database"),
        size=2, statement_timeout=1, idle_in_transaction_timeout=1,
    )  # fmt: skip
    spool = Spool(tmp_path / "audit")
    away = Outbox(nowhere, spool)
    events = [event(number) for number in range(3)]
    with pytest.raises(AuditUnavailable):
        away.keep(events[:1])
    for item in events:
        away.note([item])
    nowhere.close()
    assert list(AuditReader(pool).events()) == []
    (file,) = spool.taken()
    with borrowed(pool) as connection, connection.block():  # a process that dies between commit and unlink
        connection.execute("INSERT INTO audit_spool (name) VALUES (%s)", (file.name,))
    assert outbox.load() == 0
    assert list(spool.taken()) == []


def test_spooled_events_are_loaded_in_their_order(pool: Pool, outbox: Outbox, tmp_path: Path) -> None:
    events = [event(number) for number in range(4)]
    spool = Spool(tmp_path / "audit")
    spool.append([encode_event(item) for item in events[:2]])
    list(spool.taken())
    spool.append([encode_event(item) for item in events[2:]])
    assert outbox.load() == 4
    assert outbox.load() == 0
    assert list(AuditReader(pool).events()) == events


@pytest.fixture
def reading_only(database: str) -> Iterator[Callable[[], Pool]]:
    """A role that may do everything but add audit events."""
    role = "xds_test_no_audit"
    with psycopg.connect(database, autocommit=True) as administrator:
        found = administrator.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
        if not found:
            administrator.execute(f"CREATE ROLE {role} LOGIN")
        administrator.execute(f"GRANT USAGE ON SCHEMA public TO {role}")
        administrator.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}")
        administrator.execute(f"REVOKE INSERT ON audit_event FROM {role}")
    made = open_pool(
        make_conninfo(database, user=role), size=2, statement_timeout=5, idle_in_transaction_timeout=5
    )
    yield lambda: made
    made.close()


def test_without_the_right_to_add_nothing_is_kept(reading_only: Callable[[], Pool], tmp_path: Path) -> None:
    pool = reading_only()
    with pytest.raises(AuditUnavailable):
        Outbox(pool, Spool(tmp_path)).keep([event()])
    with pytest.raises(AuditUnavailable), borrowed(pool) as connection, connection.block():
        connection.run("INSERT INTO patient (cx) VALUES ('P9^^^&2.999.1.1&ISO')")
        record(connection, [event()])
    with borrowed(pool) as connection:
        assert connection.run("SELECT cx FROM patient") == []


def test_events_of_requests_at_once_are_committed_together_and_none_is_lost(
    pool: Pool, outbox: Outbox
) -> None:
    events = [event(number) for number in range(24)]
    threads = [threading.Thread(target=outbox.keep, args=([each],)) for each in events]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    wanted = {each.event_id for each in events}
    seal(pool)
    assert wanted <= set(sealed(pool))
    assert len(sealed(pool)) == len(set(sealed(pool)))


def test_what_fails_together_is_tried_one_by_one(
    pool: Pool, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One request's events that cannot be kept take nobody else's along."""
    good, bad = event(1), event(2)
    monkeypatch.setattr(
        "xds.store.audit.encode_event", lambda item: b"" if item is bad else encode_event(item)
    )
    with borrowed(pool) as connection:
        connection.run("ALTER TABLE audit_event ADD CONSTRAINT not_empty CHECK (body <> '')")
    try:
        failed: list[BaseException] = []

        def keep(item: AuditEvent) -> None:
            try:
                outbox.keep([item])
            except psycopg.errors.CheckViolation as error:
                failed.append(error)

        threads = [threading.Thread(target=keep, args=(item,)) for item in (bad, good)]
        with outbox._turn:  # both wait, so that one takes the other along
            for thread in threads:
                thread.start()
            while len(outbox._waiting) < 2:
                threading.Event().wait(0.01)
        for thread in threads:
            thread.join(30)
    finally:
        with borrowed(pool) as connection:
            connection.run("ALTER TABLE audit_event DROP CONSTRAINT not_empty")
    assert len(failed) == 1
    seal(pool)
    assert good.event_id in sealed(pool)
