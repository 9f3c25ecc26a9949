"""Rules of ITI-18 on a stored query's parameters (ITI TF-2 3.18.4.1.2.3, 3.18.4.1.3)."""

from collections import Counter
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Final

from xds.model import (
    ON_DEMAND,
    STABLE,
    AdhocQuery,
    AssociationType,
    AvailabilityStatus,
    QuerySlot,
    RegistryError,
    ReturnType,
    StoredQuery,
    StoredQueryMissingParam,
    StoredQueryParamNumber,
    TooManyResults,
    UnknownStoredQuery,
    XdsError,
    is_dtm,
    is_strict_cx,
    is_uuid_urn,
    parse_patient_id,
)
from xds.rules.query_parameters import PARAMETERS, SUPPORTED, Kind, Parameter, query_name
from xds.rules.rule import Found, Rule, RuleBook, RulePolicy, run
from xds.rules.wording import cx_fault, dtm_fault, quoted

BOOK: Final[RuleBook["QueryCase"]] = RuleBook("ITI TF-2 3.18.4.1.2.3", ("ITI-18",))
_STATUSES: Final = frozenset(item.value for item in AvailabilityStatus)
_ASSOCIATION_NAMES: Final = {item.value.rpartition(":")[2]: item.value for item in AssociationType}


class QueryCase:
    """What a rule of ITI-18 looks at. Of an unknown query no parameter is judged."""

    __slots__ = ("counts", "policy", "query", "stored_query", "table")

    def __init__(self, query: AdhocQuery, policy: RulePolicy) -> None:
        self.query = query
        self.policy = policy
        self.stored_query = next((item for item in SUPPORTED if item == query.query_id), None)
        rows = () if self.stored_query is None else PARAMETERS[self.stored_query]
        self.table = {row.name: row for row in rows}
        self.counts = Counter(slot.name for slot in query.slots)

    def given(self, parameter: Parameter) -> tuple[str, ...]:
        """Return the values of a parameter that count: not empty, and a status only if it is understood.

        The standard says so of $XDSDocumentEntryStatus; the other statuses are read alike.
        """
        values = tuple(value for value in self.query.values(parameter.name) if value)
        if parameter.kind == "status":  # not understood: ignored as if absent (3.18.4.1.2.3.6)
            return tuple(value for value in values if value in _STATUSES)
        return values

    def of_kind(self, *kinds: Kind) -> Iterator[tuple[Parameter, QuerySlot]]:
        """The Slots sent whose parameter is of one of these kinds."""
        for slot in self.query.slots:
            row = self.table.get(slot.name)
            if row is not None and row.kind in kinds:
                yield row, slot

    def values_of_kind(self, *kinds: Kind) -> Iterator[tuple[str, str]]:
        """Name and value of every value sent of one of these kinds, without the empty ones."""
        for row, slot in self.of_kind(*kinds):
            for value in slot.values:
                if value:
                    yield row.name, value


@BOOK.rule(
    "18-query-id",
    error=UnknownStoredQuery,
    section="ITI TF-2 3.18.4.1.2.4",
    title="AdhocQuery/@id is a stored query that this registry answers.",
    remedy=f"Answered here: {', '.join(sorted(query_name(item) for item in SUPPORTED))}",
    essential=True,
)
def query_id(case: QueryCase) -> Iterator[Found]:
    """A query of the standard that is not built yet is named as such."""
    if case.stored_query is not None:
        return
    asked = case.query.query_id
    known = next((item for item in StoredQuery if item == asked), None)
    if known is None:
        yield "AdhocQuery id", f"{quoted(asked)} is not the id of a stored query"
    else:
        yield "AdhocQuery id", f"{query_name(known)} ({asked}) is not yet supported by this registry"


@BOOK.rule(
    "18-return-type",
    error=RegistryError,
    section="ITI TF-2 3.18.4.1.2.3.1",
    title="returnType is ObjectRef or LeafClass.",
    remedy="Send returnType ObjectRef or LeafClass",
    essential=True,
)
def return_type(case: QueryCase) -> Iterator[Found]:
    """RegistryObject is the schema's default, and legal in ebRS only."""
    if not isinstance(case.query.return_type, ReturnType):
        yield "ResponseOption returnType", f"{quoted(case.query.return_type)} is not a type of ITI-18"


@BOOK.rule(
    "18-required",
    error=StoredQueryMissingParam,
    section="ITI TF-2 3.18.4.1.3",
    title="Every required parameter is there.",
    remedy="Send the parameter with a value",
    essential=True,
)
def required(case: QueryCase) -> Iterator[Found]:
    """A status that is not understood counts as absent (3.18.4.1.2.3.6)."""
    for row in case.table.values():
        if row.required and not case.given(row):
            what = f"{row.name} is missing"
            if any(case.query.values(row.name)):
                what = f"{row.name} holds no value that is understood, such as {AvailabilityStatus.APPROVED}"
            yield row.name, what


@BOOK.rule(
    "18-either-missing",
    error=StoredQueryMissingParam,
    section="ITI TF-2 3.18.4.1.2.3.7.5",
    title="One of entryUUID and uniqueId is there.",
    remedy="Send one of the two",
    essential=True,
)
def either_missing(case: QueryCase) -> Iterator[Found]:
    """Of the Get queries that take one or the other."""
    pair = [row for row in case.table.values() if row.either]
    if pair and not any(case.given(row) for row in pair):
        yield pair[0].name, f"{' or '.join(row.name for row in pair)} is missing"


@BOOK.rule(
    "18-either-both",
    error=StoredQueryParamNumber,
    section="ITI TF-2 3.18.4.1.2.3.7.5",
    title="Only one of entryUUID and uniqueId is there.",
    remedy="Send one of the two",
    essential=True,
)
def either_both(case: QueryCase) -> Iterator[Found]:
    """Footnote 1 of the Get queries."""
    pair = [row for row in case.table.values() if row.either]
    if len([row for row in pair if case.given(row)]) > 1:
        yield pair[0].name, f"{' and '.join(row.name for row in pair)} are both there"


@BOOK.rule(
    "18-single-value",
    error=StoredQueryParamNumber,
    section="ITI TF-3 Table 4.2.4.1-2",
    title="A single-valued parameter has one value.",
    remedy="Send one value; ask several times for several",
    essential=True,
)
def single_value(case: QueryCase) -> Iterator[Found]:
    """In one Slot or in several."""
    for row in case.table.values():
        count = len(case.query.values(row.name))
        if not row.many and count > 1:
            yield row.name, f"{row.name} has {count} values, one is allowed"


@BOOK.rule(
    "18-repeated-slot",
    error=StoredQueryParamNumber,
    section="ITI TF-2 3.18.4.1.2.3.5",
    title="Only parameters of multi-valued attributes have several Slots.",
    remedy="Put the values into one Slot, where they are ORed",
    essential=True,
)
def repeated_slot(case: QueryCase) -> Iterator[Found]:
    """Several Slots of one name mean AND, which the other parameters do not have."""
    for name, count in case.counts.items():
        row = case.table.get(name)
        if row is not None and row.many and not row.and_or and count > 1:
            yield name, f"{name} is there in {count} Slots, which would mean AND"


@BOOK.rule(
    "18-parameters-limit",
    error=StoredQueryParamNumber,
    section="security.md 9: limit of this registry",
    title="A query has no more parameters than the limit.",
    remedy="Send fewer Slots",
    essential=True,
)
def parameters_limit(case: QueryCase) -> Iterator[Found]:
    """Slots, known or not."""
    count, limit = len(case.query.slots), case.policy.max_query_parameters
    if count > limit:
        yield "AdhocQuery", f"{count} parameters found, at most {limit} are taken"


@BOOK.rule(
    "18-ids-limit",
    error=TooManyResults,
    section="security.md 9: limit of this registry",
    title="A list has no more values than the limit.",
    remedy="Ask in several queries",
    essential=True,
)
def ids_limit(case: QueryCase) -> Iterator[Found]:
    """Values of one parameter, in all its Slots."""
    limit = case.policy.max_query_ids
    for name in case.counts:
        count = len(case.query.values(name))
        if count > limit:
            yield quoted(name), f"{count} values found, at most {limit} are taken"


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
    section="security.md 9: limit of this registry",
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
        "patient", "string", "uuid", "code", "status", "type", "association", "like"
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


@BOOK.rule(
    "18-unknown-parameter",
    error=RegistryError,
    section="ITI TF-2 3.18.4.1.2.3.7 (the standard has no rule)",
    title="Parameters are those of the query.",
    remedy="Leave the parameter out, or correct its name",
    strict_only=True,
)
def unknown_parameter(case: QueryCase) -> Iterator[Found]:
    """In `field` they are ignored, as parameters of supplements must be."""
    if not case.table:
        return
    for name in case.counts:
        if name not in case.table:
            near = get_close_matches(name, case.table, n=1)
            hint = f"; {near[0]} may be meant" if near else ""
            yield quoted(name), f"{quoted(name)} is no parameter of this query{hint}"


STORED_QUERY: Final[tuple[Rule[QueryCase], ...]] = BOOK.rules


def check_query(query: AdhocQuery, policy: RulePolicy) -> list[XdsError]:
    """Judge a stored query's parameters and return every finding; none of them depends on the registry."""
    return run(STORED_QUERY, QueryCase(query, policy), policy)
