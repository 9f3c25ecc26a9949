"""CDA: the builder's structure, the reader's facts, and that the two agree."""

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings

from xds.content import (
    DocumentFacts,
    RelatedDocument,
    Report,
    UnreadableDocument,
    build_report,
    escape,
    read_cda,
)
from xds.xml import parse
from xds.xml.namespaces import CDA

from .reports import REPORTS

# The children of ClinicalDocument in the order of the CDA R2 schema, as far as we write them.
ORDER = (
    *("realmCode", "typeId", "id", "code", "title", "effectiveTime", "confidentialityCode", "languageCode"),
    *("recordTarget", "author", "custodian", "legalAuthenticator", "inFulfillmentOf", "documentationOf"),
    *("relatedDocument", "component"),
)


def local(tag: str) -> str:
    return tag.removeprefix(f"{{{CDA}}}")


def test_elements_stand_in_the_order_of_the_schema(report: Report) -> None:
    assert [local(child.tag) for child in parse(build_report(report))] == list(ORDER)


def test_a_preliminary_report_has_no_signature(report: Report) -> None:
    data = build_report(replace(report, is_signed=False))
    assert b"legalAuthenticator" not in data
    assert read_cda(data).legal_authenticator is None


def test_same_report_same_octets(report: Report) -> None:
    assert build_report(report) == build_report(report)
    assert build_report(report).startswith(b"<?xml")


def test_facts_of_a_report(report: Report) -> None:
    facts = read_cda(build_report(report))
    assert facts == DocumentFacts(
        mime_type="text/xml",
        format_code=facts.format_code,
        title="TDM du thorax",
        language_code="fr-CA",
        creation_time="20240311153000",
        unique_id="2.999.5.1.1",
        type_code=report.type_code,
        confidentiality_code=report.confidentiality_code,
        event_codes=report.event_codes,
        patient_ids=report.patient.ids,
        source_patient_info=(
            "PID-3|MRN-4471^^^&2.999.18.1&ISO",
            "PID-3|9990010015^^^&2.16.840.1.113883.4.59&ISO",
            r"PID-5|O'Neil \T\ Fils^Amélie^Rose",
            "PID-7|19710304",
            "PID-8|F",
        ),
        authors=facts.authors,
        legal_authenticator="40017^Tremblay^Hélène^^^Dre^^^&2.16.840.1.113883.4.347&ISO",
        custodian="Hôpital du Lac^^^^^^^^^2.999.23.1",
        service_start_time="20240311140500",
        service_stop_time="20240311142000",
        reference_ids=(
            "ACC-24-0502^^^&2.999.23.1.101.1&ISO^urn:ihe:iti:xds:2013:accession",
            "2.999.7.1.1^^^^urn:ihe:iti:xds:2016:studyInstanceUID",
        ),
        related_documents=(RelatedDocument(relation="RPLC", unique_id="2.999.5.1^a"),),
    )
    assert facts.format_code is not None
    assert facts.format_code.code == "urn:ihe:rad:CDA:ImagingReportStructuredHeadings:2013"
    (author,) = facts.authors
    assert author.person == "40017^Tremblay^Hélène^^^Dre^^^&2.16.840.1.113883.4.347&ISO"
    assert author.institutions == ("Hôpital du Lac^^^^^^^^^2.999.23.1",)


@settings(max_examples=60, deadline=None)
@given(REPORTS)
def test_read_gives_back_what_was_built(report: Report) -> None:
    data = build_report(report)
    facts = read_cda(data)
    assert facts.problems == ()
    assert (facts.unique_id, facts.title, facts.language_code) == (
        report.id.unique_id,
        report.title,
        report.language_code,
    )
    assert facts.creation_time == report.creation_time
    assert (facts.service_start_time, facts.service_stop_time) == (
        report.service_start_time,
        report.service_stop_time,
    )
    assert (facts.type_code, facts.confidentiality_code) == (report.type_code, report.confidentiality_code)
    assert facts.event_codes == report.event_codes
    assert [(one.id_number, one.assigning_authority) for one in facts.patient_ids] == [
        (escape(one.id_number), one.assigning_authority) for one in report.patient.ids
    ]
    assert f"PID-8|{report.patient.sex}" in facts.source_patient_info
    assert [(one.relation, one.unique_id) for one in facts.related_documents] == [
        (one.relation, one.document.unique_id) for one in report.related
    ]
    texts = {"".join(element.itertext()) for element in parse(data).iter(f"{{{CDA}}}paragraph")}
    assert texts == {text for section in report.sections for text in section.paragraphs}


def header(inside: str) -> bytes:
    return f'<ClinicalDocument xmlns="{CDA}"><id root="2.999.1"/>{inside}</ClinicalDocument>'.encode()


def test_an_offset_is_turned_into_utc() -> None:
    assert read_cda(header('<effectiveTime value="20240311235959-0500"/>')).creation_time == "20240312045959"


def test_a_time_without_an_offset_is_the_source_s() -> None:
    data = header('<effectiveTime value="202407010800"/>')
    assert read_cda(data).creation_time == "202407010800"
    assert read_cda(data, zone=ZoneInfo("America/Toronto")).creation_time == "202407011200"


def test_a_time_that_is_none_is_a_problem() -> None:
    facts = read_cda(header('<effectiveTime value="11 March"/>'))
    assert facts.creation_time is None
    assert facts.problems == (
        "effectiveTime/@value is '11 March', expected YYYYMMDDhhmmss and an offset ±hhmm",
    )


def test_a_service_at_one_moment_starts_and_stops_then() -> None:
    event = '<documentationOf><serviceEvent><effectiveTime value="2024"/></serviceEvent></documentationOf>'
    facts = read_cda(header(event))
    assert (facts.service_start_time, facts.service_stop_time) == ("2024", "2024")


def test_a_missing_id_is_a_problem() -> None:
    facts = read_cda(f'<ClinicalDocument xmlns="{CDA}"><id nullFlavor="NI"/></ClinicalDocument>'.encode())
    assert facts.unique_id is None
    assert "uniqueId" in facts.problems[0]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('<nonXMLBody><text mediaType="text/plain">NORMAL</text></nonXMLBody>', "urn:ihe:rad:TEXT"),
        ("<nonXMLBody><text>NORMAL</text></nonXMLBody>", "urn:ihe:rad:TEXT"),
        ('<nonXMLBody><text mediaType="application/pdf"/></nonXMLBody>', "urn:ihe:iti:xds-sd:pdf:2008"),
        ('<nonXMLBody><text mediaType="image/gif"/></nonXMLBody>', None),
    ],
)
def test_format_code_follows_the_body(body: str, expected: str | None) -> None:
    code = read_cda(header(f"<component>{body}</component>")).format_code
    assert (code.code if code else None) == expected


def test_an_order_id_is_an_order_not_an_accession_number() -> None:
    order = '<inFulfillmentOf><order><id root="2.999.9" extension="P1"/></order></inFulfillmentOf>'
    assert read_cda(header(order)).reference_ids == ("P1^^^&2.999.9&ISO^urn:ihe:iti:xds:2013:order",)


def test_a_device_is_the_author_by_its_software_s_name() -> None:
    author = (
        '<author><assignedAuthor><id nullFlavor="NI"/><assignedAuthoringDevice><softwareName>Dictate 4'
        "</softwareName></assignedAuthoringDevice></assignedAuthor></author>"
    )
    assert [one.person for one in read_cda(header(author)).authors] == ["^Dictate 4"]


def test_a_name_without_parts_counts_as_the_family_name() -> None:
    target = "<recordTarget><patientRole><patient><name>Jean  Valjean</name></patient></patientRole></recordTarget>"
    assert read_cda(header(target)).source_patient_info == ("PID-5|Jean Valjean",)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"CT CHEST. Normal.", "not well-formed"),
        (b"<html/>", "its root is html"),
        (f'<!DOCTYPE a><ClinicalDocument xmlns="{CDA}"/>'.encode(), "DOCTYPE"),
    ],
)
def test_what_is_no_cda_is_refused_with_a_reason(data: bytes, said: str) -> None:
    with pytest.raises(UnreadableDocument, match=said):
        read_cda(data)
