"""Association ⇄ rim:Association (ITI TF-3 4.2.2)."""

from typing import Final

from lxml import etree

from xds.ebxml import text
from xds.ebxml.fragments import (
    CLASSIFICATION,
    DESCRIPTION,
    NAME,
    SLOT,
    ChildIds,
    Findings,
    check_child,
    children,
    decode_classification,
    decode_code,
    decode_slot,
    decode_status,
    decode_strings,
    encode_classification,
    encode_code,
    encode_slot,
    encode_slots,
    encode_strings,
)
from xds.ebxml.text import escape
from xds.model import Association, AssociationType, ClassificationScheme, ObjectType

SHORT_TYPES: Final = {item.value.rpartition(":")[2]: item.value for item in AssociationType}
"""The names of ebRS 2.1, which some partners still send, and today's URN."""


def encode_association(item: Association, *, stored: bool = False) -> str:
    """Encode an Association; with `stored`, sentinels stand where the registry's values change later."""
    ids = ChildIds(item.entry_uuid)
    home = text.HOME if stored else text.home_attribute(item.home_community_id)
    status = text.STATUS if stored else item.availability_status.value
    slots = (
        "" if item.submission_set_status is None
        else encode_slot("SubmissionSetStatus", (item.submission_set_status,))
    )  # fmt: skip
    documentation = (
        "" if item.documentation is None
        else encode_code(ClassificationScheme.ASSOCIATION_DOCUMENTATION.value, item.documentation, ids)
    )  # fmt: skip
    return (
        f'<rim:Association associationType="{escape(item.association_type)}" id="{ids.owner}"{home}'
        f' objectType="{ObjectType.ASSOCIATION.value}" sourceObject="{escape(item.source)}" status="{status}"'
        f' targetObject="{escape(item.target)}">{slots}{encode_slots(item.extra_slots)}'
        f"{encode_strings('Name', item.title)}{encode_strings('Description', item.comments)}{documentation}"
        f"{''.join([encode_classification(extra, ids) for extra in item.extra_classifications])}"
        "</rim:Association>"
    )


def decode_association(element: etree._Element, findings: Findings) -> Association:
    """Decode rim:Association. A missing id gets a symbolic one in `field`: nobody refers to it."""
    kind = element.get("associationType", "")
    source, target = element.get("sourceObject", ""), element.get("targetObject", "")
    owner = element.get("id") or f"Association {source} {target} {kind}"
    if not element.get("id"):
        findings.add("id is missing on an Association", f"Association {source} → {target}", "child-id")
    for name, value in (("associationType", kind), ("sourceObject", source), ("targetObject", target)):
        if not value:
            findings.add(f"{name} is missing", f"{owner} {name}", "association")
    if kind in SHORT_TYPES:
        findings.add(
            f"{kind!r} is the name of {SHORT_TYPES[kind]} in ebRS 2.1",
            f"{owner} associationType",
            "association-urn",
        )
        kind = SHORT_TYPES[kind]
    slots = [decode_slot(child) for child in children(element, SLOT)]
    if len(slots) > 1 and len({slot.name for slot in slots}) < len(slots):
        findings.add("A Slot of the Association is there twice", owner, "slot-twice")
    set_status = [value for slot in slots if slot.name == "SubmissionSetStatus" for value in slot.values]
    if len(set_status) > 1:
        what = f"{len(set_status)} values found, one is allowed"
        findings.add(what, f"{owner} SubmissionSetStatus", "slot-values")
    documentation, extra = None, []
    for child in children(element, CLASSIFICATION):
        check_child(child, element.get("id", ""), "classifiedObject", f"{owner} Classification", findings)
        if child.get("classificationScheme") == ClassificationScheme.ASSOCIATION_DOCUMENTATION.value:
            if documentation is not None:
                findings.add("The code is there twice", f"{owner} documentation", "code-twice")
            documentation = decode_code(child, f"{owner} documentation", findings)
        else:
            extra.append(decode_classification(child))
    name_element, description = element.find(NAME), element.find(DESCRIPTION)
    return Association(
        entry_uuid=owner,
        association_type=kind,
        source=source,
        target=target,
        availability_status=decode_status(element),
        home_community_id=element.get("home"),
        submission_set_status=set_status[0] if set_status else None,
        documentation=documentation,
        title=() if name_element is None else decode_strings(name_element),
        comments=() if description is None else decode_strings(description),
        extra_slots=tuple([slot for slot in slots if slot.name != "SubmissionSetStatus"]),
        extra_classifications=tuple(extra),
    )
