"""What a sender is told over the wire: everything that is wrong, at once, where it is, and how it is mended."""

from dataclasses import replace
from typing import Any

import pytest

from tests.samples import builders
from tests.transactions import samples
from tests.transactions.conftest import Service
from tests.transactions.test_iti42 import found, register
from tests.transactions.wire import Answer, send
from xds.ebxml import encode_submission
from xds.model import DocumentEntry, Slot, Submission


def findings(answer: Answer) -> list[tuple[str | None, str | None, bool]]:
    """Code, location, and whether it is an Error, in the order of the answer."""
    return [
        (item.get("errorCode"), item.get("location"), str(item.get("severity")).endswith(":Error"))
        for item in answer.elements("RegistryError")
    ]


def provide(service: Service, made: Submission, documents: dict[str, bytes]) -> Answer:
    return send(service.port, "ITI-41", samples.inline_body(made, documents))


def symbolic(patient: str, number: int = 1, **changes: Any) -> DocumentEntry:
    return samples.entry(patient, entry_uuid=f"Document{number:02}", hash=None, size=None, **changes)


def test_repository_and_registry_answer_together(service: Service) -> None:
    """What the repository finds does not hide what the registry would have found (ITI-41, ITI-42)."""
    patient = samples.fresh_patient()
    made = samples.submission(
        symbolic(patient, 1, creation_time="2024-01-02", class_code=None),
        replace(symbolic(patient, 2), size="17", language_code="en_CA"),
        symbolic(patient, 3),
    )
    answer = provide(service, made, {"Document01": b"one", "Document02": b"two", "Document04": b"four"})
    assert answer.result == "Failure"
    assert sorted(findings(answer)) == [
        ("XDSMissingDocument", "Document03 Document", True),
        ("XDSMissingDocumentMetadata", "Document04 Document", True),
        ("XDSRegistryMetadataError", "Document01 classCode", True),
        ("XDSRegistryMetadataError", "Document01 creationTime", True),
        ("XDSRegistryMetadataError", "Document02 languageCode", True),
        ("XDSRepositoryMetadataError", "Document02 size", True),
    ]
    assert found(service, patient) == {}


def test_an_attribute_is_found_once(service: Service) -> None:
    """Not by the repository and again by the registry."""
    patient = samples.fresh_patient()
    made = samples.submission(
        symbolic(patient, 1, unique_id="2.999.4.7"), symbolic(patient, 2, unique_id="2.999.4.7")
    )
    answer = provide(service, made, {"Document01": b"one", "Document02": b"two"})
    assert findings(answer) == [("XDSRepositoryDuplicateUniqueIdInMessage", "Document02 uniqueId", True)]
    nameless = provide(service, samples.submission(symbolic(patient, unique_id=None)), {"Document01": b"one"})
    assert findings(nameless) == [("XDSRepositoryMetadataError", "Document01 uniqueId", True)]


def test_senders_are_told_their_own_ids(service: Service) -> None:
    """The UUIDs that a repository makes for a symbolic id are its own affair."""
    patient = samples.fresh_patient()
    made = samples.submission(symbolic(patient, creation_time="yesterday"))
    made = replace(
        made,
        submission_sets=(replace(made.submission_sets[0], submission_time="today"),),
        associations=(
            *made.associations,
            builders.has_member("SubmissionSet01", "SubmissionSet01", entry_uuid="odd"),
        ),
    )
    answer = provide(service, made, {"Document01": b"one"})
    assert findings(answer) == [
        ("XDSRegistryMetadataError", "Document01 creationTime", True),
        ("XDSRegistryMetadataError", "SubmissionSet01 submissionTime", True),
        ("XDSRegistryMetadataError", "odd targetObject", True),
    ]
    assert answer.contexts[2].startswith("SubmissionSet01 cannot be in a SubmissionSet")
    assert "urn:uuid" not in " ".join(answer.contexts)


def test_an_unknown_patient_stays_unknown_when_nothing_is_stored(start: Any) -> None:
    service = start(registry={"unknown_patients": "refuse"})
    patient = samples.fresh_patient()
    answer = provide(service, samples.submission(symbolic(patient)), {})
    assert sorted(set(answer.codes)) == ["XDSMissingDocument", "XDSUnknownPatientId"]


def test_what_is_not_kept_is_said_with_success(service: Service) -> None:
    """ITI TF-3 4.2.3.1.6: a Warning, and the status stays Success."""
    patient = samples.fresh_patient()
    beside = (
        '<rim:Classification classificationScheme="urn:uuid:11111111-1111-4111-8111-111111111111"'
        ' classifiedObject="Document01" id="beside" nodeRepresentation="x"/></rim:RegistryObjectList>'
    )
    made = samples.submission(samples.entry(patient, entry_uuid="Document01"))
    body = encode_submission(made).replace(b"</rim:RegistryObjectList>", beside.encode())
    answer = send(service.port, "ITI-42", body)
    assert answer.result == "Success"
    assert findings(answer) == [("XDSExtraMetadataNotSaved", "Document01 Classification", False)]
    (listed,) = answer.elements("RegistryErrorList")
    assert str(listed.get("highestSeverity")).endswith(":Warning")
    assert len(found(service, patient)) == 1


def test_extra_metadata_is_kept_without_a_word(service: Service) -> None:
    patient = samples.fresh_patient()
    extra = (Slot(name="urn:oid:2.999.8.1:priority", values=("high", "now")),)
    answer = register(service, samples.submission(samples.entry(patient, extra_slots=extra)))
    assert (answer.result, answer.codes) == ("Success", [])
    (stored,) = found(service, patient).values()
    assert stored.extra_slots == extra


@pytest.mark.parametrize("levels", [{}, {"ontario-language": "error"}], ids=["preset", "raised"])
def test_the_profile_of_ontario(start: Any, levels: dict[str, str]) -> None:
    """Its rules are warnings or errors, by preset and by setting."""
    service = start(rules={"profile": "ontario", "levels": levels})
    patient = samples.fresh_patient()
    answer = register(service, samples.submission(samples.entry(patient, language_code="de")))
    assert answer.result == ("Failure" if levels else "Success")
    ((code, location, is_error),) = findings(answer)
    assert code == "XDSRegistryMetadataError"
    assert str(location).endswith(" languageCode")
    assert is_error == bool(levels)
    refused = register(service, samples.submission(samples.entry(patient, reference_ids=())))
    assert refused.result == "Failure"
    assert [is_error for _, _, is_error in findings(refused)].count(True) == 1
