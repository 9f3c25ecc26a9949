"""The Remove option at the registry: ITI-62 over HTTP, whole or not at all, and what others see of it."""

import threading
import uuid
from collections.abc import Callable, Iterable
from dataclasses import replace

import psycopg
import pytest

from tests.samples import builders
from tests.transactions import samples
from tests.transactions.conftest import Service
from tests.transactions.test_iti42 import found, register
from tests.transactions.wire import Answer, send
from xds.client import RegistryClient
from xds.ebxml import decode_query_response
from xds.model import AssociationType, StoredQuery, Submission

TABLES = ("document_entry", "submission_set", "folder", "association", "object_locator", "unique_id")


def registered(service: Service, made: Submission) -> Submission:
    """Register a submission under UUIDs that the test knows."""
    whole = samples.with_uuids(made)
    answer = register(service, whole)
    assert answer.result == "Success", answer.body
    return whole


def remove(service: Service, ids: Iterable[str], **options: str) -> Answer:
    return send(service.port, "ITI-62", samples.remove_body(*ids), **options)


def in_folder(patient: str) -> Submission:
    """An entry in a new Folder."""
    entry = samples.entry(patient)
    folder = builders.folder(patient_id=patient, unique_id=samples.fresh_oid())
    made = samples.submission(entry)
    member = builders.has_member(folder.entry_uuid, entry.entry_uuid, entry_uuid="member")
    return replace(
        samples.with_associations(
            made,
            builders.has_member("SubmissionSet01", folder.entry_uuid),
            member,
            builders.has_member("SubmissionSet01", "member"),
        ),
        folders=(folder,),
    )


def all_of(service: Service, patient: str) -> list[str]:
    """The ids of everything that GetAll finds of a patient, of whatever status."""
    both = (samples.APPROVED, samples.DEPRECATED)
    answer = send(
        service.port,
        "ITI-18",
        samples.query_body(
            StoredQuery.GET_ALL,
            samples.slot("$patientId", patient, is_list=False),
            samples.slot("$XDSDocumentEntryStatus", *both),
            samples.slot("$XDSSubmissionSetStatus", *both),
            samples.slot("$XDSFolderStatus", *both),
        ),
    )
    assert answer.result == "Success", answer.body
    objects = decode_query_response(answer.elements("AdhocQueryResponse")[0]).objects
    return sorted(samples.ids_of(objects))


def test_a_submission_is_removed_and_found_by_no_query(service: Service) -> None:
    patient = samples.fresh_patient()
    made = registered(service, in_folder(patient))
    assert all_of(service, patient) == sorted(samples.ids_of(made))
    answer = remove(service, samples.ids_of(made))
    assert (answer.status, answer.result, answer.codes) == (200, "Success", [])
    assert answer.root is not None
    assert answer.elements("Action")[0].text == "urn:ihe:iti:2010:DeleteDocumentSetResponse"
    assert all_of(service, patient) == []
    entry = made.document_entries[0]
    for slot in (
        samples.slot("$XDSDocumentEntryEntryUUID", entry.entry_uuid),
        samples.slot("$XDSDocumentEntryUniqueId", entry.unique_id or ""),
    ):
        answer = send(service.port, "ITI-18", samples.query_body(StoredQuery.GET_DOCUMENTS, slot))
        assert (answer.result, answer.elements("ExtrinsicObject")) == ("Success", [])


def test_nothing_of_it_is_left_and_its_ids_are_free_again(
    start: Callable[..., Service], database: str
) -> None:
    service = start(dsn=database)
    patient = samples.fresh_patient()
    made = registered(service, in_folder(patient))
    assert remove(service, samples.ids_of(made)).result == "Success"
    with psycopg.connect(database) as connection:
        for table in TABLES:
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table
    # The same ids, with another document under the uniqueId: nothing remembers the old one.
    entries = tuple(replace(item, hash="0" * 40) for item in made.document_entries)
    assert register(service, replace(made, document_entries=entries)).result == "Success"
    assert all_of(service, patient) == sorted(samples.ids_of(made))


def test_unresolved_and_nothing_is_removed(service: Service) -> None:
    patient = samples.fresh_patient()
    made = registered(service, samples.submission(samples.entry(patient)))
    unknown = samples.fresh_uuid()
    answer = remove(service, [*samples.ids_of(made), unknown])
    assert (answer.result, answer.codes) == ("Failure", ["UnresolvedReferenceException"])
    assert answer.contexts[0].startswith(unknown)
    assert all_of(service, patient) == sorted(samples.ids_of(made))


def test_references_exist(service: Service) -> None:
    """Each object of a submission by itself: the Association holds on to it."""
    patient = samples.fresh_patient()
    made = registered(service, samples.submission(samples.entry(patient)))
    (link,) = made.associations
    for item in (made.document_entries[0].entry_uuid, made.submission_set.entry_uuid):
        answer = remove(service, [item])
        assert (answer.result, answer.codes) == ("Failure", ["ReferencesExistException"])
        assert answer.contexts[0].startswith(item)
        assert link.entry_uuid in answer.contexts[0]
    assert all_of(service, patient) == sorted(samples.ids_of(made))


def test_nothing_is_left_unreferenced(service: Service) -> None:
    """All but the SubmissionSet, all but the entry, the Association alone: somebody would be left over."""
    patient = samples.fresh_patient()
    made = registered(service, samples.submission(samples.entry(patient)))
    (link,) = (item.entry_uuid for item in made.associations)
    entry, the_set = made.document_entries[0].entry_uuid, made.submission_set.entry_uuid
    for ids, left in (([entry, link], [the_set]), ([the_set, link], [entry]), ([link], [the_set, entry])):
        answer = remove(service, ids)
        assert answer.codes == ["XDSUnreferencedObjectException"] * len(left)
        assert sorted(context.partition(",")[0] for context in answer.contexts) == sorted(left)
    assert all_of(service, patient) == sorted(samples.ids_of(made))


def test_a_document_leaves_a_folder_that_stays(service: Service) -> None:
    """The Folder is dated anew (ITI TF-3 4.2.3.4.6); its HasMember takes that of the SubmissionSet along."""
    patient = samples.fresh_patient()
    made = registered(service, in_folder(patient))
    folder, entry = made.folders[0].entry_uuid, made.document_entries[0].entry_uuid
    (member,) = [item.entry_uuid for item in made.associations if item.source == folder]
    (of_set,) = [item.entry_uuid for item in made.associations if item.target == member]
    assert remove(service, [member]).codes == ["ReferencesExistException"]
    assert remove(service, [of_set]).codes == ["XDSUnreferencedObjectException"]
    before = _last_update(service, patient)
    answer = remove(service, [member, of_set])
    assert answer.result == "Success", answer.contexts
    assert set(all_of(service, patient)) == set(samples.ids_of(made)) - {member, of_set}
    assert {folder, entry} <= set(all_of(service, patient))
    assert _last_update(service, patient) >= before


def _last_update(service: Service, patient: str) -> str:
    both = (samples.APPROVED, samples.DEPRECATED)
    answer = send(
        service.port,
        "ITI-18",
        samples.query_body(
            StoredQuery.GET_ALL,
            samples.slot("$patientId", patient, is_list=False),
            *(
                samples.slot(f"$XDS{kind}Status", *both)
                for kind in ("DocumentEntry", "SubmissionSet", "Folder")
            ),
        ),
    )
    objects = decode_query_response(answer.elements("AdhocQueryResponse")[0]).objects
    return objects.folders[0].last_update_time or ""


def test_an_entry_stays_a_member_of_its_submission_set(service: Service) -> None:
    """It is still in a Folder, but no SubmissionSet would say who submitted it."""
    patient = samples.fresh_patient()
    made = registered(service, in_folder(patient))
    entry, the_set = made.document_entries[0].entry_uuid, made.submission_set.entry_uuid
    (link,) = [i.entry_uuid for i in made.associations if (i.source, i.target) == (the_set, entry)]
    answer = remove(service, [link])
    assert answer.codes == ["XDSUnreferencedObjectException"]
    assert "in no SubmissionSet" in answer.contexts[0]


def test_a_replacement_is_removed_and_what_it_replaced_stays_deprecated(service: Service) -> None:
    patient = samples.fresh_patient()
    first = registered(service, samples.submission(samples.entry(patient)))
    old = first.document_entries[0]
    new = samples.entry(patient)
    second = registered(
        service,
        samples.with_associations(
            samples.submission(new), samples.relation(AssociationType.RPLC, new.entry_uuid, old.entry_uuid)
        ),
    )
    assert remove(service, samples.ids_of(first)).codes == ["ReferencesExistException"]
    assert remove(service, samples.ids_of(second)).result == "Success"
    assert all_of(service, patient) == sorted(samples.ids_of(first))
    assert set(found(service, patient, samples.DEPRECATED)) == {old.unique_id}


def test_a_shared_uniqueid_is_kept_while_another_entry_bears_it(service: Service) -> None:
    """Two entries of one document, of two patients: each is found by its uniqueId until it is removed itself."""
    patients = (samples.fresh_patient(), samples.fresh_patient())
    first = registered(service, samples.submission(samples.entry(patients[0])))
    shared = first.document_entries[0].unique_id
    second = registered(service, samples.submission(samples.entry(patients[1], unique_id=shared)))
    third = samples.submission(samples.entry(patients[1], unique_id=shared, hash="0" * 40))
    slot = samples.slot("$XDSDocumentEntryUniqueId", shared or "")
    for gone, left in ((first, [second.document_entries[0].entry_uuid]), (second, [])):
        if left:
            assert register(service, third).codes == ["XDSNonIdenticalHash"]
        assert remove(service, samples.ids_of(gone)).result == "Success"
        answer = send(service.port, "ITI-18", samples.query_body(StoredQuery.GET_DOCUMENTS, slot))
        assert [item.get("id") for item in answer.elements("ExtrinsicObject")] == left
    assert register(service, third).result == "Success"


def test_a_repeat_gets_the_answer_of_the_first(service: Service) -> None:
    patient = samples.fresh_patient()
    made = registered(service, samples.submission(samples.entry(patient)))
    message_id = f"urn:uuid:{uuid.uuid4()}"
    for _ in range(2):
        assert remove(service, samples.ids_of(made), message_id=message_id).result == "Success"
    assert set(remove(service, samples.ids_of(made)).codes) == {"UnresolvedReferenceException"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<rim:ObjectRefList>", b'<rim:AdhocQuery id="urn:uuid:0"/><rim:ObjectRefList>'),
        (b"rim:ObjectRef id", b"rim:ExtrinsicObject id"),
        (
            b"<lcm:RemoveObjectsRequest ",
            b'<lcm:RemoveObjectsRequest deletionScope="urn:x:DeleteRepositoryItemOnly" ',
        ),
    ],
    ids=["query", "object", "scope"],
)
def test_what_the_profile_does_not_allow_removes_nothing(service: Service, old: bytes, new: bytes) -> None:
    patient = samples.fresh_patient()
    made = registered(service, samples.submission(samples.entry(patient)))
    body = samples.remove_body(*samples.ids_of(made))
    assert old in body
    answer = send(service.port, "ITI-62", body.replace(old, new))
    assert answer.result == "Failure"
    assert set(answer.codes) == {"XDSRegistryError"}
    assert all_of(service, patient) == sorted(samples.ids_of(made))


def test_the_client_removes(service: Service) -> None:
    patient = samples.fresh_patient()
    made = registered(service, samples.submission(samples.entry(patient)))
    with RegistryClient(f"{service.url}/dics/registry") as client:
        assert client.remove(samples.ids_of(made)[:1]).findings[0].code == "ReferencesExistException"
        assert client.remove(samples.ids_of(made)).is_success
    assert all_of(service, patient) == []


# -- at the same time ----------------------------------------------------------------------------------------------


def together(*acts: Callable[[], Answer]) -> list[Answer]:
    """Do things at the same moment; their answers in the order of the acts."""
    answers: dict[int, Answer] = {}
    barrier = threading.Barrier(len(acts))

    def run(number: int, act: Callable[[], Answer]) -> None:
        barrier.wait()
        answers[number] = act()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [answers[number] for number in range(len(acts))]


def test_a_removal_and_what_relates_to_it_meanwhile(service: Service) -> None:
    """One comes first: either the relation is refused, or the removal; never an Association to nothing."""
    for kind in (AssociationType.RPLC, AssociationType.APND) * 6:
        patient = samples.fresh_patient()
        made = registered(service, samples.submission(samples.entry(patient)))
        new = samples.entry(patient)
        related = samples.with_associations(
            samples.submission(new), samples.relation(kind, new.entry_uuid, samples.ids_of(made)[0])
        )
        gone, came = together(
            lambda made=made: remove(service, samples.ids_of(made)),  # type: ignore[misc]
            lambda related=related: register(service, related),  # type: ignore[misc]
        )
        assert (gone.result, came.result) in {("Success", "Failure"), ("Failure", "Success")}
        refused = gone if gone.result == "Failure" else came
        assert set(refused.codes) <= {"ReferencesExistException", "UnresolvedReferenceException"}


def test_two_removals_leave_no_submission_set_without_members(service: Service) -> None:
    """Each half would be in order by itself; together they would leave the set alone."""
    for _ in range(8):
        patient = samples.fresh_patient()
        made = registered(service, samples.submission(samples.entry(patient), samples.entry(patient)))
        halves = [
            [item.entry_uuid, *(i.entry_uuid for i in made.associations if i.target == item.entry_uuid)]
            for item in made.document_entries
        ]
        answers = together(*[lambda half=half: remove(service, half) for half in halves])  # type: ignore[misc]
        assert sorted(item.result for item in answers) == ["Failure", "Success"]
        (refused,) = [item for item in answers if item.result == "Failure"]
        assert refused.codes == ["XDSUnreferencedObjectException"]
        assert made.submission_set.entry_uuid in all_of(service, patient)


def test_a_removal_and_a_registration_of_the_same_uniqueid(service: Service) -> None:
    """Whoever comes first: the entry that is there in the end is found by its uniqueId."""
    for _ in range(12):
        patient = samples.fresh_patient()
        made = registered(service, samples.submission(samples.entry(patient)))
        shared = made.document_entries[0].unique_id
        again = samples.with_uuids(samples.submission(samples.entry(patient, unique_id=shared)))
        answers = together(
            lambda made=made: remove(service, samples.ids_of(made)),  # type: ignore[misc]
            lambda again=again: register(service, again),  # type: ignore[misc]
        )
        assert [item.result for item in answers] == ["Success", "Success"]
        slot = samples.slot("$XDSDocumentEntryUniqueId", shared or "")
        answer = send(service.port, "ITI-18", samples.query_body(StoredQuery.GET_DOCUMENTS, slot))
        left = [item.get("id") for item in answer.elements("ExtrinsicObject")]
        assert left == [again.document_entries[0].entry_uuid]


def test_the_same_removal_twice_at_once(service: Service) -> None:
    for _ in range(6):
        patient = samples.fresh_patient()
        made = registered(service, in_folder(patient))
        answers = together(*[lambda made=made: remove(service, samples.ids_of(made))] * 3)  # type: ignore[misc]
        assert sorted(item.result for item in answers) == ["Failure", "Failure", "Success"]
        codes = {code for item in answers for code in item.codes}
        assert codes == {"UnresolvedReferenceException"}
        assert all_of(service, patient) == []
