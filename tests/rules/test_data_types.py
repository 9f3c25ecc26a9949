"""Data types of attributes."""

from dataclasses import replace

import pytest

from tests.rules.broken import STRICT, Broken
from tests.samples.builders import (
    HOME,
    SHA1,
    document_entry,
    facts,
    folder,
    foldered,
    submission,
    submission_set,
)
from xds.model import EMPTY_SHA1, DocumentEntry, Submission
from xds.rules import REGISTRATION, RulePolicy, check
from xds.rules.data_types import octets
from xds.rules.wording import cx_fault, right_dtm


def entry(**changes: object) -> Submission:
    return submission(document_entry(**changes))


def only_set(**changes: object) -> Submission:
    return replace(submission(), submission_sets=(submission_set(**changes),))


BROKEN = [
    Broken(
        rule="42-document-availability",
        submission=submission(document_entry(document_availability="Offline")),
        location="Document01 documentAvailability",
        says="'Offline' is neither Online nor Offline",
    ),
    Broken(
        rule="42-uri",
        submission=submission(document_entry(uri="a file.xml")),
        policy=STRICT,
        location="Document01 URI",
    ),
    Broken(
        rule="42-empty-document",
        submission=submission(document_entry(size="0")),
        policy=STRICT,
        location="Document01 size",
        says="size is 0, which is not that of this hash",
    ),
    Broken(
        rule="42-empty-document",
        submission=submission(document_entry(hash=EMPTY_SHA1)),
        policy=STRICT,
        location="Document01 size",
        says="size is 1280",
    ),
    Broken(
        rule="42-time",
        submission=entry(creation_time="2024-03-27T21:43:04.878Z"),
        location="Document01 creationTime",
        says=(
            "creationTime: '2024-03-27T21:43:04.878Z' is not YYYY[MM[DD[hh[mm[ss]]]]];"
            " the right form is 20240327214304. "
        ),
    ),
    Broken(
        rule="42-time",
        submission=only_set(submission_time="20241301"),
        location="SubmissionSet01 submissionTime",
    ),
    Broken(
        rule="42-last-update-time",
        submission=foldered(folders=(folder(last_update_time="20240311"),)),
        policy=STRICT,
        location="Folder01 lastUpdateTime",
    ),
    Broken(
        rule="42-service-times",
        submission=entry(service_start_time="20240312", service_stop_time="20240311142000"),
        location="Document01 serviceStartTime",
    ),
    Broken(
        rule="42-hash",
        submission=entry(hash=SHA1[:-1]),
        location="Document01 hash",
    ),
    Broken(
        rule="42-size",
        submission=entry(size="1.2 MB"),
        location="Document01 size",
    ),
    Broken(
        rule="42-oid",
        submission=only_set(unique_id="SubmissionSet01"),
        location="SubmissionSet01 uniqueId",
    ),
    Broken(
        rule="42-oid",
        submission=only_set(source_id="2.999.3.1^x"),
        location="SubmissionSet01 sourceId",
    ),
    Broken(
        rule="42-oid",
        submission=foldered(folders=(folder(unique_id="2.999." + "1" * 59),)),
        location="Folder01 uniqueId",
    ),
    Broken(
        rule="42-oid-strict",
        submission=only_set(unique_id="2.999.05.1"),
        policy=STRICT,
        location="SubmissionSet01 uniqueId",
    ),
    Broken(
        rule="42-oid-root",
        submission=entry(repository_unique_id="7.999.2.1"),
        policy=STRICT,
        location="Document01 repositoryUniqueId",
    ),
    Broken(
        rule="42-patient-id-form",
        submission=entry(source_patient_id="ECID1^^^ECID&ECID&ECID"),
        location="Document01 sourcePatientId",
        says="The patient identifier is not id^^^&oid&ISO: 'ECID' is not the OID of an assigning authority",
    ),
    Broken(
        rule="42-patient-id-form",
        submission=entry(patient_id="P1001^^&2.999.1.1&ISO"),
        location="Document01 patientId",
    ),
    Broken(
        rule="42-patient-id-strict",
        submission=entry(source_patient_id="MRN-4471^^^HOSP&2.999.18.1&ISO"),
        policy=STRICT,
        location="Document01 sourcePatientId",
    ),
    Broken(
        rule="42-home-community-id",
        submission=entry(home_community_id="community"),
        location="Document01 homeCommunityId",
    ),
    Broken(
        rule="42-home-community-id",
        submission=entry(home_community_id="urn:oid:2.999.40.2"),
        policy=RulePolicy(home_community_id=HOME),
        location="Document01 homeCommunityId",
    ),
    Broken(
        rule="42-home-community-urn",
        submission=entry(home_community_id="2.999.40.1"),
        policy=STRICT,
        location="Document01 homeCommunityId",
    ),
    Broken(
        rule="42-language-code",
        submission=entry(language_code="en_CA"),
        location="Document01 languageCode",
    ),
]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.rule)
def test_rule(broken: Broken) -> None:
    broken.assert_found()


@pytest.mark.parametrize(
    "accepted",
    [
        document_entry(unique_id="2.25.329800735698586629295641978511506172918"),
        document_entry(unique_id="1.2.3^extension"),
        document_entry(unique_id="urn:uuid:a1b2"),
        document_entry(unique_id="any text"),
        document_entry(hash=SHA1.upper()),
        document_entry(hash=EMPTY_SHA1, size="0"),
        document_entry(creation_time="2024"),
        document_entry(language_code="de-at"),
        document_entry(service_start_time="20240311140500", service_stop_time="20240311"),
        document_entry(service_start_time="20240311140500", service_stop_time="20240311140500"),
        document_entry(service_start_time=None, service_stop_time="2020"),
        document_entry(source_patient_id="MRN-4471^^^HOSP&2.999.18.1&ISO"),
        document_entry(home_community_id="2.999.40.1"),
        document_entry(home_community_id=HOME),
        document_entry(source_patient_id=None),
    ],
)
def test_what_partners_send_rightly(accepted: DocumentEntry) -> None:
    policy = RulePolicy(home_community_id=HOME)
    assert check(REGISTRATION, submission(accepted), facts(), policy) == []


@pytest.mark.parametrize(
    ("sent", "right"),
    [
        ("2008-06-27 13:49:24", "20080627134924"),
        ("20240311093000-0500", "20240311143000"),
        ("2024-03-11T09:30+05:30", "202403110400"),
        ("2024-03-11", "20240311"),
        ("2024-02-30", None),
        ("11/03/2024", None),
        ("0001-01-01T00:00:00+23:59", None),
        ("2024-03-11T09:30:00+99:00", None),
    ],
)
def test_the_right_form_of_a_wrong_time(sent: str, right: str | None) -> None:
    assert right_dtm(sent) == right


@pytest.mark.parametrize(
    ("sent", "fault"),
    [
        ("12345", "it has no assigning authority"),
        ("1^^&2.999&ISO", "it has 3 components, not 4"),
        ("^^^&2.999&ISO", "the identifier before the first ^ is empty"),
        ("1^2^^&2.999&ISO", "components 2 and 3 are not empty"),
        ("1^^^2.999", "its assigning authority has 1 parts, not 3"),
        ("1^^^&X&ISO", "'X' is not the OID of an assigning authority"),
        ("1^^^&2.999&DNS", "the type of its assigning authority is 'DNS', not ISO"),
        ("1^^^N&2.999&ISO", "its assigning authority has a namespace id before the first &"),
        ("1~2^^^&2.999&ISO", "it holds a separator or a repetition, or its OID has leading zeros"),
    ],
)
def test_what_is_wrong_with_a_patient_id(sent: str, fault: str) -> None:
    assert cx_fault(sent) == fault


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("1280", 1280),
        ("007", 7),
        (str(2**63 - 1), 2**63 - 1),
        (str(2**63), None),
        ("-1", None),
        ("١", None),
    ],
)
def test_octets(text: str, number: int | None) -> None:
    assert octets(text) == number
