"""docs/client.md: every example is run, in its order, against a running service."""

import doctest
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.transactions.conftest import base_settings, running
from xds.cli.main import main

from .test_publish import seed_document

PAGE = Path(__file__).parents[2] / "docs" / "client.md"
SAMPLE = Path(__file__).parents[1] / "samples" / "messages" / "iti18-find-documents.xml"
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
BLOCK = re.compile(r"^```(python|console)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def run_line(line: str) -> str:
    """Run `xds … | xds …` and return what it writes to standard output."""
    output = ""
    for command in line.split(" | "):
        name, *arguments = shlex.split(command)
        assert name == "xds"
        result = CliRunner().invoke(main, arguments, input=output)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        output = result.stdout
    return output


def run_console(block: str) -> None:
    """Run the commands of a console block and compare what they write."""
    for example in block.removeprefix("$ ").split("\n$ "):
        line, _, want = example.partition("\n")
        got = run_line(line)
        checker = doctest.OutputChecker()
        assert checker.check_output(want, got, FLAGS), f"{line}\nwrote\n{got}\nand not\n{want}"


def run_python(block: str, names: dict[str, object]) -> None:
    """Run the examples of a python block, each seeing the names of those before it."""
    test = doctest.DocTestParser().get_doctest(block, names, PAGE.name, str(PAGE), 0)
    report: list[str] = []
    doctest.DocTestRunner(optionflags=FLAGS).run(test, out=report.append, clear_globs=False)
    names.update(test.globs)
    assert not report, "".join(report)


def test_every_example_of_the_page(
    new_database: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = PAGE.read_text("utf-8")
    blocks = BLOCK.findall(text)
    assert len(blocks) == text.count("\n```\n") == 15
    (tmp_path / "service").mkdir()
    monkeypatch.chdir(tmp_path)
    report = re.sub(rb'(<id root=")[^"]*', rb"\g<1>2.999.5.7.1", seed_document("text/xml"), count=1)
    Path("report.xml").write_bytes(report)
    Path("broken-query.xml").write_text(SAMPLE.read_text("utf-8").replace("20240101", "2024-01-01"), "utf-8")
    names: dict[str, object] = {}
    with running(tmp_path / "service", base_settings(new_database(), tmp_path / "service")) as service:
        for kind, block in blocks:
            local = block.replace("http://127.0.0.1:8080", service.url)
            run_console(local) if kind == "console" else run_python(local, names)
