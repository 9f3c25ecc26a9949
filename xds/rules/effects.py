"""What the registry itself does when it accepts a submission (ITI TF-2 3.42.4.1.3.5 to .7)."""

from dataclasses import dataclass, replace
from typing import Any, TypeVar

from xds.model import (
    REPLACEMENTS,
    Association,
    AssociationType,
    AvailabilityStatus,
    ObjectKind,
    RegistryFacts,
    Submission,
    SubmissionSet,
    is_symbolic,
    new_uuid_urn,
)
from xds.rules.case import object_key, registry_objects

T = TypeVar("T", SubmissionSet, Association)


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """Changes beside the submitted objects themselves."""

    deprecated: tuple[str, ...] = ()  # entryUUIDs of registered entries that become Deprecated
    associations: tuple[Association, ...] = ()  # made by the registry: FD-DE, each followed by its SS-HM
    updated_folders: tuple[str, ...] = ()  # entryUUIDs of registered Folders whose lastUpdateTime is now


def is_self_contained(submission: Submission) -> bool:
    """Tell whether a submission refers to nothing but what it brings along."""
    brought = {item.entry_uuid for item in (*registry_objects(submission), *submission.associations)}
    return brought.issuperset([end for item in submission.associations for end in (item.source, item.target)])


def assign_entry_uuids(submission: Submission) -> Submission:
    """Give every object the id, status and version under which it is registered (3.42.4.1.3.7, 4.2.3.2.2).

    One symbolic id becomes one UUID wherever it stands; a UUID is kept, in lower case. logicalID is the
    object's own id and the version 1, as on every first version; the status is Approved whatever was sent.
    """
    ids: dict[str, str] = {}
    for item in (*registry_objects(submission), *submission.associations):
        object_id = item.entry_uuid
        ids.setdefault(object_id, new_uuid_urn() if is_symbolic(object_id) else object_id.lower())

    def assigned(object_id: str) -> str:
        return ids.get(object_id) or object_key(object_id)

    approved = AvailabilityStatus.APPROVED
    return replace(
        submission,
        submission_sets=tuple(
            _with(item, entry_uuid=assigned(item.entry_uuid), availability_status=approved)
            for item in submission.submission_sets
        ),
        document_entries=tuple(
            replace(
                item,
                entry_uuid=assigned(item.entry_uuid),
                logical_id=assigned(item.logical_id or item.entry_uuid),
                version=1,
                availability_status=approved,
            )
            for item in submission.document_entries
        ),
        folders=tuple(
            replace(
                item,
                entry_uuid=assigned(item.entry_uuid),
                logical_id=assigned(item.logical_id or item.entry_uuid),
                version=1,
                availability_status=approved,
            )
            for item in submission.folders
        ),
        associations=tuple(
            _with(
                item,
                entry_uuid=assigned(item.entry_uuid),
                source=assigned(item.source),
                target=assigned(item.target),
                availability_status=approved,
            )
            for item in submission.associations
        ),
        object_refs=tuple(assigned(item) for item in submission.object_refs),
    )


def _with(item: T, **values: Any) -> T:
    """An object with other values; the object itself when they are its own, as most often."""
    changed = any(getattr(item, name) != value for name, value in values.items())
    return replace(item, **values) if changed else item


def effects_of(submission: Submission, facts: RegistryFacts) -> Effects:
    """Return what a submission without errors does to what is registered (3.42.4.1.3.5, .6).

    Parameters
    ----------
    submission
        With its UUIDs assigned. New Folders are not among `updated_folders`: they are dated when stored.
    """
    deprecated: dict[str, None] = {}  # a dict keeps the order and drops repetitions
    placed = {
        (item.source, item.target)
        for item in submission.associations
        if item.association_type == AssociationType.HAS_MEMBER
    }
    updated = dict.fromkeys(_registered_folders(submission, facts))
    created: list[Association] = []
    for item in submission.associations:
        if item.association_type not in REPLACEMENTS:
            continue
        deprecated[item.target] = None
        deprecated.update(dict.fromkeys(facts.dependents.get(item.target, ())))
        for folder in facts.folders_of.get(item.target, ()):
            # The sender may have put the replacement into the folder itself, or replace two of its entries.
            if (folder.entry_uuid, item.source) in placed:
                continue
            placed.add((folder.entry_uuid, item.source))
            updated[folder.entry_uuid] = None
            member = has_member(folder.entry_uuid, item.source)
            created += (member, has_member(submission.submission_set.entry_uuid, member.entry_uuid))
    return Effects(deprecated=tuple(deprecated), associations=tuple(created), updated_folders=tuple(updated))


def _registered_folders(submission: Submission, facts: RegistryFacts) -> list[str]:
    """The registered Folders into which the submission itself puts a DocumentEntry."""
    return [
        item.source
        for item in submission.associations
        if item.association_type == AssociationType.HAS_MEMBER
        and (known := facts.objects.get(item.source)) is not None
        and known.kind is ObjectKind.FOLDER
    ]


def has_member(source: str, target: str) -> Association:
    """A membership that the registry makes itself."""
    return Association(
        entry_uuid=new_uuid_urn(),
        association_type=AssociationType.HAS_MEMBER.value,
        source=source,
        target=target,
    )
