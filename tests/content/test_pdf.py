"""PDF: what the reader tells, and that the builder's text is text."""

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader, PdfWriter

from xds.content import Report, UnreadableDocument, build_report_pdf, read_pdf


def text_of(data: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(BytesIO(data)).pages).split())


def rewritten(data: bytes, **changes: object) -> bytes:
    writer = PdfWriter(clone_from=BytesIO(data))
    if "info" in changes:
        writer.add_metadata(changes["info"])  # type: ignore[arg-type]
    if "password" in changes:
        writer.encrypt(str(changes["password"]), "owner", algorithm="RC4-128")
    target = BytesIO()
    writer.write(target)
    return target.getvalue()


def test_read_gives_back_what_was_built(report: Report) -> None:
    facts = read_pdf(build_report_pdf(report))
    assert (facts.mime_type, facts.title, facts.language_code) == (
        "application/pdf",
        "TDM du thorax",
        "fr-CA",
    )
    assert facts.creation_time == report.creation_time
    assert [author.person for author in facts.authors] == ["^Dre Hélène Tremblay"]
    assert facts.format_code is not None
    assert facts.format_code.code == "urn:ihe:rad:PDF"
    assert facts.problems == ()


def test_text_and_accents_can_be_extracted(report: Report) -> None:
    text = text_of(build_report_pdf(report))
    for words in (
        "Épanchement < 1 cm.",
        "O'Neil & Fils, Amélie Rose (MRN-4471)",
        "ACC-24-0502",
        "1971-03-04",
    ):
        assert words in text
    assert "Signé électroniquement : Dre Hélène Tremblay" in text


def test_a_preliminary_report_says_that_nobody_signed(report: Report) -> None:
    text = text_of(build_report_pdf(replace(report, is_signed=False, language_code="en-CA")))
    assert "Not yet signed: Dre Hélène Tremblay" in text


def test_same_report_same_octets(report: Report) -> None:
    assert build_report_pdf(report) == build_report_pdf(report)


def test_a_long_report_goes_on_a_second_page(report: Report) -> None:
    section = replace(report.sections[0], paragraphs=report.sections[0].paragraphs * 40)
    assert len(PdfReader(BytesIO(build_report_pdf(replace(report, sections=(section,))))).pages) == 2


def test_a_path_is_read(report: Report, tmp_path: Path) -> None:
    path = tmp_path / "report.pdf"
    path.write_bytes(build_report_pdf(report))
    assert read_pdf(path) == read_pdf(path.read_bytes())


def test_a_password_is_unreadable_and_an_empty_one_is_not(report: Report) -> None:
    data = build_report_pdf(report)
    assert read_pdf(rewritten(data, password="")).title == "TDM du thorax"
    with pytest.raises(UnreadableDocument, match="without a password"):
        read_pdf(rewritten(data, password="secret"))


def test_a_creation_date_that_is_none_is_a_problem(report: Report) -> None:
    facts = read_pdf(rewritten(build_report_pdf(report), info={"/CreationDate": "yesterday"}))
    assert facts.creation_time is None
    assert "'yesterday'" in facts.problems[0]


@pytest.mark.parametrize("data", [b"", b"%PDF-1.4\n", b"%PDF-1.4\ntrailer<</Root 1 0 R>>\n%%EOF", b"hello"])
def test_a_broken_pdf_is_unreadable(data: bytes) -> None:
    with pytest.raises(UnreadableDocument, match="the PDF"):
        read_pdf(data)


def test_every_truncation_is_read_or_unreadable(report: Report) -> None:
    data = build_report_pdf(report)
    for size in range(0, len(data), 211):
        try:
            assert read_pdf(data[:size]).mime_type == "application/pdf"
        except UnreadableDocument as error:
            assert "publish a copy" in str(error) or "no page" in str(error)
