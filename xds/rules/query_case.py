"""A stored query as its rules see it."""

from collections.abc import Iterator
from typing import Final

from xds.model import AdhocQuery, AvailabilityStatus, QuerySlot
from xds.rules.query_parameters import PARAMETERS, QUERIES_OF, Kind, Parameter
from xds.rules.rule import RulePolicy

_STORED_QUERIES: Final = {
    transaction: {item.value: item for item in queries} for transaction, queries in QUERIES_OF.items()
}
_TABLES: Final = {query.value: {row.name: row for row in rows} for query, rows in PARAMETERS.items()}
_ROWS: Final = {
    query.value: (
        tuple(row for row in rows if row.required),
        tuple(row for row in rows if row.either),
        tuple(row for row in rows if row.narrows),
    )
    for query, rows in PARAMETERS.items()
}
_NO_ROWS: Final[tuple[tuple[Parameter, ...], ...]] = ((), (), ())
_STATUSES: Final = frozenset(item.value for item in AvailabilityStatus)


class QueryCase:
    """What a rule of ITI-18 or ITI-51 looks at. Of a query that the transaction does not have no parameter is judged.

    Parameters
    ----------
    transaction
        The one that the query came by.
    """

    __slots__ = (
        "_by_kind",
        "counts",
        "either",
        "narrowing",
        "policy",
        "query",
        "required",
        "stored_query",
        "table",
        "transaction",
    )

    def __init__(self, query: AdhocQuery, policy: RulePolicy, transaction: str = "ITI-18") -> None:
        self.query = query
        self.policy = policy
        self.transaction = transaction
        self.stored_query = _STORED_QUERIES[transaction].get(query.query_id)
        self.table = _TABLES.get(query.query_id, {}) if self.stored_query is not None else {}
        found = _NO_ROWS if self.stored_query is None else _ROWS[query.query_id]
        self.required, self.either, self.narrowing = found
        self.counts = query.slot_counts
        self._by_kind: dict[str, list[tuple[Parameter, QuerySlot]]] = {}
        for slot in query.slots:
            row = self.table.get(slot.name)
            if row is not None:
                self._by_kind.setdefault(row.kind, []).append((row, slot))

    def given(self, parameter: Parameter) -> tuple[str, ...]:
        """Return the values of a parameter that count: not empty, and a status only if it is understood.

        The standard says so of $XDSDocumentEntryStatus; the other statuses are read alike.
        """
        values = tuple(value for value in self.query.values(parameter.name) if value)
        if parameter.kind == "status":  # not understood: ignored as if absent (3.18.4.1.2.3.6)
            return tuple(value for value in values if value in _STATUSES)
        return values

    def of_kind(self, *kinds: Kind) -> list[tuple[Parameter, QuerySlot]]:
        """The Slots sent whose parameter is of one of these kinds."""
        if len(kinds) == 1:
            return self._by_kind.get(kinds[0], [])
        return [pair for kind in kinds for pair in self._by_kind.get(kind, [])]

    def values_of_kind(self, *kinds: Kind) -> Iterator[tuple[str, str]]:
        """Name and value of every value sent of one of these kinds, without the empty ones."""
        for row, slot in self.of_kind(*kinds):
            for value in slot.values:
                if value:
                    yield row.name, value
