"""Imaging manifests: read a Key Object Selection, and what a DocumentEntry takes from it (IHE RAD TF-3 4.68.4.1.2).

Sources in the field use undefined lengths, leave the requests out and add items of their own: what stands there is
taken, and `xds.rules.manifests` judges it.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Final

from pydicom.dataset import Dataset

from xds.content.dicom import DicomLimits, Part10, items, read_part10, text
from xds.content.dicom_codes import (
    DICOM_UIDS,
    KEY_OBJECT_SELECTION,
    MODALITIES,
    SCHEMES,
    code,
    modality_of_class,
    region_of_body_part,
)
from xds.content.facts import DocumentFacts, UnreadableDocument
from xds.content.hl7 import pid_5, xon
from xds.content.times import dtm_of
from xds.model import (
    Author,
    Code,
    LocalizedString,
    Manifest,
    MappedProcedure,
    PatientIdentifier,
    ReferencedInstance,
    ReferencedSeries,
    ReferencedStudy,
    ReferenceIdType,
    is_lenient_oid,
)

APPLICATION_DICOM: Final = "application/dicom"
KOS_FORMAT: Final = code(KEY_OBJECT_SELECTION, DICOM_UIDS, "Key Object Selection Document")
"""formatCode of a manifest (DICOM PS3.16, the UID registry as a coding scheme)."""
KOS_BYTES: Final = 32 * 1024 * 1024
"""Octets of a manifest that is read: 100,000 instances take half of it."""
_MODALITY: Final = ("121139", "DCM")  # of TID 1600, which MADO puts into a manifest
_TARGET_REGION: Final = ("123014", "DCM")
_DEEPEST: Final = 16  # containers within containers
_OFFSET: Final = re.compile(r"[+-]\d{4}")

ConceptMap = Callable[[Code], MappedProcedure | None]
"""What a local procedure code means; None where nobody mapped it."""


def read_manifest(data: bytes | Path, *, zone: tzinfo = UTC, limits: DicomLimits | None = None) -> Manifest:
    """Read a Key Object Selection.

    Parameters
    ----------
    zone
        The zone of the source: its times carry none unless (0008,0201) tells it.

    Raises
    ------
    UnreadableDocument
        It is not DICOM Part 10, broken, or beyond the limits. An object of another SOP class is read: whether it may
        be called a manifest is a rule.
    OSError
        A path that cannot be read.
    """
    limits = limits or DicomLimits(octets=KOS_BYTES)
    if isinstance(data, Path):
        if data.stat().st_size > limits.octets:
            raise UnreadableDocument(
                f"a manifest of more than {limits.octets} octets is not read; is it an image?"
            )
        data = data.read_bytes()
    return _manifest(read_part10(data, limits=limits), zone)


def _manifest(file: Part10, zone: tzinfo) -> Manifest:
    dataset = file.dataset
    schemes = SCHEMES | {
        text(item, "CodingSchemeDesignator"): uid
        for item in items(dataset, "CodingSchemeIdentificationSequence")
        if is_lenient_oid(uid := text(item, "CodingSchemeUID"))
    }
    studies = tuple(_study(item) for item in items(dataset, "CurrentRequestedProcedureEvidenceSequence"))
    requests = items(dataset, "ReferencedRequestSequence")
    patient, unqualified = _patient(dataset)
    zone_text = offset if _OFFSET.fullmatch(offset := text(dataset, "TimezoneOffsetFromUTC")) else ""
    return Manifest(
        sop_class_uid=text(dataset, "SOPClassUID"),
        sop_instance_uid=text(dataset, "SOPInstanceUID"),
        study_instance_uid=text(dataset, "StudyInstanceUID"),
        series_instance_uid=text(dataset, "SeriesInstanceUID"),
        modality=text(dataset, "Modality"),
        title=next(_codes(dataset, "ConceptNameCodeSequence", {}), None),
        studies=studies,
        accession_numbers=_numbers(
            [dataset, *requests], "AccessionNumber", "IssuerOfAccessionNumberSequence"
        ),
        order_numbers=(
            *_numbers(requests, "PlacerOrderNumberImagingServiceRequest", "OrderPlacerIdentifierSequence"),
            *_numbers(requests, "FillerOrderNumberImagingServiceRequest", "OrderFillerIdentifierSequence"),
        ),
        procedure_codes=_unique(
            [
                *_codes(dataset, "ProcedureCodeSequence", schemes),
                *(
                    each
                    for item in requests
                    for each in _codes(item, "RequestedProcedureCodeSequence", schemes)
                ),
            ]
        ),
        procedure_description=text(dataset, "StudyDescription") or None,
        modalities=_modalities(dataset, studies, schemes),
        regions=_regions(dataset, schemes),
        patient_id=patient,
        unqualified_patient_id=unqualified,
        patient_name=_name(dataset),
        birth_date=text(dataset, "PatientBirthDate") or None,
        sex=text(dataset, "PatientSex") or None,
        institution=text(dataset, "InstitutionName") or None,
        study_time=_moment(dataset, "StudyDate", "StudyTime", zone_text, zone),
        creation_time=_moment(dataset, "InstanceCreationDate", "InstanceCreationTime", zone_text, zone)
        or _moment(dataset, "ContentDate", "ContentTime", zone_text, zone),
        transfer_syntax_uid=file.transfer_syntax_uid,
    )


def manifest_facts(manifest: Manifest, concept_map: ConceptMap | None = None) -> DocumentFacts:
    """Return what a manifest says for the metadata of its DocumentEntry.

    Parameters
    ----------
    concept_map
        Gives the domain's typeCode, modality and region for the procedure's code. A code that it does not know blocks
        nothing: the entry then has the local display as title, the modality of DICOM and no region, and `problems`
        says so.
    """
    mapped, unmapped = _mapped(manifest.procedure_codes, concept_map)
    modalities = [MODALITIES.get(name) or code(name, SCHEMES["DCM"], name) for name in manifest.modalities]
    if not modalities and mapped and mapped.modality:
        modalities = [mapped.modality]
    regions = [mapped.region] if mapped and mapped.region else list(manifest.regions)
    display = next((name.value for each in manifest.procedure_codes for name in each.display), None)
    return DocumentFacts(
        mime_type=APPLICATION_DICOM,
        format_code=KOS_FORMAT if manifest.sop_class_uid == KEY_OBJECT_SELECTION else None,
        title=(mapped and mapped.display) or manifest.procedure_description or display,
        creation_time=manifest.creation_time,
        unique_id=manifest.sop_instance_uid or None,
        type_code=mapped.type_code if mapped else None,
        event_codes=(*modalities, *regions),
        patient_ids=(manifest.patient_id,) if manifest.patient_id else (),
        source_patient_info=tuple(_patient_info(manifest)),
        authors=(Author(institutions=(xon(manifest.institution),)),) if manifest.institution else (),
        service_start_time=manifest.study_time,
        reference_ids=tuple(reference_ids(manifest)),
        problems=tuple(_problems(manifest, unmapped)),
    )


def reference_ids(manifest: Manifest) -> Iterator[str]:
    """The values of referenceIdList: what links a manifest with the report of the same exam (CXi).

    An accession or order number whose issuer is not told stands without one.
    """
    for kind, numbers in (
        (ReferenceIdType.ACCESSION, manifest.accession_numbers),
        (ReferenceIdType.ORDER, manifest.order_numbers),
    ):
        for number, issuer in numbers:
            yield f"{number}^^^{f'&{issuer}&ISO' if issuer else ''}^{kind}"
    for uid in dict.fromkeys(study.study_instance_uid for study in manifest.studies):
        yield f"{uid}^^^^{ReferenceIdType.STUDY_INSTANCE_UID}"


def _mapped(
    codes: tuple[Code, ...], concept_map: ConceptMap | None
) -> tuple[MappedProcedure | None, Code | None]:
    """The first code that the map knows, else the first one, unmapped; a LOINC code is typeCode as it is."""
    if concept_map is not None:
        for each in codes:
            if (found := concept_map(each)) is not None:
                return found, None
    for each in codes:
        if each.scheme == SCHEMES["LN"]:
            return MappedProcedure(type_code=each), None
    return None, next(iter(codes), None)


def _problems(manifest: Manifest, unmapped: Code | None) -> Iterator[str]:
    if unmapped is not None:
        yield (
            f"the procedure code {unmapped.code} of {unmapped.scheme} is not in the concept map; typeCode is the"
            " domain's default"
        )
    if manifest.unqualified_patient_id is not None:
        yield "Issuer of Patient ID names no OID: say --source-patient-id"


def _patient_info(manifest: Manifest) -> Iterator[str]:
    if manifest.patient_id:
        yield f"PID-3|{manifest.patient_id}"
    family, given, middle = manifest.patient_name
    if family or given:
        yield pid_5(family, tuple(part for part in (given, middle) if part))
    if manifest.birth_date:
        yield f"PID-7|{manifest.birth_date}"
    if manifest.sex in ("F", "M", "O"):
        yield f"PID-8|{manifest.sex}"


def _study(item: Dataset) -> ReferencedStudy:
    return ReferencedStudy(
        study_instance_uid=text(item, "StudyInstanceUID"),
        series=tuple(_series(series) for series in items(item, "ReferencedSeriesSequence")),
    )


def _series(item: Dataset) -> ReferencedSeries:
    return ReferencedSeries(
        series_instance_uid=text(item, "SeriesInstanceUID"),
        retrieve_location_uid=text(item, "RetrieveLocationUID") or None,
        retrieve_ae_title=text(item, "RetrieveAETitle") or None,
        retrieve_url=text(item, "RetrieveURL") or None,
        instances=tuple(
            ReferencedInstance(
                sop_class_uid=text(one, "ReferencedSOPClassUID"),
                sop_instance_uid=text(one, "ReferencedSOPInstanceUID"),
            )
            for one in items(item, "ReferencedSOPSequence")
        ),
    )


def _codes(dataset: Dataset, keyword: str, schemes: dict[str, str]) -> Iterator[Code]:
    """The codes of a sequence; a scheme that nobody identifies keeps its designator."""
    for item in items(dataset, keyword):
        value = text(item, "CodeValue") or text(item, "LongCodeValue") or text(item, "URNCodeValue")
        designator = text(item, "CodingSchemeDesignator")
        if value:
            yield Code(
                code=value,
                scheme=schemes.get(designator, designator),
                display=(LocalizedString(value=text(item, "CodeMeaning") or value),),
            )


def _unique(codes: Iterable[Code]) -> tuple[Code, ...]:
    return tuple({each.key: each for each in reversed(list(codes))}.values())[::-1]


def _numbers(
    datasets: list[Dataset], keyword: str, issuer_keyword: str
) -> tuple[tuple[str, str | None], ...]:
    found: dict[str, str | None] = {}
    for dataset in datasets:
        number = text(dataset, keyword)
        if number:
            issuer = next((_issuer(item) for item in items(dataset, issuer_keyword)), None)
            found[number] = found.get(number) or issuer
    return tuple(found.items())


def _issuer(item: Dataset) -> str | None:
    """The OID of an HL7v2 Hierarchic Designator macro (DICOM PS3.3 Table 10-17)."""
    uid = text(item, "UniversalEntityID")
    return uid if is_lenient_oid(uid) else None


def _patient(dataset: Dataset) -> tuple[PatientIdentifier | None, str | None]:
    """The id with the OID of its issuer, or the id alone."""
    number = text(dataset, "PatientID")
    if not number:
        return None, None
    for item in items(dataset, "IssuerOfPatientIDQualifiersSequence"):
        if issuer := _issuer(item):
            return PatientIdentifier(number, issuer), None
    issuer = text(dataset, "IssuerOfPatientID")
    if is_lenient_oid(issuer):
        return PatientIdentifier(number, issuer), None
    return None, number


def _name(dataset: Dataset) -> tuple[str, str, str]:
    """The alphabetic group of a PN: family, given, middle (DICOM PS3.5 6.2.1)."""
    family, given, middle, *_ = (*text(dataset, "PatientName").split("=")[0].split("^"), "", "", "")
    return family.strip(), given.strip(), middle.strip()


def _moment(dataset: Dataset, date: str, time: str, offset: str, zone: tzinfo) -> str | None:
    day = re.sub(r"\D", "", text(dataset, date))
    if len(day) != 8:
        return None
    clock = re.sub(r"\D", "", text(dataset, time).split(".")[0])[:6]
    if len(clock) < 4:  # an hour alone says less than the metadata wants
        return dtm_of(day, zone)
    return dtm_of(day + clock[: len(clock) // 2 * 2] + offset, zone)


def _modalities(
    dataset: Dataset, studies: tuple[ReferencedStudy, ...], schemes: dict[str, str]
) -> tuple[str, ...]:
    """What MADO's image library tells, and what the SOP classes stand for."""
    told = [each.code for each in _concepts(dataset, _MODALITY, schemes)]
    classes = dict.fromkeys(
        instance.sop_class_uid for study in studies for one in study.series for instance in one.instances
    )
    found = [*told, *(modality_of_class(uid) for uid in classes)]
    return tuple(dict.fromkeys(name for name in found if name and name != "KO"))


def _regions(dataset: Dataset, schemes: dict[str, str]) -> tuple[Code, ...]:
    told = list(_concepts(dataset, _TARGET_REGION, schemes))
    told += _codes(dataset, "AnatomicRegionSequence", schemes)
    part = region_of_body_part(text(dataset, "BodyPartExamined"))
    return _unique([*told, *([part] if part else [])])


def _concepts(
    dataset: Dataset, name: tuple[str, str], schemes: dict[str, str], depth: int = 0
) -> Iterator[Code]:
    """The coded values of that name anywhere in the content tree."""
    if depth > _DEEPEST:
        return
    for item in items(dataset, "ContentSequence"):
        title = next(_codes(item, "ConceptNameCodeSequence", {}), None)
        if title is not None and title.key == name:
            yield from _codes(item, "ConceptCodeSequence", schemes)
        yield from _concepts(item, name, schemes, depth + 1)
