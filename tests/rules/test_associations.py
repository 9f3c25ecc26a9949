"""Membership and relationships."""

from dataclasses import replace

import pytest

from tests.rules.broken import STRICT, Broken
from tests.samples.builders import (
    REGISTERED_ENTRY,
    REGISTERED_FOLDER,
    REGISTERED_SUBMISSION_SET,
    association,
    by_reference,
    code,
    document_entry,
    facts,
    folder,
    foldered,
    has_member,
    original,
    registered,
    relating,
    submission,
)
from xds.model import (
    ON_DEMAND,
    RELATIONSHIPS,
    Association,
    AssociationType,
    AvailabilityStatus,
    ObjectKind,
    Submission,
)
from xds.rules import REGISTRATION, RulePolicy, check

UNRESOLVED = "UnresolvedReferenceException"
DEPRECATED = AvailabilityStatus.DEPRECATED
NOWHERE = "urn:uuid:00000000-0000-4000-8000-000000000000"
RPLC, XFRM, APND = AssociationType.RPLC, AssociationType.XFRM, AssociationType.APND


def with_more(*more: Association) -> Submission:
    whole = submission(document_entry(1), document_entry(2))
    return replace(whole, associations=(*whole.associations, *more))


def link(kind: AssociationType, source: str, target: str) -> Association:
    return association(kind, source, target, entry_uuid="link")


def without_membership(whole: Submission, target: str) -> Submission:
    return replace(
        whole,
        associations=tuple(
            item
            for item in whole.associations
            if not (item.source == "SubmissionSet01" and item.target == target)
        ),
    )


BROKEN = [
    Broken(
        rule="42-submission-set-status-elsewhere",
        submission=replace(
            foldered(),
            associations=tuple(
                replace(item, submission_set_status="Original")
                if item.entry_uuid == "member-of-folder"
                else item
                for item in foldered().associations
            ),
        ),
        policy=STRICT,
        location="member-of-folder SubmissionSetStatus",
    ),
    Broken(
        rule="42-documentation",
        submission=submission(
            associations=(original("Document01", entry_uuid="m", documentation=code("WHY", "2.999.9.1")),)
        ),
        policy=STRICT,
        location="m associationDocumentation",
    ),
    Broken(
        rule="42-member-ends",
        submission=replace(
            foldered(),
            folders=(folder(), folder(2, entry_uuid="Folder02", unique_id="2.999.6.1.2002")),
            associations=(
                *foldered().associations,
                has_member("SubmissionSet01", "Folder02"),
                has_member("Folder01", "Folder02", entry_uuid="nested"),
            ),
        ),
        location="nested HasMember",
        says="HasMember from a folder to a folder is not defined",
    ),
    Broken(
        rule="42-association-type",
        submission=with_more(replace(link(XFRM, "Document01", "Document02"), association_type="RPLC2")),
        location="link associationType",
        says="'RPLC2' is not known here",
    ),
    Broken(
        rule="42-reference",
        submission=with_more(link(APND, "Document01", NOWHERE)),
        location="link targetObject",
        code=UNRESOLVED,
        says=f"{NOWHERE} names nothing",
    ),
    Broken(
        rule="42-reference",
        submission=with_more(link(APND, "Document03", "Document01")),
        location="link sourceObject",
        code=UNRESOLVED,
        says="Document03 names nothing",
    ),
    Broken(
        rule="42-relationship-source",
        submission=with_more(link(APND, REGISTERED_ENTRY, "Document01")),
        location="link sourceObject",
        code=UNRESOLVED,
        says=REGISTERED_ENTRY,
    ),
    Broken(
        rule="42-relationship-source",
        submission=with_more(link(XFRM, "SubmissionSet01", "Document01")),
        location="link sourceObject",
        code=UNRESOLVED,
        says="SubmissionSet01",
    ),
    Broken(
        rule="42-relationship-target",
        submission=with_more(link(RPLC, "Document01", REGISTERED_FOLDER)),
        location="link targetObject",
        code=UNRESOLVED,
        says=f"{REGISTERED_FOLDER} is not a DocumentEntry",
    ),
    Broken(
        rule="42-relationship-target",
        submission=with_more(link(RPLC, "Document01", "Document02")),
        location="link targetObject",
        code=UNRESOLVED,
        says="Document02 is new; the target of RPLC must be registered",
    ),
    Broken(
        rule="42-relationship-target",
        submission=with_more(link(XFRM, "Document01", "Document01")),
        location="link targetObject",
        code=UNRESOLVED,
        says="Document01 is the source as well",
    ),
    Broken(
        rule="42-deprecated-document",
        submission=with_more(link(RPLC, "Document01", REGISTERED_ENTRY)),
        facts=facts([registered(status=DEPRECATED)]),
        location="link targetObject",
        code="XDSRegistryDeprecatedDocumentError",
        says=f"{REGISTERED_ENTRY} is Deprecated",
    ),
    Broken(
        rule="42-deprecated-document",
        submission=with_more(by_reference(REGISTERED_ENTRY, entry_uuid="link")),
        facts=facts([registered(status=DEPRECATED)]),
        location="link targetObject",
        code="XDSRegistryDeprecatedDocumentError",
        says=REGISTERED_ENTRY,
    ),
    Broken(
        rule="42-folder-approved",
        submission=foldered(folder_id=REGISTERED_FOLDER),
        facts=facts([registered(REGISTERED_FOLDER, ObjectKind.FOLDER, status=DEPRECATED)]),
        location="member-of-folder sourceObject",
    ),
    Broken(
        rule="42-snapshot",
        submission=with_more(link(AssociationType.IS_SNAPSHOT_OF, "Document01", REGISTERED_ENTRY)),
        location="link targetObject",
    ),
    Broken(
        rule="42-append-to-transformation",
        submission=with_more(link(APND, "Document01", REGISTERED_ENTRY)),
        facts=facts(transformations=frozenset({REGISTERED_ENTRY})),
        location="link targetObject",
        says=f"{REGISTERED_ENTRY} is a transformation",
    ),
    Broken(
        rule="42-append-to-transformation",
        submission=with_more(
            link(APND, "Document01", "Document02"),
            association(XFRM, "Document02", REGISTERED_ENTRY),
        ),
        location="link targetObject",
    ),
    Broken(
        rule="42-association-twice",
        submission=with_more(original("Document01", entry_uuid="link")),
        location="link HasMember",
    ),
    Broken(
        rule="42-member-ends",
        submission=with_more(has_member("Document01", "Document02", entry_uuid="link")),
        location="link HasMember",
        says="HasMember from a document entry to a document entry is not defined",
    ),
    Broken(
        rule="42-member-ends",
        submission=with_more(original("Document01", REGISTERED_SUBMISSION_SET, entry_uuid="link")),
        location="link sourceObject",
        says=f"{REGISTERED_SUBMISSION_SET} is a SubmissionSet of the past",
    ),
    Broken(
        rule="42-member-ends",
        submission=with_more(has_member("SubmissionSet01", REGISTERED_FOLDER, entry_uuid="link")),
        location="link targetObject",
        says=f"{REGISTERED_FOLDER} cannot be in a SubmissionSet",
    ),
    Broken(
        rule="42-member-of-set",
        submission=without_membership(submission(), "Document01"),
        location="Document01 HasMember",
    ),
    Broken(
        rule="42-member-of-set",
        submission=without_membership(foldered(), "Folder01"),
        location="Folder01 HasMember",
    ),
    Broken(
        rule="42-member-of-set",
        submission=without_membership(foldered(), "member-of-folder"),
        location="member-of-folder HasMember",
    ),
    Broken(
        rule="42-submission-set-status",
        submission=submission(
            associations=(original("Document01", entry_uuid="m", submission_set_status=None),)
        ),
        location="m SubmissionSetStatus",
        says="SubmissionSetStatus is missing, Original expected",
    ),
    Broken(
        rule="42-submission-set-status",
        submission=with_more(original(REGISTERED_ENTRY, entry_uuid="link")),
        location="link SubmissionSetStatus",
        says="SubmissionSetStatus is 'Original', Reference expected",
    ),
]
ON_DEMAND_ENTRY = facts([registered(object_type=ON_DEMAND)])


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.rule)
def test_rule(broken: Broken) -> None:
    broken.assert_found()


@pytest.mark.parametrize("kind", sorted(RELATIONSHIPS))
def test_every_relationship_may_have_a_registered_target(kind: AssociationType) -> None:
    known = ON_DEMAND_ENTRY if kind is AssociationType.IS_SNAPSHOT_OF else facts()
    assert check(REGISTRATION, relating(kind), known, RulePolicy()) == []


@pytest.mark.parametrize("kind", [APND, XFRM, AssociationType.SIGNS])
def test_some_relationships_may_have_a_new_target(kind: AssociationType) -> None:
    assert check(REGISTRATION, with_more(link(kind, "Document01", "Document02")), facts(), RulePolicy()) == []


def test_a_transformation_may_be_replaced() -> None:
    known = facts(transformations=frozenset({REGISTERED_ENTRY}))
    assert check(REGISTRATION, relating(RPLC), known, RulePolicy()) == []


@pytest.mark.parametrize("folder_id", ["Folder01", REGISTERED_FOLDER])
@pytest.mark.parametrize("entry_id", ["Document01", REGISTERED_ENTRY])
def test_there_are_four_ways_into_a_folder(folder_id: str, entry_id: str) -> None:
    whole = foldered(folder_id=folder_id, entry_id=entry_id)
    assert check(REGISTRATION, whole, facts(), RulePolicy()) == []


def test_a_membership_of_a_new_folder_needs_no_registry() -> None:
    two = foldered(folders=(folder(), folder(2)))
    two = replace(two, associations=(*two.associations, has_member("SubmissionSet01", "Folder02")))
    assert check(REGISTRATION, two, facts(()), RulePolicy()) == []
