"""What pages, examples and tests say of the seed, so that nobody writes an id by hand."""

from dataclasses import dataclass
from typing import Final

from xds.model import AssociationType
from xds.sandbox.patients import PATIENTS, SeedPatient, Story, patient_id
from xds.sandbox.plan import PLANS, DocumentPlan, Stage

SAMPLE_PATIENT: Final = PATIENTS[0].patient_id
"""The patient id to start with, as CX."""
SEED_MARKER: Final = PLANS[-1].unique_id
"""SubmissionSet.uniqueId of the last submission: when it is registered, the whole seed was published."""
SUBMISSION_COUNT: Final = len(PLANS)
DOCUMENT_COUNT: Final = sum(len(plan.documents) for plan in PLANS)


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleDocument:
    """A document of the seed, to be asked for by name."""

    unique_id: str
    mime_type: str
    patient_id: str
    accession_number: str
    study_instance_uid: str
    stage: Stage


def patient_with(story: Story) -> SeedPatient:
    """Return the patient who shows a story."""
    return next(patient for patient in PATIENTS if story in patient.stories)


def documents_of(patient: SeedPatient) -> tuple[SampleDocument, ...]:
    """Return a patient's documents in the order of publishing, those of a former id with them."""
    numbers = (patient.number, patient.former_number)
    return tuple(
        _sample(document) for plan in PLANS if plan.patient in numbers for document in plan.documents
    )


def replaced_unique_ids() -> frozenset[str]:
    """Return the uniqueIds of the documents that are Deprecated once all is published."""
    return frozenset(
        document.target_unique_id
        for plan in PLANS
        for document in plan.documents
        if document.relation is AssociationType.RPLC
    )


def _sample(plan: DocumentPlan) -> SampleDocument:
    return SampleDocument(
        unique_id=plan.unique_id,
        mime_type=plan.mime_type,
        patient_id=patient_id(plan.exam.patient),
        accession_number=plan.exam.accession_number,
        study_instance_uid=plan.exam.study_uid,
        stage=plan.stage,
    )


SAMPLE_DOCUMENTS: Final = documents_of(PATIENTS[0])
"""The documents of `SAMPLE_PATIENT`."""
SAMPLE_CDA: Final = next(one.unique_id for one in reversed(SAMPLE_DOCUMENTS) if one.mime_type == "text/xml")
"""uniqueId of a CDA report of `SAMPLE_PATIENT`."""
SAMPLE_PDF: Final = next(one.unique_id for one in SAMPLE_DOCUMENTS if one.mime_type == "application/pdf")
"""uniqueId of a PDF report of `SAMPLE_PATIENT`."""
