"""Patients: made known, told more of, merged, found."""

import threading
from dataclasses import replace

import pytest

from xds.model import PatientName, PatientRecord
from xds.store import (
    InvalidPatientId,
    MergedAway,
    PatientCriteria,
    PatientError,
    PatientStore,
    Pool,
    SamePatient,
    UnknownPatient,
)

A, B, C, D = (f"{letter}^^^&2.999.1.1&ISO" for letter in "ABCD")
SOURCE = "ITI-8 test"


def record(patient_id: str = A, *others: str) -> PatientRecord:
    return PatientRecord(
        identifiers=(patient_id, "MRN-1^^^&2.999.18.1&ISO", *others),
        name=PatientName(family="O’Brien-D'Angelo", given=("Hélène", "Kate")),
        birth_date="19710304",
        sex="F",
    )


@pytest.fixture
def store(pool: Pool) -> PatientStore:
    return PatientStore(pool)


def admitted(store: PatientStore, *ids: str) -> None:
    for patient_id in ids:
        store.admit(PatientRecord(identifiers=(patient_id,)))


def test_admitted_and_shown(store: PatientStore) -> None:
    assert store.admit(record()) is True
    view = store.show("A^^^DOMAIN&2.999.1.1&ISO")
    assert (view.patient_id, view.record, view.from_feed) == (A, record(), True)
    assert (view.merged_into, view.members, view.history, view.documents) == (None, (), (), 0)
    assert store.admit(record()) is False


def test_what_is_not_told_stays_and_what_is_empty_goes(store: PatientStore) -> None:
    store.admit(record())
    store.revise(PatientRecord(identifiers=(A, "MRN-2^^^X&2.999.18.1&ISO", "9^^^&2.999.5&ISO"), sex=""))
    known = store.show(A).record
    assert known == replace(
        record(), identifiers=(A, "MRN-2^^^&2.999.18.1&ISO", "9^^^&2.999.5&ISO"), sex=None
    )


def test_identifiers_of_another_source_stay(store: PatientStore) -> None:
    store.admit(record())
    store.revise(PatientRecord(identifiers=(A, "7^^^LAKEVIEW")))
    known = store.show(A).record
    assert known is not None
    assert known.identifiers == (A, "7^^^LAKEVIEW", "MRN-1^^^&2.999.18.1&ISO")


def test_revised_must_be_known(store: PatientStore) -> None:
    with pytest.raises(UnknownPatient):
        store.revise(record())
    with pytest.raises(UnknownPatient):
        store.show(A)


@pytest.mark.parametrize("wrong", ["A", "A^^^HOSPITAL", "", "^^^&2.999.1.1&ISO"])
def test_an_id_of_another_form_is_refused(store: PatientStore, wrong: str) -> None:
    with pytest.raises(InvalidPatientId):
        store.admit(PatientRecord(identifiers=(wrong,)))
    with pytest.raises(InvalidPatientId) as caught:
        store.merge(A, wrong, source=SOURCE)
    assert caught.value.role == "survivor"


def test_merged(store: PatientStore) -> None:
    admitted(store, A, B)
    assert store.merge(A, B, source=SOURCE) is True
    gone, stays = store.show(A), store.show(B)
    assert (gone.merged_into, gone.members) == (B, ())
    assert (stays.merged_into, stays.members) == (None, (A,))
    (event,) = stays.history
    assert (event.subsumed, event.survivor, event.source, event.undone_at) == (A, B, SOURCE, None)
    assert gone.history == stays.history
    with pytest.raises(MergedAway):
        store.admit(record(A))
    with pytest.raises(MergedAway):
        store.revise(record(A))


def test_a_repeat_changes_nothing(store: PatientStore) -> None:
    admitted(store, A, B, C)
    store.merge(A, B, source=SOURCE)
    assert store.merge(A, B, source="again") is False
    store.merge(B, C, source=SOURCE)
    assert store.merge(A, B, source="again") is False
    assert [event.source for event in store.show(C).history] == [SOURCE, SOURCE]


def test_a_chain(store: PatientStore) -> None:
    admitted(store, A, B, C, D)
    store.merge(A, B, source=SOURCE)
    store.merge(B, C, source=SOURCE)
    store.merge(D, C, source=SOURCE)
    assert store.show(A).merged_into == store.show(B).merged_into == store.show(D).merged_into == C
    assert store.show(C).members == (B, A, D)
    for subsumed, survivor, error, role in (
        (A, C, MergedAway, "subsumed"),  # into B it was, and no longer in use
        (D, B, MergedAway, "subsumed"),
        (C, A, MergedAway, "survivor"),
    ):
        with pytest.raises(error) as caught:
            store.merge(subsumed, survivor, source=SOURCE)
        assert caught.value.role == role


def test_merges_that_change_nothing(store: PatientStore) -> None:
    admitted(store, A)
    with pytest.raises(SamePatient):
        store.merge(A, "A^^^X&2.999.1.1&ISO", source=SOURCE)
    with pytest.raises(UnknownPatient) as subsumed:
        store.merge(B, A, source=SOURCE)
    with pytest.raises(UnknownPatient) as survivor:
        store.merge(A, B, source=SOURCE)
    assert (subsumed.value.role, survivor.value.role) == ("subsumed", "survivor")
    view = store.show(A)
    assert (view.merged_into, view.members, view.history) == (None, (), ())


def test_opposite_merges_at_once_do_not_both_happen(store: PatientStore) -> None:
    for number in range(12):
        one, other = (f"{side}{number}^^^&2.999.1.1&ISO" for side in "XY")
        admitted(store, one, other)
        barrier, outcomes = threading.Barrier(2), list[str]()

        def attempt(subsumed: str, survivor: str) -> None:
            barrier.wait()  # noqa: B023
            try:
                store.merge(subsumed, survivor, source=SOURCE)
                outcomes.append("merged")  # noqa: B023
            except MergedAway:
                outcomes.append("refused")  # noqa: B023

        threads = [threading.Thread(target=attempt, args=pair) for pair in ((one, other), (other, one))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(outcomes) == ["merged", "refused"]
        assert {store.show(one).merged_into, store.show(other).merged_into} in ({None, one}, {None, other})


@pytest.mark.parametrize(
    "criteria",
    [
        PatientCriteria(identifier=A),
        PatientCriteria(identifier="A^^^DOMAIN&2.999.1.1&ISO"),
        PatientCriteria(identifier="mrn 1"),
        PatientCriteria(family="obrien"),
        PatientCriteria(family="O'Brien d"),
        PatientCriteria(given="helene"),
        PatientCriteria(given="KATE"),
        PatientCriteria(birth_date="1971"),
        PatientCriteria(birth_date="19710304", sex="F", family="OBRIEN"),
    ],
)
def test_found_by(store: PatientStore, criteria: PatientCriteria) -> None:
    store.admit(record())
    store.admit(
        PatientRecord(
            identifiers=(B,), name=PatientName(family="Roy", given=("Ève",)), birth_date="1980", sex="M"
        )
    )
    assert [view.patient_id for view in store.search(criteria, limit=10)] == [A]


@pytest.mark.parametrize(
    "criteria",
    [
        PatientCriteria(identifier="MRN-1^^^&2.999.77&ISO"),
        PatientCriteria(family="brien"),
        PatientCriteria(given="elene"),
        PatientCriteria(birth_date="1971", sex="M"),
    ],
)
def test_not_found_by(store: PatientStore, criteria: PatientCriteria) -> None:
    store.admit(record())
    assert store.search(criteria, limit=10) == []


def test_a_search_for_nothing_is_refused(store: PatientStore) -> None:
    with pytest.raises(PatientError, match="to search for"):
        store.search(PatientCriteria(), limit=10)
    with pytest.raises(PatientError, match="birth date"):
        store.search(PatientCriteria(birth_date="%"), limit=10)


def test_a_subsumed_patients_particulars_find_the_survivor(store: PatientStore) -> None:
    store.admit(record(A))
    admitted(store, B)
    store.merge(A, B, source=SOURCE)
    (found,) = store.search(PatientCriteria(identifier="MRN-1"), limit=10)
    assert (found.patient_id, found.members) == (B, (A,))


def test_no_more_than_the_limit(store: PatientStore) -> None:
    for number in range(5):
        store.admit(record(f"P{number}^^^&2.999.1.1&ISO"))
    assert len(store.search(PatientCriteria(sex="F"), limit=3)) == 3
