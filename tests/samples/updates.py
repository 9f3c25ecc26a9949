"""Builders of updates (ITI-57, ITI-92): new versions of the builders' objects, and orders about registered ones."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from tests.samples import builders
from tests.samples.builders import (
    OTHER_PATIENT,
    PATIENT,
    REGISTERED_ENTRY,
    REGISTERED_FOLDER,
    REGISTERED_SUBMISSION_SET,
)
from xds.model import (
    Association,
    AssociationType,
    AvailabilityStatus,
    DocumentEntry,
    Folder,
    ObjectKind,
    RegisteredObject,
    Slot,
    Submission,
    SubmissionSetStatus,
    UpdateFacts,
    UpdateSlot,
    UpdateTrigger,
)

SECOND_ENTRY = "urn:uuid:3f0c7c52-6a1e-4d0b-9a57-2b8e5f0a1102"
REGISTERED_MEMBER = "urn:uuid:3f0c7c52-6a1e-4d0b-9a57-2b8e5f0a1401"  # of the Folder: the entry
REGISTERED_APPENDIX = (
    "urn:uuid:3f0c7c52-6a1e-4d0b-9a57-2b8e5f0a1402"  # the second entry is appended to the first
)
SET_MEMBER = "urn:uuid:3f0c7c52-6a1e-4d0b-9a57-2b8e5f0a1403"  # of the SubmissionSet: the entry
APPROVED, DEPRECATED = AvailabilityStatus.APPROVED, AvailabilityStatus.DEPRECATED


def entry_version(**changes: Any) -> DocumentEntry:
    """A new version of the registered entry."""
    return builders.document_entry(**{"entry_uuid": "Version2", "logical_id": REGISTERED_ENTRY, **changes})


def folder_version(**changes: Any) -> Folder:
    """A new version of the registered Folder."""
    return builders.folder(**{"entry_uuid": "Folder2", "logical_id": REGISTERED_FOLDER, **changes})


def version_member(
    target: str, *, previous: str | None = "1", propagation: str | None = None, **changes: Any
) -> Association:
    """The SubmissionSet's HasMember to a new version; None leaves a Slot out."""
    slots = [
        Slot(name=name.value, values=(value,))
        for name, value in (
            (UpdateSlot.PREVIOUS_VERSION, previous),
            (UpdateSlot.ASSOCIATION_PROPAGATION, propagation),
        )
        if value is not None
    ]
    fields = {
        "entry_uuid": f"member-{target[-12:]}",
        "extra_slots": tuple(slots),
        "submission_set_status": SubmissionSetStatus.ORIGINAL.value,
        **changes,
    }
    return builders.has_member("SubmissionSet01", target, **fields)


def updating(
    *items: DocumentEntry | Folder,
    more: Iterable[Association] = (),
    previous: str | None = "1",
    propagation: str | None = None,
    patient_id: str = PATIENT,
) -> Submission:
    """An update with new versions and further associations."""
    return Submission(
        submission_sets=(builders.submission_set(patient_id=patient_id),),
        document_entries=tuple(item for item in items if isinstance(item, DocumentEntry)),
        folders=tuple(item for item in items if isinstance(item, Folder)),
        associations=(
            *[version_member(item.entry_uuid, previous=previous, propagation=propagation) for item in items],
            *more,
        ),
    )


def status_order(
    target: str,
    original: str | None = APPROVED.value,
    new: str | None = DEPRECATED.value,
    **changes: Any,
) -> Association:
    """An UpdateAvailabilityStatus; None leaves a Slot out."""
    slots = [
        Slot(name=name.value, values=(value,))
        for name, value in ((UpdateSlot.ORIGINAL_STATUS, original), (UpdateSlot.NEW_STATUS, new))
        if value is not None
    ]
    fields: dict[str, Any] = {
        "entry_uuid": f"status-{target[-12:]}",
        "association_type": UpdateTrigger.UPDATE_AVAILABILITY_STATUS.value,
        "source": "SubmissionSet01",
        "target": target,
        "extra_slots": tuple(slots),
    }
    return Association(**fields | changes)


def submitting(association: Association, **changes: Any) -> tuple[Association, Association]:
    """A new association and the order to add it."""
    fields: dict[str, Any] = {
        "entry_uuid": f"submit-{association.entry_uuid[-24:]}",
        "association_type": UpdateTrigger.SUBMIT_ASSOCIATION.value,
        "source": "SubmissionSet01",
        "target": association.entry_uuid,
    }
    return association, Association(**fields | changes)


def linked(kind: AssociationType, source: str, target: str, entry_uuid: str, **changes: Any) -> Association:
    """A registered association."""
    return builders.association(kind, source, target, entry_uuid=entry_uuid, **changes)


MEMBER = linked(AssociationType.HAS_MEMBER, REGISTERED_FOLDER, REGISTERED_ENTRY, REGISTERED_MEMBER)
APPENDIX = linked(AssociationType.APND, SECOND_ENTRY, REGISTERED_ENTRY, REGISTERED_APPENDIX)
MEMBER_OF_SET = linked(AssociationType.HAS_MEMBER, REGISTERED_SUBMISSION_SET, REGISTERED_ENTRY, SET_MEMBER)


def update_facts(
    *,
    status: AvailabilityStatus = APPROVED,
    version: int = 1,
    entry: Mapping[str, Any] | None = None,
    objects: Iterable[RegisteredObject] = (),
    **changes: Any,
) -> UpdateFacts:
    """A registry with two entries, one in a Folder, the other appended to it.

    Parameters
    ----------
    status, version
        Of the registered entry and the Folder.
    entry
        What else is different in the registered entry.
    objects
        Registered besides.
    """
    first = builders.document_entry(
        **{
            "entry_uuid": REGISTERED_ENTRY,
            "logical_id": REGISTERED_ENTRY,
            "availability_status": status,
            "version": version,
            **(entry or {}),
        }
    )
    second = builders.document_entry(2, entry_uuid=SECOND_ENTRY, logical_id=SECOND_ENTRY)
    folder = builders.folder(
        entry_uuid=REGISTERED_FOLDER,
        logical_id=REGISTERED_FOLDER,
        availability_status=status,
        version=version,
    )
    kinds = (
        (REGISTERED_MEMBER, ObjectKind.ASSOCIATION),
        (REGISTERED_APPENDIX, ObjectKind.ASSOCIATION),
        (SET_MEMBER, ObjectKind.ASSOCIATION),
        (REGISTERED_SUBMISSION_SET, ObjectKind.SUBMISSION_SET),
    )
    known = {
        REGISTERED_ENTRY: builders.registered(status=status, patient_id=first.patient_id),
        SECOND_ENTRY: builders.registered(SECOND_ENTRY),
        REGISTERED_FOLDER: builders.registered(REGISTERED_FOLDER, ObjectKind.FOLDER, status=status),
        **{entry_uuid: builders.registered(entry_uuid, kind) for entry_uuid, kind in kinds},
        **{item.entry_uuid: item for item in objects},
    }
    fields: dict[str, Any] = {
        "patients": {PATIENT: PATIENT, OTHER_PATIENT: OTHER_PATIENT},
        "objects": known,
        "latest": {REGISTERED_ENTRY: first, SECOND_ENTRY: second, REGISTERED_FOLDER: folder},
        "logical_ids": {item: item for item in (REGISTERED_ENTRY, SECOND_ENTRY, REGISTERED_FOLDER)},
        "associations": {
            item.entry_uuid: replace(item, availability_status=APPROVED)
            for item in (MEMBER, APPENDIX, MEMBER_OF_SET)
        },
        "connections": {REGISTERED_ENTRY: (MEMBER, APPENDIX), REGISTERED_FOLDER: (MEMBER,)},
        "links": frozenset(
            (item.association_type, item.source, item.target) for item in (MEMBER, APPENDIX, MEMBER_OF_SET)
        ),
    }
    return UpdateFacts(**fields | changes)
