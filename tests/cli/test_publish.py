"""`xds publish`: metadata from documents and options, as it reaches the repository."""

import hashlib
import io
import json
from pathlib import Path

import pytest
from lxml import etree

from tests.client.peer import Answer, Peer, Received, body_of, envelope
from xds.ebxml import decode_provide_request
from xds.mime import iter_parts, parse_content_type
from xds.model import AssociationType, RegistryFacts, Submission
from xds.rules import (
    REGISTRATION,
    DocumentPart,
    RulePolicy,
    check,
    check_provision,
    complete,
)
from xds.sandbox import seed_submissions

from .conftest import Run

PATIENT = "P1001^^^&2.999.1.1&ISO"
MESSAGES = Path(__file__).parents[1] / "samples" / "messages"
STRICT = RulePolicy(strictness="strict", unknown_patients="accept")


def seed_document(mime_type: str) -> bytes:
    """The first document of that type in the seed."""
    for item in seed_submissions():
        for entry in item.submission.document_entries:
            if entry.mime_type == mime_type:
                return item.documents[entry.entry_uuid]
    raise LookupError(mime_type)


@pytest.fixture
def cda(tmp_path: Path) -> Path:
    """A report as CDA."""
    path = tmp_path / "report.xml"
    path.write_bytes(seed_document("text/xml"))
    return path


@pytest.fixture
def pdf(tmp_path: Path) -> Path:
    """A report as PDF."""
    path = tmp_path / "Compte rendu.pdf"
    path.write_bytes(seed_document("application/pdf"))
    return path


def sent(peer: Peer) -> tuple[Submission, dict[str, bytes]]:
    """The submission and the documents, by entry id, of the last request."""
    content_type = parse_content_type(peer.last.headers["Content-Type"])
    parts = {
        p.content_id: b"".join(p.pieces())
        for p in iter_parts(io.BytesIO(peer.last.body), content_type.boundary)
    }
    root, *_ = parts.values()
    submission, findings, documents = decode_provide_request(body_of(root))
    assert findings == ()
    return submission, {
        item.get("id", ""): parts[item[0].get("href", "").removeprefix("cid:")] for item in documents
    }


def assert_valid(submission: Submission, documents: dict[str, bytes]) -> None:
    """The repository and the registry would take it, even strictly."""
    parts = {
        name: DocumentPart(size=len(octets), sha1=hashlib.sha1(octets, usedforsecurity=False).hexdigest())
        for name, octets in documents.items()
    }
    assert check_provision(submission, parts, STRICT) == []
    whole = complete(submission, parts, "2.999.2.1")
    assert check(REGISTRATION, whole, RegistryFacts(), STRICT) == []


def test_cda_and_pdf_need_no_option(cda: Path, pdf: Path, run: Run, peer: Peer) -> None:
    result = run("publish", cda, pdf, "--patient", PATIENT, "--to", peer.url)
    assert result.exit_code == 0, result.stderr
    submission, documents = sent(peer)
    assert_valid(submission, documents)
    assert list(documents.values()) == [cda.read_bytes(), pdf.read_bytes()]
    report, scan = submission.document_entries
    assert (report.mime_type, scan.mime_type) == ("text/xml", "application/pdf")
    assert report.format_code is not None
    assert report.format_code.code == "urn:ihe:rad:CDA:ImagingReportStructuredHeadings:2013"
    assert report.unique_id == etree.fromstring(cda.read_bytes()).find("{urn:hl7-org:v3}id").get("root")  # type: ignore[union-attr]
    assert report.authors
    assert report.reference_ids
    assert report.service_start_time
    assert scan.format_code is not None
    assert scan.format_code.code == "urn:ihe:rad:PDF"
    assert scan.unique_id is not None
    assert scan.unique_id.startswith("2.25.")
    lines = [line.split("\t") for line in result.stdout.splitlines()]
    assert lines == [
        [entry.entry_uuid, entry.unique_id, str(path)]
        for entry, path in zip(submission.document_entries, (cda, pdf), strict=True)
    ]
    assert result.stderr == "note: sourceId 2.999.4.1 is an example; say --source-id with your own OID\n"


def test_any_file_can_be_published(tmp_path: Path, run: Run, peer: Peer) -> None:
    path = tmp_path / "note of today.txt"
    path.write_text("CT CHEST. No nodule.\r\n\r\n", "utf-8", newline="")
    result = run("publish", path, "--patient", PATIENT, "--to", peer.url, "-q")
    assert (result.exit_code, result.stderr) == (0, "")
    submission, documents = sent(peer)
    assert_valid(submission, documents)
    (entry,) = submission.document_entries
    assert (entry.mime_type, entry.title[0].value) == ("text/plain", "note of today")
    assert documents[entry.entry_uuid] == b"CT CHEST. No nodule.\r\n\r\n"


def test_options_count_more_than_the_document(cda: Path, run: Run, peer: Peer) -> None:
    options = {
        "--title": "Un titre",
        "--author": "1^Roy^Zoé^^^^^^&2.999.9&ISO",
        "--language": "fr-CA",
        "--mime-type": "application/xml",
        "--class-code": "IMAGES^^2.999.10.1^Images",
        "--type-code": "T^^2.999.10.1",
        "--format-code": "F^^2.999.10.1",
        "--confidentiality": "R^^2.16.840.1.113883.5.25",
        "--event-code": "CT^^1.2.840.10008.2.16.4^CT",
        "--facility-type": "H^^2.999.10.1",
        "--practice-setting": "P^^2.999.10.1",
        "--source-patient-id": "M1^^^&2.999.18.1&ISO",
        "--unique-id": "2.999.77",
        "--source-id": "2.999.4.2",
    }
    flat = [item for pair in options.items() for item in pair]
    result = run("publish", cda, "--patient", PATIENT, "--to", peer.url, *flat)
    assert (result.exit_code, result.stderr) == (0, "")
    submission, documents = sent(peer)
    assert_valid(submission, documents)
    (entry,) = submission.document_entries
    codes = [entry.class_code, entry.type_code, entry.format_code, entry.confidentiality_codes[0]]
    codes += [entry.event_codes[0], entry.healthcare_facility_type_code, entry.practice_setting_code]
    assert [str(code) for code in codes] == [
        str(options[name]).removesuffix("^Images").removesuffix("^CT") for name in list(options)[4:11]
    ]
    assert entry.class_code is not None
    assert entry.class_code.display[0].value == "Images"
    assert entry.authors[0].person == options["--author"]
    assert (entry.title[0].value, entry.language_code) == ("Un titre", "fr-CA")
    assert (entry.source_patient_id, entry.unique_id) == ("M1^^^&2.999.18.1&ISO", "2.999.77")
    assert submission.submission_set.source_id == "2.999.4.2"


@pytest.mark.parametrize("how", ["argument", "stdin", "file"])
def test_a_patient_id_need_not_be_an_argument(
    how: str, cda: Path, tmp_path: Path, run: Run, peer: Peer
) -> None:
    (tmp_path / "id").write_text(PATIENT + "\n", "utf-8")
    given = {"argument": PATIENT, "stdin": "-", "file": f"@{tmp_path / 'id'}"}[how]
    result = run("publish", cda, "--patient", given, "--to", peer.url, stdin=PATIENT + "\n")
    assert result.exit_code == 0
    assert sent(peer)[0].document_entries[0].patient_id == PATIENT


def test_replace_looks_a_unique_id_up(cda: Path, run: Run, peer: Peer) -> None:
    found = etree.tostring(etree.parse(str(MESSAGES / "iti18-response-leaf-class.xml"))).decode()

    def respond(request: Received) -> Answer:
        return Answer(envelope(found)) if b"AdhocQueryRequest" in request.body else succeed(request)

    succeed, peer.respond = peer.respond, respond
    options = ("--patient", PATIENT, "--to", peer.url, "--registry", peer.url)
    result = run("publish", cda, *options, "--replace", "2.999.4.1.1004")
    assert result.exit_code == 0, result.stderr
    submission, documents = sent(peer)
    (entry,) = submission.document_entries
    (link,) = (a for a in submission.associations if a.association_type == AssociationType.RPLC)
    target = etree.fromstring(found.encode()).find(".//{*}ExtrinsicObject")
    assert target is not None
    assert (link.source, link.target) == (entry.entry_uuid, target.get("id"))
    assert list(documents) == [entry.entry_uuid]
    result = run("publish", cda, *options, "--replace", "urn:uuid:3f0c7c52-6a1e-4d0b-9a57-2b8e5f0a1101")
    assert result.exit_code == 0
    assert b"AdhocQueryRequest" not in peer.last.body


def test_replace_of_what_is_not_there_is_no(cda: Path, run: Run, peer: Peer) -> None:
    query = "urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0"
    ok = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success"
    peer.answers(envelope(f'<q:AdhocQueryResponse xmlns:q="{query}" status="{ok}"/>'))
    result = run(
        "publish", cda, "--patient", PATIENT, "--to", peer.url, "--registry", peer.url, "--replace", "2.999.1"
    )
    assert result.exit_code == 1
    assert "has 0 Approved documents with that uniqueId" in result.stderr


def test_a_refusal_is_1_and_says_every_finding(cda: Path, run: Run, peer: Peer) -> None:
    refusal = etree.tostring(etree.parse(str(MESSAGES / "registry-response-failure.xml"))).decode()
    peer.answers(envelope(refusal))
    result = run("publish", cda, "--patient", PATIENT, "--to", peer.url, "-q")
    assert (result.exit_code, result.stdout) == (1, "")
    first, _, third, last = result.stderr.splitlines()
    assert first.startswith("error XDSUnknownPatientId: ")
    assert third.startswith("warning XDSExtraMetadataNotSaved: ")
    assert last == "xds: nothing was published: the repository answered FAILURE"
    result = run("publish", cda, "--patient", PATIENT, "--to", peer.url, "-q", "--json")
    document = json.loads(result.stdout)
    assert (document["schema_version"], document["status"]) == (1, "FAILURE")
    assert [item["severity"] for item in document["findings"]] == ["error", "error", "warning"]


def test_json(cda: Path, run: Run, peer: Peer) -> None:
    result = run("publish", cda, "--patient", PATIENT, "--to", peer.url, "--json")
    document = json.loads(result.stdout)
    submission, documents = sent(peer)
    (entry,) = submission.document_entries
    assert document == {
        "schema_version": 1,
        "status": "SUCCESS",
        "submission_set": {
            "entry_uuid": submission.submission_set.entry_uuid,
            "unique_id": submission.submission_set.unique_id,
        },
        "documents": [
            {
                "file": str(cda),
                "entry_uuid": entry.entry_uuid,
                "unique_id": entry.unique_id,
                "mime_type": "text/xml",
                "hash": entry.hash,
                "size": len(documents[entry.entry_uuid]),
            }
        ],
        "findings": [],
    }


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--patient", "P1"), "the patient id must be id^^^&oid&ISO"),
        (("--patient", PATIENT, "--to", "ftp://x"), "'ftp://x' is not an address"),
        (("--patient", PATIENT, "--class-code", "REPORTS"), "'REPORTS' is not a code"),
        (("--patient", PATIENT, "--source-id", "x"), "'x' is not an OID"),
        (("--patient", PATIENT, "--replace", "a", "--replace", "b"), "2 --replace for 1 FILE"),
        (("--patient", "@/nowhere"), "the patient id cannot be read from /nowhere"),
        ((), "Missing option '--patient'"),
    ],
)
def test_usage_is_2(arguments: tuple[str, ...], said: str, cda: Path, run: Run) -> None:
    result = run("publish", cda, *arguments)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())


def test_a_wrong_patient_id_is_not_repeated(cda: Path, run: Run) -> None:
    assert "SECRET-7" not in run("publish", cda, "--patient", "SECRET-7").stderr


@pytest.mark.parametrize(
    ("name", "octets", "said"),
    [
        ("gone", None, "No such file"),
        ("broken.xml", b"<ClinicalDocument>", "broken.xml: the document is not readable as CDA"),
        ("broken.pdf", b"%PDF-1.4 nothing", "broken.pdf: the PDF is broken"),
    ],
)
def test_an_unreadable_file_is_2(
    name: str, octets: bytes | None, said: str, tmp_path: Path, run: Run
) -> None:
    if octets is not None:
        (tmp_path / name).write_bytes(octets)
    result = run("publish", tmp_path / name, "--patient", PATIENT)
    assert result.exit_code == 2
    assert said in result.stderr


def test_one_document_twice_is_2(cda: Path, run: Run) -> None:
    result = run("publish", cda, cda, "--patient", PATIENT)
    assert result.exit_code == 2
    assert "another FILE has the same uniqueId" in result.stderr
