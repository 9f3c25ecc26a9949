"""Imaging manifests: read in every form that sources send, under limits, and built."""

import struct
import tracemalloc
import zlib
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from tests.content.manifests import (
    BIG_ENDIAN,
    CT,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    STUDY,
    code,
    item,
    manifest,
    series,
    study,
    written,
)
from xds.content import (
    DicomLimits,
    Locators,
    UnreadableDocument,
    build_manifest,
    manifest_facts,
    read_head,
    read_manifest,
    read_part10,
)
from xds.model import Code, LocalizedString, Manifest, MappedProcedure, manifest_changes

TORONTO = ZoneInfo("America/Toronto")
LOINC = "2.16.840.1.113883.6.1"


def read(**changes: object) -> Manifest:
    return read_manifest(written(manifest(**changes)))


def test_what_a_manifest_says() -> None:
    found = read()
    assert found.sop_instance_uid == "2.999.8.1.1"
    assert found.title is not None
    assert found.title.key == ("113030", "DCM")
    (one,) = found.studies
    assert one.study_instance_uid == STUDY
    assert [item.series_instance_uid for item in one.series] == [f"{STUDY}.1", f"{STUDY}.2"]
    assert [item.retrieve_location_uid for item in one.series] == ["2.999.50.1", "2.999.50.1"]
    assert [item.retrieve_url for item in one.series] == [None, "https://archive.example/dicom-web"]
    assert [item.sop_instance_uid for item in found.instances()] == [
        f"{STUDY}.1.1",
        f"{STUDY}.1.2",
        f"{STUDY}.2.1",
    ]
    assert found.accession_numbers == (("ACC-24-0117", "2.999.23.1.7"),)
    assert found.order_numbers == (("ORD-9", "2.999.23.1.9"),)
    assert [item.key for item in found.procedure_codes] == [("1859", "2.999.23.1.102.1")]
    assert found.modalities == ("CT",)
    assert (found.study_time, found.creation_time) == ("20240311141530", "20240311151500")
    assert found.patient_name == ("Tremblay", "Amélie", "Rose")


@pytest.mark.parametrize("undefined_lengths", [False, True])
@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG_ENDIAN, DEFLATED])
def test_every_transfer_syntax(syntax: str, undefined_lengths: bool) -> None:
    found = read_manifest(written(manifest(), syntax, undefined_lengths=undefined_lengths))
    assert found.transfer_syntax_uid == syntax
    assert replace(found, transfer_syntax_uid=EXPLICIT) == read()


def test_a_file_and_its_octets_are_the_same(tmp_path: Path) -> None:
    path = tmp_path / "manifest.dcm"
    path.write_bytes(written(manifest()))
    assert read_manifest(path) == read()


def test_several_studies() -> None:
    found = read(
        CurrentRequestedProcedureEvidenceSequence=[
            study(STUDY, series("2.999.1.1", "2.999.1.1.1")),
            study("2.999.2", series("2.999.2.1", "2.999.2.1.1", sop_class="1.2.840.10008.5.1.4.1.1.4")),
        ]
    )
    assert [one.study_instance_uid for one in found.studies] == [STUDY, "2.999.2"]
    assert found.modalities == ("CT", "MR")
    assert [value.split("^")[0] for value in manifest_facts(found).reference_ids[-2:]] == [STUDY, "2.999.2"]


def library() -> list[Dataset]:
    """The image library that MADO puts into a manifest (TID 1600)."""
    name = code("111028", "DCM", "Image Library")
    modality = item(
        RelationshipType="HAS ACQ CONTEXT",
        ValueType="CODE",
        ConceptNameCodeSequence=[code("121139", "DCM", "Modality")],
        ConceptCodeSequence=[code("PT", "DCM", "PET")],
    )
    region = item(
        ValueType="CODE",
        ConceptNameCodeSequence=[code("123014", "DCM", "Target Region")],
        ConceptCodeSequence=[code("67734004", "SCT", "Upper trunk")],
    )
    return [
        item(ValueType="CONTAINER", ConceptNameCodeSequence=[name], ContentSequence=[modality, region]),
    ]


def test_mado() -> None:
    """Another title, and modality and region in the content tree (IHE RAD MADO 1.1)."""
    found = read(
        ConceptNameCodeSequence=[code("MADOTEMP001", "99IHE", "Manifest with Description")],
        ContentSequence=library(),
    )
    assert found.title is not None
    assert found.title.code == "MADOTEMP001"
    assert found.modalities == ("PT", "CT")
    assert [one.key for one in found.regions] == [("67734004", "2.16.840.1.113883.6.96")]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"IssuerOfPatientIDQualifiersSequence": None, "IssuerOfPatientID": "2.999.18.2"}, "2.999.18.2"),
        ({"IssuerOfPatientIDQualifiersSequence": None}, None),
    ],
)
def test_the_issuer_of_the_patient_id(changes: dict[str, object], expected: str | None) -> None:
    found = read(**changes)
    if expected is None:
        assert (found.patient_id, found.unqualified_patient_id) == (None, "MRN-4471")
        assert any("--source-patient-id" in text for text in manifest_facts(found).problems)
    else:
        assert found.patient_id is not None
        assert found.patient_id.assigning_authority == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"TimezoneOffsetFromUTC": None}, "20240311131530"),  # daylight saving time in Toronto
        ({"StudyTime": "09:15:30"}, "20240311141530"),
        ({"StudyTime": "0915"}, "202403111415"),
        ({"StudyTime": None}, "20240311"),
        ({"StudyTime": "9"}, "20240311"),
        ({"StudyDate": None}, None),
        ({"StudyDate": "2024"}, None),
        ({"TimezoneOffsetFromUTC": "EST"}, "20240311131530"),
    ],
)
def test_the_time_of_the_study(changes: dict[str, object], expected: str | None) -> None:
    assert read_manifest(written(manifest(**changes)), zone=TORONTO).study_time == expected


def test_metadata_of_a_manifest() -> None:
    facts = manifest_facts(read())
    assert facts.mime_type == "application/dicom"
    assert facts.format_code is not None
    assert facts.format_code.key == ("1.2.840.10008.5.1.4.1.1.88.59", "1.2.840.10008.2.6.1")
    assert facts.unique_id == "2.999.8.1.1"
    assert facts.title == "CT CHEST C+"
    assert facts.type_code is None
    assert [one.key for one in facts.event_codes] == [("CT", "1.2.840.10008.2.16.4")]
    assert facts.reference_ids == (
        "ACC-24-0117^^^&2.999.23.1.7&ISO^urn:ihe:iti:xds:2013:accession",
        "ORD-9^^^&2.999.23.1.9&ISO^urn:ihe:iti:xds:2013:order",
        f"{STUDY}^^^^urn:ihe:iti:xds:2016:studyInstanceUID",
    )
    assert facts.source_patient_info == (
        "PID-3|MRN-4471^^^&2.999.18.1&ISO",
        "PID-5|Tremblay^Amélie^Rose",
        "PID-7|19710304",
        "PID-8|F",
    )
    assert [one.institutions for one in facts.authors] == [("Hôpital du Lac",)]
    assert facts.problems == (
        "the procedure code 1859 of 2.999.23.1.102.1 is not in the concept map; typeCode is the domain's default",
    )


def named(value: str, scheme: str) -> Code:
    return Code(code=value, scheme=scheme, display=(LocalizedString(value=value),))


def test_the_concept_map() -> None:
    """Type, region and title come from it; the modality is that of the images."""
    row = MappedProcedure(
        type_code=named("24627-2", LOINC),
        modality=named("XX", "1.2.840.10008.2.16.4"),
        region=named("51185008", "2.16.840.1.113883.6.96"),
        display="CT chest",
    )
    facts = manifest_facts(read(), lambda asked: row if asked.key == ("1859", "2.999.23.1.102.1") else None)
    assert facts.type_code == row.type_code
    assert [one.code for one in facts.event_codes] == ["CT", "51185008"]
    assert facts.title == "CT chest"
    assert facts.problems == ()


def test_a_procedure_in_loinc_is_the_type() -> None:
    facts = manifest_facts(read(ProcedureCodeSequence=[code("24627-2", "LN", "CT Chest")]))
    assert facts.type_code is not None
    assert facts.type_code.key == ("24627-2", LOINC)


BROKEN = [
    (b"", "DICM does not stand behind"),
    (b"%PDF-1.4", "DICM does not stand behind"),
    (b"\0" * 128 + b"DICM", "names no Transfer Syntax"),
    (written(manifest())[:140], "broken|names no Transfer Syntax"),
    (b"x" * (33 * 1024 * 1024), "at most 33554432 are read"),
]


@pytest.mark.parametrize(("octets", "says"), BROKEN)
def test_what_cannot_be_read(octets: bytes, says: str) -> None:
    with pytest.raises(UnreadableDocument, match=says):
        read_manifest(octets)


def test_a_file_cut_anywhere_is_read_or_refused() -> None:
    whole = written(manifest())
    refused = 0
    for end in range(0, len(whole), 7):
        try:
            read_manifest(whole[:end])
        except UnreadableDocument:
            refused += 1
    assert refused > 10


@given(st.integers(0, 10_000), st.integers(0, 255))
def test_a_file_with_a_wrong_octet_is_read_or_refused(place: int, octet: int) -> None:
    whole = bytearray(written(manifest()))
    whole[132 + place % (len(whole) - 132)] = octet
    try:
        found = read_manifest(bytes(whole))
    except UnreadableDocument:
        return
    manifest_facts(found)


def test_d5_deflated_bomb() -> None:
    meta = written(manifest(), DEFLATED)
    end = 132 + 12 + struct.unpack("<I", meta[140:144])[0]
    deflater = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    bomb = b"".join([*(deflater.compress(b"\0" * 1_000_000) for _ in range(100)), deflater.flush()])
    assert len(bomb) < 200_000
    with pytest.raises(UnreadableDocument, match="when inflated"):
        read_manifest(meta[:end] + bomb)


def test_d5_lengths_of_four_gibibytes() -> None:
    whole = written(manifest())
    tag = whole.index(b"\x40\x00\x75\xa3SQ\0\0")
    broken = whole[: tag + 8] + b"\xfe\xff\xff\xff" + whole[tag + 12 :]
    tracemalloc.start()
    try:
        found = read_manifest(broken)  # pydicom takes what is there
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found.sop_instance_uid == "2.999.8.1.1"
    assert peak < 16 * 1024 * 1024


def test_d5_ten_thousand_nested_sequences() -> None:
    opened = b"\x40\x00\x30\xa7SQ\0\0\xff\xff\xff\xff" + b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
    with pytest.raises(UnreadableDocument, match="RecursionError"):
        read_manifest(written(manifest()) + opened * 10_000)


def test_containers_within_containers_end_somewhere() -> None:
    inner: list[Dataset] = library()
    for _ in range(30):
        inner = [item(ValueType="CONTAINER", ContentSequence=inner)]
    assert read(ContentSequence=inner).modalities == ("CT",)


# Built


def head(number: int, **changes: object) -> Dataset:
    values: dict[str, object] = {
        "SOPClassUID": CT,
        "SOPInstanceUID": f"{STUDY}.1.{number}",
        "SeriesInstanceUID": f"{STUDY}.1",
        "StudyInstanceUID": STUDY,
        "InstanceNumber": number,
        "PatientID": "MRN-4471",
        "PatientName": "Tremblay^Amélie",
        "SpecificCharacterSet": "ISO_IR 192",
        "AccessionNumber": "ACC-1",
        "StudyDate": "20240311",
        "StudyTime": "091530",
        "TimezoneOffsetFromUTC": "-0400",
        "BodyPartExamined": "CHEST",
        "Rows": 4,
    }
    return item(**{key: value for key, value in (values | changes).items() if value is not None})


def built(*heads: Dataset, **changes: object) -> bytes:
    values: dict[str, object] = {
        "sop_instance_uid": "2.999.8.1.1",
        "series_instance_uid": "2.999.8.1",
        "created": datetime(2024, 3, 11, 15, 0, tzinfo=UTC),
    }
    where = Locators(retrieve_location_uid="2.999.50.1", retrieve_ae_title="ARCHIVE")
    return build_manifest(heads, where, **(values | changes))  # type: ignore[arg-type]


def test_a_built_manifest_is_dicom() -> None:
    dataset = pydicom.dcmread(BytesIO(built(head(2), head(1))))
    assert dataset.file_meta.MediaStorageSOPInstanceUID == dataset.SOPInstanceUID == "2.999.8.1.1"
    assert dataset.file_meta.TransferSyntaxUID == EXPLICIT
    assert (dataset.Modality, dataset.ValueType, dataset.ContinuityOfContent) == (
        "KO",
        "CONTAINER",
        "SEPARATE",
    )
    assert dataset.ContentTemplateSequence[0].TemplateIdentifier == "2010"
    for reference in dataset.ContentSequence:
        assert "ConceptNameCodeSequence" not in reference  # TID 2010: the purpose of reference is absent
        assert (reference.RelationshipType, reference.ValueType) == ("CONTAINS", "IMAGE")
    (evidence,) = dataset.CurrentRequestedProcedureEvidenceSequence
    assert "RetrieveLocationUID" not in dataset
    (one,) = evidence.ReferencedSeriesSequence
    assert (one.RetrieveLocationUID, one.RetrieveAETitle) == ("2.999.50.1", "ARCHIVE")
    assert dataset.PatientID == "MRN-4471"
    assert "InstanceCreationTime" in dataset


def test_a_built_manifest_is_read() -> None:
    found = read_manifest(built(head(2), head(1)))
    assert [one.sop_instance_uid for one in found.instances()] == [f"{STUDY}.1.1", f"{STUDY}.1.2"]
    assert found.creation_time == "20240311150000"
    assert found.study_time == "20240311131530"
    assert [one.code for one in found.regions] == ["51185008"]
    assert found.patient_name == ("Tremblay", "Amélie", "")


def test_requests_are_copied() -> None:
    attributes = item(
        RequestedProcedureID="RP-1",
        AccessionNumber="ACC-2",
        RequestedProcedureCodeSequence=[code("24627-2", "LN", "CT Chest")],
    )
    octets = built(
        head(1, RequestAttributesSequence=[attributes], PlacerOrderNumberImagingServiceRequest="ORD-1")
    )
    found = read_manifest(octets)
    assert {number for number, _ in found.accession_numbers} == {"ACC-1", "ACC-2"}
    assert found.order_numbers == (("ORD-1", None),)
    assert [one.code for one in found.procedure_codes] == ["24627-2"]


@pytest.mark.parametrize(
    ("heads", "says"),
    [
        ([], "no DICOM instance"),
        ([head(1, SOPClassUID="1.2.840.10008.5.1.4.1.1.88.59")], "no DICOM instance"),
        ([head(1, SeriesInstanceUID=None)], "has no SeriesInstanceUID"),
        ([head(1), head(2, StudyInstanceUID="2.999.9")], "of 2 studies .*2.999.9"),
        ([head(1), head(2, PatientID="MRN-1")], "of 2 patients"),
        ([head(1), head(1)], "is there twice"),
    ],
)
def test_what_no_manifest_is_built_of(heads: list[Dataset], says: str) -> None:
    with pytest.raises(UnreadableDocument, match=says) as refused:
        built(*heads)
    assert "MRN" not in str(refused.value)


def test_pydicom_s_own_files_become_manifests() -> None:
    """Real objects of many makers: whatever their heads hold, the manifest can be read."""
    tried = 0
    for name in (
        "CT_small.dcm",
        "MR_small.dcm",
        "JPEG2000.dcm",
        "JPEG-LL.dcm",
        "US1_J2KR.dcm",
        "reportsi.dcm",
    ):
        path = Path(str(pydicom.data.get_testdata_file(name, download=False) or ""))
        if not path.is_file():
            continue
        tried += 1
        one = read_head(path, until=0x00500000)
        found = read_manifest(built(one))
        assert [ref.sop_instance_uid for ref in found.instances()] == [str(one.SOPInstanceUID)]
    assert tried >= 3


studies = st.lists(st.lists(st.integers(0, 99), min_size=1, max_size=6, unique=True), min_size=1, max_size=4)


@given(studies, st.sampled_from([EXPLICIT, IMPLICIT, BIG_ENDIAN, DEFLATED]))
def test_round_trip(structure: list[list[int]], syntax: str) -> None:
    heads = [
        head(number, SeriesInstanceUID=f"{STUDY}.{index}", SOPInstanceUID=f"{STUDY}.{index}.{number}")
        for index, numbers in enumerate(structure)
        for number in numbers
    ]
    found = read_manifest(built(*heads))
    listed = {
        one.series_instance_uid: [i.sop_instance_uid for i in one.instances] for _, one in found.series()
    }
    assert listed == {
        f"{STUDY}.{index}": [f"{STUDY}.{index}.{number}" for number in sorted(numbers)]
        for index, numbers in enumerate(structure)
    }
    again = read_part10(written(read_part10(built(*heads)).dataset, syntax), limits=DicomLimits())
    assert again.transfer_syntax_uid == syntax


def test_what_came_and_went() -> None:
    old = read_manifest(built(head(1), head(2)))
    assert not manifest_changes(old, read_manifest(built(head(2), head(1), sop_instance_uid="2.999.8.1.2")))
    changes = manifest_changes(old, read_manifest(built(head(2), head(3))))
    assert (changes.added, changes.removed) == ({f"{STUDY}.1.3"}, {f"{STUDY}.1.1"})
    moved = manifest_changes(old, read_manifest(built(head(1), head(2, SeriesInstanceUID=f"{STUDY}.2"))))
    assert (moved.added, moved.removed, moved.relocated) == (set(), set(), {f"{STUDY}.1.2"})
