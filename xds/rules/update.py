"""Rules of ITI-57 on new versions and on what the request asks for (XDS Metadata Update 3.57.4.1.3)."""

from collections.abc import Iterator
from typing import Final

from xds.model import (
    RELATIONSHIPS,
    AssociationType,
    AvailabilityStatus,
    DocumentEntry,
    Folder,
    MetadataUpdateError,
    MetadataUpdateOperationError,
    MetadataVersionError,
    NonIdenticalHash,
    PatientIdReconciliationError,
    RegistryError,
    UpdateTrigger,
)
from xds.rules import ownership, update_associations, update_status, versions
from xds.rules.case import object_key
from xds.rules.rule import Found, Rule, RuleBook
from xds.rules.update_case import UpdateCase
from xds.rules.versions import REMEDIES
from xds.rules.wording import quoted

BOOK: Final[RuleBook[UpdateCase]] = RuleBook("XDS Metadata Update 3.57.4.1.3.3.1", ("ITI-57",))
_PLANNING: Final = "XDS Metadata Update 3.57.4.1.3.1"
_OPERATIONS: Final = "XDS Metadata Update 3.57.4.1.3.3"


@BOOK.rule(
    "57-nothing-asked",
    error=MetadataUpdateOperationError,
    section=_OPERATIONS,
    title="An update asks for at least one operation.",
    remedy=(
        "Send a new version with its HasMember, an UpdateAvailabilityStatus, or a SubmitAssociation with its"
        " association"
    ),
)
def nothing_asked(case: UpdateCase) -> Iterator[Found]:
    """The SubmissionSet alone changes nothing."""
    if not (case.new_versions or case.status_updates or case.submitted or case.submission.associations):
        owner = case.set_id or "SubmissionSet"
        yield f"{owner} SubmissionSet", f"{owner}: the request asks for no operation"


@BOOK.rule(
    "57-operation",
    error=MetadataUpdateOperationError,
    section=_OPERATIONS,
    title="Every association is part of an operation.",
    remedy=(
        "Send HasMember from the SubmissionSet to a new version, UpdateAvailabilityStatus to a registered object, or"
        " SubmitAssociation to the association that is to be added"
    ),
    essential=True,
)
def operation(case: UpdateCase) -> Iterator[Found]:
    """What belongs to no operation cannot be carried out: ITI-57 adds no documents and no references to them."""
    submitted = {object_key(item.trigger.target) for item in case.submitted}
    triggers = frozenset(UpdateTrigger)
    for item in case.submission.associations:
        key, kind = object_key(item.entry_uuid), item.association_type
        if not kind or kind in triggers or key in submitted:
            continue
        if kind == AssociationType.HAS_MEMBER and object_key(item.source) == case.set_id:
            target = object_key(item.target)
            if isinstance(case.by_key.get(target), DocumentEntry | Folder) or target in submitted:
                continue
            where = f"{item.entry_uuid} targetObject"
            yield where, f"{item.entry_uuid}: {item.target} is no new version of this request"
        elif kind == AssociationType.HAS_MEMBER or kind in RELATIONSHIPS:
            yield f"{item.entry_uuid} associationType", f"No SubmitAssociation leads to {item.entry_uuid}"
        else:
            where = f"{item.entry_uuid} associationType"
            yield where, f"{item.entry_uuid}: {quoted(kind)} is not known here"


for _id, _error, _title, _remedy, _section, _find in (
    ("initial-version", MetadataUpdateError, "An update brings no initial version.", "initial", _PLANNING,
     versions.initial_version),
    ("logical-id", MetadataUpdateError, "lid is a UUID.", "form", "", versions.logical_id_form),
    ("version-twice", MetadataUpdateOperationError, "An object is updated once in a request.", "twice", _PLANNING,
     versions.version_twice),
    ("member", MetadataUpdateError, "A new version has one HasMember from the SubmissionSet.", "membership", "",
     versions.membership),
    ("previous-version", MetadataUpdateError, "The HasMember says which version is superseded.", "previous", "",
     versions.previous_version),
    ("propagation", MetadataUpdateError, "AssociationPropagation is yes or no.", "propagation",
     "XDS Metadata Update 3.57.4.1.3.3.1.5", versions.propagation),
    ("latest-version", MetadataVersionError, "PreviousVersion is the latest version.", "latest", "",
     versions.latest_version),
    ("unique-id", MetadataUpdateError, "The uniqueId is that of the version before.", "unique_id", "",
     versions.unique_id),
    ("object-type", MetadataUpdateError, "The objectType is that of the version before.", "object_type", "",
     versions.object_type),
):  # fmt: skip
    BOOK.rule(
        f"57-{_id}", error=_error, section=_section, title=_title, remedy=REMEDIES[_remedy], essential=True
    )(_find)


@BOOK.rule(
    "57-entry-registered",
    error=MetadataVersionError,
    title="A DocumentEntry with that logicalID is registered.",
    remedy=REMEDIES["registered"],
    essential=True,
)
def entry_registered(case: UpdateCase) -> Iterator[Found]:
    """The code of the entry differs from that of the Folder."""
    return versions.not_registered(
        item for item in versions.updates(case) if isinstance(item.item, DocumentEntry)
    )


@BOOK.rule(
    "57-folder-registered",
    error=MetadataUpdateError,
    section="XDS Metadata Update 3.57.4.1.3.3.3.2",
    title="A Folder with that logicalID is registered.",
    remedy=REMEDIES["registered"],
    essential=True,
)
def folder_registered(case: UpdateCase) -> Iterator[Found]:
    """A DocumentEntry with that logicalID is no Folder."""
    return versions.not_registered(item for item in versions.updates(case) if isinstance(item.item, Folder))


@BOOK.rule(
    "57-approved",
    error=MetadataUpdateError,
    title="The version before is Approved.",
    remedy="Update the status to Approved first, or update the entry that replaced this one",
    essential=True,
)
def approved(case: UpdateCase) -> Iterator[Found]:
    """A replaced document is not updated; ITI-92 may (CP 1190)."""
    for version in versions.updates(case):
        latest = version.latest
        if (
            latest is not None
            and versions.is_registered(version)
            and latest.availability_status is AvailabilityStatus.DEPRECATED
        ):
            object_id = version.item.entry_uuid
            yield f"{object_id} lid", f"{object_id}: the latest version, {latest.entry_uuid}, is Deprecated"


@BOOK.rule(
    "57-shared-document",
    error=NonIdenticalHash,
    section="ITI TF-2 3.42.4.1.3.3.1",
    title="hash and size change only where the document has one entry.",
    remedy="Send the hash and size of the version before: other entries have the same uniqueId",
    essential=True,
)
def shared_document(case: UpdateCase) -> Iterator[Found]:
    """They change when a delayed document was assembled (ITI TF-2 3.43.4.1.3.2)."""
    for version, latest in versions.superseding(case):
        item = version.item
        assert isinstance(item, DocumentEntry)  # noqa: S101  # superseding saw to it
        if item.unique_id not in case.known.shared_unique_ids:
            continue
        for name in ("hash", "size"):
            if getattr(item, name) != getattr(latest, name):
                yield f"{item.entry_uuid} {name}", f"{item.unique_id} is registered with another {name}"


@BOOK.rule(
    "57-same-patient",
    error=PatientIdReconciliationError,
    section=_PLANNING,
    title="The SubmissionSet and what it updates have the same patient.",
    remedy="Send one request per patient, with that patient's id on the SubmissionSet",
    essential=True,
)
def same_patient(case: UpdateCase) -> Iterator[Found]:
    """Merges considered. The patient of a registered object is not told."""
    for submission_set in case.submission.submission_sets[:1]:
        wanted = case.survivor(submission_set.patient_id)
        if wanted is None:
            continue
        for version in case.new_versions:
            mine = case.survivor(version.item.patient_id)
            if mine is not None and mine != wanted:
                object_id = version.item.entry_uuid
                yield f"{object_id} patientId", f"{object_id}: the SubmissionSet has another patient"
        for trigger, end in (
            *[
                (item.trigger, item.trigger.target)
                for item in case.status_updates
                if item.new_version is None
            ],
            *[
                (item.trigger, end)
                for item in case.submitted
                if item.association is not None
                for end in (item.association.source, item.association.target)
            ],
        ):
            patient = case.patient_of(end)
            if patient is not None and patient != wanted:
                owner = trigger.entry_uuid
                yield f"{owner} targetObject", f"{owner}: {end} is of another patient than the SubmissionSet"


@BOOK.rule(
    "57-patient-connected",
    error=PatientIdReconciliationError,
    section="XDS Metadata Update 3.57.4.1.3.3.1.7, .3.7",
    title="Only an object without associations to others gets another patient.",
    remedy="Send AssociationPropagation no, so that the new version is not linked, or leave patientId as it is",
    essential=True,
)
def patient_connected(case: UpdateCase) -> Iterator[Found]:
    """What the new version takes over would link objects of two patients."""
    for version in versions.updates(case):
        latest = version.latest
        if latest is None or not versions.is_registered(version) or not version.propagates:
            continue
        before, after = case.survivor(latest.patient_id), case.survivor(version.item.patient_id)
        # Of an id that was merged away another rule says so.
        if before is None or after is None or before == after or case.is_subsumed(after):
            continue
        count = len(case.known.connections.get(latest.entry_uuid, ()))
        if count:
            object_id = version.item.entry_uuid
            yield (
                f"{object_id} patientId",
                f"{object_id}: patientId changes, but {count} associations link the object with others",
            )


@BOOK.rule(
    "57-own-objects",
    error=RegistryError,
    section=ownership.SECTION,
    title="A partner updates its own objects.",
    remedy=ownership.OBJECTS_REMEDY,
    essential=True,
)
def own_objects(case: UpdateCase) -> Iterator[Found]:
    """New versions and statuses; what associations are added between is judged as in a registration."""
    changed = [item.latest.entry_uuid for item in case.new_versions if item.latest is not None]
    changed += [item.entry_uuid for item in case.status_updates if item.new_version is None]
    yield from ownership.strange_objects(map(case.facts.objects.get, changed), case.policy.owner)


UPDATE_ONLY: Final[tuple[Rule[UpdateCase], ...]] = (
    *BOOK.rules,
    *update_status.BOOK.rules,
    *update_associations.BOOK.rules,
)
"""Those that no other transaction has."""
UPDATE: Final[tuple[Rule[UpdateCase], ...]] = (*versions.METADATA, *UPDATE_ONLY)
"""The rules of ITI-57, in the order in which they are run and reported."""
