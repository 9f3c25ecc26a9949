"""The metadata store for commands that work on it directly, as an administrator of the service."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, Final

import click

from xds.cli.outcome import Refused, Unreachable, Unreadable
from xds.settings import SettingsError, load
from xds.store import (
    Conflict,
    EmbeddedPostgres,
    Pool,
    SchemaError,
    StoreBusy,
    StoreUnavailable,
    locate_binaries,
    open_pool,
    schema_state,
)

_STATEMENT_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """Which database is meant."""

    config: Path | None
    dsn: str | None
    data_dir: Path | None = None  # of a Lite service, which runs

    @contextmanager
    def opened(self) -> Iterator[Pool]:
        """A pool on it for the block.

        Raises
        ------
        Unreadable, Refused, Unreachable
            The settings, the schema or the database are not usable; one sentence.
        """
        address = self._address()
        try:
            state = schema_state(address)
        except SchemaError as error:
            raise Refused(str(error)) from None
        except StoreUnavailable as error:
            raise Unreachable(str(error)) from None
        if not state.is_current:
            raise Refused(
                f"the schema is at migration {state.current} and this version works with {state.needed};"
                " run `xds db migrate`, or the version that made it"
            )
        pool = open_pool(
            address,
            size=2,
            statement_timeout=_STATEMENT_SECONDS,
            idle_in_transaction_timeout=_STATEMENT_SECONDS,
        )
        try:
            yield pool
        except (StoreUnavailable, StoreBusy, Conflict):
            raise Unreachable(
                "the database went away, or is too busy; nothing was changed, try again"
            ) from None
        finally:
            pool.close()

    def _address(self) -> str:
        if self.data_dir is not None:
            return _own_of(self.data_dir)
        if self.dsn:
            return self.dsn
        if self.config is None:
            raise click.UsageError(
                "name the database: --dsn, XDS_DATABASE_URL, --config, or --data-dir of a Lite service"
            )
        try:
            settings = load(self.config)
        except SettingsError as error:
            raise Unreadable(str(error)) from None
        if settings.store.dsn:
            return settings.store.dsn
        return _own_of(settings.data_dir)


def _own_of(data_dir: Path) -> str:
    """The address of a service's own database: it is there while the service runs."""
    return EmbeddedPostgres(data_dir.absolute() / "postgresql", locate_binaries()).dsn


def database_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--config``, ``--dsn`` and ``--data-dir``; the command gets a `Database` as `database`."""

    @click.option(
        "--config", type=click.Path(path_type=Path), help="Settings file; XDS_DATABASE_URL overrides it."
    )
    @click.option("--dsn", envvar="XDS_DATABASE_URL", help="Address of the database.")
    @click.option(
        "--data-dir",
        type=click.Path(path_type=Path),
        help="Data folder of a Lite service that runs: its own database.",
    )
    @wraps(command)
    def with_database(
        *arguments: Any, config: Path | None, dsn: str | None, data_dir: Path | None, **named: Any
    ) -> Any:
        return command(*arguments, database=Database(config=config, dsn=dsn, data_dir=data_dir), **named)

    return with_database
