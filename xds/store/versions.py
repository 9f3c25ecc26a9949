"""What the registry holds that an update is judged by, read in one go and locked until it is decided."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from typing import Final

from lxml import etree

from xds.ebxml import Findings, decode_association, decode_document_entry, decode_folder, filler
from xds.model import (
    Association,
    DocumentEntry,
    Folder,
    ObjectKind,
    RegistryFacts,
    Submission,
    UpdateFacts,
    UpdateTrigger,
    is_uuid_urn,
)
from xds.store import rows
from xds.store.access import Connection
from xds.store.bodies import BodyCodec
from xds.store.facts import FactsReader
from xds.store.statements import statements
from xds.xml import parse
from xds.xml.namespaces import RIM

_SQL = statements("updates")
_REGISTRY = statements("registry")
_TABLES: Final = (("entries", ObjectKind.DOCUMENT_ENTRY), ("folders", ObjectKind.FOLDER))


class UpdateFactsReader:
    """Reads facts within one transaction.

    Whoever updates the same object waits at its versions' rows; what is the latest is read after that, so that the
    second of two sees the version that the first has made.
    """

    def __init__(self, connection: Connection, bodies: BodyCodec) -> None:
        self._connection = connection
        self._bodies = bodies
        self._base = FactsReader(connection)
        self.located_keys: set[int] = set()
        """Where the registered objects are that the submission refers to or changes."""

    @property
    def patient_keys(self) -> dict[str, int]:
        """Known patient ids of the submission → their key."""
        return self._base.patient_keys

    def facts_for(self, submission: Submission, *, accept_unknown: bool = False) -> UpdateFacts:
        """Read the facts. With `accept_unknown`, ids of the right form become known by this."""
        versions: tuple[DocumentEntry | Folder, ...] = (*submission.document_entries, *submission.folders)
        updated = _uuids(item.logical_id for item in versions)
        referred = self._logical_ids(_uuids(_referred(submission)))
        logical_ids = sorted({*updated, *referred.values()})
        self._lock(logical_ids)
        facts = self._base.facts_for(submission, accept_unknown=accept_unknown)
        self.located_keys |= self._base.located_keys
        latest = self._latest(logical_ids)
        associations = self._associations(submission, facts)
        sources = self._base.objects(sorted({item.source for item in associations.values()}))
        sources |= self._base.objects(sorted(item.entry_uuid for item in latest.values()))
        superseded = [latest[item].entry_uuid for item in updated if item in latest]
        known = {item.name: getattr(facts, item.name) for item in fields(facts)}
        return UpdateFacts(
            **known | {"objects": {**sources, **facts.objects}},
            latest=latest,
            logical_ids=referred,
            associations=associations,
            connections=self._connections(superseded),
            links=self._links(submission),
            shared_unique_ids=self._shared(submission, latest),
        )

    def _locate(self, ids: Iterable[str]) -> dict[str, tuple[int, ObjectKind]]:
        wanted = [rows.bare(item) for item in ids]
        if not wanted:
            return {}
        found = self._connection.run(_REGISTRY["locate"], {"ids": wanted})
        located = {row[0]: (row[1], ObjectKind(row[2])) for row in found}
        self.located_keys |= {key for key, _ in located.values()}
        return located

    def _logical_ids(self, entry_uuids: list[str]) -> dict[str, str]:
        located = self._locate(entry_uuids)
        found: dict[str, str] = {}
        for table, kind in _TABLES:
            keys = sorted({key for key, what in located.values() if what is kind})
            if keys:
                parameters = {"keys": keys, "ids": [rows.bare(item) for item in located]}
                found |= {
                    row[0]: row[1]
                    for row in self._connection.run(_SQL[f"logical_ids_of_{table}"], parameters)
                }
        return found

    def _lock(self, logical_ids: list[str]) -> None:
        if not logical_ids:
            return
        keys = sorted({key for key, _ in self._locate(logical_ids).values()})
        parameters = {"keys": keys, "ids": [rows.bare(item) for item in logical_ids]}
        for table, _ in _TABLES:
            self._connection.run(_SQL[f"lock_first_{table}"], parameters)
            self._connection.run(_SQL[f"lock_later_{table}"], parameters)

    def _latest(self, logical_ids: list[str]) -> dict[str, DocumentEntry | Folder]:
        if not logical_ids:
            return {}
        keys = sorted({key for key, _ in self._locate(logical_ids).values()})
        parameters = {"keys": keys, "ids": [rows.bare(item) for item in logical_ids]}
        latest: dict[str, DocumentEntry | Folder] = {}
        for table, kind in _TABLES:
            found = {row[0]: row for row in self._connection.run(_SQL[f"first_{table}"], parameters)}
            found |= {row[0]: row for row in self._connection.run(_SQL[f"later_{table}"], parameters)}
            wanted = [row[2:] for row in found.values()]
            for logical_id, element in zip(found, self._elements(wanted), strict=True):
                item: DocumentEntry | Folder
                if kind is ObjectKind.DOCUMENT_ENTRY:
                    item = decode_document_entry(element, Findings())
                else:
                    item = decode_folder(element, Findings())
                latest[logical_id] = item
        return latest

    def _elements(self, found: Sequence[rows.Row]) -> Iterator[etree._Element]:
        """The fragments of rows (entryUUID, key, status, home, body, lastUpdateTime or nothing), parsed."""
        keys = sorted({row[1] for row in found})
        self.located_keys |= set(keys)
        named = self._connection.run(_REGISTRY["patient_names"], {"keys": keys}) if keys else []
        names = {row[0]: row[1] for row in named}
        for row in found:
            moment = row[5] if len(row) > 5 and isinstance(row[5], int) else None
            fill = filler(
                status=rows.STATUS_OF[row[2]].value,
                patient_id=names[row[1]],
                home=row[3],
                last_update_time=None if moment is None else str(moment),
            )
            yield parse(b'<r xmlns:rim="%s">%s</r>' % (RIM.encode(), fill(self._bodies.unpack([row[4]]))))[0]

    def _associations(self, submission: Submission, facts: RegistryFacts) -> dict[str, Association]:
        """Those whose status is to change."""
        wanted = [
            item.target.lower()
            for item in submission.associations
            if item.association_type == UpdateTrigger.UPDATE_AVAILABILITY_STATUS
            and (known := facts.objects.get(item.target.lower())) is not None
            and known.kind is ObjectKind.ASSOCIATION
        ]
        if not wanted:
            return {}
        parameters = {"keys": sorted(self.located_keys), "ids": [rows.bare(item) for item in wanted]}
        found = self._connection.run(_SQL["lock_associations"], parameters)
        decoded = [decode_association(item, Findings()) for item in self._elements(found)]
        return {item.entry_uuid: item for item in decoded}

    def _connections(self, superseded: Sequence[str]) -> dict[str, tuple[Association, ...]]:
        if not superseded:
            return {}
        mine = set(superseded)
        found = self._connection.run(_SQL["connections"], {"ids": [rows.bare(item) for item in superseded]})
        others = sorted({end for row in found for end in row[5:7]} - mine)
        gone = self._superseded(others)
        kept = [row for row in found if not gone.intersection(row[5:7])]
        connections: dict[str, list[Association]] = {}
        for element in self._elements([row[:5] for row in kept]):
            item = decode_association(element, Findings())
            for end in mine.intersection((item.source, item.target)):
                connections.setdefault(end, []).append(item)
        return {end: tuple(items) for end, items in connections.items()}

    def _superseded(self, entry_uuids: Sequence[str]) -> set[str]:
        keys = sorted({key for key, _ in self._locate(entry_uuids).values()})
        if not keys:
            return set()
        parameters = {"keys": keys, "ids": [rows.bare(item) for item in entry_uuids]}
        return {row[0] for row in self._connection.run(_SQL["superseded"], parameters)}

    def _links(self, submission: Submission) -> frozenset[tuple[str, str, str]]:
        wanted = _submitted(submission)
        sources, targets = _uuids(item.source for item in wanted), _uuids(item.target for item in wanted)
        if not sources or not targets:
            return frozenset()
        parameters = {
            "sources": [rows.bare(item) for item in sources],
            "targets": [rows.bare(item) for item in targets],
        }
        return frozenset((row[0], row[1], row[2]) for row in self._connection.run(_SQL["links"], parameters))

    def _shared(self, submission: Submission, latest: dict[str, DocumentEntry | Folder]) -> frozenset[str]:
        """uniqueIds of other logical entries too, among those whose hash or size changes."""
        by_uid = {}
        for entry in submission.document_entries:
            before = latest.get((entry.logical_id or "").lower())
            if isinstance(before, DocumentEntry) and (before.hash, before.size) != (entry.hash, entry.size):
                by_uid[rows.uid(entry.unique_id or "")] = entry.unique_id or ""
        if not by_uid:
            return frozenset()
        located = self._connection.run(_REGISTRY["locate_unique_ids"], {"uids": list(by_uid)})
        parameters = {
            "keys": sorted({key for row in located for key in (row[1], *row[2])}),
            "uids": list(by_uid),
        }
        return frozenset(
            by_uid[row[0]] for row in self._connection.run(_SQL["shared_unique_ids"], parameters)
        )


def _uuids(ids: Iterable[str | None]) -> list[str]:
    """Upper-case UUIDs are tolerated and stored in lower case: look them up as they are stored."""
    return sorted({item.lower() for item in ids if item is not None and is_uuid_urn(item.lower())})


def _submitted(submission: Submission) -> list[Association]:
    triggers = list(UpdateTrigger)
    return [item for item in submission.associations if item.association_type not in triggers]


def _referred(submission: Submission) -> Iterator[str]:
    for item in submission.associations:
        yield from (item.source, item.target)
