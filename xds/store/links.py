"""Documents of a local patient id that get another patient id of the affinity domain (ITI TF-2 3.64.4.1.3.1)."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from xds.audit import AuditEvent
from xds.ebxml import Findings, decode_association, decode_document_entry, decode_folder
from xds.model import (
    Association,
    AssociationType,
    AvailabilityStatus,
    DocumentEntry,
    Folder,
    Submission,
    SubmissionSetStatus,
    canonical_identifier,
)
from xds.store.access import Conflict, borrowed, retrying
from xds.store.patient_errors import MergedAway, Role, UnknownPatient
from xds.store.rows import bare
from xds.store.statements import statements
from xds.store.updates import UpdateStore
from xds.store.versions import UpdateFactsReader

_SQL = statements("links")
_HAS_MEMBER = AssociationType.HAS_MEMBER.value


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedObjects:
    """The Approved entries that carry a local id, and everything that is linked with them."""

    entries: tuple[DocumentEntry, ...]
    relationships: tuple[Association, ...]  # with other entries
    memberships: tuple[Association, ...]  # of Folders
    references: tuple[Association, ...]  # SubmissionSets that hold one by reference
    folders: Mapping[str, Folder]  # entryUUID → the Approved Folder that holds one of them
    members: Mapping[str, frozenset[str]]  # entryUUID of such a Folder → its Approved entries
    patients: Mapping[str, str]  # entryUUID of the other end of a relationship → its patient


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkUpdate:
    """What the registry does: new versions, and what they supersede."""

    submission: Submission
    superseded: tuple[str, ...]  # entries and Folders
    deprecated: tuple[str, ...]  # Associations
    updated_folders: tuple[str, ...]


class LinkReader(UpdateFactsReader):
    """Reads what a change of a link concerns."""

    def linked(self, keys: list[int], local_ids: Collection[str]) -> LinkedObjects:
        """What those patients have under local ids (sourcePatientId)."""
        found = self._connection.run(_SQL["entries_of_patients"], {"keys": keys})
        decoded = (decode_document_entry(element, Findings()) for element in self._elements(found))
        entries = tuple(
            item for item in decoded if canonical_identifier(item.source_patient_id or "") in local_ids
        )
        ids = [item.entry_uuid for item in entries]
        connections = self._connections(ids)
        links = {link.entry_uuid: link for of_one in connections.values() for link in of_one}
        memberships = tuple(link for link in links.values() if link.association_type == _HAS_MEMBER)
        relationships = tuple(link for link in links.values() if link.association_type != _HAS_MEMBER)
        ends = {end for link in relationships for end in (link.source, link.target)} - set(ids)
        folders = self._folders(keys, sorted({link.source for link in memberships}))
        return LinkedObjects(
            entries=entries,
            relationships=relationships,
            memberships=tuple(link for link in memberships if link.source in folders),
            references=self._references(ids),
            folders=folders,
            members=self._members(list(folders)),
            patients=self._patients_of(sorted(ends)),
        )

    def _folders(self, keys: list[int], ids: list[str]) -> dict[str, Folder]:
        if not ids:
            return {}
        parameters = {"keys": keys, "ids": [bare(item) for item in ids]}
        found = self._connection.run(_SQL["approved_folders"], parameters)
        decoded = (decode_folder(element, Findings()) for element in self._elements(found))
        return {item.entry_uuid: item for item in decoded}

    def _members(self, folders: list[str]) -> dict[str, frozenset[str]]:
        parameters = {"ids": [bare(item) for item in folders], "type": _HAS_MEMBER}
        found: dict[str, set[str]] = {item: set() for item in folders}
        for folder, entry in self._connection.run(_SQL["approved_members"], parameters):
            found[folder].add(entry)
        return {folder: frozenset(entries) for folder, entries in found.items()}

    def _references(self, ids: list[str]) -> tuple[Association, ...]:
        parameters = {"ids": [bare(item) for item in ids], "type": _HAS_MEMBER}
        found = self._connection.run(_SQL["memberships_to"], parameters)
        decoded = (decode_association(element, Findings()) for element in self._elements(found))
        return tuple(
            item for item in decoded if item.submission_set_status == SubmissionSetStatus.REFERENCE.value
        )

    def _patients_of(self, ids: list[str]) -> dict[str, str]:
        parameters = {"ids": [bare(item) for item in ids]}
        return dict(self._connection.run(_SQL["patients_of_objects"], parameters))


class LinkStore(UpdateStore):
    """Where links change."""

    def change(
        self,
        previous_id: str,
        new_id: str,
        local_ids: Collection[str],
        made: Callable[[LinkedObjects], LinkUpdate | None],
        events: Sequence[AuditEvent] = (),
    ) -> int:
        """Give documents of local ids to another patient; return how many there were.

        Parameters
        ----------
        previous_id, new_id
            Of the affinity domain, as CX; the same when only local ids are merged.
        made
            What is to be done for the objects that are found; None for nothing.
        events
            Of the audit log, committed with it; none are written when there is nothing to do.

        Raises
        ------
        UnknownPatient, MergedAway
            Nothing is changed; `role` is "subsumed" for the previous id, "survivor" for the new one.
        """
        return retrying(lambda: self._attempt(previous_id, new_id, local_ids, made, events))

    def _attempt(
        self,
        previous_id: str,
        new_id: str,
        local_ids: Collection[str],
        made: Callable[[LinkedObjects], LinkUpdate | None],
        events: Sequence[AuditEvent],
    ) -> int:
        lock = statements("patients")["lock_patients"]
        roles: dict[str, Role] = {previous_id: "subsumed", new_id: "survivor"}
        with borrowed(self._pool) as connection, connection.block():
            rows = {row[0]: row for row in connection.run(lock, {"ids": sorted(roles)})}
            for patient_id, role in roles.items():
                if patient_id not in rows:
                    raise UnknownPatient(role)
                if rows[patient_id][2] is not None:
                    raise MergedAway(role)
            keys = [rows[previous_id][1], *rows[previous_id][3]]
            before = LinkReader(connection, self._bodies).linked(keys, local_ids)
        update = made(before)
        if update is None:
            return 0
        with self.transaction(update.submission) as tx:
            # Nothing is registered for either while they are locked; what is there is what the update was made for.
            again = {row[0]: row for row in tx.connection.run(lock, {"ids": sorted(roles)})}
            reader = LinkReader(tx.connection, self._bodies)
            if again != rows or reader.linked(keys, local_ids) != before:
                raise Conflict
            tx.update(
                update.submission,
                rows[new_id][1],
                superseded=update.superseded,
                statuses=dict.fromkeys(update.deprecated, AvailabilityStatus.DEPRECATED),
                updated_folders=update.updated_folders,
                patient_keys=sorted(reader.located_keys | set(keys)),
            )
            tx.conclude(events, None)
        return len(before.entries)
