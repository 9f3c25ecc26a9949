"""The MIME type of what we build and of what others send."""

import pytest

from xds.content import Report, build_report, build_report_pdf, sniff


def test_what_we_build_is_recognized(report: Report) -> None:
    assert sniff(build_report(report)) == "text/xml"
    assert sniff(build_report_pdf(report)) == "application/pdf"


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (bytes(128) + b"DICM" + b"\2\0", "application/dicom"),
        (b"\r\n%PDF-1.7", "application/pdf"),
        (b"\xef\xbb\xbf  <ClinicalDocument", "text/xml"),
        ("\ufeff<?xml".encode("utf-16-le"), "text/xml"),
        (b"<5 mm nodule in the left lobe", "text/plain"),
        ("Épanchement".encode("latin-1"), "text/plain"),
        (b"MSH|^~\\&|RIS\r", "text/plain"),
        (b"\x89PNG\r\n\x1a\n\0", "application/octet-stream"),
        (b"", "application/octet-stream"),
    ],
)
def test_sniff(head: bytes, expected: str) -> None:
    assert sniff(head) == expected
