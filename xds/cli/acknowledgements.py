"""Acknowledgements of ITI-44 judged: code, message that is meant, details (ITI TF-2 Table O.1.2-1)."""

from collections.abc import Iterator
from typing import Final

from lxml import etree

from xds.cli.judged import Judged, line_of, locate
from xds.hl7v3 import AcknowledgementCode, decode_acknowledgement
from xds.model import has_error
from xds.xml.namespaces import HL7

_SECTION: Final = "ITI TF-2 Table O.1.2-1"
_PATH: Final = "/MCCI_IN000002UV01/acknowledgement"
_CODES: Final = ("CA", "CE", "CR")
_OF_APPLICATION: Final = ("AA", "AE", "AR")


def acknowledgement_findings(body: etree._Element, first_line: int) -> Iterator[Judged]:
    """Judge a MCCI_IN000002UV01."""

    def wrong(what: str, remedy: str, path: str, *, is_error: bool = True) -> Judged:
        location = f"{_PATH}{path}"
        return Judged(
            code="Acknowledgement",
            what=what,
            remedy=remedy,
            section=_SECTION,
            location=location,
            line=line_of(locate(body, location), first_line),
            rule="acknowledgement",
            is_error=is_error,
        )

    acknowledgement = decode_acknowledgement(body)
    element = body.find(f"{{{HL7}}}acknowledgement/{{{HL7}}}typeCode")
    found = "" if element is None else element.get("code", "")
    if found in _OF_APPLICATION:
        yield wrong(
            f"typeCode {found} is that of an application acknowledgement",
            f"Send {_CODES[_OF_APPLICATION.index(found)]}: this is an accept acknowledgement",
            "/typeCode",
            is_error=False,
        )
    elif found not in _CODES:
        yield wrong(f"typeCode is {found!r}", "Send CA, CE or CR", "/typeCode")
    if acknowledgement.target is None:
        yield wrong(
            "it does not say which message it acknowledges", "Send that message's id", "/targetMessage"
        )
    if acknowledgement.is_accepted and has_error(acknowledgement.findings):
        yield wrong(
            "an error stands beside an acceptance", "Send CE, or W as type of the detail", "/typeCode"
        )
    if acknowledgement.code is AcknowledgementCode.ERROR and not acknowledgement.findings:
        yield wrong("an error without a detail", "Say in acknowledgementDetail what was wrong", "")
