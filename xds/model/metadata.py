"""The objects of Document Sharing metadata (ITI TF-3 4.1, 4.2), as they were submitted.

Nothing that a sender wrote is lost here: slots, classifications and identifiers that the standard does not
define travel in the ``extra_…`` fields, names keep every language.
"""

from dataclasses import dataclass, field

from xds.model.identifiers import STABLE, AvailabilityStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalizedString:
    """One language's text of a Name or Description (rim:LocalizedString)."""

    value: str  # at most 1,024 characters
    lang: str | None = None  # xml:lang, as sent
    charset: str | None = None


InternationalString = tuple[LocalizedString, ...]
"""A Name or Description in every language it was sent in; empty when there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A named list of values (ITI TF-3 4.2.3.1.6)."""

    name: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A coded value: what counts is `code` and `scheme` together (ITI TF-3 4.2.3.1.2)."""

    code: str  # nodeRepresentation
    scheme: str  # Slot codingScheme, an OID if there is one
    display: InternationalString = ()
    extra_slots: tuple[Slot, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        """What is compared: displayName is never constrained (ITI TF-2 3.42.4.1.3.3.3)."""
        return (self.code, self.scheme)

    def __str__(self) -> str:
        return f"{self.code}^^{self.scheme}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who wrote a document or submitted it (ITI TF-3 4.2.3.1.4)."""

    person: str | None = None  # XCN
    institutions: tuple[str, ...] = ()  # XON
    roles: tuple[str, ...] = ()
    specialties: tuple[str, ...] = ()
    telecommunications: tuple[str, ...] = ()  # XTN
    extra_slots: tuple[Slot, ...] = ()
    name: InternationalString = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Classification:
    """A Classification that the standard does not define for its object, kept as sent."""

    scheme: str | None = None
    node: str | None = None
    node_representation: str | None = None
    slots: tuple[Slot, ...] = ()
    name: InternationalString = ()
    description: InternationalString = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalIdentifier:
    """An ExternalIdentifier that the standard does not define for its object, kept as sent."""

    scheme: str
    value: str
    slots: tuple[Slot, ...] = ()
    name: InternationalString = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentEntry:
    """What the registry knows of one document (ITI TF-3 4.2.3.2).

    Optional here means absent in the message; whether it must be present is a rule.
    """

    entry_uuid: str  # entryUUID, "urn:uuid:…" or a symbolic id in a submission (4.2.3.2.7)
    object_type: str = STABLE  # objectType (4.2.3.2.30)
    mime_type: str = ""  # mimeType (4.2.3.2.15)
    availability_status: AvailabilityStatus = AvailabilityStatus.APPROVED  # (4.2.3.2.2)
    logical_id: str | None = None  # @lid (Metadata Update)
    version: int = 1  # VersionInfo/@versionName
    home_community_id: str | None = None  # homeCommunityId, "urn:oid:…" (4.2.3.2.12)
    title: InternationalString = ()  # (4.2.3.2.24)
    comments: InternationalString = ()  # (4.2.3.2.4)
    authors: tuple[Author, ...] = ()  # (4.2.3.2.1)
    class_code: Code | None = None  # (4.2.3.2.3)
    type_code: Code | None = None  # (4.2.3.2.25)
    format_code: Code | None = None  # (4.2.3.2.9)
    healthcare_facility_type_code: Code | None = None  # (4.2.3.2.11)
    practice_setting_code: Code | None = None  # (4.2.3.2.17)
    confidentiality_codes: tuple[Code, ...] = ()  # confidentialityCode (4.2.3.2.5)
    event_codes: tuple[Code, ...] = ()  # eventCodeList (4.2.3.2.8)
    patient_id: str | None = None  # patientId, CX (4.2.3.2.16)
    unique_id: str | None = None  # uniqueId (4.2.3.2.26)
    creation_time: str | None = None  # DTM, UTC (4.2.3.2.6)
    service_start_time: str | None = None  # DTM, UTC (4.2.3.2.19)
    service_stop_time: str | None = None  # DTM, UTC (4.2.3.2.20)
    hash: str | None = None  # SHA-1, 40 hex digits (4.2.3.2.10)
    size: str | None = None  # octets, as the text that was sent (4.2.3.2.21)
    language_code: str | None = None  # RFC 5646 (4.2.3.2.13)
    legal_authenticator: str | None = None  # XCN (4.2.3.2.14)
    repository_unique_id: str | None = None  # OID (4.2.3.2.18)
    source_patient_id: str | None = None  # CX (4.2.3.2.22)
    source_patient_info: tuple[str, ...] = ()  # PID fields (4.2.3.2.23)
    reference_ids: tuple[str, ...] = ()  # referenceIdList, CXi (4.2.3.2.28)
    uri: str | None = None  # URI (4.2.3.2.27)
    document_availability: str | None = None  # Slot documentAvailability (Metadata Update)
    limited_metadata: bool = False  # (4.2.3.2.29)
    extra_slots: tuple[Slot, ...] = ()  # (4.2.3.1.6)
    extra_classifications: tuple[Classification, ...] = ()
    extra_identifiers: tuple[ExternalIdentifier, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionSet:
    """One act of publishing (ITI TF-3 4.2.3.3)."""

    entry_uuid: str
    availability_status: AvailabilityStatus = AvailabilityStatus.APPROVED
    home_community_id: str | None = None
    title: InternationalString = ()
    comments: InternationalString = ()
    authors: tuple[Author, ...] = ()
    content_type_code: Code | None = None
    patient_id: str | None = None
    source_id: str | None = None  # OID of the Document Source
    unique_id: str | None = None  # OID
    submission_time: str | None = None  # DTM, UTC
    intended_recipients: tuple[str, ...] = ()  # XON|XCN|XTN
    limited_metadata: bool = False
    extra_slots: tuple[Slot, ...] = ()
    extra_classifications: tuple[Classification, ...] = ()
    extra_identifiers: tuple[ExternalIdentifier, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A named group of a patient's documents (ITI TF-3 4.2.3.4)."""

    entry_uuid: str
    availability_status: AvailabilityStatus = AvailabilityStatus.APPROVED
    logical_id: str | None = None
    version: int = 1
    home_community_id: str | None = None
    title: InternationalString = ()
    comments: InternationalString = ()
    codes: tuple[Code, ...] = ()  # codeList
    patient_id: str | None = None
    unique_id: str | None = None  # OID
    last_update_time: str | None = None  # DTM to the second; the registry sets it
    limited_metadata: bool = False
    extra_slots: tuple[Slot, ...] = ()
    extra_classifications: tuple[Classification, ...] = ()
    extra_identifiers: tuple[ExternalIdentifier, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Association:
    """A directed, typed link of two registry objects (ITI TF-3 4.2.2)."""

    entry_uuid: str
    association_type: str  # URN
    source: str  # sourceObject, an entryUUID or a symbolic id
    target: str  # targetObject
    availability_status: AvailabilityStatus = AvailabilityStatus.APPROVED
    home_community_id: str | None = None
    submission_set_status: str | None = None  # Slot SubmissionSetStatus
    documentation: Code | None = None  # 4.2.2.2
    title: InternationalString = ()
    comments: InternationalString = ()
    extra_slots: tuple[Slot, ...] = ()
    extra_classifications: tuple[Classification, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """The content of one SubmitObjectsRequest (ITI TF-3 4.1.4).

    A well-formed submission has one SubmissionSet; `submission_sets` holds what was sent, so that a rule
    can say so when there are none or two.
    """

    submission_sets: tuple[SubmissionSet, ...] = ()
    document_entries: tuple[DocumentEntry, ...] = ()
    folders: tuple[Folder, ...] = ()
    associations: tuple[Association, ...] = ()
    object_refs: tuple[str, ...] = field(default=())  # rim:ObjectRef/@id, informative

    @property
    def submission_set(self) -> SubmissionSet:
        """The one SubmissionSet; only meaningful once the structure was checked."""
        return self.submission_sets[0]
