"""A service from start to stop: port, data folder, database, schema, workers; each failure is one sentence."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from xds.log import configure
from xds.server.http import HttpError, HttpSettings, WSGIApplication, bind, serve
from xds.server.site import service_url
from xds.server.wiring import House, build, rule_policy
from xds.server.worker import Pace
from xds.settings import MIB, Settings, SettingsError, lite_settings, load
from xds.store import (
    EmbeddedPostgres,
    EmbeddedPostgresError,
    SchemaError,
    StoreUnavailable,
    default_data_folder,
    locate_binaries,
    migrate,
)

_LEAST_FREE: Final = 256 * MIB
"""A data folder with less room is no place to start a database in."""


class StartError(Exception):
    """The service cannot start; one sentence that says why and how to mend it."""


@dataclass(slots=True)
class Running:
    """A service as it is set up."""

    settings: Settings

    @classmethod
    def lite(cls, host: str | None, port: int | None, data_dir: Path | None) -> Self:
        """The Lite service; without a data folder, ./xds-data or one that the database can reach."""
        folder = data_dir if data_dir is not None else default_data_folder(Path("xds-data"))
        return cls(lite_settings(host or "127.0.0.1", 8080 if port is None else port, folder.absolute()))

    @classmethod
    def production(cls, config: Path) -> Self:
        """Production, from a settings file.

        Raises
        ------
        StartError
            The file cannot be read or says something that it may not.
        """
        try:
            return cls(load(config))
        except SettingsError as error:
            raise StartError(str(error)) from None

    def serve(self, on_ready: Callable[[str], None]) -> None:
        """Serve until a signal; `on_ready` gets the address once requests are answered.

        Raises
        ------
        StartError
            A taken port, a broken data folder, no disk, a database or schema that does not fit.
        """
        server = self.settings.server
        try:
            listener = bind(server.host, server.port)
            host, port = listener.getsockname()[:2]
            _prepare(self.settings.data_dir)
            _open_log(self.settings)
            rule_policy(self.settings)  # a mistake in the code lists is told here, not by a worker
            lock = _lock(self.settings.data_dir)
            with _database(self.settings) as dsn:
                migrate(dsn)
                serve(
                    lambda: _application(self.settings, dsn),
                    listener,
                    _http_settings(self.settings),
                    on_ready=lambda: on_ready(service_url(host, port)),
                )
            os.close(lock)
        except (HttpError, EmbeddedPostgresError, SchemaError, SettingsError, StoreUnavailable) as error:
            raise StartError(str(error)) from None


def _application(settings: Settings, dsn: str) -> WSGIApplication:
    house: House = build(settings, dsn)
    return house.application


def _http_settings(settings: Settings) -> HttpSettings:
    server, limits = settings.server, settings.limits
    return HttpSettings(
        workers=server.workers,
        threads=server.threads,
        keep_alive_seconds=limits.keep_alive_seconds,
        request_line_bytes=limits.http_request_line,
        header_bytes=limits.http_header_bytes,
        header_fields=limits.http_header_fields,
        pace=Pace(
            grace_seconds=limits.header_seconds,
            octets_per_second=limits.body_minimum_rate,
            total_seconds=limits.body_seconds,
        ),
    )


@contextmanager
def _database(settings: Settings) -> Iterator[str]:
    """The database: the one that is named, else an embedded one that lives as long as the service."""
    dsn = settings.store.dsn  # XDS_DATABASE_URL has had its say in the settings
    if dsn:
        yield dsn
        return
    with EmbeddedPostgres(settings.data_dir / "postgresql", locate_binaries()) as embedded:
        yield embedded.dsn


def _prepare(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        vault_folder_of = folder / "documents"
        vault_folder_of.mkdir(mode=0o700, exist_ok=True)
        free = os.statvfs(folder)
    except OSError as error:
        raise StartError(
            f"the data folder {folder} cannot be used ({error.strerror}); choose another with --data-dir"
        ) from None
    if free.f_bavail * free.f_frsize < _LEAST_FREE:
        raise StartError(
            f"the data folder {folder} has less than {_LEAST_FREE // MIB} MiB free; make room or choose another"
        )


def _open_log(settings: Settings) -> None:
    try:
        configure(settings.log)
    except OSError as error:
        raise StartError(f"the log {settings.log.file} cannot be written ({error.strerror})") from None


def _lock(folder: Path) -> int:
    """Hold the data folder: two services on one would each take the other's files for their own."""
    descriptor = os.open(folder / "xds.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise StartError(
            f"another xds serves from the data folder {folder}; stop it, or choose another with --data-dir"
        ) from None
    return descriptor
