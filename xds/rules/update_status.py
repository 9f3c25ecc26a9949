"""Rules of ITI-57 on UpdateAvailabilityStatus (XDS Metadata Update 3.57.4.1.3.3.2, .4 and .5)."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from xds.model import (
    RELATIONSHIPS,
    AssociationType,
    AvailabilityStatus,
    MetadataUpdateError,
    MetadataUpdateOperationError,
    ObjectKind,
    UpdateSlot,
)
from xds.rules.case import object_key
from xds.rules.rule import Found, RuleBook
from xds.rules.update_case import UpdateCase, slot_values
from xds.rules.wording import quoted

BOOK: Final[RuleBook[UpdateCase]] = RuleBook("XDS Metadata Update 3.57.4.1.3.3.2.2", ("ITI-57",))

_STATUSES: Final = frozenset(item.value for item in AvailabilityStatus)


@BOOK.rule(
    "57-status-source",
    error=MetadataUpdateError,
    title="UpdateAvailabilityStatus begins at the SubmissionSet of the request.",
    remedy="Let sourceObject be the id of the request's SubmissionSet",
    essential=True,
)
def status_source(case: UpdateCase) -> Iterator[Found]:
    """Neither a SubmissionSet of the past nor another object gives the order."""
    for item in case.status_updates:
        if object_key(item.trigger.source) != case.set_id:
            owner = item.trigger.entry_uuid
            yield f"{owner} sourceObject", f"{owner}: {item.trigger.source} is not the SubmissionSet"


@BOOK.rule(
    "57-status-target",
    error=MetadataUpdateError,
    title="UpdateAvailabilityStatus leads to a registered DocumentEntry, Folder or Association.",
    remedy="Let targetObject be the entryUUID of the object whose status is to change",
    essential=True,
)
def status_target(case: UpdateCase) -> Iterator[Found]:
    """Or to a new version of this request; a SubmissionSet keeps its status."""
    for item in case.status_updates:
        owner, target = item.trigger.entry_uuid, item.trigger.target
        if item.kind is ObjectKind.SUBMISSION_SET:
            yield f"{owner} targetObject", f"{owner}: {target} is a SubmissionSet, whose status cannot change"
        elif item.kind is None or item.current is None:
            yield f"{owner} targetObject", f"{owner}: {target} names nothing that is registered"


@BOOK.rule(
    "57-status-latest",
    error=MetadataUpdateError,
    title="The status of the latest version changes, never that of an older one.",
    remedy="Let targetObject be the entryUUID of the latest version",
    essential=True,
)
def status_latest(case: UpdateCase) -> Iterator[Found]:
    """Older versions stay Deprecated."""
    for item in case.status_updates:
        if item.new_version is None and not case.is_latest(item.entry_uuid):
            owner = item.trigger.entry_uuid
            yield f"{owner} targetObject", f"{owner}: {item.trigger.target} is not the latest version"


@BOOK.rule(
    "57-status-association",
    error=MetadataUpdateError,
    section="XDS Metadata Update 3.57.4.1.3.3.5",
    title="Of associations, Folder memberships and relationships change their status.",
    remedy="Leave the HasMember associations of SubmissionSets as they are",
    essential=True,
)
def status_association(case: UpdateCase) -> Iterator[Found]:
    """What a SubmissionSet brought is history."""
    for item in case.status_updates:
        association = case.known.associations.get(item.entry_uuid)
        if association is None or association.association_type in RELATIONSHIPS:
            continue
        is_member = association.association_type == AssociationType.HAS_MEMBER
        source = case.facts.objects.get(association.source)
        if not is_member or source is None or source.kind is not ObjectKind.FOLDER:
            owner = item.trigger.entry_uuid
            yield f"{owner} targetObject", f"{owner}: {item.trigger.target} is a SubmissionSet's HasMember"


@BOOK.rule(
    "57-status-slots",
    error=MetadataUpdateError,
    title="OriginalStatus and NewStatus say one status each.",
    remedy=f"Send each Slot with one of {', '.join(sorted(_STATUSES))}",
    essential=True,
)
def status_slots(case: UpdateCase) -> Iterator[Found]:
    """Approved and Deprecated are all that there is."""
    for item in case.status_updates:
        owner = item.trigger.entry_uuid
        for name in (UpdateSlot.ORIGINAL_STATUS, UpdateSlot.NEW_STATUS):
            values = slot_values(item.trigger, name)
            if len(values) != 1 or values[0] not in _STATUSES:
                found = "is missing" if not values else f"is {', '.join(map(quoted, values[:3]))}"
                yield f"{owner} {name.value}", f"{owner}: {name.value} {found}"


@BOOK.rule(
    "57-status-original",
    error=MetadataUpdateError,
    title="OriginalStatus is the status that the object has.",
    remedy="Query the object and send its availabilityStatus",
    essential=True,
)
def status_original(case: UpdateCase) -> Iterator[Found]:
    """Of a new version in the same request: Approved, as it is made first."""
    for item in case.status_updates:
        values = slot_values(item.trigger, UpdateSlot.ORIGINAL_STATUS)
        if item.current is None or len(values) != 1 or values[0] not in _STATUSES:
            continue
        if values[0] != item.current:
            owner = item.trigger.entry_uuid
            yield (
                f"{owner} OriginalStatus",
                f"{owner}: OriginalStatus is {values[0]}, but {item.trigger.target} is {item.current.value}",
            )


@BOOK.rule(
    "57-status-twice",
    error=MetadataUpdateOperationError,
    section="XDS Metadata Update 3.57.4.1.3.1",
    title="The status of an object changes once in a request.",
    remedy="Send one UpdateAvailabilityStatus for each object",
    essential=True,
)
def status_twice(case: UpdateCase) -> Iterator[Found]:
    """A new version and the one before it count as one object."""

    def subject(position: int) -> str:
        item = case.status_updates[position]
        return item.entry_uuid if item.new_version is None else item.new_version.item.entry_uuid

    counts = Counter(subject(position) for position in range(len(case.status_updates)))
    for position, item in enumerate(case.status_updates):
        key = subject(position)
        if counts[key] > 1:
            owner, count = item.trigger.entry_uuid, counts.pop(key)
            yield f"{owner} targetObject", f"{owner}: {count} orders change the status of {key}"
