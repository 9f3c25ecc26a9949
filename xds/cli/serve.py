"""`xds serve`: the Lite service, or production from a settings file."""

import subprocess
import sys
from pathlib import Path
from typing import Final

import click

from xds.server.stopping import StopRequest

_HERE: Final = Path("xds-data")


def _read_sources(
    _context: click.Context, _parameter: click.Parameter, value: tuple[str, ...]
) -> tuple[tuple[str, str], ...]:
    read = []
    for item in value:
        uid, _, place = item.partition("=")
        if not uid or not place:
            raise click.BadParameter(
                f"{item!r} is no source; write it like 2.999.50.1=http://127.0.0.1:8042/dicom-web"
            )
        read.append((uid, place))
    return tuple(read)


@click.command(
    epilog="\b\nExample: xds serve --lite --port 8080 --data-dir xds-data\n"
    "         xds serve --config deploy/conformance.toml --port 8081 --codes codes.xml\n"
    "         xds serve --config deploy/secured.toml --keys keys"
)
@click.option("--lite", is_flag=True, help="The Lite service: seeded, no security layer, same code.")
@click.option(
    "--config", type=click.Path(path_type=Path), help="The settings file (TOML) of another service."
)
@click.option("--host", help="Address to listen on, patient feed too.  [Lite: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="Port, 0 for any free one.  [Lite: 8080]")
@click.option(
    "--pid-feed-port",
    type=click.IntRange(0, 65535),
    help="Port of the patient feed (MLLP), 0 for none.  [Lite: 0]",
)
@click.option(
    "--codes", type=click.Path(path_type=Path), help="Code lists to enforce: our TOML, or a codes.xml."
)
@click.option(
    "--keys", type=click.Path(path_type=Path, file_okay=False, exists=True), metavar="DIR",
    help="Certificate, key and partners of `xds keys sandbox DIR`.",
)  # fmt: skip
@click.option(
    "--no-tls", is_flag=True, help="Plain HTTP on the loopback address, signatures demanded all the same."
)
@click.option(
    "--imaging-source",
    "imaging_sources",
    multiple=True,
    metavar="UID=URL",
    callback=_read_sources,
    help="An archive of images: its Retrieve Location UID, and its DICOMweb service or a folder of DICOM files.",
)
@click.option("--data-dir", type=click.Path(path_type=Path), help="Data folder.  [Lite: ./xds-data]")
def serve(
    *,
    lite: bool,
    config: Path | None,
    host: str | None,
    port: int | None,
    pid_feed_port: int | None,
    codes: Path | None,
    keys: Path | None,
    no_tls: bool,
    imaging_sources: tuple[tuple[str, str], ...],
    data_dir: Path | None,
) -> None:
    """Serve registry and repository until Ctrl-C.

    What an option says counts before the settings file. deploy/ has files for production and for outside test
    tools; docs/settings.md lists what can be set.
    """
    if lite == (config is not None):
        raise click.UsageError("say either --lite or --config FILE")
    if lite and (keys is not None or no_tls):
        raise click.UsageError(
            "--keys and --no-tls go with --config FILE: the Lite service has no security layer"
        )
    stop = StopRequest()
    # Imported here: a signal in the middle of these imports is noted too.
    from xds.cli.announcement import announcement  # noqa: PLC0415
    from xds.server.running import Running, StartError  # noqa: PLC0415
    from xds.settings import Options  # noqa: PLC0415

    options = Options(
        host=host,
        port=port,
        pid_feed_port=pid_feed_port,
        codes=codes,
        data_dir=data_dir,
        keys=keys,
        no_tls=no_tls,
        imaging_sources=imaging_sources,
    )
    try:
        if config is None:
            running = Running.lite(options)
            if data_dir is None and running.settings.data_dir != _HERE.absolute():
                click.echo(
                    f"The data is in {running.settings.data_dir}: the database does not run as root, and its user"
                    " cannot enter this folder."
                )
            first_minute = _FirstMinute(running.settings.log.file)
            running.serve(stop, on_ready=first_minute.begin, on_stop=first_minute.end)
        else:
            running = Running.production(config, options)
            running.serve(
                stop,
                on_ready=lambda url: click.echo(announcement(running.settings, url)),
                on_stop=lambda: None,
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
