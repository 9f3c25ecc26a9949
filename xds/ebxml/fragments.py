"""The pieces that every ebRIM object is made of: Slot, Name, Classification, ExternalIdentifier.

Encoders return text with the prefix ``rim:``, which the message's root declares; decoders take elements.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from lxml import etree

from xds.ebxml.text import escape
from xds.model import (
    Author,
    AvailabilityStatus,
    Classification,
    Code,
    ExternalIdentifier,
    InternationalString,
    LocalizedString,
    ObjectType,
    RegistryMetadataError,
    Slot,
    XdsError,
)
from xds.xml.namespaces import RIM, XML_LANG

SLOT: Final = f"{{{RIM}}}Slot"
NAME: Final = f"{{{RIM}}}Name"
DESCRIPTION: Final = f"{{{RIM}}}Description"
VERSION_INFO: Final = f"{{{RIM}}}VersionInfo"
CLASSIFICATION: Final = f"{{{RIM}}}Classification"
EXTERNAL_IDENTIFIER: Final = f"{{{RIM}}}ExternalIdentifier"
_VALUE_LIST = f"{{{RIM}}}ValueList"
_VALUE = f"{{{RIM}}}Value"
LOCALIZED: Final = f"{{{RIM}}}LocalizedString"

_VERSION_DIGITS: Final = 9
"""Of a versionName; ebRIM allows 16 characters, an integer of the store holds nine digits."""

_AUTHOR_SLOTS = (
    "authorPerson",
    "authorInstitution",
    "authorRole",
    "authorSpecialty",
    "authorTelecommunication",
)


@dataclass(slots=True)
class Findings:
    """What a decoder found wrong with the structure; the object is decoded as far as it can be.

    All of it: which findings count, and how they are mended, is said by `xds.rules.decoding`.
    """

    errors: list[XdsError] = field(default_factory=list)

    def add(self, context: str, location: str, rule: str) -> None:
        """Note what was found at ``object attribute``, and the rule that it breaks."""
        self.errors.append(RegistryMetadataError(context, location=location, rule=f"structure-{rule}"))


class ChildIds:
    """Ids of an object's Classifications and ExternalIdentifiers: derived from its own, so they compress.

    ebRIM wants an id on each; nobody refers to them. They count on from the last group of the object's UUID.
    """

    __slots__ = ("_count", "_node", "_prefix", "owner")

    def __init__(self, entry_uuid: str) -> None:
        self.owner = escape(entry_uuid)
        self._count = 0
        self._prefix: str = self.owner[:-12]
        try:
            self._node: int | None = int(self.owner[-12:], 16) if entry_uuid.startswith("urn:uuid:") else None
        except ValueError:
            self._node = None

    def next(self) -> str:
        """Return the next id."""
        self._count += 1
        if self._node is None:
            return f"{self.owner}.{self._count}"
        return f"{self._prefix}{(self._node + self._count) & 0xFFFFFFFFFFFF:012x}"


def encode_slot(name: str, values: Iterable[str]) -> str:
    """Encode one rim:Slot (ITI TF-3 4.2.3.1.6)."""
    inner = "".join([f"<rim:Value>{escape(value)}</rim:Value>" for value in values])
    return f'<rim:Slot name="{escape(name)}"><rim:ValueList>{inner}</rim:ValueList></rim:Slot>'


def encode_slots(slots: Iterable[Slot]) -> str:
    """Encode Slots that the standard does not define."""
    return "".join([encode_slot(slot.name, slot.values) for slot in slots])


def children(element: etree._Element, tag: str) -> list[etree._Element]:
    """Return the children of that name: a loop takes 0.8 µs where lxml's path language takes 2."""
    return [child for child in element if child.tag == tag]


def children_by_name(element: etree._Element) -> dict[str, list[etree._Element]]:
    """Return all children by name, in one walk: each walk makes an object of lxml for every child."""
    found: dict[str, list[etree._Element]] = {}
    for child in element:
        tag = str(child.tag)
        if tag in found:
            found[tag].append(child)
        else:
            found[tag] = [child]
    return found


def slot_values(element: etree._Element) -> list[str]:
    """Return the values of a rim:Slot as they are."""
    return [
        value.text or ""
        for values in element
        if values.tag == _VALUE_LIST
        for value in values
        if value.tag == _VALUE
    ]


def decode_slot(element: etree._Element) -> Slot:
    """Decode one rim:Slot, whatever its values are."""
    return Slot(name=element.get("name", ""), values=tuple(slot_values(element)))


def encode_strings(element_name: str, texts: InternationalString) -> str:
    """Encode Name or Description; nothing when there is no text."""
    if not texts:
        return ""
    inner = []
    for text in texts:
        charset = "" if text.charset is None else f' charset="{escape(text.charset)}"'
        lang = "" if text.lang is None else f' xml:lang="{escape(text.lang)}"'
        inner.append(f'<rim:LocalizedString{charset}{lang} value="{escape(text.value)}"/>')
    return f"<rim:{element_name}>{''.join(inner)}</rim:{element_name}>"


def decode_strings(element: etree._Element) -> InternationalString:
    """Decode Name or Description in every language."""
    return tuple(
        [
            LocalizedString(value=text.get("value", ""), lang=text.get(XML_LANG), charset=text.get("charset"))
            for text in element
            if text.tag == LOCALIZED
        ]
    )


def encode_code(scheme: str, code: Code, ids: ChildIds) -> str:
    """Encode a coded attribute as a Classification (ITI TF-3 4.2.3.1.2)."""
    return (
        f'<rim:Classification classificationScheme="{scheme}" classifiedObject="{ids.owner}"'
        f' id="{ids.next()}" nodeRepresentation="{escape(code.code)}"'
        f' objectType="{ObjectType.CLASSIFICATION.value}">'
        f"{encode_slot('codingScheme', (code.scheme,))}{encode_slots(code.extra_slots)}"
        f"{encode_strings('Name', code.display)}</rim:Classification>"
    )


def decode_code(element: etree._Element, where: str, findings: Findings) -> Code:
    """Decode a Classification that carries a code; what is missing is found and left empty."""
    schemes: list[str] = []
    extra: list[Slot] = []
    name: etree._Element | None = None
    for child in element:
        if child.tag == NAME:
            name = child if name is None else name
        elif child.tag == SLOT:
            if child.get("name") == "codingScheme":
                schemes += slot_values(child)
            else:
                extra.append(decode_slot(child))
    if len(extra) > 1 and len({slot.name for slot in extra}) < len(extra):
        findings.add("A Slot of the code is there twice", where, "slot-twice")
    display = () if name is None else decode_strings(name)
    code = element.get("nodeRepresentation", "")
    if not code:
        findings.add("nodeRepresentation is missing or empty", where, "code-value")
    if len(schemes) != 1 or not schemes[0]:
        what = "is empty" if len(schemes) == 1 else f"has {len(schemes)} values"
        findings.add(f"Slot codingScheme {what}", where, "coding-scheme")
    if not any(text.value for text in display):
        findings.add("Name is missing or empty", where, "code-display")
    return Code(code=code, scheme=schemes[0] if schemes else "", display=display, extra_slots=tuple(extra))


def encode_author(scheme: str, author: Author, ids: ChildIds) -> str:
    """Encode an author as a Classification with an empty nodeRepresentation (ITI TF-3 4.2.3.1.4)."""
    person = () if author.person is None else (author.person,)
    lists = (person, author.institutions, author.roles, author.specialties, author.telecommunications)
    slots = "".join(
        [encode_slot(n, values) for n, values in zip(_AUTHOR_SLOTS, lists, strict=True) if values]
    )
    return (
        f'<rim:Classification classificationScheme="{scheme}" classifiedObject="{ids.owner}"'
        f' id="{ids.next()}" nodeRepresentation="" objectType="{ObjectType.CLASSIFICATION.value}">'
        f"{slots}{encode_slots(author.extra_slots)}{encode_strings('Name', author.name)}</rim:Classification>"
    )


def decode_author(element: etree._Element, where: str, findings: Findings) -> Author:
    """Decode an author; that one part of it is present is a rule, not structure."""
    found: dict[str, tuple[str, ...]] = {}
    extra: list[Slot] = []
    for child in children(element, SLOT):
        slot = decode_slot(child)
        if slot.name in _AUTHOR_SLOTS and slot.name not in found:
            found[slot.name] = slot.values
        elif slot.name in found:
            findings.add(f"Slot {slot.name} is there twice", where, "slot-twice")
        else:
            extra.append(slot)
    if element.get("nodeRepresentation") != "":
        told = "has a value" if element.get("nodeRepresentation") else "is missing"
        findings.add(f"nodeRepresentation {told}", where, "author-node")
    person, institutions, roles, specialties, telecommunications = [found.get(n, ()) for n in _AUTHOR_SLOTS]
    if len(person) > 1:
        findings.add(f"authorPerson has {len(person)} values", where, "author-person")
    name = element.find(NAME)
    return Author(
        person=person[0] if person else None,
        institutions=institutions,
        roles=roles,
        specialties=specialties,
        telecommunications=telecommunications,
        extra_slots=tuple(extra),
        name=() if name is None else decode_strings(name),
    )


def encode_classification(item: Classification, ids: ChildIds) -> str:
    """Encode a Classification as it was sent, or the one that says what a RegistryPackage is."""
    scheme = "" if item.scheme is None else f' classificationScheme="{escape(item.scheme)}"'
    node = "" if item.node is None else f' classificationNode="{escape(item.node)}"'
    value = (
        ""
        if item.node_representation is None
        else f' nodeRepresentation="{escape(item.node_representation)}"'
    )
    return (
        f'<rim:Classification{scheme}{node} classifiedObject="{ids.owner}" id="{ids.next()}"{value}'
        f' objectType="{ObjectType.CLASSIFICATION.value}">{encode_slots(item.slots)}'
        f"{encode_strings('Name', item.name)}{encode_strings('Description', item.description)}"
        "</rim:Classification>"
    )


def decode_classification(element: etree._Element) -> Classification:
    """Decode a Classification that no attribute of its object claims."""
    name, description = element.find(NAME), element.find(DESCRIPTION)
    return Classification(
        scheme=element.get("classificationScheme"),
        node=element.get("classificationNode"),
        node_representation=element.get("nodeRepresentation"),
        slots=tuple([decode_slot(child) for child in children(element, SLOT)]),
        name=() if name is None else decode_strings(name),
        description=() if description is None else decode_strings(description),
    )


def encode_identifier(scheme: str, name: str, value: str, ids: ChildIds) -> str:
    """Encode an ExternalIdentifier; `value` is written as it is, so that a sentinel may stand for it."""
    return (
        f'<rim:ExternalIdentifier id="{ids.next()}" identificationScheme="{scheme}"'
        f' objectType="{ObjectType.EXTERNAL_IDENTIFIER.value}" registryObject="{ids.owner}" value="{value}">'
        f'<rim:Name><rim:LocalizedString value="{name}"/></rim:Name></rim:ExternalIdentifier>'
    )


def encode_extra_identifiers(items: Iterable[ExternalIdentifier], ids: ChildIds) -> str:
    """Encode ExternalIdentifiers that the standard does not define."""
    return "".join(
        [
            f'<rim:ExternalIdentifier id="{ids.next()}" identificationScheme="{escape(item.scheme)}"'
            f' objectType="{ObjectType.EXTERNAL_IDENTIFIER.value}" registryObject="{ids.owner}"'
            f' value="{escape(item.value)}">{encode_slots(item.slots)}{encode_strings("Name", item.name)}'
            "</rim:ExternalIdentifier>"
            for item in items
        ]
    )


def decode_extra_identifier(element: etree._Element) -> ExternalIdentifier:
    """Decode an ExternalIdentifier that no attribute of its object claims."""
    name = element.find(NAME)
    return ExternalIdentifier(
        scheme=element.get("identificationScheme", ""),
        value=element.get("value", ""),
        slots=tuple([decode_slot(child) for child in children(element, SLOT)]),
        name=() if name is None else decode_strings(name),
    )


_CHILD_TYPES: Final = {
    "classifiedObject": ObjectType.CLASSIFICATION.value,
    "registryObject": ObjectType.EXTERNAL_IDENTIFIER.value,
}


def check_identifier(element: etree._Element, name: str, where: str, findings: Findings) -> None:
    """Check that an ExternalIdentifier has its prescribed Name and nothing that is dropped (4.2.3.1.3)."""
    found = None
    for child in element:
        if child.tag == NAME:
            found = [text.get("value", "") for text in child if text.tag == LOCALIZED]
        elif child.tag == SLOT:
            findings.add("A Slot stands in an ExternalIdentifier of the standard", where, "not-saved")
    if found is None or name not in found:
        told = repr(found[0]) if found else "missing"
        findings.add(f"Name is {told}, {name!r} is prescribed", where, "identifier-name")


def check_child(element: etree._Element, owner: str, reference: str, where: str, findings: Findings) -> None:
    """Check that a nested child has an id and names the object that holds it (ITI TF-3 4.2.3.1.2, .3)."""
    pointed = element.get(reference)
    if pointed is None:
        findings.add(f"{reference} is missing", where, "child-reference-missing")
    elif pointed != owner:
        findings.add(f"{reference} is {pointed!r}, but it stands in {owner!r}", where, "child-reference")
    if not element.get("id"):
        findings.add("id is missing", where, "child-id")
    kind = element.get("objectType")
    if kind is not None and kind != _CHILD_TYPES[reference]:
        findings.add(f"objectType is {kind!r}", where, "child-type")


def decode_status(element: etree._Element) -> AvailabilityStatus:
    """Decode @status; anything but Deprecated counts as Approved, as on a submission it is ignored."""
    deprecated = element.get("status") == AvailabilityStatus.DEPRECATED
    return AvailabilityStatus.DEPRECATED if deprecated else AvailabilityStatus.APPROVED


def decode_version(element: etree._Element, owner: str, findings: Findings) -> int:
    """Decode VersionInfo/@versionName; ebRIM's own default, 1.1, means the first version."""
    text_value = element.get("versionName", "1")
    if text_value.isdecimal() and len(text_value) <= _VERSION_DIGITS:
        return int(text_value)
    if text_value != "1.1":
        findings.add(f"versionName {text_value!r} is not a whole number", f"{owner} version", "version")
    return 1
