"""`xds doctor`: what each check says of a service that is well, ill, or not there."""

import json
import os
import pty
import sys
from pathlib import Path

import pytest

from tests.client.peer import Answer, Peer, Received, closed_port, envelope
from xds.cli.health import assumptions
from xds.cli.report import State
from xds.settings import RegistrySettings, RepositorySettings, ServerSettings, Settings

from .conftest import Run

OK = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success"
NO = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Failure"
ERROR = "urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:Error"
QUERY = "urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0"
RS = "urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0"


def refusal(code: str) -> str:
    """A RegistryResponse with one error."""
    return (
        f'<r:RegistryResponse xmlns:r="{RS}" status="{NO}"><r:RegistryErrorList><r:RegistryError errorCode="{code}"'
        f' codeContext="because" severity="{ERROR}"/></r:RegistryErrorList></r:RegistryResponse>'
    )


def well(request: Received) -> Answer:
    """What a service that is well answers."""
    if b"AdhocQueryRequest" in request.body:
        return Answer(envelope(f'<q:AdhocQueryResponse xmlns:q="{QUERY}" status="{OK}"/>'))
    return Answer(envelope(refusal("XDSUnknownRepositoryId")))


@pytest.fixture
def healthy(peer: Peer) -> Peer:
    """A service that is well."""
    peer.respond = well
    peer.pages = {
        "/healthz": Answer(b'{"status": "up"}', "application/json"),
        "/readyz": Answer(b'{"status": "ready", "database": true, "documents": true}', "application/json"),
    }
    return peer


def states(run: Run, *arguments: object) -> dict[str, str]:
    """The state of each check."""
    result = run("doctor", "--json", *arguments)
    document = json.loads(result.stdout)
    assert document["schema_version"] == 1
    assert result.exit_code == (0 if document["healthy"] else 1)
    assert all(item["remedy"] for item in document["checks"] if item["state"] != "ok")
    return {item["name"]: item["state"] for item in document["checks"]}


def test_a_service_that_is_well(run: Run, healthy: Peer) -> None:
    names = ("process", "clock", "database", "documents", "registry", "repository")
    assert states(run, "--to", healthy.base) == dict.fromkeys(names, "ok")
    assert {request.path for request in healthy.received} == {"/dics/registry", "/dics/repository"}


def test_the_database_is_away(run: Run, healthy: Peer) -> None:
    healthy.pages["/readyz"] = Answer(b'{"status": "not ready", "database": false}', "application/json", 503)
    assert states(run, "--to", healthy.base)["database"] == "fail"
    result = run("doctor", "--to", healthy.base)
    assert "fail  database" in result.stdout
    assert "→ see the service's log; is the database running" in result.stdout


def test_an_end_point_answers_wrongly(run: Run, healthy: Peer) -> None:
    healthy.respond = lambda _request: Answer(envelope(refusal("XDSRegistryBusy")))
    found = states(run, "--to", healthy.base)
    assert (found["registry"], found["repository"]) == ("fail", "fail")
    healthy.respond = lambda _request: Answer(b"<html/>", "text/html", 404)
    found = states(run, "--to", healthy.base)
    assert (found["registry"], found["repository"]) == ("fail", "fail")


def test_nobody_is_there(run: Run) -> None:
    found = states(run, "--to", f"http://127.0.0.1:{closed_port()}")
    assert found == {"process": "fail", "registry": "fail", "repository": "fail"}


def test_somebody_else_is_there(run: Run, peer: Peer) -> None:
    peer.respond = well
    assert states(run, "--to", peer.base)["process"] == "fail"


def test_a_readiness_that_cannot_be_read(run: Run, healthy: Peer) -> None:
    healthy.pages["/readyz"] = Answer(b"[]", "text/plain")
    assert states(run, "--to", healthy.base)["readiness"] == "fail"


@pytest.mark.parametrize(
    ("date", "state"),
    [("Mon, 01 Jan 2024 00:00:00 GMT", "fail"), ("yesterday", "warn"), (None, "ok")],
)
def test_the_clock(date: str | None, state: str, run: Run, healthy: Peer) -> None:
    if date is not None:
        healthy.pages["/healthz"] = Answer(b"{}", "application/json", headers={"Date": date})
    assert states(run, "--to", healthy.base)["clock"] == state


def test_with_its_settings(run: Run, healthy: Peer, tmp_path: Path) -> None:
    config = tmp_path / "xds.toml"
    (tmp_path / "data").mkdir()
    port = healthy.base.rpartition(":")[2]
    config.write_text(
        f'data_dir = "data"\n[server]\nport = {port}\nroles = ["registry"]\nregistry_path = "/r"\n'
        "[limits]\nfree_space_bytes = 1048576\n",
        "utf-8",
    )
    found = states(run, "--config", config)
    assert "repository" not in found
    assert [request.path for request in healthy.received] == ["/r"]
    assert found["disk"] == "ok"
    assert (found["rules"], found["A1 patient ids"]) == ("ok", "warn")
    config.write_text(f'data_dir = "gone"\n[server]\nport = {port}\n', "utf-8")
    assert states(run, "--config", config)["disk"] == "fail"
    wrong = config.read_text("utf-8") + '[rules]\nlevels = { "42-code" = "off" }\n'
    config.write_text(wrong, "utf-8")
    assert states(run, "--config", config)["rules"] == "fail"
    config.write_text("oops = 1\n", "utf-8")
    assert run("doctor", "--config", config).exit_code == 2


def test_assumptions_at_their_defaults_are_warned_of() -> None:
    found = list(assumptions(Settings()))
    assert [item.name.split()[0] for item in found] == ["A1", "A3", "A3", "A4", "A12"]
    assert {item.state for item in found} == {State.WARN}
    settled = Settings(
        server=ServerSettings(registry_path="/xds/registry"),
        registry=RegistrySettings(
            patient_authority="1.2.3", home_community_id="urn:oid:1.2.4", codes_file=Path("codes.json")
        ),
        repository=RepositorySettings(unique_id="1.2.5"),
    )
    assert list(assumptions(settled)) == []


@pytest.mark.parametrize("no_color", [False, True])
def test_colours_on_a_terminal_only_and_not_with_no_color(no_color: bool, healthy: Peer) -> None:
    leader, follower = pty.openpty()
    environment = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "FORCE_COLOR")}
    environment |= {"TERM": "xterm-256color"} | ({"NO_COLOR": "1"} if no_color else {})
    child = os.posix_spawn(
        sys.executable,
        [sys.executable, "-m", "xds", "doctor", "--to", healthy.base],
        environment,
        file_actions=[(os.POSIX_SPAWN_DUP2, follower, fd) for fd in (0, 1, 2)],
    )
    os.close(follower)
    written = b""
    try:
        while piece := os.read(leader, 4096):
            written += piece
    except OSError:  # Linux says so when the last writer has gone
        pass
    os.close(leader)
    os.waitpid(child, 0)
    assert b"is up" in written
    assert (b"\x1b[32m" in written) is not no_color
