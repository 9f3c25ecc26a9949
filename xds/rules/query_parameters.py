"""The parameters of the stored queries of ITI-18, query by query (ITI TF-2 3.18.4.1.2.3.7.1 to .14)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from xds.model import StoredQuery

Kind = Literal["patient", "string", "uuid", "code", "time", "status", "type", "association", "like"]
"""What a value is: a patient id (CX), a text, an entryUUID, ``code^^scheme``, a DTM, an availabilityStatus,
a DocumentEntry objectType, an associationType, a text with % and _."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One row of a query's table."""

    name: str  # with its $
    kind: Kind = "string"
    required: bool = False
    many: bool = False  # takes a list
    and_or: bool = False  # Slots of the same name are ANDed (3.18.4.1.2.3.5)
    either: str = ""  # exactly one of the parameters with the same word is sent


def _one(name: str, kind: Kind = "string", *, required: bool = False) -> Parameter:
    return Parameter(name=name, kind=kind, required=required)


def _many(name: str, kind: Kind, *, required: bool = False, and_or: bool = False) -> Parameter:
    return Parameter(name=name, kind=kind, required=required, many=True, and_or=and_or)


def _either(kind_of_object: str, *, many: bool) -> tuple[Parameter, Parameter]:
    return (
        Parameter(name=f"$XDS{kind_of_object}EntryUUID", kind="uuid", many=many, either="object"),
        Parameter(name=f"$XDS{kind_of_object}UniqueId", kind="string", many=many, either="object"),
    )


def _range(name: str) -> tuple[Parameter, Parameter]:
    return _one(f"{name}From", "time"), _one(f"{name}To", "time")


_FORMAT = _many("$XDSDocumentEntryFormatCode", "code")
_CONFIDENTIALITY = _many("$XDSDocumentEntryConfidentialityCode", "code", and_or=True)
_TYPE = _many("$XDSDocumentEntryType", "type")

_FIND_DOCUMENTS = (
    _one("$XDSDocumentEntryPatientId", "patient", required=True),
    _many("$XDSDocumentEntryClassCode", "code"),
    _many("$XDSDocumentEntryTypeCode", "code"),
    _many("$XDSDocumentEntryPracticeSettingCode", "code"),
    *_range("$XDSDocumentEntryCreationTime"),
    *_range("$XDSDocumentEntryServiceStartTime"),
    *_range("$XDSDocumentEntryServiceStopTime"),
    _many("$XDSDocumentEntryHealthcareFacilityTypeCode", "code"),
    _many("$XDSDocumentEntryEventCodeList", "code", and_or=True),
    _CONFIDENTIALITY,
    _many("$XDSDocumentEntryAuthorPerson", "like"),
    _FORMAT,
    _many("$XDSDocumentEntryStatus", "status", required=True),
    _TYPE,
)

PARAMETERS: Final[Mapping[StoredQuery, tuple[Parameter, ...]]] = {
    StoredQuery.FIND_DOCUMENTS: _FIND_DOCUMENTS,
    StoredQuery.FIND_SUBMISSION_SETS: (
        _one("$XDSSubmissionSetPatientId", "patient", required=True),
        _many("$XDSSubmissionSetSourceId", "string"),
        *_range("$XDSSubmissionSetSubmissionTime"),
        _one("$XDSSubmissionSetAuthorPerson", "like"),
        _many("$XDSSubmissionSetContentType", "code"),
        _many("$XDSSubmissionSetStatus", "status", required=True),
    ),
    StoredQuery.FIND_FOLDERS: (
        _one("$XDSFolderPatientId", "patient", required=True),
        *_range("$XDSFolderLastUpdateTime"),
        _many("$XDSFolderCodeList", "code", and_or=True),
        _many("$XDSFolderStatus", "status", required=True),
    ),
    StoredQuery.GET_ALL: (
        _one("$patientId", "patient", required=True),
        _many("$XDSDocumentEntryStatus", "status", required=True),
        _many("$XDSSubmissionSetStatus", "status", required=True),
        _many("$XDSFolderStatus", "status", required=True),
        _FORMAT,
        _CONFIDENTIALITY,
        _TYPE,
    ),
    StoredQuery.GET_DOCUMENTS: _either("DocumentEntry", many=True),
    StoredQuery.GET_FOLDERS: _either("Folder", many=True),
    StoredQuery.GET_ASSOCIATIONS: (_many("$uuid", "uuid", required=True),),
    StoredQuery.GET_DOCUMENTS_AND_ASSOCIATIONS: _either("DocumentEntry", many=True),
    StoredQuery.GET_SUBMISSION_SETS: (_many("$uuid", "uuid", required=True),),
    StoredQuery.GET_SUBMISSION_SET_AND_CONTENTS: (
        *_either("SubmissionSet", many=False),
        _FORMAT,
        _CONFIDENTIALITY,
        _TYPE,
    ),
    StoredQuery.GET_FOLDER_AND_CONTENTS: (
        *_either("Folder", many=False),
        _FORMAT,
        _CONFIDENTIALITY,
        _TYPE,
    ),
    StoredQuery.GET_FOLDERS_FOR_DOCUMENT: _either("DocumentEntry", many=False),
    StoredQuery.GET_RELATED_DOCUMENTS: (
        *_either("DocumentEntry", many=False),
        _many("$AssociationTypes", "association", required=True),
        _TYPE,
    ),
    StoredQuery.FIND_DOCUMENTS_BY_REFERENCE_ID: (
        *_FIND_DOCUMENTS,
        _many("$XDSDocumentEntryReferenceIdList", "like", required=True, and_or=True),
    ),
}

SUPPORTED: Final = frozenset(
    {
        StoredQuery.FIND_DOCUMENTS,
        StoredQuery.FIND_DOCUMENTS_BY_REFERENCE_ID,
        StoredQuery.GET_ALL,
        StoredQuery.GET_ASSOCIATIONS,
        StoredQuery.GET_DOCUMENTS,
        StoredQuery.GET_RELATED_DOCUMENTS,
        StoredQuery.GET_SUBMISSION_SET_AND_CONTENTS,
    }
)
"""The queries that this registry answers so far."""


def query_name(query: StoredQuery) -> str:
    """Return the standard's name of a query.

    >>> query_name(StoredQuery.GET_ALL), query_name(StoredQuery.FIND_DOCUMENTS_BY_REFERENCE_ID)
    ('GetAll', 'FindDocumentsByReferenceId')
    """
    return "".join(word.capitalize() for word in query.name.split("_"))
