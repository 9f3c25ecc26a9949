"""What the registry holds that a submission is judged by, read in one go and locked until it is decided."""

import logging
from collections import defaultdict
from collections.abc import Iterable

from xds.model import (
    REPLACEMENTS,
    AssociationType,
    ObjectKind,
    RegisteredDocument,
    RegisteredObject,
    RegistryFacts,
    Submission,
    is_uuid_urn,
    parse_patient_id,
)
from xds.store import rows
from xds.store.access import Connection, Row
from xds.store.statements import statements

log = logging.getLogger(__name__)
_SQL = statements("registry")
_TRANSFORMS = [AssociationType.XFRM.value, AssociationType.XFRM_RPLC.value]
_DEPENDENT_TYPES = [AssociationType.XFRM.value, AssociationType.APND.value]


class FactsReader:
    """Reads facts within one transaction; remembers where what it saw lies, for the writes that follow."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.patient_keys: dict[str, int] = {}
        """Known patient ids of the submission that were not merged away → their key."""
        self.unrecorded_keys: set[int] = set()
        """Those of whom nothing is known but the id."""
        self.located_keys: set[int] = set()
        """Where the registered objects are that the submission refers to or changes."""

    def facts_for(self, submission: Submission, *, accept_unknown: bool = False) -> RegistryFacts:
        """Read the facts. With `accept_unknown`, ids of the right form become known by this."""
        new_ids = {
            item.entry_uuid
            for items in (
                submission.document_entries,
                submission.submission_sets,
                submission.folders,
                submission.associations,
            )
            for item in items
        }
        referred = {end for a in submission.associations for end in (a.source, a.target)} - new_ids
        # Upper-case UUIDs are tolerated and stored in lower case: look them up as they are stored.
        looked_up = sorted({i.lower() for i in new_ids | referred if is_uuid_urn(i.lower())})
        canonical = _canonical_patient_ids(submission)
        by_uid = _unique_ids(submission)
        known, located, bearers = self._connection.run_together(
            [
                (_SQL["patients"], {"ids": sorted(set(canonical.values()))}),
                (_SQL["locate"], {"ids": [rows.bare(item) for item in looked_up]}),
                (_SQL["locate_unique_ids"], {"uids": list(by_uid)}),
            ]
        )
        patients, subsumed = self._patients(canonical, known, accept_unknown)
        objects = self._registered(located)
        replaced = sorted(
            {a.target.lower() for a in submission.associations if a.association_type in REPLACEMENTS}
            & set(objects)
        )
        documents, used = _bearers(by_uid, bearers, self._on_demand(bearers))
        return RegistryFacts(
            patients=patients,
            subsumed_patients=subsumed,
            objects=objects,
            documents=documents,
            used_unique_ids=used,
            dependents=self._dependents(replaced),
            folders_of=self._folders_of(replaced),
            transformations=self._transformations(sorted({i.lower() for i in referred} & set(objects))),
        )

    def facts_of_new(self, submission: Submission, *, accept_unknown: bool = False) -> RegistryFacts:
        """Read only whom a submission concerns, and take it that nothing of what it brings is registered.

        For one that refers to nothing registered, and whose rows are inserted `as_new`: that finds out.
        """
        canonical = _canonical_patient_ids(submission)
        known = self._connection.run(_SQL["patients"], {"ids": sorted(set(canonical.values()))})
        patients, subsumed = self._patients(canonical, known, accept_unknown)
        return RegistryFacts(patients=patients, subsumed_patients=subsumed)

    def _patients(
        self, canonical: dict[str, str], known: list[Row], accept_any: bool
    ) -> tuple[dict[str, str], frozenset[str]]:
        """Ids in use, each with the id it means; and those that were merged away."""
        found, subsumed = self._keys_of(known)
        unknown = [
            item for item in sorted(set(canonical.values())) if item not in found and item not in subsumed
        ]
        if accept_any and unknown:
            self._connection.run(_SQL["add_patients"], {"ids": unknown})
            log.info("patient ids accepted without an identity feed", extra={"count": len(unknown)})
            wanted = sorted(set(canonical.values()))
            found, subsumed = self._keys_of(self._connection.run(_SQL["patients"], {"ids": wanted}))
        self.patient_keys = {cx: found[name] for cx, name in canonical.items() if name in found}
        in_use = {cx: name for cx, name in canonical.items() if name in found}
        return in_use, frozenset(cx for cx, name in canonical.items() if name in subsumed)

    def _keys_of(self, known: list[Row]) -> tuple[dict[str, int], set[str]]:
        found, subsumed = dict[str, int](), set[str]()
        for patient_id, key, is_merged, is_recorded in known:
            if is_merged:
                subsumed.add(patient_id)
                continue
            found[patient_id] = key
            if not is_recorded:
                self.unrecorded_keys.add(key)
        return found, subsumed

    def objects(self, ids: list[str]) -> dict[str, RegisteredObject]:
        """The registered ones among objects, by entryUUID; entries and Folders are locked."""
        if not ids:
            return {}
        found = self._connection.run(_SQL["locate"], {"ids": [rows.bare(item) for item in ids]})
        return self._registered(found)

    def _registered(self, located: list[Row]) -> dict[str, RegisteredObject]:
        if not located:
            return {}
        kinds = {row[0]: (row[1], ObjectKind(row[2])) for row in located}
        sources = {row[0]: row[3] for row in located}
        keys = {key for key, _ in kinds.values()}
        self.located_keys |= keys
        names = self._names(keys)
        status: dict[str, tuple[str, str | None]] = {}
        for kind, statement in (
            (ObjectKind.DOCUMENT_ENTRY, "lock_entries"),
            (ObjectKind.FOLDER, "lock_folders"),
        ):
            wanted = [rows.bare(item) for item, (_, found) in kinds.items() if found is kind]
            if wanted:
                parameters = {"keys": list(keys), "ids": wanted}
                for row in self._connection.run(_SQL[statement], parameters):
                    status[row[0]] = (row[2], row[3] if len(row) > 3 else None)
        return {
            item: RegisteredObject(
                entry_uuid=item,
                kind=kind,
                status=rows.STATUS_OF[status.get(item, ("A", None))[0]],
                patient_id=names[key],
                object_type=rows.OBJECT_TYPE_OF.get(status.get(item, ("A", None))[1] or ""),
                source_id=sources[item],
            )
            for item, (key, kind) in kinds.items()
            # One that was removed while its lock was waited for is not there any more (ITI-62).
            if item in status or kind not in (ObjectKind.DOCUMENT_ENTRY, ObjectKind.FOLDER)
        }

    def _names(self, keys: Iterable[int]) -> dict[int, str]:
        found = self._connection.run(_SQL["patient_names"], {"keys": list(keys)})
        return {row[0]: row[1] for row in found}

    def _on_demand(self, bearers: list[Row]) -> frozenset[bytes]:
        """Those of located uniqueIds that On-Demand entries bear; only these have no hash (ITI-61)."""
        bare = [row for row in bearers if row[3] == ObjectKind.DOCUMENT_ENTRY.value and row[4] is None]
        if not bare:
            return frozenset()
        keys = sorted({key for row in bare for key in (row[1], *row[2])})
        parameters = {"keys": keys, "uids": [row[0] for row in bare]}
        return frozenset(row[0] for row in self._connection.run(_SQL["on_demand_unique_ids"], parameters))

    def _dependents(self, replaced: list[str]) -> dict[str, tuple[str, ...]]:
        if not replaced:
            return {}
        found: defaultdict[str, list[str]] = defaultdict(list)
        parameters = {"ids": [rows.bare(item) for item in replaced], "types": _DEPENDENT_TYPES}
        for target, source in self._connection.run(_SQL["dependents"], parameters):
            found[target].append(source)
        return {target: tuple(sorted(sources)) for target, sources in found.items()}

    def _folders_of(self, replaced: list[str]) -> dict[str, tuple[RegisteredObject, ...]]:
        if not replaced:
            return {}
        parameters = {"ids": [rows.bare(i) for i in replaced], "type": AssociationType.HAS_MEMBER.value}
        found = self._connection.run(_SQL["folders_of"], parameters)
        names = self._names({row[2] for row in found})
        self.located_keys |= {row[2] for row in found}
        folders: defaultdict[str, list[RegisteredObject]] = defaultdict(list)
        for target, folder, key, status in found:
            folders[target].append(
                RegisteredObject(
                    entry_uuid=folder,
                    kind=ObjectKind.FOLDER,
                    status=rows.STATUS_OF[status],
                    patient_id=names[key],
                )
            )
        return {target: tuple(items) for target, items in folders.items()}

    def _transformations(self, referred: list[str]) -> frozenset[str]:
        if not referred:
            return frozenset()
        parameters = {"ids": [rows.bare(item) for item in referred], "types": _TRANSFORMS}
        found = self._connection.run(_SQL["transformations"], parameters)
        return frozenset(row[0] for row in found)


def _canonical_patient_ids(submission: Submission) -> dict[str, str]:
    """Every patient id of a submission that has the right form, and how the registry writes it."""
    ids = {
        item.patient_id
        for items in (submission.submission_sets, submission.document_entries, submission.folders)
        for item in items
        if item.patient_id
    }
    return {cx: str(parsed) for cx in ids if (parsed := parse_patient_id(cx)) is not None}


def _unique_ids(submission: Submission) -> dict[bytes, str]:
    """Every uniqueId of a submission by what stands for it."""
    return {
        rows.uid(item.unique_id): item.unique_id
        for items in (submission.document_entries, submission.submission_sets, submission.folders)
        for item in items
        if item.unique_id
    }


def _bearers(
    by_uid: dict[bytes, str], found: list[Row], on_demand: frozenset[bytes]
) -> tuple[dict[str, RegisteredDocument], dict[str, frozenset[ObjectKind]]]:
    """Hash and size of the documents that bear them, and what kinds of objects do."""
    documents: dict[str, RegisteredDocument] = {}
    used: dict[str, frozenset[ObjectKind]] = {}
    for row in found:
        value, kind = by_uid[row[0]], ObjectKind(row[3])
        used[value] = frozenset({kind})
        if kind is ObjectKind.DOCUMENT_ENTRY:
            documents[value] = RegisteredDocument(
                hash=None if row[4] is None else row[4].hex(),
                size=row[5],
                is_on_demand=row[0] in on_demand,
            )
    return documents, used
