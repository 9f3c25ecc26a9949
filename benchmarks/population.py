"""A fabricated population of submissions for load: varied, deterministic, shaped like Ontario's reports."""

import hashlib
import random
import uuid
from collections.abc import Iterator

from xds.model import (
    Association,
    AssociationType,
    Author,
    Code,
    DocumentEntry,
    LocalizedString,
    ReferenceIdType,
    Submission,
    SubmissionSet,
    SubmissionSetStatus,
)

AUTHORITY = "2.999.1.1"
REPOSITORY = "2.999.2.1"
_MODALITIES = (
    ("CT", "Computed Tomography"),
    ("MR", "Magnetic Resonance"),
    ("US", "Ultrasound"),
    ("DX", "Digital Radiography"),
    ("MG", "Mammography"),
    ("NM", "Nuclear Medicine"),
)
_REGIONS = (
    ("69536005", "Head"),
    ("51185008", "Thorax"),
    ("818983003", "Abdomen"),
    ("12921003", "Pelvis"),
    ("53120007", "Upper limb"),
    ("61685007", "Lower limb"),
    ("421060004", "Spine"),
)
_FAMILIES = (
    "Tremblay",
    "Singh",
    "Nguyen",
    "Campbell",
    "Bélanger",
    "O'Connor",
    "Kowalski",
    "Chen",
    "Roy",
    "MacDonald",
)
_GIVEN = ("Marie", "Aisha", "Liam", "Noah", "Zoé", "Arjun", "Emma", "Lucas", "Mei", "Olivia")
_HOSPITALS = tuple((f"Fabricated Hospital {n}", f"2.999.23.{n}") for n in range(1, 25))


def text(value: str) -> tuple[LocalizedString, ...]:
    """A display name in Canadian English."""
    return (LocalizedString(value=value, lang="en-CA"),)


def entry(number: int, patient_id: str, rng: random.Random) -> DocumentEntry:
    """One report's DocumentEntry."""
    modality, modality_name = rng.choice(_MODALITIES)
    region, region_name = rng.choice(_REGIONS)
    hospital, oid = rng.choice(_HOSPITALS)
    year, month, day = rng.randint(2012, 2026), rng.randint(1, 12), rng.randint(1, 28)
    when = f"{year}{month:02}{day:02}{rng.randint(0, 23):02}{rng.randint(0, 59):02}{rng.randint(0, 59):02}"
    family, given = rng.choice(_FAMILIES), rng.choice(_GIVEN)
    accession = f"A{rng.randint(10**6, 10**7 - 1)}^^^&{oid}&ISO^{ReferenceIdType.ACCESSION.value}"
    study = f"2.999.5.{number}.{rng.randint(1, 10**9)}^^^^{ReferenceIdType.STUDY_INSTANCE_UID.value}"
    mrn = f"M{rng.randint(10**6, 10**7 - 1)}"
    return DocumentEntry(
        entry_uuid=f"urn:uuid:{uuid.UUID(int=rng.getrandbits(128), version=4)}",
        mime_type=rng.choice(("text/xml", "text/xml", "application/pdf")),
        title=text(f"{modality_name} {region_name}"),
        authors=(
            Author(
                person=f"{rng.randint(10000, 99999)}^{family}^{given}^^^Dr.^^^&2.16.840.1.113883.4.347&ISO",
                institutions=(f"{hospital}^^^^^^^^^{oid}",),
                roles=("Radiologist",),
            ),
        ),
        class_code=Code(code="REPORTS", scheme="1.3.6.1.4.1.19376.1.2.6.1", display=text("Reports")),
        type_code=Code(
            code="18748-4", scheme="2.16.840.1.113883.6.1", display=text("Diagnostic imaging study")
        ),
        format_code=Code(
            code="urn:ihe:rad:CDA:ImagingReportStructuredHeadings:2013",
            scheme="1.3.6.1.4.1.19376.1.2.3",
            display=text("Imaging report"),
        ),
        healthcare_facility_type_code=Code(
            code="22232009", scheme="2.16.840.1.113883.6.96", display=text("Hospital")
        ),
        practice_setting_code=Code(
            code="309964003", scheme="2.16.840.1.113883.6.96", display=text("Radiology department")
        ),
        confidentiality_codes=(
            Code(code=rng.choice("NNNNR"), scheme="2.16.840.1.113883.5.25", display=text("Normal")),
        ),
        event_codes=(
            Code(code=modality, scheme="1.2.840.10008.2.16.4", display=text(modality_name)),
            Code(code=region, scheme="2.16.840.1.113883.6.96", display=text(region_name)),
        ),
        patient_id=patient_id,
        unique_id=f"2.999.6.{number}.{rng.randint(1, 10**9)}",
        creation_time=when,
        service_start_time=when[:12],
        service_stop_time=when[:12],
        hash=hashlib.sha1(str(number).encode(), usedforsecurity=False).hexdigest(),
        size=str(rng.randint(2_000, 60_000)),
        language_code=rng.choice(("en-CA", "en-CA", "fr-CA")),
        repository_unique_id=REPOSITORY,
        source_patient_id=f"{mrn}^^^&2.999.18.{rng.randint(1, 12)}&ISO",
        source_patient_info=(
            f"PID-3|{mrn}^^^&2.999.18.1&ISO",
            f"PID-5|{rng.choice(_FAMILIES)}^{rng.choice(_GIVEN)}",
            f"PID-7|{rng.randint(1930, 2020)}{rng.randint(1, 12):02}{rng.randint(1, 28):02}",
            f"PID-8|{rng.choice('FM')}",
        ),
        reference_ids=(accession, study),
    )


def submission(number: int, patient_id: str, documents: int, rng: random.Random) -> Submission:
    """One submission of so many documents."""
    entries = tuple(entry(number * 1000 + index, patient_id, rng) for index in range(documents))
    set_id = f"urn:uuid:{uuid.UUID(int=rng.getrandbits(128), version=4)}"
    submission_set = SubmissionSet(
        entry_uuid=set_id,
        content_type_code=Code(code="REPORTS", scheme="1.3.6.1.4.1.19376.1.2.6.1", display=text("Reports")),
        patient_id=patient_id,
        source_id=f"2.999.4.{rng.randint(1, 4)}",
        unique_id=f"2.999.7.{number}.{rng.randint(1, 10**9)}",
        submission_time=entries[0].creation_time,
        authors=(Author(institutions=(rng.choice(_HOSPITALS)[0],)),),
    )
    members = tuple(
        Association(
            entry_uuid=f"urn:uuid:{uuid.UUID(int=rng.getrandbits(128), version=4)}",
            association_type=AssociationType.HAS_MEMBER.value,
            source=set_id,
            target=item.entry_uuid,
            submission_set_status=SubmissionSetStatus.ORIGINAL.value,
        )
        for item in entries
    )
    return Submission(submission_sets=(submission_set,), document_entries=entries, associations=members)


def patient(number: int) -> str:
    """The patient id of that number."""
    return f"L{number:07}^^^&{AUTHORITY}&ISO"


def submissions(count: int, documents: int, *, first: int = 1, seed: int = 1) -> Iterator[Submission]:
    """Submissions of one patient each; the same ones for the same arguments."""
    rng = random.Random(seed)
    for number in range(first, first + count):
        yield submission(number, patient(number), documents, rng)
