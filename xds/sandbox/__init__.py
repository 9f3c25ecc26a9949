"""The fabricated seed of the Lite service: patients, organizations, reports, and their publishing."""

from xds.sandbox.catalogue import (
    DOCUMENT_COUNT,
    SAMPLE_CDA,
    SAMPLE_DOCUMENTS,
    SAMPLE_PATIENT,
    SAMPLE_PDF,
    SEED_MARKER,
    SUBMISSION_COUNT,
    SampleDocument,
    documents_of,
    patient_with,
    replaced_unique_ids,
)
from xds.sandbox.directives import SeedDirective, seed_directives
from xds.sandbox.merges import seed_merges
from xds.sandbox.organizations import DI_REPOSITORIES, SITES, DiRepository, Site
from xds.sandbox.patients import PATIENTS, SeedPatient, Story
from xds.sandbox.publish import RefusedSubmission, SeedResult, publish_seed
from xds.sandbox.submissions import SeedSubmission, seed_submissions

__all__ = [
    "DI_REPOSITORIES",
    "DOCUMENT_COUNT",
    "PATIENTS",
    "SAMPLE_CDA",
    "SAMPLE_DOCUMENTS",
    "SAMPLE_PATIENT",
    "SAMPLE_PDF",
    "SEED_MARKER",
    "SITES",
    "SUBMISSION_COUNT",
    "DiRepository",
    "RefusedSubmission",
    "SampleDocument",
    "SeedDirective",
    "SeedPatient",
    "SeedResult",
    "SeedSubmission",
    "Site",
    "Story",
    "documents_of",
    "patient_with",
    "publish_seed",
    "replaced_unique_ids",
    "seed_directives",
    "seed_merges",
    "seed_submissions",
]
