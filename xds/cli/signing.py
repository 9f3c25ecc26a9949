"""`--sign-key` and `--sign-cert`: what a request is signed with."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from xds.cli.outcome import Unreadable
from xds.pki import PkiError
from xds.wss import SigningIdentity, read_identity

Command = Callable[..., Any]


def signing_options(command: Command) -> Command:
    """Options of a command that gets `signing`: a `SigningIdentity`, or None."""

    @click.option(
        "--sign-key",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="Sign the request with this key (PEM).",
    )
    @click.option(
        "--sign-cert",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="Certificate of --sign-key (PEM).",
    )
    @functools.wraps(command)
    def with_signing(*arguments: Any, sign_key: Path | None, sign_cert: Path | None, **named: Any) -> Any:
        return command(*arguments, signing=_identity(sign_key, sign_cert), **named)

    return with_signing


def _identity(key: Path | None, certificate: Path | None) -> SigningIdentity | None:
    if key is None and certificate is None:
        return None
    if key is None or certificate is None:
        raise click.UsageError("--sign-key and --sign-cert go together")
    try:
        return read_identity(certificate, key)
    except PkiError as error:
        raise Unreadable(str(error)) from None
