"""Fabricated images: every kind, the same on every run, of the exams that the seed's reports are of."""

from dataclasses import replace
from io import BytesIO

import numpy as np
import pydicom
import pytest

from xds.sandbox import seed_submissions
from xds.sandbox.phantoms import PHANTOMS, PhantomPlan, phantom_files


@pytest.mark.parametrize("plan", PHANTOMS.values(), ids=lambda plan: plan.name)
def test_a_phantom(plan: PhantomPlan) -> None:
    files = dict(phantom_files(plan))
    assert len(files) == plan.instances
    assert files == dict(phantom_files(plan))
    for uid, octets in files.items():
        dataset = pydicom.dcmread(BytesIO(octets))
        assert dataset.SOPInstanceUID == dataset.file_meta.MediaStorageSOPInstanceUID == uid
        assert dataset.file_meta.TransferSyntaxUID == plan.transfer_syntax
        assert dataset.StudyInstanceUID == plan.study_uid
        assert dataset.Modality == plan.kind
        assert str(dataset.SeriesInstanceUID).startswith(f"{plan.study_uid}.")
    pixels = dataset.pixel_array
    assert pixels.max() > pixels.min()


def test_what_there_is() -> None:
    """CT of 300 slices, frames, colour, four series, and the compressions of archives."""
    assert PHANTOMS["ct"].instances >= 300
    colour = pydicom.dcmread(BytesIO(next(octets for _, octets in phantom_files(PHANTOMS["us"]))))
    assert (colour.SamplesPerPixel, colour.NumberOfFrames) == (3, 4)
    frames = pydicom.dcmread(BytesIO(next(octets for _, octets in phantom_files(PHANTOMS["mr"]))))
    assert frames.pixel_array.shape == (24, 96, 96)
    assert len(frames.PerFrameFunctionalGroupsSequence) == 24
    series = {
        pydicom.dcmread(BytesIO(octets)).SeriesInstanceUID for _, octets in phantom_files(PHANTOMS["mg"])
    }
    assert len(series) == 4
    assert {plan.transfer_syntax for plan in PHANTOMS.values()} >= {
        "1.2.840.10008.1.2.4.80",
        "1.2.840.10008.1.2.4.90",
        "1.2.840.10008.1.2.4.50",
    }


@pytest.mark.parametrize("name", ["ct-jpeg-2000", "ct-jpeg-ls"])
def test_compression_lost_nothing(name: str) -> None:
    """They decode to what was drawn."""
    plan = PHANTOMS[name]
    drawn = replace(plan, transfer_syntax="1.2.840.10008.1.2.1")
    for (_, stored), (_, raw) in zip(phantom_files(plan), phantom_files(drawn), strict=True):
        assert np.array_equal(
            pydicom.dcmread(BytesIO(stored)).pixel_array, pydicom.dcmread(BytesIO(raw)).pixel_array
        )


def test_they_are_the_images_of_the_reports() -> None:
    """Study and accession number are those that a seeded report names, unless there is no report."""
    linked = {
        value
        for seed in seed_submissions()
        for entry in seed.submission.document_entries
        for value in entry.reference_ids
    }
    for plan in PHANTOMS.values():
        (_, octets), *_ = phantom_files(plan)
        dataset = pydicom.dcmread(BytesIO(octets))
        study = f"{dataset.StudyInstanceUID}^^^^urn:ihe:iti:xds:2016:studyInstanceUID"
        issuer = dataset.IssuerOfAccessionNumberSequence[0].UniversalEntityID
        accession = f"{dataset.AccessionNumber}^^^&{issuer}&ISO^urn:ihe:iti:xds:2013:accession"
        if plan.name != "ct-jpeg-2000":  # images without a report
            assert {study, accession} <= linked
