"""ITI-42 over HTTP against PostgreSQL: registered whole or not at all, and what it does to others."""

from dataclasses import replace
from pathlib import Path

from tests.samples import builders
from tests.transactions import samples
from tests.transactions.conftest import Service
from tests.transactions.wire import Answer, send
from xds.ebxml import decode_query_response
from xds.model import (
    AssociationType,
    AvailabilityStatus,
    DocumentEntry,
    StoredQuery,
    Submission,
    SubmissionSetStatus,
)


def register(service: Service, made: Submission, **options: str) -> Answer:
    return send(service.port, "ITI-42", samples.register_body(made), **options)


def found(service: Service, patient_id: str, *statuses: str) -> dict[str, DocumentEntry]:
    """uniqueId → entry, of a patient's documents."""
    answer = send(
        service.port, "ITI-18", samples.find_body(patient_id, statuses=statuses or (samples.APPROVED,))
    )
    assert answer.result == "Success", answer.body
    objects = decode_query_response(answer.elements("AdhocQueryResponse")[0]).objects
    return {entry.unique_id or "": entry for entry in objects.document_entries}


def test_registers_and_is_found(service: Service) -> None:
    patient = samples.fresh_patient()
    entry = samples.entry(patient)
    answer = register(service, samples.submission(entry))
    assert (answer.status, answer.result, answer.codes) == (200, "Success", [])
    (stored,) = found(service, patient).values()
    assert stored.entry_uuid == entry.entry_uuid
    assert stored.availability_status is AvailabilityStatus.APPROVED
    assert replace(stored, logical_id=None) == entry


def test_symbolic_ids_become_uuids(service: Service) -> None:
    patient = samples.fresh_patient()
    made = samples.submission(samples.entry(patient, entry_uuid="Document01"))
    assert register(service, made).result == "Success"
    (stored,) = found(service, patient).values()
    assert stored.entry_uuid.startswith("urn:uuid:")
    assert stored.logical_id == stored.entry_uuid


def test_all_findings_come_at_once_and_nothing_is_stored(service: Service) -> None:
    patient = samples.fresh_patient()
    good = samples.entry(patient)
    bad = samples.entry(patient, creation_time="2024-01-02", class_code=None, hash="nohash")
    answer = register(service, samples.submission(good, bad))
    assert answer.result == "Failure"
    assert set(answer.codes) == {"XDSRegistryMetadataError"}
    told = " ".join(answer.contexts)
    assert "creationTime" in told or "2024-01-02" in told
    assert "classCode" in told
    assert "40 hex" in told
    assert found(service, patient) == {}


def test_a_uniqueid_with_another_hash_is_refused(service: Service) -> None:
    patient = samples.fresh_patient()
    first = samples.entry(patient)
    assert register(service, samples.submission(first)).result == "Success"
    same = samples.entry(patient, unique_id=first.unique_id)
    assert register(service, samples.submission(same)).result == "Success"
    other = samples.entry(patient, unique_id=first.unique_id, hash="0" * 40)
    answer = register(service, samples.submission(other))
    assert answer.codes == ["XDSNonIdenticalHash"]
    assert answer.contexts[0].startswith(first.unique_id or "?")


def test_a_used_submission_set_uniqueid_is_refused(service: Service) -> None:
    patient = samples.fresh_patient()
    made = samples.submission(samples.entry(patient))
    assert register(service, made).result == "Success"
    again = samples.submission(samples.entry(patient))
    again = replace(
        again,
        submission_sets=(replace(again.submission_sets[0], unique_id=made.submission_sets[0].unique_id),),
    )
    answer = register(service, again)
    assert answer.codes == ["XDSDuplicateUniqueIdInRegistry"]
    assert made.submission_sets[0].unique_id in answer.contexts[0]


def test_the_same_message_again_gets_the_stored_answer(service: Service) -> None:
    patient = samples.fresh_patient()
    made = samples.submission(samples.entry(patient))
    first = register(service, made, message_id="urn:uuid:5b1d1f9c-0000-4000-8000-000000000001")
    again = register(service, made, message_id="urn:uuid:5b1d1f9c-0000-4000-8000-000000000001")
    assert (first.result, again.result) == ("Success", "Success")
    assert first.body == again.body
    assert len(found(service, patient)) == 1


def test_a_replacement_deprecates_its_target_and_what_depends_on_it(service: Service) -> None:
    patient = samples.fresh_patient()
    original, addendum = samples.entry(patient), samples.entry(patient)
    assert register(service, samples.submission(original)).result == "Success"
    appended = samples.with_associations(
        samples.submission(addendum),
        samples.relation(AssociationType.APND, addendum.entry_uuid, original.entry_uuid),
    )
    assert register(service, appended).result == "Success"
    newer = samples.entry(patient)
    replacing = samples.with_associations(
        samples.submission(newer),
        samples.relation(AssociationType.RPLC, newer.entry_uuid, original.entry_uuid),
    )
    assert register(service, replacing).result == "Success"
    assert set(found(service, patient)) == {newer.unique_id}
    assert set(found(service, patient, samples.DEPRECATED)) == {original.unique_id, addendum.unique_id}
    late = samples.entry(patient)
    again = samples.with_associations(
        samples.submission(late), samples.relation(AssociationType.RPLC, late.entry_uuid, original.entry_uuid)
    )
    assert register(service, again).codes == ["XDSRegistryDeprecatedDocumentError"]


def test_a_folder_follows_a_replacement(service: Service) -> None:
    """ITI TF-2 3.42.4.1.3.5: the registry puts the replacement into the Folder."""
    patient = samples.fresh_patient()
    original = samples.entry(patient)
    folder = builders.folder(
        entry_uuid=samples.fresh_uuid(),
        unique_id=samples.fresh_oid(),
        patient_id=patient,
        last_update_time=None,
    )
    base = samples.submission(original)
    member = builders.has_member(folder.entry_uuid, original.entry_uuid, entry_uuid=samples.fresh_uuid())
    made = replace(
        base,
        folders=(folder,),
        associations=(
            *base.associations,
            builders.has_member("SubmissionSet01", folder.entry_uuid, entry_uuid="a-fd"),
            member,
            builders.has_member("SubmissionSet01", member.entry_uuid, entry_uuid="a-hm"),
        ),
    )
    assert register(service, made).codes == []
    newer = samples.entry(patient)
    replacing = samples.with_associations(
        samples.submission(newer),
        samples.relation(AssociationType.RPLC, newer.entry_uuid, original.entry_uuid),
    )
    assert register(service, replacing).codes == []
    answer = send(
        service.port,
        "ITI-18",
        samples.query_body(StoredQuery.GET_ASSOCIATIONS, samples.slot("$uuid", folder.entry_uuid)),
    )
    members = {
        item.get("targetObject")
        for item in answer.elements("Association")
        if item.get("sourceObject") == folder.entry_uuid
    }
    assert members == {original.entry_uuid, newer.entry_uuid}


def test_an_unknown_patient_is_refused_where_ids_are_fed(start: object) -> None:
    service = start(registry={"unknown_patients": "refuse"})  # type: ignore[operator]
    patient = samples.fresh_patient()
    answer = register(service, samples.submission(samples.entry(patient)))
    assert set(answer.codes) == {"XDSUnknownPatientId"}
    assert answer.contexts[0].startswith(patient)


def test_by_reference_membership(service: Service) -> None:
    patient = samples.fresh_patient()
    known = samples.entry(patient)
    assert register(service, samples.submission(known)).result == "Success"
    fresh = samples.entry(patient)
    made = samples.with_associations(
        samples.submission(fresh),
        builders.has_member(
            "SubmissionSet01",
            known.entry_uuid,
            entry_uuid="a-ref",
            submission_set_status=SubmissionSetStatus.REFERENCE.value,
        ),
    )
    assert register(service, made).codes == []


def test_a_code_that_the_domain_does_not_list_is_refused(start: object, tmp_path: Path) -> None:
    codes = tmp_path / "codes.toml"
    codes.write_text('[classCode]\n"2.999.55" = ["ONLY"]\n', "utf-8")
    service = start(registry={"codes_file": str(codes)})  # type: ignore[operator]
    patient = samples.fresh_patient()
    answer = register(service, samples.submission(samples.entry(patient)))
    assert answer.codes == ["XDSRegistryMetadataError"]
    assert "classCode" in answer.contexts[0] or "class" in answer.contexts[0]
    listed = builders.code("ONLY", "2.999.55", "Only")
    assert (
        register(service, samples.submission(samples.entry(patient, class_code=listed))).result == "Success"
    )
