"""Which objects each stored query selects: the table of all of them (ITI TF-2 3.18.4.1.2.3.7, 3.51.4.1.2.1)."""

from collections.abc import Callable, Mapping
from typing import Final

from xds.model import AdhocQuery, StoredQuery
from xds.registry import contents_selections, find_selections, get_selections
from xds.registry.selection import Selection
from xds.store import RegistryReader

Select = Callable[[RegistryReader, AdhocQuery, int], Selection]
"""Selects at most so many objects for a query whose parameters were found in order."""

SELECTIONS: Final[Mapping[StoredQuery, Select]] = {
    StoredQuery.FIND_DOCUMENTS: find_selections.find_documents,
    StoredQuery.FIND_SUBMISSION_SETS: find_selections.find_submission_sets,
    StoredQuery.FIND_FOLDERS: find_selections.find_folders,
    StoredQuery.GET_ALL: find_selections.get_all,
    StoredQuery.GET_DOCUMENTS: get_selections.get_documents,
    StoredQuery.GET_FOLDERS: get_selections.get_folders,
    StoredQuery.GET_ASSOCIATIONS: get_selections.get_associations,
    StoredQuery.GET_DOCUMENTS_AND_ASSOCIATIONS: get_selections.get_documents_and_associations,
    StoredQuery.GET_SUBMISSION_SETS: get_selections.get_submission_sets,
    StoredQuery.GET_SUBMISSION_SET_AND_CONTENTS: contents_selections.get_submission_set_and_contents,
    StoredQuery.GET_FOLDER_AND_CONTENTS: contents_selections.get_folder_and_contents,
    StoredQuery.GET_FOLDERS_FOR_DOCUMENT: get_selections.get_folders_for_document,
    StoredQuery.GET_RELATED_DOCUMENTS: get_selections.get_related_documents,
    StoredQuery.FIND_DOCUMENTS_BY_REFERENCE_ID: find_selections.find_documents,
    StoredQuery.FIND_DOCUMENTS_FOR_MULTIPLE_PATIENTS: find_selections.find_documents_for_multiple_patients,
    StoredQuery.FIND_FOLDERS_FOR_MULTIPLE_PATIENTS: find_selections.find_folders_for_multiple_patients,
}

SINGLE_PATIENT: Final = frozenset(
    {
        StoredQuery.GET_DOCUMENTS,
        StoredQuery.GET_FOLDERS,
        StoredQuery.GET_DOCUMENTS_AND_ASSOCIATIONS,
        StoredQuery.GET_SUBMISSION_SETS,
        StoredQuery.GET_SUBMISSION_SET_AND_CONTENTS,
        StoredQuery.GET_FOLDER_AND_CONTENTS,
    }
)
"""Queries by id whose LeafClass answer may not span patients (3.18.4.1.2.3.7.5, .6, .8 to .11)."""
