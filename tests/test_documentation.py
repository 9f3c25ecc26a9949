"""The pages in docs/ and beside the code: links lead somewhere, lists are whole."""

import re
from configparser import ConfigParser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = (ROOT, ROOT / "docs", ROOT / "docs" / "decisions", ROOT / "deploy")
PAGES = sorted(page for folder in FOLDERS for page in folder.glob("*.md"))


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as code forges make them."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if re.match(r"https?:|mailto:", target):
            continue
        name, _, anchor = target.partition("#")
        file = page if not name else page.parent / name
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_tests_that_a_page_names_are_there(page: Path) -> None:
    named = re.findall(r"`(tests/[\w/.-]*)`", page.read_text(encoding="utf-8"))
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_map_of_the_docs_is_whole() -> None:
    linked = set(re.findall(r"\]\(([^)#\s]+)", (ROOT / "docs" / "index.md").read_text(encoding="utf-8")))
    pages = {page.name for page in (ROOT / "docs").glob("*.md")} - {"index.md"}
    assert pages <= linked, "docs/index.md leaves pages out"


def test_the_list_of_decisions_is_whole() -> None:
    folder = ROOT / "docs" / "decisions"
    linked = set(re.findall(r"\]\(([^)#\s]+)", (folder / "README.md").read_text(encoding="utf-8")))
    assert {page.name for page in folder.glob("0*.md")} <= linked


def named(setup: ConfigParser, section: str, key: str) -> list[str]:
    lines = [line for line in setup[section][key].split("\n") if line]
    return [re.split(r"[\s\[<>=;]", line, maxsplit=1)[0].lower() for line in lines]


def rows(heading: str) -> list[str]:
    text = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    part = text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return [row.split("|")[1].strip() for row in part.split("\n") if row.startswith("| ")][1:]


@pytest.mark.parametrize(
    ("heading", "section", "key"),
    [
        ("At run time", "options", "install_requires"),
        ("Where it can be built", "options.extras_require", "fast"),
        ("For the tests", "options.extras_require", "test"),
        ("For what is installed", "options.extras_require", "audit"),
        ("For the benchmarks", "options.extras_require", "bench"),
    ],
)
def test_every_dependency_has_its_row(heading: str, section: str, key: str) -> None:
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    assert rows(heading) == named(setup, section, key)


def test_the_changelog_is_in_its_form() -> None:
    """Keep a Changelog 1.1.0: unreleased first, and no other kind of change than its six."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE)[0] == "[Unreleased]"
    kinds = set(re.findall(r"^### (.*)$", text, re.MULTILINE))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
