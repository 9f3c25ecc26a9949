"""Submissions of ITI-57 and ITI-92 made from what a registry returned (XDS Metadata Update 3.57.4.1.2)."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from xds.model import (
    Association,
    AssociationType,
    AvailabilityStatus,
    Code,
    DocumentEntry,
    Folder,
    Slot,
    Submission,
    SubmissionSet,
    SubmissionSetStatus,
    UpdateSlot,
    UpdateTrigger,
    new_oid,
    new_uuid_urn,
)


def new_version(
    latest: DocumentEntry | Folder, *, source_id: str, propagates: bool = True, **changes: Any
) -> Submission:
    """Return the update that gives an object a new version.

    Parameters
    ----------
    latest
        The latest version as the registry returned it, with its lid and version.
    source_id
        Who updates: SubmissionSet.sourceId, an OID.
    propagates
        Whether the new version takes the associations of the version before over.
    changes
        Attributes by the names of the model: ``title=…``, ``confidentiality_codes=…``.

    Raises
    ------
    ValueError
        There is no such attribute.
    """
    try:
        item = replace(
            latest,
            entry_uuid=new_uuid_urn(),
            logical_id=latest.logical_id or latest.entry_uuid,
            availability_status=AvailabilityStatus.APPROVED,
            **changes,
        )
    except TypeError:
        known = ", ".join(sorted(changes))
        raise ValueError(f"{type(latest).__name__} has not every attribute of: {known}") from None
    the_set = _submission_set(item, source_id)
    slots = [Slot(name=UpdateSlot.PREVIOUS_VERSION.value, values=(str(latest.version),))]
    if not propagates:
        slots.append(Slot(name=UpdateSlot.ASSOCIATION_PROPAGATION.value, values=("no",)))
    is_entry = isinstance(item, DocumentEntry)
    member = Association(
        entry_uuid=new_uuid_urn(),
        association_type=AssociationType.HAS_MEMBER.value,
        source=the_set.entry_uuid,
        target=item.entry_uuid,
        submission_set_status=SubmissionSetStatus.ORIGINAL.value if is_entry else None,
        extra_slots=tuple(slots),
    )
    return Submission(
        submission_sets=(the_set,),
        document_entries=(item,) if isinstance(item, DocumentEntry) else (),
        folders=(item,) if isinstance(item, Folder) else (),
        associations=(member,),
    )


def status_update(item: DocumentEntry | Folder, status: AvailabilityStatus, *, source_id: str) -> Submission:
    """Return the update that changes the availabilityStatus of an object's latest version."""
    the_set = _submission_set(item, source_id)
    order = Association(
        entry_uuid=new_uuid_urn(),
        association_type=UpdateTrigger.UPDATE_AVAILABILITY_STATUS.value,
        source=the_set.entry_uuid,
        target=item.entry_uuid,
        extra_slots=(
            Slot(name=UpdateSlot.ORIGINAL_STATUS.value, values=(item.availability_status.value,)),
            Slot(name=UpdateSlot.NEW_STATUS.value, values=(status.value,)),
        ),
    )
    return Submission(submission_sets=(the_set,), associations=(order,))


def _submission_set(item: DocumentEntry | Folder, source_id: str) -> SubmissionSet:
    kind: Code | None = item.type_code if isinstance(item, DocumentEntry) else next(iter(item.codes), None)
    return SubmissionSet(
        entry_uuid=new_uuid_urn(),
        authors=item.authors if isinstance(item, DocumentEntry) else (),
        content_type_code=kind,
        patient_id=item.patient_id,
        source_id=source_id,
        unique_id=new_oid(),
        submission_time=f"{datetime.now(UTC):%Y%m%d%H%M%S}",
    )
