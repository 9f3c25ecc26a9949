"""From parameters to criteria."""

import pytest

from tests.samples.builders import PATIENT, REGISTERED_ENTRY, find_documents, query, slot
from xds.model import (
    ON_DEMAND,
    STABLE,
    AvailabilityStatus,
    DocumentAvailability,
    DocumentCriteria,
    FolderCriteria,
    StoredQuery,
    SubmissionSetCriteria,
    TimeRange,
)
from xds.rules import (
    association_statuses,
    document_criteria,
    entry_uuids,
    folder_criteria,
    metadata_level,
    statuses,
    submission_set_criteria,
)

APPROVED, DEPRECATED = AvailabilityStatus.APPROVED, AvailabilityStatus.DEPRECATED
EVENTS = "$XDSDocumentEntryEventCodeList"


def test_status_alone() -> None:
    assert document_criteria(find_documents()) == DocumentCriteria(statuses=frozenset({APPROVED}))


@pytest.mark.parametrize(
    ("attribute", "field"),
    [
        ("ClassCode", "class_codes"),
        ("TypeCode", "type_codes"),
        ("PracticeSettingCode", "practice_setting_codes"),
        ("HealthcareFacilityTypeCode", "healthcare_facility_type_codes"),
        ("FormatCode", "format_codes"),
    ],
)
def test_codes(attribute: str, field: str) -> None:
    asked = find_documents(slot(f"$XDSDocumentEntry{attribute}", "a^^1.2", "b^^1.3", "a^^1.2"))
    assert getattr(document_criteria(asked), field) == (("a", "1.2"), ("b", "1.3"))


@pytest.mark.parametrize(
    ("parameter", "field"),
    [(EVENTS, "event_codes"), ("$XDSDocumentEntryConfidentialityCode", "confidentiality_codes")],
)
def test_slots_of_one_name_are_anded(parameter: str, field: str) -> None:
    asked = find_documents(slot(parameter, "a^^1", "b^^1"), slot(parameter, "c^^1"), slot(parameter, ""))
    assert getattr(document_criteria(asked), field) == ((("a", "1"), ("b", "1")), (("c", "1"),))


def test_reference_ids_are_anded() -> None:
    name = "$XDSDocumentEntryReferenceIdList"
    asked = find_documents(slot(name, "A^^^^t", "B%"), slot(name, "C"))
    assert document_criteria(asked).reference_ids == (("A^^^^t", "B%"), ("C",))


@pytest.mark.parametrize(
    ("attribute", "field"),
    [
        ("CreationTime", "creation_time"),
        ("ServiceStartTime", "service_start_time"),
        ("ServiceStopTime", "service_stop_time"),
    ],
)
def test_times(attribute: str, field: str) -> None:
    start = slot(f"$XDSDocumentEntry{attribute}From", "2024")
    stop = slot(f"$XDSDocumentEntry{attribute}To", "202403111530")
    both = TimeRange(start=20240101000000, stop=20240311153000)
    assert getattr(document_criteria(find_documents(start, stop)), field) == both
    assert getattr(document_criteria(find_documents(start)), field) == TimeRange(start=20240101000000)


def test_types_are_stable_unless_asked_for() -> None:
    name = "$XDSDocumentEntryType"
    assert document_criteria(find_documents()).object_types == {STABLE}
    assert document_criteria(find_documents(slot(name, ON_DEMAND))).object_types == {ON_DEMAND}
    assert document_criteria(find_documents(slot(name, STABLE, ON_DEMAND))).object_types == {
        STABLE,
        ON_DEMAND,
    }


def test_authors() -> None:
    asked = find_documents(slot("$XDSDocumentEntryAuthorPerson", "%Tremblay%"))
    assert document_criteria(asked).author_patterns == ("%Tremblay%",)


def test_a_status_that_is_not_understood_is_ignored() -> None:
    asked = query(
        StoredQuery.GET_ALL,
        slot("$patientId", PATIENT),
        slot("$XDSFolderStatus", "Approved", DEPRECATED.value),
    )
    assert statuses(asked, "$XDSFolderStatus") == {DEPRECATED}
    assert statuses(asked, "$XDSDocumentEntryStatus") == frozenset()


def test_contents_of_a_submission_set_are_of_any_status() -> None:
    asked = query(StoredQuery.GET_SUBMISSION_SET_AND_CONTENTS, slot("$XDSSubmissionSetUniqueId", "2.9"))
    assert document_criteria(asked) == DocumentCriteria()


def test_uuids_are_in_lower_case_and_once() -> None:
    upper = "urn:uuid:" + REGISTERED_ENTRY.removeprefix("urn:uuid:").upper()
    asked = query(StoredQuery.GET_ASSOCIATIONS, slot("$uuid", upper, REGISTERED_ENTRY))
    assert entry_uuids(asked, "$uuid") == (REGISTERED_ENTRY,)


def test_submission_sets() -> None:
    asked = query(
        StoredQuery.FIND_SUBMISSION_SETS,
        slot("$XDSSubmissionSetPatientId", PATIENT),
        slot("$XDSSubmissionSetSourceId", "2.999.3.1", "2.999.3.2", "2.999.3.1"),
        slot("$XDSSubmissionSetSubmissionTimeFrom", "2024"),
        slot("$XDSSubmissionSetSubmissionTimeTo", "202403"),
        slot("$XDSSubmissionSetAuthorPerson", "%Tremblay%"),
        slot("$XDSSubmissionSetContentType", "a^^1", "b^^1"),
        slot("$XDSSubmissionSetStatus", APPROVED),
    )
    assert submission_set_criteria(asked) == SubmissionSetCriteria(
        statuses=frozenset({APPROVED}),
        source_ids=("2.999.3.1", "2.999.3.2"),
        submission_time=TimeRange(start=20240101000000, stop=20240301000000),
        author_patterns=("%Tremblay%",),
        content_types=(("a", "1"), ("b", "1")),
    )


def test_folders() -> None:
    asked = query(
        StoredQuery.FIND_FOLDERS,
        slot("$XDSFolderLastUpdateTimeFrom", "2024"),
        slot("$XDSFolderCodeList", "a^^1", "b^^1"),
        slot("$XDSFolderCodeList", "c^^1"),
        slot("$XDSFolderStatus", APPROVED, DEPRECATED),
        slot("$MetadataLevel", "2"),
    )
    assert folder_criteria(asked) == FolderCriteria(
        last_update_time=TimeRange(start=20240101000000),
        codes=((("a", "1"), ("b", "1")), (("c", "1"),)),
        metadata_level=2,
    )


def test_levels_and_availability() -> None:
    assert metadata_level(find_documents()) == 1
    assert metadata_level(find_documents(slot("$MetadataLevel", "1"))) == 1
    asked = find_documents(
        slot("$MetadataLevel", "2"),
        slot("$XDSDocumentEntryDocumentAvailability", DocumentAvailability.OFFLINE),
    )
    assert document_criteria(asked).metadata_level == 2
    assert document_criteria(asked).availabilities == {DocumentAvailability.OFFLINE}


@pytest.mark.parametrize(
    ("asked", "level", "seen"),
    [
        ((), "1", {APPROVED}),
        ((), "2", {APPROVED}),
        ((DEPRECATED,), "1", set()),
        ((DEPRECATED, APPROVED), "1", {APPROVED}),
        ((DEPRECATED,), "2", {DEPRECATED}),
        ((DEPRECATED, APPROVED), "2", {APPROVED, DEPRECATED}),
        (("not understood",), "2", {APPROVED}),
    ],
)
def test_statuses_of_associations(asked: tuple[str, ...], level: str, seen: set[AvailabilityStatus]) -> None:
    slots = [slot("$XDSAssociationStatus", *asked)] if asked else []
    made = query(StoredQuery.GET_ASSOCIATIONS, *slots, slot("$MetadataLevel", level))
    assert association_statuses(made) == seen
