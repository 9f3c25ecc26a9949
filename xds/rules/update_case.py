"""One update before the rules: its operations, and what the registry knows of what they are about.

An operation of ITI-57 is told by its trigger (XDS Metadata Update 3.57.4.1.3.3): the SubmissionSet's HasMember to a
new version, or one of its UpdateAvailabilityStatus and SubmitAssociation associations.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Final

from xds.model import (
    Association,
    AssociationType,
    AvailabilityStatus,
    DocumentEntry,
    Folder,
    ObjectKind,
    Submission,
    UpdateFacts,
    UpdateSlot,
    UpdateTrigger,
    XdsError,
)
from xds.rules import ownership
from xds.rules.case import RegistrationCase, object_key
from xds.rules.rule import Rule, RulePolicy, run

_NUMBER: Final = re.compile(r"[1-9][0-9]{0,8}")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVersion:
    """A DocumentEntry or Folder of the submission, meant as a new version of a registered one."""

    item: DocumentEntry | Folder
    memberships: tuple[Association, ...]  # of the submission's SubmissionSet
    latest: DocumentEntry | Folder | None  # the registered version that it supersedes

    @property
    def is_initial(self) -> bool:
        """True for what ITI-42 registers: without a logicalID, or with its own id as such."""
        lid = self.item.logical_id
        return not lid or object_key(lid) == object_key(self.item.entry_uuid)

    @property
    def logical_id(self) -> str:
        """The logicalID as the registry keeps it; empty for none."""
        return object_key(self.item.logical_id or "")

    def annotation(self, name: UpdateSlot) -> tuple[str, ...]:
        """The values of a Slot on its memberships."""
        return tuple(value for item in self.memberships for value in slot_values(item, name))

    @property
    def previous(self) -> int | None:
        """The version that the sender means to supersede; None when PreviousVersion is no number of one."""
        values = self.annotation(UpdateSlot.PREVIOUS_VERSION)
        return int(values[0]) if len(values) == 1 and _NUMBER.fullmatch(values[0]) else None

    @property
    def propagates(self) -> bool:
        """Whether it takes the associations of the version before over (3.57.4.1.3.3.1.5): yes if not said."""
        return self.annotation(UpdateSlot.ASSOCIATION_PROPAGATION) != ("no",)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusUpdate:
    """An order to change an availabilityStatus, and what it is about."""

    trigger: Association
    kind: ObjectKind | None  # None when the target names nothing
    new_version: NewVersion | None  # of this submission: its status is changed, not that of the one before
    entry_uuid: str  # of the target as the registry keeps it
    current: AvailabilityStatus | None  # that the target has, or gets by this submission


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmittedAssociation:
    """An order to add an association between objects that are there."""

    trigger: Association
    association: Association | None  # None when the trigger names no association of the submission


class UpdateCase(RegistrationCase):
    """What a rule of ITI-57 or ITI-92 looks at."""

    ANNOTATIONS: ClassVar[frozenset[str]] = frozenset(UpdateSlot)

    __slots__ = ("known", "new_versions", "set_id", "status_updates", "submitted")

    def __init__(self, submission: Submission, facts: UpdateFacts, policy: RulePolicy) -> None:
        super().__init__(submission, facts, policy)
        self.known = facts
        sets = submission.submission_sets
        self.set_id = object_key(sets[0].entry_uuid) if sets else ""
        versioned: tuple[DocumentEntry | Folder, ...] = (*submission.document_entries, *submission.folders)
        self.new_versions = tuple(
            NewVersion(
                item=item,
                memberships=tuple(self._memberships(item.entry_uuid)),
                latest=facts.latest.get(object_key(item.logical_id or "")),
            )
            for item in versioned
        )
        self.status_updates = tuple(
            self._status_update(item) for item in self._triggers(UpdateTrigger.UPDATE_AVAILABILITY_STATUS)
        )
        self.submitted = tuple(
            SubmittedAssociation(trigger=item, association=self.associations.get(object_key(item.target)))
            for item in self._triggers(UpdateTrigger.SUBMIT_ASSOCIATION)
        )

    def new_version(self, object_id: str) -> NewVersion | None:
        """Return the new version that an id names: its own, or that of the version which it supersedes."""
        key = object_key(object_id)
        for version in self.new_versions:
            if object_key(version.item.entry_uuid) == key:
                return version
            if version.latest is not None and version.latest.entry_uuid == key:
                return version
        return None

    def is_latest(self, entry_uuid: str) -> bool:
        """Tell whether a registered entry or Folder is the latest of its logicalID; True for other objects."""
        logical_id = self.known.logical_ids.get(entry_uuid)
        latest = self.known.latest.get(logical_id or "")
        return latest is None or latest.entry_uuid == entry_uuid

    def _memberships(self, object_id: str) -> Iterator[Association]:
        key = object_key(object_id)
        for item in self.submission.associations:
            if (
                item.association_type == AssociationType.HAS_MEMBER
                and object_key(item.source) == self.set_id
                and object_key(item.target) == key
            ):
                yield item

    def _triggers(self, kind: UpdateTrigger) -> Iterator[Association]:
        return (item for item in self.submission.associations if item.association_type == kind)

    def _status_update(self, trigger: Association) -> StatusUpdate:
        key = object_key(trigger.target)
        version = self.new_version(key)
        association = self.known.associations.get(key)
        registered = self.facts.objects.get(key)
        current = None
        if version is not None:
            current = AvailabilityStatus.APPROVED
        elif association is not None:
            current = association.availability_status
        elif registered is not None:
            current = registered.status
        return StatusUpdate(
            trigger=trigger,
            kind=self.kind(trigger.target),
            new_version=version,
            entry_uuid=key,
            current=current,
        )


def slot_values(item: Association, name: UpdateSlot) -> tuple[str, ...]:
    """The values of a Slot of an association; none when it is not there."""
    return tuple(value for slot in item.extra_slots if slot.name == name for value in slot.values)


def is_update_association(item: Association) -> bool:
    """Tell whether an association has a meaning in ITI-57 only: an order, or a HasMember to a new version."""
    return item.association_type in list(UpdateTrigger) or bool(
        slot_values(item, UpdateSlot.PREVIOUS_VERSION)
    )


def check_update(
    rules: tuple[Rule[UpdateCase], ...], submission: Submission, facts: UpdateFacts, policy: RulePolicy
) -> list[XdsError]:
    """Judge an update as it was sent, symbolic ids and all, and return every finding that the sender may know."""
    return ownership.told(run(rules, UpdateCase(submission, facts, policy), policy))
