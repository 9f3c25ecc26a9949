"""Rules of ITI-42 on associations: membership and relationships (ITI TF-3 4.2.2; TF-2 3.42.4.1.3.4, .5)."""

from collections.abc import Iterator
from typing import Final

from xds.model import (
    ON_DEMAND,
    REPLACEMENTS,
    STABLE,
    AssociationType,
    AvailabilityStatus,
    ObjectKind,
    RegistryDeprecatedDocument,
    RegistryMetadataError,
    SubmissionSetStatus,
    UnresolvedReference,
)
from xds.rules.case import SUBMITTED, RegistrationCase, object_key
from xds.rules.rule import Found, RuleBook
from xds.rules.wording import quoted

BOOK: Final[RuleBook[RegistrationCase]] = RuleBook("ITI TF-3 4.2.2", ("ITI-42",))

_KNOWN_TYPES = frozenset(item.value for item in AssociationType)
_REGISTERED_TARGET = REPLACEMENTS | {AssociationType.IS_SNAPSHOT_OF}
"""Relationships whose target must be registered already (3.42.4.1.3.5)."""


def short_name(association_type: str) -> str:
    """Return the last part of an association type's URN: ``RPLC``."""
    return association_type.rpartition(":")[2]


@BOOK.rule(
    "42-association-type",
    error=RegistryMetadataError,
    title="associationType is one that ITI-42 knows.",
    remedy=f"Send one of: {', '.join(sorted(_KNOWN_TYPES))}",
    essential=True,
)
def association_type(case: RegistrationCase) -> Iterator[Found]:
    """Those of Metadata Update belong to ITI-57."""
    for item in case.submission.associations:
        if item.association_type and item.association_type not in _KNOWN_TYPES:
            yield f"{item.entry_uuid} associationType", f"{quoted(item.association_type)} is not known here"


@BOOK.rule(
    "42-reference",
    error=UnresolvedReference,
    section="ITI TF-3 4.2.1.5",
    title="Both ends of an association are in the submission or registered.",
    remedy="Refer to objects of this submission by their id, to registered ones by their entryUUID",
    essential=True,
)
def reference(case: RegistrationCase) -> Iterator[Found]:
    """What must be where in a relationship is another rule."""
    for item in case.submission.associations:
        for name, end in (("sourceObject", item.source), ("targetObject", item.target)):
            if end and case.kind(end) is None:
                yield f"{item.entry_uuid} {name}", f"{end} names nothing"


@BOOK.rule(
    "42-relationship-source",
    error=UnresolvedReference,
    section="ITI TF-2 3.42.4.1.3.5",
    title="The source of a relationship is a DocumentEntry of the submission.",
    remedy="Let sourceObject be the id of the new DocumentEntry",
    essential=True,
)
def relationship_source(case: RegistrationCase) -> Iterator[Found]:
    """An end that names nothing at all is reported by `reference`."""
    for item in case.relationships:
        if case.kind(item.source) is not None and case.submitted_entry(item.source) is None:
            yield (
                f"{item.entry_uuid} sourceObject",
                f"{item.source} is not a DocumentEntry of this submission",
            )


@BOOK.rule(
    "42-relationship-target",
    error=UnresolvedReference,
    section="ITI TF-2 3.42.4.1.3.5",
    title="The target of a relationship is a DocumentEntry; of a replacement or snapshot a registered one.",
    remedy="Let targetObject be the entryUUID of the registered DocumentEntry",
    essential=True,
)
def relationship_target(case: RegistrationCase) -> Iterator[Found]:
    """RPLC, XFRM_RPLC and IsSnapshotOf need a registered target; the others may have one that is new."""
    for item in case.relationships:
        where = f"{item.entry_uuid} targetObject"
        kind = case.kind(item.target)
        if kind not in (None, ObjectKind.DOCUMENT_ENTRY):
            yield where, f"{item.target} is not a DocumentEntry"
        elif object_key(item.source) == object_key(item.target):
            yield where, f"{item.target} is the source as well"
        elif item.association_type in _REGISTERED_TARGET and case.submitted_entry(item.target):
            kind_of = short_name(item.association_type)
            yield where, f"{item.target} is new; the target of {kind_of} must be registered"


@BOOK.rule(
    "42-deprecated-document",
    error=RegistryDeprecatedDocument,
    section="ITI TF-2 3.42.4.1.3.5, ITI TF-3 4.2.2",
    title="No new association refers to a Deprecated DocumentEntry.",
    remedy="Refer to the Approved entry that replaced it",
    essential=True,
)
def deprecated_document(case: RegistrationCase) -> Iterator[Found]:
    """Relationships and memberships alike."""
    for item in case.submission.associations:
        for name, end in (("sourceObject", item.source), ("targetObject", item.target)):
            if _is_deprecated(case, end, ObjectKind.DOCUMENT_ENTRY):
                yield f"{item.entry_uuid} {name}", f"{end} is Deprecated"


@BOOK.rule(
    "42-folder-approved",
    error=RegistryMetadataError,
    section="ITI TF-2 3.42.4.1.3.4",
    title="A document enters Approved Folders only.",
    remedy="Put the document into an Approved Folder",
    essential=True,
)
def folder_approved(case: RegistrationCase) -> Iterator[Found]:
    """Metadata Update can deprecate a Folder."""
    for item in case.memberships:
        if _is_deprecated(case, item.source, ObjectKind.FOLDER):
            yield f"{item.entry_uuid} sourceObject", f"The Folder {item.source} is Deprecated"


def _is_deprecated(case: RegistrationCase, object_id: str, kind: ObjectKind) -> bool:
    known = case.registered(object_id)
    return known is not None and known.kind is kind and known.status is AvailabilityStatus.DEPRECATED


@BOOK.rule(
    "42-snapshot",
    transactions=SUBMITTED,
    error=RegistryMetadataError,
    section="ITI TF-3 4.2.2.2.6",
    title="IsSnapshotOf goes from a Stable entry to an On-Demand entry.",
    remedy="Let the target be the On-Demand entry that the snapshot was taken of",
    essential=True,
)
def snapshot(case: RegistrationCase) -> Iterator[Found]:
    """A target that is not registered is reported by `relationship_target`."""
    for item in case.relationships:
        if item.association_type != AssociationType.IS_SNAPSHOT_OF:
            continue
        target = case.registered(item.target)
        if target and target.kind is ObjectKind.DOCUMENT_ENTRY and target.object_type != ON_DEMAND:
            yield f"{item.entry_uuid} targetObject", f"{item.target} is not an On-Demand entry"
        source = case.submitted_entry(item.source)
        if source and source.object_type not in (STABLE, ON_DEMAND, ""):
            yield f"{item.entry_uuid} sourceObject", f"{item.source} is not a Stable entry"


@BOOK.rule(
    "42-append-to-transformation",
    transactions=SUBMITTED,
    error=RegistryMetadataError,
    section="ITI TF-3 4.2.2.2.1",
    title="Nothing is appended to a transformation.",
    remedy="Append to the document that was transformed",
    essential=True,
)
def append_to_transformation(case: RegistrationCase) -> Iterator[Found]:
    """A transformation is the source of an XFRM, registered or in this submission."""
    new = {
        object_key(item.source)
        for item in case.relationships
        if item.association_type == AssociationType.XFRM
    }
    for item in case.relationships:
        target = object_key(item.target)
        if item.association_type == AssociationType.APND and (
            target in new or target in case.facts.transformations
        ):
            yield f"{item.entry_uuid} targetObject", f"{item.target} is a transformation"


@BOOK.rule(
    "42-association-twice",
    transactions=SUBMITTED,
    error=RegistryMetadataError,
    title="An association stands once in a submission.",
    remedy="Leave the repetition out",
    essential=True,
)
def association_twice(case: RegistrationCase) -> Iterator[Found]:
    """Same type, source and target."""
    seen: set[tuple[str, str, str]] = set()
    for item in case.submission.associations:
        link = (item.association_type, object_key(item.source), object_key(item.target))
        if link in seen:
            kind = short_name(item.association_type)
            yield f"{item.entry_uuid} {kind}", f"{kind} from {item.source} to {item.target} is there twice"
        seen.add(link)


@BOOK.rule(
    "42-member-ends",
    error=RegistryMetadataError,
    section="ITI TF-3 4.2.2.1",
    title="HasMember links the SubmissionSet with its objects, or a Folder with documents.",
    remedy=(
        "Send SubmissionSet to DocumentEntry, to new Folder or to a Folder's HasMember; or Folder to DocumentEntry"
    ),
    essential=True,
)
def member_ends(case: RegistrationCase) -> Iterator[Found]:
    """SS-DE, SS-FD, SS-HM and FD-DE; ends that name nothing are reported by `reference`."""
    for item in case.memberships:
        source, target = case.kind(item.source), case.kind(item.target)
        if source is None or target is None:
            continue
        if source is ObjectKind.SUBMISSION_SET:
            if not case.is_submitted(item.source):
                yield (
                    f"{item.entry_uuid} sourceObject",
                    f"{item.source} is a SubmissionSet of the past, to which nothing can be added",
                )
            elif not _may_be_member(case, item.target, target):
                yield f"{item.entry_uuid} targetObject", f"{item.target} cannot be in a SubmissionSet"
        elif source is not ObjectKind.FOLDER or target is not ObjectKind.DOCUMENT_ENTRY:
            yield (
                f"{item.entry_uuid} HasMember",
                f"HasMember from a {_words(source)} to a {_words(target)} is not defined",
            )


def _may_be_member(case: RegistrationCase, object_id: str, kind: ObjectKind) -> bool:
    if kind is ObjectKind.DOCUMENT_ENTRY:
        return True
    if kind is ObjectKind.FOLDER:
        return case.is_submitted(object_id)
    member = case.associations.get(object_key(object_id))
    return member is not None and case.is_folder_member(member)


def _words(kind: ObjectKind) -> str:
    return kind.name.lower().replace("_", " ")


@BOOK.rule(
    "42-member-of-set",
    error=RegistryMetadataError,
    section="ITI TF-3 4.1.4",
    title="The SubmissionSet has a HasMember to each entry, Folder and Folder membership of the submission.",
    remedy="Add a HasMember association from the SubmissionSet to it",
    essential=True,
)
def member_of_set(case: RegistrationCase) -> Iterator[Found]:
    """SS-DE, SS-FD and SS-HM (4.2.2.1.3)."""
    sets = {object_key(item.entry_uuid) for item in case.submission.submission_sets}
    if not sets:
        return
    members = {object_key(item.target) for item in case.memberships if object_key(item.source) in sets}
    submission = case.submission
    wanted = [item.entry_uuid for item in submission.document_entries]
    wanted += [item.entry_uuid for item in submission.folders]
    wanted += [item.entry_uuid for item in case.folder_members()]
    for object_id in wanted:
        if object_key(object_id) not in members:
            yield (
                f"{object_id} HasMember",
                f"No HasMember association leads from the SubmissionSet to {object_id}",
            )


@BOOK.rule(
    "42-submission-set-status",
    error=RegistryMetadataError,
    section="ITI TF-3 4.2.2.1.1",
    title="The SubmissionSet's HasMember to a DocumentEntry says whether it is new.",
    remedy="Send Slot SubmissionSetStatus: Original for an entry of this submission, Reference for another",
)
def submission_set_status(case: RegistrationCase) -> Iterator[Found]:
    """On SS-DE only; elsewhere the Slot has no meaning and is kept as sent."""
    for item in case.memberships:
        if case.kind(item.source) is not ObjectKind.SUBMISSION_SET:
            continue
        if case.kind(item.target) is not ObjectKind.DOCUMENT_ENTRY:
            continue
        new = case.is_submitted(item.target)
        expected = SubmissionSetStatus.ORIGINAL if new else SubmissionSetStatus.REFERENCE
        if item.submission_set_status != expected:
            sent = item.submission_set_status
            found = "is missing" if sent is None else f"is {quoted(sent)}"
            yield (
                f"{item.entry_uuid} SubmissionSetStatus",
                f"SubmissionSetStatus {found}, {expected.value} expected",
            )


@BOOK.rule(
    "42-submission-set-status-elsewhere",
    error=RegistryMetadataError,
    section="ITI TF-3 4.2.2.1",
    title="SubmissionSetStatus should stand on the SubmissionSet's HasMember to a DocumentEntry only.",
    remedy="Leave the Slot out",
    strict_only=True,
    default_level="warning",
)
def submission_set_status_elsewhere(case: RegistrationCase) -> Iterator[Found]:
    """Elsewhere it says nothing; it is kept as sent."""
    for item in case.submission.associations:
        if item.submission_set_status is None:
            continue
        ends = case.kind(item.source), case.kind(item.target)
        if ends != (ObjectKind.SUBMISSION_SET, ObjectKind.DOCUMENT_ENTRY):
            yield f"{item.entry_uuid} SubmissionSetStatus", "SubmissionSetStatus is there without a meaning"


@BOOK.rule(
    "42-documentation",
    error=RegistryMetadataError,
    section="ITI TF-3 4.2.2.2",
    title="Association Documentation should stand on relationships only.",
    remedy="Leave the Classification out",
    strict_only=True,
    default_level="warning",
)
def documentation(case: RegistrationCase) -> Iterator[Found]:
    """It says why one document replaces, transforms or appends another; it is kept as sent."""
    for item in case.memberships:
        if item.documentation is not None:
            yield f"{item.entry_uuid} associationDocumentation", "HasMember has an Association Documentation"
