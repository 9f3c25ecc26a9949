"""The layer of rules, with a book of its own."""

import pytest

from xds.model import RegistryMetadataError, Severity
from xds.rules import RuleBook, RulePolicy, run

BOOK: RuleBook[str] = RuleBook("ours 1", ("ITI-0",))


@BOOK.rule("0-short", error=RegistryMetadataError, title="Short.", remedy="Shorten it")
def short(case: str) -> list[tuple[str, str]]:
    return [("case", f"{len(case)} characters")] if len(case) > 3 else []


@BOOK.rule("0-lower", error=RegistryMetadataError, title="Lower.", remedy="Lower it", strict_only=True)
def lower(case: str) -> list[tuple[str, str]]:
    return [("case", "Upper case")] if case != case.lower() else []


def test_a_rule_stays_callable_by_itself() -> None:
    assert short("four") == [("case", "4 characters")]


def test_findings_carry_rule_remedy_and_severity() -> None:
    (finding,) = run(BOOK.rules, "FOUR", RulePolicy(levels={"0-short": "warning"}))
    assert (finding.rule, finding.context, finding.location) == (
        "0-short",
        "4 characters. Shorten it",
        "case",
    )
    assert finding.severity is Severity.WARNING


def test_strict_adds_rules() -> None:
    assert [item.rule for item in run(BOOK.rules, "FOUR", RulePolicy(strictness="strict"))] == [
        "0-short",
        "0-lower",
    ]


def test_a_level_counts_before_strictness() -> None:
    strict_but = RulePolicy(strictness="strict", levels={"0-lower": "off"})
    assert [item.rule for item in run(BOOK.rules, "FOUR", strict_but)] == ["0-short"]


def test_an_id_is_taken_once() -> None:
    with pytest.raises(ValueError, match="rule 0-short is registered twice"):
        BOOK.rule("0-short", error=RegistryMetadataError, title="", remedy="")
