"""An instance that says what it is while it passes: against pydicom's reading of the same file."""

import warnings
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.content.manifests import BIG_ENDIAN, DEFLATED, EXPLICIT, IMPLICIT, item, manifest, written
from xds.content import InstanceHead, UnreadableDocument, chained, read_instance_head
from xds.content.dicom_stream import HEAD_BYTES

FILES = sorted((Path(pydicom.data.__file__).parent / "test_files").glob("*.dcm"))
ODD = {"SC_rgb_jpeg.dcm"}  # its elements are of another transfer syntax than it says


def pieces(octets: bytes, size: int = 700) -> Iterator[bytes]:
    return iter([octets[at : at + size] for at in range(0, len(octets), size)])


def told(octets: bytes) -> InstanceHead:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom's own remarks on its odd files
        dataset = pydicom.dcmread(BytesIO(octets))
    return InstanceHead(
        transfer_syntax_uid=str(dataset.file_meta.get("TransferSyntaxUID", "")),
        sop_class_uid=str(dataset.get("SOPClassUID", "")),
        sop_instance_uid=str(dataset.get("SOPInstanceUID", "")),
        study_instance_uid=str(dataset.get("StudyInstanceUID", "")),
        series_instance_uid=str(dataset.get("SeriesInstanceUID", "")),
        has_pixels="Rows" in dataset,
    )


def test_pydicom_s_own_files() -> None:
    """Those that pydicom reads and that are instances."""
    compared = 0
    for path in FILES:
        octets = path.read_bytes()
        try:
            expected = told(octets)
        except (pydicom.errors.InvalidDicomError, AttributeError):
            continue
        if not expected.sop_instance_uid or path.name in ODD:
            continue
        found, taken = read_instance_head(pieces(octets))
        assert found == expected, path.name
        assert octets.startswith(b"".join(taken))
        compared += 1
    assert compared > 40


@pytest.mark.parametrize("undefined_lengths", [False, True])
@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG_ENDIAN, DEFLATED])
def test_every_transfer_syntax(syntax: str, undefined_lengths: bool) -> None:
    octets = written(manifest(SeriesDescription="x"), syntax, undefined_lengths=undefined_lengths)
    found, taken = read_instance_head(pieces(octets, 50))
    assert found == told(octets)
    assert b"".join(chained(taken, pieces(octets[sum(map(len, taken)) :]))) == octets


@pytest.mark.parametrize(
    ("octets", "says"),
    [
        (b"", "no DICOM Part 10"),
        (b"x" * 1000, "no DICOM Part 10"),
        (b"\0" * 128 + b"DICM", "ends before"),
        (written(manifest())[:400], "ends before"),
        (written(manifest(SeriesInstanceUID=None, StudyInstanceUID=None))[:300], "ends before"),
    ],
)
def test_what_is_no_instance(octets: bytes, says: str) -> None:
    with pytest.raises(UnreadableDocument, match=says):
        read_instance_head(pieces(octets))


def test_d5_an_instance_that_never_says_what_it_is() -> None:
    head = written(item(SOPClassUID="1.2"))[:300]
    private = b"\x09\x00\x10\x10UN\0\0" + (2 * HEAD_BYTES).to_bytes(4, "little")
    endless = head[: head.index(b"\x08\x00\x16\x00")] + private + b"\0" * (2 * HEAD_BYTES)
    with pytest.raises(UnreadableDocument, match="in its first"):
        read_instance_head(pieces(endless, 65_536))


def test_d5_nested_sequences() -> None:
    octets = written(manifest())
    at = octets.index(b"\x08\x00\x12\x00")
    deep = (b"\x08\x00\x06\x11SQ\0\0\xff\xff\xff\xff" + b"\xfe\xff\x00\xe0\xff\xff\xff\xff") * 10_000
    with pytest.raises(UnreadableDocument, match="nested"):
        read_instance_head(pieces(octets[:at] + deep, 65_536))


@given(st.integers(132, 3000), st.integers(0, 255), st.integers(1, 400))
def test_any_wrong_octet_is_read_or_refused(place: int, octet: int, size: int) -> None:
    octets = bytearray(written(manifest()))
    octets[place % len(octets)] = octet
    try:
        found, _ = read_instance_head(pieces(bytes(octets), size))
    except UnreadableDocument:
        return
    assert isinstance(found, InstanceHead)
