"""RAD-55 and RAD-107 over HTTP: an archive's answers, given on with the access checks of RAD-69."""

import io
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pydicom
import pytest
import requests
from PIL import Image

from tests.imaging.archive_faults import FaultyArchive, running_archive
from tests.imaging.orthanc import Archive
from tests.imaging.requests import LOCATION, publish
from tests.transactions.conftest import Service, base_settings, running
from tests.transactions.samples import remove_documents_body
from tests.transactions.wire import send_mtom
from xds.mime import iter_parts, parse_content_type
from xds.sandbox.phantoms import PHANTOMS

Files = Callable[[str], dict[str, bytes]]
FAULTY = "2.999.50.2"
DICOM = 'multipart/related; type="application/dicom"; transfer-syntax=*'
MR, CT = PHANTOMS["mr"].study_uid, PHANTOMS["ct-jpeg-2000"].study_uid


@pytest.fixture(scope="module")
def faulty(phantoms: Files) -> Iterator[FaultyArchive]:
    with running_archive(phantoms("cr")) as archive:
        yield archive


@pytest.fixture(scope="module")
def service(
    archive: Archive,
    faulty: FaultyArchive,
    phantoms: Files,
    new_database: Callable[[], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Service]:
    """A service before Orthanc and an archive that misbehaves."""
    folder = tmp_path_factory.mktemp("wado")
    settings = base_settings(new_database(), folder)
    settings["server"] |= {"roles": ["registry", "repository", "imaging"], "workers": 1}
    settings["imaging.source"] = [
        {"location_uid": LOCATION, "url": archive.dicom_web},
        {"location_uid": FAULTY, "url": faulty.url, "seconds": 1},
    ]
    with ExitStack() as stack:
        started = stack.enter_context(running(folder, settings))
        for name in ("mr", "us", "mg", "ct-jpeg-2000"):
            publish(started, folder, phantoms(name).values())
        publish(started, folder, phantoms("cr").values(), location=FAULTY)
        yield started


def get(service: Service, path: str, accept: str | None = DICOM) -> requests.Response:
    headers = {"Accept-Encoding": "identity"} | ({} if accept is None else {"Accept": accept})
    session = requests.Session()
    session.trust_env = False
    if accept is None:
        session.headers.pop("Accept", None)
        headers["Accept"] = None  # type: ignore[assignment]
    return session.get(service.url + path, headers=headers, timeout=30)


def parts(response: requests.Response) -> list[bytes]:
    content_type = parse_content_type(response.headers["Content-Type"])
    return [
        b"".join(part.pieces()) for part in iter_parts(io.BytesIO(response.content), content_type.boundary)
    ]


@pytest.mark.parametrize("level", ["", "/series/{series}", "/series/{series}/instances/{instance}"])
def test_rad_107_instances(service: Service, phantoms: Files, level: str) -> None:
    ((uid, octets),) = phantoms("mr").items()
    path = level.format(series=uid.rpartition(".")[0], instance=uid)
    response = get(service, f"/dics/dicom-web/studies/{MR}{path}")
    assert response.status_code == 200
    assert parts(response) == [octets]


def test_rad_107_a_study_of_four_series(service: Service, phantoms: Files) -> None:
    response = get(service, f"/dics/dicom-web/studies/{PHANTOMS['mg'].study_uid}")
    assert sorted(parts(response)) == sorted(phantoms("mg").values())


def test_rad_107_metadata(service: Service) -> None:
    response = get(service, f"/dics/dicom-web/studies/{MR}/metadata", "application/dicom+json")
    assert response.status_code == 200
    (item,) = response.json()
    assert item["0020000D"]["Value"] == [MR]


@pytest.mark.parametrize("kind", ["image/jpeg", "image/png"])
def test_rad_107_rendered(service: Service, phantoms: Files, kind: str) -> None:
    uid, study = next(iter(phantoms("mg"))), PHANTOMS["mg"].study_uid
    path = f"/dics/dicom-web/studies/{study}/series/{uid.rpartition('.')[0]}/instances/{uid}/rendered"
    response = get(service, path, kind)
    assert (response.status_code, response.headers["Content-Type"]) == (200, kind)
    assert Image.open(io.BytesIO(response.content)).size == (192, 256)


def test_rad_107_rendered_as_far_as_the_archive_can(service: Service, phantoms: Files) -> None:
    """This one renders no JPEG 2000, and it is told so."""
    uid = next(iter(phantoms("ct-jpeg-2000")))
    path = f"/dics/dicom-web/studies/{CT}/series/{uid.rpartition('.')[0]}/instances/{uid}/rendered"
    assert get(service, path, "image/jpeg").status_code == 406


def test_rad_107_frames(service: Service, phantoms: Files) -> None:
    ((uid, octets),) = phantoms("mr").items()
    base = f"/dics/dicom-web/studies/{MR}/series/{uid.rpartition('.')[0]}/instances/{uid}"
    response = get(service, f"{base}/frames/2", "*/*")
    assert response.status_code == 200
    pixels = pydicom.dcmread(io.BytesIO(octets)).pixel_array
    assert parts(response) == [pixels[1].tobytes()]


@pytest.mark.parametrize(
    ("path", "accept", "status"),
    [
        (f"/studies/{MR}/series/2.999.404", DICOM, 404),
        (f"/studies/{PHANTOMS['us-jpeg'].study_uid}", DICOM, 404),  # in the archive, shared by no manifest
        ("/studies/2.999.404", DICOM, 404),
        ("/studies/../../instances", DICOM, 404),
        ("/studies", "application/dicom+json", 404),
        ("", DICOM, 404),
        (f"/studies/{MR}", "text/html", 406),
        (f"/studies/{MR}/metadata", "image/png", 406),
    ],
)
def test_rad_107_what_is_not_given(service: Service, path: str, accept: str, status: int) -> None:
    assert get(service, f"/dics/dicom-web{path}", accept).status_code == status


def wado(uid: str, study: str, **changes: str | None) -> str:
    values: dict[str, str | None] = {
        "requestType": "WADO",
        "studyUID": study,
        "seriesUID": uid.rpartition(".")[0],
        "objectUID": uid,
        "contentType": "application/dicom",
    }
    return "/dics/wado?" + "&".join(f"{k}={v}" for k, v in (values | changes).items() if v is not None)


def test_ids_2018_4802_dicom(service: Service, phantoms: Files) -> None:
    ((uid, octets),) = phantoms("mr").items()
    response = get(service, wado(uid, MR), "application/dicom")
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/dicom")
    assert response.content == octets


@pytest.mark.parametrize("frame", [None, "3"])
def test_ids_2018_4802_jpeg(service: Service, phantoms: Files, frame: str | None) -> None:
    uid = next(iter(phantoms("us")))
    study = PHANTOMS["us"].study_uid
    response = get(service, wado(uid, study, contentType="image/jpeg", frameNumber=frame), "image/jpeg")
    assert (response.status_code, response.headers["Content-Type"]) == (200, "image/jpeg")
    assert Image.open(io.BytesIO(response.content)).size == (160, 120)


@pytest.mark.parametrize(
    ("changes", "accept", "status"),
    [
        ({"objectUID": "2.999.404"}, "*/*", 404),
        ({"seriesUID": "2.999.404"}, "*/*", 404),
        ({"studyUID": CT}, "*/*", 404),
        ({"studyUID": ""}, "*/*", 404),
        ({"seriesUID": ""}, "*/*", 404),
        ({"objectUID": ""}, "*/*", 404),
        ({"objectUID": "../../x"}, "*/*", 404),
        ({"objectUID": None}, "*/*", 400),
        ({"requestType": None}, "*/*", 400),
        ({"contentType": "image/jpeg", "frameNumber": "x"}, "*/*", 400),
        ({"contentType": "video/mpeg"}, "*/*", 406),
        ({"contentType": "application/dicom"}, "image/jpeg", 406),
        ({}, None, 400),
    ],
)
def test_ids_2018_4802_exceptions(
    service: Service, phantoms: Files, changes: dict[str, str | None], accept: str | None, status: int
) -> None:
    uid = next(iter(phantoms("mr")))
    assert get(service, wado(uid, MR, **changes), accept).status_code == status


@pytest.mark.parametrize(("fault", "status"), [("silent", 503), ("error", 502), ("broken", 0)])
def test_an_archive_that_fails(
    service: Service, faulty: FaultyArchive, phantoms: Files, fault: str, status: int
) -> None:
    """A broken answer breaks: its end is missing, and no length was promised."""
    path = f"/dics/dicom-web/studies/{PHANTOMS['cr'].study_uid}"
    faulty.silent_seconds = 5.0 if fault == "silent" else 0.0
    faulty.status = 500 if fault == "error" else 200
    faulty.cut_after = 10_000 if fault == "broken" else None
    try:
        response = get(service, path)
    finally:
        faulty.silent_seconds, faulty.status, faulty.cut_after = 0.0, 200, None
    if fault == "broken":
        assert b"--b--" not in response.content
    else:
        assert response.status_code == status
        assert "127.0.0.1" not in response.text


def test_a_study_whose_manifest_was_removed_is_not_given(
    service: Service, phantoms: Files, tmp_path: Path, archive: Archive
) -> None:
    """Published, given; the manifest removed (ITI-86), gone: in both transactions and at once."""
    study = PHANTOMS["ct-jpeg-ls"].study_uid
    uid = next(iter(phantoms("ct-jpeg-ls")))
    paths = (f"/dics/dicom-web/studies/{study}", wado(uid, study))
    assert [get(service, path, "*/*").status_code for path in paths] == [404, 404]
    manifest, _ = publish(service, tmp_path, phantoms("ct-jpeg-ls").values())
    assert [get(service, path, "*/*").status_code for path in paths] == [200, 200]
    assert send_mtom(service.port, "ITI-86", remove_documents_body(manifest)).result == "Success"
    assert [get(service, path, "*/*").status_code for path in paths] == [404, 404]
