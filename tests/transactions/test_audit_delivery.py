"""What is recorded is never lost, and what cannot be recorded does not happen: real processes and sockets."""

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests.audit.collector import Collector
from tests.conftest import free_port
from tests.log.phi import assert_no_phi
from tests.transactions import samples
from tests.transactions.conftest import Service
from tests.transactions.test_audit import events_of
from tests.transactions.wire import send, send_mtom


@pytest.fixture
def dsn(database: str) -> str:
    return database


def told(dsn: str) -> list[tuple[str, int]]:
    return [(item.kind, item.outcome) for item in events_of(dsn) if item.kind[:3] == "ITI"]


@pytest.fixture
def unaudited(dsn: str) -> Iterator[str]:
    """The database of a role that may do everything but add to the audit log."""
    role = f"xds_test_unaudited_{os.getpid()}"
    with psycopg.connect(dsn, autocommit=True) as administrator:
        administrator.execute(f"CREATE ROLE {role} LOGIN")
        administrator.execute(f"GRANT ALL ON SCHEMA public TO {role}")
        administrator.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}")
        administrator.execute(f"GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {role}")
    yield make_conninfo(dsn, user=role)
    with psycopg.connect(dsn, autocommit=True) as administrator:
        administrator.execute(f"DROP OWNED BY {role}")
        administrator.execute(f"DROP ROLE {role}")


def test_without_the_right_to_record_nothing_is_answered_or_changed(
    start: Callable[..., Service], dsn: str, unaudited: str
) -> None:
    service = start(dsn=unaudited)
    patient = samples.fresh_patient()
    entry = samples.entry(patient)
    body, parts = samples.provide_body(
        samples.provided(samples.submission(entry)), {entry.entry_uuid: b"ZZOCTETS"}
    )
    assert send_mtom(service.port, "ITI-41", body, *parts).result == "Success"
    with psycopg.connect(dsn, autocommit=True) as administrator:
        administrator.execute(f"REVOKE INSERT ON audit_event FROM xds_test_unaudited_{os.getpid()}")
    query = send(service.port, "ITI-18", samples.find_body(patient))
    assert (query.result, query.codes) == ("Failure", ["XDSRegistryError"])
    assert b"ExtrinsicObject" not in query.body
    retrieval = send_mtom(service.port, "ITI-43", samples.retrieve_body(entry.unique_id or ""))
    assert (retrieval.result, retrieval.codes) == ("Failure", ["XDSRepositoryError"])
    assert b"ZZOCTETS" not in retrieval.body
    more = samples.submission(samples.entry(patient))
    registration = send(service.port, "ITI-42", samples.register_body(more))
    assert (registration.result, registration.codes) == ("Failure", ["XDSRegistryError"])
    body, parts = samples.provide_body(
        samples.provided(samples.submission(other := samples.entry(patient))), {other.entry_uuid: b"more"}
    )
    assert send_mtom(service.port, "ITI-41", body, *parts).result == "Failure"
    with psycopg.connect(dsn, autocommit=True) as administrator:
        (count,) = administrator.execute("SELECT count(*) FROM document_entry").fetchone() or (None,)
        assert count == 1
        administrator.execute(f"GRANT INSERT ON audit_event TO xds_test_unaudited_{os.getpid()}")
    assert send(service.port, "ITI-18", samples.find_body(patient)).result == "Success"
    eventually(lambda: [outcome for _, outcome in told(dsn)].count(12) >= 3)  # spooled, then loaded


def eventually(holds: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[Collector]:
    folder = tmp_path / "collector"
    folder.mkdir()
    made = Collector(folder)
    yield made
    made.close()


def kill(service: Service) -> None:
    """End every process of a service at once, as a power cut does."""
    pids = [service.process.pid, *service.workers()]
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    service.process.wait(30)


def all_ids(dsn: str) -> list[str]:
    return [item.event_id for item in events_of(dsn)]


def test_killed_between_commit_and_delivery_nothing_is_lost(
    start: Callable[..., Service], dsn: str, collector: Collector, tmp_path: Path
) -> None:
    """The relay and the collector's connections are killed again and again: in the end it has every row."""
    rng = random.Random("audit")  # noqa: S311
    patient = samples.fresh_patient()
    options = {"dsn": dsn, "audit": {"receivers": [collector.settings()]}}
    for _ in range(3):
        service = start(**options)
        for _ in range(6):
            made = samples.submission(samples.entry(patient))
            assert send(service.port, "ITI-42", samples.register_body(made)).result == "Success"
            if rng.random() < 0.3:
                collector.cut()
        time.sleep(rng.random())
        kill(service)  # the last events are committed; whether they were sent nobody knows
    start(**options)
    eventually(lambda: set(all_ids(dsn)) == set(collector.ids), 60)
    assert told(dsn).count(("ITI-42 server", 0)) == 18


def test_a_registration_at_another_registry_is_recorded_by_both(
    start: Callable[..., Service], new_database: Callable[[], str], dsn: str
) -> None:
    of_registry = new_database()
    registry = start(dsn=of_registry, server={"roles": ["registry"]})
    repository = start(
        dsn=dsn,
        server={"roles": ["repository"], "port": free_port()},
        repository={"registry_url": f"{registry.url}/dics/registry"},
    )
    entry = samples.entry(samples.fresh_patient())
    made = samples.submission(entry)
    body, parts = samples.provide_body(samples.provided(made), {entry.entry_uuid: b"content"})
    assert send_mtom(repository.port, "ITI-41", body, *parts).result == "Success"
    assert told(of_registry) == [("ITI-42 server", 0)]
    assert told(dsn) == [("ITI-42 client", 0), ("ITI-41 server", 0)]
    (sent, _) = [item for item in events_of(dsn) if item.kind[:3] == "ITI"]
    assert sent.endpoint == f"{registry.url}/dics/registry"
    assert sent.submission_sets == (made.submission_set.unique_id,)


def test_patients_are_in_the_audit_log_and_nowhere_else(
    start: Callable[..., Service], dsn: str, collector: Collector
) -> None:
    secret = "ZZPHI4711"
    service = start(dsn=dsn, audit={"receivers": [collector.settings()]}, log={"level": "debug"})
    patient = f"{secret}^^^&2.999.1.1&ISO"
    made = samples.submission(samples.entry(patient))
    send(service.port, "ITI-42", samples.register_body(made))
    send(service.port, "ITI-18", samples.find_body(patient))
    send(service.port, "ITI-42", samples.register_body(samples.submission(samples.entry(patient, hash=None))))
    eventually(lambda: set(all_ids(dsn)) == set(collector.ids))
    collector.close()
    send(service.port, "ITI-18", samples.find_body(patient))
    eventually(lambda: "audit: receiver not reached" in service.log.read_text("utf-8"))
    assert secret.encode() in b"".join(collector.records)
    assert_no_phi(service.log.read_text("utf-8"), [secret])
    files = [path for path in service.folder.rglob("*") if path.is_file() and "postgresql" not in path.parts]
    for path in files:
        assert secret.encode() not in path.read_bytes(), path.name
