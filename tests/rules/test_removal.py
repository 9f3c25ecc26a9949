"""ITI-62: what may be removed, and what must go with it."""

from dataclasses import dataclass, field, replace

import pytest

from tests.samples.builders import REGISTERED_ENTRY, REGISTERED_FOLDER, REGISTERED_SUBMISSION_SET, registered
from xds.model import (
    DELETE_ALL,
    AssociationType,
    ObjectKind,
    RegisteredLink,
    RegisteredObject,
    RemovalFacts,
    RemovalRequest,
    XdsError,
)
from xds.rules import REMOVAL, Owner, RulePolicy, check_removal

LINK = "urn:uuid:3f0c7c52-6a1e-4d0b-9a57-2b8e5f0a1401"
OTHER_LINK = "urn:uuid:3f0c7c52-6a1e-4d0b-9a57-2b8e5f0a1402"
MEMBER = RegisteredLink(
    entry_uuid=LINK,
    association_type=AssociationType.HAS_MEMBER.value,
    source=REGISTERED_SUBMISSION_SET,
    target=REGISTERED_ENTRY,
)
IN_FOLDER = replace(MEMBER, entry_uuid=OTHER_LINK, source=REGISTERED_FOLDER)


def request(*ids: str, **changes: object) -> RemovalRequest:
    """A whole submission: entry, set and the Association between them."""
    return RemovalRequest(object_ids=ids or (REGISTERED_ENTRY, REGISTERED_SUBMISSION_SET, LINK), **changes)  # type: ignore[arg-type]


def facts(**changes: object) -> RemovalFacts:
    """What the registry knows of `request()`."""
    kinds = {
        REGISTERED_ENTRY: ObjectKind.DOCUMENT_ENTRY,
        REGISTERED_SUBMISSION_SET: ObjectKind.SUBMISSION_SET,
        LINK: ObjectKind.ASSOCIATION,
    }
    known = RemovalFacts(
        objects={item: registered(item, kind) for item, kind in kinds.items()}, links={LINK: MEMBER}
    )
    return replace(known, **changes)  # type: ignore[arg-type]


def without(*ids: str) -> RemovalFacts:
    """The facts of a request that leaves these out; they are ends that stay."""
    known = facts()
    kinds = {item: known.objects[item].kind for item in ids}
    return replace(
        known, objects={item: kept for item, kept in known.objects.items() if item not in ids}, ends=kinds
    )


def owned_by(source_id: str, *, but: dict[str, str]) -> dict[str, RegisteredObject]:
    """The objects of `facts()`, each with the sourceId with which it came."""
    return {
        item: replace(known, source_id=but.get(item, source_id)) for item, known in facts().objects.items()
    }


@dataclass(frozen=True, kw_only=True)
class Broken:
    """One thing changed, and the one finding that it gives."""

    rule: str
    code: str
    location: str
    request: RemovalRequest = field(default_factory=request)
    facts: RemovalFacts = field(default_factory=facts)
    policy: RulePolicy = field(default_factory=RulePolicy)


BROKEN = [
    Broken(
        rule="62-object-refs", code="XDSRegistryError", location="ObjectRefList",
        request=RemovalRequest(), facts=RemovalFacts(),
    ),
    Broken(
        rule="62-object-refs-only", code="XDSRegistryError", location="ObjectRefList",
        request=request(others=("ExtrinsicObject",)),
    ),
    Broken(
        rule="62-adhoc-query", code="XDSRegistryError", location="AdhocQuery", request=request(has_query=True)
    ),
    Broken(
        rule="62-deletion-scope", code="XDSRegistryError", location="deletionScope",
        request=request(
            deletion_scope="urn:oasis:names:tc:ebxml-regrep:DeletionScopeType:DeleteRepositoryItemOnly"
        ),
    ),
    Broken(
        rule="62-objects-limit", code="XDSRegistryError", location="ObjectRefList",
        policy=RulePolicy(max_objects=2),
    ),
    Broken(
        rule="62-unresolved", code="UnresolvedReferenceException", location="urn:uuid:0",
        request=request(REGISTERED_ENTRY, REGISTERED_SUBMISSION_SET, LINK, "urn:uuid:0"),
    ),
    Broken(
        rule="62-references-exist", code="ReferencesExistException", location=REGISTERED_ENTRY,
        facts=facts(references=(IN_FOLDER,)),
    ),
    Broken(
        rule="62-unreferenced-object", code="XDSUnreferencedObjectException", location=REGISTERED_ENTRY,
        request=request(REGISTERED_SUBMISSION_SET, LINK), facts=without(REGISTERED_ENTRY),
    ),
    Broken(
        rule="62-member-of-set", code="XDSUnreferencedObjectException", location=REGISTERED_ENTRY,
        request=request(REGISTERED_SUBMISSION_SET, LINK),
        facts=replace(without(REGISTERED_ENTRY), linked_ends=frozenset({REGISTERED_ENTRY})),
    ),
    Broken(
        rule="62-own-objects", code="XDSRegistryError", location=LINK,
        facts=facts(objects=owned_by("2.999.4.1", but={LINK: "2.999.4.2"})),
        policy=RulePolicy(owner=Owner(name="dir-a", source_ids=frozenset({"2.999.4.1"}))),
    ),
]  # fmt: skip


def found(case: Broken) -> list[XdsError]:
    return check_removal(case.request, case.facts, case.policy)


def test_a_whole_submission_may_go() -> None:
    assert check_removal(request(), facts(), RulePolicy()) == []
    assert check_removal(request(deletion_scope=DELETE_ALL), facts(), RulePolicy(strictness="strict")) == []


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.rule)
def test_one_thing_changed_is_found(case: Broken) -> None:
    (finding,) = found(case)
    assert (finding.rule, finding.code, finding.location) == (case.rule, case.code, case.location)


def test_every_rule_is_tried() -> None:
    assert [case.rule for case in BROKEN] == [rule.id for rule in REMOVAL]


@pytest.mark.parametrize(
    "code", ["UnresolvedReferenceException", "ReferencesExistException", "XDSUnreferencedObjectException"]
)
def test_the_context_begins_with_the_objects_id(code: str) -> None:
    for case in BROKEN:
        if case.code == code:
            (finding,) = found(case)
            assert finding.context.startswith(case.location)


def test_an_id_in_capitals_names_the_same_object() -> None:
    ids = (REGISTERED_ENTRY.upper().replace("URN:UUID:", "urn:uuid:"), REGISTERED_SUBMISSION_SET, LINK)
    assert check_removal(request(*ids), facts(), RulePolicy()) == []


def test_an_end_that_keeps_what_it_needs_may_stay() -> None:
    """A document taken out of a Folder is still in its SubmissionSet, and so is the Folder."""
    ends = {REGISTERED_FOLDER: ObjectKind.FOLDER, REGISTERED_ENTRY: ObjectKind.DOCUMENT_ENTRY}
    left = RemovalFacts(
        objects={OTHER_LINK: registered(OTHER_LINK, ObjectKind.ASSOCIATION)},
        links={OTHER_LINK: IN_FOLDER},
        ends=ends,
        linked_ends=frozenset(ends),
        member_ends=frozenset(ends),
    )
    assert check_removal(request(OTHER_LINK), left, RulePolicy()) == []


def test_many_associations_are_counted_not_listed() -> None:
    many = tuple(replace(IN_FOLDER, entry_uuid=f"urn:uuid:{number}") for number in range(9))
    (finding,) = check_removal(request(), facts(references=many), RulePolicy())
    assert "9 Associations: urn:uuid:0" in finding.context
    assert "urn:uuid:4 and 4 more" in finding.context
