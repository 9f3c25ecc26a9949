"""`xds conformance`: lists, exit codes, and what it refuses; a whole run is in tests/transactions."""

import json
from pathlib import Path

import pytest

from tests.client.peer import Peer, closed_port

from .conftest import Run


def test_the_list(run: Run) -> None:
    shown = run("conformance", "list")
    assert shown.exit_code == 0
    assert "replace-document" in shown.stdout
    listed = json.loads(run("conformance", "list", "--json").stdout)
    (plan,) = [plan for plan in listed["plans"] if plan["id"] == "replace-document"]
    assert plan["covers"] == ["11992"]
    assert plan["transactions"] == ["ITI-42", "ITI-18"]
    assert "on-demand" in listed["options"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "name what is tested"),
        (("no-such-plan", "--registry", "http://127.0.0.1:1"), "there is no plan no-such-plan"),
        (("--registry", "registry"), "is not an address"),
        (("--registry", "http://127.0.0.1:1", "--pid-feed", "here"), "is no HOST:PORT"),
        (("--registry", "http://127.0.0.1:1", "--without", "teleport"), "teleport"),
    ],
)
def test_usage(arguments: tuple[str, ...], told: str, run: Run) -> None:
    result = run("conformance", "run", *arguments)
    assert result.exit_code == 2
    assert told in result.stderr


def test_a_strange_code_is_usage(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "codes.toml"
    for text, told in (
        ("clas_code = 'a^^b'", "clas_code"),
        ("class_code = 1", "not a text"),
        ("=", "not TOML"),
    ):
        path.write_text(text, "utf-8")
        result = run("conformance", "run", "--registry", "http://127.0.0.1:1", "--codes", str(path))
        assert result.exit_code == 2
        assert told in result.stderr


def test_a_certificate_that_is_none_is_usage(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "no.pem"
    path.write_text("no certificate", "utf-8")
    for option in ("--ca", "--cert"):
        result = run("conformance", "run", "--registry", "https://127.0.0.1:1", option, str(path))
        assert result.exit_code == 2
        assert "no.pem" in result.stderr


def test_nobody_listens_is_3(run: Run) -> None:
    port = closed_port()
    result = run("conformance", "run", "--registry", f"http://127.0.0.1:{port}")
    assert result.exit_code == 3
    assert f"http://127.0.0.1:{port}/dics/registry cannot be reached" in result.stderr


def test_what_a_plan_lacks_is_told_and_nothing_run_is_no_success(run: Run, peer: Peer) -> None:
    result = run("conformance", "run", "unknown-patient", "--registry", peer.url)
    assert result.exit_code == 1
    assert "NOT RUN" in result.stdout
    assert "--pid-feed or --patients" in result.stdout
    assert "0 plans passed, 0 failed, 1 not run" in result.stdout
    without = run("conformance", "run", "reference-id", "--registry", peer.url, "--without", "reference-id")
    assert "not claimed: Reference ID Option" in without.stdout


def test_an_answer_that_is_no_soap_fails_every_assertion_of_it(run: Run, peer: Peer, tmp_path: Path) -> None:
    peer.answers(b"<html>down</html>", "text/html")
    result = run(
        "conformance", "run", "soap-action-ignored", "--registry", peer.url, "--report", str(tmp_path)
    )
    assert result.exit_code == 1
    assert "query/wire-content-type" in result.stdout
    assert "text/html" in result.stdout
    (path,) = tmp_path.glob("*.json")
    assert run("conformance", "verify", str(path)).exit_code == 0


def test_a_file_that_is_no_report_is_2(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text('{"format": 1}', "utf-8")
    result = run("conformance", "verify", str(path))
    assert result.exit_code == 2
    assert "no whole conformance report" in result.stderr
