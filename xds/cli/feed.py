"""`xds feed`: what a DI-r runs to publish its reports (docs/feed.md)."""

import signal
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import requests

from xds.cli.options import F, json_option, timeout_option
from xds.cli.outcome import Refused, Unreadable, write_json
from xds.cli.signing import signing_options
from xds.cli.tls import tls_options
from xds.client import RegistryClient, RepositoryClient
from xds.codes import load_concept_map
from xds.log import configure
from xds.pki import PkiError
from xds.settings import LogSettings, SettingsError
from xds.source import Feed, FeedSettings, FeedTaken, Queue, State, load_feed_settings
from xds.wss import SigningIdentity

_SHOWN = 12  # characters of a message's key


def _read_config(
    _context: click.Context, _parameter: click.Parameter, value: Path | None
) -> FeedSettings | None:
    if value is None:
        return None
    try:
        return load_feed_settings(value)
    except SettingsError as error:
        raise Unreadable(str(error)) from None


def _config_option(*, required: bool) -> Callable[[F], F]:
    return click.option(
        "--config",
        "settings",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        required=required,
        callback=_read_config,
        help="Settings of the feed (TOML; docs/feed.md).",
    )


@click.group(
    invoke_without_command=True,
    epilog="\b\nExamples: xds feed --config feed.toml\n          xds feed status --config feed.toml",
)
@_config_option(required=False)
@timeout_option
@signing_options
@tls_options
@click.pass_context
def feed(
    context: click.Context,
    *,
    settings: FeedSettings | None,
    timeout: float,
    signing: SigningIdentity | None,
    session: requests.Session | None,
) -> None:
    """Publish the reports of an HL7 v2 ORU feed until Ctrl-C.

    A message is acknowledged when it is in the queue on the disk; nothing is lost or published twice by a crash.
    """
    if context.invoked_subcommand is not None:
        return
    if settings is None:
        raise click.UsageError("say --config FILE")
    try:
        mapping = None if settings.concept_map is None else load_concept_map(settings.concept_map)
    except SettingsError as error:
        raise Unreadable(str(error)) from None
    with (
        RepositoryClient(
            settings.repository, timeout=timeout, signing=signing, session=session
        ) as repository,
        RegistryClient(settings.registry, timeout=timeout, signing=signing, session=session) as registry,
    ):
        try:
            running = Feed(settings, repository, registry, mapping)
        except FeedTaken as error:
            raise Refused(str(error)) from None
        except PkiError as error:
            raise Unreadable(str(error)) from None
        configure(LogSettings())
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda _number, _frame: stop.set())
        click.echo(_announcement(settings))
        running.run(stop)


def _announcement(settings: FeedSettings) -> str:
    doors = [
        f"MLLP on {settings.mllp.host}:{settings.mllp.port}" if settings.mllp.port else "",
        f"files in {settings.folder}" if settings.folder is not None else "",
        f"state at http://127.0.0.1:{settings.status_port}/" if settings.status_port else "",
    ]
    return f"The feed runs: {', '.join(filter(None, doors))}. It publishes to {settings.repository}."


@feed.command(epilog="\b\nExample: xds feed status --config feed.toml --json")
@_config_option(required=True)
@json_option
def status(*, settings: FeedSettings, as_json: bool) -> None:
    """Show the queue: how many messages, dead letters, procedure codes that nobody mapped.

    A reason may quote what the service answered.
    """
    with _queue(settings) as queue:
        if as_json:
            write_json(_as_json(queue))
        else:
            for line in _lines(queue):
                click.echo(line)


@feed.command(epilog="\b\nExample: xds feed retry --config feed.toml 3f9a01")
@_config_option(required=True)
@click.argument("beginning", metavar="[KEY]", default="")
def retry(*, settings: FeedSettings, beginning: str) -> None:
    """Put dead letters back into the queue: those whose key begins with KEY, or all."""
    with _queue(settings) as queue:
        click.echo(f"{queue.retry(beginning)} messages are tried again")


@contextmanager
def _queue(settings: FeedSettings) -> Iterator[Queue]:
    if not settings.data_dir.is_dir():
        raise Unreadable(f"{settings.data_dir} is not there: no feed has run with these settings")
    try:
        queue = Queue(settings.data_dir)
        try:
            yield queue
        finally:
            queue.close()
    except sqlite3.Error as error:
        raise Unreadable(f"the queue in {settings.data_dir} cannot be read ({error})") from None


def _lines(queue: Queue) -> Iterator[str]:
    yield "\t".join(f"{count} {state}" for state, count in queue.counts().items())
    if (oldest := queue.oldest()) is not None:
        yield f"oldest waiting: {oldest} UTC"
    for state in (State.WAITING, State.DEAD):
        for item in queue.letters(state):
            if item.reason:
                yield f"{state}\t{item.key[:_SHOWN]}\t{item.received}\t{item.control_id}\t{item.reason}"
    for code, scheme, display, count in queue.unmapped():
        yield f"unmapped\t{count} × {code} of {scheme}\t{display}"


def _as_json(queue: Queue) -> dict[str, object]:
    def letters(state: State) -> list[dict[str, object]]:
        return [
            {
                "key": item.key,
                "received": item.received,
                "control_id": item.control_id,
                "attempts": item.attempts,
                "reason": item.reason,
            }
            for item in queue.letters(state)
        ]

    return {
        "messages": {state.value: count for state, count in queue.counts().items()},
        "oldest_waiting": queue.oldest(),
        "waiting": letters(State.WAITING),
        "dead_letters": letters(State.DEAD),
        "unmapped": [
            {"code": code, "scheme": scheme, "display": display, "count": count}
            for code, scheme, display, count in queue.unmapped()
        ],
    }
