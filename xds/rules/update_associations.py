"""Rules of ITI-57 on SubmitAssociation (XDS Metadata Update 3.57.4.1.3.3.6)."""

from collections.abc import Iterator
from typing import Final

from xds.model import (
    RELATIONSHIPS,
    Association,
    AssociationType,
    AvailabilityStatus,
    MetadataUpdateError,
    MetadataUpdateOperationError,
    ObjectKind,
    PatientIdReconciliationError,
    is_symbolic,
)
from xds.rules.case import object_key
from xds.rules.rule import Found, RuleBook
from xds.rules.update_case import UpdateCase
from xds.rules.wording import quoted

BOOK: Final[RuleBook[UpdateCase]] = RuleBook("XDS Metadata Update 3.57.4.1.3.3.6", ("ITI-57",))


def _submitted(case: UpdateCase) -> Iterator[Association]:
    seen: set[str] = set()
    for item in case.submitted:
        if item.association is not None and item.association.entry_uuid not in seen:
            seen.add(item.association.entry_uuid)
            yield item.association


def _ends(item: Association) -> tuple[tuple[str, str], tuple[str, str]]:
    return (("sourceObject", item.source), ("targetObject", item.target))


@BOOK.rule(
    "57-submit-trigger",
    error=MetadataUpdateError,
    title="SubmitAssociation leads from the SubmissionSet to an association of the request.",
    remedy="Let sourceObject be the id of the SubmissionSet, targetObject that of the association to be added",
    essential=True,
)
def submit_trigger(case: UpdateCase) -> Iterator[Found]:
    """The association is new; one that is registered is there already."""
    triggers = {object_key(item.trigger.entry_uuid) for item in case.submitted}
    triggers |= {object_key(item.trigger.entry_uuid) for item in case.status_updates}
    for item in case.submitted:
        owner = item.trigger.entry_uuid
        if object_key(item.trigger.source) != case.set_id:
            yield f"{owner} sourceObject", f"{owner}: {item.trigger.source} is not the SubmissionSet"
        if item.association is None or object_key(item.association.entry_uuid) in triggers:
            yield f"{owner} targetObject", f"{owner}: {item.trigger.target} is no association of this request"


@BOOK.rule(
    "57-submit-ends",
    error=MetadataUpdateError,
    title="Both ends of a submitted association are registered.",
    remedy="Let sourceObject and targetObject be entryUUIDs of registered objects",
    essential=True,
)
def submit_ends(case: UpdateCase) -> Iterator[Found]:
    """Or new versions of the same request that take no associations over (CP-ITI-1029)."""
    for item in _submitted(case):
        for name, end in _ends(item):
            if not end or case.new_version(end) is not None or object_key(end) in case.facts.objects:
                continue
            what = "is symbolic" if is_symbolic(end) else "names nothing that is registered"
            yield f"{item.entry_uuid} {name}", f"{item.entry_uuid}: {quoted(end)} {what}"


@BOOK.rule(
    "57-submit-approved",
    error=MetadataUpdateError,
    title="Both ends of a submitted association are Approved.",
    remedy="Link the latest, Approved version",
    essential=True,
)
def submit_approved(case: UpdateCase) -> Iterator[Found]:
    """A version that this request supersedes is Deprecated by it."""
    for item in _submitted(case):
        for name, end in _ends(item):
            version = case.new_version(end)
            known = case.facts.objects.get(object_key(end))
            superseded = version is not None and object_key(version.item.entry_uuid) != object_key(end)
            deprecated = known is not None and known.status is AvailabilityStatus.DEPRECATED
            # With propagation the request contradicts itself, which is another finding.
            if (superseded and version is not None and not version.propagates) or (
                version is None and deprecated
            ):
                yield f"{item.entry_uuid} {name}", f"{item.entry_uuid}: {end} is Deprecated"


@BOOK.rule(
    "57-submit-kind",
    error=MetadataUpdateError,
    title="A submitted association puts a document into a Folder, or relates two documents.",
    remedy="Send HasMember from a Folder to a DocumentEntry, or a relationship of two DocumentEntries",
    essential=True,
)
def submit_kind(case: UpdateCase) -> Iterator[Found]:
    """SubmissionSets get no members later on."""
    for item in _submitted(case):
        source, target = case.kind(item.source), case.kind(item.target)
        if source is None or target is None:
            continue
        wanted = (ObjectKind.DOCUMENT_ENTRY, ObjectKind.DOCUMENT_ENTRY)
        if item.association_type == AssociationType.HAS_MEMBER:
            wanted = (ObjectKind.FOLDER, ObjectKind.DOCUMENT_ENTRY)
        elif item.association_type not in RELATIONSHIPS:
            where = f"{item.entry_uuid} associationType"
            yield where, f"{item.entry_uuid}: {quoted(item.association_type)} cannot be submitted"
            continue
        if (source, target) != wanted or object_key(item.source) == object_key(item.target):
            kind = item.association_type.rpartition(":")[2]
            words = " to a ".join(end.name.lower().replace("_", " ") for end in (source, target))
            yield f"{item.entry_uuid} associationType", f"{item.entry_uuid}: {kind} from a {words}"


@BOOK.rule(
    "57-submit-patient",
    error=PatientIdReconciliationError,
    section="XDS Metadata Update 3.57.4.1.3.3.6.7",
    title="Both ends of a submitted association have the same patient.",
    remedy="Link objects of one patient only",
    essential=True,
)
def submit_patient(case: UpdateCase) -> Iterator[Found]:
    """Merges considered; the patients are not told."""
    for item in _submitted(case):
        source, target = case.patient_of(item.source), case.patient_of(item.target)
        if source is not None and target is not None and source != target:
            yield (
                f"{item.entry_uuid} targetObject",
                f"{item.entry_uuid}: {item.source} and {item.target} are of different patients",
            )


@BOOK.rule(
    "57-submit-again",
    error=MetadataUpdateError,
    title="No Approved association of the kind links the two already.",
    remedy="Leave it out, or update the status of the registered one to Deprecated first",
    essential=True,
)
def submit_again(case: UpdateCase) -> Iterator[Found]:
    """One that this request deprecates still counts: statuses of associations change afterwards."""
    for item in _submitted(case):
        if (item.association_type, object_key(item.source), object_key(item.target)) in case.known.links:
            kind = item.association_type.rpartition(":")[2]
            yield (
                f"{item.entry_uuid} associationType",
                f"{item.entry_uuid}: {kind} from {item.source} to {item.target} is there already",
            )


@BOOK.rule(
    "57-submit-propagation",
    error=MetadataUpdateOperationError,
    section="XDS Metadata Update 3.57.4.1.3.1.1 (CP-ITI-1029)",
    title="A version that takes associations over gets none by hand in the same request.",
    remedy="Send AssociationPropagation no with the new version, or the SubmitAssociation in a later request",
    essential=True,
)
def submit_propagation(case: UpdateCase) -> Iterator[Found]:
    """The new version and the one before it alike."""
    for item in _submitted(case):
        for name, end in _ends(item):
            version = case.new_version(end)
            if version is not None and not version.is_initial and version.propagates:
                yield (
                    f"{item.entry_uuid} {name}",
                    f"{item.entry_uuid}: {end} is updated with AssociationPropagation in this request",
                )
