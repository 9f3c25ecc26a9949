"""docs/rules.md is what the rules say."""

from pathlib import Path

import pytest

from xds.model import RegistryMetadataError
from xds.rules import ALL_RULES, RuleBook
from xds.rules.document import described, page

PAGE = Path(__file__).parents[2] / "docs" / "rules.md"
BOOK: RuleBook[str] = RuleBook("ours 1", ("ITI-0",), "ontario")


@BOOK.rule(
    "0-short",
    error=RegistryMetadataError,
    title="It is short.",
    remedy="Shorten it",
    strict_only=True,
    default_level="warning",
)
def short(_case: str) -> list[tuple[str, str]]:
    """Counted in characters."""
    return []


def test_the_page_is_true() -> None:
    assert PAGE.read_text("utf-8") == page(), "run python -m xds.rules.document > docs/rules.md"


@pytest.mark.parametrize("rule", ALL_RULES, ids=lambda rule: rule.id)
def test_every_rule_has_one_row(rule: object) -> None:
    assert page().count(f"\n| `{rule.id}` |") == 1  # type: ignore[attr-defined]


def test_headings_differ() -> None:
    headings = [line for line in page().splitlines() if line.startswith("## ")]
    assert len(set(headings)) == len(headings)


def test_a_rule_in_words() -> None:
    rule = described(BOOK.rules[0])
    assert (rule.id, rule.section, rule.code) == ("0-short", "ours 1", "XDSRegistryMetadataError")
    assert (rule.title, rule.detail, rule.remedy) == ("It is short.", "Counted in characters.", "Shorten it.")
    assert (rule.transactions, rule.profile, rule.always) == (("ITI-0",), "ontario", False)
    assert rule.levels == {
        "ihe": {"field": "off", "strict": "off"},
        "ontario": {"field": "off", "strict": "warning"},
    }
