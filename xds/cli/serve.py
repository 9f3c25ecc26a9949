"""`xds serve`: the Lite service, or production from a settings file."""

import subprocess
import sys
from pathlib import Path
from typing import Final

import click

from xds.server.stopping import StopRequest

_HERE: Final = Path("xds-data")


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
    stop = StopRequest()
    # Imported here: a signal in the middle of these imports is noted too.
    from xds.server.running import Running, StartError  # noqa: PLC0415

    try:
        if config is None:
            running = Running.lite(host, port, data_dir)
            if data_dir is None and running.settings.data_dir != _HERE.absolute():
                click.echo(
                    f"The data is in {running.settings.data_dir}: the database does not run as root, and its user"
                    " cannot enter this folder."
                )
            first_minute = _FirstMinute(running.settings.log.file)
            running.serve(stop, on_ready=first_minute.begin, on_stop=first_minute.end)
        else:
            Running.production(config).serve(
                stop, on_ready=lambda url: click.echo(f"Serving on {url}"), on_stop=lambda: None
            )
    except StartError as error:
        click.echo(f"xds: {error}", err=True)
        sys.exit(1)


class _FirstMinute:
    """Seeds through the ITI-41 end point and shows both scenarios, from a process of its own.

    The server's process forks workers: it must not run a client's threads.
    """

    def __init__(self, log: Path | None) -> None:
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def begin(self, url: str) -> None:
        """Start it."""
        command = [
            sys.executable,
            "-m",
            "xds",
            "sandbox",
            "start",
            "--url",
            url,
            "--log",
            str(self._log or ""),
        ]
        # A session of its own: Ctrl-C is for the server, which ends this one before itself.
        self._process = subprocess.Popen(command, start_new_session=True)  # noqa: S603  # our own command

    def end(self) -> None:
        """End it, wherever it is; what is not published yet comes with the next start."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
