"""Imaging manifests against their entries (RAD-68)."""

from dataclasses import replace

import pytest

from tests.samples.builders import code, document_entry, submission
from xds.model import (
    Code,
    DocumentEntry,
    LocalizedString,
    Manifest,
    ReferencedInstance,
    ReferencedSeries,
    ReferencedStudy,
    ReferenceIdType,
)
from xds.rules import MANIFESTS, RulePolicy, UnreadableManifest, check_manifests

KOS = "1.2.840.10008.5.1.4.1.1.88.59"
CT = "1.2.840.10008.5.1.4.1.1.2"
STUDY = "2.999.7.1.1001"
ACCESSION = f"ACC-24-0117^^^&2.999.23.1.7&ISO^{ReferenceIdType.ACCESSION}"
REFERENCE = f"{STUDY}^^^^{ReferenceIdType.STUDY_INSTANCE_UID}"
FIELD, STRICT = RulePolicy(), RulePolicy(strictness="strict")


def instance(number: int) -> ReferencedInstance:
    return ReferencedInstance(sop_class_uid=CT, sop_instance_uid=f"{STUDY}.1.{number}")


SERIES = ReferencedSeries(
    series_instance_uid=f"{STUDY}.1",
    retrieve_location_uid="2.999.50.1",
    retrieve_ae_title="ARCHIVE",
    instances=(instance(1), instance(2)),
)
MANIFEST = Manifest(
    sop_class_uid=KOS,
    sop_instance_uid="2.999.4.1.1001",
    study_instance_uid=STUDY,
    series_instance_uid="2.999.8.1",
    modality="KO",
    title=Code(code="113030", scheme="DCM", display=(LocalizedString(value="Manifest"),)),
    studies=(ReferencedStudy(study_instance_uid=STUDY, series=(SERIES,)),),
    accession_numbers=(("ACC-24-0117", "2.999.23.1.7"),),
    modalities=("CT",),
)


def entry(**changes: object) -> DocumentEntry:
    values: dict[str, object] = {
        "mime_type": "application/dicom",
        "format_code": code(KOS, "1.2.840.10008.2.6.1", "Key Object Selection Document"),
        "class_code": code("IMAGES", "1.3.6.1.4.1.19376.1.2.6.1"),
        "reference_ids": (ACCESSION, REFERENCE),
    }
    return document_entry(**(values | changes))


def listing(*series: ReferencedSeries, study: str = STUDY) -> Manifest:
    return replace(MANIFEST, studies=(ReferencedStudy(study_instance_uid=study, series=series),))


OTHER_STUDY = ReferencedStudy(study_instance_uid="2.999.7.2", series=(SERIES,))
IMAGE = replace(MANIFEST, sop_class_uid=CT)

BROKEN = [
    ("68-readable", "Document", UnreadableManifest(reason="it is broken"), entry(), "2.999.4.1.1001: it is"),
    ("68-sop-class", "formatCode", IMAGE, entry(), f"2.999.4.1.1001: the SOP class is '{CT}'"),
    ("68-unique-id", "uniqueId", replace(MANIFEST, sop_instance_uid="2.999.8"), entry(), "2.999.4.1.1001 is not"),
    ("68-evidence", "Document", replace(MANIFEST, studies=(), modalities=()), entry(), "2.999.4.1.1001: no inst"),
    (
        "68-evidence",
        "Document",
        listing(replace(SERIES, instances=(replace(instance(1), sop_class_uid=""),))),
        entry(),
        "2.999.4.1.1001: a reference has no SOP Class",
    ),
    (
        "68-evidence",
        "Document",
        listing(replace(SERIES, series_instance_uid="")),
        entry(),
        "2.999.4.1.1001: a reference has no Series",
    ),
    (
        "68-location",
        "Document",
        listing(replace(SERIES, retrieve_location_uid=None)),
        entry(),
        "2.999.4.1.1001: 1 series without Retrieve Location",
    ),
    (
        "68-ae-title",
        "Document",
        listing(replace(SERIES, retrieve_ae_title=None)),
        entry(),
        "2.999.4.1.1001: 1 series without Retrieve AE",
    ),
    ("68-title", "Document", replace(MANIFEST, title=None), entry(), "2.999.4.1.1001: the document has no title"),
    (
        "68-title",
        "Document",
        replace(MANIFEST, title=Code(code="113001", scheme="DCM", display=())),
        entry(),
        "2.999.4.1.1001: the title is '(113001, DCM)'",
    ),
    ("68-modality", "Document", replace(MANIFEST, modality="CT"), entry(), "2.999.4.1.1001: Modality is 'CT'"),
    (
        "68-own-series",
        "Document",
        replace(MANIFEST, series_instance_uid=f"{STUDY}.1"),
        entry(),
        "2.999.4.1.1001: the manifest has the Series",
    ),
    (
        "68-own-series",
        "Document",
        listing(replace(SERIES, instances=(ReferencedInstance(sop_class_uid=KOS, sop_instance_uid="2.999.4.1.1001"),))),
        entry(),
        "2.999.4.1.1001: the manifest lists itself",
    ),
    (
        "68-own-study",
        "Document",
        replace(MANIFEST, study_instance_uid="2.999.7.9"),
        entry(),
        "2.999.4.1.1001: its own study is not listed",
    ),
    (
        "68-instance-twice",
        "Document",
        listing(replace(SERIES, instances=(instance(1), instance(1)))),
        entry(),
        "2.999.4.1.1001: 1 instances",
    ),
    (
        "68-event-codes",
        "eventCodeList",
        MANIFEST,
        entry(event_codes=(code("51185008", "2.16.840.1.113883.6.96"),)),
        "CT is missing",
    ),
    (
        "68-event-codes",
        "eventCodeList",
        MANIFEST,
        entry(event_codes=tuple(code(item, "1.2.840.10008.2.16.4") for item in ("CT", "KO"))),
        "KO is not",
    ),
    ("68-reference-ids", "referenceIdList", MANIFEST, entry(reference_ids=(ACCESSION,)), "The Study Instance UID"),
    ("68-reference-ids", "referenceIdList", MANIFEST, entry(reference_ids=(REFERENCE,)), "The accession number"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "place", "found", "sent", "says"), BROKEN)
def test_rule(
    rule: str, place: str, found: Manifest | UnreadableManifest, sent: DocumentEntry, says: str
) -> None:
    """Nothing but the rule finds it, with its own severity."""
    (known,) = [item for item in MANIFESTS if item.id == rule]
    policy = STRICT if known.strict_only else FIELD
    findings = check_manifests(submission(sent), {"Document01": found}, policy)
    assert [(item.rule, item.location) for item in findings] == [(rule, f"Document01 {place}")]
    assert findings[0].context.startswith(says)
    assert findings[0].is_error == (known.default_level == "error")
    assert "ACC-24" not in findings[0].context
    if known.strict_only:
        assert check_manifests(submission(sent), {"Document01": found}, FIELD) == []


def test_several_studies_are_told() -> None:
    two = replace(MANIFEST, studies=(*MANIFEST.studies, OTHER_STUDY))
    sent = entry(reference_ids=(ACCESSION, REFERENCE, f"2.999.7.2^^^^{ReferenceIdType.STUDY_INSTANCE_UID}"))
    found = check_manifests(submission(sent), {"Document01": two}, FIELD)
    assert {item.rule for item in found} == {"68-own-study", "68-instance-twice"}
    assert not any(item.is_error for item in found)


@pytest.mark.parametrize("policy", [FIELD, STRICT])
@pytest.mark.parametrize(
    "accepted",
    [
        MANIFEST,
        replace(MANIFEST, title=Code(code="MADOTEMP001", scheme="99IHE", display=())),
        replace(MANIFEST, modalities=()),
        replace(MANIFEST, accession_numbers=()),
    ],
)
def test_what_is_accepted(accepted: Manifest, policy: RulePolicy) -> None:
    assert check_manifests(submission(entry()), {"Document01": accepted}, policy) == []


@pytest.mark.parametrize("found", [IMAGE, UnreadableManifest(reason="it is broken")])
def test_another_dicom_object_is_not_judged(found: Manifest | UnreadableManifest) -> None:
    """Under another formatCode any DICOM object may come."""
    sent = entry(format_code=code("1.2.840.10008.5.1.4.1.1.88.22", "1.2.840.10008.2.6.1"))
    assert check_manifests(submission(sent), {"Document01": found}, FIELD) == []
