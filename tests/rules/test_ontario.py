"""The profile `ontario`."""

import pytest

from tests.rules.broken import ONTARIO, Broken
from tests.samples.builders import author, code, document_entry, facts, submission, text
from xds.model import DocumentEntry, ReferenceIdType
from xds.rules import REGISTRATION, RulePolicy, check
from xds.rules.ontario import BOOK, DICOM_TERMS, IHE_CLASSES, IHE_FORMATS, SNOMED_CT

ACCESSION = f"ACC-24-0117^^^&2.999.23.1.7&ISO^{ReferenceIdType.ACCESSION}"
STUDY = f"2.999.7.1.1001^^^^{ReferenceIdType.STUDY_INSTANCE_UID}"
MANIFEST = {
    "mime_type": "application/dicom",
    "format_code": code("1.2.840.10008.5.1.4.1.1.88.59", "1.2.840.10008.2.6.1", "Key Object Selection Document"),
    "class_code": code("IMAGES", IHE_CLASSES),
    "authors": (author(person=None),),
}  # fmt: skip


def row(rule: str, attribute: str, says: str = "", **changes: object) -> Broken:
    return Broken(
        rule=f"ontario-{rule}",
        submission=submission(document_entry(**changes)),
        location=f"Document01 {attribute}",
        says=says,
        policy=ONTARIO,
    )


BROKEN = [
    row("mime-type", "mimeType", "'image/png' is none of", mime_type="image/png"),
    row("format-code", "formatCode", format_code=code("urn:ihe:rad:PDF", IHE_FORMATS)),
    row("class-code", "classCode", class_code=code("IMAGES", IHE_CLASSES)),
    row("class-code", "classCode", **{**MANIFEST, "class_code": code("REPORTS", IHE_CLASSES)}),
    row("type-code", "typeCode", type_code=code("US ABDOMEN", "2.999.23.102.2")),
    row("facility-type", "healthcareFacilityTypeCode", healthcare_facility_type_code=code("H", "2.999.1")),
    row("practice-setting", "practiceSettingCode", practice_setting_code=code("394802001", SNOMED_CT)),
    row("modality", "eventCodeList", event_codes=(code("51185008", SNOMED_CT),)),
    row("region", "eventCodeList", event_codes=(code("CT", DICOM_TERMS),)),
    row("confidentiality", "confidentialityCode", confidentiality_codes=(code("T", "2.999.1"),)),
    row("accession", "referenceIdList", reference_ids=(STUDY,)),
    row("accession-issuer", "referenceIdList",
        reference_ids=(STUDY, ACCESSION, f"9^^^HOSP^{ReferenceIdType.ACCESSION}")),
    row("study-uid", "referenceIdList", reference_ids=(ACCESSION,)),
    row("unique-id", "uniqueId", "'urn:uuid:1' is not the form of a report's id", unique_id="urn:uuid:1"),
    row("unique-id", "uniqueId", "'2.999.4^7' is not the form of a manifest's id",
        **MANIFEST, unique_id="2.999.4^7"),
    row("service-start-time", "serviceStartTime", "serviceStartTime has 8 digits", service_start_time="20240311"),
    row("service-start-time", "serviceStartTime", "serviceStartTime is missing", service_start_time=None),
    row("author", "author", authors=(author(person="^Tremblay^Hélène"),)),
    row("institution", "author", authors=(author(institutions=("Lakeview",)),)),
    row("language", "languageCode", "'de' is neither", language_code="de"),
    row("title", "title", title=text("")),
]  # fmt: skip


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.rule)
def test_rule(broken: Broken) -> None:
    broken.assert_found()


def test_every_rule_is_shown() -> None:
    assert {rule.id for rule in BOOK.rules} == {broken.rule for broken in BROKEN}


@pytest.mark.parametrize(
    "accepted",
    [
        document_entry(),
        document_entry(**MANIFEST),
        document_entry(mime_type="application/pdf", format_code=code("urn:ihe:rad:PDF", IHE_FORMATS)),
        document_entry(unique_id="2.999.4.1^R-17"),
        document_entry(language_code="en-us"),
        document_entry(event_codes=(code("DX", "1.2.840.10008.2.6.1"), code("T-D3000", SNOMED_CT))),
        document_entry(authors=(author(institutions=("Lakeview^^^^^&2.999.23&ISO^^^^45",)),)),
    ],
)
@pytest.mark.parametrize("strictness", ["field", "strict"])
def test_what_the_profile_asks_for(accepted: DocumentEntry, strictness: str) -> None:
    policy = RulePolicy(profile="ontario", strictness=strictness)  # type: ignore[arg-type]
    assert check(REGISTRATION, submission(accepted), facts(), policy) == []


def test_a_level_turns_a_rule_on_without_the_profile() -> None:
    broken = submission(document_entry(language_code="de"))
    policy = RulePolicy(levels={"ontario-language": "error"})
    (finding,) = check(REGISTRATION, broken, facts(), policy)
    assert (finding.rule, finding.is_error) == ("ontario-language", True)


def test_no_name_is_repeated() -> None:
    broken = submission(
        document_entry(authors=(author(person="Confidential", institutions=("Confidential",)),))
    )
    found = check(REGISTRATION, broken, facts(), ONTARIO)
    assert len(found) == 2
    assert not [item for item in found if "Confidential" in item.context]
