"""PDF reports: read what a PDF says about itself, build a report of one or two pages."""

from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape as escape_markup

from pypdf import PdfReader
from pypdf.errors import DependencyError, PyPdfError
from reportlab.lib.enums import TA_CENTER
from reportlab.lib.pagesizes import LETTER
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer

from xds.content.facts import DocumentFacts, UnreadableDocument
from xds.content.hl7 import xcn
from xds.content.report import Report
from xds.content.times import dtm_of_moment
from xds.model import Author, Code, LocalizedString

APPLICATION_PDF: Final = "application/pdf"
PDF_FORMAT: Final = Code(
    code="urn:ihe:rad:PDF",
    scheme="1.3.6.1.4.1.19376.1.2.3",
    display=(LocalizedString(value="PDF report"),),
)

_TITLE = ParagraphStyle("title", fontName="Helvetica-Bold", fontSize=14, leading=18, alignment=TA_CENTER)
_HEAD = ParagraphStyle("head", fontName="Helvetica", fontSize=9, leading=12)
_HEADING = ParagraphStyle("heading", fontName="Helvetica-Bold", fontSize=10.5, leading=14, spaceBefore=8)
_BODY = ParagraphStyle("body", fontName="Helvetica", fontSize=10, leading=13.5, spaceAfter=3)

_LABELS = {
    "en": ("Patient", "Born", "Exam", "Accession", "Read by", "Signed electronically", "Not yet signed"),
    "fr": (
        "Patient",
        "Né(e) le",
        "Examen",
        "Numéro d’accès",
        "Lu par",
        "Signé électroniquement",
        "Non signé",
    ),
}


def read_pdf(data: bytes | Path) -> DocumentFacts:
    """Read title, creation time, language and author of a PDF, and see that its pages can be reached.

    Raises
    ------
    UnreadableDocument
        It needs a password, is broken, or has no page.
    OSError
        A path that cannot be read.
    """
    octets = data if isinstance(data, bytes) else data.read_bytes()
    try:
        reader = PdfReader(BytesIO(octets))
        if reader.is_encrypted and not reader.decrypt(""):
            raise UnreadableDocument("the PDF is encrypted; publish a copy that opens without a password")
        if len(reader.pages) == 0:
            raise UnreadableDocument("the PDF has no page")
        return _facts(reader)
    except DependencyError:
        raise UnreadableDocument("the PDF is encrypted in a way that cannot be opened here") from None
    # A broken file makes pypdf stumble over its own assumptions as well: whatever it says, it is broken.
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise UnreadableDocument(f"the PDF is broken ({error}); publish a copy that a viewer opens") from None


def _facts(reader: PdfReader) -> DocumentFacts:
    info = reader.metadata
    problems: tuple[str, ...] = ()
    moment: datetime | None = None
    try:
        moment = info.creation_date if info else None
    except ValueError:
        problems = (
            (f"CreationDate is {info.creation_date_raw!r}, expected D:YYYYMMDDhhmmss±hh'mm'",) if info else ()
        )
    author = " ".join((info.author or "").split()) if info else ""
    language = reader.root_object.get("/Lang")
    return DocumentFacts(
        mime_type=APPLICATION_PDF,
        format_code=PDF_FORMAT,
        title=(" ".join((info.title or "").split()) or None) if info else None,
        language_code=str(language) if language else None,
        creation_time=dtm_of_moment(moment) if moment else None,
        authors=(Author(person=xcn(family=author)),) if author else (),
        problems=problems,
    )


def build_report_pdf(report: Report) -> bytes:
    """Build a PDF of a report; the same report gives the same octets.

    The text is not compressed: octets would depend on the zlib of the machine.
    """
    target = BytesIO()
    person = report.author
    name = " ".join((person.prefix, *person.given, person.family)).strip()
    document = SimpleDocTemplate(
        target,
        pagesize=LETTER,
        leftMargin=22 * mm,
        rightMargin=22 * mm,
        topMargin=18 * mm,
        bottomMargin=18 * mm,
        title=report.title,
        author=name,
        subject=report.id.unique_id,
        creator=report.institution.name,
        lang=report.language_code,
        invariant=1,
        pageCompression=0,
    )

    def first_page(canvas: Canvas, _: SimpleDocTemplate) -> None:
        canvas.setDateFormatter(lambda *_now: f"D:{report.creation_time}+00'00'")

    document.build(_story(report, name), onFirstPage=first_page)
    return target.getvalue()


def _story(report: Report, name: str) -> list[Flowable]:
    language = report.language_code[:2]
    patient, born, exam, accession, read_by, signed, unsigned = _LABELS.get(language, _LABELS["en"])
    colon = " : " if language == "fr" else ": "
    who = report.patient
    rows = (
        (patient, f"{who.family}, {' '.join(who.given)} ({who.ids[0].id_number})"),
        (born, _date(who.birth_date)),
        (
            exam,
            f"{_date(report.service_start_time)} {report.service_start_time[8:10]}:"
            f"{report.service_start_time[10:12]} UTC",
        ),
        (accession, report.accession.id_number),
        (read_by, name),
    )
    story: list[Flowable] = [_paragraph(report.institution.name, _HEAD), _paragraph(report.title, _TITLE)]
    story += [_paragraph(f"{label}{colon}{value}", _HEAD) for label, value in rows]
    story.append(Spacer(1, 4 * mm))
    for section in report.sections:
        story.append(_paragraph(section.title, _HEADING))
        story += [_paragraph(text, _BODY) for text in section.paragraphs]
    story.append(Spacer(1, 6 * mm))
    story.append(_paragraph(f"{signed if report.is_signed else unsigned}{colon}{name}", _HEAD))
    return story


def _paragraph(text: str, style: ParagraphStyle) -> Paragraph:
    return Paragraph(escape_markup(text), style)


def _date(dtm: str) -> str:
    return "-".join(part for part in (dtm[:4], dtm[4:6], dtm[6:8]) if part)
