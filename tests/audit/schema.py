"""The check that every audit message of the tests passes: our own XSD of DICOM PS3.15 A.5.1."""

from functools import cache
from pathlib import Path

from lxml import etree

SCHEMA = Path(__file__).parents[2] / "schemas" / "audit-message.xsd"


@cache
def _schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(SCHEMA), etree.XMLParser(no_network=True)))


def valid_message(octets: bytes) -> etree._Element:
    """Parse an audit message; it is valid."""
    root = etree.fromstring(octets)
    _schema().assertValid(root)
    return root
