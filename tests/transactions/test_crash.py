"""A process that dies at any arrow of a submission leaves all of it or nothing, and a repeat is safe."""

import http.client
import os
import signal
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from tests.transactions import samples
from tests.transactions.conftest import Service
from tests.transactions.test_audit import events_of
from tests.transactions.test_iti42 import found
from tests.transactions.wire import Answer, send, send_mtom
from xds.model import AssociationType

REGISTERED_WHEN_DEAD = {"after:register", "before:settle", "after:settle"}
ARROWS = [
    "before:vault.commit",
    "after:vault.commit",
    "before:add_pending",
    "after:add_pending",
    "before:register",
    "after:register",
    "before:settle",
    "after:settle",
]


def states(dsn: str) -> list[str]:
    """The states of all submissions of the repository."""
    with psycopg.connect(dsn) as connection:
        return [row[0] for row in connection.execute("SELECT state FROM repository_submission ORDER BY 1")]


def eventually(what: Callable[[], bool], seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "did not come true"
        time.sleep(0.1)


@pytest.mark.parametrize("arrow", ARROWS)
def test_iti41_dies_at_every_arrow(
    arrow: str, start: Callable[..., Service], database: str, tmp_path: Path
) -> None:
    environment = {"XDS_CRASH_MARK": str(tmp_path / "died")}
    service = start(dsn=database, crash_at=arrow, environment=environment)
    patient = samples.fresh_patient()
    entry = samples.entry(patient)
    content = uuid.uuid4().bytes * 1000
    body, parts = samples.provide_body(
        samples.provided(samples.submission(entry)), {entry.entry_uuid: content}
    )
    message_id = f"urn:uuid:{uuid.uuid4()}"
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        send_mtom(service.port, "ITI-41", body, *parts, message_id=message_id)
    assert (tmp_path / "died").exists()
    eventually(lambda: "pending" not in states(database))
    registered = arrow in REGISTERED_WHEN_DEAD
    assert (entry.unique_id in found(service, patient)) is registered
    # Its own process could not record the end any more: who settles it does.
    told = [(item.kind, item.outcome) for item in events_of(database)]
    assert told.count(("ITI-42 server", 0)) == told.count(("ITI-41 server", 0)) == registered
    assert told.count(("ITI-41 server", 8)) == (not registered and arrow != "before:add_pending")
    got = send_mtom(service.port, "ITI-43", samples.retrieve_body(entry.unique_id or ""))
    assert (got.result == "Success" and content in got.body) is registered
    # The source repeats the very message: it is acknowledged, and there is one entry.
    again: Answer = send_mtom(service.port, "ITI-41", body, *parts, message_id=message_id)
    assert again.result == "Success", again.body
    assert set(found(service, patient)) == {entry.unique_id}
    got = send_mtom(service.port, "ITI-43", samples.retrieve_body(entry.unique_id or ""))
    assert content in got.body


@pytest.mark.parametrize("arrow", ["before:registry", "after:registry"])
def test_iti42_dies_before_and_after_its_commit(
    arrow: str, start: Callable[..., Service], database: str, tmp_path: Path
) -> None:
    environment = {"XDS_CRASH_MARK": str(tmp_path / "died")}
    service = start(dsn=database, crash_at=arrow, environment=environment)
    patient = samples.fresh_patient()
    original = samples.entry(patient)
    made = samples.submission(original)
    body = samples.register_body(made)
    message_id = f"urn:uuid:{uuid.uuid4()}"
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        send(service.port, "ITI-42", body, message_id=message_id)
    assert (original.unique_id in found(service, patient)) is (arrow == "after:registry")
    assert send(service.port, "ITI-42", body, message_id=message_id).result == "Success"
    assert set(found(service, patient)) == {original.unique_id}


def test_a_killed_service_comes_back_with_all_it_acknowledged(
    start: Callable[..., Service], database: str
) -> None:
    """kill -9 of master and workers in the middle of a run of submissions."""
    service = start(dsn=database)
    patient = samples.fresh_patient()
    acknowledged: list[str] = []
    for number in range(12):
        entry = samples.entry(patient)
        made = samples.provided(samples.submission(entry))
        if number % 3 == 2:
            target = found(service, patient)[acknowledged[-1]].entry_uuid
            relation = samples.relation(AssociationType.APND, entry.entry_uuid, target)
            made = samples.with_associations(made, relation)
        body, parts = samples.provide_body(made, {entry.entry_uuid: entry.entry_uuid.encode()})
        assert send_mtom(service.port, "ITI-41", body, *parts).result == "Success"
        acknowledged.append(entry.unique_id or "")
    workers = service.workers()
    service.process.kill()
    for worker in workers:
        with suppress(ProcessLookupError):
            os.kill(worker, signal.SIGKILL)
    service.process.wait()
    again = start(dsn=database, data_dir=str(service.folder / "data"))
    assert set(found(again, patient)) == set(acknowledged)
    got = send_mtom(again.port, "ITI-43", samples.retrieve_body(*acknowledged))
    assert got.result == "Success"
