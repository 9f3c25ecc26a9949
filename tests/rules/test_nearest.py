"""What a sender probably meant."""

import pytest

from tests.samples.builders import code, document_entry, facts, submission
from xds.model import CodeKey
from xds.rules import REGISTRATION, CodeSet, RulePolicy, check
from xds.rules.nearest import nearest_codes, nearest_texts

LISTED = frozenset(
    {
        ("REPORTS", "2.999.1"),
        ("REPORTED", "2.999.1"),
        ("IMAGES", "2.999.1"),
        ("PLANS", "2.999.1"),
        ("REPORTS", "2.999.2"),
        ("ALERTS", "2.999.2"),
    }
)


@pytest.mark.parametrize(
    ("sent", "nearest"),
    [
        (("REPORTS", "2.999.9"), [("REPORTS", "2.999.1"), ("REPORTS", "2.999.2")]),  # another scheme
        (("reports", "2.999.1"), [("REPORTS", "2.999.1"), ("REPORTED", "2.999.1")]),  # another case
        (("IMAGE", "2.999.1"), [("IMAGES", "2.999.1")]),
        (("ALERT", "2.999.9"), [("ALERTS", "2.999.2")]),
        (("XYZZY", "2.999.1"), []),
    ],
)
def test_nearest_codes(sent: CodeKey, nearest: list[CodeKey]) -> None:
    assert nearest_codes(sent, LISTED) == nearest


def test_a_short_list_is_told_whole() -> None:
    assert nearest_codes(("XYZZY", "2.999.9"), sorted(LISTED)[:2]) == sorted(LISTED)[:2]
    assert nearest_codes(("XYZZY", "2.999.9"), []) == []


def test_nearest_texts() -> None:
    listed = ["application/pdf", "text/xml", "text/plain", "application/dicom"]
    assert nearest_texts("text/XML+x", listed)[0] == "text/xml"
    assert nearest_texts("x", ["b", "a"]) == ["a", "b"]


def test_findings_name_the_nearest() -> None:
    policy = RulePolicy(
        codes=CodeSet(codes={"classCode": LISTED}, mime_types=frozenset({"text/xml", "text/plain"}))
    )
    wrong = submission(document_entry(class_code=code("REPORT", "2.999.1"), mime_type="text/xlm"))
    found = {item.rule: item.context for item in check(REGISTRATION, wrong, facts(), policy)}
    assert found["42-codes"].startswith(
        "'REPORT^^2.999.1' is not in the domain's list for classCode; the nearest are REPORTS^^2.999.1,"
    )
    assert "; the nearest are text/plain, text/xml. " in found["42-mime-type"]


def test_only_the_first_of_many_are_compared() -> None:
    policy = RulePolicy(codes=CodeSet(codes={"eventCodeList": LISTED}))
    many = submission(document_entry(event_codes=tuple(code(f"REPORT{i}", "2.999.1") for i in range(50))))
    found = [item.context for item in check(REGISTRATION, many, facts(), policy)]
    assert [("nearest" in text) for text in found] == [True] * 10 + [False] * 40
