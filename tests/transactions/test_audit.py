"""Every transaction leaves its audit events before its answer leaves: over real HTTP, in a real PostgreSQL."""

from collections.abc import Callable

import psycopg
import pytest

from tests.audit.schema import valid_message
from tests.transactions import samples
from tests.transactions.conftest import Service
from tests.transactions.wire import send, send_mtom
from xds.audit import AuditEvent, audit_message, decode_event


@pytest.fixture
def dsn(new_database: Callable[[], str]) -> str:
    return new_database()


@pytest.fixture
def audited(start: Callable[..., Service], dsn: str) -> Service:
    return start(dsn=dsn)


def events(dsn: str) -> list[AuditEvent]:
    """All transactions' events so far; each makes a valid message."""
    with psycopg.connect(dsn) as connection:
        found = connection.execute("SELECT body FROM audit_event ORDER BY number").fetchall()
    made = [decode_event(row[0]) for row in found]
    for item in made:
        valid_message(audit_message(item))
    return [item for item in made if item.kind[:3] in ("ITI", "RAD")]


def told(dsn: str) -> list[tuple[str, int]]:
    return [(item.kind, item.outcome) for item in events(dsn)]


def test_publish_query_retrieve(audited: Service, dsn: str) -> None:
    patient = samples.fresh_patient()
    entry = samples.entry(patient)
    made = samples.submission(entry)
    body, parts = samples.provide_body(samples.provided(made), {entry.entry_uuid: b"content"})
    assert send_mtom(audited.port, "ITI-41", body, *parts).result == "Success"
    assert send(audited.port, "ITI-18", samples.find_body(patient)).result == "Success"
    wanted = samples.retrieve_body(entry.unique_id or "")
    assert send_mtom(audited.port, "ITI-43", wanted).result == "Success"
    registry, repository, query, retrieval = events(dsn)
    assert (registry.kind, repository.kind) == ("ITI-42 server", "ITI-41 server")
    for item in (registry, repository):
        assert item.patients == (patient,)
        assert item.submission_sets == (made.submission_set.unique_id,)
    assert repository.endpoint == f"{audited.url}/dics/repository"
    assert (repository.peer, repository.process) != ("", "")
    assert query.kind == "ITI-18 server"
    assert query.patients == (patient,)
    assert b"AdhocQueryRequest" in query.query
    assert retrieval.kind == "ITI-43 server"
    assert [item.unique_id for item in retrieval.documents] == [entry.unique_id]
    assert [item.outcome for item in events(dsn)] == [0, 0, 0, 0]


def test_a_refused_registration_is_one_failure(audited: Service, dsn: str) -> None:
    patient = samples.fresh_patient()
    made = samples.submission(samples.entry(patient, hash=None))
    assert send(audited.port, "ITI-42", samples.register_body(made)).result == "Failure"
    (failure,) = events(dsn)
    assert (failure.kind, failure.outcome, failure.patients) == ("ITI-42 server", 4, (patient,))
    assert "XDSRegistryMetadataError" in failure.description


def test_a_partial_retrieval_is_one_success_and_one_failure(audited: Service, dsn: str) -> None:
    entry = samples.entry(samples.fresh_patient())
    body, parts = samples.provide_body(
        samples.provided(samples.submission(entry)), {entry.entry_uuid: b"content"}
    )
    send_mtom(audited.port, "ITI-41", body, *parts)
    missing = samples.fresh_oid()
    answer = send_mtom(audited.port, "ITI-43", samples.retrieve_body(entry.unique_id or "", missing))
    assert answer.result == "PartialSuccess"
    success, failure = events(dsn)[-2:]
    assert (success.outcome, [item.unique_id for item in success.documents]) == (0, [entry.unique_id])
    assert (failure.outcome, [item.unique_id for item in failure.documents]) == (4, [missing])
