"""The rule book of the stored queries, ITI-18 and ITI-51 (ITI TF-2 3.18.4.1.2.3, 3.18.4.1.3, 3.51.4.1.2)."""

from dataclasses import replace
from typing import Final

from xds.model import AdhocQuery, StoredQuery, XdsError
from xds.rules import query_shape, query_values
from xds.rules.decoding import NOTATION, Decoded
from xds.rules.query_case import QueryCase
from xds.rules.query_parameters import PARAMETERS
from xds.rules.rule import Rule, RulePolicy, run

STORED_QUERY: Final[tuple[Rule[QueryCase], ...]] = (*query_shape.BOOK.rules, *query_values.BOOK.rules)
_NAMES: Final = {query: frozenset(row.name for row in rows) for query, rows in PARAMETERS.items()}


def check_query(
    query: AdhocQuery, policy: RulePolicy, transaction: str = "ITI-18", decoded: Decoded = ()
) -> list[XdsError]:
    """Judge a stored query's parameters and return every finding; none of them depends on the registry.

    Parameters
    ----------
    transaction
        The one that the query came by: "ITI-18" or "ITI-51".
    decoded
        What its decoder found: values that cannot be read; without an AdhocQuery nothing else is judged.
    """
    unreadable = run(NOTATION, decoded, policy) if decoded else []
    if any(finding.rule == "18-adhoc-query" for finding in unreadable):
        return unreadable
    return unreadable + run(STORED_QUERY, QueryCase(query, policy, transaction), policy)


def known_parameters(query: AdhocQuery) -> AdhocQuery:
    """Return the query without the Slots that are no parameters of it: they are ignored, whatever they hold."""
    names = _NAMES[StoredQuery(query.query_id)]
    kept = tuple([slot for slot in query.slots if slot.name in names])
    return query if len(kept) == len(query.slots) else replace(query, slots=kept)
