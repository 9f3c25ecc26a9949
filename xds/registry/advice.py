"""What a refused query can do instead: the context of XDSTooManyResults (ITI TF-3 Table 4.2.4.1-2)."""

from typing import Final

from xds.model import AdhocQuery, ReturnType, StoredQuery
from xds.rules import PARAMETERS, Parameter

_SUGGESTED: Final = 2
_LISTS: Final = frozenset({"uuid", "string"})


def too_many_objects(limit: int, query: AdhocQuery) -> str:
    """Say that more objects match than are answered, and what narrows this very query."""
    return (
        f"more than {limit} objects match, which is the limit for {query.return_type}; repeating the query will"
        f" not help: {_ways(query)}"
    )


def too_many_octets(limit: int, query: AdhocQuery) -> str:
    """Say that the answer would be too large, and what narrows this very query."""
    return (
        f"the answer would be larger than {limit} octets; repeating the query will not help: {_ways(query)}"
    )


def _ways(query: AdhocQuery) -> str:
    ways = []
    table = PARAMETERS[StoredQuery(query.query_id)]
    if any(row.many and row.kind in _LISTS and len(query.values(row.name)) > 1 for row in table):
        ways.append("ask for fewer ids at a time")
    if narrowing := [row.name for row in _narrowing(table) if not query.values(row.name)]:
        ways.append(f"add a filter such as {' or '.join(narrowing[:_SUGGESTED])}")
    elif any(row.kind == "time" for row in table):
        ways.append("ask for a shorter time")
    if query.query_id == StoredQuery.GET_ALL:
        ways.append("ask FindDocuments, FindSubmissionSets and FindFolders one by one")
    if query.return_type is not ReturnType.OBJECT_REF:
        ways.append("ask with returnType ObjectRef and then GetDocuments in parts")
    return ", or ".join(ways) or "ask for what is in it by other queries, part by part"


def _narrowing(table: tuple[Parameter, ...]) -> list[Parameter]:
    """Optional parameters that leave less: times first, they cut an answer into parts."""
    times = [row for row in table if row.kind == "time" and row.name.endswith("From")]
    return times + [row for row in table if row.kind == "code" and not row.required]
