"""A valid manifest as pydicom writes it: a test is this one with one thing changed."""

from io import BytesIO

from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.sequence import Sequence
from pydicom.uid import UID

KOS = "1.2.840.10008.5.1.4.1.1.88.59"
CT = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT, IMPLICIT = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"
BIG_ENDIAN, DEFLATED = "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"
STUDY = "2.999.7.1.1001"


def item(**values: object) -> Dataset:
    made = Dataset()
    for keyword, value in values.items():
        setattr(made, keyword, Sequence(value) if isinstance(value, list) and _are_items(value) else value)
    return made


def _are_items(value: list[object]) -> bool:
    return all(isinstance(one, Dataset) for one in value)


def code(value: str, designator: str, meaning: str = "a code") -> Dataset:
    return item(CodeValue=value, CodingSchemeDesignator=designator, CodeMeaning=meaning)


def series(uid: str, *instances: str, sop_class: str = CT, **values: object) -> Dataset:
    return item(
        SeriesInstanceUID=uid,
        RetrieveLocationUID="2.999.50.1",
        RetrieveAETitle="ARCHIVE",
        ReferencedSOPSequence=[
            item(ReferencedSOPClassUID=sop_class, ReferencedSOPInstanceUID=one) for one in instances
        ],
        **values,
    )


def study(uid: str, *referenced: Dataset) -> Dataset:
    return item(StudyInstanceUID=uid, ReferencedSeriesSequence=list(referenced))


def manifest(**changes: object) -> Dataset:
    """A CT of two series, with accession and order numbers and a local procedure code."""
    values: dict[str, object] = {
        "SpecificCharacterSet": "ISO_IR 192",
        "InstanceCreationDate": "20240311",
        "InstanceCreationTime": "101500.25",
        "SOPClassUID": KOS,
        "SOPInstanceUID": "2.999.8.1.1",
        "StudyDate": "20240311",
        "StudyTime": "091530",
        "AccessionNumber": "ACC-24-0117",
        "IssuerOfAccessionNumberSequence": [
            item(UniversalEntityID="2.999.23.1.7", UniversalEntityIDType="ISO")
        ],
        "Modality": "KO",
        "TimezoneOffsetFromUTC": "-0500",
        "InstitutionName": "Hôpital du Lac",
        "StudyDescription": "CT CHEST C+",
        "ProcedureCodeSequence": [code("1859", "99LAC", "CT chest local")],
        "CodingSchemeIdentificationSequence": [
            item(CodingSchemeDesignator="99LAC", CodingSchemeUID="2.999.23.1.102.1")
        ],
        "PatientName": "Tremblay^Amélie^Rose",
        "PatientID": "MRN-4471",
        "IssuerOfPatientIDQualifiersSequence": [
            item(UniversalEntityID="2.999.18.1", UniversalEntityIDType="ISO")
        ],
        "PatientBirthDate": "19710304",
        "PatientSex": "F",
        "StudyInstanceUID": STUDY,
        "SeriesInstanceUID": "2.999.8.1",
        "ValueType": "CONTAINER",
        "ConceptNameCodeSequence": [code("113030", "DCM", "Manifest")],
        "ReferencedRequestSequence": [
            item(
                AccessionNumber="ACC-24-0117",
                PlacerOrderNumberImagingServiceRequest="ORD-9",
                OrderPlacerIdentifierSequence=[item(UniversalEntityID="2.999.23.1.9")],
                RequestedProcedureCodeSequence=[code("1859", "99LAC", "CT chest local")],
            )
        ],
        "CurrentRequestedProcedureEvidenceSequence": [
            study(
                STUDY,
                series(f"{STUDY}.1", f"{STUDY}.1.1", f"{STUDY}.1.2"),
                series(f"{STUDY}.2", f"{STUDY}.2.1", RetrieveURL="https://archive.example/dicom-web"),
            )
        ],
    }
    return item(**{key: value for key, value in (values | changes).items() if value is not None})


def written(dataset: Dataset, syntax: str = EXPLICIT, *, undefined_lengths: bool = False) -> bytes:
    """A Part 10 file."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(dataset.get("SOPClassUID", KOS))
    meta.MediaStorageSOPInstanceUID = UID(dataset.get("SOPInstanceUID", "2.999.1"))
    meta.TransferSyntaxUID = UID(syntax)
    meta.ImplementationClassUID = UID("2.999.99")
    if undefined_lengths:
        _undefine(dataset)
    target = BytesIO()
    whole = FileDataset(target, dataset, file_meta=meta, preamble=b"\0" * 128)
    dcmwrite(target, whole, enforce_file_format=True)
    return target.getvalue()


def _undefine(dataset: Dataset) -> None:
    for element in dataset:
        if element.VR == "SQ":
            element.is_undefined_length = True
            for one in element.value:
                one.is_undefined_length_sequence_item = True
                _undefine(one)
