"""Patients of a submission."""

from dataclasses import replace

import pytest

from tests.rules.broken import Broken
from tests.samples.builders import (
    OTHER_PATIENT,
    PATIENT,
    REGISTERED_ENTRY,
    REGISTERED_FOLDER,
    document_entry,
    facts,
    foldered,
    original,
    registered,
    relating,
    submission,
    submission_set,
)
from xds.model import AssociationType, ObjectKind, Submission
from xds.rules import REGISTRATION, RulePolicy, check

WITH_NAMESPACE = "P1001^^^HOSP&2.999.1.1&ISO"
DOES_NOT_MATCH = "XDSPatientIdDoesNotMatch"
RELATED = relating(AssociationType.APND).associations[1].entry_uuid
REPLACING = relating(AssociationType.RPLC).associations[1].entry_uuid
STRANGER = registered(patient_id=OTHER_PATIENT)
STRANGE_FOLDER = registered(REGISTERED_FOLDER, ObjectKind.FOLDER, patient_id=OTHER_PATIENT)


def of_patient(patient_id: str) -> Submission:
    whole = submission(document_entry(patient_id=patient_id))
    return replace(whole, submission_sets=(submission_set(patient_id=patient_id),))


BROKEN = [
    Broken(
        rule="42-same-patient",
        submission=submission(document_entry(patient_id=OTHER_PATIENT)),
        location="Document01 patientId",
        code=DOES_NOT_MATCH,
        says=f"{OTHER_PATIENT} in Document01, but {PATIENT} in SubmissionSet01",
    ),
    Broken(
        rule="42-known-patient",
        submission=of_patient("P9^^^&2.999.1.1&ISO"),
        location="SubmissionSet01 patientId",
        code="XDSUnknownPatientId",
        says="P9^^^&2.999.1.1&ISO is not known here",
    ),
    Broken(
        rule="42-known-patient",
        submission=of_patient("P1001^^^&2.999.7&ISO"),
        policy=RulePolicy(unknown_patients="accept", patient_authority="2.999.1.1"),
        location="SubmissionSet01 patientId",
        code="XDSUnknownPatientId",
        says="P1001^^^&2.999.7&ISO is not of this domain's assigning authority 2.999.1.1",
    ),
    Broken(
        rule="42-folder-patient",
        submission=foldered(folder_id=REGISTERED_FOLDER),
        facts=facts([STRANGE_FOLDER]),
        location="member-of-folder HasMember",
        code=DOES_NOT_MATCH,
        says=f"{PATIENT} in the document",
    ),
    Broken(
        rule="42-folder-patient",
        submission=foldered(entry_id=REGISTERED_ENTRY),
        facts=facts([STRANGER]),
        location="member-of-folder HasMember",
        code=DOES_NOT_MATCH,
    ),
    Broken(
        rule="42-relationship-patient",
        submission=relating(AssociationType.APND),
        facts=facts([STRANGER]),
        location=f"{RELATED} targetObject",
        code=DOES_NOT_MATCH,
        says=f"{PATIENT} in the new document",
    ),
    Broken(
        rule="42-replacement-folder-patient",
        submission=relating(AssociationType.RPLC),
        facts=facts(folders_of={REGISTERED_ENTRY: (STRANGE_FOLDER,)}),
        location=f"{REPLACING} sourceObject",
        code=DOES_NOT_MATCH,
        says=f"{PATIENT} in the replacement",
    ),
]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.rule)
def test_rule(broken: Broken) -> None:
    broken.assert_found()


def test_lite_takes_any_patient_of_the_right_form() -> None:
    unknown = of_patient("P9^^^&2.999.77&ISO")
    assert check(REGISTRATION, unknown, facts(), RulePolicy(unknown_patients="accept")) == []


@pytest.mark.parametrize("key", [PATIENT, WITH_NAMESPACE], ids=["known-by-the-rest", "known-as-sent"])
def test_a_namespace_id_does_not_make_another_patient(key: str) -> None:
    whole = of_patient(WITH_NAMESPACE)
    whole = replace(whole, document_entries=(*whole.document_entries, document_entry(2)))
    whole = replace(whole, associations=(*whole.associations, original("Document02")))
    known = facts(patients={PATIENT: PATIENT, key: PATIENT})
    assert check(REGISTRATION, whole, known, RulePolicy()) == []
    assert check(REGISTRATION, of_patient(WITH_NAMESPACE), facts(patients={key: PATIENT}), RulePolicy()) == []


def test_a_merged_patient_is_the_surviving_one() -> None:
    """The new id is what the old object's patient means today: the facts name survivors (3.42.4.1.3.5)."""
    merged = facts([registered(patient_id=OTHER_PATIENT)], patients={PATIENT: OTHER_PATIENT})
    assert check(REGISTRATION, relating(AssociationType.RPLC), merged, RulePolicy()) == []


def test_an_unknown_patient_is_named_once() -> None:
    whole = submission(*[document_entry(number, patient_id="P9^^^&2.999.1.1&ISO") for number in (1, 2, 3)])
    whole = replace(whole, submission_sets=(submission_set(patient_id="P9^^^&2.999.1.1&ISO"),))
    assert [item.rule for item in check(REGISTRATION, whole, facts(), RulePolicy())] == ["42-known-patient"]


def test_entries_are_compared_without_a_patient_of_the_submission_set() -> None:
    whole = submission(document_entry(1), document_entry(2, patient_id=OTHER_PATIENT))
    whole = replace(whole, submission_sets=(submission_set(patient_id=None),))
    assert [item.rule for item in check(REGISTRATION, whole, facts(), RulePolicy())] == [
        "42-submission-set-patientId-required",
        "42-same-patient",
    ]
