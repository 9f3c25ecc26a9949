"""Every stored query of ITI-18 and ITI-51 over HTTP once, each error code once, and which transaction is which."""

import dataclasses
from dataclasses import dataclass

import pytest

from tests.samples import builders
from tests.transactions import samples
from tests.transactions.conftest import Service
from tests.transactions.wire import ACTION, PATH, SOAP, Answer, envelope, post, send
from xds.client import build_query
from xds.ebxml import encode_adhoc_query
from xds.model import AssociationType, Code, ReturnType, StoredQuery, Submission
from xds.rules import query_name, transaction_of

Q = StoredQuery
DE = "$XDSDocumentEntry"
BY_KIND = {"ExtrinsicObject": 0, "RegistryPackage": 1, "Association": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A patient with a Folder of two documents, one of which was replaced."""

    patient: str
    first: str  # entryUUIDs
    second: str
    newer: str
    folder: str
    submission_set: str
    code: str  # in the Folder's codeList and the documents' eventCodeList, and nowhere else


@pytest.fixture(scope="module")
def content(service: Service) -> Content:
    patient, code = (
        samples.fresh_patient(),
        Code(code="Q", scheme=samples.fresh_oid(), display=builders.text("q")),
    )
    first, second = (samples.entry(patient, event_codes=(code,)) for _ in range(2))
    folder = builders.folder(
        entry_uuid=samples.fresh_uuid(), unique_id=samples.fresh_oid(), patient_id=patient, codes=(code,)
    )
    made = samples.submission(first, second, folders=(folder,))
    submission_set = made.submission_sets[0]
    links = [
        builders.has_member(folder.entry_uuid, item.entry_uuid, entry_uuid=samples.fresh_uuid())
        for item in (first, second)
    ]
    held = [*links, folder]
    own = submission_set.entry_uuid
    made = samples.with_associations(
        made,
        *links,
        *[builders.has_member(own, item.entry_uuid, entry_uuid=f"h{n}") for n, item in enumerate(held)],
    )
    newer = samples.entry(patient, event_codes=(code,))
    rplc = samples.relation(AssociationType.RPLC, newer.entry_uuid, second.entry_uuid)
    for submission in (made, samples.with_associations(samples.submission(newer), rplc)):
        register(service, submission)
    found = ask(service, Q.FIND_SUBMISSION_SETS, {"patientId": patient, "status": "Approved"})
    ids = {item.get("id", "") for item in found.elements("RegistryPackage")}
    sets = {
        str(item.get("registryObject")): str(item.get("value"))
        for item in found.elements("ExternalIdentifier")
        if item.get("value") == submission_set.unique_id
    }
    (set_id,) = sets
    assert set_id in ids
    return Content(
        patient=patient,
        first=first.entry_uuid,
        second=second.entry_uuid,
        newer=newer.entry_uuid,
        folder=folder.entry_uuid,
        submission_set=set_id,
        code=str(code),
    )


def register(service: Service, submission: Submission) -> None:
    answer = send(service.port, "ITI-42", samples.register_body(submission))
    assert answer.result == "Success", answer.body


def ask(service: Service, query: StoredQuery, parameters: dict[str, object], **options: object) -> Answer:
    body = encode_adhoc_query(build_query(query, parameters, **options))  # type: ignore[arg-type]
    answer = send(service.port, transaction_of(query), body)
    assert answer.status == 200, answer.body
    return answer


QUERIES: list[tuple[StoredQuery, dict[str, object], tuple[int, int, int]]] = [
    # how many entries, SubmissionSets and Folders, Associations
    (Q.FIND_DOCUMENTS, {"patientId": "patient", "status": "Approved"}, (2, 0, 0)),
    (Q.FIND_SUBMISSION_SETS, {"patientId": "patient", "status": "Approved"}, (0, 2, 0)),
    (Q.FIND_FOLDERS, {"patientId": "patient", "status": "Approved", "codeList": "code"}, (0, 1, 0)),
    (Q.FIND_DOCUMENTS_BY_REFERENCE_ID,
     {"patientId": "patient", "status": "Approved", "referenceIdList": "ACC-24%"}, (2, 0, 0)),
    # Five memberships of the first set, two of the Folder, one of the second set, the replacement; and what the
    # registry made of it: the Folder's HasMember of the new document, and the second set's HasMember of that.
    (Q.GET_ALL, {"patientId": "patient", "status": ["Approved", "Deprecated"]}, (3, 3, 11)),
    (Q.GET_DOCUMENTS, {"entryUUID": ["first", "second"]}, (2, 0, 0)),
    (Q.GET_FOLDERS, {"entryUUID": "folder"}, (0, 1, 0)),
    (Q.GET_ASSOCIATIONS, {"uuid": "second"}, (0, 0, 3)),
    (Q.GET_DOCUMENTS_AND_ASSOCIATIONS, {"entryUUID": "second"}, (1, 0, 3)),
    (Q.GET_SUBMISSION_SETS, {"uuid": ["first", "folder"]}, (0, 1, 2)),
    (Q.GET_SUBMISSION_SET_AND_CONTENTS, {"entryUUID": "submission_set"}, (2, 2, 7)),
    (Q.GET_FOLDER_AND_CONTENTS, {"entryUUID": "folder"}, (3, 1, 3)),
    (Q.GET_FOLDERS_FOR_DOCUMENT, {"entryUUID": "first"}, (0, 1, 0)),
    (Q.GET_RELATED_DOCUMENTS, {"entryUUID": "second", "associationTypes": "RPLC"}, (2, 0, 1)),
    (Q.FIND_DOCUMENTS_FOR_MULTIPLE_PATIENTS, {"eventCodeList": "code", "status": "Approved"}, (2, 0, 0)),
    (Q.FIND_FOLDERS_FOR_MULTIPLE_PATIENTS, {"codeList": "code", "status": "Approved"}, (0, 1, 0)),
]  # fmt: skip


def test_every_query_is_asked() -> None:
    assert {query for query, _, _ in QUERIES} == set(StoredQuery)


@pytest.mark.parametrize(
    ("query", "parameters", "expected"), QUERIES, ids=[query_name(query) for query, _, _ in QUERIES]
)
def test_a_query(
    service: Service,
    content: Content,
    query: StoredQuery,
    parameters: dict[str, object],
    expected: tuple[int, int, int],
) -> None:
    names = dataclasses.asdict(content)

    def named(value: object) -> object:
        return [named(item) for item in value] if isinstance(value, list) else names.get(str(value), value)

    given = {name: named(value) for name, value in parameters.items()}
    answer = ask(service, query, given)
    assert (answer.result, answer.codes) == ("Success", []), answer.body
    assert tuple(len(answer.elements(kind)) for kind in BY_KIND) == expected
    ids = {str(item.get("id")) for kind in BY_KIND for item in answer.elements(kind)}
    references = ask(service, query, given, return_type=ReturnType.OBJECT_REF)
    assert {str(item.get("id")) for item in references.elements("ObjectRef")} == ids
    response_action = ACTION[transaction_of(query)] + "Response"
    assert [item.text for item in answer.elements("Action")] == [response_action]


# ---- which transaction


def multi_patient_body(patient: str) -> bytes:
    return samples.query_body(
        Q.FIND_DOCUMENTS_FOR_MULTIPLE_PATIENTS,
        samples.slot(f"{DE}PatientId", patient),
        samples.slot(f"{DE}Status", samples.APPROVED),
    )


def test_without_an_action_the_query_says_whose_it_is(service: Service, content: Content) -> None:
    for number, body in (
        ("ITI-51", multi_patient_body(content.patient)),
        ("ITI-18", samples.find_body(content.patient)),
    ):
        answer = post(service.port, PATH[number], envelope(number, body, headers=b""))
        assert answer.result == "Success"
        assert len(answer.elements("ExtrinsicObject")) == 2
        assert [item.text for item in answer.elements("Action")] == [ACTION[number] + "Response"]
    wrong = f'{SOAP}; action="{ACTION["ITI-51"]}"'
    answer = post(
        service.port,
        PATH["ITI-18"],
        envelope("ITI-18", samples.find_body(content.patient), headers=b""),
        content_type=wrong,
    )
    assert answer.codes == ["XDSUnknownStoredQuery"]  # HTTP's action counts: it can be meant


def test_a_query_of_the_other_transaction_is_named_as_such(service: Service, content: Content) -> None:
    for number, body, own in (
        ("ITI-18", multi_patient_body(content.patient), "FindDocumentsForMultiplePatients"),
        ("ITI-51", samples.find_body(content.patient), "FindDocuments"),
    ):
        answer = send(service.port, number, body)
        assert (answer.result, answer.codes) == ("Failure", ["XDSUnknownStoredQuery"])
        assert answer.contexts[0].startswith(f"{own} (urn:uuid:")


# ---- each error code

PATIENT = "P1^^^&2.999.1&ISO"
ERRORS: list[tuple[str, str, bytes]] = [
    ("XDSUnknownStoredQuery", "ITI-18", samples.query_body("urn:uuid:00000000-0000-4000-8000-000000000000")),
    ("XDSUnknownStoredQuery", "ITI-51", samples.query_body("urn:uuid:00000000-0000-4000-8000-000000000000")),
    ("XDSStoredQueryMissingParam", "ITI-18", samples.query_body(Q.FIND_FOLDERS)),
    ("XDSStoredQueryMissingParam", "ITI-18", samples.query_body(Q.GET_FOLDER_AND_CONTENTS)),
    ("XDSStoredQueryMissingParam", "ITI-51", samples.query_body(
        Q.FIND_FOLDERS_FOR_MULTIPLE_PATIENTS, samples.slot("$XDSFolderStatus", samples.APPROVED))),
    ("XDSStoredQueryParamNumber", "ITI-18", samples.query_body(
        Q.FIND_SUBMISSION_SETS, samples.slot("$XDSSubmissionSetPatientId", PATIENT, PATIENT),
        samples.slot("$XDSSubmissionSetStatus", samples.APPROVED))),
    ("XDSStoredQueryParamNumber", "ITI-18", samples.query_body(
        Q.GET_FOLDERS, samples.slot("$XDSFolderEntryUUID", samples.fresh_uuid()),
        samples.slot("$XDSFolderUniqueId", "2.999.1"))),
    ("XDSRegistryError", "ITI-18", samples.find_body(PATIENT, return_type="LeafClassWithRepositoryItem")),
    ("XDSRegistryError", "ITI-18", samples.find_body(PATIENT, samples.slot("$MetadataLevel", "9", is_list=False))),
    ("XDSTooManyResults", "ITI-18", samples.query_body(
        Q.GET_DOCUMENTS, samples.slot(f"{DE}UniqueId", *[f"2.999.{n}" for n in range(1_001)]))),
]  # fmt: skip


@pytest.mark.parametrize(("code", "number", "body"), ERRORS)
def test_an_error(service: Service, code: str, number: str, body: bytes) -> None:
    answer = send(service.port, number, body)
    assert (answer.status, answer.result, set(answer.codes)) == (200, "Failure", {code})
    assert all(answer.contexts)
    assert len(answer.elements("RegistryObjectList")) == 1
    assert not len(answer.elements("RegistryObjectList")[0])


def test_an_answer_that_would_span_patients(service: Service, content: Content) -> None:
    other = samples.entry(samples.fresh_patient())
    register(service, samples.submission(other))
    given: dict[str, object] = {"entryUUID": [content.first, other.entry_uuid]}
    for query in (Q.GET_DOCUMENTS, Q.GET_DOCUMENTS_AND_ASSOCIATIONS):
        answer = ask(service, query, given)
        assert (answer.result, answer.codes) == ("Failure", ["XDSResultNotSinglePatient"])
    spanning = ask(
        service,
        Q.FIND_DOCUMENTS_FOR_MULTIPLE_PATIENTS,
        {"patientId": [content.patient, str(other.patient_id)], "status": "Approved"},
    )
    assert (spanning.result, len(spanning.elements("ExtrinsicObject"))) == ("Success", 3)


def test_unknown_patients_and_limits_by_setting(start: object) -> None:
    """XDSUnknownPatientId and XDSTooManyResults as a domain sets them; the rest of ITI-51's answer comes beside."""
    service = start(  # type: ignore[operator]
        registry={"query_unknown_patient": "error"},
        limits={"leaf_class_results": 2, "object_ref_results": 3, "requests_per_second": 0},
    )
    known, nobody = samples.fresh_patient(), samples.fresh_patient()
    register(service, samples.submission(*[samples.entry(known) for _ in range(2)]))
    status: dict[str, object] = {"status": "Approved"}
    alone = ask(service, Q.FIND_DOCUMENTS, status | {"patientId": nobody})
    assert (alone.result, alone.codes, alone.contexts) == ("Failure", ["XDSUnknownPatientId"], [nobody])
    beside = ask(service, Q.FIND_DOCUMENTS_FOR_MULTIPLE_PATIENTS, status | {"patientId": [known, nobody]})
    assert (beside.result, beside.codes, beside.contexts) == (
        "PartialSuccess",
        ["XDSUnknownPatientId"],
        [nobody],
    )
    assert len(beside.elements("ExtrinsicObject")) == 2
    register(service, samples.submission(samples.entry(known)))
    refused = ask(service, Q.FIND_DOCUMENTS, status | {"patientId": known})
    assert (refused.result, refused.codes) == ("Failure", ["XDSTooManyResults"])
    assert "$XDSDocumentEntryCreationTimeFrom" in refused.contexts[0]
    parts = ask(service, Q.FIND_DOCUMENTS, status | {"patientId": known}, return_type=ReturnType.OBJECT_REF)
    assert len(parts.elements("ObjectRef")) == 3
