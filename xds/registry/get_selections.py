"""Queries that get objects by their ids, and what is around them (ITI TF-2 3.18.4.1.2.3.7.5 to .9, .12, .13)."""

from typing import Final

from xds.model import ON_DEMAND, STABLE, AdhocQuery, DocumentCriteria, FolderCriteria, ObjectKind
from xds.registry.selection import Selection
from xds.rules import association_statuses, document_criteria, entry_uuids, metadata_level
from xds.store import FoundObject, RegistryReader

_BOTH_TYPES: Final = frozenset({STABLE, ON_DEMAND})


def get_documents(reader: RegistryReader, query: AdhocQuery, limit: int) -> Selection:
    """GetDocuments by entryUUID, uniqueId or logicalID, whatever the status (3.18.4.1.2.3.7.5)."""
    return Selection(objects=_documents(reader, query, limit))


def get_folders(reader: RegistryReader, query: AdhocQuery, limit: int) -> Selection:
    """GetFolders by entryUUID, uniqueId or logicalID (3.18.4.1.2.3.7.6)."""
    return Selection(objects=folders_asked_for(reader, query, limit))


def get_associations(reader: RegistryReader, query: AdhocQuery, limit: int) -> Selection:
    """GetAssociations: source or target is one of the ids (3.18.4.1.2.3.7.7)."""
    return Selection(
        objects=reader.associations_touching(
            reader.shown(entry_uuids(query, "$uuid")), association_statuses(query), limit
        )
    )


def get_documents_and_associations(reader: RegistryReader, query: AdhocQuery, limit: int) -> Selection:
    """GetDocumentsAndAssociations: the two queries in one (3.18.4.1.2.3.7.8)."""
    objects = _documents(reader, query, limit)
    if objects and len(objects) < limit:
        objects += reader.associations_touching(
            [item.entry_uuid for item in objects], association_statuses(query), limit
        )
    return Selection(objects=objects)


def get_submission_sets(reader: RegistryReader, query: AdhocQuery, limit: int) -> Selection:
    """GetSubmissionSets: those that hold the objects, and the HasMembers that say so (3.18.4.1.2.3.7.9)."""
    targets, statuses = reader.shown(entry_uuids(query, "$uuid")), association_statuses(query)
    sets = reader.submission_sets(reader.holders_of(targets, statuses), limit)
    if not sets or len(sets) >= limit:
        return Selection(objects=sets)
    links = reader.memberships([item.entry_uuid for item in sets], targets, statuses, limit)
    return Selection(objects=[*sets, *links])


def get_folders_for_document(reader: RegistryReader, query: AdhocQuery, limit: int) -> Selection:
    """GetFoldersForDocument: the Folders alone, without Associations (3.18.4.1.2.3.7.12)."""
    documents = [item.entry_uuid for item in _documents(reader, query, limit)]
    if not documents:
        return Selection(objects=[])
    holders = reader.holders_of(documents, association_statuses(query))
    criteria = FolderCriteria(metadata_level=metadata_level(query))
    return Selection(objects=reader.folders(holders, criteria, limit))


def get_related_documents(reader: RegistryReader, query: AdhocQuery, limit: int) -> Selection:
    """GetRelatedDocuments: relationships of a document, and the documents at their ends (3.18.4.1.2.3.7.13)."""
    start = [item.entry_uuid for item in _documents(reader, query, limit)]
    if not start:
        return Selection(objects=[])
    touching = reader.associations_touching(
        start, association_statuses(query), limit, types=query.values("$AssociationTypes")
    )
    if not touching or len(touching) >= limit:
        return Selection(objects=touching)
    ends = sorted({end for item in touching for end in (item.source, item.target)})
    documents = {item.entry_uuid: item for item in reader.documents(ends, _any_document(query), len(ends))}
    # HasMember of a Folder or SubmissionSet has one end that is no document.
    links = [item for item in touching if item.source in documents and item.target in documents]
    linked = sorted({end for item in links for end in (item.source, item.target)})
    passing = _of_asked_types(reader, query, [documents[end] for end in linked])
    return Selection(objects=[*passing, *links])


def folders_asked_for(reader: RegistryReader, query: AdhocQuery, limit: int) -> list[FoundObject]:
    """The Folders that the id parameters of a query name."""
    criteria = FolderCriteria(metadata_level=metadata_level(query))
    if ids := entry_uuids(query, "$XDSFolderEntryUUID"):
        return reader.folders(ids, criteria, limit)
    if logical_ids := entry_uuids(query, "$XDSFolderLogicalID"):
        return reader.folders_of_logical_ids(logical_ids, criteria, limit)
    return reader.folders_of_unique_ids(query.values("$XDSFolderUniqueId"), criteria, limit)


def _documents(reader: RegistryReader, query: AdhocQuery, limit: int) -> list[FoundObject]:
    criteria = _any_document(query)
    if ids := entry_uuids(query, "$XDSDocumentEntryEntryUUID"):
        return reader.documents(ids, criteria, limit)
    if logical_ids := entry_uuids(query, "$XDSDocumentEntryLogicalID"):
        return reader.documents_of_logical_ids(logical_ids, criteria, limit)
    return reader.documents_of_unique_ids(query.values("$XDSDocumentEntryUniqueId"), criteria, limit)


def _any_document(query: AdhocQuery) -> DocumentCriteria:
    """What is asked for by its id has no other criterion."""
    return DocumentCriteria(object_types=_BOTH_TYPES, metadata_level=metadata_level(query))


def _of_asked_types(
    reader: RegistryReader, query: AdhocQuery, documents: list[FoundObject]
) -> list[FoundObject]:
    """Those of the documents that are Stable or On-Demand, as asked (ITI TF-2 3.18.4.1.2.3.6.2)."""
    criteria = document_criteria(query)
    if not documents or criteria.object_types == _BOTH_TYPES:
        return documents
    keys = sorted({item.patient_key for item in documents if item.kind is ObjectKind.DOCUMENT_ENTRY})
    ids = [item.entry_uuid for item in documents]
    passing = {item.entry_uuid for item in reader.find_documents(keys, criteria, len(ids), among=ids)}
    return [item for item in documents if item.entry_uuid in passing]
