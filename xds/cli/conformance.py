"""`xds conformance`: our own test plans against any registry or repository."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click
import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from xds.cli.options import end_point, json_option
from xds.cli.outcome import Unreachable as NotReachable
from xds.cli.outcome import Unreadable, write_json
from xds.conformance import (
    OPTIONS,
    Plan,
    Report,
    Step,
    Target,
    TargetError,
    Unreachable,
    load_plans,
    read_report,
    run_plans,
    verify,
    write_report,
)
from xds.conformance.report import PlanResult, ReportError, Verdict
from xds.conformance.target import DEFAULT_AUTHORITY, read_codes, tls_context
from xds.transactions import Role

_STYLES: Final = {Verdict.PASSED: "green", Verdict.FAILED: "bold red", Verdict.NOT_RUN: "yellow"}


@click.group()
def conformance() -> None:
    """Run our own test plans against a registry or repository."""


@conformance.command("list", epilog="Example: xds conformance list")
@json_option
def list_(as_json: bool) -> None:
    """List the plans: what each tests and needs."""
    plans = load_plans()
    if as_json:
        write_json({"plans": [_plan_json(plan) for plan in plans], "options": dict(OPTIONS)})
        return
    console = _console()
    table = Table.grid(padding=(0, 2))
    for plan in plans:
        needs = ", ".join((*plan.needs, *plan.options))
        table.add_row(
            plan.id, plan.title, " ".join(plan.transactions), " ".join(plan.covers), f"needs {needs}"
        )
    console.print(table)
    steps = sum(len(plan.steps) for plan in plans)
    click.echo(f"{len(plans)} plans, {steps} steps", err=True)


@conformance.command(
    epilog="\b\nExample: xds conformance run --registry http://127.0.0.1:8081 \\\n"
    "           --repository http://127.0.0.1:8081 --pid-feed 127.0.0.1:3600 --report reports"
)
@click.argument("ids", metavar="[PLAN]...", nargs=-1)
@click.option("--registry", metavar="URL", help="The registry's end point, or http://host:port of ours.")
@click.option("--repository", metavar="URL", help="The repository's end point, or http://host:port of ours.")
@click.option(
    "--pid-feed", metavar="HOST:PORT", help="Patient identity feed (MLLP): patients are made known by it."
)
@click.option(
    "--patients", metavar="FILE", type=click.Path(dir_okay=False, exists=True, path_type=Path),
    help="Without a feed: known patients that have nothing, one CX a line; each is used once.",
)  # fmt: skip
@click.option(
    "--authority", metavar="OID", default=DEFAULT_AUTHORITY, show_default=True,
    help="Assigning authority of the patients.",
)  # fmt: skip
@click.option(
    "--codes", metavar="FILE", type=click.Path(dir_okay=False, exists=True, path_type=Path),
    help="Codes of the affinity domain (TOML), where they are not those of the plans.",
)  # fmt: skip
@click.option(
    "--ca", metavar="FILE", type=click.Path(dir_okay=False, exists=True, path_type=Path),
    help="Authorities to trust over TLS (PEM), where they are not those of this machine.",
)  # fmt: skip
@click.option(
    "--cert", metavar="FILE", type=click.Path(dir_okay=False, exists=True, path_type=Path),
    help="Certificate with its key (PEM), where the peer asks for one.",
)  # fmt: skip
@click.option("--pid-feed-tls", is_flag=True, help="Speak to the patient identity feed over TLS.")
@click.option(
    "--without", metavar="OPTION", multiple=True, type=click.Choice(list(OPTIONS)),
    help="An option that is not claimed (repeat it): " + ", ".join(OPTIONS) + ".",
)  # fmt: skip
@click.option("--timeout", type=click.FloatRange(min=0, min_open=True), default=30.0, show_default=True,
              metavar="SECONDS", help="How long to wait for an answer.")  # fmt: skip
@click.option(
    "--report", "folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path),
    help="Write the dated report there: HTML, JSON, JUnit.",
)  # fmt: skip
@json_option
def run(
    ids: Sequence[str],
    *,
    registry: str | None,
    repository: str | None,
    pid_feed: str | None,
    patients: Path | None,
    authority: str,
    codes: Path | None,
    ca: Path | None,
    cert: Path | None,
    pid_feed_tls: bool,
    without: Sequence[str],
    timeout: float,
    folder: Path | None,
    as_json: bool,
) -> None:
    """Run plans against a registry, a repository, or both.

    Without PLAN all of them. What a plan needs and is not given makes it NOT RUN, with the reason. Everything
    that is sent is fabricated and stays in the system under test: never run it against real data.

    Exit codes: 0 all that ran passed, 1 something failed, 2 usage, 3 not reachable.
    """
    if registry is None and repository is None:
        raise click.UsageError("name what is tested: --registry URL, --repository URL, or both")
    with _told_in_words():
        target = Target(
            registry=None if registry is None else end_point(registry, Role.REGISTRY),
            repository=None if repository is None else end_point(repository, Role.REPOSITORY),
            pid_feed=None if pid_feed is None else _host_and_port(pid_feed),
            authority=authority,
            patients=() if patients is None else _lines(patients),
            without=frozenset(without),
            codes={} if codes is None else read_codes(codes),
            tls=tls_context(ca, cert) if ca or cert else None,
            pid_feed_tls=pid_feed_tls,
            timeout=timeout,
        )
        report = run_plans(_chosen(ids), target, observer=Observing())
    written = () if folder is None else write_report(report, folder)
    _show(report, written, as_json)
    sys.exit(1 if report.failed else 0)


@conformance.command(
    "verify", epilog="\b\nExample: xds conformance verify reports/conformance-20260101T120000Z.json"
)
@click.argument("path", metavar="REPORT", type=click.Path(dir_okay=False, exists=True, path_type=Path))
@json_option
def verify_(path: Path, as_json: bool) -> None:
    """Check that a JSON report is whole and true.

    Every assertion is evaluated again on the octets that the report holds; counts and verdicts have to follow.

    Exit codes: 0 whole and true, 1 not, 2 no report.
    """
    try:
        report = read_report(path)
    except ReportError as error:
        raise Unreadable(str(error)) from None
    problems = verify(report, load_plans())
    if as_json:
        write_json({"report": str(path), "true": not problems, "problems": problems})
    else:
        for problem in problems:
            click.echo(problem)
        click.echo(f"{path}: {f'{len(problems)} problems' if problems else 'whole and true'}", err=True)
    sys.exit(1 if problems else 0)


@contextmanager
def _told_in_words() -> Iterator[None]:
    try:
        yield
    except TargetError as error:
        raise Unreadable(str(error)) from None
    except Unreachable as error:
        raise NotReachable(str(error)) from None


def _chosen(ids: Sequence[str]) -> tuple[Plan, ...]:
    plans = load_plans()
    known = {plan.id for plan in plans} | {item for plan in plans for item in plan.covers}
    for item in ids:
        if item not in known:
            raise click.BadParameter(
                f"there is no plan {item}; see `xds conformance list`", param_hint="PLAN"
            )
    return tuple(plan for plan in plans if not ids or plan.id in ids or set(plan.covers) & set(ids))


def _host_and_port(text: str) -> tuple[str, int]:
    host, parted, port = text.removeprefix("mllp://").rpartition(":")
    if not parted or not host or not port.isdecimal() or not 0 < int(port) < 65_536:
        raise click.BadParameter(f"{text!r} is no HOST:PORT", param_hint="--pid-feed")
    return host.strip("[]"), int(port)


def _lines(path: Path) -> tuple[str, ...]:
    return tuple(line.strip() for line in path.read_text("utf-8").splitlines() if line.strip())


class Observing:
    """Tells the terminal which plan is being run."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._plan = ""

    def __call__(self, plan: Plan, _step: Step) -> None:
        if plan.id != self._plan and self._console.is_terminal:
            self._plan = plan.id
            self._console.print(f"[dim]{plan.id}[/dim]", highlight=False)


def _show(report: Report, written: Sequence[Path], as_json: bool) -> None:
    if as_json:
        write_json(
            {
                "passed": not report.failed,
                "counts": msgspec.to_builtins(report.counts),
                "files": [str(path) for path in written],
                "plans": [_result_json(plan) for plan in report.plans],
            }
        )
        return
    console = _console()
    table = Table.grid(padding=(0, 2))
    for plan in report.plans:
        told = Text(plan.title)
        for line in _told(plan):
            told.append(f"\n{line}")
        table.add_row(Text(plan.verdict.value.upper(), style=_STYLES[plan.verdict]), plan.id, told)
    console.print(table)
    counts = report.counts
    click.echo(
        f"{counts.plans[Verdict.PASSED]} plans passed, {counts.plans[Verdict.FAILED]} failed,"
        f" {counts.plans[Verdict.NOT_RUN]} not run; {counts.assertions_passed} assertions passed,"
        f" {counts.assertions_failed} failed"
    )
    for path in written:
        click.echo(path)
    made_up = report.target.pid_feed is None and not report.target.listed_patients
    if made_up and any("XDSUnknownPatientId" in line for plan in report.plans for line in _told(plan)):
        click.echo(
            "the patients were made up, and the registry refuses unknown ones: say --pid-feed or --patients",
            err=True,
        )


def _told(plan: PlanResult) -> list[str]:
    """What a reader has to know of a plan: why it was not run, what failed."""
    lines = [plan.reason] if plan.reason else []
    for step in plan.steps:
        if step.reason:
            lines.append(f"{step.id}: not run: {step.reason}")
        lines += [
            f"{step.id}/{item.id}: {item.says} Found: {item.found} [{item.section}]"
            for item in step.judgements
            if not item.passed
        ]
    return lines


def _plan_json(plan: Plan) -> dict[str, object]:
    return {
        "id": plan.id,
        "title": plan.title,
        "about": plan.about,
        "covers": list(plan.covers),
        "transactions": list(plan.transactions),
        "needs": [*plan.needs, *plan.options],
        "steps": len(plan.steps),
    }


def _result_json(plan: PlanResult) -> dict[str, object]:
    return {"id": plan.id, "title": plan.title, "verdict": plan.verdict.value, "told": _told(plan)}


def _console() -> Console:
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 300
    return console
