"""The acknowledgement: which code, to whom, about which message, and every finding in a detail."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from tests.samples.feeds import REGISTRY, SOURCE, feed
from tests.samples.strategies import texts
from xds.hl7v3 import Acknowledgement, AcknowledgementCode, decode_acknowledgement, encode_acknowledgement
from xds.model import (
    BusinessRuleViolation,
    DataTypeError,
    FeedError,
    InstanceIdentifier,
    InternalSystemError,
    Severity,
    UnknownDestination,
    UnknownKeyIdentifier,
    UnsupportedInteraction,
    feed_error_class,
)
from xds.xml.namespaces import HL7

H = f"{{{HL7}}}"
CLASSES = FeedError.__subclasses__()


@st.composite
def findings(draw: st.DrawFn) -> FeedError:
    text = " ".join(draw(texts()).split())
    kind, severity = draw(st.sampled_from(CLASSES)), draw(st.sampled_from(Severity))
    return kind(text, location=draw(st.sampled_from(["", "/PRPA_IN201301UV02/id"])), severity=severity)


@given(st.lists(findings(), max_size=3))
def test_round_trip(found: list[FeedError]) -> None:
    message = feed()
    acknowledgement = Acknowledgement.of(message, tuple(found))
    encoded = encode_acknowledgement(acknowledgement, message)
    assert decode_acknowledgement(etree.fromstring(encoded)) == acknowledgement


@pytest.mark.parametrize(
    ("found", "code"),
    [
        ((), "CA"),
        ((DataTypeError("x", severity=Severity.WARNING),), "CA"),
        ((UnsupportedInteraction("x", severity=Severity.WARNING),), "CA"),
        ((DataTypeError("x"),), "CE"),
        ((BusinessRuleViolation("x"), UnknownKeyIdentifier("x")), "CE"),
        ((InternalSystemError("x"),), "CE"),
        ((UnsupportedInteraction("x"),), "CR"),
        ((DataTypeError("x"), UnknownDestination("x")), "CR"),
    ],
)
def test_the_code(found: tuple[FeedError, ...], code: str) -> None:
    """CR where the message is not for this receiver, CE where its content is wrong (Table O.1.2-1)."""
    acknowledgement = Acknowledgement.of(feed(), found)
    assert acknowledgement.code == code
    assert acknowledgement.is_accepted == (code == "CA")


def test_it_goes_back_to_the_sender() -> None:
    message = feed(message_id=InstanceIdentifier("2.999.9.1", "M 1"))
    root = etree.fromstring(encode_acknowledgement(Acknowledgement.of(message, ()), message))
    assert [item.get("root") for item in root.iterfind(f"{H}receiver/{H}device/{H}id")] == [SOURCE]
    assert [item.get("root") for item in root.iterfind(f"{H}sender/{H}device/{H}id")] == [REGISTRY]
    (target,) = root.iterfind(f"{H}acknowledgement/{H}targetMessage/{H}id")
    assert dict(target.attrib) == {"root": "2.999.9.1", "extension": "M 1"}
    (accept,) = root.iterfind(H + "acceptAckCode")
    assert accept.get("code") == "NE"  # an acknowledgement is not acknowledged


def test_each_has_an_id_of_its_own() -> None:
    message = feed()
    made = {encode_acknowledgement(Acknowledgement.of(message, ()), message) for _ in range(3)}
    assert len(made) == 3


@pytest.mark.parametrize("processing", ["", "X", "DT"])
def test_nonsense_is_not_repeated(processing: str) -> None:
    message = feed(
        processing_code=processing,
        message_id=InstanceIdentifier("no uid", "1"),
        receivers=(),
        sender=(InstanceIdentifier("not an oid"),),
    )
    root = etree.fromstring(encode_acknowledgement(Acknowledgement.of(message, ()), message))
    assert root.find(H + "processingCode").get("code") == "P"  # type: ignore[union-attr]
    for path in ("receiver/device/id", "sender/device/id", "acknowledgement/targetMessage/id"):
        (ident,) = root.iterfind("/".join(H + name for name in path.split("/")))
        assert dict(ident.attrib) == {"nullFlavor": "NI"}


def test_an_application_acknowledgement_is_read_too() -> None:
    message = feed()
    text = encode_acknowledgement(Acknowledgement.of(message, ()), message)
    for code, accepted in (("AA", True), ("AE", False), ("AR", False), ("??", False)):
        found = decode_acknowledgement(etree.fromstring(text.replace(b'"CA"', f'"{code}"'.encode())))
        assert found.is_accepted is accepted
    older = text.replace(b'<typeCode code="CA"/>', b"").replace(
        b"<acknowledgement>", b'<acknowledgement typeCode="CA">'
    )
    assert decode_acknowledgement(etree.fromstring(older)).code is AcknowledgementCode.ACCEPT


def test_codes_are_hl7s() -> None:
    assert len({cls.code for cls in CLASSES}) == len(CLASSES)
    assert all(feed_error_class(cls.code) is cls for cls in CLASSES)
    assert feed_error_class("NS260") is FeedError
