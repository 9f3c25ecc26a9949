"""A stored query as its rules see it."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from xds.model import AdhocQuery, AvailabilityStatus, QuerySlot
from xds.rules.query_parameters import PARAMETERS, QUERIES_OF, Kind, Parameter
from xds.rules.rule import RulePolicy

_STATUSES: Final = frozenset(item.value for item in AvailabilityStatus)


class QueryCase:
    """What a rule of ITI-18 or ITI-51 looks at. Of a query that the transaction does not have no parameter is judged.

    Parameters
    ----------
    transaction
        The one that the query came by.
    """

    __slots__ = ("counts", "policy", "query", "stored_query", "table", "transaction")

    def __init__(self, query: AdhocQuery, policy: RulePolicy, transaction: str = "ITI-18") -> None:
        self.query = query
        self.policy = policy
        self.transaction = transaction
        self.stored_query = next((item for item in QUERIES_OF[transaction] if item == query.query_id), None)
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
