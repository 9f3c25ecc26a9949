"""Values in the notation of HL7 v2."""

from dataclasses import replace

import pytest

from tests.rules.broken import STRICT, Broken
from tests.samples.builders import author, document_entry, facts, submission, submission_set
from xds.model import DocumentEntry, ReferenceIdType, Submission
from xds.rules import REGISTRATION, check
from xds.rules.hl7_values import telecommunication_fault


def entry(**changes: object) -> Submission:
    return submission(document_entry(**changes))


def by(**changes: object) -> Submission:
    return entry(authors=(author(), author(**changes)))


def to(recipient: str) -> Submission:
    return replace(submission(), submission_sets=(submission_set(intended_recipients=(recipient,)),))


def strict(rule: str, broken: Submission, location: str, says: str = "") -> Broken:
    return Broken(rule=rule, submission=broken, location=location, says=says, policy=STRICT)


BROKEN = [
    strict("42-person-name", by(person="^^Hélène"), "Document01 authorPerson"),
    strict("42-person-name", entry(legal_authenticator="^^Hélène"), "Document01 legalAuthenticator"),
    strict("42-person-name", to("Lakeview|^^Hélène"), "SubmissionSet01 intendedRecipient"),
    strict("42-person-authority", by(person="40017^Tremblay^^^^^^^2.999.24.1"), "Document01 authorPerson"),
    strict(
        "42-person-authority",
        entry(legal_authenticator="40017^Tremblay^^^^^^^CPSO&2.999.24.1&ISO"),
        "Document01 legalAuthenticator",
    ),
    strict("42-organization-name", by(institutions=("^^^^^^^^^2.999.23.1",)), "Document01 authorInstitution"),
    strict(
        "42-organization-id",
        by(institutions=("Lakeview^^^^^^^^^45",)),
        "Document01 authorInstitution",
        "The id of the organization (component 10) is no OID and has no assigning authority",
    ),
    strict(
        "42-organization-id",
        by(institutions=("Lakeview^^^^^2.999.23^^^^45",)),
        "Document01 authorInstitution",
        "The assigning authority of the organization (component 6) is not &oid&ISO",
    ),
    strict(
        "42-organization-id",
        to("Lakeview^L^^^^^^^^2.999.23.1"),
        "SubmissionSet01 intendedRecipient",
        "The organization has components beside",
    ),
    strict(
        "42-telecommunication",
        by(telecommunications=("desk@lakeview.example",)),
        "Document01 authorTelecommunication",
        "The telecommunication has a component 1, which is not defined",
    ),
    strict("42-telecommunication", to("||^^Internet"), "SubmissionSet01 intendedRecipient"),
    Broken(
        rule="42-reference-id",
        submission=entry(reference_ids=("ACC-1^^^&2.999.23&ISO",)),
        location="Document01 referenceIdList",
        says="Value 1 lacks the type (component 5)",
    ),
    Broken(
        rule="42-reference-id",
        submission=entry(reference_ids=(f"^^^&2.999.23&ISO^{ReferenceIdType.ACCESSION}",)),
        location="Document01 referenceIdList",
        says="Value 1 lacks the identifier (component 1)",
    ),
    strict(
        "42-reference-id-authority",
        entry(reference_ids=(f"ORD-1^^^^{ReferenceIdType.ORDER}",)),
        "Document01 referenceIdList",
        "Value 1 has no assigning authority",
    ),
    strict(
        "42-reference-id-authority",
        entry(reference_ids=(f"ACC-1^^^&2.999.23^{ReferenceIdType.ACCESSION}",)),
        "Document01 referenceIdList",
        "Value 1 has an assigning authority that is neither",
    ),
    strict(
        "42-reference-id-components",
        entry(reference_ids=(f"ACC-1^x^^&2.999.23&ISO^{ReferenceIdType.ACCESSION}",)),
        "Document01 referenceIdList",
    ),
    strict(
        "42-reference-id-components",
        entry(reference_ids=(f"ACC-1^^^&2.999.23&ISO^{ReferenceIdType.ACCESSION}^x",)),
        "Document01 referenceIdList",
    ),
    strict(
        "42-reference-id-global",
        entry(reference_ids=(f"2.999.7^^^&2.999.1&ISO^{ReferenceIdType.STUDY_INSTANCE_UID}",)),
        "Document01 referenceIdList",
        "Value 1 has an assigning authority, though its id is globally unique",
    ),
    strict(
        "42-reference-id-global",
        entry(reference_ids=(f"WF-1^^^^{ReferenceIdType.WORKFLOW_INSTANCE}",)),
        "Document01 referenceIdList",
        "The identifier of value 1 is no OID",
    ),
    strict(
        "42-hl7-escape", entry(source_patient_info=(r"PID-5|Sample\H\Person\N\ ",)),
        "Document01 sourcePatientInfo",
    ),
    strict("42-hl7-escape", by(roles=(r"Radiologist\Zabc\ ",)), "Document01 authorRole"),
]  # fmt: skip


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.rule)
def test_rule(broken: Broken) -> None:
    broken.assert_found()


@pytest.mark.parametrize(
    "accepted",
    [
        document_entry(authors=(author(person="^Tremblay^Hélène^^^"),)),
        document_entry(authors=(author(person="^CT scanner 2"),)),
        document_entry(authors=(author(person="1.2.3.4"),)),
        document_entry(authors=(author(person="40017^^^^^^^^&2.999.24.1&ISO^^^^^"),)),
        document_entry(authors=(author(institutions=("Lakeview", r"Bay \T\ Sons^^^^^&2.999.23&ISO^^^^45")),)),
        document_entry(authors=(author(telecommunications=("^NET^Internet^desk@lakeview.example",)),)),
        document_entry(authors=(author(telecommunications=("^WPN^PH^^1^705^5550100^12",)),)),
        document_entry(
            reference_ids=(
                f"REF-1^^^HOSP^{ReferenceIdType.REFERRAL}",
                f"2.999.7.9^^^^{ReferenceIdType.WORKFLOW_INSTANCE}",
                f"2.999.4.1^^^^{ReferenceIdType.UNIQUE_ID}",
                "77^^^&2.999.5&ISO^urn:oid:2.999.8.7",
            )
        ),
    ],
)
def test_what_the_types_allow(accepted: DocumentEntry) -> None:
    assert check(REGISTRATION, submission(accepted), facts(), STRICT) == []


@pytest.mark.parametrize("recipient", ["Org", "Org|^Person", "|40018^Singh", "||^^Internet^a@b.example"])
def test_forms_of_a_recipient(recipient: str) -> None:
    assert check(REGISTRATION, to(recipient), facts(), STRICT) == []


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        (
            "^PRN^Internet^desk@lakeview.example",
            "is of type Internet and of another use than NET (component 2)",
        ),
        ("^^Internet", "has no address (component 4)"),
        ("^^PH^^^705", "has no number (component 7)"),
        ("^^^^^705^5550100", "has no type (component 3)"),
        ("^^PH^desk@lakeview.example^^^5550100", "has a component 4, which is not defined"),
    ],
)
def test_what_is_wrong_with_a_telecommunication(value: str, fault: str) -> None:
    assert telecommunication_fault(value) == fault


def test_no_finding_repeats_a_value() -> None:
    secret = r"Confidential\H\ "
    wrong = author(
        person=f"^^{secret}", institutions=(f"^{secret}",), telecommunications=(secret,), roles=(secret,)
    )
    found = check(REGISTRATION, entry(authors=(wrong,), legal_authenticator=f"^^{secret}"), facts(), STRICT)
    assert len(found) >= 5
    assert not [item for item in found if "Confidential" in item.context + item.location]
