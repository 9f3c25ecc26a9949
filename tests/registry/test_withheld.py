"""What consent withholds is as if it had never been registered: answers are compared octet by octet.

One registry holds a world and directives; another holds what a reader of docs/consent.md leaves of that world.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import Phase, given, note, settings
from hypothesis import strategies as st

from tests.registry.test_stored_queries import PROPERTY, questions, worlds
from tests.registry.world import Registry, World
from xds.access import AccessContext, DirectiveKind
from xds.model import Association, AssociationType, DocumentEntry, StoredQuery
from xds.rules import query_name
from xds.store import ConsentStore, open_pool

HERE, ELSEWHERE = "2.999.23.1", "2.999.23.2"
USERS = {
    "nobody": None,
    "somebody": AccessContext(user="alice", issuer="idp", organization=HERE, roles=frozenset({"MD"})),
}
BOTH_WAYS = {AssociationType.RPLC, AssociationType.XFRM, AssociationType.XFRM_RPLC}


@pytest.fixture(scope="module", params=USERS)
def user(request: pytest.FixtureRequest) -> AccessContext | None:
    return USERS[request.param]


@pytest.fixture(scope="module")
def pair(new_database: Callable[[], str], user: AccessContext | None) -> Iterator[tuple[Registry, Registry]]:
    """A registry with everything, one without what is withheld."""
    pools = [
        open_pool(new_database(), size=3, statement_timeout=10, idle_in_transaction_timeout=10)
        for _ in range(2)
    ]
    with closing(pools[0]), closing(pools[1]):
        for pool in pools:
            pool.wait(30)
        yield Registry(pools[0]), Registry(pools[1])


@dataclass(slots=True)
class Directed:
    """Directives on a world."""

    whole: set[str] = field(default_factory=set)  # patients as they were registered
    records: list[DocumentEntry] = field(default_factory=list)
    others: set[str] = field(default_factory=set)  # patients with a directive that does not concern the user


@st.composite
def directives(draw: st.DrawFn, world: World, is_known: bool) -> Directed:
    made = Directed()
    for patient_id in world.patients:
        match draw(st.sampled_from(["none", "whole", "record", "record", "other"])):
            case "whole":
                made.whole.add(patient_id)
            case "other" if is_known:
                made.others.add(patient_id)
            case "record":
                mine = [item for item in world.entries if item.patient_id == patient_id]
                made.records += draw(st.lists(st.sampled_from(mine), min_size=1, max_size=2)) if mine else []
    return made


def direct(registry: Registry, made: Directed, by_uuid: bool) -> None:
    store = ConsentStore(registry.pool)
    said = {"reason": "the patient said so", "author": "a test"}
    for patient_id in made.whole:
        store.restrict(patient_id, DirectiveKind.DOMAIN, **said)
    for patient_id in made.others:
        store.restrict(patient_id, DirectiveKind.HIC_AGENT, ELSEWHERE, **said)
    for item in made.records:
        target = item.entry_uuid if by_uuid else item.unique_id or ""
        store.restrict(item.patient_id or "", DirectiveKind.RECORD, target, **said)


def left_of(world: World, made: Directed) -> World:
    """The world as its registry has it that never had what is withheld."""
    blocked = {world.patient_of(item) for item in world.objects if item.patient_id in made.whole}
    blocked |= {final(world, patient_id) for patient_id in made.whole}
    gone = {item.entry_uuid for item in world.objects if world.patient_of(item) in blocked}
    hidden = set[str]()
    for patient_id in {world.patient_of(item) for item in made.records}:
        records = [item for item in made.records if world.patient_of(item) == patient_id]
        hidden |= hidden_of(world, patient_id, {each for item in records for each in report(world, item)})
    lost = hidden | gone
    while more := {
        item.entry_uuid
        for item in world.associations
        if item.entry_uuid not in lost and (item.source in gone or item.target in gone)
    }:
        gone |= more
        lost |= more

    return replace(
        world,
        entries=[item for item in world.entries if item.entry_uuid not in lost],
        submission_sets=[item for item in world.submission_sets if item.entry_uuid not in lost],
        folders=[item for item in world.folders if item.entry_uuid not in lost],
        associations=[item for item in world.associations if item.entry_uuid not in lost],
    )


def hidden_of(world: World, patient_id: str, reports: set[str]) -> set[str]:
    """What of a patient goes with reports: links with them, and what then holds nothing any more."""
    hidden = set(reports)
    own = [
        item.entry_uuid
        for item in (*world.submission_sets, *world.folders)
        if world.patient_of(item) == patient_id
    ]
    while True:
        more = {
            item.entry_uuid for item in world.associations if item.source in hidden or item.target in hidden
        }
        for holder in own:
            held = [item.target for item in members(world) if item.source == holder]
            if held and hidden.issuperset(held):
                more.add(holder)
        if more <= hidden:
            return hidden
        hidden |= more


def final(world: World, patient_id: str) -> str:
    while patient_id in world.merged:
        patient_id = world.merged[patient_id]
    return patient_id


def members(world: World) -> list[Association]:
    return [item for item in world.associations if item.association_type == AssociationType.HAS_MEMBER]


def report(world: World, record: DocumentEntry) -> set[str]:
    """Every document that is the same report, or belongs to it."""
    mine = [item for item in world.entries if world.patient_of(item) == world.patient_of(record)]
    by_id = {item.entry_uuid: item for item in mine}
    found, new = set[str](), {record.entry_uuid}
    while new:
        found |= new
        new = set()
        for entry_uuid in found:
            if own := by_id.get(entry_uuid):
                new |= {item.entry_uuid for item in mine if is_same(item, own)}
            for link in world.associations:
                if link.association_type == AssociationType.HAS_MEMBER:
                    continue
                if link.target == entry_uuid:
                    new.add(link.source)
                if link.source == entry_uuid and link.association_type in BOTH_WAYS:
                    new.add(link.target)
        new = new & set(by_id) - found
    return found


def is_same(one: DocumentEntry, other: DocumentEntry) -> bool:
    logical = {one.logical_id or one.entry_uuid, other.logical_id or other.entry_uuid}
    return len(logical) == 1 or one.unique_id == other.unique_id


@pytest.mark.parametrize("asked", StoredQuery, ids=query_name)
@settings(PROPERTY, phases=(Phase.explicit, Phase.generate))  # what examples before it left is part of it
@given(data=st.data())
def test_an_answer_is_that_of_a_registry_that_never_had_it(
    pair: tuple[Registry, Registry], user: AccessContext | None, asked: StoredQuery, data: st.DataObject
) -> None:
    whole, rest = pair
    world = data.draw(worlds())
    made = data.draw(directives(world, user is not None))
    by_uuid = data.draw(st.booleans())
    limits = {"leaf_class_results": data.draw(st.sampled_from([1, 3, 10**6])), "object_ref_results": 10**6}
    # Both hold the same from here on: nothing is drawn in between, which may end an example.
    whole.hold(world)
    direct(whole, made, by_uuid)
    rest.hold(left_of(world, made))
    note(f"{made}")
    for _ in range(4):
        query = data.draw(questions(world, asked))
        note(f"{query}")
        assert whole.answer(query, user, **limits) == rest.answer(query, user, **limits)
