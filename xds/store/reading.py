"""What the readers of the four tables share: found objects, where objects lie, statements with filters."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from xds.model import AvailabilityStatus, CodeKey, ObjectKind, TimeRange
from xds.store import rows
from xds.store.access import Connection
from xds.store.codes import CodeCache
from xds.store.sight import Sight
from xds.store.statements import statements

_SQL = statements("reading")


class FoundObject(NamedTuple):
    """A row of one of the four tables, its body still packed; the columns in the order of the statements."""

    kind: ObjectKind
    entry_uuid: str  # "urn:uuid:…"
    patient_key: int
    status: str  # A, D
    home: str | None
    body: bytes
    last_update_time: int | None = None  # of a Folder
    source: str = ""  # of an Association
    target: str = ""
    association_type: str = ""


_COLUMNS = len(FoundObject._fields) - 1
_ABSENT = tuple(FoundObject._field_defaults.values())
_found = partial(tuple.__new__, FoundObject)


class ObjectReader:
    """Reads within one connection."""

    def __init__(self, connection: Connection, codes: CodeCache, sight: Sight) -> None:
        self._connection = connection
        self._codes = codes
        self.sight = sight

    def locate(self, entry_uuids: Iterable[str]) -> dict[str, tuple[int, ObjectKind]]:
        """Where objects are: entryUUID → patient key and kind."""
        ids = bare_ids(entry_uuids)
        if not ids:
            return {}
        if self.sight.is_limited:
            found, restricted = self._connection.run_together(
                [(_SQL["locate"], {"ids": ids}), (statements("consent")["restricted_owners"], {"ids": ids})]
            )
            self.sight.told({row[1] for row in found}, {row[0] for row in restricted})
        else:
            found = self._connection.run(_SQL["locate"], {"ids": ids})
        return {row[0]: (row[1], ObjectKind(row[2])) for row in found}

    def shown(self, entry_uuids: Iterable[str]) -> list[str]:
        """Those of the ids that a requester names of which an answer may say something; unknown ones too."""
        return self.sight.shown(entry_uuids)

    def _keys_of(self, entry_uuids: Iterable[str], kind: ObjectKind) -> list[int]:
        return sorted({key for key, found in self.locate(entry_uuids).values() if found is kind})

    def _keys_of_versions(self, logical_ids: Sequence[str], kind: ObjectKind, later: str) -> list[int]:
        """Where every version of logical objects lies: the first bears the logicalID, `later` finds the others."""
        found = self._connection.run(later, {"logical_ids": bare_ids(logical_ids)})
        return sorted({*self._keys_of(logical_ids, kind), *[row[0] for row in found]})

    def _keys_of_unique_ids(self, uids: list[bytes], kind: ObjectKind) -> list[int]:
        found = self._connection.run(_SQL["locate_unique_ids"], {"uids": uids, "kind": kind.value})
        return sorted({key for row in found for key in (row[0], *row[1])})

    def _known_codes(self, codes: Iterable[CodeKey]) -> list[int]:
        return self._codes.known_ids(codes, self._connection)

    def _shown_keys(self, keys: Iterable[int]) -> list[int]:
        """Those of patients of whom something may be shown."""
        wanted = list(keys)
        self.sight.look_at(wanted)
        return [key for key in wanted if key not in self.sight.blocked] if self.sight.blocked else wanted

    def _of_anyone(self, kind: ObjectKind, query: "Filtered", ending: str) -> list[FoundObject]:
        """Whoever's they are: found, looked at whose they are, and found again until all may be shown.

        Nobody's consent is overridden by a search for anyone.
        """
        while True:
            found = self._objects(kind, self._only_shown(query).ending(ending), query.parameters)
            if not self.sight.look_at({item.patient_key for item in found}, begins_override=False):
                return found

    def _only_shown(self, query: "Filtered") -> "Filtered":
        """The statement with the filter of what may be shown, if anything may not."""
        if not self.sight.is_clear:
            query.add_shown(self.sight.parameters())
        return query

    def _objects(self, kind: ObjectKind, statement: str, parameters: dict[str, Any]) -> list[FoundObject]:
        found = self._connection.run(statement, parameters)
        if not found:
            return []
        # Made as tuples: by keyword or with defaults each takes five times as long.
        absent = _ABSENT[len(found[0]) - _COLUMNS :] if len(found[0]) < _COLUMNS else ()
        return [_found((kind, *row, *absent)) for row in found]


class Filtered:
    """A statement that grows by filters, each with its parameters."""

    __slots__ = ("_filters", "_parts", "parameters")

    def __init__(self, statement: str, filters: Mapping[str, str], parameters: dict[str, Any]) -> None:
        self._parts = [statement]
        self._filters = filters
        self.parameters = parameters

    def add(self, name: str, value: Any) -> None:
        """Add the filter of that name, whose one parameter has the same name."""
        self._parts.append(self._filters[f"filter_{name}"])
        self.parameters[name] = value

    def add_shown(self, values: Mapping[str, Any]) -> None:
        """Add the filter of what may be shown, or give the one that is there these values."""
        if (text := self._filters["filter_shown"]) not in self._parts:
            self._parts.append(text)
        self.parameters.update(values)

    def add_plain(self, name: str) -> None:
        """Add the filter of that name, which has no parameter."""
        self._parts.append(self._filters[f"filter_{name}"])

    def add_ids(self, ids: Mapping[str, Any]) -> None:
        """Add a filter for each that is not None."""
        for name, value in ids.items():
            if value is not None:
                self.add(name, value)

    def add_times(self, name: str, times: TimeRange) -> None:
        """Add the ends of a range that there are."""
        if times.start is not None:
            self.add(f"{name}_start", times.start)
        if times.stop is not None:
            self.add(f"{name}_stop", times.stop)

    def add_any_code(self, column: str, groups: Iterable[list[int]]) -> None:
        """Add that a column of codes has one of each group (ITI TF-2 3.18.4.1.2.3.5)."""
        for index, group in enumerate(groups):
            self._parts.append(f" AND {column} && %({column}_{index})s::integer[]")
            self.parameters[f"{column}_{index}"] = group

    def add_any_like(self, column: str, groups: Iterable[Iterable[str]]) -> None:
        """Add that a column of texts has one that is like one of each group of patterns."""
        for index, patterns in enumerate(groups):
            self._parts.append(
                f" AND EXISTS (SELECT 1 FROM unnest({column}) AS r (value)"  # noqa: S608  # a constant and a number
                f" WHERE value LIKE ANY(%({column}_{index})s))"
            )
            self.parameters[f"{column}_{index}"] = [like(pattern) for pattern in patterns]

    def ending(self, name: str) -> str:
        """The statement with its last part."""
        return " ".join((*self._parts, self._filters[name]))


def like(pattern: str) -> str:
    """A stored query's pattern knows % and _ only; PostgreSQL's escape character is doubled."""
    return pattern.replace("\\", "\\\\")


def letters(statuses: Iterable[AvailabilityStatus]) -> list[str]:
    """Statuses as the tables have them."""
    return [rows.LETTER_OF[item] for item in statuses]


def bare_ids(entry_uuids: Iterable[str]) -> list[str]:
    """UUIDs as PostgreSQL wants them."""
    return [rows.bare(item) for item in entry_uuids]
