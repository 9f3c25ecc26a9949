"""Stored queries by name: short names and plain values into their notation (ITI TF-2 3.18.4.1.2.3, 3.51.4.1.2)."""

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Final

from xds.model import (
    ON_DEMAND,
    STABLE,
    AdhocQuery,
    AssociationType,
    AvailabilityStatus,
    DocumentAvailability,
    QuerySlot,
    ReturnType,
    StoredQuery,
)
from xds.rules import PARAMETERS, Parameter, query_name

ParameterValue = str | Sequence[str] | Sequence[Sequence[str]]
"""One value, several of which one must match, or several such lists that must all match."""

_OBJECT = re.compile(r"^\$?(xds(documententry|submissionset|folder|(?=association)))?")
_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "status": {item.name.lower(): item.value for item in AvailabilityStatus},
    "availability": {item.name.lower(): item.value for item in DocumentAvailability},
    "type": {"stable": STABLE, "on-demand": ON_DEMAND},
    "association": {item.value.rpartition(":")[2].lower(): item.value for item in AssociationType},
}


def stored_query(name: StoredQuery | str) -> StoredQuery:
    """Return a stored query by its name, in any case, or by its id.

    >>> stored_query("finddocuments").name
    'FIND_DOCUMENTS'

    Raises
    ------
    ValueError
        No such query; the text names the nearest.
    """
    names = {query_name(item).lower(): item for item in StoredQuery}
    found = names.get(name.lower()) or next((item for item in StoredQuery if item == name), None)
    if found is None:
        near = get_close_matches(name.lower(), names, n=1)
        known = [query_name(names[item]) for item in near] or [query_name(item) for item in StoredQuery]
        raise ValueError(f"{name!r} is no stored query; did you mean {', '.join(known)}?")
    return found


def parameters_of(query: StoredQuery, name: str) -> tuple[Parameter, ...]:
    """Return the parameters that a name means: in full, or without ``$XDSDocumentEntry`` and the like.

    A short name that fits several parameters of one query means all of them, as ``status`` of GetAll does.

    Raises
    ------
    ValueError
        No such parameter; the text names those that there are.
    """
    wanted = _plain(name)
    table = PARAMETERS[query]
    for form in (lambda text: text.lower().removeprefix("$"), _short):
        if found := tuple(row for row in table if form(row.name) == wanted):
            return found
    known = sorted({_shown(row.name) for row in table})
    near = get_close_matches(wanted, [item.lower() for item in known], n=1)
    hint = next((item for item in known if near and item.lower() == near[0]), None)
    meant = f"; did you mean {hint}?" if hint else ""
    raise ValueError(f"{query_name(query)} has no parameter {name!r}{meant} It has: {', '.join(known)}")


def build_query(
    name: StoredQuery | str,
    parameters: Mapping[str, ParameterValue],
    *,
    return_type: ReturnType = ReturnType.LEAF_CLASS,
    home_community_id: str | None = None,
) -> AdhocQuery:
    """Build a stored query.

    Parameters
    ----------
    parameters
        By full or short name (``$XDSDocumentEntryClassCode``, ``classCode``, ``class_code``). A status may be
        ``Approved``, an association type ``RPLC``, a type ``stable`` or ``on-demand``, an availability ``online``.

    Raises
    ------
    ValueError
        The query or a parameter is not known.
    """
    query = stored_query(name)
    slots = []
    for given, value in parameters.items():
        groups = _groups(value)
        for row in parameters_of(query, given):
            words = _WORDS.get(row.kind, {})
            for group in groups:
                values = tuple(words.get(item.lower(), item) for item in group)
                # Digits stand bare, everything else in quotes (3.18.4.1.2.3.3).
                bare = row.kind in ("time", "level")
                slots.append(QuerySlot(name=row.name, values=values, is_list=row.many, unquoted=bare))
    return AdhocQuery(
        query_id=query.value,
        return_type=return_type,
        slots=tuple(slots),
        home_community_id=home_community_id,
    )


def _groups(value: ParameterValue) -> list[list[str]]:
    if isinstance(value, str):
        return [[value]]
    if all(isinstance(item, str) for item in value):
        return [[str(item) for item in value]]
    return [list(group) for group in value]


def _plain(name: str) -> str:
    return name.lower().replace("_", "").removeprefix("$")


def _short(name: str) -> str:
    return _OBJECT.sub("", name.lower())


def _shown(name: str) -> str:
    short = name[len(name) - len(_short(name)) :]
    return short[:1].lower() + short[1:]
