"""DICOMweb against a real archive, and what is no archive."""

from collections.abc import Callable

import pytest

from tests.client.peer import Answer, running_peer
from tests.imaging.orthanc import Archive
from xds.client import DicomWebClient, InstanceNotFound, ServiceUnavailable, UnreadableAnswer, study_of_url
from xds.sandbox.phantoms import PHANTOMS


def test_metadata_of_a_study(archive: Archive, phantoms: Callable[[str], dict[str, bytes]]) -> None:
    client = DicomWebClient(archive.dicom_web)
    heads = client.metadata(PHANTOMS["mg"].study_uid)
    assert {str(item.SOPInstanceUID) for item in heads} == set(phantoms("mg"))
    with pytest.raises(InstanceNotFound, match=r"2\.999\.404"):
        client.metadata("2.999.404")
    with pytest.raises(UnreadableAnswer, match="more than 100 octets"):
        client.metadata(PHANTOMS["mg"].study_uid, limit=100)
    client.close()


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [(b"<html>", 200, "cannot be read"), (b"{}", 500, "HTTP 500"), (b"[1]", 200, "cannot be read")],
)
def test_what_is_no_dicomweb(body: bytes, status: int, says: str) -> None:
    with running_peer() as peer:
        peer.pages["/studies/2.999.1/metadata"] = Answer(body, "application/dicom+json", status=status)
        client = DicomWebClient(peer.base)
        with pytest.raises(UnreadableAnswer, match=says):
            client.metadata("2.999.1")
        client.close()


def test_nobody_there() -> None:
    client = DicomWebClient("http://127.0.0.1:9/dicom-web", seconds=2)
    with pytest.raises(ServiceUnavailable, match="cannot be reached"):
        client.metadata("2.999.1")
    client.close()


def test_the_address_of_a_study() -> None:
    assert study_of_url("http://h/dicom-web/studies/2.999.1/") == ("http://h/dicom-web", "2.999.1")
    assert study_of_url("http://h/dicom-web/studies/2.999.1/series/2") is None
    assert study_of_url("http://h/dicom-web") is None
