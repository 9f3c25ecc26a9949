"""Unmerging: what was added since is assigned, what joins both is cut, and the answers follow."""

import hashlib
from dataclasses import replace

import pytest

from tests.samples import builders
from tests.store.registries import House, entry, fresh_oid, fresh_patient, submission
from xds.model import (
    Association,
    AssociationType,
    PatientRecord,
    Submission,
    SubmissionSetStatus,
    UnknownPatientId,
    new_uuid_urn,
)
from xds.store import CUT, NotMerged, Pool, Unassigned, UnknownPatient, UnusableAssignment

BY = "administrator"


@pytest.fixture
def house(pool: Pool) -> House:
    return House.on(pool)


def known(house: House, count: int) -> list[str]:
    ids = [fresh_patient() for _ in range(count)]
    for patient in ids:
        house.patients.admit(PatientRecord(identifiers=(patient,)))
    return ids


def registered(house: House, made: Submission) -> Submission:
    assert house.register(made).findings == ()
    return made


def set_id(made: Submission) -> str:
    return made.submission_sets[0].entry_uuid


def unique_id(made: Submission) -> str:
    return made.document_entries[0].unique_id or ""


def relation(kind: AssociationType, source: str, target: str) -> Association:
    return builders.association(kind, source, target, entry_uuid=new_uuid_urn())


def test_nothing_was_added(house: House) -> None:
    a, b = known(house, 2)
    first, second = (registered(house, submission(entry(patient))) for patient in (a, b))
    house.patients.merge(a, b, source="ITI-8")
    plan = house.patients.unmerge(a, {}, source=BY)
    assert (plan.subsumed, plan.survivor, plan.source) == (a, b, "ITI-8")
    assert (plan.added, plan.joining, plan.undecided) == ((), (), ())
    assert house.documents_of(a) == {unique_id(first): a}
    assert house.documents_of(b) == {unique_id(second): b}
    (event,) = house.patients.show(a).history
    assert event.undone_by == BY
    assert event.undone_at is not None
    assert event.undone_at > event.merged_at


def test_what_was_added_is_assigned(house: House) -> None:
    a, b = known(house, 2)
    registered(house, submission(entry(a)))
    before = registered(house, submission(entry(b)))
    house.patients.merge(a, b, source="ITI-8")
    one, other = (registered(house, submission(entry(b))) for _ in range(2))
    with pytest.raises(Unassigned) as caught:
        house.patients.unmerge(a, {}, source=BY)
    added = caught.value.plan.added
    assert [item.entry_uuid for item in added] == [set_id(one), set_id(other)]
    assert set(added[0].objects) == {
        set_id(one),
        one.document_entries[0].entry_uuid,
        one.associations[0].entry_uuid,
    }
    with pytest.raises(Unassigned):
        house.patients.unmerge(a, {set_id(one): a}, source=BY)
    assert house.patients.show(a).merged_into == b
    house.patients.unmerge(a, {set_id(one): a, set_id(other): b}, source=BY)
    assert house.documents_of(a)[unique_id(one)] == a
    assert len(house.documents_of(a)) == 2
    assert set(house.documents_of(b)) == {unique_id(before), unique_id(other)}
    # It is found by every id, and goes on from where it is.
    newer = entry(a)
    replacing = submission(
        newer,
        relations=(relation(AssociationType.RPLC, newer.entry_uuid, one.document_entries[0].entry_uuid),),
    )
    registered(house, replacing)
    again = house.register(submission(entry(a, unique_id=unique_id(one), hash="0" * 40)))
    assert [item.code for item in again.findings] == ["XDSNonIdenticalHash"]


def test_what_joins_both_is_cut(house: House) -> None:
    a, b = known(house, 2)
    old = registered(house, submission(entry(a)))
    house.patients.merge(a, b, source="ITI-8")
    target = old.document_entries[0].entry_uuid
    addendum = entry(b)
    link = relation(AssociationType.APND, addendum.entry_uuid, target)
    added = registered(house, submission(addendum, relations=(link,)))
    with pytest.raises(Unassigned) as caught:
        house.patients.unmerge(a, {set_id(added): b}, source=BY)
    (joining,) = caught.value.plan.joining
    assert (joining.entry_uuid, joining.association_type) == (link.entry_uuid, AssociationType.APND.value)
    assert (joining.source, joining.target) == (addendum.entry_uuid, target)
    # Together with the document it belongs to, nothing joins.
    assert house.patients.unmerge_plan(a, {set_id(added): a}).undecided == ()
    house.patients.unmerge(a, {set_id(added): b, link.entry_uuid: CUT}, source=BY)
    assert link.entry_uuid not in house.associations_of(target)
    assert set(house.documents_of(a)) == {unique_id(old)}


def test_a_folder_and_a_reference_join_too(house: House) -> None:
    a, b = known(house, 2)
    old = registered(house, submission(entry(a)))
    target = old.document_entries[0].entry_uuid
    house.patients.merge(a, b, source="ITI-8")
    new = submission(entry(b))
    folder = builders.folder(
        entry_uuid=new_uuid_urn(), unique_id=fresh_oid(), patient_id=b, last_update_time=None
    )
    member = builders.has_member(folder.entry_uuid, target, entry_uuid=new_uuid_urn())
    of_set = [
        builders.has_member(set_id(new), item, entry_uuid=new_uuid_urn())
        for item in (folder.entry_uuid, member.entry_uuid)
    ]
    reference = builders.has_member(
        set_id(new),
        target,
        entry_uuid=new_uuid_urn(),
        submission_set_status=SubmissionSetStatus.REFERENCE.value,
    )
    new = replace(new, folders=(folder,), associations=(*new.associations, member, *of_set, reference))
    registered(house, new)
    plan = house.patients.unmerge_plan(a, {set_id(new): b})
    assert {item.entry_uuid for item in plan.joining} == {member.entry_uuid, reference.entry_uuid}
    assert target not in plan.added[0].objects
    assert {folder.entry_uuid, member.entry_uuid} < set(plan.added[0].objects)
    house.patients.unmerge(a, {set_id(new): a}, source=BY)
    assert set(house.documents_of(a)) == {unique_id(old), unique_id(new)}
    assert house.documents_of(b) == {}
    assert member.entry_uuid in house.associations_of(target)


def test_a_chain_loses_one_of_its_links(house: House) -> None:
    a, b, c = known(house, 3)
    mine = {patient: registered(house, submission(entry(patient))) for patient in (a, b, c)}
    house.patients.merge(a, b, source="first")
    under_b = registered(house, submission(entry(b)))
    house.patients.merge(b, c, source="second")
    under_c = registered(house, submission(entry(c)))
    plan = house.patients.unmerge_plan(a)
    assert (plan.survivor, plan.source) == (c, "first")
    assert [item.entry_uuid for item in plan.added] == [set_id(under_b), set_id(under_c)]
    # B's own link knows what was added under C only; A goes with B.
    plan = house.patients.unmerge(b, {set_id(under_c): c}, source=BY)
    assert [item.entry_uuid for item in plan.added] == [set_id(under_c)]
    assert house.patients.show(b).members == (a,)
    assert set(house.documents_of(b)) == {unique_id(item) for item in (mine[a], mine[b], under_b)}
    assert set(house.documents_of(c)) == {unique_id(item) for item in (mine[c], under_c)}
    house.patients.unmerge(a, {set_id(under_b): a}, source=BY)
    assert set(house.documents_of(a)) == {unique_id(item) for item in (mine[a], under_b)}
    assert set(house.documents_of(b)) == {unique_id(mine[b])}
    house.patients.merge(a, b, source="again")
    assert house.patients.unmerge_plan(a).added == ()


def test_an_inner_link_is_undone_first(house: House) -> None:
    a, b, c = known(house, 3)
    house.patients.merge(a, b, source="first")
    house.patients.merge(b, c, source="second")
    house.patients.unmerge(a, {}, source=BY)
    assert (house.patients.show(a).merged_into, house.patients.show(b).merged_into) == (None, c)
    assert house.patients.show(c).members == (b,)
    house.patients.unmerge(b, {}, source=BY)
    assert house.patients.show(b).members == ()


@pytest.mark.parametrize(
    ("assignment", "words"),
    [
        ("X1^^^&2.999.1.1&ISO", "one of the two patient ids"),
        (CUT, "one of the two patient ids"),
    ],
)
def test_an_assignment_that_cannot_be(house: House, assignment: str, words: str) -> None:
    a, b = known(house, 2)
    house.patients.merge(a, b, source="ITI-8")
    added = registered(house, submission(entry(b)))
    with pytest.raises(UnusableAssignment, match=words):
        house.patients.unmerge(a, {set_id(added): assignment}, source=BY)
    with pytest.raises(UnusableAssignment, match="is no SubmissionSet that was added"):
        house.patients.unmerge(a, {added.document_entries[0].entry_uuid: a}, source=BY)


def test_what_is_not_merged_is_not_unmerged(house: House) -> None:
    (a,) = known(house, 1)
    with pytest.raises(NotMerged):
        house.patients.unmerge(a, {}, source=BY)
    with pytest.raises(UnknownPatient):
        house.patients.unmerge(fresh_patient(), {}, source=BY)


def test_what_a_submission_tells_of_a_patient_is_kept_until_a_feed_speaks(pool: Pool) -> None:
    house = House.on(pool, unknown_patients="accept")
    patient = fresh_patient()
    registered(house, submission(entry(patient)))
    view = house.patients.show(patient)
    assert view.record is not None
    assert (view.record.name.family, view.record.birth_date, view.from_feed) == ("Sample", "19710304", False)
    registered(house, submission(entry(patient, source_patient_info=("PID-5|Other",))))
    assert house.patients.show(patient).record == view.record
    house.patients.admit(PatientRecord(identifiers=(patient,), sex="F"))
    told = house.patients.show(patient).record
    assert told == PatientRecord(identifiers=(patient,), sex="F")


def test_a_subsumed_id_is_refused_where_unknown_ids_are_accepted(pool: Pool) -> None:
    house = House.on(pool, unknown_patients="accept")
    a, b = known(house, 2)
    house.patients.merge(a, b, source="ITI-8")
    (finding,) = house.register(submission(entry(a))).findings
    assert finding.code == UnknownPatientId.code
    assert "merged into another" in finding.context


def test_what_a_submission_tells_may_be_longer_than_an_index_entry(pool: Pool) -> None:
    house = House.on(pool, unknown_patients="accept")
    patient = fresh_patient()
    long = "".join(hashlib.sha256(bytes([number])).hexdigest() for number in range(60))
    info = (f"PID-3|{long}^^^&2.999.18.1&ISO", f"PID-5|{long}^A", f"PID-7|{long}", f"PID-8|{long}")
    registered(house, submission(entry(patient, source_patient_info=info)))
    record = house.patients.show(patient).record
    assert record is not None
    assert (record.name.family, record.birth_date) == (long, None)
