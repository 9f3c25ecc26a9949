"""Consent over HTTP: what is withheld is refused as what is not here, from the next request on, in every worker."""

from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest

from tests.transactions import samples
from tests.transactions.conftest import Service, base_settings, running
from tests.transactions.test_iti41_iti43 import made_for
from tests.transactions.test_iti42 import found, register
from tests.transactions.test_option_on_demand import document, new_ids, promised, report
from tests.transactions.wire import Answer, send, send_mtom
from xds.access import DirectiveKind
from xds.model import AssociationType
from xds.store import ConsentStore, Pool, open_pool

SAID = {"reason": "the patient said so", "author": "a test"}
ROUNDS = 12
"""Requests after a change: two workers take them in turn, more or less."""


@pytest.fixture(scope="module")
def home(new_database: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, Pool]]:
    """A service of two workers, and its consent by another process: this one."""
    folder, dsn = tmp_path_factory.mktemp("consent"), new_database()  # type: ignore[operator]
    pool = open_pool(dsn, size=2, statement_timeout=10, idle_in_transaction_timeout=10)
    with running(folder, base_settings(dsn, folder)) as service:
        yield service, pool
    pool.close()


def provide(service: Service, patient: str) -> tuple[str, bytes]:
    """A document: its uniqueId and octets."""
    made, contents = made_for(patient)
    body, parts = samples.provide_body(made, contents)
    assert send_mtom(service.port, "ITI-41", body, *parts).result == "Success"
    return made.document_entries[0].unique_id or "", next(iter(contents.values()))


def retrieve(service: Service, unique_id: str) -> Answer:
    return send_mtom(service.port, "ITI-43", samples.retrieve_body(unique_id))


def as_unknown(service: Service, answer: Answer, unique_id: str) -> None:
    """An answer is that for an id nobody has, but for the id."""
    unknown = "2.999.8.404." + "1" * (len(unique_id) - len("2.999.8.404."))
    other = retrieve(service, unknown)
    assert (answer.status, answer.codes, answer.contexts) == (other.status, other.codes, other.contexts)
    assert answer.codes == ["XDSDocumentUniqueIdError"]


@pytest.mark.parametrize(
    ("kind", "target"),
    [(DirectiveKind.DOMAIN, ""), (DirectiveKind.HIC_AGENT, "2.999.23.1"), (DirectiveKind.AGENT, "cpso:1")],
)
def test_a_change_counts_for_the_next_request(
    home: tuple[Service, Pool], kind: DirectiveKind, target: str
) -> None:
    service, pool = home
    patient = samples.fresh_patient()
    unique_id, content = provide(service, patient)
    store = ConsentStore(pool)
    for _ in range(2):
        store.restrict(patient, kind, target, **SAID)
        for _ in range(ROUNDS):
            assert found(service, patient) == {}
            as_unknown(service, retrieve(service, unique_id), unique_id)
        store.reinstate(patient, kind, target, **SAID)
        for _ in range(ROUNDS):
            assert set(found(service, patient)) == {unique_id}
            assert content in retrieve(service, unique_id).body


def test_q2_one_report_of_two_with_its_replacement(home: tuple[Service, Pool]) -> None:
    service, pool = home
    patient = samples.fresh_patient()
    kept, content = provide(service, patient)
    first, _ = provide(service, patient)
    ConsentStore(pool).restrict(patient, DirectiveKind.RECORD, first, **SAID)
    assert set(found(service, patient)) == {kept}
    as_unknown(service, retrieve(service, first), first)
    assert content in retrieve(service, kept).body

    # A replacement that comes later is the same report.
    ConsentStore(pool).reinstate(patient, DirectiveKind.RECORD, first, **SAID)
    old = found(service, patient)[first]
    ConsentStore(pool).restrict(patient, DirectiveKind.RECORD, old.entry_uuid, **SAID)
    entry = samples.entry(patient)
    made = samples.submission(entry)
    made = samples.with_associations(
        made, samples.relation(AssociationType.RPLC, entry.entry_uuid, old.entry_uuid)
    )
    content = b"a replacement"
    made = replace(made, document_entries=(replace(entry, hash=None, size=None, repository_unique_id=None),))
    body, parts = samples.provide_body(made, {entry.entry_uuid: content})
    assert send_mtom(service.port, "ITI-41", body, *parts).result == "Success"
    assert set(found(service, patient)) == {kept}
    as_unknown(service, retrieve(service, entry.unique_id or ""), entry.unique_id or "")


def test_a_merge_is_honoured(home: tuple[Service, Pool]) -> None:
    from xds.store import PatientStore  # noqa: PLC0415

    service, pool = home
    subsumed, survivor = samples.fresh_patient(), samples.fresh_patient()
    mine, _ = provide(service, subsumed)
    theirs, _ = provide(service, survivor)
    ConsentStore(pool).restrict(subsumed, DirectiveKind.DOMAIN, **SAID)
    assert set(found(service, survivor)) == {theirs}
    patients = PatientStore(pool)
    patients.merge(subsumed, survivor, source="a test")
    assert found(service, survivor) == {}
    for unique_id in (mine, theirs):
        as_unknown(service, retrieve(service, unique_id), unique_id)
    patients.unmerge(subsumed, {}, source="a test")
    assert set(found(service, survivor)) == {theirs}
    as_unknown(service, retrieve(service, mine), mine)


def test_metadata_alone_is_withheld_by_its_id(home: tuple[Service, Pool]) -> None:
    service, pool = home
    patient = samples.fresh_patient()
    entry = samples.entry(patient)
    assert register(service, samples.submission(entry)).result == "Success"
    ConsentStore(pool).restrict(patient, DirectiveKind.DOMAIN, **SAID)
    query = samples.query_body(
        "urn:uuid:5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4",
        samples.slot("$XDSDocumentEntryEntryUUID", entry.entry_uuid),
    )
    unknown = query.replace(entry.entry_uuid.encode(), samples.fresh_uuid().encode())
    one, two = (send(service.port, "ITI-18", each) for each in (query, unknown))
    assert one.elements("AdhocQueryResponse")[0].attrib == two.elements("AdhocQueryResponse")[0].attrib
    assert one.elements("ExtrinsicObject") == two.elements("ExtrinsicObject") == []


def test_without_consent_nothing_is_shown(home: tuple[Service, Pool]) -> None:
    service, pool = home
    patient = samples.fresh_patient()
    unique_id, content = provide(service, patient)
    with psycopg.connect(pool.conninfo, autocommit=True) as connection:
        connection.execute("ALTER TABLE consent_directive RENAME TO consent_directive_away")
        try:
            answer = send(service.port, "ITI-18", samples.find_body(patient))
            assert unique_id.encode() not in answer.body
            assert content not in retrieve(service, unique_id).body
        finally:
            connection.execute("ALTER TABLE consent_directive_away RENAME TO consent_directive")
    assert content in retrieve(service, unique_id).body


def test_each_change_is_an_audit_event(home: tuple[Service, Pool]) -> None:
    service, pool = home
    patient = samples.fresh_patient()
    provide(service, patient)
    store = ConsentStore(pool)
    store.restrict(patient, DirectiveKind.DOMAIN, **SAID)
    ticket = store.override(patient, "2.999.23.1", **SAID)
    store.end_override(patient, ticket.number, author="a test")
    store.reinstate(patient, DirectiveKind.DOMAIN, **SAID)
    with psycopg.connect(pool.conninfo) as connection:
        rows = connection.execute("SELECT convert_from(body, 'UTF8') FROM audit_event ORDER BY 1").fetchall()
    mine = [row[0] for row in rows if patient in row[0] and "a test" in row[0]]
    kinds = [
        "consent directive",
        "consent directive",
        "emergency override started",
        "emergency override stopped",
    ]
    assert sorted(kind for row in mine for kind in set(kinds) if f'"{kind}"' in row) == kinds


def test_a_summary_is_made_without_what_is_withheld(home: tuple[Service, Pool]) -> None:
    """And is nobody's snapshot: it is not kept, nor is one that was kept before shown."""
    service, pool = home
    patient = samples.fresh_patient()
    kept, withheld = (report(service, patient) for _ in range(2))
    entry = promised(service, patient)
    before = retrieve(service, entry.unique_id or "")
    assert (withheld.unique_id or "").encode() in document(before)
    snapshot, _ = new_ids(before)
    store = ConsentStore(pool)
    store.restrict(patient, DirectiveKind.RECORD, withheld.unique_id or "", **SAID)
    answer = retrieve(service, entry.unique_id or "")
    assert answer.result == "Success"
    made = document(answer)
    assert (kept.unique_id or "").encode() in made and (withheld.unique_id or "").encode() not in made
    as_unknown(service, retrieve(service, snapshot or ""), snapshot or "")
    assert new_ids(answer)[0] not in found(service, patient)
    store.reinstate(patient, DirectiveKind.RECORD, withheld.unique_id or "", **SAID)
    assert (withheld.unique_id or "").encode() in document(retrieve(service, entry.unique_id or ""))
    store.restrict(patient, DirectiveKind.DOMAIN, **SAID)
    as_unknown(service, retrieve(service, entry.unique_id or ""), entry.unique_id or "")


def test_a_directive_stays_when_its_document_is_removed(home: tuple[Service, Pool]) -> None:
    """The entry is removed (ITI-62) and registered again under the same uniqueId: it is the same report."""
    service, pool = home
    patient = samples.fresh_patient()
    entry, other = samples.entry(patient), samples.entry(patient)
    first = samples.with_uuids(samples.submission(entry))
    assert register(service, first).result == "Success"
    assert register(service, samples.submission(other)).result == "Success"
    store = ConsentStore(pool)
    store.restrict(patient, DirectiveKind.RECORD, entry.unique_id or "", **SAID)
    removed = [*(item.entry_uuid for item in first.associations), entry.entry_uuid]
    removed += [item.entry_uuid for item in first.submission_sets]
    assert send(service.port, "ITI-62", samples.remove_body(*removed)).result == "Success"
    (view,) = store.show(patient).directives
    assert view.lifted_at is None
    again = samples.submission(samples.entry(patient, unique_id=entry.unique_id))
    assert register(service, again).result == "Success"
    assert set(found(service, patient)) == {other.unique_id}
    store.reinstate(patient, DirectiveKind.RECORD, entry.unique_id or "", **SAID)
    assert set(found(service, patient)) == {other.unique_id, entry.unique_id}


def test_a_directive_goes_with_its_document_to_another_patient(home: tuple[Service, Pool]) -> None:
    """ITI-57 gives it another patient: who asks for that one is not shown it, nor what is left of it."""
    service, pool = home
    before, after = samples.fresh_patient(), samples.fresh_patient()
    unique_id, _ = provide(service, before)
    entry = found(service, before)[unique_id]
    provide(service, after)
    shown = set(found(service, after))
    store = ConsentStore(pool)
    store.restrict(before, DirectiveKind.RECORD, unique_id, **SAID)
    version = replace(entry, entry_uuid="Version2", logical_id=entry.entry_uuid, patient_id=after)
    moved = samples.updating(after, version, propagation="no")
    answer = send(service.port, "ITI-57", samples.register_body(moved))
    assert answer.result == "Success", answer.contexts
    assert set(found(service, after)) == shown
    assert found(service, before) == {}
    as_unknown(service, retrieve(service, unique_id), unique_id)
    store.reinstate(before, DirectiveKind.RECORD, unique_id, **SAID)
    assert set(found(service, after)) == shown, "it is the new patient's word now"
    store.reinstate(after, DirectiveKind.RECORD, unique_id, **SAID)
    assert set(found(service, after)) == {*shown, unique_id}
