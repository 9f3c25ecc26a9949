"""From parameters to criteria."""

import pytest

from tests.samples.builders import PATIENT, REGISTERED_ENTRY, find_documents, query, slot
from xds.model import (
    ON_DEMAND,
    STABLE,
    AvailabilityStatus,
    DocumentCriteria,
    StoredQuery,
    TimeRange,
)
from xds.rules import document_criteria, entry_uuids, statuses

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
