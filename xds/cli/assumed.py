"""What a registry would have to hold for the references of a message to be in order.

Without a registry nothing is known of what is referred to; it is taken to exist, Approved, of the right kind and of
the same patient.
"""

from collections.abc import Iterable
from dataclasses import replace

from xds.model import (
    ON_DEMAND,
    RELATIONSHIPS,
    STABLE,
    AssociationType,
    AvailabilityStatus,
    DocumentEntry,
    Folder,
    ObjectKind,
    RegisteredObject,
    RegistryFacts,
    RemovalFacts,
    Submission,
    UpdateFacts,
    UpdateSlot,
    UpdateTrigger,
    is_symbolic,
)
from xds.rules import object_key
from xds.rules.case import registry_objects
from xds.rules.update_case import slot_values


def assumed_facts(submission: Submission) -> RegistryFacts:
    """For a submission: what its associations refer to."""
    patient = next((item.patient_id for item in submission.submission_sets if item.patient_id), "")
    brought = {item.entry_uuid for item in registry_objects(submission)}
    brought |= {item.entry_uuid for item in submission.associations}
    objects: dict[str, RegisteredObject] = {}
    for association in submission.associations:
        kind = association.association_type
        ends = [(association.target, ObjectKind.DOCUMENT_ENTRY)]
        if kind == AssociationType.HAS_MEMBER:
            ends.append((association.source, ObjectKind.FOLDER))
        elif kind not in RELATIONSHIPS:
            continue
        for end, what in ends:
            if end in brought or is_symbolic(end):
                continue
            objects[object_key(end)] = RegisteredObject(
                entry_uuid=object_key(end),
                kind=what,
                status=AvailabilityStatus.APPROVED,
                patient_id=patient,
                object_type=ON_DEMAND if kind == AssociationType.IS_SNAPSHOT_OF else STABLE,
            )
    return RegistryFacts(objects=objects)


def assumed_removal_facts(object_ids: Iterable[str]) -> RemovalFacts:
    """For a removal: each object, and no Association of it."""
    return RemovalFacts(
        objects={
            object_key(item): RegisteredObject(
                entry_uuid=object_key(item),
                kind=ObjectKind.DOCUMENT_ENTRY,
                status=AvailabilityStatus.APPROVED,
                patient_id="",
            )
            for item in object_ids
            if not is_symbolic(item)
        }
    )


def assumed_update_facts(submission: Submission) -> UpdateFacts:
    """For an update: the version that each new version supersedes, and objects with the status that is told."""
    known = assumed_facts(submission)
    latest: dict[str, DocumentEntry | Folder] = {}
    versioned: tuple[DocumentEntry | Folder, ...] = (*submission.document_entries, *submission.folders)
    for item in versioned:
        told = [
            value
            for association in submission.associations
            if object_key(association.target) == object_key(item.entry_uuid)
            for value in slot_values(association, UpdateSlot.PREVIOUS_VERSION)
        ]
        logical_id = object_key(item.logical_id or "")
        version = int(told[0]) if told and told[0].isdecimal() and len(told[0]) < 10 else 1
        approved = AvailabilityStatus.APPROVED
        latest[logical_id] = replace(
            item, entry_uuid=logical_id, version=version, availability_status=approved
        )
    objects = dict(known.objects)
    for trigger in submission.associations:
        target = object_key(trigger.target)
        if trigger.association_type != UpdateTrigger.UPDATE_AVAILABILITY_STATUS:
            continue
        if not is_symbolic(target):  # a symbolic one is a new version of this request, or nothing
            told = list(slot_values(trigger, UpdateSlot.ORIGINAL_STATUS))
            deprecated = told == [AvailabilityStatus.DEPRECATED.value]
            objects[target] = RegisteredObject(
                entry_uuid=target,
                kind=ObjectKind.DOCUMENT_ENTRY,
                status=AvailabilityStatus.DEPRECATED if deprecated else AvailabilityStatus.APPROVED,
                patient_id=next((item.patient_id or "" for item in submission.submission_sets), ""),
                object_type=STABLE,
            )
    return UpdateFacts(objects=objects, latest=latest)
