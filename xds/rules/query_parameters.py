"""The parameters of the stored queries, query by query (ITI TF-2 3.18.4.1.2.3.7.1 to .14, 3.51.4.1.2.1).

$MetadataLevel, $XDSAssociationStatus, the LogicalID parameters and $XDSDocumentEntryDocumentAvailability are those of
the supplement XDS Metadata Update.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from xds.model import StoredQuery

Kind = Literal[
    "patient",
    "string",
    "uuid",
    "code",
    "time",
    "status",
    "type",
    "association",
    "like",
    "level",
    "availability",
]
"""What a value is: a patient id (CX), a text, an entryUUID, ``code^^scheme``, a DTM, an availabilityStatus,
a DocumentEntry objectType, an associationType, a text with % and _, a $MetadataLevel, a documentAvailability."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One row of a query's table."""

    name: str  # with its $
    kind: Kind = "string"
    required: bool = False
    many: bool = False  # takes a list
    and_or: bool = False  # Slots of the same name are ANDed (3.18.4.1.2.3.5)
    either: str = ""  # exactly one of the parameters with the same word is sent
    narrows: bool = False  # at least one of the parameters so marked is sent (3.51.4.1.2.1)


def _one(name: str, kind: Kind = "string", *, required: bool = False) -> Parameter:
    return Parameter(name=name, kind=kind, required=required)


def _many(name: str, kind: Kind, *, required: bool = False, and_or: bool = False) -> Parameter:
    return Parameter(name=name, kind=kind, required=required, many=True, and_or=and_or)


def _either(kind_of_object: str, *, many: bool, logical_id: bool = False) -> tuple[Parameter, ...]:
    kinds: list[tuple[str, Kind]] = [("EntryUUID", "uuid"), ("UniqueId", "string")]
    if logical_id:
        kinds.append(("LogicalID", "uuid"))
    return tuple(
        Parameter(name=f"$XDS{kind_of_object}{end}", kind=kind, many=many, either="object")
        for end, kind in kinds
    )


def _range(name: str) -> tuple[Parameter, Parameter]:
    return _one(f"{name}From", "time"), _one(f"{name}To", "time")


_FORMAT = _many("$XDSDocumentEntryFormatCode", "code")
_CONFIDENTIALITY = _many("$XDSDocumentEntryConfidentialityCode", "code", and_or=True)
_TYPE = _many("$XDSDocumentEntryType", "type")
_LEVEL = _one("$MetadataLevel", "level")
_ASSOCIATION_STATUS = _many("$XDSAssociationStatus", "status")

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
    _many("$XDSDocumentEntryDocumentAvailability", "availability"),
    _LEVEL,
)
_FIND_FOLDERS = (
    _one("$XDSFolderPatientId", "patient", required=True),
    *_range("$XDSFolderLastUpdateTime"),
    _many("$XDSFolderCodeList", "code", and_or=True),
    _many("$XDSFolderStatus", "status", required=True),
    _LEVEL,
)


def _for_multiple_patients(rows: tuple[Parameter, ...], *narrowing: str) -> tuple[Parameter, ...]:
    """A query's table as ITI-51 has it: any number of patients, but at least one of some parameters."""
    found = []
    for row in rows:
        if row.kind == "patient":
            found.append(replace(row, required=False, many=True, narrows=True))
        else:
            found.append(replace(row, narrows=row.name in narrowing))
    return tuple(found)


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
    StoredQuery.FIND_FOLDERS: _FIND_FOLDERS,
    StoredQuery.GET_ALL: (
        _one("$patientId", "patient", required=True),
        _many("$XDSDocumentEntryStatus", "status", required=True),
        _many("$XDSSubmissionSetStatus", "status", required=True),
        _many("$XDSFolderStatus", "status", required=True),
        _FORMAT,
        _CONFIDENTIALITY,
        _TYPE,
        _ASSOCIATION_STATUS,
        _LEVEL,
    ),
    StoredQuery.GET_DOCUMENTS: (*_either("DocumentEntry", many=True, logical_id=True), _LEVEL),
    StoredQuery.GET_FOLDERS: (*_either("Folder", many=True, logical_id=True), _LEVEL),
    StoredQuery.GET_ASSOCIATIONS: (_many("$uuid", "uuid", required=True), _ASSOCIATION_STATUS, _LEVEL),
    StoredQuery.GET_DOCUMENTS_AND_ASSOCIATIONS: (
        *_either("DocumentEntry", many=True),
        _ASSOCIATION_STATUS,
        _LEVEL,
    ),
    StoredQuery.GET_SUBMISSION_SETS: (_many("$uuid", "uuid", required=True), _LEVEL),
    StoredQuery.GET_SUBMISSION_SET_AND_CONTENTS: (
        *_either("SubmissionSet", many=False),
        _FORMAT,
        _CONFIDENTIALITY,
        _TYPE,
        _LEVEL,
    ),
    StoredQuery.GET_FOLDER_AND_CONTENTS: (
        *_either("Folder", many=False),
        _FORMAT,
        _CONFIDENTIALITY,
        _TYPE,
        _ASSOCIATION_STATUS,
        _LEVEL,
    ),
    StoredQuery.GET_FOLDERS_FOR_DOCUMENT: (
        *_either("DocumentEntry", many=False),
        _ASSOCIATION_STATUS,
        _LEVEL,
    ),
    StoredQuery.GET_RELATED_DOCUMENTS: (
        *_either("DocumentEntry", many=False),
        _many("$AssociationTypes", "association", required=True),
        _TYPE,
        _ASSOCIATION_STATUS,
        _LEVEL,
    ),
    StoredQuery.FIND_DOCUMENTS_BY_REFERENCE_ID: (
        *_FIND_DOCUMENTS,
        _many("$XDSDocumentEntryReferenceIdList", "like", required=True, and_or=True),
    ),
    StoredQuery.FIND_DOCUMENTS_FOR_MULTIPLE_PATIENTS: _for_multiple_patients(
        _FIND_DOCUMENTS,
        "$XDSDocumentEntryClassCode",
        "$XDSDocumentEntryEventCodeList",
        "$XDSDocumentEntryHealthcareFacilityTypeCode",
    ),
    StoredQuery.FIND_FOLDERS_FOR_MULTIPLE_PATIENTS: _for_multiple_patients(
        _FIND_FOLDERS, "$XDSFolderCodeList"
    ),
}

_MULTI_PATIENT: Final = frozenset(
    {StoredQuery.FIND_DOCUMENTS_FOR_MULTIPLE_PATIENTS, StoredQuery.FIND_FOLDERS_FOR_MULTIPLE_PATIENTS}
)
QUERIES_OF: Final[Mapping[str, frozenset[StoredQuery]]] = {
    "ITI-18": frozenset(StoredQuery) - _MULTI_PATIENT,
    "ITI-51": _MULTI_PATIENT,
}
"""The stored queries of each transaction."""


def transaction_of(query_id: str) -> str:
    """Return the number of the transaction that asks a stored query: ITI-18 unless it is known to be ITI-51's.

    >>> transaction_of(StoredQuery.FIND_FOLDERS), transaction_of("urn:uuid:of-nobody")
    ('ITI-18', 'ITI-18')
    """
    return "ITI-51" if query_id in QUERIES_OF["ITI-51"] else "ITI-18"


def query_name(query: StoredQuery) -> str:
    """Return the standard's name of a query.

    >>> query_name(StoredQuery.GET_ALL), query_name(StoredQuery.FIND_DOCUMENTS_BY_REFERENCE_ID)
    ('GetAll', 'FindDocumentsByReferenceId')
    """
    return "".join(word.capitalize() for word in query.name.split("_"))
