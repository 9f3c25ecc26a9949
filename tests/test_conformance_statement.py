"""docs/conformance.md says what is: its tables are those of the catalogue, the plans and the checks."""

import re
import shlex
from pathlib import Path

from click.testing import CliRunner

from xds.cli.main import main
from xds.conformance import OPTIONS, load_plans
from xds.conformance.checks import MEANINGS
from xds.transactions import CATALOGUE

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "conformance.md").read_text("utf-8")
PLANS = load_plans()
OTHER_TRANSACTIONS = {"ITI-8": "Patient Identity Feed", "ITI-64": "XAD-PID Link Change"}
"""Those that come by HL7 v2: the catalogue is of SOAP."""


def rows(header: str) -> list[list[str]]:
    """The cells of the table that begins with these columns."""
    part = PAGE.partition(f"| {header} |\n")[2]
    lines = part.splitlines()[1:]
    found = []
    for line in lines:
        if not line.startswith("|"):
            break
        found.append([cell.strip().strip("`") for cell in line.strip("|").split(" | ")])
    return found


def test_every_transaction_is_stated() -> None:
    stated = {row[0]: row for row in rows("number | name | actor | encoding | state | plans")}
    known = {row.number: row.name for row in CATALOGUE} | OTHER_TRANSACTIONS
    assert {number: row[1] for number, row in stated.items()} == known
    for item in CATALOGUE:
        row = stated[item.number]
        assert ("MTOM" in row[3]) == item.mtom, item.number
        assert item.role.value in row[2].lower(), item.number


def test_every_transaction_has_its_plans() -> None:
    for row in rows("number | name | actor | encoding | state | plans"):
        using = [plan.id for plan in PLANS if row[0] in plan.transactions]
        assert int(row[5]) == len(using), row[0]
        # What no plan drives has tests of its own: tests/transactions/test_gateway.py, tests/imaging/.
        assert using or "Gateway" in row[2] or "Imaging" in row[2], row[0]
        assert row[4] == "yes"


def test_the_options_are_those_of_the_command() -> None:
    stated = {row[0]: row for row in rows("option | what it is | plans")}
    assert {key: row[1] for key, row in stated.items()} == OPTIONS
    for key, row in stated.items():
        assert row[2].split(", ") == [plan.id for plan in PLANS if key in plan.options]


def test_the_checks_are_those_of_the_runner() -> None:
    assert {row[0]: row[1] for row in rows("check | says")} == MEANINGS


def test_the_public_ids_are_those_of_the_plans() -> None:
    covered: dict[str, list[str]] = {}
    for plan in PLANS:
        for item in plan.covers:
            covered.setdefault(item, []).append(plan.id)
    assert {row[0]: row[1].split(", ") for row in rows("id | plans")} == covered
    assert [row[0] for row in rows("id | plans")] == sorted(covered)


def test_the_commands_are_real() -> None:
    """Each takes the options that stand there."""
    lines = re.findall(r"^\$ (xds .*)$", PAGE, re.MULTILINE)
    assert len(lines) == 2
    for line in lines:
        words = shlex.split(line)[1:]
        at = next(index for index, word in enumerate(words) if word.startswith("--"))
        shown = CliRunner().invoke(main, [*words[:at], "--help"])
        assert shown.exit_code == 0
        for word in words[at:]:
            if word.startswith("--"):
                assert word in shown.output
            elif "/" in word and not word.startswith("http") and "build" not in word:
                assert (ROOT / word).exists()


def test_what_is_said_not_to_be_checked_names_files_that_exist() -> None:
    for name in re.findall(r"`((?:tests|xds|deploy)/[\w/.]+)`", PAGE):
        assert (ROOT / name).exists(), name
