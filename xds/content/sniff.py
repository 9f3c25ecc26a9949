"""The MIME type of a document, told from its first octets."""

import re
from typing import Final

HEAD: Final = 1024
"""How many octets `sniff` wants to see; more do no harm."""

_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_XML_START = re.compile(rb"\s*<[A-Za-z_?!]")  # "<5 mm" is a radiologist's text
_TEXT_CONTROLS = frozenset(b"\t\n\r\f\x1b")


def sniff(head: bytes) -> str:
    """Return the MIME type that the first octets of a document show.

    ``application/dicom`` (DICM after the 128 octets of a preamble, DICOM PS3.10 7.1), ``application/pdf``,
    ``text/xml`` (a CDA, or any other XML), ``text/plain``, else ``application/octet-stream``.

    >>> sniff(b"%PDF-1.4 ..."), sniff(b"<?xml version='1.0'?><ClinicalDocument/>"), sniff(b"CT CHEST\\n")
    ('application/pdf', 'text/xml', 'text/plain')
    """
    if head[128:132] == b"DICM":
        return "application/dicom"
    if b"%PDF-" in head[:HEAD]:  # readers accept it anywhere there
        return "application/pdf"
    if _XML_START.match(_without_bom(head).replace(b"\0", b"")):
        return "text/xml"
    if head and not any(octet < 0x20 and octet not in _TEXT_CONTROLS for octet in head):
        return "text/plain"
    return "application/octet-stream"


def _without_bom(head: bytes) -> bytes:
    for bom in _BOMS:
        if head.startswith(bom):
            return head[len(bom) :]
    return head
