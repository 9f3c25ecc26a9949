"""What a submission consists of."""

from dataclasses import replace

import pytest

from tests.rules.broken import STRICT, Broken
from tests.samples.builders import (
    REGISTERED_ENTRY,
    author,
    by_reference,
    code,
    document_entry,
    facts,
    folder,
    has_member,
    original,
    registered,
    submission,
    submission_set,
    text,
)
from xds.model import ON_DEMAND, Slot, Submission
from xds.rules import REGISTRATION, RulePolicy, check

UPPER = "urn:uuid:3F0C7C52-6A1E-4D0B-9A57-2B8E5F0A1999"


def extra(name: str, *values: str) -> Submission:
    return submission(document_entry(extra_slots=(Slot(name=name, values=values or ("1",)),)))


BROKEN = [
    Broken(
        rule="42-logical-id",
        submission=submission(document_entry(logical_id="Document01")),
        policy=STRICT,
        location="Document01 lid",
        says="'Document01' is no UUID",
    ),
    Broken(
        rule="42-inner-slot",
        submission=submission(
            document_entry(authors=(author(extra_slots=(Slot(name="authorSpeciality", values=("CT",)),)),))
        ),
        policy=STRICT,
        location="Document01 author",
        says="An author has a Slot 'authorSpeciality'; authorSpecialty may be meant",
    ),
    Broken(
        rule="42-inner-slot",
        submission=submission(
            document_entry(
                class_code=replace(
                    code("REPORTS", "2.999.9.9"), extra_slots=(Slot(name="more", values=("1",)),)
                )
            )
        ),
        policy=STRICT,
        location="Document01 classCode",
    ),
    Broken(
        rule="42-one-submission-set",
        submission=replace(
            submission(),
            submission_sets=(submission_set(), submission_set(entry_uuid="S2", unique_id="2.999.5.2")),
        ),
        location="SubmissionSet",
        says="2 SubmissionSets found, 1 expected",
    ),
    Broken(
        rule="42-content",
        submission=Submission(submission_sets=(submission_set(),)),
        location="SubmissionSet",
    ),
    Broken(
        rule="42-objects-limit",
        submission=submission(),
        policy=RulePolicy(max_objects=2),
        location="RegistryObjectList",
        says="3 objects found, at most 2 are taken",
    ),
    Broken(
        rule="42-object-id-twice",
        submission=submission(
            document_entry(),
            document_entry(2, entry_uuid="Document01"),
            associations=(original("Document01"),),
        ),
        location="Document01 entryUUID",
    ),
    Broken(
        rule="42-uuid-form",
        submission=submission(document_entry(entry_uuid="urn:uuid:1234")),
        location="urn:uuid:1234 entryUUID",
    ),
    Broken(
        rule="42-uuid-lower-case",
        submission=submission(associations=(original("Document01", entry_uuid=UPPER),)),
        policy=STRICT,
        location=f"{UPPER} entryUUID",
    ),
    Broken(
        rule="42-entry-uuid-registered",
        submission=submission(document_entry(entry_uuid=REGISTERED_ENTRY)),
        location=f"{REGISTERED_ENTRY} entryUUID",
        says=f"{REGISTERED_ENTRY} is already registered, as a document entry",
    ),
    Broken(
        rule="42-first-version",
        submission=submission(document_entry(logical_id=REGISTERED_ENTRY)),
        location="Document01 lid",
    ),
    Broken(
        rule="42-object-type",
        submission=submission(document_entry(object_type=ON_DEMAND)),
        location="Document01 objectType",
        says="An On-Demand DocumentEntry is registered by ITI-61",
    ),
    Broken(
        rule="42-limited-metadata",
        submission=submission(document_entry(limited_metadata=True)),
        location="Document01 limitedMetadata",
    ),
    Broken(
        rule="42-extra-slot-name",
        submission=extra("priority"),
        policy=STRICT,
        location="Document01 'priority'",
    ),
    Broken(
        rule="42-extra-slot-name",
        submission=extra("urn:ihe:iti:xds:2099:news"),
        policy=STRICT,
        location="Document01 'urn:ihe:iti:xds:2099:news'",
    ),
]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.rule)
def test_rule(broken: Broken) -> None:
    broken.assert_found()


@pytest.mark.parametrize(
    "accepted",
    [
        replace(submission(), document_entries=(), associations=(by_reference(REGISTERED_ENTRY),)),
        submission(document_entry(logical_id="Document01")),
        submission(document_entry(entry_uuid=UPPER)),
    ],
    ids=["by-reference", "own-lid", "upper-case"],
)
def test_what_is_at_the_edge_is_accepted(accepted: Submission) -> None:
    assert check(REGISTRATION, accepted, facts(), RulePolicy()) == []


def test_upper_case_uuids_refer_to_registered_objects() -> None:
    referring = replace(
        submission(),
        document_entries=(),
        associations=(by_reference("urn:uuid:" + REGISTERED_ENTRY[9:].upper()),),
    )
    assert check(REGISTRATION, referring, facts([registered()]), RulePolicy()) == []


def test_a_folder_is_a_first_version_as_well() -> None:
    newer = submission(
        folders=(folder(version=2),),
        associations=(original("Document01"), has_member("SubmissionSet01", "Folder01")),
    )
    (finding,) = check(REGISTRATION, newer, facts(), RulePolicy())
    assert (finding.rule, finding.location) == ("42-first-version", "Folder01 VersionInfo")


def test_a_huge_id_is_cut_in_the_answer() -> None:
    huge = submission(document_entry(entry_uuid="D" * 100_000, language_code="en_CA", title=text("")))
    (finding,) = check(REGISTRATION, huge, facts(), RulePolicy())
    assert len(finding.location) < 700
    assert len(finding.context) < 700
