"""Which objects each stored query selects (ITI TF-2 3.18.4.1.2.3.7), one function per query."""

from dataclasses import dataclass
from typing import Final

from xds.model import (
    AdhocQuery,
    AssociationType,
    DocumentCriteria,
    ObjectKind,
    parse_patient_id,
)
from xds.rules import document_criteria, entry_uuids, statuses
from xds.store import FoundObject, RegistryReader

ENTRY_UUID: Final = "$XDSDocumentEntryEntryUUID"
UNIQUE_ID: Final = "$XDSDocumentEntryUniqueId"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What a query selected."""

    objects: list[FoundObject]
    patient_id: str | None = None  # when all objects are this patient's: nobody need look it up again
    unknown_patient: str | None = None  # the id asked for, when the registry does not know it


def find_documents(reader: RegistryReader, query: AdhocQuery, limit: int) -> Selection:
    """FindDocuments and FindDocumentsByReferenceId (3.18.4.1.2.3.7.1, .7.14)."""
    patient_id = _patient_id(query, "$XDSDocumentEntryPatientId")
    keys = reader.patient_keys(patient_id)
    if keys is None:
        return Selection(objects=[], unknown_patient=patient_id)
    objects = reader.find_documents(keys, document_criteria(query), limit)
    return Selection(objects=objects, patient_id=patient_id)


def get_all(reader: RegistryReader, query: AdhocQuery, limit: int) -> Selection:
    """GetAll: everything of a patient, and every Association that touches it (3.18.4.1.2.3.7.4)."""
    patient_id = _patient_id(query, "$patientId")
    keys = reader.patient_keys(patient_id)
    if keys is None:
        return Selection(objects=[], unknown_patient=patient_id)
    objects = reader.submission_sets(keys, statuses(query, "$XDSSubmissionSetStatus"), limit)
    objects += reader.find_documents(keys, document_criteria(query), limit)
    objects += reader.folders(keys, statuses(query, "$XDSFolderStatus"), limit)
    if objects and len(objects) < limit:
        objects += reader.associations_touching([item.entry_uuid for item in objects], limit)
    return Selection(objects=objects)


def get_documents(reader: RegistryReader, query: AdhocQuery, limit: int) -> Selection:
    """GetDocuments by entryUUID or uniqueId, whatever the status (3.18.4.1.2.3.7.5)."""
    return Selection(objects=_documents(reader, query, limit))


def get_associations(reader: RegistryReader, query: AdhocQuery, limit: int) -> Selection:
    """GetAssociations: source or target is one of the ids (3.18.4.1.2.3.7.7)."""
    return Selection(objects=reader.associations_touching(entry_uuids(query, "$uuid"), limit))


def get_submission_set_and_contents(reader: RegistryReader, query: AdhocQuery, limit: int) -> Selection:
    """GetSubmissionSetAndContents: the set, its members, and the Associations between (3.18.4.1.2.3.7.10)."""
    ids = entry_uuids(query, "$XDSSubmissionSetEntryUUID")
    unique_ids = query.values("$XDSSubmissionSetUniqueId")
    sets = reader.submission_set(
        entry_uuid=ids[0] if ids else None, unique_id=unique_ids[0] if unique_ids else None
    )
    if not sets:
        return Selection(objects=[])
    (submission_set,) = sets
    members = reader.associations_from([submission_set.entry_uuid], AssociationType.HAS_MEMBER.value, limit)
    located = reader.locate([item.target for item in members])
    keys = sorted({key for key, _ in located.values()})
    entries = _members_passing(reader, located, keys, document_criteria(query), limit)
    folders = reader.folders_by_id(keys, _of_kind(located, ObjectKind.FOLDER))
    kept = {item.entry_uuid for item in (submission_set, *entries, *folders)}
    links = [
        item
        for item in reader.associations_by_id(keys, _of_kind(located, ObjectKind.ASSOCIATION))
        if item.source in kept and item.target in kept
    ]
    kept |= {item.entry_uuid for item in links}
    # An Association is part of the answer only if both its ends are.
    memberships = [item for item in members if item.target in kept]
    return Selection(objects=[submission_set, *entries, *folders, *memberships, *links])


def get_related_documents(reader: RegistryReader, query: AdhocQuery, limit: int) -> Selection:
    """GetRelatedDocuments: relationships of a document, and the documents at their ends (3.18.4.1.2.3.7.13)."""
    start = [item.entry_uuid for item in _documents(reader, query, limit)]
    if not start:
        return Selection(objects=[])
    types = set(query.values("$AssociationTypes"))
    touching = reader.associations_touching(start, limit)
    wanted = [item for item in touching if item.association_type in types]
    ends = {end for item in wanted for end in (item.source, item.target)}
    object_types = document_criteria(query).object_types
    documents = {
        item.entry_uuid: item for item in reader.documents(sorted(ends), limit)
    } if ends else {}  # fmt: skip
    # HasMember of a Folder or SubmissionSet has one end that is no document.
    links = [item for item in wanted if item.source in documents and item.target in documents]
    linked = {end for item in links for end in (item.source, item.target)}
    passing = reader.of_object_types([documents[item] for item in sorted(linked)], object_types)
    return Selection(objects=[*passing, *links])


def _documents(reader: RegistryReader, query: AdhocQuery, limit: int) -> list[FoundObject]:
    ids = entry_uuids(query, ENTRY_UUID)
    if ids:
        return reader.documents(ids, limit)
    return reader.documents_of_unique_ids(query.values(UNIQUE_ID), limit)


def _members_passing(
    reader: RegistryReader,
    located: dict[str, tuple[int, ObjectKind]],
    keys: list[int],
    criteria: DocumentCriteria,
    limit: int,
) -> list[FoundObject]:
    ids = _of_kind(located, ObjectKind.DOCUMENT_ENTRY)
    return reader.find_documents(keys, criteria, limit, among=ids) if ids else []


def _of_kind(located: dict[str, tuple[int, ObjectKind]], kind: ObjectKind) -> list[str]:
    return [item for item, (_, found) in located.items() if found is kind]


def _patient_id(query: AdhocQuery, parameter: str) -> str:
    sent = query.values(parameter)[0]
    parsed = parse_patient_id(sent)
    return sent if parsed is None else str(parsed)
