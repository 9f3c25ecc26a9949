"""Stored queries by name into the notation of ITI-18."""

import doctest

import pytest
from lxml import etree

from tests.samples.builders import PATIENT, REGISTERED_ENTRY
from xds.client import build_query, parameters_of, queries, stored_query
from xds.ebxml import decode_adhoc_query, encode_adhoc_query
from xds.model import ON_DEMAND, AssociationType, AvailabilityStatus, StoredQuery
from xds.rules import PARAMETERS, RulePolicy, check_query, query_name, transaction_of

VALUES = {
    "patient": PATIENT,
    "string": "it's 2.999.1",
    "uuid": REGISTERED_ENTRY,
    "code": "A^^2.999.1",
    "time": "202401",
    "status": "Approved",
    "type": "stable",
    "association": "RPLC",
    "like": "%O'Neil%",
    "level": "2",
    "availability": "offline",
}


@pytest.mark.parametrize("query", StoredQuery, ids=query_name)
def test_every_query_can_be_asked_strictly(query: StoredQuery) -> None:
    """By its name in any case, each parameter by its short name; the notation passes the strict rules."""
    given, either = {}, False
    for row in PARAMETERS[query]:
        if row.either and either:
            continue
        either = either or bool(row.either)
        value = VALUES[row.kind]
        given[row.name.removeprefix("$")] = [value, value] if row.many else value
    built = build_query(query_name(query).upper(), given)
    decoded, findings = decode_adhoc_query(etree.fromstring(encode_adhoc_query(built)))
    assert findings == ()
    assert {slot.name for slot in decoded.slots} == {f"${name}" for name in given}
    assert check_query(decoded, RulePolicy(strictness="strict"), transaction_of(query)) == []


@pytest.mark.parametrize("name", ["classCode", "class_code", "CLASSCODE", "$XDSDocumentEntryClassCode"])
def test_names_of_a_parameter(name: str) -> None:
    rows = parameters_of(StoredQuery.FIND_DOCUMENTS, name)
    assert [row.name for row in rows] == ["$XDSDocumentEntryClassCode"]


def test_a_name_that_several_parameters_have_means_them_all() -> None:
    rows = parameters_of(StoredQuery.GET_ALL, "status")
    assert sorted(row.name for row in rows) == [
        "$XDSDocumentEntryStatus",
        "$XDSFolderStatus",
        "$XDSSubmissionSetStatus",
    ]


def test_words_become_urns() -> None:
    query = build_query(
        "GetRelatedDocuments",
        {"uniqueId": "2.999.1", "associationTypes": ["rplc", "urn:x"], "type": "on-demand"},
    )
    assert query.values("$AssociationTypes") == (AssociationType.RPLC.value, "urn:x")
    assert query.values("$XDSDocumentEntryType") == (ON_DEMAND,)
    query = build_query(
        "GetAssociations", {"uuid": "u", "associationStatus": "deprecated", "metadataLevel": "2"}
    )
    assert query.values("$XDSAssociationStatus") == (AvailabilityStatus.DEPRECATED.value,)
    assert [slot.unquoted for slot in query.slots] == [False, False, True]
    query = build_query("FindFolders", {"patientId": PATIENT, "status": ["Approved", "deprecated"]})
    assert query.values("$XDSFolderStatus") == tuple(item.value for item in AvailabilityStatus)


def test_lists_of_lists_are_anded() -> None:
    query = build_query("FindDocuments", {"eventCodeList": [["a^^1", "b^^1"], ["c^^1"]]})
    assert query.groups("$XDSDocumentEntryEventCodeList") == (("a^^1", "b^^1"), ("c^^1",))


def test_a_query_by_its_id() -> None:
    assert stored_query(StoredQuery.GET_ALL.value) is StoredQuery.GET_ALL


def test_unknown_names_are_told_the_nearest() -> None:
    with pytest.raises(ValueError, match="did you mean FindDocuments"):
        stored_query("FindDocument")
    with pytest.raises(ValueError, match=r"did you mean .*GetAll"):
        stored_query("zzzz")
    with pytest.raises(ValueError, match="no parameter 'clasCode'; did you mean classCode"):
        build_query("FindDocuments", {"clasCode": "x"})
    with pytest.raises(ValueError, match="It has: associationStatus, metadataLevel, uuid"):
        build_query("GetAssociations", {"quux": "x"})


def test_examples_of_the_docstrings() -> None:
    assert doctest.testmod(queries).failed == 0
    assert doctest.testmod(queries).attempted == 1
