"""Rules on whose objects are whose: a partner submits, changes and removes what is its own, and nobody else does.

Own is what came with a sourceId of the partner's entry, in the submission that first brought it (security digest 3,
A1). A sender that has proven nothing is kept from what is a partner's; where no partner is enrolled all is as ever.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from xds.model import REPLACEMENTS, RegisteredObject, RegistryError, Submission, XdsError
from xds.rules.case import SUBMITTED, RegistrationCase
from xds.rules.rule import Found, Owner, Rule, RuleBook, RulePolicy, run
from xds.rules.wording import quoted

SECTION: Final = "ours: a partner is held to what it owns"
SOURCE_TITLE: Final = "A partner submits under a sourceId of its own."
SOURCE_REMEDY: Final = (
    "Send SubmissionSet.sourceId as it was agreed, or have it added to the partner's source_ids there"
)
OBJECTS_REMEDY: Final = "Ask the partner who submitted it to do this"
OTHERS_RETRIEVED: Final = "43-own-documents"
OTHERS_REMOVED: Final = "86-own-documents"
"""No rules of a book: the sender is answered as if the document were not there."""
BREACHES: Final = frozenset(
    {
        "41-own-source-id",
        "42-own-source-id",
        "42-own-objects",
        "42-own-repository",
        "57-own-objects",
        "62-own-objects",
        "92-own-objects",
        OTHERS_RETRIEVED,
        OTHERS_REMOVED,
    }
)
"""`XdsError.rule` of what the operator is told of as well: somebody reached for what is another's (A1)."""
_OTHERS_OBJECTS: Final = frozenset({"57-own-objects", "62-own-objects", "92-own-objects"})
BOOK: Final[RuleBook[RegistrationCase]] = RuleBook(SECTION, SUBMITTED)


@BOOK.rule("42-own-source-id", error=RegistryError, title=SOURCE_TITLE, remedy=SOURCE_REMEDY, essential=True)
def own_source_id(case: RegistrationCase) -> Iterator[Found]:
    """The sourceId is what makes an object the partner's."""
    yield from strange_sources(case.submission, case.policy.owner)


@BOOK.rule(
    "42-own-objects",
    error=RegistryError,
    title="A partner replaces its own documents, and fills its own Folders.",
    remedy=OBJECTS_REMEDY,
    essential=True,
)
def own_objects(case: RegistrationCase) -> Iterator[Found]:
    """An addendum to another's document changes nothing of it, and is let in."""
    changed = [item.target for item in case.relationships if item.association_type in REPLACEMENTS]
    changed += [item.source for item in case.folder_members()]
    yield from strange_objects(map(case.registered, changed), case.policy.owner)


@dataclass(frozen=True, slots=True, kw_only=True)
class SentEntries:
    """A registration as it came over the wire, beside what its sender may call its own."""

    submission: Submission
    owner: Owner | None


_SENT_BOOK: Final[RuleBook[SentEntries]] = RuleBook(SECTION, ("ITI-42", "ITI-61"))


@_SENT_BOOK.rule(
    "42-own-repository",
    error=RegistryError,
    title="A partner registers documents of its own repositories.",
    remedy="Send repositoryUniqueId as it was agreed, or have it added to the partner's repository_ids there",
    essential=True,
)
def own_repository(case: SentEntries) -> Iterator[Found]:
    """What a repository in this process registers for its sender bears its own repositoryUniqueId, and is not asked."""
    owner = case.owner
    if owner is None:
        return
    for entry in case.submission.document_entries:
        sent = entry.repository_unique_id
        if sent is not None and not owner.has_repository(sent):
            whose = "a partner's, who has to prove who it is" if owner.name is None else f"not {owner.name}'s"
            yield f"{entry.entry_uuid} repositoryUniqueId", f"repositoryUniqueId is {quoted(sent)}: {whose}"


SENT: Final[tuple[Rule[SentEntries], ...]] = _SENT_BOOK.rules


def check_sent(submission: Submission, policy: RulePolicy) -> list[XdsError]:
    """Judge a registration that came over the wire by whose repositories its entries name."""
    return run(SENT, SentEntries(submission=submission, owner=policy.owner), policy)


def strange_sources(submission: Submission, owner: Owner | None) -> Iterator[Found]:
    """The SubmissionSets whose sourceId is not the owner's; none without an owner."""
    if owner is None:
        return
    for item in submission.submission_sets:
        if not owner.has(item.source_id):
            sent = "missing" if item.source_id is None else quoted(item.source_id)
            whose = "a partner's, who has to prove who it is" if owner.name is None else f"not {owner.name}'s"
            yield f"{item.entry_uuid} sourceId", f"sourceId is {sent}: {whose}"


def strange_objects(objects: Iterable[RegisteredObject | None], owner: Owner | None) -> Iterator[Found]:
    """The registered objects that are not the owner's, each once; none without an owner."""
    if owner is None:
        return
    known = {item.entry_uuid: item for item in objects if item is not None}
    for object_id, item in known.items():
        if not owner.has(item.source_id):
            what = item.kind.name.lower().replace("_", " ")
            whose = "by a partner" if owner.name is None else f"not by {owner.name}"
            yield object_id, f"{object_id}, a {what}, was submitted {whose}"


def told(findings: list[XdsError]) -> list[XdsError]:
    """What the sender of an update or removal is told: of an object that is another's, that it is another's.

    The other rules would say its uniqueId, its version, its status, what it is linked with: nobody learns by a refusal
    what no query would show them, and consent withholds nothing from these transactions.
    """
    if not any(item.rule in _OTHERS_OBJECTS for item in findings):
        return findings
    return [item for item in findings if item.rule in BREACHES]
