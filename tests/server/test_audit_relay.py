"""Audit events on their way to receivers: real sockets, mutually authenticated TLS, connections that break."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.audit.collector import Collector, datagrams, event_id_of, message_of
from xds.audit import AuditEvent, event_time, new_event_id
from xds.audit.spool import Spool
from xds.server import audit_relay
from xds.server.audit_relay import RelayThread, SealerThread
from xds.settings import AuditReceiver
from xds.store import Outbox, Pool, delivery_queue


@pytest.fixture(autouse=True)
def _brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_relay, "_BEAT_SECONDS", 0.02)
    monkeypatch.setattr(audit_relay, "_TURN_SECONDS", 0.02)
    monkeypatch.setattr(audit_relay, "_PAUSE_SECONDS", (0.02,))


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[Collector]:
    made = Collector(tmp_path)
    yield made
    made.close()


@pytest.fixture
def outbox(pool: Pool, tmp_path: Path) -> Iterator[Outbox]:
    """With its sealer at work."""
    made = Outbox(pool, Spool(tmp_path / "audit"))
    thread = SealerThread(pool, made)
    thread.start()
    yield made
    thread.stop()
    thread.join(10)


def receiver(collector: Collector, **changes: object) -> AuditReceiver:
    told = {**collector.settings(), **changes}
    paths = {name: Path(str(told[name])) for name in ("ca", "certificate", "key") if told.get(name)}
    return AuditReceiver(**{**told, **paths})  # type: ignore[arg-type]


def events(count: int) -> list[AuditEvent]:
    return [
        AuditEvent(
            kind="ITI-18 server",
            event_id=new_event_id(),
            time=event_time(),
            source="xds",
            host="h",
            process="1",
        )
        for _ in range(count)
    ]


def eventually(holds: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def relayed(pool: Pool) -> Iterator[Callable[[AuditReceiver], RelayThread]]:
    threads: list[RelayThread] = []

    def start(to: AuditReceiver) -> RelayThread:
        thread = RelayThread(pool, to)
        threads.append(thread)
        thread.start()
        return thread

    yield start
    for thread in threads:
        thread.stop()
    for thread in threads:
        thread.join(10)


def places(pool: Pool, name: str = "collector") -> tuple[int, int]:
    with delivery_queue(pool, name) as queue:
        assert queue is not None
        return queue.places()


def test_events_arrive_in_order_and_once(
    pool: Pool, outbox: Outbox, collector: Collector, relayed: Callable[[AuditReceiver], RelayThread]
) -> None:
    sent = [item.event_id for item in events(0)]
    thread = relayed(receiver(collector))
    for batch in (events(150), events(1), events(3)):
        outbox.keep(batch)
        sent += [item.event_id for item in batch]
    eventually(lambda: len(collector.records) >= len(sent))
    assert collector.ids == sent
    assert len(collector.records) == len(sent)
    thread.stop()
    thread.join(10)
    assert places(pool) == (len(sent), len(sent))  # every connection was ended cleanly


def test_one_process_sends_and_another_takes_over(
    outbox: Outbox, collector: Collector, relayed: Callable[[AuditReceiver], RelayThread]
) -> None:
    first, second = relayed(receiver(collector)), relayed(receiver(collector))
    outbox.keep(events(20))
    eventually(lambda: len(collector.records) == 20)
    first.stop()
    first.join(10)
    outbox.keep(events(20))
    eventually(lambda: len(collector.records) == 40)
    assert second.is_alive()


def test_what_a_broken_connection_may_have_lost_is_sent_again(
    outbox: Outbox, collector: Collector, relayed: Callable[[AuditReceiver], RelayThread]
) -> None:
    relayed(receiver(collector))
    sent: list[str] = []
    for _ in range(15):
        batch = events(40)
        outbox.keep(batch)
        sent += [item.event_id for item in batch]
        collector.cut()
    eventually(lambda: set(collector.ids) == set(sent))
    assert collector.ids == sent


def test_a_receiver_that_is_away_gets_everything_when_it_is_back(
    outbox: Outbox, collector: Collector, relayed: Callable[[AuditReceiver], RelayThread], tmp_path: Path
) -> None:
    away = AuditReceiver(name="collector", host="localhost", port=1, ca=collector.folder / "ca.pem")
    thread = relayed(away)
    batch = events(5)
    outbox.keep(batch)
    eventually(lambda: thread._failures > 1)
    thread.stop()
    thread.join(10)
    relayed(receiver(collector))
    eventually(lambda: len(collector.records) == 5)
    assert collector.ids == [item.event_id for item in batch]


@pytest.mark.parametrize("changes", [{"ca": None}, {"certificate": None, "key": None}, {"host": "127.0.0.1"}])
def test_a_receiver_that_is_not_trusted_or_does_not_trust_us_gets_nothing(
    outbox: Outbox,
    collector: Collector,
    relayed: Callable[[AuditReceiver], RelayThread],
    changes: dict[str, object],
) -> None:
    thread = relayed(receiver(collector, **changes))
    outbox.keep(events(3))
    eventually(lambda: thread._failures > 1)
    assert collector.records == []


def test_udp(outbox: Outbox, relayed: Callable[[AuditReceiver], RelayThread]) -> None:
    batch = events(10)
    with datagrams() as (port, got):
        relayed(AuditReceiver(name="udp", host="127.0.0.1", port=port, transport="udp"))
        outbox.keep(batch)
        eventually(lambda: len(got) == 10)
        assert [event_id_of(message_of(record)) for record in got] == [item.event_id for item in batch]
