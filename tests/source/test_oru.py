"""ORU^R01 → report: what is taken from where, what is tolerated, what is refused and how to mend it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.source.oru import DOMAIN, LOCAL_CODES, MRN, STUDY_UID, oru, pdf_obx, text_obx
from tests.source.settings import settings
from xds.content import read_cda
from xds.hl7v2 import UnreadableMessage, read
from xds.model import Code, MappedProcedure
from xds.source import Action, Reading, Stage, message_key, read_report
from xds.source.oru import ExamReport
from xds.source.submission import make_submission

PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
MAPPED = MappedProcedure(type_code=Code(code="24627-2", scheme="2.16.840.1.113883.6.1"))


def reading(octets: bytes, **changes: Any) -> Reading:
    return read_report(read(octets), settings(**changes))


def report(octets: bytes, **changes: Any) -> ExamReport:
    found = reading(octets, **changes)
    assert found.report is not None, found.findings
    return found.report


def places(octets: bytes, **changes: Any) -> list[str]:
    return [item.place for item in reading(octets, **changes).findings]


def test_a_whole_message() -> None:
    found = reading(oru())
    assert found.findings == ()
    made = make_submission(report(oru()), "k", "20240311204501", Action.PUBLISH, None, "2.999.4.1")
    entry = made.entry
    assert entry.patient_id == f"P1^^^&{DOMAIN}&ISO"
    assert entry.source_patient_id == f"MRN7^^^&{MRN}&ISO"
    assert "PID-3|1192571546^^^&2.16.840.1.113883.4.59&ISO" in entry.source_patient_info
    assert entry.reference_ids == (
        "A-2024-17^^^&2.999.23.1.101.7&ISO^urn:ihe:iti:xds:2013:accession",
        "ORD-9^^^&2.999.23.1.101.2&ISO^urn:ihe:iti:xds:2013:order",
        f"{STUDY_UID}^^^^urn:ihe:iti:xds:2016:studyInstanceUID",
    )
    assert entry.service_start_time == "202403111430"  # daylight saving time had begun the day before
    assert entry.creation_time == "20240311204000"
    assert entry.authors[0].person == "40017^Roy^Ève^^^Dr^^^&2.999.4.347&ISO"
    assert entry.legal_authenticator == entry.authors[0].person
    assert entry.title[0].value == "CT CHEST"
    assert [item.code for item in entry.event_codes] == ["CT", "1859"]
    assert entry.format_code is not None
    assert entry.format_code.code == "urn:ihe:rad:TEXT"


def test_the_document_says_what_the_metadata_says() -> None:
    made = make_submission(report(oru()), "k", "20240311204501", Action.PUBLISH, None, "2.999.4.1")
    facts, entry = read_cda(made.document), made.entry
    assert facts.problems == ()
    assert (facts.unique_id, facts.title) == (entry.unique_id, "CT CHEST")
    assert facts.creation_time == entry.creation_time
    assert facts.format_code is not None
    assert facts.format_code.key == entry.format_code.key if entry.format_code else False
    assert set(facts.reference_ids) < set(entry.reference_ids)
    assert facts.legal_authenticator == entry.legal_authenticator


def test_a_mapped_procedure_gives_type_and_modality() -> None:
    found = read_report(read(oru()), settings(), lambda code: MAPPED if code.code == "1859" else None).report
    assert found is not None
    assert (found.type_code, found.unmapped) == (MAPPED.type_code, None)


def test_an_unmapped_procedure_blocks_nothing() -> None:
    found = read_report(read(oru()), settings(), lambda _code: None).report
    assert found is not None
    assert found.unmapped is not None
    assert found.unmapped.key == ("1859", LOCAL_CODES)
    assert (found.type_code.code, found.title) == ("18748-4", "CT CHEST")


def test_a_pdf_is_published_as_it_was_sent() -> None:
    made = make_submission(
        report(oru(obx=(pdf_obx(PDF),))), "k", "20240311204501", Action.PUBLISH, None, "2.999.4.1"
    )
    assert made.document == PDF
    assert (made.entry.mime_type, made.entry.format_code and made.entry.format_code.code) == (
        "application/pdf",
        "urn:ihe:rad:PDF",
    )


def test_text_keeps_its_lines() -> None:
    body = report(oru(lines=("FINDINGS\\.br\\5 \\T\\ 7 mm ^ left~second", '""', "", "END"))).body
    assert body.text == "FINDINGS\n5 & 7 mm ^ left\nsecond\n\nEND"


@pytest.mark.parametrize(
    ("status", "stage"),
    [
        ("P", Stage.PRELIMINARY),
        ("R", Stage.PRELIMINARY),
        ("F", Stage.FINAL),
        ("C", Stage.CORRECTED),
        ("W", Stage.WITHDRAWN),
        ("D", Stage.WITHDRAWN),
        ("X", Stage.CANCELLED),
    ],
)
def test_the_status_says_the_stage(status: str, stage: Stage) -> None:
    assert report(oru(status=status)).stage is stage


def test_the_status_of_the_text_counts_where_the_order_has_none() -> None:
    assert report(oru(status="")).stage is Stage.FINAL


@pytest.mark.parametrize("observed", ["18748-4&ADT^^LN", "55107-7^x^LN", "X^ADDENDUM 1^L"])
def test_an_addendum_alone(observed: str) -> None:
    assert report(oru(observed=observed)).stage is Stage.ADDENDUM


def test_a_report_that_repeats_all_with_its_addendum_is_a_report() -> None:
    obx = (*text_obx(("whole",)), *text_obx(("more",), "X^ADDENDUM^L"))
    assert report(oru(obx=obx)).stage is Stage.FINAL


@pytest.mark.parametrize(
    "octets",
    [
        oru(end="\n"),
        oru(end="\r\n"),
        oru(version="2.3"),
        oru(version="2.3.1"),
        oru(pid7='""'),
        oru(obr7="2024031110"),
        oru(obr32="40017^Roy^Ève"),
        oru(obr2=""),
        oru(obr3="A-2024-17^UHN"),
        oru(obr3="A-2024-17"),
        oru(obr4="1859^CT CHEST"),
        oru(obr4="1859^CT CHEST^99LOCAL"),
        oru(more=()),
        oru(pid3=f"~P1^^^CANADA&{DOMAIN}&ISO^^^^~~"),
        oru(pid3="P1^^^ECID~G^4265"),
        oru(obr24="RAD"),
        oru(pid5="Sample"),
    ],
)
def test_what_the_field_sends_is_published(octets: bytes) -> None:
    found = report(octets, authorities={"ECID": DOMAIN})
    made = make_submission(found, "k", "20240311204501", Action.PUBLISH, None, "2.999.4.1")
    assert read_cda(made.document).problems == ()


@pytest.mark.parametrize(
    ("octets", "place", "remedy"),
    [
        (oru(pid3="MRN7^^^&2.999.18.7&ISO"), "PID-3", f"id^^^&{DOMAIN}&ISO"),
        (oru(status="Q"), "OBR-25", "send one of"),
        (oru(lines=("", '""')), "OBX-5", "send its text"),
        (oru(obx=("OBX|1|ED|PDF||RIS^AP^PDF^Base64^e1xydGYx||||||F",)), "OBX[1]-5", "send the PDF itself"),
        (oru(obx=("OBX|1|ED|PDF||RIS^AP^PDF^Base64^@@||||||F",)), "OBX[1]-5", "send the PDF itself"),
        (oru().replace(b"PID|", b"PIX|"), "PID", "send one patient"),
        (oru().replace(b"OBR|", b"OBZ|"), "OBR", "send the order"),
        (oru(obr2="", obr3="^", more=()), "OBR-3", "send its accession"),
    ],
)
def test_what_cannot_be_published_is_said_with_place_and_remedy(
    octets: bytes, place: str, remedy: str
) -> None:
    found = reading(octets)
    assert found.report is None
    assert [item.place for item in found.errors] == [place]
    assert remedy in found.errors[0].remedy


def test_all_findings_come_at_once() -> None:
    found = reading(oru(pid3="X", status="Q", obr7="", lines=()))
    assert {"PID-3", "OBR-25", "OBR-7"} <= {item.place for item in found.findings}


@pytest.mark.parametrize(
    ("octets", "place"),
    [
        (oru(obr7=""), "OBR-7"),
        (oru(obr7="yesterday"), "OBR-7"),
        (oru(obr32=""), "OBR-32"),
        (oru(obr4=""), "OBR-4"),
        (oru(obr3="A-1"), "OBR-3"),
        (oru(pid3=f"P1^^^&{DOMAIN}&ISO~1^^^&{MRN}&ISO^MR~2^^^&{MRN}&ISO^MR"), "PID-3"),
        (oru(obr18="T"), "OBR-18"),
        (oru(obx=(*text_obx(("x",)), "OBX|2|NM|dose||5||||||F")), "OBX[2]-2"),
    ],
)
def test_what_is_published_all_the_same_is_noted(octets: bytes, place: str) -> None:
    assert reading(octets).report is not None
    assert place in places(octets)


def test_two_zones() -> None:
    assert report(oru(), zone="America/Winnipeg").exam.start == "202403111530"


def test_an_unknown_sender_is_refused() -> None:
    assert places(oru(), facility="ELSEWHERE") == ["MSH-4"]


def test_a_repeat_has_the_same_key_and_another_message_has_not() -> None:
    one = oru(control_id="M1")
    assert message_key(read(one)) == message_key(read(one.replace(b"20240311154500", b"20240311160000")))
    assert message_key(read(one)) != message_key(read(oru(control_id="M2")))
    assert message_key(read(one)) != message_key(read(oru(control_id="M1", status="C")))


@given(st.text(max_size=300))
def test_any_text_makes_a_document_that_says_it(text: str) -> None:
    octets = oru(lines=(text,), pid5=text, obr4=f"{text}^{text}^{text}", obr32=text)
    try:
        message = read(octets)
    except UnreadableMessage:
        return
    found = read_report(message, settings())
    if found.report is not None:
        made = make_submission(found.report, "k", "20240311204501", Action.PUBLISH, None, "2.999.4.1")
        if made.entry.mime_type == "text/xml":
            assert read_cda(made.document).unique_id == made.entry.unique_id
