"""Reading and writing the data types of HL7 V3: II, CS, TS and the names of persons (HL7 V3 NE 2008)."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from lxml import etree

from xds.model import InstanceIdentifier, PatientName
from xds.xml.namespaces import HL7

NSMAP: Final[Any] = {None: HL7}  # lxml-stubs forget the default namespace
_UID: Final = re.compile(r"[0-2](\.(0|[1-9][0-9]*))*|[0-9a-zA-Z]{8}(-[0-9a-zA-Z]{4}){3}-[0-9a-zA-Z]{12}")


def tag(name: str) -> str:
    """The QName of an element of HL7 V3."""
    return f"{{{HL7}}}{name}"


def path(*names: str) -> str:
    """The ElementPath that leads along those names."""
    return "/".join([tag(name) for name in names])


def text_of(parent: etree._Element, *names: str) -> str:
    """The text of what the names lead to, white space folded; "" where nothing is."""
    found = parent.find(path(*names))
    return "" if found is None else folded(found)


def folded(element: etree._Element) -> str:
    """All text within an element, white space folded."""
    return " ".join(str(element.xpath("string()")).split())


def attribute(parent: etree._Element, *names: str, name: str = "code") -> str:
    """An attribute of what the names lead to, stripped; "" where nothing is."""
    found = parent.find(path(*names))
    return "" if found is None else found.get(name, "").strip()


def identifiers(parent: etree._Element, *names: str) -> tuple[InstanceIdentifier, ...]:
    """Every II that the names lead to; one with a nullFlavor says that there is none."""
    return tuple(
        [
            InstanceIdentifier(item.get("root", "").strip(), item.get("extension", "").strip())
            for item in parent.iterfind(path(*names))
            if item.get("nullFlavor") is None
        ]
    )


def names_of(person: etree._Element) -> tuple[PatientName, ...]:
    """Every name of a person, the legal one first; one whose parts are not told apart is all family name."""
    elements = sorted(person.iterfind(tag("name")), key=lambda item: "L" not in item.get("use", "").split())
    return tuple([name for name in map(_name, elements) if name != PatientName()])


def _name(element: etree._Element) -> PatientName:
    if element.get("nullFlavor") is not None:
        return PatientName()
    name = PatientName(
        family=" ".join(_parts(element, "family")) or None,
        given=tuple(_parts(element, "given")),
        prefix=" ".join(_parts(element, "prefix")) or None,
        suffix=" ".join(_parts(element, "suffix")) or None,
    )
    return name if name != PatientName() else PatientName(family=folded(element) or None)


def _parts(element: etree._Element, name: str) -> Iterator[str]:
    for part in element.iterfind(tag(name)):
        if text := folded(part):
            yield text


def add(parent: etree._Element, name: str, attributes: Mapping[str, str] | None = None) -> etree._Element:
    """Append an element; an attribute that is empty is left out."""
    given = {key: value for key, value in (attributes or {}).items() if value}
    return etree.SubElement(parent, tag(name), given)


def add_code(parent: etree._Element, name: str, code: str) -> None:
    """Append a CS; without a code nothing."""
    if code:
        add(parent, name, {"code": code})


def add_identifier(parent: etree._Element, name: str, identifier: InstanceIdentifier | None) -> None:
    """Append an II; where there is none, or a peer's that has no right root, one that says so."""
    if identifier is None or _UID.fullmatch(identifier.root) is None:
        add(parent, name, {"nullFlavor": "NI"})
    else:
        add(parent, name, {"root": identifier.root, "extension": identifier.extension})


def add_device(parent: etree._Element, name: str, ids: tuple[InstanceIdentifier, ...]) -> None:
    """Append a sender or receiver with its device (ITI TF-2 Table O.1.1-1)."""
    role = add(parent, name, {"typeCode": {"sender": "SND", "receiver": "RCV"}[name]})
    device = add(role, "device", {"classCode": "DEV", "determinerCode": "INSTANCE"})
    for identifier in ids or (None,):
        add_identifier(device, "id", identifier)


def add_name(parent: etree._Element, name: PatientName) -> None:
    """Append a PN."""
    element = add(parent, "name")
    for part, texts in (
        ("prefix", (name.prefix,)),
        ("given", name.given),
        ("family", (name.family,)),
        ("suffix", (name.suffix,)),
    ):
        for text in texts:
            if text:
                add(element, part).text = text
