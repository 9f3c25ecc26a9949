"""Rules of ITI-42 on values in the notation of HL7 v2: XCN, XON, XTN, CXi (ITI TF-3 Table 4.2.3.1.7-2).

Persons may stand in them: no finding repeats a value, only what is wrong with its components.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final

from xds.model import ReferenceIdType, RegistryMetadataError, is_lenient_oid
from xds.rules.case import SUBMITTED, RegistrationCase
from xds.rules.rule import Found, RuleBook

BOOK: Final[RuleBook[RegistrationCase]] = RuleBook("ITI TF-3 Table 4.2.3.1.7-2", SUBMITTED)

Typed = tuple[str, str]
"""Location and value."""


def is_authority(component: str) -> bool:
    """Tell whether an assigning authority is ``&oid&ISO``.

    >>> is_authority("&2.999.1&ISO"), is_authority("2.999.1"), is_authority("HOSP&2.999.1&ISO")
    (True, False, False)
    """
    return component.startswith("&") and component.endswith("&ISO") and is_lenient_oid(component[1:-4])


def _recipients(case: RegistrationCase, part: int) -> Iterator[Typed]:
    for item in case.submission.submission_sets:
        for value in item.intended_recipients:
            parts = value.split("|")
            if len(parts) > part and parts[part]:
                yield f"{item.entry_uuid} intendedRecipient", parts[part]


def _persons(case: RegistrationCase) -> Iterator[Typed]:
    """Every XCN."""
    for items in (case.submission.submission_sets, case.submission.document_entries):
        for item in items:
            for author in item.authors:
                if author.person:
                    yield f"{item.entry_uuid} authorPerson", author.person
    for entry in case.submission.document_entries:
        if entry.legal_authenticator:
            yield f"{entry.entry_uuid} legalAuthenticator", entry.legal_authenticator
    yield from _recipients(case, 1)


def _organizations(case: RegistrationCase) -> Iterator[Typed]:
    """Every XON."""
    for items in (case.submission.submission_sets, case.submission.document_entries):
        for item in items:
            for author in item.authors:
                for value in author.institutions:
                    yield f"{item.entry_uuid} authorInstitution", value
    yield from _recipients(case, 0)


def _telecommunications(case: RegistrationCase) -> Iterator[Typed]:
    """Every XTN."""
    for items in (case.submission.submission_sets, case.submission.document_entries):
        for item in items:
            for author in item.authors:
                for value in author.telecommunications:
                    yield f"{item.entry_uuid} authorTelecommunication", value
    yield from _recipients(case, 2)


def _reference_ids(case: RegistrationCase) -> Iterator[tuple[str, int, list[str]]]:
    """Every reference id that has a type: location, position in its Slot, components."""
    for entry in case.submission.document_entries:
        for position, value in enumerate(entry.reference_ids, start=1):
            parts = value.split("^")
            if len(parts) > 4 and parts[4]:
                yield f"{entry.entry_uuid} referenceIdList", position, parts


@BOOK.rule(
    "42-person-name",
    error=RegistryMetadataError,
    section="ITI TF-3 Table 4.2.3.1.7-2 (XCN)",
    title="A person has a last name or an id.",
    remedy="Send id^last name^first name^^^^^^&oid&ISO; the name of a device stands where the last name does",
    strict_only=True,
)
def person_name(case: RegistrationCase) -> Iterator[Found]:
    """In `field` whatever names somebody is stored as it is."""
    for where, value in _persons(case):
        parts = value.split("^", 2)
        if not parts[0] and not (len(parts) > 1 and parts[1]):
            yield where, "The person has neither an id (component 1) nor a last name (component 2)"


@BOOK.rule(
    "42-person-authority",
    error=RegistryMetadataError,
    section="ITI TF-3 Table 4.2.3.1.7-2 (XCN)",
    title="The authority that assigned a person's id is named by its OID.",
    remedy="Send &oid&ISO as component 9, or leave it empty",
    strict_only=True,
)
def person_authority(case: RegistrationCase) -> Iterator[Found]:
    """An id without authority is legal: whether one is known is the sender's knowledge."""
    for where, value in _persons(case):
        parts = value.split("^")
        if len(parts) > 8 and parts[8] and not is_authority(parts[8]):
            yield where, "The assigning authority of the person (component 9) is not &oid&ISO"


@BOOK.rule(
    "42-organization-name",
    error=RegistryMetadataError,
    section="ITI TF-3 Table 4.2.3.1.7-2 (XON)",
    title="An organization has a name.",
    remedy="Send the name as component 1",
    strict_only=True,
)
def organization_name(case: RegistrationCase) -> Iterator[Found]:
    """A bare name is the most common form, and legal."""
    for where, value in _organizations(case):
        if not value.partition("^")[0]:
            yield where, "The organization has no name (component 1)"


@BOOK.rule(
    "42-organization-id",
    error=RegistryMetadataError,
    section="ITI TF-3 Table 4.2.3.1.7-2 (XON)",
    title="An organization's id is an OID, or its assigning authority is named.",
    remedy="Send an OID as component 10, or any id there and &oid&ISO as component 6",
    strict_only=True,
)
def organization_id(case: RegistrationCase) -> Iterator[Found]:
    """Components 6 and 10; no other has a meaning."""
    for where, value in _organizations(case):
        _, *parts = value.split("^")
        if not parts:
            continue
        authority = parts[4] if len(parts) > 4 else ""
        identifier = parts[8] if len(parts) > 8 else ""
        if any(parts[:4]) or any(parts[5:8]) or any(parts[9:]):
            yield where, "The organization has components beside its name (1), authority (6) and id (10)"
        elif authority and not is_authority(authority):
            yield where, "The assigning authority of the organization (component 6) is not &oid&ISO"
        elif identifier and not authority and not is_lenient_oid(identifier):
            yield where, "The id of the organization (component 10) is no OID and has no assigning authority"


_TELEPHONE: Final = frozenset({2, 3, 5, 6, 7, 8})
_E_MAIL: Final = frozenset({2, 3, 4})


@BOOK.rule(
    "42-telecommunication",
    error=RegistryMetadataError,
    section="ITI TF-3 Table 4.2.3.1.7-2 (XTN)",
    title="A telecommunication is a telephone number or an e-mail address.",
    remedy="Send ^^Internet^address, or ^use^type^^country^area^number^extension",
    strict_only=True,
)
def telecommunication(case: RegistrationCase) -> Iterator[Found]:
    """In `field` a plain text is stored as it is."""
    for where, value in _telecommunications(case):
        if what := telecommunication_fault(value):
            yield where, f"The telecommunication {what}"


def telecommunication_fault(value: str) -> str | None:
    """Say what keeps a value from being an XTN, without repeating it; None when nothing does.

    >>> telecommunication_fault("^^Internet^desk@lakeview.example")
    >>> telecommunication_fault("desk@lakeview.example")
    'has a component 1, which is not defined'
    """
    parts = value.split("^")
    given = {number for number, part in enumerate(parts, 1) if part}
    kind = parts[2] if len(parts) > 2 else ""
    if kind == "Internet":
        if parts[1] not in ("", "NET"):
            return "is of type Internet and of another use than NET (component 2)"
        allowed, needed = _E_MAIL, 4
    else:
        allowed, needed = _TELEPHONE, 7
    if others := sorted(given - allowed):
        return f"has a component {others[0]}, which is not defined"
    if not kind:
        return "has no type (component 3)"
    if needed not in given:
        return f"has no {'address' if needed == 4 else 'number'} (component {needed})"
    return None


_WITH_AUTHORITY: Final = frozenset(
    {ReferenceIdType.REFERRAL.value, ReferenceIdType.ORDER.value, ReferenceIdType.ENCOUNTER.value}
)
_GLOBAL: Final = frozenset(
    {ReferenceIdType.WORKFLOW_INSTANCE.value, ReferenceIdType.STUDY_INSTANCE_UID.value}
)


@BOOK.rule(
    "42-reference-id",
    error=RegistryMetadataError,
    section="ITI TF-3 Table 4.2.3.1.7-2 (CXi)",
    title="A reference id has an identifier and a type.",
    remedy="Send id^^^&oid&ISO^type, or id^^^^type where the id is globally unique",
)
def reference_id(case: RegistrationCase) -> Iterator[Found]:
    """CXi.1 and CXi.5 are required."""
    for entry in case.submission.document_entries:
        for position, value in enumerate(entry.reference_ids, start=1):
            parts = value.split("^")
            if len(parts) < 5 or not parts[0] or not parts[4]:
                missing = "the identifier (component 1)" if not parts[0] else "the type (component 5)"
                yield f"{entry.entry_uuid} referenceIdList", f"Value {position} lacks {missing}"


@BOOK.rule(
    "42-reference-id-components",
    error=RegistryMetadataError,
    section="ITI TF-3 Table 4.2.3.1.7-2 (CXi)",
    title="A reference id has no components that CXi does not have.",
    remedy="Leave components 2, 3 and those after 5 empty",
    strict_only=True,
)
def reference_id_components(case: RegistrationCase) -> Iterator[Found]:
    """In `field` they are stored as they are; a query finds the value by its text."""
    for where, position, parts in _reference_ids(case):
        if parts[1] or parts[2] or any(parts[5:]):
            yield where, f"Value {position} has components that are not defined"


@BOOK.rule(
    "42-reference-id-authority",
    error=RegistryMetadataError,
    section="ITI TF-3 Table 4.2.3.1.7-2 (CXi)",
    title="The id of a referral, an order or an encounter names its assigning authority.",
    remedy="Send the authority as component 4: &oid&ISO, or a namespace id that the domain knows",
    strict_only=True,
)
def reference_id_authority(case: RegistrationCase) -> Iterator[Found]:
    """By Universal ID and its type, or by Namespace ID."""
    for where, position, parts in _reference_ids(case):
        authority = parts[3].split("&")
        if parts[3]:
            universal = authority[1:] or ["", ""]
            if len(authority) not in (1, 3) or not (authority[0] or all(universal)):
                yield (
                    where,
                    f"Value {position} has an assigning authority that is neither &oid&ISO nor a name",
                )
        elif parts[4] in _WITH_AUTHORITY:
            yield where, f"Value {position} has no assigning authority"


@BOOK.rule(
    "42-reference-id-global",
    error=RegistryMetadataError,
    section="ITI TF-3 Table 4.2.3.1.7-2 (CXi)",
    title="A Study Instance UID or workflow instance id stands for itself, without an authority.",
    remedy="Send oid^^^^type",
    strict_only=True,
)
def reference_id_global(case: RegistrationCase) -> Iterator[Found]:
    """CXi.1 is an OID, CXi.4 empty."""
    for where, position, parts in _reference_ids(case):
        if parts[4] not in _GLOBAL:
            continue
        if parts[3]:
            yield where, f"Value {position} has an assigning authority, though its id is globally unique"
        elif not is_lenient_oid(parts[0]):
            yield where, f"The identifier of value {position} is no OID"


_ESCAPE: Final[Callable[[str], object]] = re.compile(r"\\(H|N|Z[^\\]*)\\").search
_HL7_ATTRIBUTES: Final = frozenset(
    {
        "authorPerson",
        "authorInstitution",
        "authorRole",
        "authorSpecialty",
        "authorTelecommunication",
        "legalAuthenticator",
        "sourcePatientId",
        "sourcePatientInfo",
        "referenceIdList",
        "intendedRecipient",
    }
)


@BOOK.rule(
    "42-hl7-escape",
    error=RegistryMetadataError,
    section="ITI TF-3 4.2.3.1.7",
    title="Values of HL7 types are free of escapes for highlighting and of local ones.",
    remedy=r"Leave \H\, \N\ and \Z…\ out; \F\, \S\, \R\, \T\ and \E\ stand for the separators",
    strict_only=True,
)
def hl7_escape(case: RegistrationCase) -> Iterator[Found]:
    """In `field` they are stored as they are."""
    for owner, name, values in case.values:
        if name in _HL7_ATTRIBUTES:
            for value in values:
                if "\\" in value and _ESCAPE(value):
                    yield f"{owner} {name}", "A value holds an escape sequence that is not allowed"
                    break
