"""uniqueIds in the message and in the registry."""

from dataclasses import replace

import pytest

from tests.rules.broken import Broken
from tests.samples.builders import (
    OTHER_SHA1,
    SHA1,
    document_entry,
    facts,
    foldered,
    submission,
    submission_set,
)
from xds.model import ObjectKind, RegisteredDocument
from xds.rules import REGISTRATION, RulePolicy, check

UNIQUE_ID = document_entry().unique_id or ""
DOCUMENT = frozenset({ObjectKind.DOCUMENT_ENTRY})

BROKEN = [
    Broken(
        rule="42-document-unique-id-used",
        submission=submission(),
        facts=facts(used_unique_ids={"2.999.4.1.1001": frozenset({ObjectKind.FOLDER})}),
        location="Document01 uniqueId",
        says="2.999.4.1.1001 is the uniqueId of a Folder",
    ),
    Broken(
        rule="42-unique-id-in-message",
        submission=submission(document_entry(1), document_entry(2, unique_id=UNIQUE_ID)),
        location="Document02 uniqueId",
        code="XDSRegistryDuplicateUniqueIdInMessage",
        says=f"{UNIQUE_ID} is the uniqueId of 2 objects",
    ),
    Broken(
        rule="42-unique-id-in-message",
        submission=replace(submission(), submission_sets=(submission_set(unique_id=UNIQUE_ID),)),
        location="Document01 uniqueId",
        code="XDSRegistryDuplicateUniqueIdInMessage",
        says=UNIQUE_ID,
    ),
    Broken(
        rule="42-submission-set-unique-id-used",
        submission=submission(),
        facts=facts(used_unique_ids={"2.999.5.1.1001": DOCUMENT}),
        location="SubmissionSet01 uniqueId",
        code="XDSDuplicateUniqueIdInRegistry",
        says="SubmissionSet.uniqueId 2.999.5.1.1001 is already registered",
    ),
    Broken(
        rule="42-folder-unique-id-used",
        submission=foldered(),
        facts=facts(used_unique_ids={"2.999.6.1.1001": frozenset({ObjectKind.FOLDER})}),
        location="Folder01 uniqueId",
        code="XDSDuplicateUniqueIdInRegistry",
        says="Folder.uniqueId 2.999.6.1.1001 is already registered",
    ),
    Broken(
        rule="42-unique-id-on-demand",
        submission=submission(),
        facts=facts(documents={UNIQUE_ID: RegisteredDocument(hash=None, size=None, is_on_demand=True)}),
        location="Document01 uniqueId",
        says=UNIQUE_ID,
    ),
    Broken(
        rule="42-non-identical-hash",
        submission=submission(),
        facts=facts(documents={UNIQUE_ID: RegisteredDocument(hash=OTHER_SHA1, size=1280)}),
        location="Document01 hash",
        code="XDSNonIdenticalHash",
        says=UNIQUE_ID,
    ),
    Broken(
        rule="42-non-identical-size",
        submission=submission(),
        facts=facts(documents={UNIQUE_ID: RegisteredDocument(hash=SHA1, size=1281)}),
        location="Document01 size",
        code="XDSNonIdenticalSize",
        says=UNIQUE_ID,
    ),
]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.rule)
def test_rule(broken: Broken) -> None:
    broken.assert_found()


def test_the_same_document_may_come_again() -> None:
    known = facts(
        documents={UNIQUE_ID: RegisteredDocument(hash=SHA1, size=1280)}, used_unique_ids={UNIQUE_ID: DOCUMENT}
    )
    again = submission(document_entry(hash=SHA1.upper(), size="01280"))
    assert check(REGISTRATION, again, known, RulePolicy()) == []


def test_a_document_that_is_assembled_on_demand_has_nothing_to_compare() -> None:
    known = facts(documents={UNIQUE_ID: RegisteredDocument(hash=None, size=None)})
    assert check(REGISTRATION, submission(), known, RulePolicy()) == []
