"""Parameters of stored queries."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.samples.builders import OTHER_PATIENT, PATIENT, REGISTERED_ENTRY, find_documents, query, slot
from tests.samples.strategies import texts
from xds.model import (
    ON_DEMAND,
    STABLE,
    AdhocQuery,
    AssociationType,
    AvailabilityStatus,
    DocumentAvailability,
    QuerySlot,
    ReturnType,
    StoredQuery,
)
from xds.rules import (
    PARAMETERS,
    QUERIES_OF,
    STORED_QUERY,
    RulePolicy,
    check_query,
    known_parameters,
    query_name,
    transaction_of,
)

FIELD, STRICT = RulePolicy(), RulePolicy(strictness="strict")
APPROVED = AvailabilityStatus.APPROVED.value
GET_DOCUMENTS, GET_RELATED = StoredQuery.GET_DOCUMENTS, StoredQuery.GET_RELATED_DOCUMENTS
ENTRY_UUID, UNIQUE_ID = "$XDSDocumentEntryEntryUUID", "$XDSDocumentEntryUniqueId"
ERROR, MISSING, NUMBER = "XDSRegistryError", "XDSStoredQueryMissingParam", "XDSStoredQueryParamNumber"
EVENTS = "$XDSDocumentEntryEventCodeList"
STATUS, FOLDER_STATUS = "$XDSDocumentEntryStatus", "$XDSFolderStatus"
LEVEL_2 = slot("$MetadataLevel", "2", unquoted=True)
MANY_DOCUMENTS = StoredQuery.FIND_DOCUMENTS_FOR_MULTIPLE_PATIENTS
MANY_FOLDERS = StoredQuery.FIND_FOLDERS_FOR_MULTIPLE_PATIENTS

VALID = [
    find_documents(),
    find_documents(return_type=ReturnType.OBJECT_REF, home_community_id="urn:oid:2.999.40.1"),
    find_documents(
        slot("$XDSDocumentEntryClassCode", "REPORTS^^1.3.6.1.4.1.19376.1.2.6.1", is_list=True),
        slot("$XDSDocumentEntryCreationTimeFrom", "2024"),
        slot("$XDSDocumentEntryCreationTimeTo", "20250101"),
        slot("$XDSDocumentEntryAuthorPerson", "%Tremblay%", is_list=True),
        slot("$XDSDocumentEntryType", STABLE, ON_DEMAND, is_list=True),
        slot(EVENTS, "CT^^1.2.840.10008.2.16.4", is_list=True),
        slot(EVENTS, "51185008^^2.16.840.1.113883.6.96", "1^^2", is_list=True),
    ),
    query(
        StoredQuery.FIND_DOCUMENTS_BY_REFERENCE_ID,
        *find_documents().slots,
        slot(
            "$XDSDocumentEntryReferenceIdList",
            "ACC-1^^^&2.999.23&ISO^urn:ihe:iti:xds:2013:accession",
            is_list=True,
        ),
    ),
    query(
        StoredQuery.GET_ALL,
        slot("$patientId", PATIENT),
        slot("$XDSDocumentEntryStatus", APPROVED, is_list=True),
        slot("$XDSSubmissionSetStatus", APPROVED, is_list=True),
        slot("$XDSFolderStatus", APPROVED, is_list=True),
    ),
    query(GET_DOCUMENTS, slot(ENTRY_UUID, REGISTERED_ENTRY, REGISTERED_ENTRY, is_list=True)),
    query(GET_DOCUMENTS, slot(UNIQUE_ID, "2.999.4.1.1", "any text", is_list=True)),
    query(
        StoredQuery.GET_ASSOCIATIONS,
        slot("$uuid", REGISTERED_ENTRY.upper().replace("URN:UUID", "urn:uuid"), is_list=True),
    ),
    query(StoredQuery.GET_SUBMISSION_SET_AND_CONTENTS, slot("$XDSSubmissionSetUniqueId", "2.999.5.1")),
    query(
        GET_RELATED,
        slot(ENTRY_UUID, REGISTERED_ENTRY),
        slot("$AssociationTypes", AssociationType.RPLC.value, AssociationType.APND.value, is_list=True),
    ),
    query(
        StoredQuery.FIND_SUBMISSION_SETS,
        slot("$XDSSubmissionSetPatientId", PATIENT),
        slot("$XDSSubmissionSetSourceId", "2.999.3.1", "2.999.3.2", is_list=True),
        slot("$XDSSubmissionSetAuthorPerson", "%Tremblay%"),
        slot("$XDSSubmissionSetStatus", APPROVED, is_list=True),
    ),
    query(
        StoredQuery.FIND_FOLDERS,
        slot("$XDSFolderPatientId", PATIENT),
        slot("$XDSFolderCodeList", "a^^1", is_list=True),
        slot("$XDSFolderCodeList", "b^^1", is_list=True),
        slot(FOLDER_STATUS, APPROVED, is_list=True),
    ),
    find_documents(
        slot(
            "$XDSDocumentEntryDocumentAvailability",
            DocumentAvailability.ONLINE,
            DocumentAvailability.OFFLINE,
            is_list=True,
        ),
        LEVEL_2,
    ),
    query(GET_DOCUMENTS, slot("$XDSDocumentEntryLogicalID", REGISTERED_ENTRY, is_list=True), LEVEL_2),
    query(
        StoredQuery.GET_ASSOCIATIONS,
        slot("$uuid", REGISTERED_ENTRY, is_list=True),
        slot("$XDSAssociationStatus", AvailabilityStatus.DEPRECATED, is_list=True),
        LEVEL_2,
    ),
    query(
        MANY_DOCUMENTS,
        slot("$XDSDocumentEntryPatientId", PATIENT, OTHER_PATIENT, is_list=True),
        slot(STATUS, APPROVED, is_list=True),
    ),
    query(MANY_DOCUMENTS, slot(EVENTS, "CT^^1.2", is_list=True), slot(STATUS, APPROVED, is_list=True)),
    query(
        MANY_FOLDERS,
        slot("$XDSFolderCodeList", "a^^1", is_list=True),
        slot(FOLDER_STATUS, APPROVED, is_list=True),
    ),
]


def wildcards(count: int) -> AdhocQuery:
    return find_documents(
        slot("$XDSDocumentEntryAuthorPerson", "%_" * (count // 2) + "%" * (count % 2), is_list=True)
    )


def many_ids(count: int) -> AdhocQuery:
    return query(
        GET_DOCUMENTS, slot(UNIQUE_ID, *[f"2.999.{number}" for number in range(count)], is_list=True)
    )


def many_parameters(count: int) -> AdhocQuery:
    return find_documents(*[slot(EVENTS, "CT^^1.2", is_list=True)] * (count - 2))


def patient(value: str, **changes: bool) -> AdhocQuery:
    return query(
        StoredQuery.FIND_DOCUMENTS,
        slot("$XDSDocumentEntryPatientId", value, **changes),
        slot("$XDSDocumentEntryStatus", APPROVED, is_list=True),
    )


def status(*values: str) -> AdhocQuery:
    return query(
        StoredQuery.FIND_DOCUMENTS,
        slot("$XDSDocumentEntryPatientId", PATIENT),
        slot("$XDSDocumentEntryStatus", *values, is_list=True),
    )


BROKEN = [
    (
        "18-query-id",
        "XDSUnknownStoredQuery",
        query("urn:uuid:0"),
        "'urn:uuid:0' is not the id of a stored query",
    ),
    ("18-return-type", ERROR, find_documents(return_type="RegistryObject"), "'RegistryObject' is not a type"),
    (
        "18-return-type",
        ERROR,
        find_documents(return_type="LeafClassWithRepositoryItem"),
        "LeafClassWithRepositoryItem belongs to ITI-63",
    ),
    (
        "18-required",
        MISSING,
        query(StoredQuery.FIND_DOCUMENTS, find_documents().slots[0]),
        "$XDSDocumentEntryStatus is",
    ),
    ("18-required", MISSING, patient(""), "$XDSDocumentEntryPatientId is missing"),
    (
        "18-required",
        MISSING,
        query(
            StoredQuery.FIND_DOCUMENTS,
            replace(find_documents().slots[0], name="$XDSDocumentEntryPatientID"),
            *find_documents().slots[1:],
        ),
        "$XDSDocumentEntryPatientId is missing; '$XDSDocumentEntryPatientID', which was sent, may be meant for it",
    ),
    (
        "18-required",
        MISSING,
        status("urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Approved"),
        "$XDSDocumentEntryStatus holds no value",
    ),
    (
        "18-either-missing",
        MISSING,
        query(GET_DOCUMENTS),
        f"{ENTRY_UUID} or {UNIQUE_ID} or $XDSDocumentEntryLo",
    ),
    (
        "18-either-both",
        NUMBER,
        query(
            StoredQuery.GET_FOLDERS,
            slot("$XDSFolderUniqueId", "2.9"),
            slot("$XDSFolderLogicalID", REGISTERED_ENTRY),
            LEVEL_2,
        ),
        "$XDSFolderUniqueId and $XDSFolderLogicalID",
    ),
    (
        "51-narrowing",
        MISSING,
        query(MANY_DOCUMENTS, slot(STATUS, APPROVED), slot("$XDSDocumentEntryTypeCode", "18748-4^^2.16")),
        "none of $XDSDocumentEntryPatientId, $XDSDocumentEntryClassCode, $XDSDocumentEntryHealthcareFacilityTypeCode,"
        " $XDSDocumentEntryEventCodeList",
    ),
    (
        "51-narrowing",
        MISSING,
        query(MANY_FOLDERS, slot(FOLDER_STATUS, APPROVED)),
        "none of $XDSFolderPatientId, $XDSFolderCodeList is there",
    ),
    (
        "18-single-value",
        NUMBER,
        query(
            StoredQuery.FIND_SUBMISSION_SETS,
            slot("$XDSSubmissionSetPatientId", PATIENT),
            slot("$XDSSubmissionSetStatus", APPROVED),
            slot("$XDSSubmissionSetAuthorPerson", "a", "b"),
        ),
        "$XDSSubmissionSetAuthorPerson has 2 values",
    ),
    ("18-metadata-level", ERROR, find_documents(slot("$MetadataLevel", "3")), "$MetadataLevel: '3' is no"),
    (
        "18-availability",
        ERROR,
        find_documents(slot("$XDSDocumentEntryDocumentAvailability", "Online", is_list=True)),
        "$XDSDocumentEntryDocumentAvailability: 'Online' is no documentAvailability",
    ),
    (
        "18-logical-id-level",
        ERROR,
        query(GET_DOCUMENTS, slot("$XDSDocumentEntryLogicalID", REGISTERED_ENTRY)),
        "$XDSDocumentEntryLogicalID is there without $MetadataLevel 2",
    ),
    ("18-home", ERROR, find_documents(home_community_id="2.999.40.1"), "'2.999.40.1' is no homeCommunityId"),
    (
        "18-unknown-parameter",
        ERROR,
        query(GET_DOCUMENTS, slot(UNIQUE_ID, "2.9", is_list=True), slot("$homeCommunityId", "urn:oid:2.9")),
        "$homeCommunityId is no Slot",
    ),
    (
        "18-either-both",
        NUMBER,
        query(GET_DOCUMENTS, slot(ENTRY_UUID, REGISTERED_ENTRY), slot(UNIQUE_ID, "2.9")),
        f"{ENTRY_UUID} and {UNIQUE_ID}",
    ),
    (
        "18-single-value",
        NUMBER,
        find_documents(slot("$XDSDocumentEntryPatientId", PATIENT)),
        "$XDSDocumentEntryPatientId has 2 values",
    ),
    (
        "18-single-value",
        NUMBER,
        query(GET_RELATED, slot(UNIQUE_ID, "2.9", "2.8"), slot("$AssociationTypes", AssociationType.RPLC)),
        f"{UNIQUE_ID} has 2 values",
    ),
    (
        "18-repeated-slot",
        NUMBER,
        find_documents(*[slot("$XDSDocumentEntryClassCode", "A^^1.2")] * 2),
        "$XDSDocumentEntryClassCode is there in 2 Slots",
    ),
    ("18-parameters-limit", NUMBER, many_parameters(65), "65 parameters found, at most 64"),
    ("18-ids-limit", "XDSTooManyResults", many_ids(1_001), "1001 values found, at most 1000"),
    (
        "18-patient-id",
        ERROR,
        patient("12345"),
        "$XDSDocumentEntryPatientId is not id^^^&oid&ISO: it has no assigning",
    ),
    (
        "18-patient-id-strict",
        ERROR,
        patient("P1001^^^HOSP&2.999.1.1&ISO"),
        "$XDSDocumentEntryPatientId holds more",
    ),
    (
        "18-code",
        ERROR,
        find_documents(slot("$XDSDocumentEntryTypeCode", "18748-4", is_list=True)),
        "$XDSDocumentEntryTypeCode: '18748-4'",
    ),
    (
        "18-code",
        ERROR,
        find_documents(slot("$XDSDocumentEntryTypeCode", "18748-4^CT^2.16", is_list=True)),
        "$XDSDocumentEntryTypeCode",
    ),
    (
        "18-time",
        ERROR,
        find_documents(slot("$XDSDocumentEntryCreationTimeFrom", "2024-01-01")),
        "$XDSDocumentEntryCreationTimeFrom: '2024-01-01' is not YYYY[MM[DD[hh[mm[ss]]]]]; the right form is 20240101",
    ),
    (
        "18-type",
        ERROR,
        find_documents(slot("$XDSDocumentEntryType", "stable", is_list=True)),
        "$XDSDocumentEntryType: 'stable'",
    ),
    (
        "18-uuid",
        ERROR,
        query(GET_DOCUMENTS, slot(ENTRY_UUID, "Document01", is_list=True)),
        f"{ENTRY_UUID}: 'Document01'",
    ),
    (
        "18-uuid",
        ERROR,
        query(GET_DOCUMENTS, slot(ENTRY_UUID, ""), slot(UNIQUE_ID, "2.999.4.1.1")),
        f"{ENTRY_UUID}: '' is no entryUUID",
    ),
    (
        "18-association-type",
        ERROR,
        query(GET_RELATED, slot(UNIQUE_ID, "2.9"), slot("$AssociationTypes", "RPLC")),
        "$AssociationTypes: 'RPLC' is no URN; urn:ihe:iti:2007:AssociationType:RPLC may be meant",
    ),
    ("18-wildcards", ERROR, wildcards(9), "$XDSDocumentEntryAuthorPerson: a pattern has 9 wildcards"),
    (
        "18-quotes",
        ERROR,
        patient(PATIENT, unquoted=True),
        "$XDSDocumentEntryPatientId has a text without quotes",
    ),
    (
        "18-list",
        ERROR,
        find_documents(slot("$XDSDocumentEntryClassCode", "A^^1.2")),
        "$XDSDocumentEntryClassCode has no parentheses",
    ),
    (
        "18-unknown-parameter",
        ERROR,
        find_documents(slot("$XDSDocumentEntryHealthCareFacilityTypeCode", "1")),
        "'$XDSDocumentEntryHealthCareFacilityTypeCode' is no parameter of this query;"
        " $XDSDocumentEntryHealthcareFacilityTypeCode may be meant",
    ),
]


@pytest.mark.parametrize("valid", VALID, ids=lambda valid: query_name(StoredQuery(valid.query_id)))
@pytest.mark.parametrize("policy", [FIELD, STRICT], ids=["field", "strict"])
def test_the_samples_are_valid(valid: AdhocQuery, policy: RulePolicy) -> None:
    assert check_query(valid, policy, transaction_of(valid.query_id)) == []


@pytest.mark.parametrize(("rule", "code", "asked", "says"), BROKEN)
def test_rule(rule: str, code: str, asked: AdhocQuery, says: str) -> None:
    (counts,) = [item for item in STORED_QUERY if item.id == rule]
    number = transaction_of(asked.query_id)
    found = check_query(asked, STRICT if counts.strict_only else FIELD, number)
    assert [(item.rule, item.code) for item in found] == [(rule, code)]
    assert found[0].context.startswith(says)
    assert found[0].location
    if counts.strict_only:
        assert check_query(asked, FIELD, number) == []


@pytest.mark.parametrize("asked", StoredQuery, ids=query_name)
def test_a_query_belongs_to_one_transaction(asked: StoredQuery) -> None:
    (own,) = [number for number, queries in QUERIES_OF.items() if asked in queries]
    (other,) = set(QUERIES_OF) - {own}
    (finding,) = check_query(query(asked), FIELD, other)
    assert (finding.rule, finding.code) == ("18-query-id", "XDSUnknownStoredQuery")
    assert finding.context.startswith(
        f"{query_name(asked)} ({asked}) is a query of {own}, and came as {other}"
    )
    assert transaction_of(asked) == own


def test_every_rule_is_shown_by_a_test() -> None:
    assert {rule.id for rule in STORED_QUERY} == {row[0] for row in BROKEN}


def test_every_finding_is_reported_at_once() -> None:
    wrong = find_documents(
        slot("$XDSDocumentEntryClassCode", "REPORTS"),
        slot("$XDSDocumentEntryCreationTimeTo", "soon"),
        return_type="RegistryObject",
    )
    assert {item.rule for item in check_query(wrong, FIELD)} == {"18-code", "18-time", "18-return-type"}


@pytest.mark.parametrize("asked", [wildcards(8), many_ids(1_000), many_parameters(64)])
def test_the_limit_itself_is_taken(asked: AdhocQuery) -> None:
    assert check_query(asked, FIELD) == []


@pytest.mark.parametrize(
    "asked",
    [
        status("Approved", APPROVED),
        patient("P1001^^^HOSP&2.999.1.1&ISO", unquoted=True),
        find_documents(slot("$XDSDocumentEntryClassCode", "A^^1.2")),
        find_documents(slot("$MetadataLevel", "1")),
        find_documents(slot("$XDSDocumentEntryOfSomeSupplement", "1"), home_community_id="of-another"),
    ],
    ids=["one-status-understood", "namespace", "no-parentheses", "quoted-number", "supplement"],
)
def test_what_the_field_asks_rightly(asked: AdhocQuery) -> None:
    assert check_query(asked, FIELD) == []


def test_parameters_of_other_queries_are_left_out() -> None:
    """They are ignored, so nobody may trip over what they hold."""
    valid = query(GET_DOCUMENTS, slot(UNIQUE_ID, "2.9"))
    with_more = query(GET_DOCUMENTS, *valid.slots, slot("$XDSDocumentEntryClassCode", "no code"))
    assert check_query(with_more, FIELD) == []
    assert known_parameters(with_more) == valid
    assert known_parameters(valid) is valid


def test_no_finding_repeats_a_person() -> None:
    asked = find_documents(slot("$XDSDocumentEntryAuthorPerson", "%Confidential" * 9, unquoted=True))
    found = [*check_query(asked, STRICT), *check_query(patient("Confidential^Person"), STRICT)]
    assert len(found) == 4
    assert not [item for item in found if "Confidential" in item.context + item.location]


def test_the_tables_of_the_standard_are_whole() -> None:
    assert set(PARAMETERS) == set(StoredQuery)
    assert sorted(item for queries in QUERIES_OF.values() for item in queries) == sorted(StoredQuery)
    assert {query_name(item): len(rows) for item, rows in PARAMETERS.items()} == {
        "FindDocuments": 19,
        "FindSubmissionSets": 7,
        "FindFolders": 6,
        "GetAll": 9,
        "GetDocuments": 4,
        "GetFolders": 4,
        "GetAssociations": 3,
        "GetDocumentsAndAssociations": 4,
        "GetSubmissionSets": 2,
        "GetSubmissionSetAndContents": 6,
        "GetFolderAndContents": 7,
        "GetFoldersForDocument": 4,
        "GetRelatedDocuments": 6,
        "FindDocumentsByReferenceId": 20,
        "FindDocumentsForMultiplePatients": 19,
        "FindFoldersForMultiplePatients": 6,
    }
    for rows in PARAMETERS.values():
        assert len({row.name for row in rows}) == len(rows)
        assert all(row.kind == "code" or row.name.endswith("ReferenceIdList") for row in rows if row.and_or)
        assert all(row.many for row in rows if row.kind == "code")
        assert len([row for row in rows if row.either]) in (0, 2, 3)


def test_and_is_for_multi_valued_attributes_only() -> None:
    assert {row.name for rows in PARAMETERS.values() for row in rows if row.and_or} == {
        "$XDSDocumentEntryEventCodeList",
        "$XDSDocumentEntryConfidentialityCode",
        "$XDSFolderCodeList",
        "$XDSDocumentEntryReferenceIdList",
    }


ODD_SLOTS = st.builds(
    QuerySlot,
    name=st.one_of(st.sampled_from([row.name for rows in PARAMETERS.values() for row in rows]), texts()),
    values=st.lists(texts(), max_size=3).map(tuple),
    is_list=st.booleans(),
    unquoted=st.booleans(),
)
ODD_QUERIES = st.builds(
    AdhocQuery,
    query_id=st.one_of(st.sampled_from([item.value for item in StoredQuery]), texts()),
    return_type=st.one_of(st.sampled_from(ReturnType), texts()),
    slots=st.lists(ODD_SLOTS, max_size=5).map(tuple),
    home_community_id=st.none(),
)


@settings(deadline=None, max_examples=200, suppress_health_check=list(HealthCheck))
@given(odd=ODD_QUERIES)
def test_no_query_makes_a_rule_fail(odd: AdhocQuery) -> None:
    for policy in (FIELD, STRICT):
        for finding in (*check_query(odd, policy), *check_query(odd, policy, "ITI-51")):
            assert finding.rule
            assert finding.location
            assert finding.context
