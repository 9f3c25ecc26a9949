"""Documents of ITI-41 against their entries."""

from dataclasses import replace

import pytest

from tests.samples.builders import OTHER_SHA1, SHA1, document_entry, submission
from xds.model import Submission
from xds.rules import DocumentPart, RulePolicy, check_provision, complete, same_document

PART = DocumentPart(size=1280, sha1=SHA1)
PARTS = {"Document01": PART}
UNIQUE_ID = "2.999.4.1.1001"


def entry(**changes: object) -> Submission:
    return submission(document_entry(**changes))


BROKEN = [
    (
        "41-document-missing",
        "XDSMissingDocument",
        submission(),
        {},
        "Document01 Document",
        "Document01 has no",
    ),
    (
        "41-metadata-missing",
        "XDSMissingDocumentMetadata",
        submission(),
        {**PARTS, "Document02": PART},
        "Document02 Document",
        "Document02 is the id of no DocumentEntry",
    ),
    (
        "41-hash",
        "XDSRepositoryMetadataError",
        entry(hash=OTHER_SHA1),
        PARTS,
        "Document01 hash",
        f"hash is '{OTHER_SHA1}', but the document received has {SHA1}",
    ),
    (
        "41-size",
        "XDSRepositoryMetadataError",
        entry(size="1281"),
        PARTS,
        "Document01 size",
        "size is '1281', but the document received has 1280 octets",
    ),
    ("41-size", "XDSRepositoryMetadataError", entry(size="1 KB"), PARTS, "Document01 size", "size is '1 KB'"),
    (
        "41-unique-id",
        "XDSRepositoryMetadataError",
        entry(unique_id=None),
        PARTS,
        "Document01 uniqueId",
        "uniqueId is missing",
    ),
    (
        "41-unique-id-in-message",
        "XDSRepositoryDuplicateUniqueIdInMessage",
        submission(document_entry(1), document_entry(2, unique_id=UNIQUE_ID)),
        {**PARTS, "Document02": PART},
        "Document02 uniqueId",
        f"{UNIQUE_ID} is the uniqueId of 2 documents",
    ),
]


@pytest.mark.parametrize(("rule", "code", "sent", "parts", "location", "says"), BROKEN)
def test_rule(
    rule: str, code: str, sent: Submission, parts: dict[str, DocumentPart], location: str, says: str
) -> None:
    found = check_provision(sent, parts, RulePolicy())
    assert [(item.rule, item.code, item.location) for item in found] == [(rule, code, location)]
    assert found[0].context.startswith(says)


BROKEN_LIMITS = [
    ("41-document-limit", RulePolicy(max_document_bytes=1279)),
    ("41-documents-limit", RulePolicy(max_documents=0)),
]


@pytest.mark.parametrize(("rule", "policy"), BROKEN_LIMITS)
def test_a_limit_is_named(rule: str, policy: RulePolicy) -> None:
    (found,) = check_provision(submission(), PARTS, policy)
    assert (found.rule, found.code) == (rule, "XDSRepositoryMetadataError")
    assert check_provision(submission(), PARTS, RulePolicy(max_document_bytes=1280, max_documents=1)) == []


BROKEN_MESSAGE = [("41-document-twice", ["Document01"])]


@pytest.mark.parametrize(("rule", "repeated"), BROKEN_MESSAGE)
def test_an_id_on_two_documents(rule: str, repeated: list[str]) -> None:
    (found,) = check_provision(submission(), PARTS, RulePolicy(), repeated)
    assert (found.rule, found.code) == (rule, "XDSRepositoryMetadataError")
    assert found.location == "Document01 Document"


@pytest.mark.parametrize(
    "accepted",
    [submission(), entry(hash=SHA1.upper()), entry(hash=None, size=None), entry(repository_unique_id=None)],
)
def test_the_sample_is_valid(accepted: Submission) -> None:
    assert check_provision(accepted, PARTS, RulePolicy()) == []


def test_everything_else_is_for_the_registry_to_judge() -> None:
    bare = entry(patient_id=None, class_code=None, creation_time="yesterday")
    assert check_provision(bare, PARTS, RulePolicy()) == []


def test_everything_missing_is_reported_at_once() -> None:
    wrong = entry(unique_id=None, hash=OTHER_SHA1, size="1")
    found = {item.rule for item in check_provision(wrong, {**PARTS, "X": PART}, RulePolicy())}
    assert found == {"41-metadata-missing", "41-hash", "41-size", "41-unique-id"}


def test_the_repository_adds_what_a_registry_needs() -> None:
    sent = entry(repository_unique_id="2.999.2.99", hash=None, size=None)
    (done,) = complete(sent, PARTS, "2.999.2.1").document_entries
    assert (done.repository_unique_id, done.hash, done.size) == ("2.999.2.1", SHA1, "1280")
    assert replace(done, repository_unique_id="2.999.2.99", hash=None, size=None) == sent.document_entries[0]


BROKEN_CONTENT = [
    ("41-non-identical-hash", "XDSNonIdenticalHash", (OTHER_SHA1, 1280), "Document01 hash"),
    ("41-non-identical-size", "XDSNonIdenticalSize", (SHA1, 1), "Document01 size"),
]


@pytest.mark.parametrize(("rule", "code", "held", "location"), BROKEN_CONTENT)
def test_a_document_with_other_content(rule: str, code: str, held: tuple[str, int], location: str) -> None:
    (found,) = same_document({UNIQUE_ID: held}, submission())
    assert (found.rule, found.code, found.location) == (rule, code, location)
    assert found.context.startswith(UNIQUE_ID)


def test_a_document_may_come_again_if_it_is_the_same() -> None:
    assert same_document({}, submission()) == []
    assert same_document({UNIQUE_ID: (SHA1.upper(), 1280)}, submission()) == []
