"""What is inside a document: CDA, PDF and imaging manifests, read and built. No network, no store."""

from xds.content.cda import FORMAT_SCHEME, STRUCTURED_FORMAT, build_report, read_cda
from xds.content.cda_text import (
    TEXT_FORMAT,
    TextAuthor,
    TextReport,
    build_text_report,
)
from xds.content.dicom import DicomLimits, Part10, read_head, read_part10
from xds.content.dicom_codes import KEY_OBJECT_SELECTION, MODALITIES
from xds.content.dicom_stream import InstanceHead, chained, read_instance_head
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
from xds.content.kos import (
    APPLICATION_DICOM,
    KOS_BYTES,
    KOS_FORMAT,
    ConceptMap,
    manifest_facts,
    read_manifest,
    reference_ids,
)
from xds.content.kos_build import HEAD_ENDS, Locators, build_manifest
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
from xds.content.times import dtm_of

__all__ = [
    "APPLICATION_DICOM",
    "FORMAT_SCHEME",
    "HEAD_ENDS",
    "KEY_OBJECT_SELECTION",
    "KOS_BYTES",
    "KOS_FORMAT",
    "MODALITIES",
    "PDF_FORMAT",
    "SOFTWARE",
    "STRUCTURED_FORMAT",
    "SUMMARY_FORMAT",
    "TEXT_FORMAT",
    "ConceptMap",
    "DicomLimits",
    "DocumentFacts",
    "ImagingSummary",
    "InstanceHead",
    "InstanceId",
    "Institution",
    "Locators",
    "Part10",
    "Practitioner",
    "Related",
    "RelatedDocument",
    "Report",
    "ReportPatient",
    "Section",
    "SummaryLine",
    "SummaryPatient",
    "TextAuthor",
    "TextReport",
    "UnreadableDocument",
    "build_imaging_summary",
    "build_manifest",
    "build_report",
    "build_report_pdf",
    "build_text_report",
    "chained",
    "dtm_of",
    "escape",
    "manifest_facts",
    "pid_5",
    "read_cda",
    "read_head",
    "read_instance_head",
    "read_manifest",
    "read_part10",
    "read_pdf",
    "reference_ids",
    "sniff",
    "xcn",
    "xon",
]
