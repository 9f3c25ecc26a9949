"""`xds kos`, and `xds publish` of manifests."""

import json
from pathlib import Path

import pydicom
import pytest

from tests.cli.test_publish import assert_valid, seed_document, sent
from tests.client.peer import Peer
from tests.content.manifests import STUDY, code, manifest, written
from xds.sandbox.phantoms import PHANTOMS, phantom_files

from .conftest import Run

PATIENT = "P1001^^^&2.999.1.1&ISO"
PLAN = PHANTOMS["cr"]
CONCEPTS = """
["2.999.23.1.102.1"]
"1859" = { type = "24627-2^^2.16.840.1.113883.6.1^CT Chest", region = "51185008^^2.16.840.1.113883.6.96^Chest" }
"""


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """A folder with a study of two instances, and what else lies in such folders."""
    folder = tmp_path / "images"
    (folder / "series").mkdir(parents=True)
    for uid, octets in phantom_files(PLAN):
        (folder / "series" / uid).write_bytes(octets)
    (folder / "README.txt").write_text("not an image", "utf-8")
    return folder


@pytest.fixture
def kos(tmp_path: Path) -> Path:
    """A manifest of a CT."""
    path = tmp_path / "sent.dcm"
    path.write_bytes(written(manifest()))
    return path


def test_build_from_a_folder(run: Run, images: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.dcm"
    result = run(
        *("kos", "build", images, "--location", "2.999.50.1", "--ae-title", "ARCHIVE"),
        *("--unique-id", "2.999.8.1.1", "--output", output),
    )
    assert result.exit_code == 0, result.output
    assert result.stdout == f"{output}\t2.999.8.1.1\t1 series\t2 instances\n"
    assert "README.txt is no DICOM file" in result.stderr
    dataset = pydicom.dcmread(output)
    assert dataset.StudyInstanceUID == PLAN.study_uid
    assert dataset.AccessionNumber == PLAN.exam.accession_number


def test_build_again_only_when_instances_come_or_go(run: Run, images: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first.dcm", tmp_path / "second.dcm"
    common = ("kos", "build", images, "--location", "2.999.50.1", "--quiet")
    assert run(*common, "-o", first).exit_code == 0
    same = run(*common, "-o", second, "--replacing", first)
    assert "nothing was written" in same.stdout
    assert not second.exists()
    next((images / "series").iterdir()).unlink()
    changed = run(*common, "-o", second, "--replacing", first, "--json")
    document = json.loads(changed.stdout)
    assert [len(document["changes"][key]) for key in ("added", "removed", "relocated")] == [0, 1, 0]
    assert second.exists()
    assert document["sop_instance_uid"] != pydicom.dcmread(first).SOPInstanceUID


def test_show(run: Run, kos: Path, tmp_path: Path) -> None:
    concepts = tmp_path / "concepts.toml"
    concepts.write_text(CONCEPTS, "utf-8")
    shown = run("kos", "show", kos, "--concept-map", concepts, "--instances").stdout
    for text in (
        "2.999.8.1.1",
        "Manifest (113030, DCM)",
        "24627-2",
        "51185008",
        "2.999.50.1",
        f"{STUDY}.2.1",
    ):
        assert text in shown
    assert "Tremblay" not in shown


def test_show_ranks_what_is_not_mapped(run: Run, kos: Path, tmp_path: Path) -> None:
    concepts = tmp_path / "concepts.toml"
    concepts.write_text(CONCEPTS, "utf-8")
    for name, value in (("a.dcm", "7"), ("b.dcm", "9"), ("c.dcm", "9")):
        codes = [code(value, "99LAC")]
        (tmp_path / name).write_bytes(
            written(manifest(ProcedureCodeSequence=codes, ReferencedRequestSequence=None))
        )
    result = run(
        "kos",
        "show",
        *(tmp_path / name for name in ("a.dcm", "b.dcm", "c.dcm")),
        "--concept-map",
        concepts,
        "--json",
    )
    assert [(item["code"], item["count"]) for item in json.loads(result.stdout)["unmapped"]] == [
        ("9", 2),
        ("7", 1),
    ]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("kos", "show", "{text}"), "no DICOM Part 10"),
        (("kos", "build", "{empty}", "--location", "2.999.1"), "no DICOM instance"),
        (("kos", "build", "http://127.0.0.1:9/x", "--location", "2.999.1"), "is no study"),
        (("kos", "build", "{empty}", "--location", "here"), "is not an OID"),
        (("kos", "show", "{text}", "--zone", "Mars/Olympus"), "no time zone"),
        (("publish", "{image}", "--patient", PATIENT), "xds kos build"),
    ],
)
def test_what_is_refused(run: Run, tmp_path: Path, arguments: tuple[str, ...], says: str) -> None:
    """Exit 2: usage or unreadable input."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.txt").write_text("text", "utf-8")
    (tmp_path / "image.dcm").write_bytes(next(octets for _, octets in phantom_files(PLAN)))
    places = {
        "{text}": tmp_path / "text.txt",
        "{empty}": tmp_path / "empty",
        "{image}": tmp_path / "image.dcm",
    }
    result = run(*(places.get(item, item) for item in arguments))
    assert result.exit_code == 2, result.output
    assert says in result.stderr


def test_no_service_is_exit_3(run: Run) -> None:
    result = run("kos", "build", "http://127.0.0.1:9/dicom-web/studies/2.999.1", "--location", "2.999.1")
    assert result.exit_code == 3
    assert "cannot be reached" in result.stderr


def test_publish_a_manifest(run: Run, peer: Peer, kos: Path, tmp_path: Path) -> None:
    concepts = tmp_path / "concepts.toml"
    concepts.write_text(CONCEPTS, "utf-8")
    result = run("publish", kos, "--patient", PATIENT, "--to", peer.url, "--concept-map", concepts)
    assert result.exit_code == 0, result.output
    submission, documents = sent(peer)
    assert_valid(submission, documents)
    (entry,) = submission.document_entries
    assert documents[entry.entry_uuid] == kos.read_bytes()
    assert (entry.mime_type, entry.unique_id) == ("application/dicom", "2.999.8.1.1")
    assert entry.format_code is not None
    assert entry.format_code.key == ("1.2.840.10008.5.1.4.1.1.88.59", "1.2.840.10008.2.6.1")
    assert entry.class_code is not None
    assert entry.class_code.code == "IMAGES"
    assert entry.type_code is not None
    assert entry.type_code.code == "24627-2"
    assert [item.code for item in entry.event_codes] == ["CT", "51185008"]
    assert entry.service_start_time == "20240311141530"
    assert entry.source_patient_id == "MRN-4471^^^&2.999.18.1&ISO"
    assert entry.patient_id == PATIENT


def test_report_and_manifest_together(run: Run, peer: Peer, kos: Path, tmp_path: Path) -> None:
    """A PDF says nothing of its exam: what links it with the images comes from the manifest."""
    pdf = tmp_path / "report.pdf"
    pdf.write_bytes(seed_document("application/pdf"))
    assert run("publish", pdf, kos, "--patient", PATIENT, "--to", peer.url).exit_code == 0
    submission, documents = sent(peer)
    assert_valid(submission, documents)
    report, images = submission.document_entries
    assert report.reference_ids == images.reference_ids != ()
    assert report.event_codes == images.event_codes
    assert report.service_start_time == images.service_start_time


def test_the_manifest_takes_the_type_of_the_report(run: Run, peer: Peer, kos: Path, tmp_path: Path) -> None:
    cda = tmp_path / "report.xml"
    cda.write_bytes(seed_document("text/xml"))
    assert run("publish", cda, kos, "--patient", PATIENT, "--to", peer.url).exit_code == 0
    report, images = sent(peer)[0].document_entries
    assert report.type_code == images.type_code
    assert report.reference_ids != images.reference_ids  # of another exam, as the report says
