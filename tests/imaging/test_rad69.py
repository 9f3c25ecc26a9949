"""RAD-69 over HTTP: a real archive behind a running service, and archives that misbehave beside it."""

import http.client
import io
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from click.testing import CliRunner
from PIL import Image

from tests.conftest import free_port
from tests.imaging.archive_faults import FaultyArchive, running_archive
from tests.imaging.orthanc import Archive
from tests.imaging.pictures import PICTURES, picture
from tests.imaging.requests import ANY, EXPLICIT, IMPLICIT, LOCATION, asking, instances, publish
from tests.transactions.conftest import Service, base_settings, running
from tests.transactions.wire import ACTION, Answer, envelope, get, post, related, send_mtom
from xds.cli.main import main
from xds.client import ImagingClient
from xds.client.documents import MemoryParts
from xds.ebxml import encode_imaging_request
from xds.model import InstanceRequest, ResponseStatus, XdsError
from xds.sandbox.phantoms import PHANTOMS, phantom_files

Files = Callable[[str], dict[str, bytes]]
FAULTY, FOLDER, DOWN, AGAIN, UNSHARED = (f"2.999.50.{number}" for number in (2, 3, 4, 5, 9))
STATUS = {status.name: status for status in ResponseStatus}


@dataclass(frozen=True)
class House:
    """A running service, and the archive that can be told to misbehave."""

    service: Service
    faulty: FaultyArchive

    def get(
        self,
        wanted: Sequence[InstanceRequest],
        syntaxes: Sequence[str] = ANY,
        path: str = "/dics/imaging",
    ) -> tuple[ResponseStatus, dict[str, bytes], tuple[XdsError, ...]]:
        """Retrieve; status, the instances that came, and the findings."""
        parts = MemoryParts(1 << 30)
        with ImagingClient(self.service.url + path, timeout=30) as client:
            answer = client.retrieve(asking(wanted, syntaxes), parts)
        came = {document.document_unique_id: parts.contents[cid] for document, cid in answer.documents}
        assert len(came) == len(answer.documents)
        return answer.response.status, came, answer.response.findings

    def post(self, body: bytes, path: str = "/dics/imaging") -> Answer:
        """Send a body as plain SOAP."""
        return post(self.service.port, path, envelope("RAD-69", body))


@pytest.fixture(scope="module")
def house(
    archive: Archive,
    phantoms: Files,
    new_database: Callable[[], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[House]:
    """A service with five sources: Orthanc, one that misbehaves, a folder, one that is down, and another service."""
    folder = tmp_path_factory.mktemp("imaging")
    (folder / "files").mkdir()
    for uid, octets in phantoms("mg").items():
        (folder / "files" / f"{uid}.dcm").write_bytes(octets)
    with ExitStack() as stack:
        faulty = stack.enter_context(running_archive(phantoms("cr") | phantoms("us")))
        dsn = new_database()
        (folder / "again").mkdir()
        elsewhere = base_settings(dsn, folder / "again")
        elsewhere["server"] |= {"roles": ["imaging"], "workers": 1}
        elsewhere["imaging.source"] = [{"location_uid": AGAIN, "url": archive.dicom_web}]
        again = stack.enter_context(running(folder / "again", elsewhere))
        settings = base_settings(dsn, folder)
        settings["server"] |= {"roles": ["registry", "repository", "imaging"], "workers": 1}
        settings["imaging"] = {"root_first_instances": 20}
        settings["imaging.source"] = [
            {"location_uid": LOCATION, "url": archive.dicom_web},
            {"location_uid": FAULTY, "url": faulty.url, "seconds": 1},
            {"location_uid": FOLDER, "kind": "folder", "folder": str(folder / "files")},
            {"location_uid": DOWN, "url": f"http://127.0.0.1:{free_port()}/dicom-web", "seconds": 2},
            {"location_uid": AGAIN, "kind": "rad69", "url": f"{again.url}/dics/imaging"},
        ]
        service = stack.enter_context(running(folder, settings))
        for name in (
            "ct",
            "mr",
            "us",
            "mg",
            "cr",
            "ct-jpeg-2000",
            "ct-jpeg-ls",
            "us-jpeg",
            "cr-jpeg-2000-lossy",
        ):
            publish(service, folder, phantoms(name).values())
        yield House(service, faulty)


@pytest.fixture(autouse=True)
def behave(house: House) -> Iterator[None]:
    """The archive that misbehaves does so for one test."""
    yield
    house.faulty.cut_after, house.faulty.cut_instances = None, frozenset()
    house.faulty.silent_seconds, house.faulty.status, house.faulty.extra = 0.0, 200, b""


def errors(findings: Sequence[XdsError]) -> dict[str, str]:
    """Location → code of the errors: one for each instance."""
    found = {item.location: item.code for item in findings if item.is_error}
    assert len(found) == sum(item.is_error for item in findings)
    return found


# What comes is what was stored


@pytest.mark.parametrize("path", ["/dics/imaging", "/dics/repository"])
@pytest.mark.parametrize("name", ["mr", "us", "mg", "cr", "ct-jpeg-2000", "ct-jpeg-ls", "us-jpeg"])
def test_ids_2018_4803_every_kind_as_stored(house: House, phantoms: Files, name: str, path: str) -> None:
    """Single, multi-series, multi-modality: the octets of the archive, at both addresses."""
    files = phantoms(name)
    status, came, findings = house.get(instances(name, files), path=path)
    assert (status, findings) == (STATUS["SUCCESS"], ())
    assert came == files


def test_a_ct_of_300_slices_passes_as_it_comes(house: House, phantoms: Files) -> None:
    """Many instances: no length, the envelope behind them, and nothing lost."""
    files = phantoms("ct")
    status, came, findings = house.get(instances("ct", files))
    assert (status, findings) == (STATUS["SUCCESS"], ())
    assert came == files
    body = encode_imaging_request(asking(instances("ct", list(files)[:30])))
    answer = send_mtom(house.service.port, "RAD-69", body)
    assert answer.headers["Transfer-Encoding"] == "chunked"
    assert answer.result == "Success"
    start = answer.headers["Content-Type"].partition('start="')[2].partition('"')[0].encode()
    assert answer.body.index(start) > answer.body.rindex(b"Content-Type: application/dicom")
    few = send_mtom(
        house.service.port, "RAD-69", encode_imaging_request(asking(instances("ct", list(files)[:3])))
    )
    assert int(few.headers["Content-Length"]) == len(few.body)
    assert few.body.index(b"application/xop+xml;") < few.body.index(b"Content-Type: application/dicom")


def test_tags_and_pixels(house: House, phantoms: Files) -> None:
    """What a viewer compares: UIDs, patient, pixels; found through the manifest, as it is."""
    files = phantoms("ct-jpeg-ls")
    _, came, _ = house.get(instances("ct-jpeg-ls", files), [EXPLICIT])
    for uid, octets in came.items():
        got, stored = pydicom.dcmread(io.BytesIO(octets)), pydicom.dcmread(io.BytesIO(files[uid]))
        assert got.file_meta.TransferSyntaxUID == EXPLICIT
        for keyword in (
            "SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID",
            "PatientID", "PatientBirthDate", "PatientSex", "PatientName", "AccessionNumber",
        ):  # fmt: skip
            assert got[keyword].value == stored[keyword].value
        assert np.array_equal(got.pixel_array, stored.pixel_array)
    assert len(came) == len(files)


def test_plain_soap_is_answered_inline(house: House, phantoms: Files) -> None:
    files = phantoms("mr")
    answer = house.post(encode_imaging_request(asking(instances("mr", files))))
    assert answer.result == "Success"
    assert answer.headers["Content-Type"].startswith("application/soap+xml")
    assert len(answer.elements("Document")) == 1


@pytest.mark.parametrize("home", [None, "urn:oid:2.999.40.1"])
def test_ids_2018_4820_home_community(house: House, phantoms: Files, home: str | None) -> None:
    """Echoed when it was sent, absent when it was not."""
    body = encode_imaging_request(asking(instances("mr", phantoms("mr"), home=home)))
    answer = send_mtom(house.service.port, "RAD-69", body)
    assert answer.result == "Success"
    assert [item.text for item in answer.elements("HomeCommunityId")] == ([home] if home else [])


def test_the_images_of_a_manifest_by_the_command(house: House, phantoms: Files, tmp_path: Path) -> None:
    """`xds kos retrieve`: exit 0 and every file, exit 1 with what did not come."""
    files = phantoms("mg")
    uid, _ = publish(house.service, tmp_path, files.values())
    arguments = ["kos", "retrieve", str(tmp_path / f"{uid}.dcm"), "-q", "-o", str(tmp_path / "images")]
    done = CliRunner().invoke(main, [*arguments, "--from", house.service.url])
    assert done.exit_code == 0, done.output
    assert {path.stem: path.read_bytes() for path in (tmp_path / "images").iterdir()} == files
    refused = CliRunner().invoke(
        main, [*arguments, "--from", house.service.url, "--transfer-syntax", "1.2.3"]
    )
    assert refused.exit_code == 1
    assert "4 images did not come" in refused.stderr


@pytest.mark.parametrize("name", PICTURES)
def test_the_pictures_of_the_docs_are_what_is_retrieved(house: House, name: str) -> None:
    uid, path = PICTURES[name]
    _, came, _ = house.get(instances(name, [uid]))
    with Image.open(path) as shown:
        assert np.array_equal(np.asarray(picture(came[uid])), np.asarray(shown))


# Other sources


def test_a_folder_of_files(house: House, phantoms: Files) -> None:
    files = phantoms("mg")
    status, came, _ = house.get(instances("mg", files, location=FOLDER))
    assert (status, came) == (STATUS["SUCCESS"], files)


def test_another_rad_69_end_point(house: House, phantoms: Files) -> None:
    """A process that is nothing but an Imaging Document Source; what it refuses is refused."""
    files = phantoms("ct-jpeg-2000")
    wanted = instances("ct-jpeg-2000", files, location=AGAIN)
    absent = replace(wanted[0], document_unique_id="2.999.7.404")
    status, came, findings = house.get((*wanted, absent))
    assert (status, came) == (STATUS["PARTIAL_SUCCESS"], files)
    assert errors(findings) == {"2.999.7.404": "XDSDocumentUniqueIdError"}


def test_several_sources_in_one_request(house: House, phantoms: Files) -> None:
    mixed = (
        *instances("ct", list(phantoms("ct"))[:5]),
        *instances("mg", phantoms("mg"), location=FOLDER),
        *instances("cr", phantoms("cr"), location=FAULTY),
    )
    status, came, _ = house.get(mixed)
    assert status is STATUS["SUCCESS"]
    assert came.keys() == {item.document_unique_id for item in mixed}


# Transfer syntaxes


@pytest.mark.parametrize("wanted", [EXPLICIT, IMPLICIT, "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.5"])
@pytest.mark.parametrize("name", ["ct-jpeg-2000", "us-jpeg", "cr", "us"])
def test_transcoded_without_loss(house: House, phantoms: Files, name: str, wanted: str) -> None:
    files = phantoms(name)
    status, came, findings = house.get(instances(name, files), [wanted])
    assert (status, findings) == (STATUS["SUCCESS"], ())
    for uid, octets in came.items():
        got, stored = pydicom.dcmread(io.BytesIO(octets)), pydicom.dcmread(io.BytesIO(files[uid]))
        assert got.file_meta.TransferSyntaxUID == wanted
        assert got.SOPInstanceUID == uid
        expected = stored.pixel_array
        if stored.PhotometricInterpretation.startswith("YBR"):
            expected = pydicom.pixels.pixel_array(io.BytesIO(files[uid]), raw=False)
        assert np.array_equal(got.pixel_array, expected)


def test_stored_first_then_the_first_that_loses_nothing(house: House, phantoms: Files) -> None:
    files = phantoms("ct-jpeg-2000")
    for asked, sent in (
        ([EXPLICIT, "1.2.840.10008.1.2.4.90"], "1.2.840.10008.1.2.4.90"),
        (["1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.80", EXPLICIT], "1.2.840.10008.1.2.4.80"),
    ):
        _, came, _ = house.get(instances("ct-jpeg-2000", list(files)[:1]), asked)
        (octets,) = came.values()
        assert pydicom.dcmread(io.BytesIO(octets)).file_meta.TransferSyntaxUID == sent


@pytest.mark.parametrize(
    "asked", ["1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.100", "1.2.840.10008.1.2.4.94", "x"]
)
def test_unknown_transfer_syntax(house: House, phantoms: Files, asked: str) -> None:
    """Never with loss, no video, no JPIP: an error for each instance, no attachment."""
    status, came, findings = house.get(instances("ct", list(phantoms("ct"))[:2]), [asked])
    assert (status, came) == (STATUS["FAILURE"], {})
    assert set(errors(findings).values()) == {"XDSRepositoryError"}
    assert errors(findings).keys() == set(list(phantoms("ct"))[:2])


def test_one_syntax_fails_and_the_rest_comes(house: House, phantoms: Files) -> None:
    wanted = (
        *instances("ct-jpeg-ls", list(phantoms("ct-jpeg-ls"))[:1]),
        *instances("us-jpeg", phantoms("us-jpeg")),
    )
    status, came, findings = house.get(wanted, ["1.2.840.10008.1.2.4.50"])
    assert status is STATUS["PARTIAL_SUCCESS"]
    assert came.keys() == set(phantoms("us-jpeg"))
    assert list(errors(findings)) == list(phantoms("ct-jpeg-ls"))[:1]


# ids_2018-4811: one good, nine failures


CASES = {
    "wrong_repository_unique_id": ({"repository_unique_id": "2.999.50.404"}, "XDSUnknownRepositoryId"),
    "the_repository_of_the_manifest": ({"repository_unique_id": "2.999.2.1"}, "XDSUnknownRepositoryId"),
    "unknown_sop_uid": ({"document_unique_id": "2.999.7.404"}, "XDSDocumentUniqueIdError"),
    "right_sop_in_wrong_series": ({"series_instance_uid": "2.999.7.1001.2.9"}, "XDSDocumentUniqueIdError"),
    "right_sop_in_wrong_study": (
        {"study_instance_uid": PHANTOMS["mr"].study_uid},
        "XDSDocumentUniqueIdError",
    ),
    "unknown_study": ({"study_instance_uid": "2.999.7.404"}, "XDSDocumentUniqueIdError"),
    "empty_study_uid": ({"study_instance_uid": ""}, "XDSRepositoryError"),
    "empty_series_uid": ({"series_instance_uid": ""}, "XDSRepositoryError"),
}


@pytest.mark.parametrize("case", CASES)
def test_ids_2018_4811(house: House, phantoms: Files, case: str) -> None:
    """Failure, an error list, and no attachment."""
    changes, code = CASES[case]
    (good,) = instances("ct", list(phantoms("ct"))[:1])
    bad = replace(good, **changes)
    status, came, findings = house.get([bad])
    assert (status, came) == (STATUS["FAILURE"], {})
    assert errors(findings) == {bad.document_unique_id: code}


def test_ids_2018_4811_empty_study_and_series(house: House, phantoms: Files) -> None:
    (good,) = instances("ct", list(phantoms("ct"))[:1])
    status, _, findings = house.get([replace(good, study_instance_uid="", series_instance_uid="")])
    assert status is STATUS["FAILURE"]
    assert {item.location for item in findings} == {good.document_unique_id}


@pytest.mark.parametrize("syntaxes", [(), ("",)])
def test_ids_2018_4811_empty_transfer_syntax(
    house: House, phantoms: Files, syntaxes: tuple[str, ...]
) -> None:
    wanted = instances("ct", list(phantoms("ct"))[:1])
    status, came, findings = house.get(wanted, syntaxes)
    assert (status, came) == (STATUS["FAILURE"], {})
    assert [item.code for item in findings] == ["XDSRepositoryError"]


def test_nothing_asked(house: House) -> None:
    status, _, findings = house.get(())
    assert status is STATUS["FAILURE"]
    assert [item.rule or item.code for item in findings] == ["XDSRepositoryError"]


@pytest.mark.parametrize("count", [3, 40])
def test_partial_success_within_one_source(house: House, phantoms: Files, count: int) -> None:
    """In both forms of an answer; a failed instance has an error and no empty DocumentResponse."""
    good = instances("ct", list(phantoms("ct"))[:count])
    bad = replace(good[0], document_unique_id="2.999.7.1001.2.1.9999")
    status, came, findings = house.get((*good, bad))
    assert status is STATUS["PARTIAL_SUCCESS"]
    assert came.keys() == {item.document_unique_id for item in good}
    assert errors(findings) == {bad.document_unique_id: "XDSDocumentUniqueIdError"}


def test_the_same_instance_twice_is_served_once(house: House, phantoms: Files) -> None:
    wanted = instances("mr", phantoms("mr"))
    status, came, _ = house.get((*wanted, *wanted))
    assert (status, len(came)) == (STATUS["SUCCESS"], 1)


# Sources that fail


def both(phantoms: Files, location: str, count: int = 2) -> tuple[InstanceRequest, ...]:
    """Instances of a good source and of another."""
    return (
        *instances("ct", list(phantoms("ct"))[:count]),
        *instances("us", phantoms("us"), location=location),
    )


@pytest.mark.parametrize("count", [2, 40])
def test_a_source_that_is_down(house: House, phantoms: Files, count: int) -> None:
    status, came, findings = house.get(both(phantoms, DOWN, count))
    assert status is STATUS["PARTIAL_SUCCESS"]
    assert came.keys() == set(list(phantoms("ct"))[:count])
    assert errors(findings).keys() == set(phantoms("us"))
    assert not any("127.0.0.1" in item.context for item in findings)


@pytest.mark.parametrize("count", [2, 40])
def test_a_source_that_is_slow(house: House, phantoms: Files, count: int) -> None:
    house.faulty.silent_seconds = 30
    status, came, findings = house.get(both(phantoms, FAULTY, count))
    house.faulty.release.set()
    house.faulty.release.clear()
    assert status is STATUS["PARTIAL_SUCCESS"]
    assert came.keys() == set(list(phantoms("ct"))[:count])
    assert errors(findings).keys() == set(phantoms("us"))


@pytest.mark.parametrize("count", [2, 40])
def test_a_source_that_is_cut_midway(house: House, phantoms: Files, count: int) -> None:
    """In the middle of an instance: that one fails, in both forms of an answer; the rest arrives."""
    first, *rest = phantoms("us")
    house.faulty.cut_instances = frozenset({first})
    status, came, findings = house.get(both(phantoms, FAULTY, count))
    assert status is STATUS["PARTIAL_SUCCESS"]
    assert errors(findings).keys() >= {first}
    assert came.keys() >= set(list(phantoms("ct"))[:count])
    assert came.keys() | errors(findings).keys() == {*list(phantoms("ct"))[:count], first, *rest}
    for uid, octets in came.items():
        assert octets == (phantoms("us") | phantoms("ct"))[uid]


@pytest.mark.parametrize("status_code", [500, 503, 401])
def test_a_source_that_refuses(house: House, phantoms: Files, status_code: int) -> None:
    house.faulty.status = status_code
    status, came, findings = house.get(both(phantoms, FAULTY))
    assert (status, len(came)) == (STATUS["PARTIAL_SUCCESS"], 2)
    assert errors(findings).keys() == set(phantoms("us"))


def test_a_source_that_sends_something_else(house: House, phantoms: Files) -> None:
    """An instance of another study under the asked one's address is not given to anybody."""
    house.faulty.extra = next(iter(phantoms("ct-jpeg-ls").values()))
    wanted = instances("cr", phantoms("cr"), location=FAULTY)
    status, came, _ = house.get(wanted)
    assert status is STATUS["SUCCESS"]
    assert came == phantoms("cr")


def test_a_source_that_sends_no_dicom(house: House, phantoms: Files) -> None:
    house.faulty.extra = b"<html>not an image</html>"
    status, came, findings = house.get(both(phantoms, FAULTY))
    assert (status, len(came)) == (STATUS["PARTIAL_SUCCESS"], 2)
    assert errors(findings).keys() == set(phantoms("us"))


def test_a_client_that_goes_away_frees_the_sources(house: House, phantoms: Files) -> None:
    """Its place for downloads is free again: more of them than there are places."""
    body = encode_imaging_request(asking(instances("ct", phantoms("ct"))))
    content_type, octets = related(envelope("RAD-69", body))
    for _ in range(20):
        connection = http.client.HTTPConnection("127.0.0.1", house.service.port, timeout=30)
        connection.request("POST", "/dics/imaging", octets, {"Content-Type": content_type})
        response = connection.getresponse()
        assert response.status == 200
        response.read(1000)
        connection.close()
    status, _, _ = house.get(instances("mr", phantoms("mr")))
    assert status is STATUS["SUCCESS"]


# Whose images they are


def test_images_that_no_manifest_shares_are_not_given(house: House, phantoms: Files, tmp_path: Path) -> None:
    """The archive has them; nobody published them. It reads as an unknown instance does."""
    plan = PHANTOMS["ct-jpeg-ls"]
    unshared = replace(plan, exam=replace(plan.exam, patient=1019, number=1), instances=1)
    ((uid, octets),) = phantom_files(unshared)
    wanted = InstanceRequest(
        study_instance_uid=unshared.study_uid,
        series_instance_uid=uid.rpartition(".")[0],
        document_unique_id=uid,
        repository_unique_id=FOLDER,
    )
    (house.service.folder / "files" / "unshared.dcm").write_bytes(octets)
    (known,) = instances("mg", list(phantoms("mg"))[:1], location=FOLDER)
    missing = replace(known, document_unique_id="2.999.7.404")
    _, _, refused = house.get([wanted])
    _, _, unknown = house.get([missing])
    assert [item.code for item in refused] == [item.code for item in unknown] == ["XDSDocumentUniqueIdError"]
    assert refused[0].context == unknown[0].context
    publish(house.service, tmp_path, [octets], location=FOLDER)
    # The folder is looked through again after a moment at the earliest.
    deadline = time.monotonic() + 10
    while (found := house.get([wanted]))[0] is not STATUS["SUCCESS"] and time.monotonic() < deadline:
        time.sleep(0.1)
    assert found[:2] == (STATUS["SUCCESS"], {uid: octets})


def test_the_wsdl_of_the_end_point(house: House) -> None:
    """zeep makes of it what it needs."""
    for path in ("/dics/imaging", "/dics/repository"):
        text = get(house.service.port, f"{path}?wsdl").body.decode()
        assert ACTION["RAD-69"] in text


def test_asked_of_several_schemes(house: House, phantoms: Files) -> None:
    """A request whose DocumentRequest is in RAD's namespace, as one shipped schema has it."""
    body = encode_imaging_request(asking(instances("mr", phantoms("mr"))))
    lenient = body.replace(b"<xds:DocumentRequest>", b"<rad:DocumentRequest>").replace(
        b"</xds:DocumentRequest>", b"</rad:DocumentRequest>"
    )
    answer = post(house.service.port, "/dics/imaging", envelope("RAD-69", lenient))
    assert answer.result == "Success"
