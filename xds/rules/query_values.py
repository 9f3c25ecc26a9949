"""Rules on the values of a stored query's parameters, kind by kind (ITI TF-2 3.18.4.1.2.3.3 to .6)."""

from collections.abc import Iterator
from typing import Final

from xds.model import (
    ON_DEMAND,
    STABLE,
    AssociationType,
    DocumentAvailability,
    RegistryError,
    is_dtm,
    is_strict_cx,
    is_uuid_urn,
    parse_patient_id,
)
from xds.rules.query_case import QueryCase
from xds.rules.query_criteria import metadata_level
from xds.rules.rule import Found, RuleBook
from xds.rules.wording import cx_fault, dtm_fault, quoted

BOOK: Final[RuleBook[QueryCase]] = RuleBook("ITI TF-2 3.18.4.1.2.3", ("ITI-18", "ITI-51"))
_AVAILABILITIES: Final = frozenset(item.value for item in DocumentAvailability)
_ASSOCIATION_NAMES: Final = {item.value.rpartition(":")[2]: item.value for item in AssociationType}


@BOOK.rule(
    "18-patient-id",
    error=RegistryError,
    section="ITI TF-3 Table 4.2.3.1.7-2 (CX)",
    title="The patient id names its assigning authority by OID.",
    remedy="Send 'id^^^&oid&ISO', with the OID of the assigning authority",
    essential=True,
)
def patient_id(case: QueryCase) -> Iterator[Found]:
    """The value is not repeated in the finding."""
    for name, value in case.values_of_kind("patient"):
        if parse_patient_id(value) is None:
            yield name, f"{name} is not id^^^&oid&ISO: {cx_fault(value)}"


@BOOK.rule(
    "18-patient-id-strict",
    error=RegistryError,
    section="ITI TF-3 Table 4.2.3.1.7-2 (CX)",
    title="The patient id holds nothing but id, OID and ISO.",
    remedy="Send exactly 'id^^^&oid&ISO'",
    strict_only=True,
)
def patient_id_strict(case: QueryCase) -> Iterator[Found]:
    """In `field` a namespace id is dropped."""
    for name, value in case.values_of_kind("patient"):
        if parse_patient_id(value) is not None and not is_strict_cx(value):
            yield name, f"{name} holds more than it may: {cx_fault(value)}"


@BOOK.rule(
    "18-code",
    error=RegistryError,
    section="ITI TF-2 3.18.4.1.2.3.4",
    title="A code is code^^scheme.",
    remedy="Send ('code^^scheme'), both parts filled",
    essential=True,
)
def code(case: QueryCase) -> Iterator[Found]:
    """First and third component of CE, the second empty."""
    for name, value in case.values_of_kind("code"):
        parts = value.split("^")
        if len(parts) != 3 or not parts[0] or parts[1] or not parts[2]:
            yield name, f"{name}: {quoted(value)} is not code^^scheme"


@BOOK.rule(
    "18-time",
    error=RegistryError,
    section="ITI TF-2 3.18.4.1.2.3.3",
    title="A time is YYYY[MM[DD[hh[mm[ss]]]]] in UTC.",
    remedy="Send digits only, in UTC",
    essential=True,
)
def time(case: QueryCase) -> Iterator[Found]:
    """Quotes around it are taken."""
    for name, value in case.values_of_kind("time"):
        if not is_dtm(value):
            yield name, f"{name}: {dtm_fault(value)}"


@BOOK.rule(
    "18-type",
    error=RegistryError,
    section="ITI TF-2 3.18.4.1.2.3.6.2",
    title="$XDSDocumentEntryType is the Stable or the On-Demand type.",
    remedy=f"Send '{STABLE}' (Stable) or '{ON_DEMAND}' (On-Demand)",
    essential=True,
)
def document_type(case: QueryCase) -> Iterator[Found]:
    """Absent means Stable."""
    for name, value in case.values_of_kind("type"):
        if value not in (STABLE, ON_DEMAND):
            yield name, f"{name}: {quoted(value)} is no DocumentEntry type"


@BOOK.rule(
    "18-availability",
    error=RegistryError,
    section="XDS Metadata Update, $XDSDocumentEntryDocumentAvailability",
    title="A documentAvailability is Online or Offline.",
    remedy=f"Send '{DocumentAvailability.ONLINE}' or '{DocumentAvailability.OFFLINE}'",
    essential=True,
)
def availability(case: QueryCase) -> Iterator[Found]:
    """Full URNs."""
    for name, value in case.values_of_kind("availability"):
        if value not in _AVAILABILITIES:
            yield name, f"{name}: {quoted(value)} is no documentAvailability"


@BOOK.rule(
    "18-metadata-level",
    error=RegistryError,
    section="XDS Metadata Update 3.18.4.1.2.3.5.1.1",
    title="$MetadataLevel is 1 or 2.",
    remedy="Send 1 (the default: latest versions only) or 2 (every version), without quotes",
    essential=True,
)
def level(case: QueryCase) -> Iterator[Found]:
    """A number; quotes around it are taken."""
    for name, value in case.values_of_kind("level"):
        if value not in ("1", "2"):
            yield name, f"{name}: {quoted(value)} is no metadata level"


@BOOK.rule(
    "18-logical-id-level",
    error=RegistryError,
    section="XDS Metadata Update 3.18.4.1.2.3.5.1.1",
    title="A logicalID is asked for at $MetadataLevel 2.",
    remedy="Send $MetadataLevel 2 with it, or ask by entryUUID or uniqueId",
    essential=True,
)
def logical_id_level(case: QueryCase) -> Iterator[Found]:
    """A consumer that sees no versions has no logicalID to ask for."""
    for row in case.either:
        if row.name.endswith("LogicalID") and case.given(row) and metadata_level(case.query) != 2:
            yield row.name, f"{row.name} is there without $MetadataLevel 2"


@BOOK.rule(
    "18-uuid",
    error=RegistryError,
    section="ITI TF-3 4.2.3.1.5",
    title="An entryUUID is urn:uuid: and a UUID.",
    remedy="Send the entryUUID as the registry returned it",
    essential=True,
)
def entry_uuid(case: QueryCase) -> Iterator[Found]:
    """Upper case is taken; an empty value is none, even beside others."""
    for row, slot in case.of_kind("uuid"):
        for value in slot.values:
            if not is_uuid_urn(value.lower()):
                yield row.name, f"{row.name}: {quoted(value)} is no entryUUID"


@BOOK.rule(
    "18-association-type",
    error=RegistryError,
    section="ITI TF-2 3.18.4.1.2.3.7.13",
    title="$AssociationTypes are URNs.",
    remedy="Send the full URN of the association type",
    essential=True,
)
def association_type(case: QueryCase) -> Iterator[Found]:
    """A URN that links no documents just matches nothing."""
    for name, value in case.values_of_kind("association"):
        if not value.startswith("urn:"):
            meant = _ASSOCIATION_NAMES.get(value)
            hint = f"; {meant} may be meant" if meant else ""
            yield name, f"{name}: {quoted(value)} is no URN{hint}"


@BOOK.rule(
    "18-wildcards",
    error=RegistryError,
    section="ours: a limit of this registry",
    title="A pattern has no more wildcards than the limit.",
    remedy="Send a pattern with fewer % and _",
    essential=True,
)
def wildcards(case: QueryCase) -> Iterator[Found]:
    """The pattern may hold a name and is not repeated."""
    limit = case.policy.max_query_wildcards
    for name, value in case.values_of_kind("like"):
        count = value.count("%") + value.count("_")
        if count > limit:
            yield name, f"{name}: a pattern has {count} wildcards, at most {limit} are taken"


@BOOK.rule(
    "18-quotes",
    error=RegistryError,
    section="ITI TF-2 3.18.4.1.2.3.3",
    title="Texts are in single quotes.",
    remedy="Send 'text' in single quotes",
    strict_only=True,
)
def quotes(case: QueryCase) -> Iterator[Found]:
    """In `field` they may be left out: nothing else can be meant."""
    for row, slot in case.of_kind(
        "patient", "string", "uuid", "code", "status", "type", "association", "like", "availability"
    ):
        if slot.unquoted:
            yield row.name, f"{row.name} has a text without quotes"


@BOOK.rule(
    "18-list",
    error=RegistryError,
    section="ITI TF-2 3.18.4.1.2.3.4",
    title="The values of a parameter that takes several are in parentheses.",
    remedy="Send ('value'), even for one",
    strict_only=True,
)
def list_form(case: QueryCase) -> Iterator[Found]:
    """In `field` one value without parentheses is a list of one."""
    for slot in case.query.slots:
        row = case.table.get(slot.name)
        if row is not None and row.many and not slot.is_list and any(slot.values):
            yield row.name, f"{row.name} has no parentheses"
