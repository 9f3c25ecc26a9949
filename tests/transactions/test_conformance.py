"""`xds conformance` over real sockets: our server passes every plan, a wrong one none of their assertions."""

import json
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec
import pytest

from tests.conformance.wrong import Given, WrongServer, faults
from tests.transactions.conftest import Service, base_settings, merged, running
from xds.conformance import Plan, Run, Step, Target, load_plans, read_report, verify
from xds.conformance.names import Names
from xds.conformance.report import PlanResult, Verdict
from xds.rules import SUPPORTED
from xds.transactions import CATALOGUE

ROOT = Path(__file__).parents[2]
PLANS = load_plans()


@pytest.fixture(scope="module")
def conforming(
    new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """A service with the settings that outside test tools meet."""
    folder = tmp_path_factory.mktemp("conformance")
    shipped = tomllib.loads((ROOT / "deploy" / "conformance.toml").read_text("utf-8"))
    base = base_settings(new_database(), folder)
    settings = merged(shipped, {key: base[key] for key in ("data_dir", "store")})
    changes = {
        "server": {"port": base["server"]["port"]},
        "registry": {"codes_file": str(ROOT / "deploy" / "codes.toml")},
    }
    settings = merged(settings, changes)
    with running(folder, settings) as service:
        yield service


@dataclass
class Recorded:
    """What a run of every plan through the recording server gave."""

    wrong: WrongServer
    run: Run
    results: dict[str, PlanResult] = field(default_factory=dict)


@pytest.fixture(scope="module")
def recorded(conforming: Service) -> Iterator[Recorded]:
    with WrongServer(conforming.url) as wrong:
        target = Target(registry=f"{wrong.url}/dics/registry", repository=f"{wrong.url}/dics/repository")

        def observe(plan: Plan, step: Step) -> None:
            wrong.current = (plan.id, step.id)

        run = Run(target, observer=observe)
        found = Recorded(wrong, run)
        for plan in PLANS:
            if not missing(plan):
                found.results[plan.id] = run.plan(plan)
        yield found


def missing(plan: Plan) -> str:
    """What our server does not have yet of what a plan uses."""
    numbers = {row.number for row in CATALOGUE}
    known = {"".join(word.capitalize() for word in query.name.split("_")) for query in SUPPORTED}
    wanted = [number for number in plan.transactions if number not in numbers and number != "ITI-8"]
    wanted += [step.query.name for step in plan.steps if step.query and step.query.name not in {*known, ""}]
    return ", ".join(wanted)


def skip_unless_run(plan: Plan, recorded: "Recorded") -> None:
    if lacking := missing(plan):
        pytest.skip(f"not there yet: {lacking}")
    reason = recorded.results[plan.id].reason
    if reason:
        assert set(plan.needs) & {"pid-feed", "known-patients"}, reason
        pytest.skip(reason)


def told(result: PlanResult) -> list[str]:
    return [
        f"{step.id}/{item.id}: {item.says} Found: {item.found}"
        for step in result.steps
        for item in step.judgements
        if not item.passed
    ] + [f"{step.id}: {step.reason}" for step in result.steps if step.reason]


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.id)
def test_our_server_passes(plan: Plan, recorded: Recorded) -> None:
    skip_unless_run(plan, recorded)
    result = recorded.results[plan.id]
    assert told(result) == []
    assert result.verdict is Verdict.PASSED
    assert {step.id for step in plan.steps} <= {step.id for step in result.steps}


def uncaught(plan: Plan, recorded: Recorded) -> list[str]:
    """The assertions of a plan that no wrong answer makes fail; one wrong answer at a time."""
    result = recorded.results[plan.id]
    left: list[str] = []
    for step in plan.steps:
        true = recorded.wrong.kept[plan.id, step.id]
        (clean,) = [item for item in result.steps if item.id == step.id]
        missing = {item.id for item in clean.judgements}
        for _, fault in faults(true):
            if not missing:
                break
            missing -= failing(plan, step, result, recorded, fault)
        left += [f"{step.id}/{item}" for item in sorted(missing)]
    return left


def failing(plan: Plan, step: Step, result: PlanResult, recorded: Recorded, fault: Given) -> set[str]:
    """Send the step again to the wrong server and return which assertions see the fault."""
    names = Names(plan, recorded.run.target, seed=recorded.run.seed, patients=iter(()))
    names.known = dict(result.names)
    recorded.wrong.fault = fault
    try:
        again = recorded.run.step(plan, msgspec.structs.replace(step, wait=0.0), names)
    finally:
        recorded.wrong.fault = None
    return {item.id for item in again.judgements if not item.passed}


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.id)
def test_every_assertion_can_fail(plan: Plan, recorded: Recorded) -> None:
    skip_unless_run(plan, recorded)
    assert uncaught(plan, recorded) == [], "no wrong answer makes these fail"


def xds(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "xds", "conformance", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, cwd=ROOT)


def test_the_command_and_its_report(conforming: Service, tmp_path: Path) -> None:
    done = xds("run", "replace-document", "--registry", conforming.url, "--report", str(tmp_path), "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads(done.stdout)
    assert said["passed"] is True
    (path,) = [Path(name) for name in said["files"] if name.endswith(".json")]
    assert {item.suffix for item in tmp_path.iterdir()} == {".json", ".html", ".xml"}
    assert xds("verify", str(path)).returncode == 0
    report = read_report(path)
    assert verify(report, PLANS) == []


def test_a_wrong_server_fails(conforming: Service, tmp_path: Path) -> None:
    def change(given: Given) -> Given:
        return replace(given, body=given.body.replace(b"StatusType:Deprecated", b"StatusType:Approved"))

    with WrongServer(conforming.url, change=change) as wrong:
        done = xds("run", "replace-document", "--registry", wrong.url, "--report", str(tmp_path))
    assert done.returncode == 1
    assert "deprecated/status" in done.stdout
    (path,) = tmp_path.glob("*.json")
    assert xds("verify", str(path)).returncode == 0, "a report of a failure is as true as another"


def test_the_wire_table_is_that_of_the_catalogue() -> None:
    """Written twice on purpose: a difference is a fault in one of them."""
    from xds.conformance.wire import PREFIXES, wires  # noqa: PLC0415

    for row in CATALOGUE:
        if row.number not in wires():
            continue
        wire = wires()[row.number]
        prefix, _, name = wire.body.partition(":")
        assert (wire.action, wire.mtom, wire.role) == (row.action, row.mtom, row.role.value)
        assert row.response_action in wire.answers
        assert f"{{{PREFIXES[prefix]}}}{name}" == row.response
