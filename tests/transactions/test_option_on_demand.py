"""The option "On-Demand Documents": ITI-43 makes the document, keeps it, and assembles delayed ones."""

import http.client
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree

from tests.samples import builders
from tests.transactions import samples
from tests.transactions.conftest import Service
from tests.transactions.test_crash import eventually, states
from tests.transactions.test_iti42 import found, register
from tests.transactions.test_iti61 import found_of, register_on_demand
from tests.transactions.test_iti62 import remove as remove_metadata
from tests.transactions.test_iti86 import remove as remove_documents
from tests.transactions.wire import Answer, send, send_mtom
from xds.content import SUMMARY_FORMAT, read_cda
from xds.ebxml import decode_query_response
from xds.model import (
    EMPTY_SHA1,
    STABLE,
    AssociationType,
    DocumentEntry,
    StoredQuery,
    Submission,
)

CDA = {"c": "urn:hl7-org:v3"}
FIELDS = {"format_code": SUMMARY_FORMAT, "legal_authenticator": None}


def promised(service: Service, patient: str, **changes: object) -> DocumentEntry:
    """A registered On-Demand entry that promises the patient's imaging summary."""
    entry = samples.on_demand_entry(patient, **{**FIELDS, **changes})
    answer = register_on_demand(service, samples.submission(entry))
    assert answer.result == "Success", answer.body
    return entry


def report(service: Service, patient: str, **changes: object) -> DocumentEntry:
    entry = samples.entry(patient, **changes)
    assert register(service, samples.submission(entry)).result == "Success"
    return entry


def retrieve(service: Service, *unique_ids: str | None) -> Answer:
    asked = [item or "" for item in unique_ids]
    return send_mtom(service.port, "ITI-43", samples.retrieve_body(*asked))


def document(answer: Answer) -> bytes:
    """The one document of an MTOM answer."""
    begin = answer.body.index(b"<?xml", answer.body.index(b"Envelope>"))
    return answer.body[begin : answer.body.index(b"\r\n--", begin)]


def new_ids(answer: Answer) -> tuple[str | None, str | None]:
    """NewDocumentUniqueId and NewRepositoryUniqueId."""

    def text(name: str) -> str | None:
        found = answer.elements(name)
        return found[0].text if found else None

    return text("NewDocumentUniqueId"), text("NewRepositoryUniqueId")


def snapshots(service: Service, entry: DocumentEntry) -> Submission:
    """What IsSnapshotOf relates to an On-Demand entry."""
    answer = send(
        service.port,
        "ITI-18",
        samples.query_body(
            StoredQuery.GET_RELATED_DOCUMENTS,
            samples.slot("$XDSDocumentEntryEntryUUID", entry.entry_uuid, is_list=False),
            samples.slot("$AssociationTypes", AssociationType.IS_SNAPSHOT_OF.value),
            samples.slot("$XDSDocumentEntryType", STABLE),
        ),
    )
    return decode_query_response(answer.elements("AdhocQueryResponse")[0]).objects


def test_a_summary_is_made_of_what_is_registered(service: Service) -> None:
    patient = samples.fresh_patient()
    first = report(service, patient, service_start_time="20240101120000")
    second = report(service, patient, title=builders.text("MR knee"), service_start_time="20240201120000")
    report(service, patient, mime_type="application/dicom")
    entry = promised(service, patient)
    answer = retrieve(service, entry.unique_id)
    assert (answer.result, answer.codes) == ("Success", [])
    assert [item.text for item in answer.elements("DocumentUniqueId")] == [entry.unique_id]
    name, repository = new_ids(answer)
    assert name not in (None, entry.unique_id)
    assert repository == samples.REPOSITORY
    assert [item.text for item in answer.elements("mimeType")] == ["text/xml"]
    content = document(answer)
    root = etree.fromstring(content)
    facts = read_cda(content)
    assert (facts.unique_id, facts.problems) == (name, ())
    assert [str(item) for item in facts.patient_ids] == [patient]
    assert "PID-5|Sample^Amélie" in facts.source_patient_info
    told = root.xpath("//c:tbody/c:tr/c:td[6]/text()", namespaces=CDA)
    assert told == [second.unique_id, first.unique_id]  # the newest first, no manifest
    assert root.xpath("//c:tbody/c:tr[1]/c:td/text()", namespaces=CDA)[:3] == [
        "2024-02-01 12:00", "MR knee", "Computed Tomography, Thorax"
    ]  # fmt: skip
    assert root.xpath("//c:externalDocument/c:id/@root", namespaces=CDA) == told


def test_persistence_of_retrieved_documents(service: Service) -> None:
    """The snapshot is registered before it is returned, kept, returned again, and replaced by the next."""
    patient = samples.fresh_patient()
    report(service, patient)
    entry = promised(service, patient)
    first = retrieve(service, entry.unique_id)
    name, _ = new_ids(first)
    (stable,) = (item for item in found(service, patient).values() if item.unique_id == name)
    content = document(first)
    assert (stable.hash, stable.size) == (samples.sha1(content), str(len(content)))
    assert stable.repository_unique_id == samples.REPOSITORY
    assert (stable.class_code, stable.format_code) == (entry.class_code, entry.format_code)
    (relation,) = snapshots(service, entry).associations
    assert (relation.source, relation.target) == (stable.entry_uuid, entry.entry_uuid)
    # It is a document like others, and while nothing changes it is the one that is returned.
    by_name = retrieve(service, name)
    assert (document(by_name), new_ids(by_name)) == (content, (None, None))
    again = retrieve(service, entry.unique_id)
    assert (document(again), new_ids(again)) == (content, new_ids(first))
    more = report(service, patient)
    after = retrieve(service, entry.unique_id)
    assert new_ids(after)[0] != name
    assert (more.unique_id or "?").encode() in document(after)
    assert document(retrieve(service, name)) == content
    assert name in found(service, patient, samples.DEPRECATED)  # replaced
    assert new_ids(after)[0] in found(service, patient)
    # The On-Demand entry itself stays.
    assert set(found_of(service, patient, entry.object_type)) == {entry.unique_id}


def test_not_kept(start: Callable[..., Service]) -> None:
    service = start(repository={"on_demand": "fresh"})
    patient = samples.fresh_patient()
    kept = report(service, patient)
    entry = promised(service, patient)
    names = set()
    for _ in range(2):
        answer = retrieve(service, entry.unique_id)
        name, repository = new_ids(answer)
        names.add(name)
        assert repository is None
        assert read_cda(document(answer)).unique_id == name
        assert retrieve(service, name).codes == ["XDSDocumentUniqueIdError"]
    assert len(names) == 2
    assert set(found(service, patient)) == {kept.unique_id}


def test_switched_off(start: Callable[..., Service]) -> None:
    service = start(repository={"on_demand": "off"})
    entry = promised(service, samples.fresh_patient())
    assert retrieve(service, entry.unique_id).codes == ["XDSDocumentUniqueIdError"]


def test_beside_others_and_inline(service: Service) -> None:
    patient = samples.fresh_patient()
    entry = promised(service, patient, language_code="fr-CA")
    answer = retrieve(service, "2.999.404", entry.unique_id)
    assert (answer.result, answer.codes) == ("PartialSuccess", ["XDSDocumentUniqueIdError"])
    assert "Aucun compte rendu" in document(answer).decode()
    plain = send(service.port, "ITI-43", samples.retrieve_body(entry.unique_id or ""))
    assert plain.result == "Success"
    assert new_ids(plain)[0] == new_ids(answer)[0]


def test_a_deprecated_entry_is_an_error(service: Service) -> None:
    patient = samples.fresh_patient()
    old = promised(service, patient)
    new = samples.on_demand_entry(patient, **FIELDS)
    replacing = samples.with_associations(
        samples.submission(new), samples.relation(AssociationType.RPLC, new.entry_uuid, old.entry_uuid)
    )
    assert register_on_demand(service, replacing).result == "Success"
    answer = retrieve(service, old.unique_id)
    assert (answer.result, answer.codes) == ("Failure", ["XDSDocumentUniqueIdError"])
    assert "Deprecated" in answer.contexts[0]
    assert retrieve(service, new.unique_id).result == "Success"


def test_a_format_that_nothing_makes(service: Service) -> None:
    entry = promised(service, samples.fresh_patient(), format_code=builders.code("urn:x", "2.999.9"))
    answer = retrieve(service, entry.unique_id)
    assert (answer.result, answer.codes) == ("Failure", ["XDSRepositoryError"])
    assert "urn:x" in answer.contexts[0]


def test_of_another_source(service: Service) -> None:
    entry = promised(service, samples.fresh_patient(), repository_unique_id="2.999.2.77")
    assert retrieve(service, entry.unique_id).codes == ["XDSDocumentUniqueIdError"]


def test_a_removed_snapshot_is_made_anew_under_another_uniqueid(service: Service) -> None:
    patient = samples.fresh_patient()
    report(service, patient)
    entry = promised(service, patient)
    name, _ = new_ids(retrieve(service, entry.unique_id))
    assert remove_documents(service, name or "").result == "Success"
    answer = retrieve(service, entry.unique_id)
    assert answer.result == "Success"
    assert new_ids(answer)[0] not in (None, name)
    assert retrieve(service, name).codes == ["XDSDocumentUniqueIdError"]


def test_many_retrieve_at_once_and_get_one_snapshot(service: Service) -> None:
    patient = samples.fresh_patient()
    report(service, patient)
    entry = promised(service, patient)
    answers: list[Answer] = []
    threads = [
        threading.Thread(target=lambda: answers.append(retrieve(service, entry.unique_id))) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {item.result for item in answers} == {"Success"}
    assert len({new_ids(item) for item in answers}) == 1
    assert len({document(item) for item in answers}) == 1
    assert len(snapshots(service, entry).associations) == 1


# -- Delayed Document Assembly -------------------------------------------------------------------------------------


def delayed(service: Service, patient: str, **changes: object) -> DocumentEntry:
    """A registered Stable entry whose document is not there yet."""
    entry = samples.entry(patient, **{**FIELDS, "hash": EMPTY_SHA1, "size": "0", **changes})
    assert register(service, samples.submission(entry)).result == "Success"
    return entry


def test_delayed_document_assembly(service: Service) -> None:
    """What was there when it was registered, under its own uniqueId; its entry then has size and hash."""
    patient = samples.fresh_patient()
    before = report(service, patient, creation_time="20240301000000")
    entry = delayed(service, patient, creation_time="20240302000000")
    after = report(service, patient, creation_time="20240303000000")
    answer = retrieve(service, entry.unique_id)
    assert (answer.result, new_ids(answer)) == ("Success", (None, None))
    content = document(answer)
    assert read_cda(content).unique_id == entry.unique_id
    assert (before.unique_id or "?").encode() in content
    assert (after.unique_id or "?").encode() not in content
    stored = found(service, patient)[entry.unique_id or ""]
    assert (stored.hash, stored.size) == (samples.sha1(content), str(len(content)))
    assert (stored.version, stored.logical_id) == (2, entry.entry_uuid)
    assert (stored.creation_time or "") > "20240303"
    for _ in range(2):
        assert document(retrieve(service, entry.unique_id)) == content
    assert found(service, patient)[entry.unique_id or ""].version == 2


def test_a_delayed_document_is_assembled_once(service: Service) -> None:
    patient = samples.fresh_patient()
    entry = delayed(service, patient)
    answers: list[Answer] = []
    threads = [
        threading.Thread(target=lambda: answers.append(retrieve(service, entry.unique_id))) for _ in range(5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {item.result for item in answers} == {"Success"}
    assert len({document(item) for item in answers}) == 1
    assert found(service, patient)[entry.unique_id or ""].version == 2


def test_an_empty_document_that_was_published_stays_empty(service: Service) -> None:
    """ITI-41 with no octets has the same size and hash; the repository has it."""
    patient = samples.fresh_patient()
    entry = samples.entry(patient, **FIELDS)
    body, parts = samples.provide_body(samples.provided(samples.submission(entry)), {entry.entry_uuid: b""})
    assert send_mtom(service.port, "ITI-41", body, *parts).result == "Success"
    assert found(service, patient)[entry.unique_id or ""].hash == EMPTY_SHA1
    answer = retrieve(service, entry.unique_id)
    assert answer.result == "Success"
    assert b"ClinicalDocument" not in answer.body


def test_everything_of_an_on_demand_entry_can_be_removed(service: Service) -> None:
    patient = samples.fresh_patient()
    entry = samples.on_demand_entry(patient, **FIELDS)
    made = samples.with_uuids(samples.submission(entry))
    assert register_on_demand(service, made).result == "Success"
    assert remove_metadata(service, samples.ids_of(made)).result == "Success"
    assert retrieve(service, entry.unique_id).codes == ["XDSDocumentUniqueIdError"]
    # Its uniqueId is free again, for a Stable entry too.
    again = replace(samples.submission(samples.entry(patient, unique_id=entry.unique_id)))
    assert register(service, again).result == "Success"


@pytest.mark.parametrize("strictness", ["field", "strict"])
def test_the_strict_preset_takes_our_own_snapshots(start: Callable[..., Service], strictness: str) -> None:
    service = start(rules={"strictness": strictness})
    patient = samples.fresh_patient()
    assert register(service, samples.submission(samples.entry(patient))).codes == []
    entry = promised(service, patient)
    late = delayed(service, patient)
    for unique_id in (entry.unique_id, late.unique_id):
        answer = retrieve(service, unique_id)
        assert (answer.result, answer.contexts) == ("Success", [])


# -- a process that dies -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arrow", ["after:add_pending", "after:vault.commit", "after:register", "before:settle"]
)
def test_a_snapshot_dies_at_every_arrow(
    arrow: str, start: Callable[..., Service], database: str, tmp_path: Path
) -> None:
    """The next retrieve returns a snapshot that is registered, and there is one of it."""
    service = start(dsn=database, crash_at=arrow, environment={"XDS_CRASH_MARK": str(tmp_path / "died")})
    patient = samples.fresh_patient()
    report(service, patient)
    entry = promised(service, patient)
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        retrieve(service, entry.unique_id)
    eventually(lambda: "pending" not in states(database))
    answer = retrieve(service, entry.unique_id)
    assert answer.result == "Success", answer.contexts
    (relation,) = snapshots(service, entry).associations
    assert relation.source == found(service, patient)[new_ids(answer)[0] or ""].entry_uuid


@pytest.mark.parametrize("arrow", ["after:vault.commit", "before:update", "after:update", "before:settle"])
def test_a_delayed_document_dies_at_every_arrow(
    arrow: str, start: Callable[..., Service], database: str, tmp_path: Path
) -> None:
    service = start(dsn=database, crash_at=arrow, environment={"XDS_CRASH_MARK": str(tmp_path / "died")})
    patient = samples.fresh_patient()
    entry = delayed(service, patient)
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        retrieve(service, entry.unique_id)
    eventually(lambda: "pending" not in states(database))
    content = document(retrieve(service, entry.unique_id))
    stored = found(service, patient)[entry.unique_id or ""]
    assert (stored.version, stored.hash) == (2, samples.sha1(content))
