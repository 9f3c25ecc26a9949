"""Merges, unmerges and registrations at once, over real connections: what comes out is what some order gives."""

import json
import threading
from collections.abc import Callable, Iterator

import pytest

from tests.conftest import free_port
from tests.feeds.messages import adt, code, feed, merge
from tests.transactions import samples
from tests.transactions.conftest import Service, base_settings, merged, running
from tests.transactions.wire import Answer, send
from xds.ebxml import decode_query_response
from xds.model import AssociationType, Submission
from xds.store import PatientStore, Pool, Unassigned, open_pool

ROUNDS = 6


@pytest.fixture(scope="module")
def fed(
    new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Service, int, Pool]]:
    """A registry that is fed, the port of its feed, and its database."""
    folder, port, dsn = tmp_path_factory.mktemp("fed"), free_port(), new_database()
    changes = {"registry": {"unknown_patients": "refuse"}, "feeds": {"mllp_port": port}}
    pool = open_pool(dsn, size=4, statement_timeout=10, idle_in_transaction_timeout=10)
    with running(folder, merged(base_settings(dsn, folder), changes)) as service:
        yield service, port, pool
    pool.close()


def at_once(*works: Callable[[], object]) -> list[object]:
    """Do all at the same moment, each on a thread of its own; what each gave, in their order."""
    barrier = threading.Barrier(len(works))
    results: list[object] = [None] * len(works)

    def run(number: int) -> None:
        barrier.wait()
        results[number] = works[number]()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def register(service: Service, made: Submission) -> Answer:
    return send(service.port, "ITI-42", samples.register_body(made))


def found(service: Service, patient: str) -> dict[str, tuple[str | None, str]]:
    """uniqueId → patientId and status of what a patient's documents are."""
    body = samples.find_body(patient, statuses=(samples.APPROVED, samples.DEPRECATED))
    answer = send(service.port, "ITI-18", body)
    objects = decode_query_response(answer.elements("AdhocQueryResponse")[0]).objects
    return {
        entry.unique_id or "": (entry.patient_id, entry.availability_status.value.rpartition(":")[2])
        for entry in objects.document_entries
    }


def admitted(port: int, count: int) -> list[str]:
    ids = [samples.fresh_patient() for _ in range(count)]
    with feed(port) as source:
        for patient in ids:
            assert code(source.send(adt(pid3=patient))) == "AA"
    return ids


def test_a_merge_and_registrations(fed: tuple[Service, int, Pool]) -> None:
    service, port, _ = fed
    before_and_after = set()
    for _ in range(ROUNDS):
        a, b = admitted(port, 2)
        old = samples.entry(a)
        assert register(service, samples.submission(old)).result == "Success"
        of_a = [samples.submission(samples.entry(a)) for _ in range(3)]
        of_b = [samples.submission(samples.entry(b)) for _ in range(2)]
        newer = samples.entry(b)
        replacing = samples.with_associations(
            samples.submission(newer),
            samples.relation(AssociationType.RPLC, newer.entry_uuid, old.entry_uuid),
        )

        def merged_by_feed(subsumed: str = a, survivor: str = b) -> str:
            with feed(port) as source:
                return code(source.send(merge(subsumed, survivor)))

        outcome, *answers = at_once(
            merged_by_feed, *[lambda made=made: register(service, made) for made in (*of_a, *of_b, replacing)]
        )  # fmt: skip
        assert outcome == "AA"
        accepted = {old.unique_id or ""}
        for made, answer in zip((*of_a, *of_b, replacing), answers, strict=True):
            assert isinstance(answer, Answer)
            if answer.result == "Success":
                accepted.add(made.document_entries[0].unique_id or "")
            elif made is replacing:
                assert set(answer.codes) == {"XDSPatientIdDoesNotMatch"}  # it came before the merge
            else:
                assert made in of_a
                assert set(answer.codes) == {"XDSUnknownPatientId"}  # it came after
        shown = found(service, b)
        assert {patient for patient, _ in shown.values()} == {b}
        assert set(shown) == accepted
        is_replaced = (newer.unique_id or "") in accepted
        assert shown[old.unique_id or ""][1] == ("Deprecated" if is_replaced else "Approved")
        assert found(service, a) == {}
        before_and_after.add(sum(made.document_entries[0].unique_id in accepted for made in of_a))
    assert before_and_after  # which of them came first is chance


def test_a_chain_of_merges_at_once(fed: tuple[Service, int, Pool]) -> None:
    service, port, pool = fed
    for _ in range(ROUNDS):
        ids = admitted(port, 4)
        documents = [samples.submission(samples.entry(patient)) for patient in ids]
        for made in documents:
            assert register(service, made).result == "Success"

        def step(number: int, patients: list[str] = ids) -> str:
            with feed(port) as source:
                return code(source.send(merge(patients[number], patients[number + 1])))

        codes = at_once(*[lambda number=number: step(number) for number in range(3)])  # fmt: skip
        store = PatientStore(pool)
        # A link whose survivor was subsumed first is refused; those that were made hold, whatever their order.
        parents = {ids[number]: ids[number + 1] for number, outcome in enumerate(codes) if outcome == "AA"}

        def root(patient: str, parents: dict[str, str] = parents) -> str:
            while patient in parents:
                patient = parents[patient]
            return patient

        for patient in ids:
            view = store.show(patient)
            assert view.merged_into == (root(patient) if patient in parents else None)
            if patient not in parents:
                mine = {
                    made.document_entries[0].unique_id
                    for made, of in zip(documents, ids, strict=True)
                    if root(of) == patient
                }
                assert set(found(service, patient)) == mine
        assert "AA" in codes


def test_an_unmerge_and_a_registration(fed: tuple[Service, int, Pool]) -> None:
    service, port, pool = fed
    store = PatientStore(pool)
    for _ in range(ROUNDS):
        a, b = admitted(port, 2)
        store.merge(a, b, source="test")
        made = samples.submission(samples.entry(b))

        def unmerge(subsumed: str = a) -> tuple[str, ...]:
            try:
                store.unmerge(subsumed, {}, source="test")
            except Unassigned as refusal:
                return refusal.plan.undecided
            return ()

        undecided, answer = at_once(unmerge, lambda made=made: register(service, made))  # fmt: skip
        assert isinstance(answer, Answer)
        assert answer.result == "Success"
        if undecided:  # the submission came first: it has to be assigned
            assert len(undecided) == 1  # type: ignore[arg-type]
            assert store.show(a).merged_into == b
        else:
            assert store.show(a).merged_into is None
        assert set(found(service, b)) == {made.document_entries[0].unique_id}
        assert found(service, a) == {}


def test_nothing_of_a_feed_is_left_open(fed: tuple[Service, int, Pool]) -> None:
    """Every connection above was ended by its source: the service has no incident."""
    lines = [json.loads(line) for line in fed[0].log.read_text("utf-8").splitlines() if line.startswith("{")]
    assert [line for line in lines if line["level"] == "error"] == []
