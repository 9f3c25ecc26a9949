"""What is inside a document: CDA and PDF, read and built. No network, no store."""

from xds.content.cda import FORMAT_SCHEME, STRUCTURED_FORMAT, build_report, read_cda
from xds.content.facts import DocumentFacts, RelatedDocument, UnreadableDocument
from xds.content.hl7 import escape, pid_5, xcn, xon
from xds.content.imaging_summary import (
    SOFTWARE,
    SUMMARY_FORMAT,
    ImagingSummary,
    SummaryLine,
    SummaryPatient,
    build_imaging_summary,
)
from xds.content.pdf import PDF_FORMAT, build_report_pdf, read_pdf
from xds.content.report import (
    InstanceId,
    Institution,
    Practitioner,
    Related,
    Report,
    ReportPatient,
    Section,
)
from xds.content.sniff import sniff

__all__ = [
    "FORMAT_SCHEME",
    "PDF_FORMAT",
    "SOFTWARE",
    "STRUCTURED_FORMAT",
    "SUMMARY_FORMAT",
    "DocumentFacts",
    "ImagingSummary",
    "InstanceId",
    "Institution",
    "Practitioner",
    "Related",
    "RelatedDocument",
    "Report",
    "ReportPatient",
    "Section",
    "SummaryLine",
    "SummaryPatient",
    "UnreadableDocument",
    "build_imaging_summary",
    "build_report",
    "build_report_pdf",
    "escape",
    "pid_5",
    "read_cda",
    "read_pdf",
    "sniff",
    "xcn",
    "xon",
]
