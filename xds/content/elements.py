"""Elements of a CDA document, in the namespace of HL7 v3."""

from lxml import etree

from xds.content.report import InstanceId
from xds.model import Code
from xds.xml.namespaces import CDA


def add(parent: etree._Element, name: str, text: str | None = None, **attributes: str) -> etree._Element:
    """Add an element with text and attributes as the last child."""
    element = etree.SubElement(parent, f"{{{CDA}}}{name}", dict(attributes))
    element.text = text
    return element


def add_id(parent: etree._Element, identifier: InstanceId) -> None:
    """Add an id."""
    extension = {} if identifier.extension is None else {"extension": identifier.extension}
    add(parent, "id", None, root=identifier.root, **extension)


def add_code(parent: etree._Element, name: str, code: Code) -> etree._Element:
    """Add a coded value."""
    display = {"displayName": code.display[0].value} if code.display else {}
    return add(parent, name, None, code=code.code, codeSystem=code.scheme, **display)
