"""`xds db`: the schema of the metadata store."""

import sys
from pathlib import Path

import click

from xds.settings import SettingsError, load
from xds.store import SchemaError, StoreUnavailable, migrate


@click.group()
def db() -> None:
    """The metadata store's schema."""


@db.command(name="migrate", epilog="Example: XDS_DATABASE_URL=postgresql://xds_owner@db/xds xds db migrate")
@click.option(
    "--config", type=click.Path(path_type=Path), help="Settings file; XDS_DATABASE_URL overrides it."
)
@click.option("--dsn", envvar="XDS_DATABASE_URL", help="Address of the database.")
def migrate_command(config: Path | None, dsn: str | None) -> None:
    """Bring the schema to this version, as its owner; the service may then run with fewer rights."""
    try:
        address = dsn or (load(config).store.dsn if config is not None else None)
        if not address:
            raise click.UsageError("name the database: --dsn, XDS_DATABASE_URL, or --config with store.dsn")
        applied = migrate(address)
    except (SettingsError, SchemaError) as error:
        click.echo(f"xds: {error}", err=True)
        sys.exit(1)
    except StoreUnavailable as error:
        click.echo(f"xds: {error}", err=True)
        sys.exit(3)
    for name in applied:
        click.echo(f"applied {name}")
    if not applied:
        click.echo("the schema is current")
