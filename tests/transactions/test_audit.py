"""Every transaction leaves its audit events before its answer leaves: over real HTTP, in a real PostgreSQL."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import psycopg
import pytest

from tests.audit.schema import valid_message
from tests.conftest import free_port
from tests.feeds.messages import adt, feed, merge
from tests.samples import feeds
from tests.transactions import samples
from tests.transactions.conftest import Service, base_settings, merged, running
from tests.transactions.wire import send, send_mtom
from xds.audit import AuditEvent, audit_message, decode_event
from xds.client import RegistryClient
from xds.model import StoredQuery


@dataclass(frozen=True, slots=True)
class Audited:
    """A service, and the events that it recorded since the test began."""

    service: Service
    dsn: str
    began: int
    feed_port: int

    @property
    def port(self) -> int:
        return self.service.port

    def events(self) -> list[AuditEvent]:
        """Events of transactions; each makes a valid message."""
        return [item for item in events_of(self.dsn, self.began) if item.kind[:3] == "ITI"]

    def told(self) -> list[tuple[str, int]]:
        return [(item.kind, item.outcome) for item in self.events()]


def events_of(dsn: str, after: int = 0) -> list[AuditEvent]:
    """What a database has recorded; each makes a valid message."""
    with psycopg.connect(dsn) as connection:
        found = connection.execute(
            "SELECT body FROM audit_event WHERE number > %s ORDER BY number", (after,)
        ).fetchall()
    made = [decode_event(row[0]) for row in found]
    for item in made:
        valid_message(audit_message(item))
    return made


@pytest.fixture(scope="module")
def started(
    new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Service, str, int]]:
    folder, dsn, feed_port = tmp_path_factory.mktemp("audited"), new_database(), free_port()
    changes: dict[str, Any] = {"feeds": {"mllp_port": feed_port}}
    with running(folder, merged(base_settings(dsn, folder), changes)) as service:
        yield service, dsn, feed_port


@pytest.fixture
def audited(started: tuple[Service, str, int]) -> Audited:
    service, dsn, feed_port = started
    with psycopg.connect(dsn) as connection:
        (began,) = connection.execute("SELECT coalesce(max(number), 0) FROM audit_event").fetchone() or (0,)
    return Audited(service, dsn, int(began), feed_port)


def test_publish_query_retrieve(audited: Audited) -> None:
    patient = samples.fresh_patient()
    entry = samples.entry(patient)
    made = samples.submission(entry)
    body, parts = samples.provide_body(samples.provided(made), {entry.entry_uuid: b"content"})
    assert send_mtom(audited.port, "ITI-41", body, *parts).result == "Success"
    assert send(audited.port, "ITI-18", samples.find_body(patient)).result == "Success"
    wanted = samples.retrieve_body(entry.unique_id or "")
    assert send_mtom(audited.port, "ITI-43", wanted).result == "Success"
    registry, repository, query, retrieval = audited.events()
    assert (registry.kind, repository.kind) == ("ITI-42 server", "ITI-41 server")
    for item in (registry, repository):
        assert item.patients == (patient,)
        assert item.submission_sets == (made.submission_set.unique_id,)
    assert repository.endpoint == f"{audited.service.url}/dics/repository"
    assert (repository.peer, repository.process) != ("", "")
    assert query.kind == "ITI-18 server"
    assert query.patients == (patient,)
    assert b"AdhocQueryRequest" in query.query
    assert retrieval.kind == "ITI-43 server"
    assert [item.unique_id for item in retrieval.documents] == [entry.unique_id]
    assert retrieval.patients == (
        patient,
    )  # for a search by patient; the standard's table does not ask for it
    assert [item.outcome for item in audited.events()] == [0, 0, 0, 0]


def test_a_refused_registration_is_one_failure(audited: Audited) -> None:
    patient = samples.fresh_patient()
    made = samples.submission(samples.entry(patient, hash=None))
    assert send(audited.port, "ITI-42", samples.register_body(made)).result == "Failure"
    (failure,) = audited.events()
    assert (failure.kind, failure.outcome, failure.patients) == ("ITI-42 server", 4, (patient,))
    assert "XDSRegistryMetadataError" in failure.description


def test_a_partial_retrieval_is_one_success_and_one_failure(audited: Audited) -> None:
    entry = samples.entry(samples.fresh_patient())
    body, parts = samples.provide_body(
        samples.provided(samples.submission(entry)), {entry.entry_uuid: b"content"}
    )
    send_mtom(audited.port, "ITI-41", body, *parts)
    missing = samples.fresh_oid()
    answer = send_mtom(audited.port, "ITI-43", samples.retrieve_body(entry.unique_id or "", missing))
    assert answer.result == "PartialSuccess"
    success, failure = audited.events()[-2:]
    assert (success.outcome, [item.unique_id for item in success.documents]) == (0, [entry.unique_id])
    assert (failure.outcome, [item.unique_id for item in failure.documents]) == (4, [missing])


def test_removal_is_a_record_for_each_patient(audited: Audited) -> None:
    made = samples.with_uuids(samples.submission(samples.entry(samples.fresh_patient())))
    send(audited.port, "ITI-42", samples.register_body(made))
    assert send(audited.port, "ITI-62", samples.remove_body(*samples.ids_of(made))).result == "Success"
    removal = audited.events()[-1]
    assert (removal.kind, removal.outcome) == ("ITI-62 server", 0)
    assert set(removal.objects) == set(samples.ids_of(made))
    assert removal.patients == (made.submission_set.patient_id,)
    assert send(audited.port, "ITI-62", samples.remove_body(*samples.ids_of(made))).result == "Failure"
    assert audited.told()[-1] == ("ITI-62 server", 4)


def test_removal_of_documents_tells_success_and_failure_apart(audited: Audited) -> None:
    entry = samples.entry(samples.fresh_patient())
    body, parts = samples.provide_body(
        samples.provided(samples.submission(entry)), {entry.entry_uuid: b"content"}
    )
    send_mtom(audited.port, "ITI-41", body, *parts)
    missing, there = samples.fresh_oid(), entry.unique_id or ""
    answer = send_mtom(audited.port, "ITI-86", samples.remove_documents_body(there, missing))
    assert answer.result == "PartialSuccess"
    success, failure = audited.events()[-2:]
    assert (success.outcome, [item.unique_id for item in success.documents]) == (0, [there])
    assert (failure.outcome, [item.unique_id for item in failure.documents]) == (4, [missing])


def for_multiple(*patients: str) -> bytes:
    return samples.query_body(
        StoredQuery.FIND_DOCUMENTS_FOR_MULTIPLE_PATIENTS,
        samples.slot("$XDSDocumentEntryPatientId", *patients),
        samples.slot("$XDSDocumentEntryStatus", samples.APPROVED),
    )


def test_a_query_for_several_patients_is_an_event_for_each(audited: Audited) -> None:
    patients = [samples.fresh_patient() for _ in range(3)]
    assert send(audited.port, "ITI-51", for_multiple(*patients)).result == "Success"
    assert [(item.kind, item.patients) for item in audited.events()] == [
        ("ITI-51 server", (patient,)) for patient in patients
    ]


def test_a_query_by_id_names_whose_the_answer_is(audited: Audited) -> None:
    patient = samples.fresh_patient()
    entry = samples.entry(patient)
    send(audited.port, "ITI-42", samples.register_body(samples.submission(entry)))
    query = samples.query_body(
        StoredQuery.GET_DOCUMENTS, samples.slot("$XDSDocumentEntryUniqueId", entry.unique_id or "")
    )
    assert send(audited.port, "ITI-18", query).result == "Success"
    assert audited.events()[-1].patients == (patient,)


def test_a_repeat_is_an_event_of_its_own(audited: Audited) -> None:
    body = samples.register_body(samples.submission(samples.entry(samples.fresh_patient())))
    for _ in range(2):
        assert send(audited.port, "ITI-42", body, message_id="urn:uuid:repeated").result == "Success"
    assert audited.told() == [("ITI-42 server", 0)] * 2


def test_a_fault_is_a_failure(audited: Audited) -> None:
    answer = send_mtom(audited.port, "ITI-41", b"<x/>")
    assert answer.fault
    # What is dispatched to no transaction has no event: its sender is in the log.
    assert audited.told() == []


def test_patient_feeds(audited: Audited) -> None:
    first, second, unknown = (samples.fresh_patient() for _ in range(3))
    with feed(audited.feed_port) as source:
        for patient in (first, second):
            source.send(adt("A04", pid3=patient))
        source.send(adt("A08", pid3=first))
        source.send(merge(first, second))
        source.send(adt("A08", pid3=first))  # merged away: passed over
        source.send(merge(unknown, second))
    told = audited.events()
    assert [(item.kind, item.action, item.patients, item.outcome) for item in told] == [
        ("ITI-8 server", "C", (first,), 0),
        ("ITI-8 server", "C", (second,), 0),
        ("ITI-8 server", "U", (first,), 0),
        ("ITI-8 server", "D", (first,), 0),
        ("ITI-8 server", "U", (second,), 0),
        ("ITI-8 server", "U", (first,), 0),
        ("ITI-8 server", "D", (unknown,), 4),
        ("ITI-8 server", "U", (second,), 4),
    ]
    assert (told[0].peer_name, told[0].own_name) == ("LAKEVIEW|PIS", "DOMAIN|XDS")
    assert told[0].message_id


def test_a_patient_feed_in_v3(audited: Audited) -> None:
    patient = feeds.patient_id(f"V{free_port()}")
    with RegistryClient(f"{audited.service.url}/dics/registry") as client:
        sent = replace(feeds.feed(), patient_ids=(patient,))
        assert client.feed(sent).is_accepted
    (event,) = audited.events()
    assert (event.kind, event.action, event.outcome) == ("ITI-44 server", "C", 0)
    assert event.patients == (str(patient.as_patient_id()),)


def test_starts_and_stops(start: Callable[..., Service], database: str) -> None:
    start(dsn=database).stop()
    assert [item.kind for item in events_of(database)] == [
        "application start",
        "audit recording started",
        "audit recording stopped",
        "application stop",
    ]
