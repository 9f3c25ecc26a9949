"""The option "XDS.b Reference ID" (ITI TF-1 10.2.6, ITI TF-3 4.2.3.2.28, ITI TF-2 3.18.4.1.2.3.7.14).

A document is published with the ids of what it belongs to (accession, order, study, encounter, …), is found by them,
and is given out with them as they were sent.
"""

import itertools

import pytest

from tests.transactions import samples
from tests.transactions.conftest import Service
from tests.transactions.wire import Answer, send, send_mtom
from xds.ebxml import decode_query_response
from xds.model import AssociationType, QuerySlot, ReferenceIdType, ReturnType, StoredQuery, Submission

_numbers = itertools.count(1)
ISSUER = "&2.999.23.1&ISO"


def reference(kind: ReferenceIdType, number: str | None = None) -> str:
    """A CXi of that type: a study UID is its own issuer's, the others have an assigning authority."""
    if kind in (ReferenceIdType.STUDY_INSTANCE_UID, ReferenceIdType.UNIQUE_ID):
        return f"{number or samples.fresh_oid()}^^^^{kind.value}"
    return f"{number or f'R{next(_numbers):07}'}^^^{ISSUER}^{kind.value}"


def publish(service: Service, made: Submission) -> Answer:
    documents = {item.entry_uuid: b"octets" for item in made.document_entries}
    body, parts = samples.provide_body(samples.provided(made), documents)
    return send_mtom(service.port, "ITI-41", body, *parts)


def find(service: Service, patient: str, *groups: tuple[str, ...], **options: object) -> Answer:
    """FindDocumentsByReferenceId; each group is a Slot of its own: the values of one ORed, the Slots ANDed."""
    slots: list[QuerySlot] = [
        samples.slot("$XDSDocumentEntryPatientId", patient, is_list=False),
        samples.slot("$XDSDocumentEntryStatus", str(options.pop("status", samples.APPROVED))),
        *(samples.slot("$XDSDocumentEntryReferenceIdList", *group) for group in groups),
    ]
    return_type = ReturnType(str(options.pop("return_type", ReturnType.LEAF_CLASS)))
    assert not options
    body = samples.query_body(StoredQuery.FIND_DOCUMENTS_BY_REFERENCE_ID, *slots, return_type=return_type)
    return send(service.port, "ITI-18", body)


def found(answer: Answer) -> dict[str, tuple[str, ...]]:
    """uniqueId → referenceIdList of every entry of an answer."""
    assert answer.result == "Success", answer.contexts
    (element,) = answer.elements("AdhocQueryResponse")
    entries = decode_query_response(element).objects.document_entries
    return {item.unique_id or "": item.reference_ids for item in entries}


@pytest.mark.parametrize("kind", ReferenceIdType, ids=lambda kind: kind.name)
def test_each_type_is_kept_and_found(kind: ReferenceIdType, service: Service) -> None:
    patient, value = samples.fresh_patient(), reference(kind)
    entry = samples.entry(patient, reference_ids=(value, reference(ReferenceIdType.ORDER)))
    assert publish(service, samples.submission(entry, samples.entry(patient))).result == "Success"
    assert found(find(service, patient, (value,))) == {entry.unique_id: entry.reference_ids}


def test_values_of_one_slot_are_alternatives_and_slots_are_conditions(service: Service) -> None:
    patient = samples.fresh_patient()
    accession, order, other = (reference(ReferenceIdType.ACCESSION), reference(ReferenceIdType.ORDER),
                               reference(ReferenceIdType.ORDER))  # fmt: skip
    both = samples.entry(patient, reference_ids=(accession, order))
    one = samples.entry(patient, reference_ids=(accession,))
    third = samples.entry(patient, reference_ids=(other,))
    assert publish(service, samples.submission(both, one, third)).result == "Success"
    assert set(found(find(service, patient, (accession,)))) == {both.unique_id, one.unique_id}
    assert set(found(find(service, patient, (order, other)))) == {both.unique_id, third.unique_id}
    assert set(found(find(service, patient, (accession,), (order, other)))) == {both.unique_id}
    assert found(find(service, patient, (order,), (other,))) == {}


def test_type_and_issuer_belong_to_the_id(service: Service) -> None:
    """The same number as accession and as order are two ids."""
    patient, number = samples.fresh_patient(), f"R{next(_numbers):07}"
    entry = samples.entry(patient, reference_ids=(reference(ReferenceIdType.ACCESSION, number),))
    assert publish(service, samples.submission(entry)).result == "Success"
    assert found(find(service, patient, (reference(ReferenceIdType.ORDER, number),))) == {}
    elsewhere = reference(ReferenceIdType.ACCESSION, number).replace("2.999.23.1", "2.999.23.2")
    assert found(find(service, patient, (elsewhere,))) == {}
    assert set(found(find(service, patient, (f"{number}^^^{ISSUER}^%",)))) == {entry.unique_id}


def test_another_patients_documents_are_not_found(service: Service) -> None:
    one, other, value = samples.fresh_patient(), samples.fresh_patient(), reference(ReferenceIdType.ENCOUNTER)
    for patient in (one, other):
        entry = samples.entry(patient, reference_ids=(value,))
        assert publish(service, samples.submission(entry)).result == "Success"
    assert len(found(find(service, one, (value,)))) == 1


def test_the_status_counts(service: Service) -> None:
    patient, value = samples.fresh_patient(), reference(ReferenceIdType.ACCESSION)
    old, new = (samples.entry(patient, reference_ids=(value,)) for _ in range(2))
    assert publish(service, samples.submission(old)).result == "Success"
    replacing = samples.with_associations(
        samples.submission(new), samples.relation(AssociationType.RPLC, new.entry_uuid, old.entry_uuid)
    )
    assert publish(service, replacing).result == "Success"
    assert set(found(find(service, patient, (value,)))) == {new.unique_id}
    assert set(found(find(service, patient, (value,), status=samples.DEPRECATED))) == {old.unique_id}


def test_references_to_the_objects(service: Service) -> None:
    patient, value = samples.fresh_patient(), reference(ReferenceIdType.STUDY_INSTANCE_UID)
    entry = samples.entry(patient, reference_ids=(value,))
    assert publish(service, samples.submission(entry)).result == "Success"
    answer = find(service, patient, (value,), return_type=ReturnType.OBJECT_REF)
    assert [item.get("id") for item in answer.elements("ObjectRef")] == [entry.entry_uuid]


def test_without_a_reference_id_the_query_is_refused(service: Service) -> None:
    answer = find(service, samples.fresh_patient())
    assert (answer.result, answer.codes) == ("Failure", ["XDSStoredQueryMissingParam"])
    assert "$XDSDocumentEntryReferenceIdList" in answer.contexts[0]


@pytest.mark.parametrize("value", [f"^^^{ISSUER}^{ReferenceIdType.ACCESSION.value}", f"R1^^^{ISSUER}"])
def test_what_is_no_cxi_is_refused(value: str, service: Service) -> None:
    """An id without its identifier or its type could not be found by anybody."""
    patient = samples.fresh_patient()
    answer = publish(service, samples.submission(samples.entry(patient, reference_ids=(value,))))
    assert (answer.result, answer.codes) == ("Failure", ["XDSRegistryMetadataError"])
    assert "referenceIdList" in answer.elements("RegistryError")[0].get("location", "")
