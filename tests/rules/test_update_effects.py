"""What an update does: versions, statuses, and the associations that a new version takes over."""

from dataclasses import replace

import pytest

from tests.samples import builders
from tests.samples.builders import REGISTERED_ENTRY, REGISTERED_FOLDER
from tests.samples.updates import (
    APPROVED,
    DEPRECATED,
    REGISTERED_MEMBER,
    SECOND_ENTRY,
    entry_version,
    folder_version,
    status_order,
    submitting,
    update_facts,
    updating,
)
from xds.model import AssociationType, AvailabilityStatus, Submission, UpdateFacts, UpdateTrigger
from xds.rules import RulePolicy, UpdateEffects, effects_of_update

Link = tuple[str, str, str]


def effects(
    made: Submission, facts: UpdateFacts | None = None, *, keeps_status: bool = False
) -> UpdateEffects:
    return effects_of_update(made, facts or update_facts(), RulePolicy(), keeps_status=keeps_status)


def links(done: UpdateEffects) -> set[Link]:
    """Kind, source, target of what is stored, without the SubmissionSet's; new versions by a word."""
    names = {item.entry_uuid: "ENTRY2" for item in done.submission.document_entries}
    names |= {item.entry_uuid: "FOLDER2" for item in done.submission.folders}
    set_id = done.submission.submission_set.entry_uuid
    return {
        (
            item.association_type.rpartition(":")[2],
            names.get(item.source, item.source),
            names.get(item.target, item.target),
        )
        for item in done.submission.associations
        if item.source != set_id
    }


def members_of_set(done: UpdateEffects) -> list[str]:
    set_id = done.submission.submission_set.entry_uuid
    return [item.target for item in done.submission.associations if item.source == set_id]


def test_a_new_version_follows_the_latest() -> None:
    done = effects(updating(entry_version(), previous="4"), update_facts(version=4))
    (made,) = done.submission.document_entries
    assert made.version == 5
    assert made.logical_id == REGISTERED_ENTRY
    assert made.entry_uuid.startswith("urn:uuid:") and made.entry_uuid != REGISTERED_ENTRY
    assert made.availability_status is APPROVED
    assert done.superseded == (REGISTERED_ENTRY,)
    assert done.statuses == {}


def test_it_takes_the_associations_of_the_version_before_over() -> None:
    done = effects(updating(entry_version()))
    assert links(done) == {("HasMember", REGISTERED_FOLDER, "ENTRY2"), ("APND", SECOND_ENTRY, "ENTRY2")}
    assert done.updated_folders == (REGISTERED_FOLDER,)
    (member,) = [item for item in done.submission.associations if item.source == REGISTERED_FOLDER]
    assert member.entry_uuid != REGISTERED_MEMBER
    (made,) = done.submission.document_entries
    assert members_of_set(done) == [made.entry_uuid, member.entry_uuid]


def test_without_propagation_it_takes_nothing_over() -> None:
    done = effects(updating(entry_version(), propagation="no"))
    assert links(done) == set()
    assert done.updated_folders == ()


def test_what_an_association_says_is_taken_over_too() -> None:
    code = builders.code("relation", "2.999.9.3")
    facts = update_facts()
    (member, appendix) = facts.connections[REGISTERED_ENTRY]
    facts = replace(facts, connections={REGISTERED_ENTRY: (member, replace(appendix, documentation=code))})
    done = effects(updating(entry_version()), facts)
    (made,) = [item for item in done.submission.associations if item.association_type == AssociationType.APND]
    assert made.documentation == code


def test_a_folder_keeps_its_documents() -> None:
    done = effects(updating(folder_version()))
    assert links(done) == {("HasMember", "FOLDER2", REGISTERED_ENTRY)}
    (made,) = done.submission.folders
    assert (made.version, made.logical_id) == (2, REGISTERED_FOLDER)
    assert done.superseded == (REGISTERED_FOLDER,)
    assert done.updated_folders == ()  # the new version is dated when it is stored


@pytest.mark.parametrize(
    ("propagation", "expected"),
    [
        ("yes", {("HasMember", "FOLDER2", "ENTRY2"), ("APND", SECOND_ENTRY, "ENTRY2")}),
        ("no", set()),
    ],
)
def test_a_folder_and_its_document_together(propagation: str, expected: set[Link]) -> None:
    done = effects(updating(entry_version(), folder_version(), propagation=propagation))
    assert links(done) == expected


def test_a_restricted_update_keeps_the_status() -> None:
    done = effects(updating(entry_version()), update_facts(status=DEPRECATED), keeps_status=True)
    assert done.submission.document_entries[0].availability_status is DEPRECATED
    done = effects(updating(entry_version()), keeps_status=True)
    assert done.submission.document_entries[0].availability_status is APPROVED


@pytest.mark.parametrize("target", ["Version2", REGISTERED_ENTRY])
def test_an_order_about_a_new_version_touches_the_one_before_not(target: str) -> None:
    done = effects(updating(entry_version(), more=[status_order(target)]))
    assert done.submission.document_entries[0].availability_status is DEPRECATED
    assert done.statuses == {}
    assert done.superseded == (REGISTERED_ENTRY,)


def test_orders_are_not_stored() -> None:
    more = [status_order(REGISTERED_ENTRY), status_order(REGISTERED_MEMBER, DEPRECATED.value, APPROVED.value)]
    done = effects(updating(more=more))
    assert done.submission.associations == ()
    wanted: dict[str, AvailabilityStatus] = {REGISTERED_ENTRY: DEPRECATED, REGISTERED_MEMBER: APPROVED}
    assert done.statuses == wanted


def test_a_submitted_membership_is_the_sets_too() -> None:
    more = submitting(
        builders.has_member(REGISTERED_FOLDER, SECOND_ENTRY, entry_uuid="new", availability_status=DEPRECATED)
    )
    done = effects(updating(more=more))
    assert links(done) == {("HasMember", REGISTERED_FOLDER, SECOND_ENTRY)}
    (member,) = [item for item in done.submission.associations if item.source == REGISTERED_FOLDER]
    assert member.availability_status is APPROVED
    assert members_of_set(done) == [member.entry_uuid]
    assert done.updated_folders == (REGISTERED_FOLDER,)
    assert not {item.association_type for item in done.submission.associations} & set(UpdateTrigger)


def test_a_membership_that_was_sent_for_it_is_not_made_again() -> None:
    more = (
        *submitting(builders.has_member(REGISTERED_FOLDER, SECOND_ENTRY, entry_uuid="new")),
        builders.has_member("SubmissionSet01", "new", entry_uuid="sent"),
    )
    assert len(members_of_set(effects(updating(more=more)))) == 1


def test_a_submitted_relationship_is_stored_alone() -> None:
    more = submitting(
        builders.association(AssociationType.APND, REGISTERED_ENTRY, SECOND_ENTRY, entry_uuid="new")
    )
    done = effects(updating(more=more))
    assert links(done) == {("APND", REGISTERED_ENTRY, SECOND_ENTRY)}
    assert members_of_set(done) == []
    assert done.updated_folders == ()
