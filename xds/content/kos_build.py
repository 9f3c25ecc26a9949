"""Build a manifest of a study from the heads of its instances (DICOM PS3.3 A.35.4, PS3.16 TID 2010)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Final

from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import UID

from xds.content.dicom import EXPLICIT_LITTLE, text
from xds.content.dicom_codes import KEY_OBJECT_SELECTION, MANIFEST_TITLE
from xds.content.facts import UnreadableDocument

IMPLEMENTATION: Final = "2.25.297262421318722311216912374513092372014"
"""Implementation Class UID (0002,0012) of what this project writes."""
HEAD_ENDS: Final = 0x00500000
"""The tag up to which an instance is read for a manifest: what is copied and referred to stands before it."""

_COPIED: Final = (
    "SpecificCharacterSet",
    "TimezoneOffsetFromUTC",
    "StudyDate",
    "StudyTime",
    "AccessionNumber",
    "IssuerOfAccessionNumberSequence",
    "ReferringPhysicianName",
    "StudyDescription",
    "ProcedureCodeSequence",
    "CodingSchemeIdentificationSequence",
    "InstitutionName",
    "PatientName",
    "PatientID",
    "IssuerOfPatientID",
    "IssuerOfPatientIDQualifiersSequence",
    "PatientBirthDate",
    "PatientSex",
    "OtherPatientIDsSequence",
    "StudyInstanceUID",
    "StudyID",
)
"""Unchanged from the images: a manifest is of their study, and never of the province's patient id."""
_EMPTY: Final = (
    "StudyDate",
    "StudyTime",
    "AccessionNumber",
    "ReferringPhysicianName",
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyID",
)  # type 2: there, if need be without a value
_REQUEST: Final = (
    "AccessionNumber",
    "IssuerOfAccessionNumberSequence",
    "RequestedProcedureID",
    "RequestedProcedureDescription",
    "RequestedProcedureCodeSequence",
)
_WAVEFORMS: Final = "1.2.840.10008.5.1.4.1.1.9."


@dataclass(frozen=True, slots=True, kw_only=True)
class Locators:
    """Where the instances of a manifest are retrieved from; stands in each of its series."""

    retrieve_location_uid: str  # (0040,E011): the OID of the Imaging Document Source
    retrieve_ae_title: str | None = None  # (0008,0054)
    retrieve_url: str | None = None  # (0008,1190)


def build_manifest(
    heads: Iterable[Dataset],
    locators: Locators,
    *,
    sop_instance_uid: str,
    series_instance_uid: str,
    created: datetime,
    number: int = 1,
) -> bytes:
    """Build the manifest of one study: Part 10, Explicit VR Little Endian.

    Parameters
    ----------
    heads
        The datasets of the instances, pixel data not needed. Key Object Selections among them are left out: a manifest
        does not list manifests.
    sop_instance_uid, series_instance_uid
        New UIDs; the series is none of the study's.
    created
        When; written in the zone of the study's times, if they tell it.
    number
        Instance Number: of the n-th manifest of the study.

    Raises
    ------
    UnreadableDocument
        There is no instance, one has no UID, or they are of several studies or patients.
    """
    ordered = sorted(
        (head for head in heads if text(head, "SOPClassUID") != KEY_OBJECT_SELECTION),
        key=lambda head: (text(head, "SeriesInstanceUID"), _number(head), text(head, "SOPInstanceUID")),
    )
    _check(ordered)
    first = ordered[0]
    dataset = _header(ordered, sop_instance_uid, series_instance_uid, created, number)
    dataset.ReferencedRequestSequence = _requests(ordered)
    if not dataset.ReferencedRequestSequence:
        del dataset.ReferencedRequestSequence
    dataset.CurrentRequestedProcedureEvidenceSequence = DicomSequence(
        [_evidence(text(first, "StudyInstanceUID"), ordered, locators)]
    )
    dataset.ContentSequence = DicomSequence([_content(head) for head in ordered])
    return _written(dataset)


def _header(
    ordered: Sequence[Dataset], instance: str, series: str, created: datetime, number: int
) -> Dataset:
    dataset = Dataset()
    for keyword in _COPIED:
        source = next((head for head in ordered if keyword in head), None)
        if source is not None:
            dataset[keyword] = source[keyword]
    for keyword in _EMPTY:
        if keyword not in dataset:
            setattr(dataset, keyword, None)
    if created.tzinfo is not None and "TimezoneOffsetFromUTC" in dataset:
        created = _in_zone_of(dataset, created)
    day, clock = f"{created:%Y%m%d}", f"{created:%H%M%S}"
    dataset.SOPClassUID, dataset.SOPInstanceUID = UID(KEY_OBJECT_SELECTION), UID(instance)
    dataset.InstanceCreationDate, dataset.InstanceCreationTime = day, clock
    dataset.ContentDate, dataset.ContentTime = day, clock
    dataset.Modality, dataset.Manufacturer = "KO", "xds"
    dataset.SeriesInstanceUID, dataset.SeriesNumber, dataset.InstanceNumber = series, 1, number
    dataset.ReferencedPerformedProcedureStepSequence = DicomSequence()
    dataset.ValueType, dataset.ContinuityOfContent = "CONTAINER", "SEPARATE"
    dataset.ConceptNameCodeSequence = DicomSequence([_code(*MANIFEST_TITLE, "Manifest")])
    template = Dataset()
    template.MappingResource, template.TemplateIdentifier = "DCMR", "2010"
    dataset.ContentTemplateSequence = DicomSequence([template])
    if body_part := next((head for head in ordered if text(head, "BodyPartExamined")), None):
        # Not part of the object's modules (a Standard Extended SOP Class): the region for the metadata.
        dataset.BodyPartExamined = text(body_part, "BodyPartExamined")
    return dataset


def _in_zone_of(dataset: Dataset, moment: datetime) -> datetime:
    """A moment in the zone that the study's own times are in (0008,0201)."""
    try:
        return moment.astimezone(datetime.strptime(text(dataset, "TimezoneOffsetFromUTC"), "%z").tzinfo)
    except ValueError:
        return moment


def _check(heads: Sequence[Dataset]) -> None:
    if not heads:
        raise UnreadableDocument(
            "no DICOM instance was found to list; name a folder or a study that has images"
        )
    for keyword in ("SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID"):
        if any(not text(head, keyword) for head in heads):
            raise UnreadableDocument(f"an instance has no {keyword}; it cannot be referred to")
    for keyword, what in (("StudyInstanceUID", "studies"), ("PatientID", "patients")):
        values = sorted({text(head, keyword) for head in heads})
        if len(values) > 1:
            named = f" ({', '.join(values)})" if what == "studies" else ""
            raise UnreadableDocument(
                f"the instances are of {len(values)} {what}{named}; a manifest lists one study: build one of each"
            )
    uids = [text(head, "SOPInstanceUID") for head in heads]
    if len(set(uids)) < len(uids):
        twice = next(uid for uid in uids if uids.count(uid) > 1)
        raise UnreadableDocument(f"the instance {twice} is there twice; remove one of the files")


def _evidence(study: str, ordered: Sequence[Dataset], locators: Locators) -> Dataset:
    by_series: dict[str, list[Dataset]] = {}
    for head in ordered:
        by_series.setdefault(text(head, "SeriesInstanceUID"), []).append(head)
    evidence = Dataset()
    evidence.StudyInstanceUID = study
    evidence.ReferencedSeriesSequence = DicomSequence(
        [_series(uid, heads, locators) for uid, heads in by_series.items()]
    )
    return evidence


def _series(uid: str, heads: Sequence[Dataset], locators: Locators) -> Dataset:
    series = Dataset()
    series.SeriesInstanceUID = uid
    series.RetrieveLocationUID = locators.retrieve_location_uid
    if locators.retrieve_ae_title:
        series.RetrieveAETitle = locators.retrieve_ae_title
    if locators.retrieve_url:
        series.RetrieveURL = locators.retrieve_url
    series.ReferencedSOPSequence = DicomSequence([_reference(head) for head in heads])
    return series


def _reference(head: Dataset) -> Dataset:
    reference = Dataset()
    reference.ReferencedSOPClassUID = text(head, "SOPClassUID")
    reference.ReferencedSOPInstanceUID = text(head, "SOPInstanceUID")
    return reference


def _content(head: Dataset) -> Dataset:
    """TID 2010 row 4 to 6: no concept name, for the purpose of reference is absent there."""
    sop_class = text(head, "SOPClassUID")
    item = Dataset()
    item.RelationshipType = "CONTAINS"
    if sop_class.startswith(_WAVEFORMS):
        item.ValueType = "WAVEFORM"
    else:
        item.ValueType = "IMAGE" if "Rows" in head else "COMPOSITE"
    item.ReferencedSOPSequence = DicomSequence([_reference(head)])
    return item


def _requests(ordered: Sequence[Dataset]) -> DicomSequence:
    """One item for each requested procedure that the images name in Request Attributes (0040,0275)."""
    found: dict[tuple[str, str], Dataset] = {}
    for head in ordered:
        for attributes in head.get("RequestAttributesSequence") or ():
            key = (
                text(attributes, "AccessionNumber") or text(head, "AccessionNumber"),
                text(attributes, "RequestedProcedureID"),
            )
            if key not in found and any(key):
                found[key] = _request(head, attributes, key[0])
    return DicomSequence(found.values())


def _request(head: Dataset, attributes: Dataset, accession: str) -> Dataset:
    request = Dataset()
    request.StudyInstanceUID = text(head, "StudyInstanceUID")
    request.ReferencedStudySequence = DicomSequence()
    for keyword in _REQUEST:
        source = attributes if keyword in attributes else head
        if keyword in source:
            request[keyword] = source[keyword]
    request.AccessionNumber = accession
    for keyword in ("PlacerOrderNumberImagingServiceRequest", "FillerOrderNumberImagingServiceRequest"):
        setattr(request, keyword, text(attributes, keyword) or text(head, keyword) or None)
    for keyword in ("RequestedProcedureID", "RequestedProcedureDescription"):
        if keyword not in request:
            setattr(request, keyword, None)
    return request


def _code(value: str, designator: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, designator, meaning
    return item


def _number(head: Dataset) -> int:
    number = text(head, "InstanceNumber")
    return int(number) if number.lstrip("-").isdecimal() else 0


def _written(dataset: Dataset) -> bytes:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = UID(EXPLICIT_LITTLE)
    meta.ImplementationClassUID = UID(IMPLEMENTATION)
    meta.ImplementationVersionName = "XDS"
    target = BytesIO()
    whole = FileDataset(target, dataset, file_meta=meta, preamble=b"\0" * 128)
    dcmwrite(target, whole, enforce_file_format=True)
    return target.getvalue()
