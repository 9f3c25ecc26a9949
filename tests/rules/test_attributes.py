"""What must be there, and codes of the affinity domain."""

from dataclasses import replace

import pytest

from tests.rules.broken import STRICT, Broken
from tests.samples.builders import (
    author,
    code,
    document_entry,
    facts,
    folder,
    foldered,
    submission,
    submission_set,
    text,
)
from xds.model import DocumentEntry, Folder, Submission, SubmissionSet
from xds.rules import REGISTRATION, CodeSet, RulePolicy, check
from xds.rules.optionality import COLUMNS, DOCUMENT_ENTRY, FOLDER, SUBMISSION_SET

TABLES = [
    (DOCUMENT_ENTRY, DocumentEntry, 30, "entry"),
    (SUBMISSION_SET, SubmissionSet, 13, "submission-set"),
    (FOLDER, Folder, 10, "folder"),
]
REQUIRED = [
    (kind, name, row.field)
    for table, _, _, kind in TABLES
    for name, row in table.items()
    if row.optionality("DR") == "R" and name != "entryUUID"
]
_NEVER_NONE = ("mime_type", "object_type")
DOMAIN = CodeSet(
    codes={"classCode": frozenset({("REPORTS", "1.3.6.1.4.1.19376.1.2.6.1")})},
    mime_types=frozenset({"text/xml", "application/pdf"}),
)


def only_set(**changes: object) -> Submission:
    return replace(submission(), submission_sets=(submission_set(**changes),))


def without(kind: str, field: str) -> Submission:
    whole = foldered()
    sources = {"entry": "document_entries", "submission-set": "submission_sets", "folder": "folders"}
    (item,) = getattr(whole, sources[kind])
    value = getattr(item, field)
    empty = replace(item, **{field: () if isinstance(value, tuple) else "" if field in _NEVER_NONE else None})
    return replace(whole, **{sources[kind]: (empty,)})


BROKEN = [
    Broken(
        rule="42-folder-title-required",
        submission=replace(foldered(), folders=(folder(title=text("")),)),
        location="Folder01 title",
        says="title is missing",
    ),
    Broken(
        rule="42-source-patient-info-fields",
        submission=submission(document_entry(source_patient_info=("PID-3|1^^^&2.999.1&ISO", "PID-19|123"))),
        policy=STRICT,
        location="Document01 sourcePatientInfo",
        says="PID-19 is there",
    ),
    Broken(
        rule="42-confidentiality-code",
        submission=submission(
            document_entry(
                confidentiality_codes=tuple(code(value, "2.16.840.1.113883.5.25") for value in ("N", "R"))
            )
        ),
        policy=STRICT,
        location="Document01 confidentialityCode",
        says="2 codes of HL7's scheme found",
    ),
    Broken(
        rule="42-intended-recipient",
        submission=only_set(intended_recipients=("Lakeview|||",)),
        location="SubmissionSet01 intendedRecipient",
        says="Value 1 has 4 parts",
    ),
    Broken(
        rule="42-mime-type",
        submission=submission(document_entry(mime_type="pdf")),
        location="Document01 mimeType",
        says="'pdf' is no media type",
    ),
    Broken(
        rule="42-mime-type",
        submission=submission(document_entry(mime_type="text/goofy")),
        policy=RulePolicy(codes=DOMAIN),
        location="Document01 mimeType",
        says="'text/goofy' is not among the types",
    ),
    Broken(
        rule="42-codes",
        submission=submission(document_entry(class_code=code("REPORTS", "2.999.9.9"))),
        policy=RulePolicy(codes=DOMAIN),
        location="Document01 classCode",
        says="'REPORTS^^2.999.9.9' is not in the domain's list for classCode",
    ),
    Broken(
        rule="42-author",
        submission=submission(
            document_entry(authors=(author(), author(person=None, institutions=("",), telecommunications=())))
        ),
        location="Document01 author",
    ),
    Broken(
        rule="42-source-patient-info",
        submission=submission(document_entry(source_patient_info=("PID-7|1971", "PID-7|1972"))),
        location="Document01 sourcePatientInfo",
        says="PID-7 is there 2 times",
    ),
    Broken(
        rule="42-source-patient-info",
        submission=submission(document_entry(source_patient_info=("PID-8|F~M",))),
        location="Document01 sourcePatientInfo",
        says="PID-8 is there 2 times",
    ),
    Broken(
        rule="42-source-patient-info",
        submission=submission(document_entry(source_patient_info=("PID-3|1", "PV1-2|I"))),
        location="Document01 sourcePatientInfo",
        says="Value 2 does not begin with PID-",
    ),
    Broken(
        rule="42-intended-recipient",
        submission=only_set(intended_recipients=("||",)),
        location="SubmissionSet01 intendedRecipient",
    ),
]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.rule)
def test_rule(broken: Broken) -> None:
    broken.assert_found()


@pytest.mark.parametrize(("kind", "name", "field"), REQUIRED)
def test_a_required_attribute_is_there(kind: str, name: str, field: str) -> None:
    object_id = {"entry": "Document01", "submission-set": "SubmissionSet01", "folder": "Folder01"}[kind]
    tolerated = name == "sourcePatientId"
    broken = Broken(
        rule=f"42-{kind}-{name}-required",
        submission=without(kind, field),
        location=f"{object_id} {name}",
        says=f"{name} is missing",
        policy=STRICT if tolerated else RulePolicy(),
    )
    broken.assert_found()


@pytest.mark.parametrize(("table", "model", "rows", "kind"), TABLES)
def test_the_table_of_the_standard_is_whole(
    table: dict[str, object], model: type, rows: int, kind: str
) -> None:
    assert len(table) == rows
    fields = {name for name in model.__dataclass_fields__ if not name.startswith("extra_")}
    fields -= {"logical_id", "version", "document_availability"}  # of Metadata Update
    assert {row.field for row in table.values()} == fields  # type: ignore[attr-defined]
    for row in table.values():
        assert len(row.row.split()) == len(COLUMNS)  # type: ignore[attr-defined]
        assert set(row.row.split()) <= {"R", "R2", "O", "X"}  # type: ignore[attr-defined]
    prohibited = [name for name, row in table.items() if row.optionality("DR") == "X"]  # type: ignore[attr-defined]
    assert prohibited == ["limitedMetadata"]


def test_what_a_repository_adds_is_required_of_it_and_not_of_a_source() -> None:
    added = [
        name
        for name, row in DOCUMENT_ENTRY.items()
        if row.optionality("DR") == "R" and row.optionality("DS") == "O"
    ]
    assert added == ["hash", "repositoryUniqueId", "size"]


@pytest.mark.parametrize(
    "accepted",
    [
        document_entry(mime_type="text/xml; charset=utf-8"),
        document_entry(mime_type="TEXT/XML"),
        document_entry(mime_type="text/x-cda-r2+xml"),
        document_entry(authors=(author(person="Given Family", institutions=("Lakeview",)),)),
        document_entry(authors=(author(person="^Family^Given^^^"),)),
        document_entry(authors=()),
        document_entry(source_patient_info=("PID-3|1^^^&2.999.1&ISO", "PID-3|2^^^&2.999.1&ISO~3")),
        document_entry(source_patient_info=()),
        document_entry(title=()),
        document_entry(format_code=code("1.2.840.10008.5.1.4.1.1.88.59", "1.2.840.10008.2.6.1")),
        document_entry(event_codes=(code("ANY", "2.999.1"),)),
    ],
)
def test_what_partners_send_rightly(accepted: DocumentEntry) -> None:
    types = CodeSet(mime_types=frozenset({"text/xml", "text/x-cda-r2+xml"}))
    assert check(REGISTRATION, submission(accepted), facts(), RulePolicy(codes=types)) == []
