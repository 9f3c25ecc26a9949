"""Updating in the store: what is read and locked, which rows are made and changed, and in what order two updates go."""

import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from tests.samples import builders, updates
from tests.samples.updates import APPROVED, DEPRECATED
from tests.store.registries import House, entry, fresh_oid, fresh_patient, submission
from xds.model import (
    AssociationType,
    AvailabilityStatus,
    DocumentEntry,
    Folder,
    Submission,
    UpdateFacts,
    new_uuid_urn,
)
from xds.rules import RulePolicy, effects_of_update
from xds.store import Conflict, Pool, UpdateStore

POLICY = RulePolicy(unknown_patients="accept")


@pytest.fixture
def house(pool: Pool) -> House:
    return House.on(pool, unknown_patients="accept")


@pytest.fixture
def store(pool: Pool) -> UpdateStore:
    return UpdateStore(pool)


def registered(house: House, patient: str) -> tuple[DocumentEntry, Folder]:
    """A document in a Folder, with an addendum."""
    document, addendum = entry(patient), entry(patient)
    folder = builders.folder(entry_uuid=new_uuid_urn(), unique_id=fresh_oid(), patient_id=patient)
    made = submission(document, addendum)
    set_id = made.submission_set.entry_uuid
    member = builders.has_member(folder.entry_uuid, document.entry_uuid, entry_uuid=new_uuid_urn())
    more = (
        builders.has_member(set_id, folder.entry_uuid, entry_uuid=new_uuid_urn()),
        member,
        builders.has_member(set_id, member.entry_uuid, entry_uuid=new_uuid_urn()),
        builders.association(
            AssociationType.APND, addendum.entry_uuid, document.entry_uuid, entry_uuid=new_uuid_urn()
        ),
    )
    answer = house.register(replace(made, folders=(folder,), associations=(*made.associations, *more)))
    assert answer.findings == ()
    return document, folder


def newer(item: DocumentEntry | Folder, previous: int = 1, **options: Any) -> Submission:
    version = replace(item, entry_uuid="Version2", logical_id=item.logical_id or item.entry_uuid)
    made = updates.updating(version, previous=str(previous), patient_id=item.patient_id or "", **options)
    return replace(made, submission_sets=(replace(made.submission_set, unique_id=fresh_oid()),))


def facts_of(store: UpdateStore, made: Submission) -> UpdateFacts:
    with store.transaction(made) as tx:
        return tx.facts_reader().facts_for(made, accept_unknown=True)


def done(store: UpdateStore, made: Submission) -> None:
    """The update as the transaction does it, without the rules."""
    with store.transaction(made) as tx:
        reader = tx.facts_reader()
        facts = reader.facts_for(made, accept_unknown=True)
        effects = effects_of_update(made, facts, POLICY)
        tx.update(
            effects.submission,
            reader.patient_keys[made.submission_set.patient_id or ""],
            superseded=effects.superseded,
            statuses=effects.statuses,
            updated_folders=effects.updated_folders,
            patient_keys=sorted(reader.located_keys),
        )


def rows(database: str, table: str, logical_id: str) -> Mapping[int, str]:
    """version → status of a logical object."""
    with psycopg.connect(database) as connection:
        found = connection.execute(
            f"SELECT version, status::text FROM {table} WHERE logical_id = %s",  # a constant
            [logical_id.removeprefix("urn:uuid:")],
        )
        return dict(found.fetchall())


def test_the_latest_version_is_read_whole(house: House, store: UpdateStore) -> None:
    document, folder = registered(house, fresh_patient())
    facts = facts_of(store, newer(document))
    latest = facts.latest[document.entry_uuid]
    assert latest == replace(document, logical_id=document.entry_uuid)
    kinds = {item.association_type for item in facts.connections[document.entry_uuid]}
    assert kinds == {AssociationType.HAS_MEMBER, AssociationType.APND}
    assert len(facts.connections[document.entry_uuid]) == 2  # not the SubmissionSet's
    of_folder = facts_of(store, newer(folder))
    assert of_folder.latest[folder.entry_uuid].unique_id == folder.unique_id
    assert [item.target for item in of_folder.connections[folder.entry_uuid]] == [document.entry_uuid]


def test_a_new_version_is_a_new_row(house: House, store: UpdateStore, database: str) -> None:
    document, folder = registered(house, fresh_patient())
    done(store, newer(document))
    assert rows(database, "document_entry", document.entry_uuid) == {1: "D", 2: "A"}
    latest = facts_of(store, newer(document)).latest[document.entry_uuid]
    assert (latest.version, latest.logical_id) == (2, document.entry_uuid)
    done(store, newer(folder))
    assert rows(database, "folder", folder.entry_uuid) == {1: "D", 2: "A"}


def test_associations_of_a_superseded_end_are_left_behind(house: House, store: UpdateStore) -> None:
    document, folder = registered(house, fresh_patient())
    done(store, newer(folder))
    connections = facts_of(store, newer(document)).connections[document.entry_uuid]
    (member,) = [item for item in connections if item.association_type == AssociationType.HAS_MEMBER]
    assert member.source != folder.entry_uuid


@pytest.mark.parametrize("status", [APPROVED, DEPRECATED])
def test_an_order_changes_the_row(
    house: House, store: UpdateStore, database: str, status: AvailabilityStatus
) -> None:
    patient = fresh_patient()
    document, _ = registered(house, patient)
    order = updates.status_order(document.entry_uuid, APPROVED.value, status.value)
    made = updates.updating(more=[order], patient_id=patient)
    done(store, replace(made, submission_sets=(replace(made.submission_set, unique_id=fresh_oid()),)))
    letter = "A" if status is APPROVED else "D"
    assert rows(database, "document_entry", document.entry_uuid) == {1: letter}


def test_the_second_of_two_updates_waits_and_sees_the_first(house: House, store: UpdateStore) -> None:
    document, _ = registered(house, fresh_patient())
    seen: list[int] = []
    first = newer(document)
    with store.transaction(first) as tx:
        reader = tx.facts_reader()
        facts = reader.facts_for(first, accept_unknown=True)

        def second() -> None:
            seen.append(facts_of(store, newer(document)).latest[document.entry_uuid].version)

        waiting = threading.Thread(target=second)
        waiting.start()
        waiting.join(0.5)
        assert waiting.is_alive()
        effects = effects_of_update(first, facts, POLICY)
        tx.update(
            effects.submission,
            reader.patient_keys[first.submission_set.patient_id or ""],
            superseded=effects.superseded,
            statuses={},
            patient_keys=sorted(reader.located_keys),
        )
    waiting.join(10)
    assert seen == [2]


def test_a_uniqueid_of_a_submission_set_that_was_taken_meanwhile_is_a_conflict(
    house: House, store: UpdateStore
) -> None:
    document, _ = registered(house, fresh_patient())
    taken = submission(entry(fresh_patient()))
    assert house.register(taken).findings == ()
    made = newer(document)
    again = replace(made.submission_set, unique_id=taken.submission_set.unique_id)
    with pytest.raises(Conflict):
        done(store, replace(made, submission_sets=(again,)))


def test_the_latest_is_found_by_an_index(house: House, store: UpdateStore, database: str) -> None:
    """Also when its version before lies with another patient, so not by the patient's rows."""
    document, _ = registered(house, fresh_patient())
    done(store, newer(document))
    with psycopg.connect(database) as connection:
        connection.execute("SET enable_seqscan = off")
        plan = connection.execute(
            "EXPLAIN SELECT version FROM document_entry WHERE logical_id = ANY(%s::uuid[]) AND version > 1",
            [[document.entry_uuid.removeprefix("urn:uuid:")]],
        ).fetchall()
    assert "document_entry_later_versions" in str(plan)
