"""A finding of `xds validate`: what is wrong, where, which section says so, and how to mend it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lxml import etree

from xds.model import (
    ClassificationScheme,
    IdentificationScheme,
    XdsError,
)
from xds.rules import ALL_RULES
from xds.xml.namespaces import HL7, RIM

_RULES: Final = {rule.id: (rule.section, rule.remedy) for rule in ALL_RULES}
_TABLE: Final = "ITI TF-3 Table 4.2.4.1-2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One finding."""

    code: str  # XDS error code, SOAP fault code, or "Schema"
    what: str
    remedy: str
    section: str
    location: str = ""
    line: int | None = None  # within the file
    rule: str = ""
    is_error: bool = True


def judged(finding: XdsError, root: etree._Element, first_line: int) -> Judged:
    """Turn a finding of a rule or decoder into one that says section, remedy and line."""
    section, remedy = _RULES.get(finding.rule, ("", ""))
    what = finding.context
    if remedy:
        what = what.removesuffix(f". {remedy}")
    else:
        what, _, remedy = finding.context.partition("; ")
    if not section:
        section = _TABLE
    element = locate(root, finding.location)
    return Judged(
        code=finding.code,
        what=what,
        remedy=remedy or "Correct it there",
        section=section,
        location=finding.location,
        line=line_of(element, first_line),
        rule=finding.rule,
        is_error=finding.is_error,
    )


def line_of(element: etree._Element | None, first_line: int) -> int | None:
    """The line of an element within the file."""
    line = None if element is None else element.sourceline
    return line + first_line - 1 if isinstance(line, int) else None


def locate(root: etree._Element, location: str) -> etree._Element | None:
    """Find what a location names: ``objectId attribute``, a query's Slot, a path of HL7 V3, or none of them."""
    if location.startswith("/"):
        return _at_path(root, location)
    name, _, attribute = location.partition(" ")
    if not name:
        return None
    if name.startswith("$"):
        return next((slot for slot in root.iter(f"{{{RIM}}}Slot") if slot.get("name") == name), None)
    owner = next((item for item in _objects(root) if item.get("id") == name), None)
    if owner is None:
        return None
    return next(_attributes(owner, attribute), owner) if attribute else owner


def _at_path(root: etree._Element, location: str) -> etree._Element | None:
    """The element at the end of a path of local names, or the last one on the way that is there."""
    first, *names = location.removeprefix("/").split("/")
    found = next(root.iter(f"{{{HL7}}}{first}"), None)
    for name in names:
        below = None if found is None else found.find(f"{{{HL7}}}{name}")
        if below is None:
            break
        found = below
    return found


def _objects(root: etree._Element) -> Iterator[etree._Element]:
    for tag in ("ExtrinsicObject", "RegistryPackage", "Association", "ObjectRef"):
        yield from root.iter(f"{{{RIM}}}{tag}")


def _attributes(owner: etree._Element, attribute: str) -> Iterator[etree._Element]:
    """The child elements that hold an attribute of the standard's name, or of the model's."""
    plain = attribute.replace("_", "").lower()
    for child in owner.iterchildren(tag=etree.Element):
        names = (
            child.get("name"),
            _SCHEMES.get(child.get("classificationScheme", "")),
            _SCHEMES.get(child.get("identificationScheme", "")),
            _TEXTS.get(etree.QName(child).localname),
        )
        if any(name is not None and name.replace("_", "").lower() == plain for name in names):
            yield child


_TEXTS: Final = {"Name": "title", "Description": "comments"}
_KINDS: Final = ("ENTRY_", "SUBMISSION_SET_", "FOLDER_")


def _attribute_name(member: str) -> str:
    for kind in _KINDS:
        member = member.removeprefix(kind)
    return member


_SCHEMES: Final = {
    item.value: _attribute_name(item.name)
    for book in (ClassificationScheme, IdentificationScheme)
    for item in book
}
