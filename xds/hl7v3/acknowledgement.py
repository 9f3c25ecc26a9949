"""Acknowledgement ⇄ MCCI_IN000002UV01, the accept acknowledgement (ITI TF-2 Table O.1.2-1)."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from lxml import etree

from xds.hl7v3.elements import (
    NSMAP,
    add,
    add_code,
    add_device,
    add_identifier,
    attribute,
    identifiers,
    path,
    tag,
    text_of,
)
from xds.model import (
    INTERACTIONS_ROOT,
    FeedError,
    InstanceIdentifier,
    PatientFeed,
    Severity,
    XdsError,
    feed_error_class,
    has_error,
)

ACKNOWLEDGEMENT: Final = tag("MCCI_IN000002UV01")
_INTERACTION: Final = InstanceIdentifier(INTERACTIONS_ROOT, "MCCI_IN000002UV01")
_DETAIL_CODES: Final = "2.16.840.1.113883.5.1100"  # AcknowledgementDetailCode
_ACT_CODES: Final = "2.16.840.1.113883.5.4"  # ActCode: KEY204 and BUS are ActDetectedIssues
_OF_ACT_CODE: Final = frozenset({"KEY204", "BUS"})
_DETAILS: Final = path("acknowledgement", "acknowledgementDetail")
_DETAIL_TYPES: Final = {Severity.ERROR: "E", Severity.WARNING: "W"}


class AcknowledgementCode(StrEnum):
    """acknowledgement/typeCode; the second three are those of an application acknowledgement (Table O.1.3-1)."""

    ACCEPT = "CA"
    ERROR = "CE"  # the content is wrong: mend it and send it again
    REJECT = "CR"  # the message is not for this receiver
    APPLICATION_ACCEPT = "AA"
    APPLICATION_ERROR = "AE"
    APPLICATION_REJECT = "AR"

    @property
    def is_accepted(self) -> bool:
        """Whether the receiver has done what the message says."""
        return self in (AcknowledgementCode.ACCEPT, AcknowledgementCode.APPLICATION_ACCEPT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """What a receiver says of one message."""

    code: AcknowledgementCode
    target: InstanceIdentifier | None  # id of the message that is acknowledged
    findings: tuple[XdsError, ...] = ()  # acknowledgementDetail: code, text, location, E or W

    @classmethod
    def of(cls, feed: PatientFeed, findings: tuple[XdsError, ...]) -> "Acknowledgement":
        """Say of a message what was found: CR where it is not for us, CE where it is wrong, else CA."""
        if any(isinstance(item, FeedError) and item.rejects and item.is_error for item in findings):
            code = AcknowledgementCode.REJECT
        else:
            code = AcknowledgementCode.ERROR if has_error(findings) else AcknowledgementCode.ACCEPT
        return cls(code=code, target=feed.message_id, findings=findings)

    @property
    def is_accepted(self) -> bool:
        """Whether the receiver has done what the message says."""
        return self.code.is_accepted


def encode_acknowledgement(acknowledgement: Acknowledgement, feed: PatientFeed) -> bytes:
    """Encode the answer to a message: it goes from that message's receiver to its sender."""
    message = etree.Element(ACKNOWLEDGEMENT, {"ITSVersion": "XML_1.0"}, nsmap=NSMAP)
    device = next(iter(feed.receivers), ())
    # A UUID alone is a whole II; IHE prescribes an OID for devices only.
    add_identifier(message, "id", InstanceIdentifier(str(uuid.uuid4())))
    add(message, "creationTime", {"value": datetime.now(UTC).strftime("%Y%m%d%H%M%S")})
    add_identifier(message, "interactionId", _INTERACTION)
    add_code(
        message, "processingCode", feed.processing_code if feed.processing_code in ("D", "T", "P") else "P"
    )
    add_code(message, "processingModeCode", "T")
    add_code(message, "acceptAckCode", "NE")
    add_device(message, "receiver", feed.sender)
    add_device(message, "sender", device)
    element = add(message, "acknowledgement")
    add_code(element, "typeCode", acknowledgement.code.value)
    add_identifier(add(element, "targetMessage"), "id", acknowledgement.target)
    for finding in acknowledgement.findings:
        _add_detail(element, finding)
    return etree.tostring(message)


def _add_detail(parent: etree._Element, finding: XdsError) -> None:
    detail = add(parent, "acknowledgementDetail", {"typeCode": _DETAIL_TYPES[finding.severity]})
    system = _ACT_CODES if finding.code in _OF_ACT_CODE else _DETAIL_CODES
    add(detail, "code", {"code": finding.code, "codeSystem": system})
    add(detail, "text").text = finding.context
    if finding.location:
        add(detail, "location").text = finding.location


def decode_acknowledgement(message: etree._Element) -> Acknowledgement:
    """Read an acknowledgement, leniently: without a code that is known it is none of acceptance."""
    code = attribute(message, "acknowledgement", "typeCode") or attribute(
        message, "acknowledgement", name="typeCode"
    )
    targets = identifiers(message, "acknowledgement", "targetMessage", "id")
    known = code in list(AcknowledgementCode)
    return Acknowledgement(
        code=AcknowledgementCode(code) if known else AcknowledgementCode.ERROR,
        target=targets[0] if targets else None,
        findings=tuple([_detail(item) for item in message.iterfind(_DETAILS)]),
    )


def _detail(element: etree._Element) -> XdsError:
    severity = Severity.ERROR if element.get("typeCode", "E") == "E" else Severity.WARNING
    return feed_error_class(attribute(element, "code"))(
        text_of(element, "text"), location=text_of(element, "location"), severity=severity
    )
