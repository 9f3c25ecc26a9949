"""The SOAP envelope of a request: addressing headers read, mustUnderstand honoured (ITI TF-2 V.3.2)."""

from dataclasses import dataclass
from typing import Final

from lxml import etree

from xds.model import WSA_ANONYMOUS
from xds.soap.faults import (
    ADDRESSING_HEADER,
    MUST_UNDERSTAND,
    NO_BODY,
    NOT_SOAP,
    REPLY_TO,
    SOAP_11,
    Phrase,
    SoapFault,
)
from xds.soap.security import security_fault
from xds.wss import Refused
from xds.wss.refusals import HEADER_TWICE
from xds.xml.namespaces import SOAP11, SOAP12, WSA, WSSE

ENVELOPE: Final = f"{{{SOAP12}}}Envelope"
HEADER: Final = f"{{{SOAP12}}}Header"
BODY: Final = f"{{{SOAP12}}}Body"
SECURITY: Final = f"{{{WSSE}}}Security"
_ENVELOPE_11 = f"{{{SOAP11}}}Envelope"
_MUST_UNDERSTAND = f"{{{SOAP12}}}mustUnderstand"
_ROLE = f"{{{SOAP12}}}role"
_FOR_US = frozenset({None, "", f"{SOAP12}/role/next", f"{SOAP12}/role/ultimateReceiver"})
_ADDRESS = f"{{{WSA}}}Address"
_ONCE = {f"{{{WSA}}}{name}": name for name in ("Action", "MessageID", "To", "ReplyTo", "FaultTo", "From")}
# An end point without security reads past wsse:Security: it understands the header and asks nothing of it.
_UNDERSTOOD = _ONCE.keys() | {f"{{{WSA}}}RelatesTo", SECURITY}

_WRAP: Final = Phrase(
    "Wrap the request in an Envelope with Header and Body.",
    "Placez la requête dans une Envelope avec Header et Body.",
)
_NO_BODY: Final = Phrase("Its Body is missing.", "Son Body manque.")
_TWICE: Final = Phrase("It has a second Header or Body.", "Elle a un second Header ou Body.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What the SOAP layer knows of a request."""

    action: str | None  # wsa:Action, white space around it stripped
    message_id: str | None  # wsa:MessageID as sent, so that RelatesTo repeats it to the letter
    to: str | None
    header: etree._Element | None
    body: etree._Element  # the one element within env:Body


def read_envelope(root: etree._Element) -> Envelope:
    """Read a request's envelope.

    Raises
    ------
    SoapFault
        SOAP 1.1, no SOAP, a header that must be understood and is not, an addressing header twice, a ReplyTo
        or FaultTo with an address of its own, or not exactly one element in the Body.
    """
    if root.tag == _ENVELOPE_11:
        raise SoapFault(SOAP_11)
    if root.tag != ENVELOPE:
        raise SoapFault(NOT_SOAP, found=root.tag, detail=_WRAP)
    headers, bodies = (
        [item for item in root if item.tag == HEADER],
        [item for item in root if item.tag == BODY],
    )
    if not bodies:
        raise SoapFault(NOT_SOAP, found=root.tag, detail=_NO_BODY)
    if len(bodies) > 1 or len(headers) > 1:
        raise SoapFault(NOT_SOAP, found=root.tag, detail=_TWICE)
    header, body = headers[0] if headers else None, bodies[0]
    content = list(body.iterchildren(tag=etree.Element))
    if len(content) != 1:
        raise SoapFault(NO_BODY, count=len(content))
    addressing = {} if header is None else _read_headers(header)
    action, message_id = addressing.get("Action"), addressing.get("MessageID")
    return Envelope(
        action=None if action is None else (action.text or "").strip() or None,
        message_id=None if message_id is None else message_id.text or None,
        to=None if "To" not in addressing else (addressing["To"].text or "").strip() or None,
        header=header,
        body=content[0],
    )


def _twice(header: etree._Element, name: str) -> SoapFault:
    """Where a message claims to be secured, a second header is an attack on it (WSS 1.1 section 12)."""
    count = len(header.findall(f"{{{WSA}}}{name}"))
    if header.find(SECURITY) is not None:
        return security_fault(Refused(HEADER_TWICE, header=f"wsa:{name}", count=count))
    return SoapFault(ADDRESSING_HEADER, header=name, count=count)


def _read_headers(header: etree._Element) -> dict[str, etree._Element]:
    found: dict[str, etree._Element] = {}
    for block in header.iterchildren(tag=etree.Element):
        tag = str(block.tag)
        if tag in _ONCE:
            name = _ONCE[tag]
            if name in found:
                raise _twice(header, name)
            found[name] = block
        elif (
            tag not in _UNDERSTOOD
            and block.get(_MUST_UNDERSTAND, "").strip() in ("1", "true")
            and block.get(_ROLE) in _FOR_US
        ):
            raise SoapFault(MUST_UNDERSTAND, header=tag)
    for name in ("ReplyTo", "FaultTo"):
        if name in found:
            address = (found[name].findtext(_ADDRESS) or "").strip()
            if address not in ("", WSA_ANONYMOUS):
                raise SoapFault(REPLY_TO, header=name)
    return found
