"""`--tls-cert`, `--tls-key` and `--tls-ca`: what a client shows of itself over TLS, and whom it believes."""

import functools
import ssl
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from xds.cli.outcome import Unreadable
from xds.client.transport import new_session
from xds.pki import PkiError, client_context

Command = Callable[..., Any]


def tls_options(command: Command) -> Command:
    """Options of a command that gets `session`: connections by them, or None for the client's own."""

    @click.option(
        "--tls-cert",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="Certificate to show to the server (PEM).",
    )
    @click.option(
        "--tls-key",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="Key of --tls-cert (PEM).",
    )
    @click.option(
        "--tls-ca",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="Who issues the server's certificate (PEM).",
    )
    @functools.wraps(command)
    def with_tls(
        *arguments: Any, tls_cert: Path | None, tls_key: Path | None, tls_ca: Path | None, **named: Any
    ) -> Any:
        context = tls_context(tls_cert, tls_key, tls_ca)
        if context is None:
            return command(*arguments, session=None, **named)
        with closing(new_session(named.get("url") or "", context)) as session:
            return command(*arguments, session=session, **named)

    return with_tls


def tls_context(
    certificate: Path | None, key: Path | None, authorities: Path | None
) -> ssl.SSLContext | None:
    """Return how to speak TLS; None where no file is named.

    Raises
    ------
    click.UsageError, Unreadable
        A key without its certificate, or a file that cannot be used.
    """
    if certificate is None and key is not None:
        raise click.UsageError("--tls-key goes with --tls-cert")
    if certificate is None and authorities is None:
        return None
    try:
        return client_context(authorities=authorities, certificate=certificate, key=key)
    except PkiError as error:
        raise Unreadable(str(error)) from None
