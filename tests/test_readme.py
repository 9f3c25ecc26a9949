"""README.md says what is: its output is the real one, its commands run, its table is the code's."""

import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.test_publish import seed_document
from tests.transactions.conftest import Service, base_settings, running
from xds.cli.main import COMMANDS
from xds.rules import QUERIES_OF, query_name
from xds.transactions import CATALOGUE

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
HERE = "http://127.0.0.1:8080"
SAMPLES = ROOT / "tests" / "samples" / "messages"
TIMES = re.compile(r"\b\d+ ms\b")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


def commands() -> list[list[str]]:
    """Every `$ …` of the console blocks, in words."""
    lines = [line for block in blocks("console") for line in block.splitlines()]
    assert all(line.startswith("$ ") for line in lines)
    return [shlex.split(line.removeprefix("$ ")) for line in lines]


def xds(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "xds", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        cwd=cwd,
    )


@pytest.fixture(scope="module")
def seeded(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("readme")
    with running(folder, base_settings(new_database(), folder)) as service:
        assert xds("sandbox", "publish", "--url", service.url).returncode == 0
        yield service


def test_the_output_is_the_real_one(seeded: Service) -> None:
    shown = xds("sandbox", "show", "--url", seeded.url)
    assert shown.returncode == 0, shown.stderr
    (block,) = blocks("text")
    real = shown.stdout.replace(seeded.url, HERE)
    assert TIMES.sub("… ms", block).strip() == TIMES.sub("… ms", real).strip()


@pytest.mark.parametrize("words", [words for words in commands() if words[0] == "make"], ids=" ".join)
def test_the_make_targets_exist(words: list[str]) -> None:
    dry = subprocess.run(
        ["make", "--dry-run", *words[1:]], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert dry.returncode == 0, dry.stderr


def test_the_make_targets_of_the_text_exist() -> None:
    phony = (ROOT / "Makefile").read_text("utf-8").partition(".PHONY:")[2].splitlines()[0].split()
    assert set(re.findall(r"`make (\w+)`", README)) <= set(phony)


def test_the_command_lines_run(seeded: Service, tmp_path: Path) -> None:
    """Each as it stands, but for the address and the files that its reader has."""
    (tmp_path / "report.xml").write_bytes(seed_document("text/xml"))
    (tmp_path / "message.xml").write_bytes((SAMPLES / "iti18-find-documents.xml").read_bytes())
    wanted = [words[1:] for words in commands() if words[0].endswith("/xds")]
    assert {words[0] for words in wanted} >= {"query", "publish", "validate"}
    assert {words[0] for words in wanted} <= set(COMMANDS)
    for words in wanted:
        if words[0] == "serve":
            assert (ROOT / words[words.index("--config") + 1]).exists()
            continue
        if words[0] in ("query", "publish") and "--to" not in words:
            words += ["--to", HERE]
        done = xds(*(word.replace(HERE, seeded.url) for word in words), cwd=tmp_path)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"


def row(start: str) -> str:
    (found,) = [line for line in README.splitlines() if line.startswith(f"| {start}")]
    return found


def test_the_table_names_the_transactions() -> None:
    for transaction in CATALOGUE:
        assert row(f"{transaction.number} {transaction.name}")


OPTIONS = {
    "Document Metadata Update": "test_option_document_metadata_update.py",
    "Submission replay": "test_option_submission_replay.py",
    "Remove Metadata and Documents": "test_option_remove.py",
    "On-Demand Documents": "test_option_on_demand.py",
    "XDS.b Reference ID": "test_option_reference_id.py",
}
"""Options of the profile, and the test of each."""


@pytest.mark.parametrize("option", OPTIONS)
def test_the_table_names_the_options_each_with_a_test_of_its_own(option: str) -> None:
    assert re.search(r"\| (yes|in part|\*\*not yet\*\*)", row(f"Option {option}").removeprefix("|"))
    text = (ROOT / "tests" / "transactions" / OPTIONS[option]).read_text("utf-8")
    assert option in text.partition("\n")[0]


@pytest.mark.parametrize("number", QUERIES_OF)
def test_the_table_names_the_stored_queries(number: str) -> None:
    named = set(re.findall(r"\b(?:Find|Get)[A-Z]\w+", row(number)))
    assert named == {query_name(query) for query in QUERIES_OF[number]}


def test_the_pythons_are_those_of_the_package() -> None:
    named = set(re.findall(r"\b3\.1\d\b", README))
    setup = (ROOT / "setup.cfg").read_text("utf-8")
    assert named == set(re.findall(r"Python :: (3\.\d+)", setup))


def test_ci_runs_the_test_command_of_the_page() -> None:
    assert "`make test` runs the whole suite" in README
    lines = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    assert [line for line in lines if line.split(" ||")[0] == "make test"]
