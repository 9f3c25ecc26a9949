"""Builders of valid objects of the model: a test is the valid sample with one thing changed.

Patients, people, institutions and OIDs are made up; OIDs are under 2.999.
"""

from collections.abc import Iterable
from typing import Any, Final

from xds.model import (
    STABLE,
    AdhocQuery,
    Association,
    AssociationType,
    Author,
    AvailabilityStatus,
    Code,
    DocumentEntry,
    Folder,
    LocalizedString,
    ObjectKind,
    QuerySlot,
    ReferenceIdType,
    RegisteredObject,
    RegistryFacts,
    ReturnType,
    StoredQuery,
    Submission,
    SubmissionSet,
    SubmissionSetStatus,
)

PATIENT: Final = "P1001^^^&2.999.1.1&ISO"
OTHER_PATIENT: Final = "P1002^^^&2.999.1.1&ISO"
REPOSITORY: Final = "2.999.2.1"
HOME: Final = "urn:oid:2.999.40.1"
SHA1: Final = "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12"
OTHER_SHA1: Final = "de9f2c7fd25e1b3afad3e85a0bd17d9b100db4b3"

REGISTERED_ENTRY: Final = "urn:uuid:3f0c7c52-6a1e-4d0b-9a57-2b8e5f0a1101"
REGISTERED_FOLDER: Final = "urn:uuid:3f0c7c52-6a1e-4d0b-9a57-2b8e5f0a1201"
REGISTERED_SUBMISSION_SET: Final = "urn:uuid:3f0c7c52-6a1e-4d0b-9a57-2b8e5f0a1301"


def text(value: str, lang: str | None = "en-CA") -> tuple[LocalizedString, ...]:
    """A Name or Description in one language."""
    return (LocalizedString(value=value, lang=lang),)


def code(value: str, scheme: str, display: str = "") -> Code:
    """A coded value; its display name is the code if none is given."""
    return Code(code=value, scheme=scheme, display=(LocalizedString(value=display or value),))


def author(**changes: Any) -> Author:
    """A radiologist at a hospital."""
    fields: dict[str, Any] = {
        "person": "40017^Tremblay^Hélène^^^Dr^^^&2.999.24.1&ISO",
        "institutions": ("Lakeview General Hospital^^^^^^^^^2.999.23.1",),
        "roles": ("Radiologist",),
        "specialties": ("Diagnostic Radiology",),
        "telecommunications": ("^^Internet^reading.room@lakeview.example",),
    }
    return Author(**fields | changes)


def document_entry(number: int = 1, **changes: Any) -> DocumentEntry:
    """A radiology report as a repository registers it; `number` makes ids differ."""
    fields: dict[str, Any] = {
        "entry_uuid": f"Document{number:02}",
        "object_type": STABLE,
        "mime_type": "text/xml",
        "title": text("CT chest with contrast"),
        "comments": text("Lu à la demande de l'urgence", "fr-CA"),
        "authors": (author(),),
        "class_code": code("REPORTS", "1.3.6.1.4.1.19376.1.2.6.1", "Reports"),
        "type_code": code("18748-4", "2.16.840.1.113883.6.1", "Diagnostic imaging study"),
        "format_code": code("urn:ihe:rad:TEXT", "1.3.6.1.4.1.19376.1.2.3", "CDA wrapped text report"),
        "healthcare_facility_type_code": code("22232009", "2.16.840.1.113883.6.96", "Hospital"),
        "practice_setting_code": code("309964003", "2.16.840.1.113883.6.96", "Radiology department"),
        "confidentiality_codes": (code("N", "2.16.840.1.113883.5.25", "normal"),),
        "event_codes": (
            code("CT", "1.2.840.10008.2.16.4", "Computed Tomography"),
            code("51185008", "2.16.840.1.113883.6.96", "Thorax"),
        ),
        "patient_id": PATIENT,
        "unique_id": f"2.999.4.1.{1000 + number}",
        "creation_time": "20240311153000",
        "service_start_time": "20240311140500",
        "service_stop_time": "20240311142000",
        "hash": SHA1,
        "size": "1280",
        "language_code": "en-CA",
        "legal_authenticator": "40017^Tremblay^Hélène^^^Dr^^^&2.999.24.1&ISO",
        "repository_unique_id": REPOSITORY,
        "source_patient_id": "MRN-4471^^^&2.999.18.1&ISO",
        "source_patient_info": (
            "PID-3|MRN-4471^^^&2.999.18.1&ISO",
            "PID-5|Sample^Amélie",
            "PID-7|19710304",
            "PID-8|F",
        ),
        "reference_ids": (
            f"ACC-24-0117^^^&2.999.23.1.7&ISO^{ReferenceIdType.ACCESSION.value}",
            f"2.999.7.1.1001^^^^{ReferenceIdType.STUDY_INSTANCE_UID.value}",
        ),
    }
    return DocumentEntry(**fields | changes)


def submission_set(**changes: Any) -> SubmissionSet:
    """The SubmissionSet of `submission`."""
    fields: dict[str, Any] = {
        "entry_uuid": "SubmissionSet01",
        "title": text("Radiology report"),
        "authors": (author(),),
        "content_type_code": code("18748-4", "2.16.840.1.113883.6.1", "Diagnostic imaging study"),
        "patient_id": PATIENT,
        "source_id": "2.999.3.1",
        "unique_id": "2.999.5.1.1001",
        "submission_time": "20240311153500",
        "intended_recipients": ("Lakeview General Hospital^^^^^^^^^2.999.23.1|40018^Singh^Arjun",),
    }
    return SubmissionSet(**fields | changes)


def folder(number: int = 1, **changes: Any) -> Folder:
    """A new Folder."""
    fields: dict[str, Any] = {
        "entry_uuid": f"Folder{number:02}",
        "title": text("Chest follow-up"),
        "comments": text("All imaging of the chest since 2023"),
        "codes": (code("FOLLOWUP", "2.999.9.2", "Follow-up"),),
        "patient_id": PATIENT,
        "unique_id": f"2.999.6.1.{1000 + number}",
    }
    return Folder(**fields | changes)


def association(kind: AssociationType, source: str, target: str, **changes: Any) -> Association:
    """An association; its id says what it links."""
    fields: dict[str, Any] = {
        "entry_uuid": f"{kind.name.lower()}-{source[-12:]}-{target[-12:]}",
        "association_type": kind.value,
        "source": source,
        "target": target,
    }
    return Association(**fields | changes)


def has_member(source: str, target: str, **changes: Any) -> Association:
    """SubmissionSet to Folder, SubmissionSet to HasMember, or Folder to DocumentEntry."""
    return association(AssociationType.HAS_MEMBER, source, target, **changes)


def original(target: str, source: str = "SubmissionSet01", **changes: Any) -> Association:
    """SubmissionSet to a DocumentEntry of the same submission."""
    return has_member(
        source, target, **{"submission_set_status": SubmissionSetStatus.ORIGINAL.value} | changes
    )


def by_reference(target: str, source: str = "SubmissionSet01", **changes: Any) -> Association:
    """SubmissionSet to a registered DocumentEntry."""
    return original(
        target, source, **{"submission_set_status": SubmissionSetStatus.REFERENCE.value} | changes
    )


def submission(*entries: DocumentEntry, **changes: Any) -> Submission:
    """A submission of these entries, of one report if there are none; a change replaces a whole field."""
    kept = entries or (document_entry(),)
    the_set = submission_set()
    fields: dict[str, Any] = {
        "submission_sets": (the_set,),
        "document_entries": kept,
        "associations": tuple(original(entry.entry_uuid, the_set.entry_uuid) for entry in kept),
    }
    return Submission(**fields | changes)


def relating(
    kind: AssociationType, target: str = REGISTERED_ENTRY, *more: Association, **changes: Any
) -> Submission:
    """A submission of one report that replaces, transforms, … `target`."""
    return submission(
        associations=(original("Document01"), association(kind, "Document01", target, **changes), *more)
    )


def foldered(
    *, folder_id: str = "Folder01", entry_id: str = "Document01", folders: tuple[Folder, ...] | None = None
) -> Submission:
    """A submission that puts a document into a Folder; other ids than the default ones are registered."""
    entries = (document_entry(),) if entry_id == "Document01" else ()
    new = (folder(),) if folder_id == "Folder01" else ()
    member = has_member(folder_id, entry_id, entry_uuid="member-of-folder")
    associations = (
        *[original(entry.entry_uuid) for entry in entries],
        *[has_member("SubmissionSet01", item.entry_uuid) for item in new],
        member,
        has_member("SubmissionSet01", member.entry_uuid),
    )
    return Submission(
        submission_sets=(submission_set(),),
        document_entries=entries,
        folders=new if folders is None else folders,
        associations=associations,
    )


def registered(
    entry_uuid: str = REGISTERED_ENTRY,
    kind: ObjectKind = ObjectKind.DOCUMENT_ENTRY,
    **changes: Any,
) -> RegisteredObject:
    """An Approved object of the registry."""
    fields: dict[str, Any] = {
        "entry_uuid": entry_uuid,
        "kind": kind,
        "status": AvailabilityStatus.APPROVED,
        "patient_id": PATIENT,
        "object_type": STABLE if kind is ObjectKind.DOCUMENT_ENTRY else None,
    }
    return RegisteredObject(**fields | changes)


def facts(objects: Iterable[RegisteredObject] | None = None, **changes: Any) -> RegistryFacts:
    """A registry that knows both patients, and one entry, one Folder and one SubmissionSet of the first."""
    known = (
        (
            registered(),
            registered(REGISTERED_FOLDER, ObjectKind.FOLDER),
            registered(REGISTERED_SUBMISSION_SET, ObjectKind.SUBMISSION_SET),
        )
        if objects is None
        else objects
    )
    fields: dict[str, Any] = {
        "patients": {PATIENT: PATIENT, OTHER_PATIENT: OTHER_PATIENT},
        "objects": {item.entry_uuid: item for item in known},
    }
    return RegistryFacts(**fields | changes)


def slot(name: str, *values: str, is_list: bool = False, unquoted: bool = False) -> QuerySlot:
    """A parameter of a stored query."""
    return QuerySlot(name=name, values=values, is_list=is_list, unquoted=unquoted)


def query(stored_query: StoredQuery | str, *slots: QuerySlot, **changes: Any) -> AdhocQuery:
    """A stored query for LeafClass."""
    fields: dict[str, Any] = {
        "query_id": str(stored_query),
        "return_type": ReturnType.LEAF_CLASS,
        "slots": slots,
    }
    return AdhocQuery(**fields | changes)


def find_documents(*more: QuerySlot, **changes: Any) -> AdhocQuery:
    """FindDocuments for the Approved entries of `PATIENT`; `more` narrows it."""
    return query(
        StoredQuery.FIND_DOCUMENTS,
        slot("$XDSDocumentEntryPatientId", PATIENT),
        slot("$XDSDocumentEntryStatus", AvailabilityStatus.APPROVED.value, is_list=True),
        *more,
        **changes,
    )
