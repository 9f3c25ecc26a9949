"""The OBX segments of an ORU message: the report's text, or the PDF as it was sent."""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from xds.content import sniff
from xds.hl7v2 import DELETED, Segment
from xds.model import is_lenient_oid
from xds.source.findings import Finding

_TEXTS: Final = frozenset({"TX", "FT", "ST"})
_STUDY_UID: Final = frozenset({"110180", "113014"})
"""OBX-3.1 of a Study Instance UID: DCM 110180, and what some interface engines write."""
_ADDENDUM: Final = re.compile(r"\bADDEND(UM|A)\b", re.IGNORECASE)
_ADDENDUM_LOINC: Final = "55107-7"
_TAKEN_BACK: Final = frozenset("DW")  # OBX-11
_UNFIT: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class BodySaid:
    """What the OBX segments say."""

    text: str  # lines as they were sent; empty where there is none
    pdf: bytes | None
    study_instance_uid: str | None
    is_addendum: bool  # all of the text adds to a report that was sent before
    status: str  # OBX-11 of the first; empty where none is


def read_body(segments: Sequence[Segment], findings: list[Finding]) -> BodySaid:
    """Read what follows OBR, in its order."""
    lines: list[str] = []
    marks: list[bool] = []
    pdfs: list[bytes] = []
    study_uid = None
    for number, segment in enumerate(segments, start=1):
        kind = segment.text(2).upper()
        if segment.text(11).upper() in _TAKEN_BACK and segment.raw(5):
            continue
        if segment.text(3) in _STUDY_UID and is_lenient_oid(segment.text(5)):
            study_uid = segment.text(5)
        elif kind in _TEXTS:
            found = [_UNFIT.sub("", line) for line in segment.lines(5) if line != DELETED]
            lines += found
            if any(found):
                marks.append(_is_addendum(segment))
        elif kind == "ED":
            pdf = _pdf(segment, f"OBX[{number}]-5", findings)
            pdfs += [] if pdf is None else [pdf]
        elif segment.raw(5).strip():
            findings.append(
                Finding(
                    place=f"OBX[{number}]-2",
                    what="a value of this type is no part of a report here and is left out",
                    remedy="send text as TX or FT, a PDF as ED",
                    code=103,
                )
            )
    if len(pdfs) > 1:
        findings.append(
            Finding(place="OBX-5", what="several PDFs are there", remedy="send one; the first is taken")
        )
    text = "\n".join(lines).strip("\n")
    return BodySaid(
        text=text if text.strip() else "",
        pdf=pdfs[0] if pdfs else None,
        study_instance_uid=study_uid,
        is_addendum=bool(marks) and all(marks),
        status=next((status for item in segments if (status := item.text(11).upper())), ""),
    )


def _is_addendum(segment: Segment) -> bool:
    """The suffix ADT of table 7-1, the LOINC code, or the word (HL7 v2.5 7.2.4.1)."""
    observed = segment.values(3)
    if not observed:
        return False
    first = observed[0].component(1)
    words = " ".join(part for item in observed[0].components for part in item.subcomponents)
    return (
        first.text == _ADDENDUM_LOINC
        or "ADT" in (first.sub(2).upper(), first.text.upper())
        or _ADDENDUM.search(words) is not None
    )


def _pdf(segment: Segment, place: str, findings: list[Finding]) -> bytes | None:
    """The octets of an ED, if they are a PDF: source^type^subtype^Base64^data."""
    values = segment.values(5)
    components = values[0].components if values else ()
    data = max((item.text for item in components), key=len, default="")
    try:
        octets = base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        octets = b""
    if octets and sniff(octets[:1024]) == "application/pdf":
        return octets
    findings.append(
        Finding(
            place=place,
            what="the encapsulated data is no PDF in Base64" if octets else "the Base64 cannot be read",
            remedy="send the PDF itself as ^AP^PDF^Base64^…; RTF, TIFF and JPEG are not published",
            is_error=True,
            code=102,
        )
    )
    return None
