"""ITI-18 over HTTP: every query that is served, its answers and its errors."""

from dataclasses import replace

import pytest

from tests.samples import builders
from tests.transactions import samples
from tests.transactions.conftest import Service
from tests.transactions.wire import Answer, send
from xds.model import AssociationType, Code, DocumentEntry, ReturnType, StoredQuery, Submission


@pytest.fixture(scope="module")
def patient(service: Service) -> str:
    """A patient with four documents, one of them replaced, in two submissions."""
    return str(_content(service)[0])


_cache: dict[int, tuple[str, list[DocumentEntry], list[Submission]]] = {}


def _content(service: Service) -> tuple[str, list[DocumentEntry], list[Submission]]:
    if service.port in _cache:
        return _cache[service.port]
    patient_id = samples.fresh_patient()
    modality = [Code(code=c, scheme="1.2.840.10008.2.16.4", display=builders.text(c)) for c in ("CT", "MR")]
    first = samples.entry(
        patient_id,
        creation_time="20240110",
        event_codes=(modality[0],),
        reference_ids=("ACC1^^^&2.999.23.1&ISO^urn:ihe:iti:xds:2013:accession",),
    )
    second = samples.entry(
        patient_id,
        creation_time="20240220093000",
        event_codes=tuple(modality),
        service_start_time=None,
        service_stop_time=None,
        authors=(builders.author(person="9^O'Hara_X^Zoé^^^Dr^^^&2.999.3&ISO"),),
    )
    third = samples.entry(patient_id, creation_time="2025", event_codes=())
    made = samples.submission(first, second, third)
    newer = samples.entry(patient_id, creation_time="20250601", event_codes=(modality[1],))
    replacing = samples.with_associations(
        samples.submission(newer), samples.relation(AssociationType.RPLC, newer.entry_uuid, third.entry_uuid)
    )
    for item in (made, replacing):
        answer = send(service.port, "ITI-42", samples.register_body(item))
        assert answer.result == "Success", answer.body
    _cache[service.port] = (patient_id, [first, second, third, newer], [made, replacing])
    return _cache[service.port]


def unique_ids(answer: Answer) -> set[str]:
    assert answer.root is not None
    path = "//*[local-name()='ExternalIdentifier'][@identificationScheme=$s]/@value"
    return {str(v) for v in answer.root.xpath(path, s="urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab")}


def ask(service: Service, body: bytes) -> Answer:
    answer = send(service.port, "ITI-18", body)
    assert answer.status == 200, answer.body
    return answer


def positions(service: Service, answer: Answer) -> set[int]:
    """Which of the four documents came."""
    ids = [entry.unique_id for entry in _content(service)[1]]
    return {ids.index(item) for item in unique_ids(answer)}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ((), {0, 1, 3}),
        ((samples.slot("$XDSDocumentEntryCreationTimeFrom", "20240110", is_list=False, unquoted=True),), {0, 1, 3}),
        ((samples.slot("$XDSDocumentEntryCreationTimeTo", "20240110", is_list=False, unquoted=True),), set()),
        ((samples.slot("$XDSDocumentEntryCreationTimeFrom", "202402", is_list=False, unquoted=True),), {1, 3}),
        ((samples.slot("$XDSDocumentEntryEventCodeList", "CT^^1.2.840.10008.2.16.4"),), {0, 1}),
        ((samples.slot("$XDSDocumentEntryEventCodeList", "CT^^1.2.840.10008.2.16.4", "MR^^1.2.840.10008.2.16.4"),),
         {0, 1, 3}),
        ((samples.slot("$XDSDocumentEntryEventCodeList", "CT^^1.2.840.10008.2.16.4"),
          samples.slot("$XDSDocumentEntryEventCodeList", "MR^^1.2.840.10008.2.16.4")), {1}),
        ((samples.slot("$XDSDocumentEntryEventCodeList", "XX^^1.2.3"),), set()),
        ((samples.slot("$XDSDocumentEntryAuthorPerson", "%O'Hara%"),), {1}),
        ((samples.slot("$XDSDocumentEntryAuthorPerson", "9^O'Hara\\_X%"),), set()),
        # An entry without service times is not excluded by them (3.18.4.1.2.3.3.1).
        ((samples.slot("$XDSDocumentEntryServiceStartTimeFrom", "2099", is_list=False, unquoted=True),), {1}),
        ((samples.slot("$XDSDocumentEntryType", "urn:uuid:34268e47-fdf5-41a6-ba33-82133c465248"),), set()),
    ],
)  # fmt: skip
def test_find_documents(service: Service, patient: str, more: tuple[object, ...], expected: set[int]) -> None:
    answer = ask(service, samples.find_body(patient, *more))  # type: ignore[arg-type]
    assert answer.result == "Success", answer.body
    assert positions(service, answer) == expected


def test_find_documents_by_status(service: Service, patient: str) -> None:
    assert positions(service, ask(service, samples.find_body(patient, statuses=(samples.DEPRECATED,)))) == {2}
    both = (samples.APPROVED, samples.DEPRECATED)
    assert positions(service, ask(service, samples.find_body(patient, statuses=both))) == {0, 1, 2, 3}


def test_object_ref(service: Service, patient: str) -> None:
    answer = ask(service, samples.find_body(patient, return_type=ReturnType.OBJECT_REF))
    ids = {item.get("id") for item in answer.elements("ObjectRef")}
    assert ids == {_content(service)[1][index].entry_uuid for index in (0, 1, 3)}
    assert answer.elements("ExtrinsicObject") == []


def test_an_unknown_patient_is_an_empty_success(service: Service) -> None:
    answer = ask(service, samples.find_body(samples.fresh_patient()))
    assert (answer.result, answer.codes) == ("Success", [])
    assert len(answer.elements("RegistryObjectList")) == 1


def test_find_documents_by_reference_id(service: Service, patient: str) -> None:
    body = samples.query_body(
        StoredQuery.FIND_DOCUMENTS_BY_REFERENCE_ID,
        samples.slot("$XDSDocumentEntryPatientId", patient, is_list=False),
        samples.slot("$XDSDocumentEntryStatus", samples.APPROVED),
        samples.slot(
            "$XDSDocumentEntryReferenceIdList", "ACC1^^^&2.999.23.1&ISO^urn:ihe:iti:xds:2013:accession"
        ),
    )
    assert positions(service, ask(service, body)) == {0}


def test_get_documents(service: Service, patient: str) -> None:
    entries = _content(service)[1]
    by_uuid = samples.query_body(
        StoredQuery.GET_DOCUMENTS,
        samples.slot("$XDSDocumentEntryEntryUUID", entries[0].entry_uuid, entries[2].entry_uuid),
    )
    assert positions(service, ask(service, by_uuid)) == {0, 2}
    by_unique_id = samples.query_body(
        StoredQuery.GET_DOCUMENTS, samples.slot("$XDSDocumentEntryUniqueId", entries[1].unique_id or "")
    )
    assert positions(service, ask(service, by_unique_id)) == {1}
    unknown = samples.query_body(
        StoredQuery.GET_DOCUMENTS, samples.slot("$XDSDocumentEntryEntryUUID", samples.fresh_uuid())
    )
    assert ask(service, unknown).result == "Success"


def test_get_documents_of_two_patients(service: Service, patient: str) -> None:
    other = samples.entry(samples.fresh_patient())
    assert send(service.port, "ITI-42", samples.register_body(samples.submission(other))).result == "Success"
    ids = samples.slot("$XDSDocumentEntryEntryUUID", _content(service)[1][0].entry_uuid, other.entry_uuid)
    leaf = ask(service, samples.query_body(StoredQuery.GET_DOCUMENTS, ids))
    assert (leaf.result, leaf.codes) == ("Failure", ["XDSResultNotSinglePatient"])
    assert leaf.elements("ExtrinsicObject") == []
    refs = ask(service, samples.query_body(StoredQuery.GET_DOCUMENTS, ids, return_type=ReturnType.OBJECT_REF))
    assert len(refs.elements("ObjectRef")) == 2


def test_get_all(service: Service, patient: str) -> None:
    answer = ask(
        service,
        samples.query_body(
            StoredQuery.GET_ALL,
            samples.slot("$patientId", patient, is_list=False),
            samples.slot("$XDSDocumentEntryStatus", samples.APPROVED, samples.DEPRECATED),
            samples.slot("$XDSSubmissionSetStatus", samples.APPROVED),
            samples.slot("$XDSFolderStatus", samples.APPROVED),
        ),
    )
    assert answer.result == "Success"
    assert len(answer.elements("ExtrinsicObject")) == 4
    assert len(answer.elements("RegistryPackage")) == 2
    kinds = [item.get("associationType", "").rpartition(":")[2] for item in answer.elements("Association")]
    assert sorted(kinds) == ["HasMember"] * 4 + ["RPLC"]


def test_get_submission_set_and_contents(service: Service, patient: str) -> None:
    made = _content(service)[2][1]
    answer = ask(
        service,
        samples.query_body(
            StoredQuery.GET_SUBMISSION_SET_AND_CONTENTS,
            samples.slot("$XDSSubmissionSetUniqueId", made.submission_sets[0].unique_id or "", is_list=False),
        ),
    )
    assert positions(service, answer) == {3}
    assert len(answer.elements("RegistryPackage")) == 1
    # RPLC's other end is not in the set, and RPLC is no member of it.
    assert [
        item.get("associationType", "").rpartition(":")[2] for item in answer.elements("Association")
    ] == ["HasMember"]


def test_get_related_documents(service: Service, patient: str) -> None:
    third = _content(service)[1][2]

    def related(*kinds: AssociationType) -> Answer:
        return ask(
            service,
            samples.query_body(
                StoredQuery.GET_RELATED_DOCUMENTS,
                samples.slot("$XDSDocumentEntryEntryUUID", third.entry_uuid, is_list=False),
                samples.slot("$AssociationTypes", *[kind.value for kind in kinds]),
            ),
        )

    answer = related(AssociationType.RPLC, AssociationType.APND)
    assert positions(service, answer) == {2, 3}
    assert len(answer.elements("Association")) == 1
    assert positions(service, related(AssociationType.XFRM)) == set()


def test_get_associations(service: Service, patient: str) -> None:
    third = _content(service)[1][2]
    body = samples.query_body(StoredQuery.GET_ASSOCIATIONS, samples.slot("$uuid", third.entry_uuid))
    kinds = [
        i.get("associationType", "").rpartition(":")[2] for i in ask(service, body).elements("Association")
    ]
    assert sorted(kinds) == ["HasMember", "RPLC"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (samples.query_body("urn:uuid:00000000-0000-4000-8000-000000000000"), "XDSUnknownStoredQuery"),
        (samples.query_body(StoredQuery.FIND_DOCUMENTS), "XDSStoredQueryMissingParam"),
        (samples.find_body("P1^^^&2.999.1&ISO", return_type="RegistryObject"), "XDSRegistryError"),
        (
            samples.query_body(
                StoredQuery.FIND_DOCUMENTS,
                samples.slot("$XDSDocumentEntryPatientId", "P1^^^&2.999.1&ISO", "P2^^^&2.999.1&ISO"),
                samples.slot("$XDSDocumentEntryStatus", samples.APPROVED),
            ),
            "XDSStoredQueryParamNumber",
        ),
        (
            samples.query_body(
                StoredQuery.GET_DOCUMENTS,
                samples.slot("$XDSDocumentEntryEntryUUID", "urn:uuid:00000000-0000-4000-8000-000000000000"),
                samples.slot("$XDSDocumentEntryUniqueId", "2.999.1"),
            ),
            "XDSStoredQueryParamNumber",
        ),
    ],
)
def test_errors(service: Service, body: bytes, code: str) -> None:
    answer = ask(service, body)
    assert answer.result == "Failure"
    assert code in answer.codes
    assert len(answer.elements("RegistryObjectList")) == 1


def test_too_many_results(start: object) -> None:
    service = start(limits={"leaf_class_results": 2, "object_ref_results": 3, "requests_per_second": 0})  # type: ignore[operator]
    patient_id = samples.fresh_patient()
    made = samples.submission(*[samples.entry(patient_id) for _ in range(3)])
    made = replace(
        made, document_entries=tuple(replace(e, entry_uuid=e.entry_uuid) for e in made.document_entries)
    )
    assert send(service.port, "ITI-42", samples.register_body(made)).result == "Success"
    answer = ask(service, samples.find_body(patient_id))
    assert (answer.result, answer.codes) == ("Failure", ["XDSTooManyResults"])
    assert "2" in answer.contexts[0]
    assert "ObjectRef" in answer.contexts[0]
    refs = ask(service, samples.find_body(patient_id, return_type=ReturnType.OBJECT_REF))
    assert (refs.result, len(refs.elements("ObjectRef"))) == ("Success", 3)
