"""`xds keys`: certificates and keys to try signed feeds and mutual TLS with."""

from pathlib import Path

import click

from xds.cli.outcome import Refused
from xds.pki import PkiError, make_sandbox


@click.group(epilog="\b\nExample: xds keys sandbox keys")
def keys() -> None:
    """Certificates and keys to try signed feeds and mutual TLS with."""


@keys.command(
    epilog="\b\nExample: xds keys sandbox keys\n         xds serve --config deploy/secured.toml --keys keys"
)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
def sandbox(folder: Path) -> None:
    """Make an authority, a server, two partners and their partner table.

    DIR gets ca.pem and ca.crl, server.key and server.pem (for localhost), partner-a and partner-b, each .key and
    .pem, and partners.toml. The keys are fresh, have no password, are good for a year, and protect nothing real.
    What is in DIR is never replaced.
    """
    try:
        made = make_sandbox(folder)
    except PkiError as error:
        raise Refused(str(error)) from None
    for path in made:
        click.echo(path)
