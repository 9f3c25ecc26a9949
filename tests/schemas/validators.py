"""Where schemas, WSDLs and samples are, and how several schemas become one."""

from collections.abc import Iterable
from pathlib import Path

import xds.schemas
import xds.wsdl
from lxml import etree

REPOSITORY = Path(__file__).resolve().parents[2]
SCHEMAS = Path(xds.schemas.__file__).parent
WSDLS = Path(xds.wsdl.__file__).parent
MESSAGES = REPOSITORY / "tests" / "samples" / "messages"
ENVELOPES = Path(__file__).parent / "envelopes"

XS = "{http://www.w3.org/2001/XMLSchema}"
RIM = "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"
RS = "urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0"
LCM = "urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0"
QUERY = "urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0"
XDS = "urn:ihe:iti:xds-b:2007"
HL7 = "urn:hl7-org:v3"
XOP = "http://www.w3.org/2004/08/xop/include"
XSI = "http://www.w3.org/2001/XMLSchema-instance"

MESSAGE_SCHEMAS = ("query.xsd", "lcm.xsd", "hl7v3.xsd", "soap-envelope-1.2.xsd", "ws-addressing.xsd")
"""Ours of every message, but for those of documents, of which there are two forms."""


def official_reference() -> Path:
    """Return where the official schemas would be; they are never part of this repository."""
    return REPOSITORY.parent / "shared" / "reference"


def ours_of(*names: str) -> list[Path]:
    """Return the files of our schemas by name."""
    return [SCHEMAS / name for name in names]


def parse(path: Path) -> etree._Element:
    """Parse a file of ours without the network and without the white space of its layout."""
    return etree.parse(str(path), etree.XMLParser(no_network=True, remove_blank_text=True)).getroot()


def schema_set(files: Iterable[Path]) -> etree.XMLSchema:
    """Compile several schemas into one that knows the elements of each."""
    driver = etree.Element(XS + "schema")
    for file in files:
        namespace = parse(file).get("targetNamespace", "")
        etree.SubElement(driver, XS + "import", namespace=namespace, schemaLocation=file.as_uri())
    return etree.XMLSchema(driver)
