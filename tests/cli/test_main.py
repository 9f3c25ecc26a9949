"""The group: its help, its exit codes, its laziness."""

import subprocess
import sys
from importlib import import_module

import click
import pytest

from tests.client.peer import Peer, closed_port
from xds.cli.main import COMMANDS, main

from .conftest import Run

PATIENT = "P1001^^^&2.999.1.1&ISO"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_says_what_the_commands_say(name: str) -> None:
    command = getattr(import_module(f"xds.cli.{name}"), name)
    assert isinstance(command, click.Command)
    assert command.get_short_help_str(limit=200) == COMMANDS[name]


@pytest.mark.parametrize("name", ["", "publish", "query", "retrieve", "validate", "doctor"])
def test_help_fits_a_screen_and_ends_with_an_example(name: str, run: Run) -> None:
    result = run(*([name] if name else []), "--help")
    assert result.exit_code == 0
    lines = result.stdout.rstrip().splitlines()
    assert len(lines) <= 50
    assert max(map(len, lines)) <= 100
    example = result.stdout.rpartition("Example: ")[2]
    assert example.startswith(f"xds {name}" if name not in ("", "retrieve") else "xds ")
    assert "\n\n" not in example.strip()


def test_help_imports_no_command() -> None:
    code = "import sys, xds.cli.main as m\ntry: m.main(['--help'])\nexcept SystemExit: print(*sys.modules)"
    listed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    modules = set(listed.stdout.split())
    assert "xds.cli.main" in modules
    assert not modules & {"zeep", "spyne", "reportlab", "psycopg", "xds.cli.publish", "xds.store"}


def test_an_unknown_command_is_usage(run: Run) -> None:
    assert run("quary").exit_code == 2


def test_version(run: Run) -> None:
    assert run("--version").stdout.startswith("xds, version ")


def test_nobody_listens_is_3(run: Run) -> None:
    result = run(
        "query", "GetDocuments", "--set", "uniqueId=2.999.1", "--to", f"http://127.0.0.1:{closed_port()}"
    )
    assert result.exit_code == 3
    assert result.stdout == ""
    assert result.stderr.startswith("xds: http://127.0.0.1:")
    assert result.stderr.rstrip().endswith("connection refused; is the service running?")
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(("status", "code"), [(404, 1), (502, 3), (503, 3), (504, 3), (200, 1)])
def test_a_page_is_no_answer(status: int, code: int, run: Run, peer: Peer) -> None:
    peer.answers(b"<html>down</html>", "text/html", status=status)
    result = run("query", "FindDocuments", "--patient", PATIENT, "--to", peer.url)
    assert result.exit_code == code
    assert "<html>down</html>" in result.stderr


def test_a_fault_is_1(run: Run, peer: Peer) -> None:
    peer.answers(
        b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><s:Fault><s:Code>'
        b"<s:Value>s:Sender</s:Value></s:Code><s:Reason><s:Text>no such action</s:Text></s:Reason></s:Fault>"
        b"</s:Body></s:Envelope>",
        status=400,
    )
    result = run("query", "FindDocuments", "--patient", PATIENT, "--to", peer.url)
    assert result.exit_code == 1
    assert result.stderr == "xds: the service answered with a fault: Sender: no such action\n"


def test_commands_of_the_group_are_listed_lazily() -> None:
    assert main.list_commands(click.Context(main)) == list(COMMANDS)
