"""Reading the registry: rows by patient, id or association, and their fragments ready to send."""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from xds.ebxml import filler
from xds.model import (
    ON_DEMAND,
    AvailabilityStatus,
    DocumentCriteria,
    ObjectKind,
    TimeRange,
)
from xds.store import rows
from xds.store.access import Connection, Pool, borrowed
from xds.store.bodies import BodyCodec
from xds.store.codes import CodeCache
from xds.store.statements import statements

_SQL = statements("queries")
_SINGLE_CODES: Final = (
    "class_codes",
    "type_codes",
    "format_codes",
    "healthcare_facility_type_codes",
    "practice_setting_codes",
)


_AT_ONCE: Final = 16
"""Bodies that are unpacked together: of entries some 120 KiB."""


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


class RegistryReader:
    """Reads within one connection; every answer of one query comes from one reader."""

    def __init__(self, connection: Connection, codes: CodeCache, bodies: BodyCodec) -> None:
        self._connection = connection
        self._codes = codes
        self._bodies = bodies

    def patient_keys(self, patient_id: str) -> list[int] | None:
        """The keys under which a patient's rows lie; None for an id that is unknown or merged away."""
        found = self._connection.run(_SQL["patient"], {"cx": patient_id})
        return list(found[0][0]) if found else None

    def find_documents(
        self,
        keys: Sequence[int],
        criteria: DocumentCriteria,
        limit: int,
        *,
        among: Iterable[str] | None = None,
    ) -> list[FoundObject]:
        """DocumentEntries of a patient, newest first, at most `limit` (ITI TF-2 3.18.4.1.2.3.7.1).

        Parameters
        ----------
        among
            Only those entryUUIDs; None for all.
        """
        parameters: dict[str, Any] = {
            "keys": keys,
            "statuses": [rows.LETTER_OF[status] for status in criteria.statuses],
            "object_types": ["O" if item == ON_DEMAND else "S" for item in criteria.object_types],
            "limit": limit,
        }
        sql = [_SQL["find_documents"]]
        for name in _SINGLE_CODES:
            if wanted := getattr(criteria, name):
                sql.append(_SQL[f"filter_{name}"])
                parameters[name] = self._codes.known_ids(wanted, self._connection)
        for column, groups in (
            ("event_codes", criteria.event_codes),
            ("confidentiality_codes", criteria.confidentiality_codes),
        ):
            for index, group in enumerate(groups):
                sql.append(f" AND {column} && %({column}_{index})s::integer[]")
                parameters[f"{column}_{index}"] = self._codes.known_ids(group, self._connection)
        for index, patterns in enumerate(criteria.reference_ids):
            sql.append(
                " AND EXISTS (SELECT 1 FROM unnest(reference_ids) AS r (value)"  # noqa: S608  # a number
                f" WHERE value LIKE ANY(%(reference_ids_{index})s))"
            )
            parameters[f"reference_ids_{index}"] = [_like(pattern) for pattern in patterns]
        for name, value in _time_filters(criteria):
            sql.append(_SQL[f"filter_{name}"])
            parameters[name] = value
        if criteria.author_patterns:
            sql.append(_SQL["filter_author_patterns"])
            parameters["author_patterns"] = [_like(pattern) for pattern in criteria.author_patterns]
        if among is not None:
            sql.append(_SQL["filter_ids"])
            parameters["ids"] = [rows.bare(item) for item in among]
        sql.append(_SQL["newest_first"])
        return self._objects(ObjectKind.DOCUMENT_ENTRY, " ".join(sql), parameters)

    def locate(self, entry_uuids: Iterable[str]) -> dict[str, tuple[int, ObjectKind]]:
        """Where objects are: entryUUID → patient key and kind."""
        ids = [rows.bare(item) for item in entry_uuids]
        return {
            row[0]: (row[1], ObjectKind(row[2])) for row in self._connection.run(_SQL["locate"], {"ids": ids})
        }

    def documents(self, entry_uuids: Sequence[str], limit: int) -> list[FoundObject]:
        """DocumentEntries by entryUUID."""
        located = self.locate(entry_uuids)
        keys = sorted({key for key, kind in located.values() if kind is ObjectKind.DOCUMENT_ENTRY})
        if not keys:
            return []
        parameters = {"keys": keys, "ids": [rows.bare(item) for item in located], "limit": limit}
        return self._objects(ObjectKind.DOCUMENT_ENTRY, _SQL["documents_by_id"], parameters)

    def of_object_types(
        self, documents: Sequence[FoundObject], object_types: frozenset[str]
    ) -> list[FoundObject]:
        """Those of the documents that are Stable or On-Demand, as asked (ITI TF-2 3.18.4.1.2.3.6.2)."""
        if not documents:
            return []
        keys = sorted({item.patient_key for item in documents})
        criteria = DocumentCriteria(object_types=object_types)
        kept = self.find_documents(
            keys, criteria, len(documents), among=[item.entry_uuid for item in documents]
        )
        passing = {item.entry_uuid for item in kept}
        return [item for item in documents if item.entry_uuid in passing]

    def documents_of_unique_ids(self, unique_ids: Iterable[str], limit: int) -> list[FoundObject]:
        """DocumentEntries by uniqueId; one may name several."""
        uids = [rows.uid(item) for item in unique_ids]
        keys = self._keys_of_unique_ids(uids, ObjectKind.DOCUMENT_ENTRY)
        if not keys:
            return []
        parameters = {"keys": keys, "uids": uids, "limit": limit}
        return self._objects(ObjectKind.DOCUMENT_ENTRY, _SQL["documents_by_unique_id"], parameters)

    def submission_set(
        self, *, entry_uuid: str | None = None, unique_id: str | None = None
    ) -> list[FoundObject]:
        """A SubmissionSet by one of its ids; empty when there is none."""
        uids = [] if unique_id is None else [rows.uid(unique_id)]
        ids = [] if entry_uuid is None else [entry_uuid]
        keys = [key for key, _ in self.locate(ids).values()] if ids else []
        keys += self._keys_of_unique_ids(uids, ObjectKind.SUBMISSION_SET) if uids else []
        parameters = {"keys": keys, "ids": [rows.bare(item) for item in ids], "uids": uids}
        return self._objects(ObjectKind.SUBMISSION_SET, _SQL["submission_sets_by_id"], parameters)

    def submission_sets(
        self, keys: Sequence[int], statuses: Iterable[AvailabilityStatus], limit: int
    ) -> list[FoundObject]:
        """SubmissionSets of a patient."""
        parameters = {"keys": keys, "statuses": [rows.LETTER_OF[item] for item in statuses], "limit": limit}
        return self._objects(ObjectKind.SUBMISSION_SET, _SQL["submission_sets"], parameters)

    def folders(
        self, keys: Sequence[int], statuses: Iterable[AvailabilityStatus], limit: int
    ) -> list[FoundObject]:
        """Folders of a patient."""
        parameters = {"keys": keys, "statuses": [rows.LETTER_OF[item] for item in statuses], "limit": limit}
        return self._objects(ObjectKind.FOLDER, _SQL["folders"], parameters)

    def folders_by_id(self, keys: Sequence[int], entry_uuids: Iterable[str]) -> list[FoundObject]:
        """Folders by entryUUID."""
        parameters = {"keys": keys, "ids": [rows.bare(item) for item in entry_uuids]}
        return self._objects(ObjectKind.FOLDER, _SQL["folders_by_id"], parameters)

    def associations_touching(self, entry_uuids: Iterable[str], limit: int) -> list[FoundObject]:
        """Associations whose source or target is one of the objects."""
        parameters = {"ids": [rows.bare(item) for item in entry_uuids], "limit": limit}
        return self._objects(ObjectKind.ASSOCIATION, _SQL["associations_touching"], parameters)

    def associations_from(self, entry_uuids: Iterable[str], kind: str, limit: int) -> list[FoundObject]:
        """Associations of one type whose source is one of the objects."""
        parameters = {"ids": [rows.bare(item) for item in entry_uuids], "type": kind, "limit": limit}
        return self._objects(ObjectKind.ASSOCIATION, _SQL["associations_from"], parameters)

    def associations_by_id(self, keys: Sequence[int], entry_uuids: Iterable[str]) -> list[FoundObject]:
        """Associations by entryUUID."""
        parameters = {"keys": keys, "ids": [rows.bare(item) for item in entry_uuids]}
        return self._objects(ObjectKind.ASSOCIATION, _SQL["associations_by_id"], parameters)

    def patient_names(self, keys: Iterable[int]) -> dict[int, str]:
        """The surviving patient id of each key."""
        wanted = sorted(set(keys))
        return (
            {row[0]: row[1] for row in self._connection.run(_SQL["patient_names"], {"keys": wanted})}
            if wanted
            else {}
        )

    def fragments(
        self, objects: Iterable[FoundObject], names: Mapping[int, str], default_home: str | None
    ) -> Iterator[bytes]:
        """The ebRIM fragments of objects, today's status, patient, home and folder time in them.

        They come joined, a few at a time: what is unpacked is filled in while it is still in the processor's cache.
        """
        with self._bodies.turn:
            for today, neighbours in itertools.groupby(objects, _today):
                status, patient_key, home, last_update_time = today
                fill = filler(
                    status=rows.STATUS_OF[status].value,
                    patient_id=names[patient_key],
                    home=home or default_home,
                    last_update_time=None if last_update_time is None else str(last_update_time),
                )
                while few := [item.body for item in itertools.islice(neighbours, _AT_ONCE)]:
                    yield fill(self._bodies.unpack(few))

    def _keys_of_unique_ids(self, uids: list[bytes], kind: ObjectKind) -> list[int]:
        found = self._connection.run(_SQL["locate_unique_ids"], {"uids": uids, "kind": kind.value})
        return sorted({key for row in found for key in (row[0], *row[1])})

    def _objects(self, kind: ObjectKind, statement: str, parameters: dict[str, Any]) -> list[FoundObject]:
        return [FoundObject(kind, *row) for row in self._connection.run(statement, parameters)]


class QueryStore:
    """Where stored queries read."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._codes = CodeCache(pool)
        self._bodies = BodyCodec()

    @contextmanager
    def reader(self) -> Iterator[RegistryReader]:
        """A reader on a connection of the pool."""
        with borrowed(self._pool) as connection:
            yield RegistryReader(connection, self._codes, self._bodies)


def _today(item: FoundObject) -> tuple[str, int, str | None, int | None]:
    """What of an object is not in its body, for it may change."""
    return item.status, item.patient_key, item.home, item.last_update_time


def _like(pattern: str) -> str:
    """A stored query's pattern knows % and _ only; PostgreSQL's escape character is doubled."""
    return pattern.replace("\\", "\\\\")


def _time_filters(criteria: DocumentCriteria) -> Iterator[tuple[str, int]]:
    ranges: tuple[tuple[str, TimeRange], ...] = (
        ("creation", criteria.creation_time),
        ("service_start", criteria.service_start_time),
        ("service_stop", criteria.service_stop_time),
    )
    for name, times in ranges:
        if times.start is not None:
            yield f"{name}_start", times.start
        if times.stop is not None:
            yield f"{name}_stop", times.stop
