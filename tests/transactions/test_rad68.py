"""RAD-68: manifests through ITI-41, over HTTP, made of what a real archive holds."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.content.manifests import STUDY, manifest, series, study, written
from tests.imaging.orthanc import Archive
from tests.samples.builders import code as coded
from tests.transactions import samples
from tests.transactions.conftest import Service
from tests.transactions.test_iti42 import found
from tests.transactions.wire import Answer, send_mtom
from xds.cli.metadata import Wishes, describe, submission_of
from xds.client import DicomWebClient, RegistryClient, RepositoryClient
from xds.content import Locators, build_manifest, read_manifest
from xds.model import DocumentRequest, new_oid
from xds.rules.ontario import DICOM_UIDS, KEY_OBJECT_SELECTION
from xds.sandbox.phantoms import PHANTOMS
from xds.store import RepositoryStore, open_pool


def provide(service: Service, octets: bytes, unique_id: str, **changes: object) -> Answer:
    """Send a manifest with metadata that fits it, but for the changes."""
    values: dict[str, object] = {
        "mime_type": "application/dicom",
        "format_code": coded(KEY_OBJECT_SELECTION, DICOM_UIDS),
        "unique_id": unique_id,
        "hash": None,
        "size": None,
        "reference_ids": (
            "ACC-24-0117^^^&2.999.23.1.7&ISO^urn:ihe:iti:xds:2013:accession",
            f"{STUDY}^^^^urn:ihe:iti:xds:2016:studyInstanceUID",
        ),
    }
    entry = samples.entry(samples.fresh_patient(), **(values | changes))
    made = samples.provided(samples.submission(entry))
    body, parts = samples.provide_body(made, {entry.entry_uuid: octets})
    return send_mtom(service.port, "ITI-41", body, *parts)


def manifest_of(uid: str, **changes: object) -> bytes:
    return written(manifest(SOPInstanceUID=uid, **changes))


def test_a_manifest_is_stored(service: Service) -> None:
    uid = new_oid()
    answer = provide(service, manifest_of(uid), uid)
    assert answer.result == "Success", answer.body
    assert answer.elements("RegistryError") == []


@pytest.mark.parametrize(
    ("octets", "code", "rule_says"),
    [
        (b"not DICOM", "InvalidDocumentContent", "no DICOM Part 10 file"),
        (written(manifest(SOPInstanceUID="2.999.8.4")), "XDSRepositoryMetadataError", "2.999.8.4"),
        (None, "InvalidDocumentContent", "no instance is referred to"),
    ],
)
def test_a_broken_manifest_is_refused(
    service: Service, octets: bytes | None, code: str, rule_says: str
) -> None:
    uid = new_oid()
    sent = manifest_of(uid, CurrentRequestedProcedureEvidenceSequence=None) if octets is None else octets
    answer = provide(service, sent, uid)
    assert answer.result == "Failure"
    (error,) = [
        item for item in answer.elements("RegistryError") if item.get("severity", "").endswith("Error")
    ]
    assert error.get("errorCode") == code
    assert rule_says in error.get("codeContext", "")
    assert uid in error.get("codeContext", "")
    got = send_mtom(service.port, "ITI-43", samples.retrieve_body(uid))
    assert got.result == "Failure"


def test_warnings_beside_success(service: Service) -> None:
    uid = new_oid()
    evidence = [study(STUDY, series(f"{STUDY}.1", f"{STUDY}.1.1"))]
    del evidence[0].ReferencedSeriesSequence[0].RetrieveLocationUID
    answer = provide(service, manifest_of(uid, CurrentRequestedProcedureEvidenceSequence=evidence), uid)
    assert answer.result == "Success"
    (warning,) = answer.elements("RegistryError")
    assert "Retrieve Location UID" in warning.get("codeContext", "")


def test_from_the_archive_to_the_registry(service: Service, archive: Archive, tmp_path: Path) -> None:
    """Build from a DICOMweb study, publish, find by what a viewer asks for, retrieve the same octets."""
    plan = PHANTOMS["ct"]
    web = DicomWebClient(archive.dicom_web)
    path = tmp_path / "manifest.dcm"
    path.write_bytes(
        build_manifest(
            web.metadata(plan.study_uid),
            Locators(retrieve_location_uid="2.999.50.1"),
            sop_instance_uid=new_oid(),
            series_instance_uid=new_oid(),
            created=datetime.now(UTC),
        )
    )
    web.close()
    listed = read_manifest(path)
    assert len(list(listed.instances())) == 300
    patient = samples.fresh_patient()
    wishes = Wishes(patient_id=patient, source_id="2.999.4.1")
    described = describe(path, wishes)
    with RepositoryClient(f"{service.url}/dics/repository") as repository:
        response = repository.provide(
            submission_of([described.entry], wishes), {described.entry.entry_uuid: path}
        )
        assert response.is_success, response.findings
        assert response.findings == ()
        with RegistryClient(f"{service.url}/dics/registry") as registry:
            answer = registry.stored_query(
                "FindDocuments",
                {
                    "$XDSDocumentEntryPatientId": patient,
                    "$XDSDocumentEntryStatus": [samples.APPROVED],
                    "$XDSDocumentEntryFormatCode": [f"{KEY_OBJECT_SELECTION}^^{DICOM_UIDS}"],
                    "$XDSDocumentEntryEventCodeList": ["CT^^1.2.840.10008.2.16.4"],
                },
            )
        (entry,) = answer.objects.document_entries
        assert entry.type_code is not None
        assert entry.type_code.code == plan.exam.procedure.type_code.code
        assert entry.service_start_time == plan.exam.start
        assert [code.code for code in entry.event_codes] == ["CT", "51185008"]
        wanted = DocumentRequest(
            repository_unique_id=samples.REPOSITORY, document_unique_id=entry.unique_id or ""
        )
        (got,) = repository.retrieve_bytes([wanted]).documents
    assert got.content == path.read_bytes()
    assert found(service, patient).keys() == {listed.sop_instance_uid}


def test_the_studies_of_a_manifest_are_remembered(
    start: Callable[..., Service], new_database: Callable[[], str]
) -> None:
    """Registered and served: a study leads to manifest, source and patient; a refused or removed one does not."""
    dsn = new_database()
    service = start(dsn=dsn)
    uid, refused = new_oid(), new_oid()
    assert provide(service, manifest_of(uid), uid).result == "Success"
    assert provide(service, manifest_of(refused), refused, class_code=None).result == "Failure"
    pool = open_pool(dsn, size=2, statement_timeout=10, idle_in_transaction_timeout=15)
    try:
        store = RepositoryStore(pool)
        (row,) = store.studies([STUDY, "2.999.404"])
        assert (row.study_instance_uid, row.unique_id, row.retrieve_location_uid) == (
            STUDY,
            uid,
            "2.999.50.1",
        )
        assert row.patient_id.startswith("T")
        assert send_mtom(service.port, "ITI-86", samples.remove_documents_body(uid)).result == "Success"
        assert store.studies([STUDY]) == []
    finally:
        pool.close()
