"""Which documents of ITI-43 are served."""

import pytest

from tests.samples.builders import HOME, REPOSITORY
from xds.model import DocumentRequest
from xds.rules import check_retrieval


def ask(unique_id: str = "2.999.4.1.1", **changes: str) -> DocumentRequest:
    fields = {"repository_unique_id": REPOSITORY, "document_unique_id": unique_id} | changes
    return DocumentRequest(**fields)


def test_ours_are_served_in_their_order() -> None:
    requests = [ask("2.999.4.1.2"), ask("2.999.4.1.1")]
    assert check_retrieval(requests, REPOSITORY, HOME) == (requests, [])


def test_a_document_is_served_once() -> None:
    assert check_retrieval([ask(), ask()], REPOSITORY, HOME) == ([ask()], [])


def test_one_of_another_repository_does_not_hold_up_the_rest() -> None:
    other = ask("2.999.4.1.2", repository_unique_id="2.999.2.99")
    served, (finding,) = check_retrieval([ask(), other], REPOSITORY, HOME)
    assert served == [ask()]
    assert (finding.code, finding.location) == ("XDSUnknownRepositoryId", "2.999.4.1.2")
    assert "2.999.2.99" in finding.context
    assert REPOSITORY in finding.context


@pytest.mark.parametrize("home", [HOME, "2.999.40.1"])
def test_our_community_may_be_named(home: str) -> None:
    assert check_retrieval([ask(home_community_id=home)], REPOSITORY, HOME)[1] == []


def test_another_community_is_refused() -> None:
    served, (finding,) = check_retrieval([ask(home_community_id="urn:oid:2.999.40.2")], REPOSITORY, HOME)
    assert served == []
    assert (finding.code, finding.location) == ("XDSUnknownCommunity", "2.999.4.1.1")


def test_without_a_community_of_ours_any_is_taken() -> None:
    request = ask(home_community_id="urn:oid:2.999.40.2")
    assert check_retrieval([request], REPOSITORY) == ([request], [])


def test_the_limit_and_one_more() -> None:
    requests = [ask(f"2.999.4.1.{number}") for number in range(201)]
    assert len(check_retrieval(requests[:200], REPOSITORY)[0]) == 200
    served, (finding,) = check_retrieval(requests, REPOSITORY)
    assert served == []
    assert finding.code == "XDSTooManyResults"
    assert "at most 200" in finding.context


def test_an_empty_request_and_an_empty_id_have_an_answer() -> None:
    assert [item.code for item in check_retrieval([], REPOSITORY)[1]] == ["XDSRepositoryError"]
    assert [item.code for item in check_retrieval([ask("")], REPOSITORY)[1]] == ["XDSDocumentUniqueIdError"]


BROKEN = [
    ("43-request", "XDSRepositoryError", [], "DocumentRequest"),
    ("43-limit", "XDSTooManyResults", [ask(f"2.999.4.1.{number}") for number in range(201)], ""),
    ("43-home", "XDSUnknownCommunity", [ask(home_community_id="2.999.40.2")], "2.999.4.1.1"),
    ("43-repository", "XDSUnknownRepositoryId", [ask(repository_unique_id="2.999.2.99")], "2.999.4.1.1"),
    ("43-unique-id", "XDSDocumentUniqueIdError", [ask("")], ""),
]


@pytest.mark.parametrize(("rule", "code", "requests", "location"), BROKEN)
def test_rule(rule: str, code: str, requests: list[DocumentRequest], location: str) -> None:
    served, (found,) = check_retrieval(requests, REPOSITORY, HOME)
    assert served == []
    assert (found.rule, found.code, found.location) == (rule, code, location)
