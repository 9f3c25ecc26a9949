"""What the registry does when it accepts a submission."""

from dataclasses import replace

from hypothesis import HealthCheck, given, settings

from tests.samples.builders import (
    REGISTERED_ENTRY,
    REGISTERED_FOLDER,
    association,
    document_entry,
    facts,
    foldered,
    has_member,
    original,
    registered,
    relating,
    submission,
)
from tests.samples.strategies import submissions
from xds.model import (
    AssociationType,
    AvailabilityStatus,
    ObjectKind,
    RegistryFacts,
    Submission,
    is_symbolic,
    is_uuid_urn,
)
from xds.rules import Effects, assign_entry_uuids, effects_of

ADDENDUM = "urn:uuid:3f0c7c52-6a1e-4d0b-9a57-2b8e5f0a1102"
UPPER = "urn:uuid:3F0C7C52-6A1E-4D0B-9A57-2B8E5F0A1999"
RPLC = AssociationType.RPLC


def in_folder(**changes: object) -> RegistryFacts:
    folder = registered(REGISTERED_FOLDER, ObjectKind.FOLDER)
    return facts(folders_of={REGISTERED_ENTRY: (folder,)}, **changes)


def test_a_symbolic_id_becomes_one_uuid_everywhere() -> None:
    assigned = assign_entry_uuids(foldered())
    (submission_set,), (entry,), (folder,) = (
        assigned.submission_sets,
        assigned.document_entries,
        assigned.folders,
    )
    to_entry, to_folder, member, to_member = assigned.associations
    ids = {item.entry_uuid for item in (submission_set, entry, folder, *assigned.associations)}
    assert len(ids) == 7
    assert all(is_uuid_urn(item) for item in ids)
    assert {to_entry.source, to_folder.source, to_member.source} == {submission_set.entry_uuid}
    assert (to_entry.target, to_folder.target) == (entry.entry_uuid, folder.entry_uuid)
    assert (member.source, member.target) == (folder.entry_uuid, entry.entry_uuid)
    assert to_member.target == member.entry_uuid


def test_a_uuid_is_kept_in_lower_case() -> None:
    (entry,) = assign_entry_uuids(submission(document_entry(entry_uuid=UPPER))).document_entries
    assert entry.entry_uuid == entry.logical_id == UPPER.lower()


def test_a_target_in_upper_case_is_the_registered_one() -> None:
    upper = "urn:uuid:" + REGISTERED_ENTRY.removeprefix("urn:uuid:").upper()
    assigned = assign_entry_uuids(relating(RPLC, upper))
    assert assigned.associations[1].target == REGISTERED_ENTRY
    assert effects_of(assigned, facts()).deprecated == (REGISTERED_ENTRY,)


def test_a_new_object_is_an_approved_first_version() -> None:
    sent = document_entry(availability_status=AvailabilityStatus.DEPRECATED, logical_id="Document01")
    (entry,) = assign_entry_uuids(submission(sent)).document_entries
    assert entry.availability_status is AvailabilityStatus.APPROVED
    assert (entry.logical_id, entry.version) == (entry.entry_uuid, 1)


def test_nothing_else_is_changed() -> None:
    sent = submission()
    (entry,) = assign_entry_uuids(sent).document_entries
    assert replace(entry, entry_uuid="Document01", logical_id=None) == sent.document_entries[0]


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(odd=submissions())
def test_no_symbolic_id_of_an_object_is_left(odd: Submission) -> None:
    assigned = assign_entry_uuids(odd)
    for item in (
        *assigned.submission_sets,
        *assigned.document_entries,
        *assigned.folders,
        *assigned.associations,
    ):
        assert not is_symbolic(item.entry_uuid)
    assert assign_entry_uuids(assigned) == assigned


def test_a_report_has_no_effects() -> None:
    assert effects_of(assign_entry_uuids(submission()), facts()) == Effects()


def test_a_replacement_deprecates_its_target_and_what_depends_on_it() -> None:
    known = facts(dependents={REGISTERED_ENTRY: (ADDENDUM,)})
    effects = effects_of(assign_entry_uuids(relating(RPLC)), known)
    assert effects == Effects(deprecated=(REGISTERED_ENTRY, ADDENDUM))
    transforming = assign_entry_uuids(relating(AssociationType.XFRM_RPLC))
    assert effects_of(transforming, known) == effects


def test_an_addendum_deprecates_nothing() -> None:
    known = in_folder(dependents={REGISTERED_ENTRY: (ADDENDUM,)})
    for kind in (AssociationType.APND, AssociationType.XFRM, AssociationType.SIGNS):
        assert effects_of(assign_entry_uuids(relating(kind)), known) == Effects()


def test_a_replacement_enters_the_folders_of_its_target() -> None:
    assigned = assign_entry_uuids(relating(RPLC))
    effects = effects_of(assigned, in_folder())
    member, to_member = effects.associations
    entry = assigned.document_entries[0].entry_uuid
    assert (member.source, member.target) == (REGISTERED_FOLDER, entry)
    assert (to_member.source, to_member.target) == (assigned.submission_set.entry_uuid, member.entry_uuid)
    for item in effects.associations:
        assert item.association_type == AssociationType.HAS_MEMBER
        assert item.submission_set_status is None
        assert is_uuid_urn(item.entry_uuid)
    assert effects.updated_folders == (REGISTERED_FOLDER,)


def test_a_replacement_that_the_sender_put_there_does_not_enter_twice() -> None:
    member = has_member(REGISTERED_FOLDER, "Document01", entry_uuid="member")
    sent = relating(RPLC, REGISTERED_ENTRY, member, has_member("SubmissionSet01", "member"))
    effects = effects_of(assign_entry_uuids(sent), in_folder())
    assert effects.associations == ()
    assert effects.updated_folders == (REGISTERED_FOLDER,)


def test_a_replacement_of_two_entries_of_a_folder_enters_it_once() -> None:
    folder = registered(REGISTERED_FOLDER, ObjectKind.FOLDER)
    known = facts(
        [registered(), registered(ADDENDUM), folder],
        folders_of={REGISTERED_ENTRY: (folder,), ADDENDUM: (folder,)},
        dependents={REGISTERED_ENTRY: (ADDENDUM,)},
    )
    sent = submission(
        associations=(
            original("Document01"),
            association(RPLC, "Document01", REGISTERED_ENTRY),
            association(RPLC, "Document01", ADDENDUM),
        )
    )
    effects = effects_of(assign_entry_uuids(sent), known)
    assert effects.deprecated == (REGISTERED_ENTRY, ADDENDUM)
    assert len(effects.associations) == 2


def test_only_registered_folders_are_updated() -> None:
    assert effects_of(assign_entry_uuids(foldered()), facts()).updated_folders == ()
    into_registered = assign_entry_uuids(foldered(folder_id=REGISTERED_FOLDER))
    assert effects_of(into_registered, facts()).updated_folders == (REGISTERED_FOLDER,)
