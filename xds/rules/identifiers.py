"""Rules of ITI-42 on uniqueIds: once in a message, free in the registry, one content per document."""

from collections.abc import Iterator
from typing import Final

from xds.model import (
    DuplicateUniqueIdInRegistry,
    NonIdenticalHash,
    NonIdenticalSize,
    ObjectKind,
    RegistryDuplicateUniqueIdInMessage,
    RegistryMetadataError,
    is_sha1,
)
from xds.rules.case import SUBMITTED, RegistrationCase
from xds.rules.data_types import octets
from xds.rules.rule import Found, RuleBook

BOOK: Final[RuleBook[RegistrationCase]] = RuleBook("ITI TF-2 3.42.4.1.3.3.1", ("ITI-42",))


@BOOK.rule(
    "42-unique-id-in-message",
    transactions=SUBMITTED,
    error=RegistryDuplicateUniqueIdInMessage,
    section="ITI TF-3 Table 4.2.4.1-2",
    title="A uniqueId stands once in a submission.",
    remedy="Give each document, Folder and SubmissionSet a uniqueId of its own",
    essential=True,
)
def unique_id_in_message(case: RegistrationCase) -> Iterator[Found]:
    """Across all kinds of objects."""
    bearers: dict[str, list[str]] = {}
    for item in case.objects:
        if item.unique_id:
            bearers.setdefault(item.unique_id, []).append(item.entry_uuid)
    for unique_id, owners in bearers.items():
        if len(owners) > 1:
            yield f"{owners[1]} uniqueId", f"{unique_id} is the uniqueId of {len(owners)} objects"


@BOOK.rule(
    "42-submission-set-unique-id-used",
    transactions=SUBMITTED,
    error=DuplicateUniqueIdInRegistry,
    title="The SubmissionSet's uniqueId is not used by any registered object.",
    remedy="Send every new submission with a new uniqueId; a retry repeats the MessageID too",
    essential=True,
)
def submission_set_unique_id(case: RegistrationCase) -> Iterator[Found]:
    """Used by a SubmissionSet, a Folder or a document."""
    for item in case.submission.submission_sets:
        if case.facts.used_unique_ids.get(item.unique_id or ""):
            yield (
                f"{item.entry_uuid} uniqueId",
                f"SubmissionSet.uniqueId {item.unique_id} is already registered",
            )


@BOOK.rule(
    "42-folder-unique-id-used",
    error=DuplicateUniqueIdInRegistry,
    section="ITI TF-3 Table 4.2.4.1-2",
    title="A new Folder's uniqueId is not used by any registered object.",
    remedy="Send a new Folder with a new uniqueId; to add to a Folder, refer to its entryUUID",
    essential=True,
)
def folder_unique_id(case: RegistrationCase) -> Iterator[Found]:
    """Used by a Folder, a SubmissionSet or a document."""
    for item in case.submission.folders:
        if case.facts.used_unique_ids.get(item.unique_id or ""):
            yield f"{item.entry_uuid} uniqueId", f"Folder.uniqueId {item.unique_id} is already registered"


@BOOK.rule(
    "42-document-unique-id-used",
    error=RegistryMetadataError,
    section="ITI TF-3 4.2.3.2.26",
    title="A document's uniqueId is not that of a registered SubmissionSet or Folder.",
    remedy="Send the document under a uniqueId of its own",
    essential=True,
)
def document_unique_id(case: RegistrationCase) -> Iterator[Found]:
    """XDSDuplicateUniqueIdInRegistry is for SubmissionSets and Folders only (ITI TF-3 Table 4.2.4.1-2)."""
    for entry in case.submission.document_entries:
        kinds = case.facts.used_unique_ids.get(entry.unique_id or "")
        if kinds and ObjectKind.DOCUMENT_ENTRY not in kinds:
            what = " and ".join(sorted(kind.name.replace("_", " ").capitalize() for kind in kinds))
            yield f"{entry.entry_uuid} uniqueId", f"{entry.unique_id} is the uniqueId of a {what}"


@BOOK.rule(
    "42-unique-id-on-demand",
    error=RegistryMetadataError,
    section="ITI TF-3 4.1.1.3.2",
    title="A Stable entry's uniqueId is that of no On-Demand entry.",
    remedy="Send the uniqueId of the document itself; a snapshot is related to its On-Demand entry by IsSnapshotOf",
    essential=True,
)
def unique_id_on_demand(case: RegistrationCase) -> Iterator[Found]:
    """That of an On-Demand entry never names a document."""
    for entry in case.submission.document_entries:
        known = case.facts.documents.get(entry.unique_id or "")
        if known is not None and known.is_on_demand:
            yield (
                f"{entry.entry_uuid} uniqueId",
                f"{entry.unique_id} is the uniqueId of a registered On-Demand entry",
            )


@BOOK.rule(
    "42-non-identical-hash",
    error=NonIdenticalHash,
    title="A registered document's uniqueId comes with the same hash.",
    remedy="Send another document under another uniqueId",
    essential=True,
)
def non_identical_hash(case: RegistrationCase) -> Iterator[Found]:
    """With the same content, several entries may share a uniqueId."""
    for entry in case.submission.document_entries:
        known = case.facts.documents.get(entry.unique_id or "")
        if known is None or known.hash is None or not is_sha1(entry.hash or ""):
            continue
        if known.hash.lower() != (entry.hash or "").lower():
            yield f"{entry.entry_uuid} hash", f"{entry.unique_id} is registered with another hash"


@BOOK.rule(
    "42-non-identical-size",
    error=NonIdenticalSize,
    title="A registered document's uniqueId comes with the same size.",
    remedy="Send another document under another uniqueId",
    essential=True,
)
def non_identical_size(case: RegistrationCase) -> Iterator[Found]:
    """With the same content, several entries may share a uniqueId."""
    for entry in case.submission.document_entries:
        known = case.facts.documents.get(entry.unique_id or "")
        mine = octets(entry.size or "")
        if known is not None and known.size is not None and mine is not None and known.size != mine:
            yield f"{entry.entry_uuid} size", f"{entry.unique_id} is registered with another size"
