"""`xds serve`: the Lite service, or production from a settings file."""

import subprocess
import sys
from pathlib import Path

import click

from xds.server.running import Running, StartError


@click.command(epilog="Example: xds serve --lite --port 8080 --data-dir xds-data")
@click.option("--lite", is_flag=True, help="The Lite service: seeded, no security layer, same code.")
@click.option("--config", type=click.Path(path_type=Path), help="Production: the settings file (TOML).")
@click.option("--host", default=None, help="Address to listen on; Lite only (127.0.0.1).")
@click.option("--port", type=click.IntRange(0, 65535), default=None, help="Port; Lite only (8080).")
@click.option(
    "--data-dir", type=click.Path(path_type=Path), default=None, help="Data folder; Lite only (./xds-data)."
)
def serve(lite: bool, config: Path | None, host: str | None, port: int | None, data_dir: Path | None) -> None:
    """Serve registry and repository until Ctrl-C."""
    if lite == (config is not None):
        raise click.UsageError("say either --lite or --config FILE")
    if config is not None and (host or port is not None or data_dir):
        raise click.UsageError("--host, --port and --data-dir go with --lite; with --config the file says it")
    try:
        if config is None:
            running = Running.lite(host, port, data_dir)
            running.serve(on_ready=lambda url: _first_minute(url, running.settings.log.file))
        else:
            Running.production(config).serve(on_ready=lambda url: click.echo(f"Serving on {url}"))
    except StartError as error:
        click.echo(f"xds: {error}", err=True)
        sys.exit(1)


def _first_minute(url: str, log: Path | None) -> None:
    """Seed through the ITI-41 end point and show both scenarios, from a process of its own.

    The server's process forks workers: it must not run a client's threads.
    """
    command = [sys.executable, "-m", "xds", "sandbox", "start", "--url", url, "--log", str(log or "")]
    subprocess.Popen(command)  # noqa: S603  # our own command
