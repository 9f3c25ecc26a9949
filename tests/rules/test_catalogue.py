"""The rules as a whole, of every transaction."""

import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import tests.rules
from tests.rules import test_attributes
from xds.model import XdsError
from xds.rules import ALL_RULES, Rule, RulePolicy
from xds.rules.catalogue import _BOOKS

SOURCES = Path(__file__).parents[2] / "xds"


def test_ids_differ() -> None:
    ids = [rule.id for rule in ALL_RULES]
    assert len(set(ids)) == len(ids)


def test_every_book_of_the_package_is_listed() -> None:
    """A rule that is written down and not listed could not be found by who sets levels."""
    written = set()
    for path in (SOURCES / "rules").glob("*.py"):
        written |= set(re.findall(r'\.rule\(\s*"([0-9a-z-]+)"', path.read_text("utf-8")))
    assert written - {rule.id for rule in ALL_RULES} == set()
    assert len(_BOOKS) == len(set(_BOOKS))


def shown() -> set[str]:
    """The rules that a table ``BROKEN…`` of the tests beside this one has a row for: a message that breaks it."""
    found = {f"42-{kind}-{name}-required" for kind, name, _ in test_attributes.REQUIRED}
    for module in pkgutil.iter_modules(tests.rules.__path__):
        names = vars(importlib.import_module(f"tests.rules.{module.name}"))
        for table in (value for name, value in names.items() if name.startswith("BROKEN")):
            found |= {row[0] if isinstance(row, tuple) else row.rule for row in table}
    return found


def test_every_rule_is_broken_by_a_message() -> None:
    """The row's own test asserts that nothing but the rule finds it."""
    assert {rule.id for rule in ALL_RULES} - shown() == set()


@pytest.mark.parametrize("rule", ALL_RULES, ids=lambda rule: rule.id)
def test_a_rule_says_what_it_is(rule: Rule[object]) -> None:
    assert re.fullmatch(r"(\d\d|structure|ontario)-[A-Za-z-]+[A-Za-z0-9-]*", rule.id)
    assert rule.section
    assert rule.title.endswith(".")
    assert not rule.remedy.endswith(".")
    assert issubclass(rule.error, XdsError)
    assert rule.error.code
    assert rule.transactions
    assert all(re.fullmatch(r"(ITI|RAD)-\d+", item) for item in rule.transactions)
    assert not (
        rule.essential and (rule.strict_only or rule.profile != "ihe" or rule.default_level != "error")
    )


@pytest.mark.parametrize("rule", ALL_RULES, ids=lambda rule: rule.id)
def test_levels(rule: Rule[object]) -> None:
    """What is set counts before what is preset; an essential rule is always an error."""
    field, strict = RulePolicy(), RulePolicy(strictness="strict")
    silenced = RulePolicy(levels={rule.id: "off"})
    raised = RulePolicy(levels={rule.id: "error"})
    assert rule.level(raised) == "error"
    assert rule.level(silenced) == ("error" if rule.essential else "off")
    assert rule.level(field) == ("off" if rule.strict_only or rule.profile != "ihe" else rule.default_level)
    assert rule.level(strict) == ("off" if rule.profile != "ihe" else rule.default_level)
