"""Overrides on a real store, with a clock of the test's own, and what custodians are told."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.registry.world import Registry, World, fresh_patient
from tests.samples import builders
from xds.access import AccessContext, ConsentPolicy, DirectiveKind
from xds.model import AvailabilityStatus, StoredQuery
from xds.store import ConsentStore, ConsentTerms, NotInForce, PatientStore, open_pool

SAID = {"reason": "the patient said so", "author": "a test"}
HERE = "2.999.23.1"
USER = AccessContext(user="alice", issuer="idp", organization=HERE, roles=frozenset({"MD^^2.999.9"}))
BREAKING = replace(USER, purpose="BTG^^2.16.840.1.113883.5.8", override_reason="unconscious")
COLLEAGUE = replace(USER, user="bob")
STRANGER = replace(USER, user="carol", organization="2.999.23.2")


@dataclass
class Clock:
    now: datetime = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def registry(new_database: Callable[[], str], clock: Clock) -> Iterator[Registry]:
    policy = ConsentPolicy(custodian="privacy office", notice_roles=frozenset({"MD"}))
    pool = open_pool(new_database(), size=3, statement_timeout=10, idle_in_transaction_timeout=10)
    with closing(pool):
        yield Registry(pool, ConsentTerms(policy=policy, clock=clock))


@pytest.fixture
def patient(registry: Registry) -> str:
    world = World(patients=[fresh_patient()])
    world.add_entry(world.patients[0])
    world.add_submission_set(world.patients[0])
    world.link(world.submission_sets[0].entry_uuid, world.entries[0].entry_uuid)
    registry.hold(world)
    return world.patients[0]


def sees(registry: Registry, patient: str, user: AccessContext | None) -> bool:
    query = builders.query(
        StoredQuery.FIND_DOCUMENTS,
        builders.slot("$XDSDocumentEntryPatientId", patient),
        builders.slot("$XDSDocumentEntryStatus", AvailabilityStatus.APPROVED.value, is_list=True),
    )
    policy = registry.terms.policy
    return b"ExtrinsicObject" in registry.answer(query, user, consent=policy)


def test_a_request_begins_an_override_for_its_organization_and_four_hours(
    registry: Registry, patient: str, clock: Clock
) -> None:
    store = ConsentStore(registry.pool, registry.terms)
    assert sees(registry, patient, BREAKING)
    assert store.show(patient).overrides == (), "there was nothing to override"
    store.restrict(patient, DirectiveKind.DOMAIN, **SAID)
    assert not sees(registry, patient, USER)
    assert sees(registry, patient, BREAKING)
    assert sees(registry, patient, BREAKING)
    assert sees(registry, patient, COLLEAGUE)
    assert not sees(registry, patient, STRANGER)
    assert not sees(registry, patient, None)
    (override,) = store.show(patient).overrides
    assert (override.organization, override.person, override.reason) == (HERE, "alice", "unconscious")
    (notice,) = store.notifications()
    assert (notice.custodian, notice.patient_id) == ("privacy office", patient)
    clock.now += timedelta(hours=4, seconds=-1)
    assert sees(registry, patient, COLLEAGUE)
    clock.now += timedelta(seconds=1)
    assert not sees(registry, patient, COLLEAGUE)
    assert not sees(registry, patient, USER)


def test_notices_wait_until_they_are_acknowledged(registry: Registry, patient: str) -> None:
    store = ConsentStore(registry.pool, registry.terms)
    store.restrict(patient, DirectiveKind.DOMAIN, custodian="hospital", **SAID)
    store.restrict(patient, DirectiveKind.AGENT, "cpso:1", **SAID)
    ticket = store.override(patient, HERE, **SAID)
    assert [item.custodian for item in store.notifications()] == ["hospital", "privacy office"]
    (mine,) = store.notifications(custodian="hospital")
    assert mine.override.number == ticket.number
    assert store.acknowledge([mine.number], author="hospital") == {mine.number}
    assert store.acknowledge([mine.number], author="hospital") == set()
    assert [item.custodian for item in store.notifications()] == ["privacy office"]
    store.end_override(patient, ticket.number, author="a test")
    assert not sees(registry, patient, USER)
    with pytest.raises(NotInForce):
        store.end_override(patient, ticket.number, author="a test")


def test_roles_that_are_told_learn_that_and_no_more(registry: Registry, patient: str) -> None:
    store = ConsentStore(registry.pool, registry.terms)
    store.restrict(patient, DirectiveKind.DOMAIN, **SAID)
    query = builders.query(
        StoredQuery.FIND_DOCUMENTS,
        builders.slot("$XDSDocumentEntryPatientId", patient),
        builders.slot("$XDSDocumentEntryStatus", AvailabilityStatus.APPROVED.value, is_list=True),
    )
    policy = registry.terms.policy
    told = registry.answer(query, USER, consent=policy)
    store.restrict(patient, DirectiveKind.AGENT, "alice", **SAID)
    assert b'codeContext="consent directive applies"' in told
    assert registry.answer(query, USER, consent=policy) == told
    nurse = replace(USER, roles=frozenset({"RN^^2.999.9"}))
    assert b"consent" not in registry.answer(query, nurse, consent=policy)


def test_undoing_a_merge_keeps_what_was_directed_meanwhile_for_both(registry: Registry, patient: str) -> None:
    store, patients = ConsentStore(registry.pool, registry.terms), PatientStore(registry.pool)
    other = World(patients=[fresh_patient()])
    registry.hold(other)
    patients.merge(other.patients[0], patient, source="a test")
    # The store's own clock dates the merge: a directive that comes after it.
    later = replace(registry.terms, clock=lambda: datetime.now(UTC) + timedelta(minutes=1))
    ConsentStore(registry.pool, later).restrict(patient, DirectiveKind.DOMAIN, **SAID)
    patients.unmerge(other.patients[0], {}, source="a test")
    for each in (patient, other.patients[0]):
        assert [item.directive.kind for item in store.show(each).directives] == [DirectiveKind.DOMAIN]
