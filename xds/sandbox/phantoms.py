"""Fabricated images of the seed's exams: DICOM files whose study, patient and accession are those of the report.

Nothing is random and nobody is shown. Every kind of image that a viewer meets is there: one of 300 slices, frames in
one object, colour, four series, and the compressions of archives.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Final

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.filewriter import dcmwrite
from pydicom.sequence import Sequence
from pydicom.uid import UID

from xds.codes.profile import LOINC
from xds.model import Code, PatientIdentifier
from xds.sandbox import phantom_pixels as pixels
from xds.sandbox.patients import patient_by_number
from xds.sandbox.plan import PLANS, UNREPORTED, ExamPlan

EXPLICIT: Final = "1.2.840.10008.1.2.1"
IMPLICIT: Final = "1.2.840.10008.1.2"
JPEG_BASELINE: Final = "1.2.840.10008.1.2.4.50"
JPEG_LS: Final = "1.2.840.10008.1.2.4.80"
JPEG_2000: Final = "1.2.840.10008.1.2.4.90"
JPEG_2000_LOSSY: Final = "1.2.840.10008.1.2.4.91"
RLE: Final = "1.2.840.10008.1.2.5"
_CT, _CR, _US = (f"1.2.840.10008.5.1.4.1.1.{number}" for number in ("2", "1", "3.1"))
_MG, _MR = (f"1.2.840.10008.5.1.4.1.1.{number}" for number in ("1.2", "4.1"))
_WRITER: Final = "2.25.297262421318722311216912374513092372014"


@dataclass(frozen=True, slots=True, kw_only=True)
class PhantomPlan:
    """The images of one exam."""

    name: str
    exam: ExamPlan
    kind: str  # CT, MR, US, MG or CR
    body: str = "chest"  # of the body, for CT and CR
    body_part: str  # (0018,0015)
    instances: int = 1
    size: int = 128  # rows
    transfer_syntax: str = EXPLICIT

    @property
    def study_uid(self) -> str:
        """Study Instance UID, that of the exam's report."""
        return self.exam.study_uid


def _exam(patient: int, number: int) -> ExamPlan:
    exams = [document.exam for plan in PLANS for document in plan.documents]
    return next(item for item in (*exams, *UNREPORTED) if (item.patient, item.number) == (patient, number))


PHANTOMS: Final = {
    plan.name: plan
    for plan in (
        PhantomPlan(name="ct", exam=_exam(1001, 2), kind="CT", body_part="CHEST", instances=300),
        PhantomPlan(name="mr", exam=_exam(1001, 4), kind="MR", body_part="BRAIN", size=96),
        PhantomPlan(name="us", exam=_exam(1001, 3), kind="US", body_part="ABDOMEN", instances=3, size=120),
        PhantomPlan(name="mg", exam=_exam(1018, 1), kind="MG", body_part="BREAST", instances=4, size=256),
        PhantomPlan(name="cr", exam=_exam(1001, 1), kind="CR", body_part="CHEST", instances=2, size=256),
        PhantomPlan(
            name="ct-jpeg-2000",
            exam=_exam(1006, 2),
            kind="CT",
            body="head",
            body_part="HEAD",
            instances=12,
            transfer_syntax=JPEG_2000,
        ),
        PhantomPlan(
            name="ct-jpeg-ls",
            exam=_exam(1007, 1),
            kind="CT",
            body_part="ABDOMEN",
            instances=12,
            transfer_syntax=JPEG_LS,
        ),
        PhantomPlan(
            name="us-jpeg",
            exam=_exam(1008, 2),
            kind="US",
            body_part="ABDOMEN",
            size=120,
            transfer_syntax=JPEG_BASELINE,
        ),
        PhantomPlan(
            name="cr-jpeg-2000-lossy",
            exam=_exam(1001, 6),
            kind="CR",
            body_part="CHEST",
            instances=1,
            size=256,
            transfer_syntax=JPEG_2000_LOSSY,
        ),
    )
}


def phantom_files(plan: PhantomPlan) -> Iterator[tuple[str, bytes]]:
    """Yield each instance: its SOP Instance UID, and its file (DICOM Part 10)."""
    for index in range(plan.instances):
        dataset = _instance(plan, index)
        yield str(dataset.SOPInstanceUID), _written(dataset, plan.transfer_syntax)


def _instance(plan: PhantomPlan, index: int) -> Dataset:
    dataset = Dataset()
    _study(dataset, plan)
    series = index + 1 if plan.kind == "MG" else 1  # a series for each view
    dataset.SeriesInstanceUID = f"{plan.study_uid}.{series}"
    dataset.SOPInstanceUID = f"{plan.study_uid}.{series}.{index + 1}"
    dataset.SeriesNumber, dataset.InstanceNumber = series, index + 1
    dataset.Modality = plan.kind
    dataset.ImageType = ["ORIGINAL", "PRIMARY"]
    {"CT": _ct, "MR": _mr, "US": _us, "MG": _mg, "CR": _cr}[plan.kind](dataset, plan, index)
    return dataset


def _study(dataset: Dataset, plan: PhantomPlan) -> None:
    exam = plan.exam
    patient = patient_by_number(exam.patient)
    record = patient.mrn(exam.site, exam.mrn_pool)
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.TimezoneOffsetFromUTC = "+0000"
    dataset.InstanceCreationDate, dataset.InstanceCreationTime = exam.start[:8], exam.start[8:]
    dataset.StudyDate, dataset.StudyTime = exam.start[:8], exam.start[8:]
    dataset.SeriesDate, dataset.SeriesTime = exam.start[:8], exam.start[8:]
    dataset.ContentDate, dataset.ContentTime = exam.start[:8], exam.start[8:]
    dataset.AccessionNumber = exam.accession_number
    dataset.IssuerOfAccessionNumberSequence = Sequence([_issuer(exam.site.accession_issuer)])
    dataset.Manufacturer, dataset.ReferringPhysicianName = "Phantom", ""
    dataset.InstitutionName = exam.site.name
    dataset.StudyDescription = exam.procedure.english
    dataset.ProcedureCodeSequence = Sequence([_code(exam.procedure.type_code, "LN")])
    dataset.PatientName = f"{patient.family}^{' '.join(patient.given)}"
    _patient_id(dataset, record)
    dataset.PatientBirthDate = patient.birth_date
    dataset.PatientSex = patient.sex if patient.sex in ("F", "M", "O") else ""
    dataset.BodyPartExamined = plan.body_part
    dataset.StudyInstanceUID, dataset.StudyID = plan.study_uid, str(exam.number)
    dataset.FrameOfReferenceUID = f"{plan.study_uid}.99"
    dataset.PatientOrientation = ""
    dataset.Laterality = ""


def _patient_id(dataset: Dataset, record: PatientIdentifier) -> None:
    dataset.PatientID = record.id_number
    dataset.IssuerOfPatientIDQualifiersSequence = Sequence([_issuer(record.assigning_authority)])


def _issuer(oid: str) -> Dataset:
    item = Dataset()
    item.UniversalEntityID, item.UniversalEntityIDType = oid, "ISO"
    return item


def _code(code: Code, designator: str) -> Dataset:
    if code.scheme != LOINC:
        raise ValueError(f"{code} is not of LOINC")
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator = code.code, designator
    item.CodeMeaning = code.display[0].value
    return item


def _ct(dataset: Dataset, plan: PhantomPlan, index: int) -> None:
    dataset.SOPClassUID = _CT
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.KVP, dataset.SliceThickness = "120", "1.0"
    dataset.ImagePositionPatient = [-160, -160, index]
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    dataset.PixelSpacing = [320 / plan.size, 320 / plan.size]
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = "-1024", "1", "HU"
    dataset.WindowCenter, dataset.WindowWidth = "40", "400"
    hounsfield = pixels.slice_of(plan.body, plan.size, index, plan.instances)
    _grey(dataset, (hounsfield.astype(np.int32) + 1024).clip(0, 4095).astype(np.uint16), 12)


def _mr(dataset: Dataset, plan: PhantomPlan, _index: int) -> None:
    dataset.SOPClassUID = _MR
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "T1", "NONE"]
    frames = 24
    dataset.AcquisitionDateTime = plan.exam.start
    dataset.MagneticFieldStrength, dataset.ResonantNucleus = 1.5, "1H"
    dataset.NumberOfFrames = frames
    shared = Dataset()
    measures = Dataset()
    measures.PixelSpacing, measures.SliceThickness = [2.5, 2.5], "5"
    orientation = Dataset()
    orientation.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    shared.PixelMeasuresSequence = Sequence([measures])
    shared.PlaneOrientationSequence = Sequence([orientation])
    dataset.SharedFunctionalGroupsSequence = Sequence([shared])
    dataset.PerFrameFunctionalGroupsSequence = Sequence([_frame(number) for number in range(frames)])
    dataset.WindowCenter, dataset.WindowWidth = "1600", "3200"
    _grey(dataset, pixels.magnetic(plan.size, frames), 12)


def _frame(number: int) -> Dataset:
    position, content, item = Dataset(), Dataset(), Dataset()
    position.ImagePositionPatient = [-120, -120, 5 * number]
    content.InStackPositionNumber = number + 1
    item.PlanePositionSequence, item.FrameContentSequence = Sequence([position]), Sequence([content])
    return item


def _us(dataset: Dataset, plan: PhantomPlan, index: int) -> None:
    dataset.SOPClassUID = _US
    frames = 4 + index
    dataset.NumberOfFrames, dataset.FrameTime = frames, "40"
    dataset.FrameIncrementPointer = 0x00181063
    image = pixels.ultrasound(plan.size, plan.size * 4 // 3, frames)
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation, dataset.PlanarConfiguration = 3, "RGB", 0
    _stored(dataset, image, 8, image.shape[1:3])


def _mg(dataset: Dataset, plan: PhantomPlan, index: int) -> None:
    dataset.SOPClassUID = _MG
    left, oblique = index % 2 == 0, index >= 2
    dataset.ImageLaterality, dataset.ViewPosition = "L" if left else "R", "MLO" if oblique else "CC"
    dataset.PatientOrientation = ["A" if left else "P", "FL" if oblique else "L"]
    dataset.PresentationIntentType = "FOR PRESENTATION"
    dataset.ImagerPixelSpacing = [0.7, 0.7]
    dataset.WindowCenter, dataset.WindowWidth = "1700", "3000"
    _grey(dataset, pixels.breast(plan.size, plan.size * 3 // 4, left=left, oblique=oblique), 12)


def _cr(dataset: Dataset, plan: PhantomPlan, index: int) -> None:
    dataset.SOPClassUID = _CR
    dataset.ViewPosition = "AP" if index else "PA"
    dataset.WindowCenter, dataset.WindowWidth = "1900", "3800"
    image = pixels.projection(plan.body, plan.size)
    _grey(dataset, 4095 - image if index else image, 12, "MONOCHROME1" if index else "MONOCHROME2")


def _grey(dataset: Dataset, image: pixels.Pixels, bits: int, meaning: str = "MONOCHROME2") -> None:
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, meaning
    _stored(dataset, image, bits, image.shape[-2:])


def _stored(dataset: Dataset, image: pixels.Pixels, bits: int, shape: tuple[int, ...]) -> None:
    dataset.Rows, dataset.Columns = shape
    dataset.BitsAllocated = 8 * image.dtype.itemsize
    dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = bits, bits - 1, 0
    octets = image.tobytes()
    dataset.PixelData = octets + b"\0" * (len(octets) % 2)
    dataset["PixelData"].VR = "OB" if bits == 8 else "OW"


def _written(dataset: Dataset, syntax: str) -> bytes:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(dataset.SOPClassUID)
    meta.MediaStorageSOPInstanceUID = UID(dataset.SOPInstanceUID)
    meta.TransferSyntaxUID = UID(IMPLICIT if syntax == IMPLICIT else EXPLICIT)
    meta.ImplementationClassUID = UID(_WRITER)
    target = BytesIO()
    whole = FileDataset(target, dataset, file_meta=meta, preamble=b"\0" * 128)
    if syntax == JPEG_BASELINE:
        _as_jpeg(whole)
    elif syntax == JPEG_2000_LOSSY:
        whole.compress(UID(syntax), j2k_cr=[8], generate_instance_uid=False, encoding_plugin="pylibjpeg")
        whole.LossyImageCompression, whole.LossyImageCompressionRatio = "01", "8"
        whole.LossyImageCompressionMethod = "ISO_15444_1"
    elif syntax not in (EXPLICIT, IMPLICIT):
        whole.compress(UID(syntax), generate_instance_uid=False)
    dcmwrite(target, whole, enforce_file_format=True)
    return target.getvalue()


def _as_jpeg(dataset: FileDataset) -> None:
    """Lossy, as ultrasound machines store it: colour as YCbCr, the chroma at half the resolution."""
    from PIL import Image  # noqa: PLC0415  # only this kind needs it

    frames = []
    for frame in dataset.pixel_array:
        jpeg = BytesIO()
        Image.fromarray(frame).save(jpeg, "JPEG", quality=85, subsampling="4:2:2")
        octets = jpeg.getvalue()
        frames.append(octets + b"\0" * (len(octets) % 2))
    dataset.PixelData = encapsulate(frames)
    dataset["PixelData"].is_undefined_length = True
    dataset.PhotometricInterpretation = "YBR_FULL_422"
    dataset.file_meta.TransferSyntaxUID = UID(JPEG_BASELINE)
    dataset.LossyImageCompression, dataset.LossyImageCompressionRatio = "01", "12"
    dataset.LossyImageCompressionMethod = "ISO_10918_1"
