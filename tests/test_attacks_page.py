"""docs/attacks.md: every row of the attack list, with the tests that there are."""

import ast
import re
from collections import defaultdict
from pathlib import Path

TESTS = Path(__file__).parent
PAGE = (TESTS.parent / "docs" / "attacks.md").read_text("utf-8")
ROWS = (
    *(f"W{number}" for number in range(1, 10)),
    *(f"X{number}" for number in range(1, 7)),
    *("P1", "P2", "M1", "M2", "M3", "M4", "D1", "D2", "D3", "D4", "D5"),
    *("Q1", "Q2", "N1", "U1", "T1", "A1", "H1", "C1", "R1"),
)
"""Of the security digest, section 3."""


def there_are() -> dict[str, set[str]]:
    """Each row's tests, as file and name."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in TESTS.rglob("test_*.py"):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef) and (
                named := re.match(r"test_([a-z]\d)(?![a-z\d])", node.name)
            ):
                found[named[1].upper()].add(f"{path.relative_to(TESTS).as_posix()}::{node.name}")
    return found


def told() -> dict[str, set[str]]:
    """Each row's tests, as the page has them."""
    found: dict[str, set[str]] = {}
    for row, cell in re.findall(r"^\| ([A-Z]\d) \|.* \| (.*) \|$", PAGE, re.MULTILINE):
        assert row not in found
        found[row] = set()
        for file, names in re.findall(r"`([^`]+)`: ([^;]+)", cell):
            for name in names.split(", "):
                whole = "_".join(("test", row.lower(), *(() if name == "(itself)" else (name,))))
                found[row].add(f"{file}::{whole}")
    return found


def test_every_row_has_the_tests_that_there_are() -> None:
    there, page = there_are(), told()
    assert tuple(page) == ROWS
    missing = {row: there.get(row, set()) - page[row] for row in ROWS}
    gone = {row: page[row] - there.get(row, set()) for row in ROWS}
    assert {row: names for row, names in missing.items() if names} == {}, "add them to docs/attacks.md"
    assert {row: names for row, names in gone.items() if names} == {}, "these are no tests any more"


def test_a_row_without_a_test_says_so() -> None:
    assert [row for row, names in told().items() if not names] == re.findall(
        r"^\| ([A-Z]\d) \|.*\*\*no test yet\*\*", PAGE, re.MULTILINE
    )
