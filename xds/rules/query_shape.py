"""Rules on a stored query as a whole: its id, which parameters it has, and how often (ITI TF-2 3.18.4.1.2.3)."""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Final

from xds.model import (
    OID_PREFIX,
    AvailabilityStatus,
    RegistryError,
    ReturnType,
    StoredQuery,
    StoredQueryMissingParam,
    StoredQueryParamNumber,
    TooManyResults,
    UnknownStoredQuery,
    is_oid,
)
from xds.rules.query_case import QueryCase
from xds.rules.query_parameters import query_name, transaction_of
from xds.rules.rule import Found, RuleBook
from xds.rules.wording import quoted

BOOK: Final[RuleBook[QueryCase]] = RuleBook("ITI TF-2 3.18.4.1.2.3", ("ITI-18", "ITI-51"))


@BOOK.rule(
    "18-query-id",
    error=UnknownStoredQuery,
    section="ITI TF-2 3.18.4.1.2.4",
    title="AdhocQuery/@id is a stored query of the transaction.",
    remedy="Send the id of a stored query of ITI-18 (TF-2 3.18.4.1.2.4) or of ITI-51 (3.51.4.1.2.2), each by its own"
    " wsa:Action",
    essential=True,
)
def query_id(case: QueryCase) -> Iterator[Found]:
    """A query of the other transaction is named as such."""
    if case.stored_query is not None:
        return
    asked = case.query.query_id
    known = next((item for item in StoredQuery if item == asked), None)
    if known is None:
        yield "AdhocQuery id", f"{quoted(asked)} is not the id of a stored query"
    else:
        yield (
            "AdhocQuery id",
            f"{query_name(known)} ({asked}) is a query of {transaction_of(asked)}, and came as {case.transaction}",
        )


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
    returned = case.query.return_type
    if returned == "LeafClassWithRepositoryItem":
        yield (
            "ResponseOption returnType",
            f"{returned} belongs to ITI-63, which fetches documents with their metadata",
        )
    elif not isinstance(returned, ReturnType):
        yield "ResponseOption returnType", f"{quoted(returned)} is not a type of {case.transaction}"


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
    for row in case.required:
        if not case.given(row):
            strays = [name for name in case.counts if name not in case.table]
            near = get_close_matches(row.name, strays, n=1)
            hint = f"; {quoted(near[0])}, which was sent, may be meant for it" if near else ""
            what = f"{row.name} is missing{hint}"
            if any(case.query.values(row.name)):
                what = f"{row.name} holds no value that is understood, such as {AvailabilityStatus.APPROVED}"
            yield row.name, what


@BOOK.rule(
    "18-either-missing",
    error=StoredQueryMissingParam,
    section="ITI TF-2 3.18.4.1.2.3.7.5",
    title="One of entryUUID and uniqueId (or logicalID, where a query takes it) is there.",
    remedy="Send one of them",
    essential=True,
)
def either_missing(case: QueryCase) -> Iterator[Found]:
    """Of the Get queries that take one or the other."""
    pair = case.either
    if pair and not any(case.given(row) for row in pair):
        yield pair[0].name, f"{' or '.join(row.name for row in pair)} is missing"


@BOOK.rule(
    "18-either-both",
    error=StoredQueryParamNumber,
    section="ITI TF-2 3.18.4.1.2.3.7.5",
    title="Only one of entryUUID, uniqueId and logicalID is there.",
    remedy="Send one of them",
    essential=True,
)
def either_both(case: QueryCase) -> Iterator[Found]:
    """Footnote 1 of the Get queries."""
    given = [row.name for row in case.either if case.given(row)]
    if len(given) > 1:
        yield given[0], f"{' and '.join(given)} are there together"


@BOOK.rule(
    "51-narrowing",
    error=StoredQueryMissingParam,
    section="ITI TF-2 3.51.4.1.2.1",
    title="A query for multiple patients names patients or codes.",
    remedy="Send at least one of them",
    essential=True,
)
def narrowing(case: QueryCase) -> Iterator[Found]:
    """Else the whole registry would be asked for."""
    narrow = case.narrowing
    if narrow and not any(case.given(row) for row in narrow):
        yield narrow[0].name, f"none of {', '.join(row.name for row in narrow)} is there"


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
    for name in case.counts:
        row, count = case.table.get(name), len(case.query.values(name))
        if row is not None and not row.many and count > 1:
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
    section="ours: a limit of this registry",
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
    section="ours: a limit of this registry",
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
        if name == "$homeCommunityId":
            yield name, "$homeCommunityId is no Slot: it is the attribute home of rim:AdhocQuery"
        elif name not in case.table:
            near = get_close_matches(name, case.table, n=1)
            hint = f"; {near[0]} may be meant" if near else ""
            yield quoted(name), f"{quoted(name)} is no parameter of this query{hint}"


@BOOK.rule(
    "18-home",
    error=RegistryError,
    section="ITI TF-2 3.18.4.1.2.3.8",
    title="AdhocQuery/@home is an OID as a URN.",
    remedy="Send the homeCommunityId as the registry returned it, urn:oid: and the OID",
    strict_only=True,
)
def home(case: QueryCase) -> Iterator[Found]:
    """A registry does not route: in `field` it takes any value, as it takes any community (3.18.4.1.3)."""
    sent = case.query.home_community_id
    if sent and not (sent.startswith(OID_PREFIX) and is_oid(sent.removeprefix(OID_PREFIX))):
        yield "AdhocQuery home", f"{quoted(sent)} is no homeCommunityId"
