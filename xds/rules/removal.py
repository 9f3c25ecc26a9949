"""Rules of ITI-62 Remove Metadata: what is left behind must still be whole (RMD, ITI TF-2 3.62.4.1.3).

A removal is judged as one: an object and the Associations that lead to it go in the same request.
"""

from collections.abc import Iterator
from typing import Final

from xds.model import (
    DELETE_ALL,
    AssociationType,
    ObjectKind,
    ReferencesExist,
    RegisteredLink,
    RegistryError,
    RemovalFacts,
    RemovalRequest,
    UnreferencedObject,
    UnresolvedReference,
    XdsError,
)
from xds.rules import ownership
from xds.rules.rule import Found, Rule, RuleBook, RulePolicy, run
from xds.rules.wording import quoted

_LISTED: Final = 5
"""Associations that one finding names."""


class RemovalCase:
    """What a rule of ITI-62 looks at."""

    __slots__ = ("facts", "ids", "policy", "request")

    def __init__(self, request: RemovalRequest, facts: RemovalFacts, policy: RulePolicy) -> None:
        self.request = request
        self.facts = facts
        self.policy = policy
        self.ids: tuple[str, ...] = tuple(dict.fromkeys(item.lower() for item in request.object_ids))

    def bereft(self, linked: frozenset[str]) -> Iterator[tuple[RegisteredLink, str]]:
        """Each end of a removed Association that stays and is not among `linked`, once."""
        seen: set[str] = set()
        for link in self.facts.links.values():
            for end in (link.source, link.target):
                if end in self.facts.ends and end not in linked and end not in seen:
                    seen.add(end)
                    yield link, end

    def words(self, object_id: str) -> str:
        """What an end is, in words."""
        return self.facts.ends[object_id].name.lower().replace("_", " ")


BOOK: Final[RuleBook[RemovalCase]] = RuleBook("RMD, ITI TF-2 3.62.4.1.3", ("ITI-62",))
_SEMANTICS: Final = "RMD, ITI TF-2 3.62.4.1.2"


@BOOK.rule(
    "62-object-refs",
    error=RegistryError,
    section=_SEMANTICS,
    title="A removal names at least one object.",
    remedy="Send an ObjectRefList with an ObjectRef for each object to be removed",
    essential=True,
)
def object_refs(case: RemovalCase) -> Iterator[Found]:
    """An empty list removes nothing, which nobody can have meant."""
    if not case.ids:
        yield "ObjectRefList", "The request names no object"


@BOOK.rule(
    "62-object-refs-only",
    error=RegistryError,
    section=_SEMANTICS,
    title="A removal holds references only.",
    remedy="Name what is to be removed by ObjectRef, its id being the entryUUID",
    essential=True,
)
def object_refs_only(case: RemovalCase) -> Iterator[Found]:
    """No registry objects."""
    for name in dict.fromkeys(case.request.others):
        yield "ObjectRefList", f"{quoted(name)} is not a reference"


@BOOK.rule(
    "62-adhoc-query",
    error=RegistryError,
    section=_SEMANTICS,
    title="A removal has no AdhocQuery.",
    remedy="Ask the query first (ITI-18), then name what it found by ObjectRef",
    essential=True,
)
def adhoc_query(case: RemovalCase) -> Iterator[Found]:
    """Leaving it unread would remove less than was asked for."""
    if case.request.has_query:
        yield "AdhocQuery", "An AdhocQuery is not part of Remove Metadata"


@BOOK.rule(
    "62-deletion-scope",
    error=RegistryError,
    section=_SEMANTICS,
    title="Objects are removed whole.",
    remedy="Leave deletionScope out; documents are removed at their repository, by ITI-86",
    essential=True,
)
def deletion_scope(case: RemovalCase) -> Iterator[Found]:
    """ebRS can also remove a document and leave its metadata; a registry has no documents.

    Senders need not write the default down; libraries that fill it in from the schema do.
    """
    scope = case.request.deletion_scope
    if scope not in (None, "", DELETE_ALL):
        yield "deletionScope", f"deletionScope is {quoted(scope or '')}"


@BOOK.rule(
    "62-objects-limit",
    error=RegistryError,
    section="ours: a limit of this registry",
    title="A removal names no more objects than the limit.",
    remedy="Divide it into several requests, objects together with their Associations",
    essential=True,
)
def objects_limit(case: RemovalCase) -> Iterator[Found]:
    """The limit of a submission."""
    if len(case.ids) > case.policy.max_objects:
        yield "ObjectRefList", f"{len(case.ids)} objects found, at most {case.policy.max_objects} are taken"


@BOOK.rule(
    "62-unresolved",
    error=UnresolvedReference,
    title="Every object to be removed is registered.",
    remedy="Send the entryUUID of a registered object; what was removed before is not there any more",
    essential=True,
)
def unresolved(case: RemovalCase) -> Iterator[Found]:
    """An id of any other form names nothing either."""
    for item in case.ids:
        if item not in case.facts.objects:
            yield item or "ObjectRef", f"{item or 'An empty id'} names no registered object"


@BOOK.rule(
    "62-references-exist",
    error=ReferencesExist,
    title="No Association that stays has a removed object as its source or target.",
    remedy="Name these Associations in the same request",
    essential=True,
)
def references_exist(case: RemovalCase) -> Iterator[Found]:
    """The context begins with the object's id; Deprecated Associations count too."""
    holders: dict[str, list[str]] = {}
    for link in case.facts.references:
        for end in dict.fromkeys((link.source, link.target)):
            if end in case.facts.objects:
                holders.setdefault(end, []).append(link.entry_uuid)
    for item in case.ids:
        if found := holders.get(item):
            more = f" and {len(found) - _LISTED} more" if len(found) > _LISTED else ""
            what = "the Association" if len(found) == 1 else f"{len(found)} Associations:"
            yield item, f"{item} is the source or target of {what} {', '.join(found[:_LISTED])}{more}"


@BOOK.rule(
    "62-unreferenced-object",
    error=UnreferencedObject,
    title="No object is left to which no Association leads.",
    remedy="Remove the object as well, or leave an Association to it",
    essential=True,
)
def unreferenced_object(case: RemovalCase) -> Iterator[Found]:
    """The context begins with the id of what would be left."""
    for link, end in case.bereft(case.facts.linked_ends):
        yield end, f"{end}, a {case.words(end)}, would have no Association without {link.entry_uuid}"


_MEMBERS: Final = (ObjectKind.DOCUMENT_ENTRY, ObjectKind.FOLDER)


@BOOK.rule(
    "62-member-of-set",
    error=UnreferencedObject,
    section="ITI TF-3 4.1.1, 4.2.2.1",
    title="A DocumentEntry or Folder that is left remains a member of a SubmissionSet.",
    remedy="Remove the object as well, or leave the HasMember of its SubmissionSet",
)
def member_of_set(case: RemovalCase) -> Iterator[Found]:
    """What has no Association at all is reported by `unreferenced_object`."""
    for link, end in case.bereft(case.facts.member_ends):
        if (
            link.association_type == AssociationType.HAS_MEMBER
            and link.target == end
            and end in case.facts.linked_ends
            and case.facts.ends[end] in _MEMBERS
        ):
            yield end, f"{end}, a {case.words(end)}, would be in no SubmissionSet without {link.entry_uuid}"


@BOOK.rule(
    "62-own-objects",
    error=RegistryError,
    section=ownership.SECTION,
    title="A partner removes its own objects.",
    remedy=ownership.OBJECTS_REMEDY,
    essential=True,
)
def own_objects(case: RemovalCase) -> Iterator[Found]:
    """Associations are of whoever submitted them."""
    yield from ownership.strange_objects(map(case.facts.objects.get, case.ids), case.policy.owner)


REMOVAL: Final[tuple[Rule[RemovalCase], ...]] = BOOK.rules


def check_removal(request: RemovalRequest, facts: RemovalFacts, policy: RulePolicy) -> list[XdsError]:
    """Judge a removal and return every finding that the sender may know."""
    return ownership.told(run(REMOVAL, RemovalCase(request, facts, policy), policy))
