"""After a merge: every object of every answer shows the survivor, updates go on, an unmerge keeps versions together."""

from collections.abc import Callable, Iterator

import psycopg
import pytest

from tests.conftest import free_port
from tests.feeds.messages import adt, code, errors, feed
from tests.samples import builders
from tests.transactions import samples
from tests.transactions.conftest import Service, base_settings, merged, running
from tests.transactions.test_iti64 import foldered
from tests.transactions.wire import send
from xds.ebxml import decode_query_response
from xds.model import PatientRecord, StoredQuery, Submission
from xds.store import PatientStore, Pool, Unassigned, UnusableAssignment, open_pool


@pytest.fixture(scope="module")
def known(
    new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Service, PatientStore]]:
    """A registry that refuses unknown patients, and its patients."""
    folder, dsn = tmp_path_factory.mktemp("known"), new_database()
    pool: Pool = open_pool(dsn, size=2, statement_timeout=10, idle_in_transaction_timeout=10)
    changes = {"registry": {"unknown_patients": "refuse"}}
    with running(folder, merged(base_settings(dsn, folder), changes)) as service:
        yield service, PatientStore(pool)
    pool.close()


def two(patients: PatientStore) -> tuple[str, str]:
    ids = samples.fresh_patient(), samples.fresh_patient()
    for patient in ids:
        patients.admit(PatientRecord(identifiers=(patient,)))
    return ids


def done(service: Service, transaction: str, made: Submission) -> Submission:
    assert send(service.port, transaction, samples.register_body(made)).codes == []
    return made


def everything(service: Service, patient: str) -> Submission:
    """GetAll, Deprecated objects too."""
    status = [
        samples.slot(f"$XDS{kind}Status", samples.APPROVED, samples.DEPRECATED)
        for kind in ("DocumentEntry", "SubmissionSet", "Folder")
    ]
    body = samples.query_body(
        StoredQuery.GET_ALL,
        samples.slot("$patientId", patient, is_list=False),
        *status,
        samples.slot("$MetadataLevel", "2", is_list=False, unquoted=True),
    )
    answer = send(service.port, "ITI-18", body)
    return decode_query_response(answer.elements("AdhocQueryResponse")[0]).objects


def test_every_object_shows_the_survivor(known: tuple[Service, PatientStore]) -> None:
    service, patients = known
    a, b = two(patients)
    for patient in (a, b):
        done(service, "ITI-42", foldered(samples.entry(patient))[0])
    patients.merge(a, b, source="test")
    found = everything(service, b)
    counts = [len(group) for group in (found.submission_sets, found.document_entries, found.folders)]
    assert counts == [2, 2, 2]
    shown = {
        item.patient_id
        for group in (found.submission_sets, found.document_entries, found.folders)
        for item in group
    }
    assert shown == {b}
    # Not altered by a merge (ITI TF-2 3.18.4.1.2.3.9.1).
    assert all(entry.source_patient_id == "MRN-4471^^^&2.999.18.1&ISO" for entry in found.document_entries)
    assert everything(service, a) == Submission(submission_sets=())


def test_a_document_of_the_subsumed_patient_goes_on(known: tuple[Service, PatientStore]) -> None:
    """A new version under the surviving id; an unmerge keeps it with the version before."""
    service, patients = known
    a, b = two(patients)
    first = samples.entry(a)
    done(service, "ITI-42", samples.submission(first))
    patients.merge(a, b, source="test")
    second = samples.entry(
        b,
        unique_id=first.unique_id,
        entry_uuid="Version2",
        logical_id=first.entry_uuid,
        title=builders.text("corrected"),
    )
    done(service, "ITI-57", samples.updating(b, second))
    with pytest.raises(Unassigned) as caught:
        patients.unmerge(a, {}, source="test")
    (added,) = caught.value.plan.added
    with pytest.raises(UnusableAssignment, match="versions"):
        patients.unmerge(a, {added.entry_uuid: b}, source="test")
    patients.unmerge(a, {added.entry_uuid: a}, source="test")
    assert sorted(item.version for item in everything(service, a).document_entries) == [1, 2]
    assert everything(service, b).document_entries == ()


def test_a_feed_without_its_database_is_told_to_come_again(
    start: Callable[..., Service], new_database: Callable[[], str], postgres: str
) -> None:
    port, dsn = free_port(), new_database()
    start(dsn=dsn, feeds={"mllp_port": port})
    with feed(port) as source:
        assert code(source.send(adt())) == "AA"
        with psycopg.connect(postgres, autocommit=True) as administrator:
            name = psycopg.conninfo.conninfo_to_dict(dsn)["dbname"]
            administrator.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            administrator.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
            )
            acknowledgement = source.send(adt())
            assert (code(acknowledgement), errors(acknowledgement)) == ("AR", [("206", "")])
            administrator.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        assert code(source.send(adt())) == "AA"
