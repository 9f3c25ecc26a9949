"""Queries that search by patient and criteria (ITI TF-2 3.18.4.1.2.3.7.1 to .4 and .14, 3.51.4.1.2.1)."""

from collections.abc import Callable

from xds.model import AdhocQuery
from xds.registry.selection import Selection, patient_ids
from xds.rules import association_statuses, document_criteria, folder_criteria, submission_set_criteria
from xds.store import FoundObject, RegistryReader


def find_documents(reader: RegistryReader, query: AdhocQuery, limit: int) -> Selection:
    """FindDocuments and FindDocumentsByReferenceId (3.18.4.1.2.3.7.1, .7.14)."""
    return _of_patient(
        reader,
        query,
        "$XDSDocumentEntryPatientId",
        lambda keys: reader.find_documents(keys, document_criteria(query), limit),
    )


def find_submission_sets(reader: RegistryReader, query: AdhocQuery, limit: int) -> Selection:
    """FindSubmissionSets (3.18.4.1.2.3.7.2)."""
    return _of_patient(
        reader,
        query,
        "$XDSSubmissionSetPatientId",
        lambda keys: reader.find_submission_sets(keys, submission_set_criteria(query), limit),
    )


def find_folders(reader: RegistryReader, query: AdhocQuery, limit: int) -> Selection:
    """FindFolders (3.18.4.1.2.3.7.3)."""
    return _of_patient(
        reader,
        query,
        "$XDSFolderPatientId",
        lambda keys: reader.find_folders(keys, folder_criteria(query), limit),
    )


def get_all(reader: RegistryReader, query: AdhocQuery, limit: int) -> Selection:
    """GetAll: everything of a patient, and every Association that touches it (3.18.4.1.2.3.7.4)."""
    (patient_id,) = patient_ids(query, "$patientId")
    keys = reader.patient_keys(patient_id)
    if keys is None:
        return Selection(objects=[], unknown_patients=(patient_id,))
    objects = reader.find_submission_sets(keys, submission_set_criteria(query), limit)
    objects += reader.find_documents(keys, document_criteria(query), limit)
    objects += reader.find_folders(keys, folder_criteria(query), limit)
    if objects and len(objects) < limit:
        objects += reader.associations_touching(
            [item.entry_uuid for item in objects], association_statuses(query), limit
        )
    # An Association may be another patient's: that of a SubmissionSet which holds an entry by reference.
    return Selection(objects=objects)


def find_documents_for_multiple_patients(reader: RegistryReader, query: AdhocQuery, limit: int) -> Selection:
    """FindDocumentsForMultiplePatients: of some patients or of anyone (3.51.4.1.2.1.1)."""
    return _of_patients(
        reader,
        query,
        "$XDSDocumentEntryPatientId",
        lambda keys: reader.find_documents(keys, document_criteria(query), limit),
    )


def find_folders_for_multiple_patients(reader: RegistryReader, query: AdhocQuery, limit: int) -> Selection:
    """FindFoldersForMultiplePatients: of some patients or of anyone (3.51.4.1.2.1.2)."""
    return _of_patients(
        reader,
        query,
        "$XDSFolderPatientId",
        lambda keys: reader.find_folders(keys, folder_criteria(query), limit),
    )


def _of_patient(
    reader: RegistryReader,
    query: AdhocQuery,
    parameter: str,
    find: Callable[[list[int]], list[FoundObject]],
) -> Selection:
    (patient_id,) = patient_ids(query, parameter)
    keys = reader.patient_keys(patient_id)
    if keys is None:
        return Selection(objects=[], unknown_patients=(patient_id,))
    return Selection(objects=find(keys), patient_id=patient_id)


def _of_patients(
    reader: RegistryReader,
    query: AdhocQuery,
    parameter: str,
    find: Callable[[list[int] | None], list[FoundObject]],
) -> Selection:
    asked = patient_ids(query, parameter)
    if not asked:
        return Selection(objects=find(None))
    known = reader.keys_of_patients(asked)
    keys = sorted({key for member_keys in known.values() for key in member_keys})
    return Selection(
        objects=find(keys) if keys else [],
        unknown_patients=tuple(patient_id for patient_id in asked if patient_id not in known),
    )
