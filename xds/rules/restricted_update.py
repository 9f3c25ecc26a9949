"""Rules of ITI-92 Restricted Update Document Set: one new version of each DocumentEntry, nothing else (RMU 3.92)."""

from collections.abc import Iterator
from typing import Final

from xds.model import (
    AssociationType,
    DocumentAvailability,
    DocumentEntry,
    InvalidRequest,
    MetadataAnnotationError,
    MetadataIdentifierError,
    MetadataUpdateError,
    MetadataVersionError,
    ObjectTypeError,
    PatientIdReconciliationError,
    RegistryError,
    UnknownCommunity,
    UnmodifiableMetadata,
    UnresolvedReference,
    UpdateTrigger,
    oid_urn,
)
from xds.rules import ownership, versions
from xds.rules.case import object_key
from xds.rules.rule import Found, Rule, RuleBook
from xds.rules.update_case import UpdateCase
from xds.rules.versions import REMEDIES
from xds.rules.wording import quoted

BOOK: Final[RuleBook[UpdateCase]] = RuleBook("RMU 3.92.4.1.2.2", ("ITI-92",))

_UNMODIFIABLE: Final = (
    ("sourcePatientId", "source_patient_id", None),
    ("repositoryUniqueId", "repository_unique_id", None),
    ("documentAvailability", "document_availability", DocumentAvailability.ONLINE.value),
    # The document stays as it is: its hash and size with it.
    ("hash", "hash", None),
    ("size", "size", None),
)
"""Attribute, its field, and what its absence means."""


@BOOK.rule(
    "92-nothing-asked",
    error=MetadataUpdateError,
    title="A restricted update brings a new version of a DocumentEntry.",
    remedy="Send the DocumentEntry with all its metadata, its lid, and a HasMember with PreviousVersion",
    essential=True,
)
def nothing_asked(case: UpdateCase) -> Iterator[Found]:
    """The SubmissionSet alone changes nothing."""
    if not case.submission.document_entries:
        owner = case.set_id or "SubmissionSet"
        yield f"{owner} SubmissionSet", f"{owner}: the request has no DocumentEntry"


@BOOK.rule(
    "92-status",
    error=UnmodifiableMetadata,
    title="A restricted update changes no availabilityStatus.",
    remedy="Use ITI-57, Update Document Set, for it",
    essential=True,
)
def status(case: UpdateCase) -> Iterator[Found]:
    """Of no kind of object."""
    for item in case.status_updates:
        owner = item.trigger.entry_uuid
        yield f"{owner} associationType", f"{owner}: UpdateAvailabilityStatus is not allowed"


@BOOK.rule(
    "92-only-entries",
    error=MetadataUpdateError,
    title="A restricted update brings no Folders and no associations but the HasMember of its entries.",
    remedy="Use ITI-57, Update Document Set, for them",
    essential=True,
)
def only_entries(case: UpdateCase) -> Iterator[Found]:
    """Folders, SubmitAssociation, relationships and other memberships."""
    for folder in case.submission.folders:
        yield f"{folder.entry_uuid} Folder", f"{folder.entry_uuid}: a Folder cannot be updated"
    for item in case.submission.associations:
        if item.association_type == UpdateTrigger.UPDATE_AVAILABILITY_STATUS or not item.association_type:
            continue
        if (
            item.association_type != AssociationType.HAS_MEMBER
            or object_key(item.source) != case.set_id
            or case.submitted_entry(item.target) is None
        ):
            kind = quoted(item.association_type.rpartition(":")[2])
            yield (
                f"{item.entry_uuid} associationType",
                f"{item.entry_uuid}: an association {kind} is not allowed",
            )


for _id, _error, _title, _remedy, _find in (
    ("initial-version", InvalidRequest, "An update brings no initial version.", "initial",
     versions.initial_version),
    ("logical-id", MetadataUpdateError, "lid is a UUID.", "form", versions.logical_id_form),
    ("version-twice", MetadataUpdateError, "An entry is updated once in a request.", "twice",
     versions.version_twice),
    ("member", MetadataAnnotationError, "A new version has one HasMember from the SubmissionSet.", "membership",
     versions.membership),
    ("previous-version", MetadataAnnotationError, "The HasMember says which version is superseded.", "previous",
     versions.previous_version),
    ("propagation", MetadataAnnotationError, "AssociationPropagation is yes or no.", "propagation",
     versions.propagation),
    ("latest-version", MetadataVersionError, "PreviousVersion is the latest version.", "latest",
     versions.latest_version),
    ("unique-id", MetadataIdentifierError, "The uniqueId is that of the version before.", "unique_id",
     versions.unique_id),
    ("object-type", ObjectTypeError, "The objectType is that of the version before.", "object_type",
     versions.object_type),
):  # fmt: skip
    BOOK.rule(f"92-{_id}", error=_error, title=_title, remedy=REMEDIES[_remedy], essential=True)(_find)


@BOOK.rule(
    "92-registered",
    error=UnresolvedReference,
    title="A DocumentEntry with that logicalID is registered.",
    remedy=REMEDIES["registered"],
    essential=True,
)
def registered(case: UpdateCase) -> Iterator[Found]:
    """Folders are refused by another rule."""
    return versions.not_registered(
        item for item in versions.updates(case) if isinstance(item.item, DocumentEntry)
    )


@BOOK.rule(
    "92-patient",
    error=PatientIdReconciliationError,
    title="The patientId is that of the version before.",
    remedy="Send the patientId of the version before; another patient's needs ITI-57",
    essential=True,
)
def patient(case: UpdateCase) -> Iterator[Found]:
    """On the SubmissionSet too; merges considered. The registered patient is not told."""
    sets = [case.survivor(item.patient_id) for item in case.submission.submission_sets[:1]]
    for version, latest in versions.superseding(case):
        before, object_id = case.survivor(latest.patient_id), version.item.entry_uuid
        for who, mine in (
            ("", case.survivor(version.item.patient_id)),
            *[(" of the SubmissionSet", x) for x in sets],
        ):
            if mine is not None and before is not None and mine != before and not case.is_subsumed(mine):
                yield f"{object_id} patientId", f"{object_id}: the patientId{who} is another patient's"


@BOOK.rule(
    "92-unmodifiable",
    error=UnmodifiableMetadata,
    title="sourcePatientId, repositoryUniqueId, documentAvailability, hash and size stay as they are.",
    remedy="Send the value of the version before; changing it needs ITI-57, Update Document Set",
    essential=True,
)
def unmodifiable(case: UpdateCase) -> Iterator[Found]:
    """Values are not told: sourcePatientId is a patient's."""
    for version, latest in versions.superseding(case):
        for name, field, absent in _UNMODIFIABLE:
            if (getattr(version.item, field) or absent) != (getattr(latest, field) or absent):
                object_id = version.item.entry_uuid
                yield f"{object_id} {name}", f"{object_id}: {name} differs from the version before"


@BOOK.rule(
    "92-community",
    error=UnknownCommunity,
    title="The entry is one of this community.",
    remedy="Leave homeCommunityId out, or send the request to that community: none is forwarded here",
    essential=True,
)
def community(case: UpdateCase) -> Iterator[Found]:
    """The Forward Update Option is not offered."""
    ours = case.policy.home_community_id
    for item in case.objects:
        home = item.home_community_id
        if home and ours is not None and oid_urn(home) != oid_urn(ours):
            yield (
                f"{item.entry_uuid} homeCommunityId",
                f"{item.entry_uuid}: {quoted(home)} is another community",
            )


@BOOK.rule(
    "92-own-objects",
    error=RegistryError,
    section=ownership.SECTION,
    title="A partner updates its own documents.",
    remedy=ownership.OBJECTS_REMEDY,
    essential=True,
)
def own_objects(case: UpdateCase) -> Iterator[Found]:
    """ITI-92 has new versions only."""
    changed = [item.latest.entry_uuid for item in case.new_versions if item.latest is not None]
    yield from ownership.strange_objects(map(case.facts.objects.get, changed), case.policy.owner)


RESTRICTED_UPDATE_ONLY: Final[tuple[Rule[UpdateCase], ...]] = BOOK.rules
"""Those that no other transaction has."""
RESTRICTED_UPDATE: Final[tuple[Rule[UpdateCase], ...]] = (
    *[rule for rule in versions.METADATA if "ITI-92" in rule.transactions],
    *RESTRICTED_UPDATE_ONLY,
)
"""The rules of ITI-92, in the order in which they are run and reported."""
