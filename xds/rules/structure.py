"""Rules of ITI-42 on what a submission consists of (ITI TF-3 4.1.4, 4.2.1.5; ITI TF-2 3.42.4.1.3.3)."""

from collections import Counter
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Final

from xds.model import (
    ON_DEMAND,
    STABLE,
    DocumentEntry,
    Folder,
    RegistryMetadataError,
    SubmissionSet,
    is_symbolic,
    is_uuid_urn,
)
from xds.rules.case import SUBMITTED, RegistrationCase, object_key
from xds.rules.rule import Found, RuleBook
from xds.rules.wording import quoted

BOOK: Final[RuleBook[RegistrationCase]] = RuleBook("ITI TF-3 4.1.4", ("ITI-42",))


@BOOK.rule(
    "42-one-submission-set",
    transactions=SUBMITTED,
    error=RegistryMetadataError,
    title="A submission has exactly one SubmissionSet.",
    remedy="Send one RegistryPackage classified as SubmissionSet per request",
    essential=True,
)
def one_submission_set(case: RegistrationCase) -> Iterator[Found]:
    """Exactly one SubmissionSet."""
    count = len(case.submission.submission_sets)
    if count != 1:
        yield "SubmissionSet", f"{count} SubmissionSets found, 1 expected"


@BOOK.rule(
    "42-content",
    error=RegistryMetadataError,
    title="A submission brings a DocumentEntry, a Folder or a membership.",
    remedy="Add a DocumentEntry, a Folder, or the HasMember association that puts an entry into a Folder",
)
def content(case: RegistrationCase) -> Iterator[Found]:
    """At least one entry, Folder or membership; one that only refers to an entry is taken (4.2.2.1.1)."""
    submission = case.submission
    if not (submission.document_entries or submission.folders or case.memberships):
        yield "SubmissionSet", "The submission has no content"


@BOOK.rule(
    "42-objects-limit",
    transactions=SUBMITTED,
    error=RegistryMetadataError,
    section="ours: a limit of this registry",
    title="A submission has no more objects than the limit.",
    remedy="Divide it into several submissions",
    essential=True,
)
def objects_limit(case: RegistrationCase) -> Iterator[Found]:
    """Entries, Folders, SubmissionSets and associations together."""
    count = len(case.everything)
    if count > case.policy.max_objects:
        yield "RegistryObjectList", f"{count} objects found, at most {case.policy.max_objects} are taken"


@BOOK.rule(
    "42-object-id-twice",
    transactions=SUBMITTED,
    error=RegistryMetadataError,
    section="ITI TF-3 4.2.3.1.5",
    title="Every object of a submission has its own id.",
    remedy="Give each object an id of its own",
    essential=True,
)
def object_id_twice(case: RegistrationCase) -> Iterator[Found]:
    """No id twice, whatever the kind of object."""
    if len(case.by_key) + len(case.associations) == len(case.everything) and not (
        case.by_key.keys() & case.associations.keys()
    ):
        return
    ids = Counter(object_key(item.entry_uuid) for item in case.everything)
    for object_id, count in ids.items():
        if count > 1:
            yield f"{object_id} entryUUID", f"The id {quoted(object_id)} is on {count} objects"


@BOOK.rule(
    "42-uuid-form",
    transactions=SUBMITTED,
    error=RegistryMetadataError,
    section="ITI TF-3 4.2.3.1.5",
    title="An id that begins with urn:uuid: is a UUID.",
    remedy="Send urn:uuid: and a UUID of RFC 4122, or a symbolic id without urn:uuid:",
    essential=True,
)
def uuid_form(case: RegistrationCase) -> Iterator[Found]:
    """Ends of associations are judged by what they name."""
    for item in case.everything:
        object_id = item.entry_uuid
        if not is_symbolic(object_id) and not is_uuid_urn(object_id.lower()):
            yield f"{object_id} entryUUID", f"{quoted(object_id)} is no UUID"


@BOOK.rule(
    "42-uuid-lower-case",
    transactions=SUBMITTED,
    error=RegistryMetadataError,
    section="ITI TF-3 4.2.3.1.5",
    title="UUIDs are written in lower case.",
    remedy="Send the UUID in lower case",
    strict_only=True,
)
def uuid_lower_case(case: RegistrationCase) -> Iterator[Found]:
    """In `field` upper case is taken and stored in lower case."""
    seen: set[str] = set()
    for owner, name, object_id in _ids(case):
        if not is_symbolic(object_id) and object_id != object_id.lower() and object_id not in seen:
            yield f"{owner} {name}", f"{quoted(object_id)} has upper-case letters"
        seen.add(object_id)


def _ids(case: RegistrationCase) -> Iterator[tuple[str, str, str]]:
    for item in case.objects:
        yield item.entry_uuid, "entryUUID", item.entry_uuid
    for association in case.submission.associations:
        owner = association.entry_uuid
        yield owner, "entryUUID", owner
        yield owner, "sourceObject", association.source
        yield owner, "targetObject", association.target


@BOOK.rule(
    "42-entry-uuid-registered",
    transactions=SUBMITTED,
    error=RegistryMetadataError,
    section="ITI TF-3 4.2.3.2.7",
    title="A new object's id is not registered yet.",
    remedy="Send a symbolic id or a fresh UUID; to replace a document, send a new entry and an RPLC association",
    essential=True,
)
def entry_uuid_registered(case: RegistrationCase) -> Iterator[Found]:
    """A UUID that is already in the registry is refused; the standard has no code of its own for it."""
    for item in case.everything:
        known = case.facts.objects.get(object_key(item.entry_uuid))
        if known is not None:
            what = known.kind.name.lower().replace("_", " ")
            yield f"{item.entry_uuid} entryUUID", f"{item.entry_uuid} is already registered, as a {what}"


@BOOK.rule(
    "42-first-version",
    error=RegistryMetadataError,
    section="XDS Metadata Update 4.2.3.2 (lid)",
    title="A first version's logical id is its own id.",
    remedy="Leave lid out, or set it to the object's id; metadata is updated by ITI-57, not by ITI-42",
    essential=True,
)
def first_version(case: RegistrationCase) -> Iterator[Found]:
    """ITI-42 registers first versions only."""
    for item in case.objects:
        if not isinstance(item, DocumentEntry | Folder):
            continue
        if item.logical_id is not None and object_key(item.logical_id) != object_key(item.entry_uuid):
            yield f"{item.entry_uuid} lid", f"lid is {quoted(item.logical_id)}, the id of another object"
        if item.version != 1:
            yield f"{item.entry_uuid} VersionInfo", f"versionName is {item.version}, 1 expected"


@BOOK.rule(
    "42-logical-id",
    error=RegistryMetadataError,
    section="XDS Metadata Update 4.2.3.2 (lid)",
    title="lid is a UUID.",
    remedy="Leave lid out: the registry sets it",
    strict_only=True,
)
def logical_id(case: RegistrationCase) -> Iterator[Found]:
    """A symbolic one names nothing that lasts; in `field` it becomes the object's UUID as its id does."""
    for item in case.objects:
        if isinstance(item, SubmissionSet) or item.logical_id is None:
            continue
        if not is_uuid_urn(item.logical_id.lower()):
            yield f"{item.entry_uuid} lid", f"{quoted(item.logical_id)} is no UUID"


@BOOK.rule(
    "42-object-type",
    error=RegistryMetadataError,
    section="ITI TF-3 4.2.5.2",
    title="A DocumentEntry in ITI-42 is Stable.",
    remedy=f"Send objectType {STABLE}",
    essential=True,
)
def object_type(case: RegistrationCase) -> Iterator[Found]:
    """On-Demand entries are registered by ITI-61 (4.1.1.3.2)."""
    for entry in case.submission.document_entries:
        where = f"{entry.entry_uuid} objectType"
        if entry.object_type == ON_DEMAND:
            yield where, "An On-Demand DocumentEntry is registered by ITI-61, not by ITI-42"
        elif entry.object_type and entry.object_type != STABLE:
            yield where, f"objectType {quoted(entry.object_type)} is not the type of a DocumentEntry"


@BOOK.rule(
    "42-limited-metadata",
    transactions=SUBMITTED,
    error=RegistryMetadataError,
    section="ITI TF-3 Table 4.3.1-3",
    title="Limited metadata is prohibited in XDS.",
    remedy="Send the metadata that XDS requires and leave the limitedMetadata Classification out",
)
def limited_metadata(case: RegistrationCase) -> Iterator[Found]:
    """The flag is for XDR and XDM only."""
    for item in case.objects:
        if item.limited_metadata:
            yield f"{item.entry_uuid} limitedMetadata", "The object is marked as limited metadata"


@BOOK.rule(
    "42-extra-slot-name",
    transactions=SUBMITTED,
    error=RegistryMetadataError,
    section="ITI TF-3 4.2.3.1.6",
    title="The name of an extra Slot is a URN outside urn:ihe:.",
    remedy="Name it by a URN of your own, such as urn:oid:<your OID>:<name>",
    strict_only=True,
)
def extra_slot_name(case: RegistrationCase) -> Iterator[Found]:
    """In `field` extra Slots of any name are stored and returned."""
    for item in case.everything:
        for slot in item.extra_slots:
            if slot.name in case.ANNOTATIONS:
                continue
            parts = slot.name.split(":", 2)
            if len(parts) != 3 or parts[0].lower() != "urn" or not all(parts):
                yield f"{item.entry_uuid} {quoted(slot.name)}", "The name of the extra Slot is no URN"
            elif slot.name.lower().startswith("urn:ihe:"):
                yield f"{item.entry_uuid} {quoted(slot.name)}", "urn:ihe: is for Slots of the standard"


_AUTHOR_SLOTS: Final = (
    "authorPerson",
    "authorInstitution",
    "authorRole",
    "authorSpecialty",
    "authorTelecommunication",
)


@BOOK.rule(
    "42-inner-slot",
    transactions=SUBMITTED,
    error=RegistryMetadataError,
    section="ITI TF-3 4.2.3.1.2, 4.2.3.1.4",
    title="The Slots of an author or a code are those of the standard.",
    remedy="Correct its name, or put extra metadata into a Slot of the object itself",
    strict_only=True,
)
def inner_slot(case: RegistrationCase) -> Iterator[Found]:
    """Extra metadata stands in Slots of the objects; in `field` others are stored and returned too."""
    for item in case.objects:
        for author in () if isinstance(item, Folder) else item.authors:
            for slot in author.extra_slots:
                near = get_close_matches(slot.name, _AUTHOR_SLOTS, n=1)
                hint = f"; {near[0]} may be meant" if near else ""
                yield f"{item.entry_uuid} author", f"An author has a Slot {quoted(slot.name)}{hint}"
    for owner, name, code in case.coded:
        for slot in code.extra_slots:
            yield f"{owner} {name}", f"A code has a Slot {quoted(slot.name)}"
