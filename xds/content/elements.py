"""Elements of a CDA document, in the namespace of HL7 v3."""

from typing import Protocol

from lxml import etree

from xds.content.report import InstanceId
from xds.content.times import ts_of
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


class Headed(Protocol):
    """What every document says of itself."""

    @property
    def id(self) -> InstanceId:
        """Of this document."""

    @property
    def type_code(self) -> Code:
        """What kind of document it is."""

    @property
    def creation_time(self) -> str:
        """DTM, UTC."""

    @property
    def confidentiality_code(self) -> Code:
        """Who may see it."""

    @property
    def language_code(self) -> str:
        """Of its text."""


def add_head(root: etree._Element, document: Headed, title: str) -> None:
    """Add what a ClinicalDocument begins with, from typeId to languageCode, in the order of the CDA schema."""
    add(root, "typeId", root="2.16.840.1.113883.1.3", extension="POCD_HD000040")
    add_id(root, document.id)
    add_code(root, "code", document.type_code)
    add(root, "title", title)
    add(root, "effectiveTime", value=ts_of(document.creation_time))
    add_code(root, "confidentialityCode", document.confidentiality_code)
    add(root, "languageCode", code=document.language_code)
