"""What ITI-57 and ITI-92 ask of a new version alike; each transaction answers with error codes of its own.

XDS Metadata Update 3.57.4.1.3.3.1 (DocumentEntry) and .3 (Folder), RMU 3.92.4.1.2.2.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from xds.model import (
    DocumentEntry,
    UpdateSlot,
    is_symbolic,
    is_uuid_urn,
)
from xds.rules.case import RegistrationCase
from xds.rules.registration import REGISTRATION
from xds.rules.rule import Found, Rule
from xds.rules.update_case import NewVersion, UpdateCase, slot_values
from xds.rules.wording import quoted

METADATA: Final[tuple[Rule[RegistrationCase], ...]] = tuple(
    rule for rule in REGISTRATION if "ITI-57" in rule.transactions
)
"""Rules of ITI-42 that hold for the objects of an update as well: a new version brings all its metadata."""


def updates(case: UpdateCase) -> Iterator[NewVersion]:
    """The new versions that can be compared with what is registered."""
    return (item for item in case.new_versions if not item.is_initial)


def superseding(case: UpdateCase) -> Iterator[tuple[NewVersion, DocumentEntry]]:
    """The new versions of DocumentEntries, each with the registered version before it."""
    for version in updates(case):
        if isinstance(version.item, DocumentEntry) and isinstance(version.latest, DocumentEntry):
            yield version, version.latest


def initial_version(case: UpdateCase) -> Iterator[Found]:
    """A first version is registered by ITI-42; an update has the logicalID of a registered object."""
    for version in case.new_versions:
        if version.is_initial:
            object_id = version.item.entry_uuid
            yield f"{object_id} lid", f"{object_id} is an initial version: lid is missing or its own id"


def logical_id_form(case: UpdateCase) -> Iterator[Found]:
    """A UUID, never symbolic."""
    for version in updates(case):
        if not is_uuid_urn(version.logical_id):
            lid = version.item.logical_id or ""
            what = "symbolic" if is_symbolic(lid) else "no UUID"
            yield f"{version.item.entry_uuid} lid", f"{version.item.entry_uuid}: lid {quoted(lid)} is {what}"


def version_twice(case: UpdateCase) -> Iterator[Found]:
    """Each logical object is updated once in a request."""
    counts = Counter(version.logical_id for version in updates(case))
    said: set[str] = set()
    for version in updates(case):
        lid = version.logical_id
        if counts[lid] > 1 and lid not in said:
            said.add(lid)
            object_id = version.item.entry_uuid
            yield f"{object_id} lid", f"{object_id} and {counts[lid] - 1} more objects are versions of {lid}"


def membership(case: UpdateCase) -> Iterator[Found]:
    """The HasMember is the trigger of the update."""
    for version in case.new_versions:
        if len(version.memberships) != 1:
            object_id = version.item.entry_uuid
            yield (
                f"{object_id} HasMember",
                f"{object_id} has {len(version.memberships)} HasMember associations from the SubmissionSet",
            )


def previous_version(case: UpdateCase) -> Iterator[Found]:
    """One whole number; without a HasMember there is another finding."""
    for version in updates(case):
        if not version.memberships:
            continue
        if version.previous is None:
            values = version.annotation(UpdateSlot.PREVIOUS_VERSION)
            found = "is missing" if not values else f"is {', '.join(map(quoted, values[:3]))}"
            where = version.memberships[0].entry_uuid
            yield f"{where} PreviousVersion", f"{version.item.entry_uuid}: PreviousVersion {found}"


def propagation(case: UpdateCase) -> Iterator[Found]:
    """yes or no, once; yes when it is not said."""
    for version in case.new_versions:
        for item in version.memberships:
            values = slot_values(item, UpdateSlot.ASSOCIATION_PROPAGATION)
            if values not in ((), ("yes",), ("no",)):
                yield (
                    f"{item.entry_uuid} AssociationPropagation",
                    f"{version.item.entry_uuid}: AssociationPropagation is"
                    f" {', '.join(map(quoted, values[:3]))}",
                )


def is_registered(version: NewVersion) -> bool:
    """Tell whether the version before is registered, and of the same kind."""
    return version.latest is not None and type(version.latest) is type(version.item)


def not_registered(versions: Iterable[NewVersion]) -> Iterator[Found]:
    """Say of each version whose logicalID names nothing of its kind."""
    for version in versions:
        if is_uuid_urn(version.logical_id) and not is_registered(version):
            kind = type(version.item).__name__
            yield (
                f"{version.item.entry_uuid} lid",
                f"{version.item.entry_uuid}: no {kind} with the logicalID {version.logical_id} is registered",
            )


def latest_version(case: UpdateCase) -> Iterator[Found]:
    """The sender saw the latest version: who updates what another has updated meanwhile is told."""
    for version in updates(case):
        latest, previous = version.latest, version.previous
        if latest is None or previous is None or not is_registered(version):
            continue
        if previous != latest.version:
            where = version.memberships[0].entry_uuid
            yield (
                f"{where} PreviousVersion",
                f"{version.item.entry_uuid}: PreviousVersion is {previous}, but the latest version is"
                f" {latest.version}",
            )


def unique_id(case: UpdateCase) -> Iterator[Found]:
    """It is the same document, or the same Folder."""
    for version in updates(case):
        latest = version.latest
        if latest is None or not is_registered(version) or not version.item.unique_id:
            continue
        if latest.unique_id != version.item.unique_id:
            yield (
                f"{version.item.entry_uuid} uniqueId",
                f"{version.item.entry_uuid}: uniqueId is {quoted(version.item.unique_id)}, but"
                f" {quoted(latest.unique_id or '')} in the version before",
            )


def object_type(case: UpdateCase) -> Iterator[Found]:
    """Stable stays Stable, On-Demand stays On-Demand."""
    for version, latest in superseding(case):
        assert isinstance(version.item, DocumentEntry)  # noqa: S101  # superseding saw to it
        if version.item.object_type != latest.object_type:
            yield (
                f"{version.item.entry_uuid} objectType",
                f"{version.item.entry_uuid}: objectType is {quoted(version.item.object_type)}, but"
                f" {latest.object_type} in the version before",
            )


REMEDIES: Final = {
    "initial": "Send the lid of the registered object and an id of its own; ITI-42 registers new objects",
    "form": "Send the logicalID that the registry returned as lid, urn:uuid: and a UUID",
    "twice": "Send one new version of each object",
    "membership": "Send one HasMember from the SubmissionSet to each new version",
    "previous": "Send Slot PreviousVersion once, with the number of the version that is superseded",
    "propagation": "Send yes or no, or leave the Slot out, which means yes",
    "registered": "Query the registry for the object's lid (with $MetadataLevel 2) and send that",
    "latest": "Query the latest version, apply the change to it and send its number",
    "unique_id": "Send the uniqueId of the version before; for another document use ITI-42 and RPLC",
    "object_type": "Send the objectType of the version before",
}
