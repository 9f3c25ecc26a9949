"""Which documents of ITI-86 are removed."""

import pytest

from tests.rules.test_retrieval import ask
from tests.samples.builders import HOME, REPOSITORY
from xds.model import DocumentRequest
from xds.rules import DOCUMENT_REMOVAL, EACH_DOCUMENT_REMOVAL, check_document_removal

OTHER = "2.999.4.1.2"
BROKEN = [
    ("86-request", "XDSRepositoryError", []),
    ("86-limit", "XDSRepositoryError", [ask(f"2.999.4.1.{number}") for number in range(6)]),
    ("86-home", "XDSUnknownCommunity", [ask(OTHER, home_community_id="urn:oid:2.999.40.77")]),
    ("86-repository", "XDSUnknownRepositoryId", [ask(OTHER, repository_unique_id="2.999.2.99")]),
    ("86-unique-id", "XDSDocumentUniqueIdError", [ask("")]),
]


def test_ours_are_removed_once_each_in_their_order() -> None:
    requests = [ask(OTHER), ask(), ask(OTHER)]
    assert check_document_removal(requests, REPOSITORY, HOME, 5) == ([ask(OTHER), ask()], [])


@pytest.mark.parametrize(("rule", "code", "requests"), BROKEN, ids=[row[0] for row in BROKEN])
def test_one_thing_changed_is_found(rule: str, code: str, requests: list[DocumentRequest]) -> None:
    _, (finding,) = check_document_removal(requests, REPOSITORY, HOME, 5)
    assert (finding.rule, finding.code) == (rule, code)
    if len(requests) == 1:  # one that is refused does not hold up the rest
        removed, findings = check_document_removal([*requests, ask()], REPOSITORY, HOME, 5)
        assert (removed, len(findings)) == ([ask()], 1)


def test_every_rule_is_tried() -> None:
    assert [row[0] for row in BROKEN] == [rule.id for rule in (*DOCUMENT_REMOVAL, *EACH_DOCUMENT_REMOVAL)]
