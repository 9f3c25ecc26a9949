"""How the attributes of an object lie in its Slots, Classifications and ExternalIdentifiers.

One table per kind of object (a `Shape`), one decoder for all of them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from lxml import etree

from xds.ebxml.fragments import (
    CLASSIFICATION,
    DESCRIPTION,
    EXTERNAL_IDENTIFIER,
    NAME,
    SLOT,
    VERSION_INFO,
    ChildIds,
    Findings,
    check_child,
    check_identifier,
    children_by_name,
    decode_author,
    decode_classification,
    decode_code,
    decode_extra_identifier,
    decode_slot,
    decode_status,
    decode_strings,
    decode_version,
)
from xds.model import ObjectType

_LISTS = {"confidentiality_codes": "confidentialityCode", "event_codes": "eventCodeList", "codes": "codeList"}
_VERBATIM = frozenset({"legal_authenticator", "uri"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Where each attribute of one kind of object stands (ITI TF-3 Tables 4.2.3.2-1, .3-1, .4-1)."""

    node: str | None  # classificationNode that says what a RegistryPackage is
    limited_metadata: str
    single_slots: Mapping[str, str]
    list_slots: Mapping[str, str]
    single_codes: Mapping[str, str]
    list_codes: Mapping[str, str]
    author_scheme: str | None
    identifiers: Mapping[str, tuple[str, str]]  # scheme → attribute, prescribed Name


@cache
def standard_name(field: str | None) -> str | None:
    """The standard's spelling of a field of the model, as a sender knows it.

    >>> standard_name("class_code"), standard_name("event_codes")
    ('classCode', 'eventCodeList')
    """
    if field is None or field in _LISTS:
        return _LISTS.get(field or "")
    head, *rest = field.split("_")
    return head + "".join([word.capitalize() for word in rest])


def encode_node(shape: Shape, limited_metadata: bool, ids: ChildIds) -> str:
    """Encode the Classifications that say what the package is (ITI TF-3 4.2.1.2.1, 4.2.1.3.1)."""
    nodes = [node for node in (shape.node, shape.limited_metadata if limited_metadata else None) if node]
    return "".join(
        [
            f'<rim:Classification classificationNode="{node}" classifiedObject="{ids.owner}"'
            f' id="{ids.next()}" objectType="{ObjectType.CLASSIFICATION.value}"/>'
            for node in nodes
        ]
    )


def decode_object(element: etree._Element, shape: Shape, findings: Findings) -> dict[str, Any]:
    """Decode the fields of an object; children are found by name, not by position."""
    owner = element.get("id", "")
    if not owner:
        kind = etree.QName(element).localname
        findings.add(f"id is missing on a {kind}", kind, "object-id")
    fields: dict[str, Any] = {
        "entry_uuid": owner,
        "availability_status": decode_status(element),
        "logical_id": element.get("lid"),
        "home_community_id": element.get("home"),
    }
    found = children_by_name(element)
    _decode_slots(found.get(SLOT, ()), owner, shape, fields, findings)
    _decode_classifications(found.get(CLASSIFICATION, ()), owner, shape, fields, findings)
    _decode_identifiers(found.get(EXTERNAL_IDENTIFIER, ()), owner, shape, fields, findings)
    if NAME in found:
        fields["title"] = decode_strings(found[NAME][0])
    if DESCRIPTION in found:
        fields["comments"] = decode_strings(found[DESCRIPTION][0])
    if VERSION_INFO in found:
        fields["version"] = decode_version(found[VERSION_INFO][0], owner, findings)
    return fields


def _decode_slots(
    elements: Iterable[etree._Element], owner: str, shape: Shape, fields: dict[str, Any], findings: Findings
) -> None:
    extra = []
    seen: set[str] = set()
    for slot in map(decode_slot, elements):
        where = f"{owner} {slot.name}"
        if not slot.name:
            findings.add("A Slot has no name", owner, "slot-name")
        if slot.name in seen:
            findings.add(f"Slot {slot.name} is there twice", where, "slot-twice")
            continue
        seen.add(slot.name)
        if (field := shape.single_slots.get(slot.name)) is not None:
            if not slot.values:
                findings.add("The Slot has no value", where, "slot-empty")
            if len(slot.values) > 1:
                findings.add(f"{len(slot.values)} values found, one is allowed", where, "slot-values")
            if slot.values:
                # Spaces around a time, a hash or an OID are a printer's, not the author's.
                value = slot.values[0] if field in _VERBATIM else slot.values[0].strip()
                fields[field] = value.lower() if field == "hash" else value
        elif (field := shape.list_slots.get(slot.name)) is not None:
            if not slot.values:
                findings.add("The Slot has no value", where, "slot-empty")
            fields[field] = slot.values
        else:
            extra.append(slot)
    fields["extra_slots"] = tuple(extra)


def _decode_classifications(
    elements: Iterable[etree._Element], owner: str, shape: Shape, fields: dict[str, Any], findings: Findings
) -> None:
    lists: dict[str, list[Any]] = {"extra_classifications": []}
    for child in elements:
        scheme, node = child.get("classificationScheme", ""), child.get("classificationNode")
        single, several = shape.single_codes.get(scheme), shape.list_codes.get(scheme)
        name = "author" if scheme and scheme == shape.author_scheme else standard_name(single or several)
        where = f"{owner} {name or scheme or node}"
        check_child(child, owner, "classifiedObject", where, findings)
        if node is not None and node == shape.node:
            continue
        if node == shape.limited_metadata:
            fields["limited_metadata"] = True
        elif single is not None:
            if single in fields:
                findings.add("The code is there twice", where, "code-twice")
            fields[single] = decode_code(child, where, findings)
        elif several is not None:
            lists.setdefault(several, []).append(decode_code(child, where, findings))
        elif scheme == shape.author_scheme:
            lists.setdefault("authors", []).append(decode_author(child, where, findings))
        else:
            lists["extra_classifications"].append(decode_classification(child))
    fields.update({name: tuple(items) for name, items in lists.items()})


def _decode_identifiers(
    elements: Iterable[etree._Element], owner: str, shape: Shape, fields: dict[str, Any], findings: Findings
) -> None:
    extra = []
    for child in elements:
        known = shape.identifiers.get(child.get("identificationScheme", ""))
        where = f"{owner} {standard_name(known and known[0]) or child.get('identificationScheme')}"
        check_child(child, owner, "registryObject", where, findings)
        if known is None:
            extra.append(decode_extra_identifier(child))
        elif known[0] in fields:
            findings.add("The identifier is there twice", where, "identifier-twice")
        else:
            check_identifier(child, known[1], where, findings)
            fields[known[0]] = child.get("value", "")
    fields["extra_identifiers"] = tuple(extra)
