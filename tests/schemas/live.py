"""Every message that travels in a test is valid: by our schemas, and by the official ones when they are at hand.

`tests/transactions/wire.py` hands every answer of a live service to `assert_valid`, whatever a test sent to it:
answers, errors and faults. `tests/client/conftest.py` hands it every request of our client.
"""

from copy import deepcopy
from functools import cache

from lxml import etree

from .validators import HL7, MESSAGE_SCHEMAS, XDS, XOP, XS, official_reference, ours_of, schema_set

SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
INCLUDE = f"{{{XOP}}}Include"
DOCUMENT = f"{{{XDS}}}Document"
RELATES_TO = "{http://www.w3.org/2005/08/addressing}RelatesTo"
OFFICIAL = (
    "ebRS/query.xsd",
    "ebRS/lcm.xsd",
    "IHE/XDS.b_DocumentRepository.xsd",
    "IHE/RMD.xsd",
    "ws/soap-1.2-envelope.xsd",
    "ws/ws-addr.xsd",
)
HL7_MESSAGES = ("PRPA_IN201301UV02", "PRPA_IN201302UV02", "PRPA_IN201304UV02", "MCCI_IN000002UV01")


@cache
def our_schema(*, documents: bool) -> etree.XMLSchema:
    """Our schemas as one; with `documents` for messages whose documents travel as xop:Include or base64."""
    forms = ("xds.b-wire.xsd",) if documents else ("xds.b.xsd", "rmd.xsd", "xdsi-b.xsd")
    return schema_set(ours_of(*MESSAGE_SCHEMAS, *forms))


@cache
def official_schema() -> etree.XMLSchema:
    """The official schemas of SOAP, WS-Addressing, ebXML and IHE as one."""
    folder = official_reference() / "schema"
    return schema_set(folder / name for name in OFFICIAL)


@cache
def official_hl7v3() -> etree.XMLSchema:
    """HL7's schemas of the messages of ITI-44 as one: of two imports of one namespace the second would be lost."""
    folder = official_reference() / "schema" / "HL7V3" / "NE2008" / "multicacheschemas"
    driver = etree.Element(XS + "schema", targetNamespace=HL7, nsmap={None: HL7})  # type: ignore[dict-item]
    for name in HL7_MESSAGES:
        etree.SubElement(driver, XS + "include", schemaLocation=(folder / f"{name}.xsd").as_uri())
    return etree.XMLSchema(driver)


def assert_valid(envelope: etree._Element) -> None:
    """Fail when a SOAP 1.2 message is not valid; other XML is nothing that a schema of ours speaks of."""
    if envelope.tag != f"{{{SOAP12}}}Envelope":
        return
    documents = envelope.find(f".//{DOCUMENT}") is not None
    # The sender's MessageID comes back to the letter, be it a URI or not: that one is the sender's to mend.
    envelope = deepcopy(envelope)
    for relates_to in envelope.iterfind(f"{{{SOAP12}}}Header/{RELATES_TO}"):
        relates_to.text = "urn:uuid:of-the-sender"
    _assert(our_schema(documents=documents), envelope, "ours")
    if not official_reference().is_dir():
        return
    message = _without_includes(envelope)
    _assert(official_schema(), message, "the official schema")
    body = message.find(f"{{{SOAP12}}}Body")
    assert body is not None
    if len(body) and body[0].tag.startswith(f"{{{HL7}}}"):
        _assert(official_hl7v3(), body[0], "HL7's schema")


def _without_includes(envelope: etree._Element) -> etree._Element:
    """The message before XOP made references of its documents; the octets do not matter."""
    for include in list(envelope.iter(INCLUDE)):
        parent = include.getparent()
        assert parent is not None
        parent.remove(include)
        parent.text = "AA=="
    return envelope


def _assert(schema: etree.XMLSchema, message: etree._Element, whose: str) -> None:
    if not schema.validate(message):
        wrong = "; ".join(f"{item.path}: {item.message}" for item in list(schema.error_log)[:5])  # type: ignore[call-overload]
        raise AssertionError(f"not valid by {whose}: {wrong}")
