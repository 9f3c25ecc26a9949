"""`xds doctor`: what keeps a service from working, and how to mend it."""

import sys
from pathlib import Path
from urllib.parse import urlsplit

import click
import requests
from rich.console import Console
from rich.table import Table
from rich.text import Text

from xds.cli.health import Patient, examine
from xds.cli.options import DEFAULT_BASE, end_point, json_option
from xds.cli.outcome import Unreadable, write_json
from xds.cli.report import Check, State
from xds.cli.tls import tls_options
from xds.server.site import own_url
from xds.settings import SettingsError, load
from xds.transactions import Role

_STYLES = {State.OK: "green", State.WARN: "yellow", State.FAIL: "bold red"}


@click.command(epilog="\b\nExample: xds doctor --to http://127.0.0.1:8080")
@click.option("--to", "url", metavar="URL", help=f"The service, http://host:port.  [default: {DEFAULT_BASE}]")
@click.option(
    "--config", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path),
    help="Its settings file: disk and assumptions are examined too.",
)  # fmt: skip
@click.option(
    "--timeout", type=click.FloatRange(min=0, min_open=True), default=10.0, show_default=True, metavar="SECONDS",
    help="How long to wait for an answer.",
)  # fmt: skip
@tls_options
@json_option
def doctor(
    *, url: str | None, config: Path | None, timeout: float, session: requests.Session | None, as_json: bool
) -> None:
    """Find out what keeps a service from working.

    Process, clock, database, document store, each end point by a real message, disk, and what the affinity
    domain has still to decide: each line says ok, warn or fail, and how to mend it.

    Exit codes: 0 no fail, 1 a fail, 2 an unreadable settings file.
    """
    checks = list(examine(_patient(url, config), timeout, session))
    if as_json:
        write_json(
            {
                "healthy": _is_healthy(checks),
                "checks": [
                    {"name": item.name, "state": item.state, "said": item.said, "remedy": item.remedy}
                    for item in checks
                ],
            }
        )
    else:
        _show(checks)
        if config is None:
            click.echo("disk and settings are examined with --config FILE only", err=True)
    sys.exit(0 if _is_healthy(checks) else 1)


def _is_healthy(checks: list[Check]) -> bool:
    return all(item.state is not State.FAIL for item in checks)


def _patient(url: str | None, config: Path | None) -> Patient:
    if config is None:
        base = _base(end_point(url or DEFAULT_BASE, Role.REGISTRY))
        return Patient(
            base=base,
            registry=end_point(base, Role.REGISTRY),
            repository=end_point(base, Role.REPOSITORY),
        )
    try:
        settings = load(config)
    except SettingsError as error:
        raise Unreadable(str(error)) from None
    server = settings.server
    base = _base(url or server.public_url or own_url(server))
    return Patient(
        base=base,
        registry=base + server.registry_path if "registry" in server.roles else None,
        repository=base + server.repository_path if "repository" in server.roles else None,
        settings=settings,
    )


def _base(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _show(checks: list[Check]) -> None:
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 300
    table = Table.grid(padding=(0, 2))
    for item in checks:
        said = Text(item.said)
        if item.remedy:
            said.append(f"\n→ {item.remedy}")
        table.add_row(Text(item.state, style=_STYLES[item.state]), item.name, said)
    console.print(table)
