"""The imaging summary: a CDA that says what it was given, in the order of the CDA schema."""

from dataclasses import replace

from lxml import etree

from xds.content import (
    SUMMARY_FORMAT,
    ImagingSummary,
    InstanceId,
    SummaryLine,
    SummaryPatient,
    build_imaging_summary,
    read_cda,
)
from xds.model import Code, LocalizedString, PatientIdentifier
from xds.xml.namespaces import CDA

NS = {"c": CDA}
TYPE = Code(
    code="18748-4",
    scheme="2.16.840.1.113883.6.1",
    display=(LocalizedString(value="Diagnostic imaging study"),),
)
LINE = SummaryLine(
    document=InstanceId(root="2.999.4.1", extension="17"),
    time="20240311140500",
    title='CT <chest> & "neck"',
    type_code=TYPE,
    examination="CT, Thorax",
    author="Dr Hélène Tremblay",
    institution="Lakeview General Hospital",
)
SUMMARY = ImagingSummary(
    id=InstanceId(root="2.25.7"),
    creation_time="20240312080000",
    language_code="en-CA",
    type_code=TYPE,
    confidentiality_code=Code(code="N", scheme="2.16.840.1.113883.5.25"),
    patient=SummaryPatient(
        id=PatientIdentifier("P1001", "2.999.1.1"), family="Sample", given=("Amélie", "Rose"),
        birth_date="19710304", sex="F",
    ),
    custodian_oid="2.999.2.1",
    lines=(LINE, replace(LINE, title="", time="", type_code=None)),
)  # fmt: skip


def texts(summary: ImagingSummary, path: str) -> list[str]:
    return [str(item) for item in etree.fromstring(build_imaging_summary(summary)).xpath(path, namespaces=NS)]


def test_our_own_reader_reads_it() -> None:
    facts = read_cda(build_imaging_summary(SUMMARY))
    assert facts.problems == ()
    assert (facts.unique_id, facts.creation_time) == ("2.25.7", "20240312080000")
    assert (facts.title, facts.language_code) == ("Current imaging summary", "en-CA")
    assert facts.type_code == TYPE
    assert facts.source_patient_info == (
        "PID-3|P1001^^^&2.999.1.1&ISO", "PID-5|Sample^Amélie^Rose", "PID-7|19710304", "PID-8|F"
    )  # fmt: skip
    assert [author.person for author in facts.authors] == ["2.999.2.1^xds imaging summary"]


def test_the_same_summary_gives_the_same_octets() -> None:
    assert build_imaging_summary(SUMMARY) == build_imaging_summary(SUMMARY)


def test_header_and_section_stand_in_the_order_of_the_schema() -> None:
    root = etree.fromstring(build_imaging_summary(SUMMARY))
    assert [etree.QName(item).localname for item in root] == [
        "typeId", "id", "code", "title", "effectiveTime", "confidentialityCode", "languageCode", "recordTarget",
        "author", "custodian", "component",
    ]  # fmt: skip
    (section,) = root.iter(f"{{{CDA}}}section")
    assert [etree.QName(item).localname for item in section] == ["code", "title", "text", "entry", "entry"]


def test_each_report_is_told_to_people_and_to_machines() -> None:
    assert texts(SUMMARY, "//c:tbody/c:tr[1]/c:td/text()") == [
        "2024-03-11 14:05", 'CT <chest> & "neck"', "CT, Thorax", "Dr Hélène Tremblay", "Lakeview General Hospital",
        "2.999.4.1^17",
    ]  # fmt: skip
    assert texts(SUMMARY, "//c:externalDocument/c:id/@extension") == ["17", "17"]
    assert texts(SUMMARY, "//c:act/c:effectiveTime/@value") == ["20240311140500+0000"]
    assert texts(SUMMARY, "//c:act/c:code/@nullFlavor") == ["UNK"]
    assert texts(SUMMARY, "//c:section/c:text/c:paragraph/text()") == [
        "2 imaging reports are registered and current, the newest first."
    ]


def test_without_reports_it_says_so() -> None:
    empty = replace(SUMMARY, lines=())
    assert texts(empty, "//c:text/*/text()") == ["No imaging report of this patient is registered."]
    assert texts(empty, "//c:entry") == []


def test_in_french() -> None:
    assert texts(replace(SUMMARY, language_code="fr-CA"), "/*/c:title/text()") == [
        "Sommaire d'imagerie à jour"
    ]


def test_of_a_patient_without_a_name_only_the_id_is_told() -> None:
    unknown = replace(SUMMARY, patient=SummaryPatient(id=SUMMARY.patient.id))
    assert texts(unknown, "//c:patientRole/*") != []
    assert texts(unknown, "//c:patient") == []


def test_the_format_is_ours() -> None:
    assert SUMMARY_FORMAT.code.startswith("urn:oid:2.999.")
