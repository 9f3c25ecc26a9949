"""ITI-41 in, ITI-43 out, over HTTP: all documents or none, and the same octets back."""

import base64
import hashlib
import os
import uuid
from dataclasses import replace
from pathlib import Path

import pytest

from tests.transactions import samples
from tests.transactions.conftest import Service
from tests.transactions.test_iti42 import found
from tests.transactions.wire import PATH, envelope, post, related, send, send_mtom
from xds.model import AssociationType, Submission

CONTENT = b"%PDF-1.4 not really, but octets\x00\xff\r\n--=_par\r\nnearly a boundary\r\n"


def made_for(patient: str, documents: int = 1) -> tuple[Submission, dict[str, bytes]]:
    entries = [samples.entry(patient) for _ in range(documents)]
    contents = {item.entry_uuid: CONTENT + uuid.uuid4().bytes for item in entries}
    return samples.provided(samples.submission(*entries)), contents


def files_in(service: Service) -> set[Path]:
    """Every document file of the service's vault and spool."""
    return {path for path in (service.folder / "data" / "documents").rglob("*") if path.is_file()}


def test_mtom_in_mtom_out(service: Service) -> None:
    patient = samples.fresh_patient()
    made, contents = made_for(patient, documents=2)
    body, parts = samples.provide_body(made, contents)
    answer = send_mtom(service.port, "ITI-41", body, *parts)
    assert answer.result == "Success", answer.body
    assert answer.headers["Content-Type"].startswith("multipart/related")
    entries = found(service, patient)
    for item in made.document_entries:
        stored = entries[item.unique_id or ""]
        content = contents[item.entry_uuid]
        assert (stored.hash, stored.size) == (samples.sha1(content), str(len(content)))
        assert stored.repository_unique_id == samples.REPOSITORY
    ids = [item.unique_id or "" for item in made.document_entries]
    got = send_mtom(service.port, "ITI-43", samples.retrieve_body(*ids))
    assert got.result == "Success"
    assert int(got.headers["Content-Length"]) == len(got.body)
    for content in contents.values():
        assert content in got.body
    assert [item.text for item in got.elements("DocumentUniqueId")] == ids


@pytest.mark.parametrize("form", ["plain", "multipart"])
def test_inline_base64_is_the_same(service: Service, form: str) -> None:
    patient = samples.fresh_patient()
    made, contents = made_for(patient)
    body = samples.inline_body(made, contents)
    if form == "plain":
        answer = send(service.port, "ITI-41", body)
        assert answer.headers["Content-Type"].startswith("application/soap+xml")
    else:
        answer = send_mtom(service.port, "ITI-41", body)
    assert answer.result == "Success", answer.body
    (stored,) = found(service, patient).values()
    assert stored.hash == samples.sha1(next(iter(contents.values())))
    plain = send(service.port, "ITI-43", samples.retrieve_body(stored.unique_id or ""))
    (document,) = plain.elements("Document")
    assert base64.b64decode(document.text or "") == next(iter(contents.values()))


def test_a_large_inline_document_streams(service: Service) -> None:
    patient = samples.fresh_patient()
    entry = samples.entry(patient)
    made = samples.provided(samples.submission(entry))
    content = os.urandom(20 * 1024 * 1024)
    answer = send(service.port, "ITI-41", samples.inline_body(made, {entry.entry_uuid: content}))
    assert answer.result == "Success", answer.contexts
    (stored,) = found(service, patient).values()
    assert (stored.hash, stored.size) == (samples.sha1(content), str(len(content)))
    got = send_mtom(service.port, "ITI-43", samples.retrieve_body(stored.unique_id or ""))
    assert content in got.body


def test_wrong_hash_and_size_are_refused_whole(service: Service) -> None:
    patient = samples.fresh_patient()
    made, contents = made_for(patient, documents=2)
    first, second = made.document_entries
    made = replace(made, document_entries=(replace(first, hash="0" * 40), replace(second, size="7")))
    body, parts = samples.provide_body(made, contents)
    before = files_in(service)
    answer = send_mtom(service.port, "ITI-41", body, *parts)
    assert answer.result == "Failure"
    assert answer.codes == ["XDSRepositoryMetadataError", "XDSRepositoryMetadataError"]
    assert found(service, patient) == {}
    assert files_in(service) == before


def test_missing_and_surplus_documents(service: Service) -> None:
    patient = samples.fresh_patient()
    made, contents = made_for(patient, documents=2)
    body, parts = samples.provide_body(made, dict([next(iter(contents.items()))]))
    answer = send_mtom(service.port, "ITI-41", body, *parts)
    assert answer.codes == ["XDSMissingDocument"]
    assert made.document_entries[1].entry_uuid in answer.contexts[0]
    surplus = {**contents, "Document99": b"nobody's"}
    body, parts = samples.provide_body(made, surplus)
    answer = send_mtom(service.port, "ITI-41", body, *parts)
    assert answer.codes == ["XDSMissingDocumentMetadata"]
    assert found(service, patient) == {}


def test_the_registrys_findings_are_passed_on(service: Service) -> None:
    patient = samples.fresh_patient()
    entry = samples.entry(patient, class_code=None)
    made = samples.provided(samples.submission(entry))
    body, parts = samples.provide_body(made, {entry.entry_uuid: CONTENT})
    answer = send_mtom(service.port, "ITI-41", body, *parts)
    assert (answer.result, answer.codes) == ("Failure", ["XDSRegistryMetadataError"])
    refused = send(service.port, "ITI-43", samples.retrieve_body(entry.unique_id or ""))
    assert refused.codes == ["XDSDocumentUniqueIdError"]


def test_a_used_uniqueid_with_the_same_octets_is_accepted(service: Service) -> None:
    patient = samples.fresh_patient()
    made, contents = made_for(patient)
    body, parts = samples.provide_body(made, contents)
    assert send_mtom(service.port, "ITI-41", body, *parts).result == "Success"
    (first,) = made.document_entries
    again = samples.entry(patient, unique_id=first.unique_id)
    body, parts = samples.provide_body(
        samples.provided(samples.submission(again)), {again.entry_uuid: contents[first.entry_uuid]}
    )
    assert send_mtom(service.port, "ITI-41", body, *parts).result == "Success"
    other = samples.entry(patient, unique_id=first.unique_id)
    body, parts = samples.provide_body(
        samples.provided(samples.submission(other)), {other.entry_uuid: b"other"}
    )
    answer = send_mtom(service.port, "ITI-41", body, *parts)
    assert answer.result == "Failure"
    assert set(answer.codes) <= {"XDSNonIdenticalHash", "XDSNonIdenticalSize"}


def test_a_repeat_gets_the_stored_answer_and_a_new_message_does_not(service: Service) -> None:
    patient = samples.fresh_patient()
    made, contents = made_for(patient)
    body, parts = samples.provide_body(made, contents)
    message_id = f"urn:uuid:{uuid.uuid4()}"
    assert send_mtom(service.port, "ITI-41", body, *parts, message_id=message_id).result == "Success"
    # The same message in another MIME dress: another boundary, chunked.
    content_type, octets = related(envelope("ITI-41", body, message_id=message_id), *parts, boundary="other")
    again = post(service.port, PATH["ITI-41"], octets, content_type=content_type, chunked=True)
    assert again.result == "Success"
    assert len(found(service, patient)) == 1
    fresh = send_mtom(service.port, "ITI-41", body, *parts)
    assert "XDSDuplicateUniqueIdInRegistry" in fresh.codes


def test_retrieve_partly(service: Service) -> None:
    patient = samples.fresh_patient()
    made, contents = made_for(patient)
    body, parts = samples.provide_body(made, contents)
    assert send_mtom(service.port, "ITI-41", body, *parts).result == "Success"
    known = made.document_entries[0].unique_id or ""
    got = send_mtom(service.port, "ITI-43", samples.retrieve_body(known, "2.999.404"))
    assert (got.result, got.codes) == ("PartialSuccess", ["XDSDocumentUniqueIdError"])
    assert [item.get("location") for item in got.elements("RegistryError")] == ["2.999.404"]
    none = send(service.port, "ITI-43", samples.retrieve_body("2.999.404"))
    assert none.result == "Failure"
    elsewhere = send(service.port, "ITI-43", samples.retrieve_body(known, repository="2.999.2.77"))
    assert (elsewhere.result, elsewhere.codes) == ("Failure", ["XDSUnknownRepositoryId"])


def test_a_document_over_its_limit_and_a_request_over_the_total(start: object) -> None:
    service = start(limits={"document_bytes": 100_000, "request_bytes": 300_000, "envelope_bytes": 200_000})  # type: ignore[operator]
    patient = samples.fresh_patient()
    entry = samples.entry(patient)
    made = samples.provided(samples.submission(entry))
    body, parts = samples.provide_body(made, {entry.entry_uuid: b"x" * 100_001})
    answer = send_mtom(service.port, "ITI-41", body, *parts)
    assert answer.codes == ["XDSRepositoryMetadataError"]
    assert "100000" in answer.contexts[0].replace(",", "").replace("\u202f", "")
    body, parts = samples.provide_body(made, {entry.entry_uuid: b"x" * 100_000})
    assert send_mtom(service.port, "ITI-41", body, *parts).result == "Success"
    before = files_in(service)
    body, parts = samples.provide_body(made, {entry.entry_uuid: b"x" * 400_000})
    content_type, octets = related(envelope("ITI-41", body), *parts)
    for chunked in (False, True):
        refused = post(service.port, PATH["ITI-41"], octets, content_type=content_type, chunked=chunked)
        assert (refused.status, refused.fault_id) == (413, "too-large")
    assert files_in(service) == before


def test_a_damaged_document_never_ends_cleanly(start: object) -> None:
    service = start()  # type: ignore[operator]
    patient = samples.fresh_patient()
    for size in (50_000, 3_000_000):
        entry = samples.entry(patient)
        content = os.urandom(size)
        made = samples.provided(samples.submission(entry))
        body, parts = samples.provide_body(made, {entry.entry_uuid: content})
        assert send_mtom(service.port, "ITI-41", body, *parts).result == "Success"
        address = hashlib.sha256(content).hexdigest()
        (path,) = [item for item in files_in(service) if item.name == address]
        path.chmod(0o600)
        with path.open("r+b") as file:
            file.seek(size - 10)
            file.write(b"damage")
        request = samples.retrieve_body(entry.unique_id or "")
        if size <= 1024 * 1024:
            answer = send_mtom(service.port, "ITI-43", request)
            assert (answer.result, answer.codes) == ("Failure", ["XDSRepositoryError"])
        else:
            with pytest.raises(Exception, match="IncompleteRead"):
                send_mtom(service.port, "ITI-43", request)


def test_transform_and_append(service: Service) -> None:
    patient = samples.fresh_patient()
    made, contents = made_for(patient)
    body, parts = samples.provide_body(made, contents)
    assert send_mtom(service.port, "ITI-41", body, *parts).result == "Success"
    target = made.document_entries[0].entry_uuid
    for kind in (AssociationType.XFRM, AssociationType.APND):
        entry = samples.entry(patient)
        related_one = samples.with_associations(
            samples.provided(samples.submission(entry)), samples.relation(kind, entry.entry_uuid, target)
        )
        body, parts = samples.provide_body(related_one, {entry.entry_uuid: kind.value.encode()})
        assert send_mtom(service.port, "ITI-41", body, *parts).codes == []
    assert len(found(service, patient)) == 3
