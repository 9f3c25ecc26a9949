"""Reading the registry: rows by patient, id or association, and their fragments ready to send."""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from operator import itemgetter
from typing import Any, Final

from xds.access import Requester
from xds.ebxml import filler
from xds.model import (
    ON_DEMAND,
    AvailabilityStatus,
    DocumentAvailability,
    DocumentCriteria,
    ObjectKind,
)
from xds.store import rows
from xds.store.access import Connection, Pool, borrowed
from xds.store.associations import AssociationReader
from xds.store.bodies import BodyCodec
from xds.store.codes import CodeCache
from xds.store.folders import FolderReader
from xds.store.reading import Filtered, FoundObject, bare_ids, like
from xds.store.sight import ConsentTerms, Sight
from xds.store.statements import statements
from xds.store.submission_sets import SubmissionSetReader

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

_today: Final = itemgetter(
    *map(FoundObject._fields.index, ("status", "patient_key", "home", "last_update_time"))
)
"""What of an object is not in its body, for it may change."""
_body: Final = itemgetter(FoundObject._fields.index("body"))


class RegistryReader(SubmissionSetReader, FolderReader, AssociationReader):
    """Reads within one connection; every answer of one query comes from one reader."""

    def __init__(self, connection: Connection, codes: CodeCache, bodies: BodyCodec, sight: Sight) -> None:
        super().__init__(connection, codes, sight)
        self._bodies = bodies

    def patient_keys(self, patient_id: str) -> list[int] | None:
        """The keys under which a patient's rows lie; None for an id that is unknown or merged away."""
        found = self._connection.run(_SQL["patient"], {"cx": patient_id})
        if not found:
            return None
        keys, is_restricted = list(found[0][0]), found[0][1]
        if self.sight.is_limited:
            self.sight.told(keys, keys if is_restricted else ())
        return keys

    def keys_of_patients(self, patient_ids: Sequence[str]) -> dict[str, list[int]]:
        """The keys of several patients at once, by the ids that are known and not merged away."""
        found = self._connection.run(_SQL["patients"], {"ids": patient_ids})
        return {row[0]: list(row[1]) for row in found}

    def find_documents(
        self,
        keys: Sequence[int] | None,
        criteria: DocumentCriteria,
        limit: int,
        *,
        among: Iterable[str] | None = None,
        uids: list[bytes] | None = None,
        logical_ids: list[str] | None = None,
    ) -> list[FoundObject]:
        """DocumentEntries of a patient, newest first, at most `limit` (ITI TF-2 3.18.4.1.2.3.7.1).

        Parameters
        ----------
        keys
            Of one patient or several; None for anyone's (ITI TF-2 3.51.4.1.2.1.1).
        among
            Only those entryUUIDs; None for all.
        uids, logical_ids
            Only those with one of these uniqueIds (hashed) or logicalIDs (bare); None for all.
        """
        if keys is not None and not (keys := self._shown_keys(keys)):
            return []
        parameters: dict[str, Any] = {
            "keys": keys,
            "statuses": [rows.LETTER_OF[status] for status in criteria.statuses],
            "object_types": ["O" if item == ON_DEMAND else "S" for item in criteria.object_types],
            "limit": limit,
        }
        base = "find_documents_of_anyone" if keys is None else "find_documents"
        query = Filtered(_SQL[base], _SQL, parameters)
        for name in _SINGLE_CODES:
            if wanted := getattr(criteria, name):
                query.add(name, self._known_codes(wanted))
        query.add_any_code("event_codes", [self._known_codes(group) for group in criteria.event_codes])
        query.add_any_code(
            "confidentiality_codes", [self._known_codes(group) for group in criteria.confidentiality_codes]
        )
        query.add_any_like("reference_ids", criteria.reference_ids)
        query.add_times("creation", criteria.creation_time)
        query.add_times("service_start", criteria.service_start_time)
        query.add_times("service_stop", criteria.service_stop_time)
        if criteria.author_patterns:
            query.add("author_patterns", [like(pattern) for pattern in criteria.author_patterns])
        ids = None if among is None else bare_ids(among)
        query.add_ids({"ids": ids, "uids": uids, "logical_ids": logical_ids})
        for name in _version_filters(criteria):
            query.add_plain(name)
        if keys is None:
            return self._of_anyone(ObjectKind.DOCUMENT_ENTRY, query, "some_of_anyone")
        ending = self._only_shown(query).ending("newest_first")
        return self._objects(ObjectKind.DOCUMENT_ENTRY, ending, parameters)

    def documents(
        self, entry_uuids: Sequence[str], criteria: DocumentCriteria, limit: int
    ) -> list[FoundObject]:
        """DocumentEntries by entryUUID."""
        keys = self._keys_of(entry_uuids, ObjectKind.DOCUMENT_ENTRY)
        return self.find_documents(keys, criteria, limit, among=entry_uuids) if keys else []

    def documents_of_unique_ids(
        self, unique_ids: Iterable[str], criteria: DocumentCriteria, limit: int
    ) -> list[FoundObject]:
        """DocumentEntries by uniqueId; one may name several."""
        uids = [rows.uid(item) for item in unique_ids]
        keys = self._keys_of_unique_ids(uids, ObjectKind.DOCUMENT_ENTRY)
        return self.find_documents(keys, criteria, limit, uids=uids) if keys else []

    def documents_of_logical_ids(
        self, logical_ids: Sequence[str], criteria: DocumentCriteria, limit: int
    ) -> list[FoundObject]:
        """DocumentEntries by logicalID: every version, wherever it lies."""
        ids = bare_ids(logical_ids)
        keys = self._keys_of_versions(logical_ids, ObjectKind.DOCUMENT_ENTRY, _SQL["keys_of_later_versions"])
        return self.find_documents(keys, criteria, limit, logical_ids=ids) if keys else []

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
                while few := [*itertools.islice(map(_body, neighbours), _AT_ONCE)]:
                    yield fill(self._bodies.unpack(few))


class QueryStore:
    """Where stored queries read."""

    def __init__(self, pool: Pool, terms: ConsentTerms | None = None) -> None:
        self._pool = pool
        self._terms = terms or ConsentTerms()
        self._codes = CodeCache(pool)
        self._bodies = BodyCodec()

    @contextmanager
    def reader(self, requester: Requester) -> Iterator[RegistryReader]:
        """A reader on a connection of the pool; it finds what the requester may see."""
        with borrowed(self._pool) as connection:
            sight = Sight(connection, requester, self._terms)
            yield RegistryReader(connection, self._codes, self._bodies, sight)


def _version_filters(criteria: DocumentCriteria) -> Iterator[str]:
    """What $MetadataLevel and documentAvailability leave out (XDS Metadata Update 3.18.4.1.2.3.5.1.1)."""
    wanted = criteria.availabilities
    if criteria.metadata_level == 1:
        yield "online"
        if AvailabilityStatus.DEPRECATED in criteria.statuses:
            yield "latest"
    if wanted == {DocumentAvailability.OFFLINE}:
        yield "offline"
    elif wanted == {DocumentAvailability.ONLINE} and criteria.metadata_level != 1:
        yield "online"
