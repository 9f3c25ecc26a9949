"""Queries that get a SubmissionSet or Folder with what it holds (ITI TF-2 3.18.4.1.2.3.7.10, .11)."""

from collections.abc import Iterable, Mapping

from xds.model import AdhocQuery, AvailabilityStatus, FolderCriteria, ObjectKind
from xds.registry.get_selections import folders_asked_for
from xds.registry.selection import Selection
from xds.rules import association_statuses, document_criteria, entry_uuids, metadata_level
from xds.store import FoundObject, RegistryReader

Located = Mapping[str, tuple[int, ObjectKind]]


def get_submission_set_and_contents(reader: RegistryReader, query: AdhocQuery, limit: int) -> Selection:
    """GetSubmissionSetAndContents: the set, its members, and the Associations between (3.18.4.1.2.3.7.10)."""
    sets = _submission_sets(reader, query, limit)
    if not sets:
        return Selection(objects=[])
    statuses = association_statuses(query)
    ids = [item.entry_uuid for item in sets]
    located = reader.locate(reader.members_of(ids, statuses))
    entries = _documents_passing(reader, query, located, limit)
    folder_ids = _of_kind(located, ObjectKind.FOLDER)
    criteria = FolderCriteria(metadata_level=metadata_level(query))
    folders = reader.folders(folder_ids, criteria, limit) if folder_ids else []
    kept = {item.entry_uuid for item in (*sets, *entries, *folders)}
    links = _links_within(reader, located, kept, statuses, limit)
    found = [*sets, *entries, *folders]
    if len(found) + len(links) >= limit:
        return Selection(objects=[*found, *links])
    # An Association is part of the answer only if both its ends are.
    members = [item.entry_uuid for item in (*entries, *folders, *links)]
    held = reader.memberships(ids, members, statuses, limit)
    # A SubmissionSet may have one of its own HasMembers as a member: it comes once.
    once = {item.entry_uuid: item for item in (*held, *links)}
    return Selection(objects=[*found, *once.values()])


def get_folder_and_contents(reader: RegistryReader, query: AdhocQuery, limit: int) -> Selection:
    """GetFolderAndContents: the Folder, its documents, and the HasMembers between (3.18.4.1.2.3.7.11)."""
    folders = folders_asked_for(reader, query, limit)
    if not folders:
        return Selection(objects=[])
    statuses = association_statuses(query)
    ids = [item.entry_uuid for item in folders]
    located = reader.locate(reader.members_of(ids, statuses))
    found = [*folders, *_documents_passing(reader, query, located, limit)]
    if len(found) >= limit:
        return Selection(objects=found)
    members = [item.entry_uuid for item in found[len(folders) :]]
    return Selection(objects=[*found, *reader.memberships(ids, members, statuses, limit)])


def _submission_sets(reader: RegistryReader, query: AdhocQuery, limit: int) -> list[FoundObject]:
    if ids := entry_uuids(query, "$XDSSubmissionSetEntryUUID"):
        return reader.submission_sets(ids, limit)
    return reader.submission_sets_of_unique_ids(query.values("$XDSSubmissionSetUniqueId"), limit)


def _documents_passing(
    reader: RegistryReader, query: AdhocQuery, located: Located, limit: int
) -> list[FoundObject]:
    """The member documents that pass the query's filters on them."""
    ids = _of_kind(located, ObjectKind.DOCUMENT_ENTRY)
    if not ids:
        return []
    return reader.find_documents(_keys(located, ids), document_criteria(query), limit, among=ids)


def _links_within(
    reader: RegistryReader,
    located: Located,
    kept: set[str],
    statuses: Iterable[AvailabilityStatus],
    limit: int,
) -> list[FoundObject]:
    """Member Associations both of whose ends are part of the answer."""
    ids = _of_kind(located, ObjectKind.ASSOCIATION)
    if not ids:
        return []
    members = reader.associations(_keys(located, ids), ids, frozenset(statuses), len(ids))
    return [item for item in members if item.source in kept and item.target in kept][:limit]


def _of_kind(located: Located, kind: ObjectKind) -> list[str]:
    return [item for item, (_, found) in located.items() if found is kind]


def _keys(located: Located, ids: Iterable[str]) -> list[int]:
    return sorted({located[item][0] for item in ids})
