"""The On-Demand option at the registry: ITI-61 over HTTP, and who finds what it registered."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.transactions import samples
from tests.transactions.conftest import Service
from tests.transactions.test_iti42 import found, register
from tests.transactions.wire import Answer, send
from xds.client import RegistryClient
from xds.ebxml import decode_query_response
from xds.model import (
    ON_DEMAND,
    STABLE,
    AssociationType,
    AvailabilityStatus,
    DocumentEntry,
    StoredQuery,
    Submission,
)


def register_on_demand(service: Service, made: Submission, **options: str) -> Answer:
    return send(service.port, "ITI-61", samples.register_body(made), **options)


def found_of(service: Service, patient: str, *types: str) -> dict[str, DocumentEntry]:
    """uniqueId → entry of what FindDocuments answers for these $XDSDocumentEntryType."""
    more = [samples.slot("$XDSDocumentEntryType", *types)] if types else []
    answer = send(service.port, "ITI-18", samples.find_body(patient, *more))
    assert answer.result == "Success", answer.body
    objects = decode_query_response(answer.elements("AdhocQueryResponse")[0]).objects
    return {item.unique_id or "": item for item in objects.document_entries}


def test_is_registered_and_found_by_who_asks_for_such(service: Service) -> None:
    patient = samples.fresh_patient()
    entry = samples.on_demand_entry(patient)
    stable = samples.entry(patient)
    assert register(service, samples.submission(stable)).result == "Success"
    answer = register_on_demand(service, samples.submission(entry))
    assert (answer.status, answer.result, answer.codes) == (200, "Success", [])
    assert answer.elements("Action")[0].text == "urn:ihe:iti:2010:RegisterOnDemandDocumentResponse"
    assert set(found_of(service, patient)) == {stable.unique_id}
    assert set(found_of(service, patient, ON_DEMAND, STABLE)) == {stable.unique_id, entry.unique_id}
    (stored,) = found_of(service, patient, ON_DEMAND).values()
    assert replace(stored, logical_id=None) == entry
    assert (stored.hash, stored.size, stored.creation_time) == (None, None, None)


@pytest.mark.parametrize(
    ("field", "value"), [("creation_time", "20240311153000"), ("hash", "0" * 40), ("size", "7")]
)
def test_what_a_document_has_is_refused(service: Service, field: str, value: str) -> None:
    patient = samples.fresh_patient()
    answer = register_on_demand(
        service, samples.submission(samples.on_demand_entry(patient, **{field: value}))
    )
    assert (answer.result, answer.codes) == ("Failure", ["XDSRegistryMetadataError"])
    assert found_of(service, patient, ON_DEMAND) == {}


def test_each_kind_of_entry_by_its_own_transaction(service: Service) -> None:
    patient = samples.fresh_patient()
    assert register_on_demand(service, samples.submission(samples.entry(patient))).result == "Failure"
    answer = register(service, samples.submission(samples.on_demand_entry(patient)))
    assert answer.result == "Failure"
    assert found_of(service, patient, ON_DEMAND, STABLE) == {}


def test_uniqueids_of_stable_and_on_demand_entries_differ(service: Service) -> None:
    patient = samples.fresh_patient()
    stable, promised = samples.entry(patient), samples.on_demand_entry(patient)
    assert register(service, samples.submission(stable)).result == "Success"
    assert register_on_demand(service, samples.submission(promised)).result == "Success"
    taken = samples.on_demand_entry(patient, unique_id=stable.unique_id)
    answer = register_on_demand(service, samples.submission(taken))
    assert answer.codes == ["XDSRegistryMetadataError"]
    answer = register(service, samples.submission(samples.entry(patient, unique_id=promised.unique_id)))
    assert answer.codes == ["XDSRegistryMetadataError"]
    # Of On-Demand entries several may have one uniqueId (3.61.4.1.3).
    again = samples.on_demand_entry(patient, unique_id=promised.unique_id)
    assert register_on_demand(service, samples.submission(again)).result == "Success"


def test_replaces_a_stable_entry_and_one_of_its_kind(service: Service) -> None:
    patient = samples.fresh_patient()
    stable = samples.entry(patient)
    assert register(service, samples.submission(stable)).result == "Success"
    first, second = samples.on_demand_entry(patient), samples.on_demand_entry(patient)
    for new, old in ((first, stable), (second, first)):
        made = samples.with_associations(
            samples.submission(new), samples.relation(AssociationType.RPLC, new.entry_uuid, old.entry_uuid)
        )
        assert register_on_demand(service, made).result == "Success"
    assert set(found_of(service, patient, ON_DEMAND, STABLE)) == {second.unique_id}
    (deprecated,) = found(service, patient, samples.DEPRECATED).values()
    assert deprecated.availability_status is AvailabilityStatus.DEPRECATED


def test_a_snapshot_is_a_stable_entry_of_iti_42(service: Service) -> None:
    patient = samples.fresh_patient()
    promised = samples.on_demand_entry(patient)
    assert register_on_demand(service, samples.submission(promised)).result == "Success"
    taken = samples.entry(patient)
    relation = samples.relation(AssociationType.IS_SNAPSHOT_OF, taken.entry_uuid, promised.entry_uuid)
    made = samples.with_associations(samples.submission(taken), relation)
    assert register(service, made).result == "Success"
    answer = send(
        service.port,
        "ITI-18",
        samples.query_body(
            StoredQuery.GET_RELATED_DOCUMENTS,
            samples.slot("$XDSDocumentEntryEntryUUID", promised.entry_uuid, is_list=False),
            samples.slot("$AssociationTypes", AssociationType.IS_SNAPSHOT_OF.value),
            samples.slot("$XDSDocumentEntryType", ON_DEMAND, STABLE),
        ),
    )
    ids = {item.get("id") for item in answer.elements("ExtrinsicObject")}
    assert ids == {promised.entry_uuid, taken.entry_uuid}


def test_a_repeat_is_answered_and_a_message_without_action_is_iti_42(start: Callable[..., Service]) -> None:
    service = start()
    patient = samples.fresh_patient()
    made = samples.submission(samples.on_demand_entry(patient))
    for _ in range(2):
        assert register_on_demand(service, made, message_id="urn:uuid:5d6d64bb").result == "Success"
    assert register_on_demand(service, made).result == "Failure"
    assert len(found_of(service, patient, ON_DEMAND)) == 1


def test_the_client_registers(service: Service) -> None:
    patient = samples.fresh_patient()
    with RegistryClient(f"{service.url}/dics/registry") as client:
        assert client.register_on_demand(samples.submission(samples.on_demand_entry(patient))).is_success
    assert len(found_of(service, patient, ON_DEMAND)) == 1
