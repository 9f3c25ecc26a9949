"""What an update without errors does: new versions made, older ones Deprecated, associations taken over.

XDS Metadata Update 3.57.4.1.3.3; ITI-92 likewise, but for the status of the new version (CP 1190).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

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
    new_uuid_urn,
)
from xds.rules.case import object_key
from xds.rules.effects import assign_entry_uuids, has_member
from xds.rules.rule import RulePolicy
from xds.rules.update_case import NewVersion, UpdateCase, slot_values


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateEffects:
    """What is stored and what is changed; ids are entryUUIDs of registered objects."""

    submission: Submission  # ids, versions and statuses as they are stored, without the orders
    superseded: tuple[str, ...] = ()  # entries and Folders that have a new version: Deprecated
    statuses: Mapping[str, AvailabilityStatus]  # of entries, Folders and Associations, by order
    updated_folders: tuple[str, ...] = ()  # Folders whose lastUpdateTime is now


def effects_of_update(
    submission: Submission, facts: UpdateFacts, policy: RulePolicy, *, keeps_status: bool = False
) -> UpdateEffects:
    """Return what an update does (3.57.4.1.3.3).

    Parameters
    ----------
    keeps_status
        A new version has the status of the one before it, as ITI-92 has it; else it is Approved.
    """
    case = UpdateCase(assign_entry_uuids(submission), facts, policy)
    ordered = dict(_ordered_statuses(case))
    made = [_made(version, ordered, keeps_status) for version in case.new_versions]
    added = [*_submitted(case), *_taken_over(case)]
    associations = [*_memberships(case), *added, *_members_of_set(case, added)]
    stored = replace(
        case.submission,
        document_entries=tuple(item for item in made if isinstance(item, DocumentEntry)),
        folders=tuple(item for item in made if isinstance(item, Folder)),
        associations=tuple(associations),
        object_refs=(),
    )
    return UpdateEffects(
        submission=stored,
        superseded=tuple(item.latest.entry_uuid for item in case.new_versions if item.latest is not None),
        statuses={
            item.entry_uuid: ordered[item.entry_uuid]
            for item in case.status_updates
            if item.new_version is None
        },
        updated_folders=tuple(dict.fromkeys(_registered_folders(case, added))),
    )


def _ordered_statuses(case: UpdateCase) -> Iterator[tuple[str, AvailabilityStatus]]:
    for item in case.status_updates:
        (status,) = slot_values(item.trigger, UpdateSlot.NEW_STATUS)
        subject = item.entry_uuid if item.new_version is None else item.new_version.item.entry_uuid
        yield subject, AvailabilityStatus(status)


def _made(
    version: NewVersion, ordered: Mapping[str, AvailabilityStatus], keeps_status: bool
) -> DocumentEntry | Folder:
    item, latest = version.item, version.latest
    assert latest is not None  # noqa: S101  # the rules saw to it
    status = latest.availability_status if keeps_status else AvailabilityStatus.APPROVED
    return replace(
        item,
        version=latest.version + 1,
        logical_id=version.logical_id,
        availability_status=ordered.get(item.entry_uuid, status),
    )


def _memberships(case: UpdateCase) -> Iterator[Association]:
    """The HasMember associations as they were sent: of new versions, and of submitted Folder memberships."""
    for item in case.submission.associations:
        if item.association_type == AssociationType.HAS_MEMBER and object_key(item.source) == case.set_id:
            yield item


def _submitted(case: UpdateCase) -> Iterator[Association]:
    wanted = {item.association.entry_uuid for item in case.submitted if item.association is not None}
    return (item for item in case.submission.associations if item.entry_uuid in wanted)


def _taken_over(case: UpdateCase) -> Iterator[Association]:
    """Copies of the associations of superseded versions, with the new version at their end (3.57.4.1.3.3.1.5)."""
    heirs: dict[str, str | None] = {}
    for version in case.new_versions:
        assert version.latest is not None  # noqa: S101  # the rules saw to it
        heirs[version.latest.entry_uuid] = version.item.entry_uuid if version.propagates else None
    seen: set[str] = set()
    for old in heirs:
        for item in case.known.connections.get(old, ()):
            if item.entry_uuid in seen:
                continue
            seen.add(item.entry_uuid)
            source, target = heirs.get(item.source, item.source), heirs.get(item.target, item.target)
            # An end without heir is left behind with its old associations.
            if source is not None and target is not None:
                yield replace(
                    item,
                    entry_uuid=new_uuid_urn(),
                    source=source,
                    target=target,
                    availability_status=AvailabilityStatus.APPROVED,
                )


def _members_of_set(case: UpdateCase, added: list[Association]) -> Iterator[Association]:
    """The SubmissionSet's HasMember to each new Folder membership (ITI TF-3 4.2.2.1.3), if it was not sent."""
    sent = {item.target for item in _memberships(case)}
    for item in added:
        if item.association_type == AssociationType.HAS_MEMBER and item.entry_uuid not in sent:
            yield has_member(case.set_id, item.entry_uuid)


def _registered_folders(case: UpdateCase, added: list[Association]) -> Iterator[str]:
    for item in added:
        if item.association_type != AssociationType.HAS_MEMBER:
            continue
        known = case.facts.objects.get(item.source)
        if item.source not in case.by_key and (known is None or known.kind is ObjectKind.FOLDER):
            yield item.source
