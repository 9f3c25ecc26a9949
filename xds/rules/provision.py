"""Rules of the repository in ITI-41, before it registers (ITI TF-2 3.41.4.1.3).

The repository judges what only it can: documents against their entries. The rest is the registry's.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from xds.model import (
    DocumentEntry,
    DocumentEntryWithoutPart,
    DocumentWithoutMetadata,
    NonIdenticalHash,
    NonIdenticalSize,
    RepositoryDuplicateUniqueIdInMessage,
    RepositoryError,
    RepositoryMetadataError,
    Submission,
    XdsError,
)
from xds.rules import ownership
from xds.rules.data_types import octets
from xds.rules.rule import Found, Rule, RuleBook, RulePolicy, run
from xds.rules.wording import quoted


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentPart:
    """What was measured while a document streamed in."""

    size: int  # octets
    sha1: str  # lower-case hex


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvisionCase:
    """What a rule of ITI-41 looks at: the metadata, and the documents by xds:Document/@id."""

    submission: Submission
    parts: Mapping[str, DocumentPart]
    policy: RulePolicy
    repeated: Sequence[str] = ()  # ids that came on more than one xds:Document

    def pairs(self) -> Iterator[tuple[DocumentEntry, DocumentPart]]:
        """The entries whose document came."""
        for entry in self.submission.document_entries:
            if (part := self.parts.get(entry.entry_uuid)) is not None:
                yield entry, part


BOOK: Final[RuleBook[ProvisionCase]] = RuleBook("ITI TF-2 3.41.4.1.3", ("ITI-41",))


@BOOK.rule(
    "41-document-missing",
    error=DocumentEntryWithoutPart,
    title="Every DocumentEntry comes with its document.",
    remedy="Send an xds:Document whose id is the ExtrinsicObject's; was the attachment lost?",
    essential=True,
)
def document_missing(case: ProvisionCase) -> Iterator[Found]:
    """The context begins with the entry's id."""
    for entry in case.submission.document_entries:
        if entry.entry_uuid not in case.parts:
            yield f"{entry.entry_uuid} Document", f"{entry.entry_uuid} has no document in the message"


@BOOK.rule(
    "41-metadata-missing",
    error=DocumentWithoutMetadata,
    title="Every document comes with its DocumentEntry.",
    remedy="Send an ExtrinsicObject with that id, or leave the document out",
    essential=True,
)
def metadata_missing(case: ProvisionCase) -> Iterator[Found]:
    """The context begins with the document's id."""
    known = {entry.entry_uuid for entry in case.submission.document_entries}
    for document_id in case.parts:
        if document_id not in known:
            yield f"{document_id} Document", f"{document_id} is the id of no DocumentEntry"


@BOOK.rule(
    "41-document-twice",
    error=RepositoryMetadataError,
    title="Every document has an id of its own.",
    remedy="Send one xds:Document for each DocumentEntry",
    essential=True,
)
def document_twice(case: ProvisionCase) -> Iterator[Found]:
    """Which of them is meant cannot be told."""
    for document_id in case.repeated:
        yield f"{document_id} Document", f"{document_id} is the id of several documents"


@BOOK.rule(
    "41-hash",
    error=RepositoryMetadataError,
    title="hash, if sent, is the SHA-1 of the document.",
    remedy="Send the SHA-1 of the octets that you attach, or leave hash out",
    essential=True,
)
def document_hash(case: ProvisionCase) -> Iterator[Found]:
    """Upper and lower case are equal (ITI TF-3 4.2.3.2.10)."""
    for entry, part in case.pairs():
        if entry.hash and entry.hash.lower() != part.sha1.lower():
            yield (
                f"{entry.entry_uuid} hash",
                f"hash is {quoted(entry.hash)}, but the document received has {part.sha1}",
            )


@BOOK.rule(
    "41-size",
    error=RepositoryMetadataError,
    title="size, if sent, is the number of octets of the document.",
    remedy="Send the number of octets that you attach, or leave size out",
    essential=True,
)
def document_size(case: ProvisionCase) -> Iterator[Found]:
    """A size that is no number is wrong as well."""
    for entry, part in case.pairs():
        if entry.size and octets(entry.size) != part.size:
            yield (
                f"{entry.entry_uuid} size",
                f"size is {quoted(entry.size)}, but the document received has {part.size} octets",
            )


@BOOK.rule(
    "41-unique-id",
    error=RepositoryMetadataError,
    section="ITI TF-3 4.2.3.2.26",
    title="Every DocumentEntry has a uniqueId.",
    remedy="Send the uniqueId of the document; it is retrieved by it",
    essential=True,
)
def unique_id(case: ProvisionCase) -> Iterator[Found]:
    """Nothing can be stored without it."""
    for entry in case.submission.document_entries:
        if not entry.unique_id:
            yield f"{entry.entry_uuid} uniqueId", "uniqueId is missing"


@BOOK.rule(
    "41-unique-id-in-message",
    error=RepositoryDuplicateUniqueIdInMessage,
    section="ITI TF-3 Table 4.2.4.1-2",
    title="A document's uniqueId stands once in a submission.",
    remedy="Give each document a uniqueId of its own",
    essential=True,
)
def unique_id_in_message(case: ProvisionCase) -> Iterator[Found]:
    """Among documents; across all kinds of objects is the registry's rule."""
    bearers: dict[str, list[str]] = {}
    for entry in case.submission.document_entries:
        if entry.unique_id:
            bearers.setdefault(entry.unique_id, []).append(entry.entry_uuid)
    for value, owners in bearers.items():
        if len(owners) > 1:
            yield f"{owners[1]} uniqueId", f"{value} is the uniqueId of {len(owners)} documents"


@BOOK.rule(
    "41-document-limit",
    error=RepositoryMetadataError,
    section="ours: a limit of this repository",
    title="A document is not larger than the limit.",
    remedy="Send a smaller document; larger ones are agreed with the operator",
    essential=True,
)
def document_limit(case: ProvisionCase) -> Iterator[Found]:
    """Octets of one document after decoding."""
    limit = case.policy.max_document_bytes
    for document_id, part in case.parts.items():
        if part.size > limit:
            yield f"{document_id} Document", f"The document has {part.size} octets, at most {limit} are taken"


@BOOK.rule(
    "41-documents-limit",
    error=RepositoryMetadataError,
    section="ours: a limit of this repository",
    title="A submission has no more documents than the limit.",
    remedy="Divide it into several submissions",
    essential=True,
)
def documents_limit(case: ProvisionCase) -> Iterator[Found]:
    """Entries or documents, whichever are more."""
    count = max(len(case.submission.document_entries), len(case.parts))
    if count > case.policy.max_documents:
        yield "Document", f"{count} documents found, at most {case.policy.max_documents} are taken"


@BOOK.rule(
    "41-own-source-id",
    error=RepositoryError,
    section=ownership.SECTION,
    title=ownership.SOURCE_TITLE,
    remedy=ownership.SOURCE_REMEDY,
    essential=True,
)
def own_source_id(case: ProvisionCase) -> Iterator[Found]:
    """The registry may be another process, to which this repository is the sender."""
    yield from ownership.strange_sources(case.submission, case.policy.owner)


PROVISION: Final[tuple[Rule[ProvisionCase], ...]] = BOOK.rules


def check_provision(
    submission: Submission,
    parts: Mapping[str, DocumentPart],
    policy: RulePolicy,
    repeated: Sequence[str] = (),
) -> list[XdsError]:
    """Judge documents against their entries and return every finding.

    Parameters
    ----------
    parts
        xds:Document/@id → what was received.
    repeated
        Ids that came on more than one xds:Document.
    """
    case = ProvisionCase(submission=submission, parts=parts, policy=policy, repeated=repeated)
    return run(PROVISION, case, policy)


def complete(
    submission: Submission, parts: Mapping[str, DocumentPart], repository_unique_id: str
) -> Submission:
    """Return the submission as the repository registers it (ITI TF-2 3.41.4.1.3).

    repositoryUniqueId is added or replaced; hash and size are those of the octets received.
    """
    return replace(
        submission,
        document_entries=tuple(
            replace(
                entry,
                repository_unique_id=repository_unique_id,
                hash=parts[entry.entry_uuid].sha1,
                size=str(parts[entry.entry_uuid].size),
            )
            if entry.entry_uuid in parts
            else entry
            for entry in submission.document_entries
        ),
    )


_ADDED: Final = ("hash", "size", "repositoryUniqueId")
"""What the repository adds to an entry whose document came."""


def not_said_yet(
    judged: Iterable[XdsError],
    said: Iterable[XdsError],
    submission: Submission,
    parts: Mapping[str, DocumentPart],
) -> list[XdsError]:
    """Return what the registry finds beside the repository, so that a sender learns everything at once.

    A document that is missing is said once, not again as its hash and size; nor is an attribute found twice.

    Parameters
    ----------
    judged
        The registry's findings on the submission as `complete` returned it.
    said
        The repository's own.
    """
    known = {item.location for item in said}
    missing = {entry.entry_uuid for entry in submission.document_entries} - parts.keys()
    known |= {f"{name} {attribute}" for name in missing for attribute in _ADDED}
    return [item for item in judged if item.location not in known]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownDocuments:
    """A completed submission beside what the repository holds under its uniqueIds."""

    submission: Submission
    known: Mapping[str, tuple[str, int]]
    collisions: Collection[str] = ()  # uniqueIds whose octets differ, though their SHA-1 does not

    def pairs(self) -> Iterator[tuple[DocumentEntry, str, int]]:
        """The entries whose uniqueId is held, with SHA-1 and number of octets of what is held."""
        for entry in self.submission.document_entries:
            if (held := self.known.get(entry.unique_id or "")) is not None:
                yield entry, *held


_KNOWN_BOOK: Final[RuleBook[KnownDocuments]] = RuleBook("ITI TF-2 3.41.4.1.3.2", ("ITI-41",))


@_KNOWN_BOOK.rule(
    "41-non-identical-hash",
    error=NonIdenticalHash,
    title="A document that is held already comes again with the same hash.",
    remedy="Send another document under another uniqueId",
    essential=True,
)
def non_identical_hash(case: KnownDocuments) -> Iterator[Found]:
    """The context begins with the uniqueId."""
    for entry, sha1, _ in case.pairs():
        if sha1.lower() != (entry.hash or "").lower():
            yield f"{entry.entry_uuid} hash", f"{entry.unique_id} is stored with another hash"
        elif entry.unique_id in case.collisions:
            yield (
                f"{entry.entry_uuid} hash",
                f"{entry.unique_id} is stored with other octets of the same SHA-1",
            )


@_KNOWN_BOOK.rule(
    "41-non-identical-size",
    error=NonIdenticalSize,
    title="A document that is held already comes again with the same size.",
    remedy="Send another document under another uniqueId",
    essential=True,
)
def non_identical_size(case: KnownDocuments) -> Iterator[Found]:
    """The context begins with the uniqueId."""
    for entry, _, size in case.pairs():
        if size != octets(entry.size or ""):
            yield f"{entry.entry_uuid} size", f"{entry.unique_id} is stored with another size"


SAME_DOCUMENT: Final[tuple[Rule[KnownDocuments], ...]] = _KNOWN_BOOK.rules
_ANY: Final = RulePolicy()  # no level lowers these rules


def same_document(
    known: Mapping[str, tuple[str, int]], submission: Submission, collisions: Collection[str] = ()
) -> list[XdsError]:
    """Find documents that the repository holds under the same uniqueId with other content.

    With the same hash and size a document may come again (ITI TF-2 3.41.4.1.3.2).

    Parameters
    ----------
    known
        uniqueId → SHA-1 and number of octets of what the repository holds.
    submission
        As `complete` returned it.
    collisions
        The uniqueIds under which octets of the same SHA-1 and another SHA-256 come.
    """
    case = KnownDocuments(submission=submission, known=known, collisions=collisions)
    return run(SAME_DOCUMENT, case, _ANY)
