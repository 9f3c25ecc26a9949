"""A service from start to stop: port, data folder, database, schema, workers; each failure is one sentence."""

import fcntl
import gc
import logging
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Self

from xds.log import configure
from xds.pki import PkiError
from xds.server.activity import active
from xds.server.channel import Pace
from xds.server.credentials import Credentials, sha1_partners
from xds.server.feeds import FeedDoor, open_feed_door
from xds.server.footing import unsound
from xds.server.http import HttpError, HttpSettings, WSGIApplication, bind, bind_unix, serve
from xds.server.memory import keep_freed_memory
from xds.server.policies import policies
from xds.server.site import service_url
from xds.server.stopping import StopRequest
from xds.server.wiring import House, build
from xds.settings import MIB, Options, ServerSettings, Settings, SettingsError, lite_settings, load
from xds.store import (
    EmbeddedPostgres,
    EmbeddedPostgresError,
    SchemaError,
    StoreUnavailable,
    default_data_folder,
    locate_binaries,
    migrate,
)

log = logging.getLogger(__name__)

_FORESEEN: Final = (
    HttpError,
    EmbeddedPostgresError,
    PkiError,
    SchemaError,
    SettingsError,
    StoreUnavailable,
)
_COLLECT_AFTER: Final = 20_000
"""Objects made and not yet gone before the youngest are looked at for cycles."""
_LEAST_FREE: Final = 256 * MIB
"""A data folder with less room is no place to start a database in."""
_ORPHANS_SECONDS: Final = 45.0
"""The workers of a service that was killed hold its folder and port until their last request is answered."""


class StartError(Exception):
    """The service cannot start; one sentence that says why and how to mend it."""


@dataclass(slots=True)
class Running:
    """A service as it is set up."""

    settings: Settings

    @classmethod
    def lite(cls, options: Options) -> Self:
        """The Lite service; without a data folder, ./xds-data or one that the database can reach.

        Raises
        ------
        StartError
            XDS_DATABASE_URL is no address of a database, or an option cannot be used.
        """
        folder = options.data_dir or default_data_folder(Path("xds-data"))
        try:
            settings = lite_settings("127.0.0.1", 8080, folder.absolute())
            return cls(options.over(settings))
        except SettingsError as error:
            raise StartError(str(error)) from None

    @classmethod
    def production(cls, config: Path, options: Options) -> Self:
        """Production, from a settings file and what the command line says in its place.

        Raises
        ------
        StartError
            The file cannot be read or says something that it may not, or an option cannot be used.
        """
        try:
            return cls(options.over(load(config)))
        except SettingsError as error:
            raise StartError(str(error)) from None

    def serve(
        self, stop: StopRequest, *, on_ready: Callable[[str], None], on_stop: Callable[[], None]
    ) -> None:
        """Serve until a signal.

        Parameters
        ----------
        stop
            Knows of a signal that came before this was called, or comes before requests are answered.
        on_ready
            Gets the address once requests are answered.
        on_stop
            Called when a signal came, before the requests under way are finished.

        Raises
        ------
        StartError
            A taken port, a broken data folder, no disk, a database or schema that does not fit.
        """
        try:
            self._serve(stop, on_ready, on_stop)
        except _FORESEEN as error:
            raise StartError(str(error)) from None
        except StartError:
            raise
        except Exception as error:
            log.exception("not started")
            where = self.settings.log.file or "standard error"
            raise StartError(
                f"the service ended for a reason that is not foreseen ({type(error).__name__}); the log says more"
                f" ({where})"
            ) from error

    def _serve(self, stop: StopRequest, on_ready: Callable[[str], None], on_stop: Callable[[], None]) -> None:
        policies(self.settings)  # a mistake in levels or code lists is told here, not by a worker
        credentials = Credentials(self.settings)
        _prepare(self.settings.data_dir)
        with _locked(self.settings.data_dir):
            listener, url = _listen(self.settings.server)
            door = open_feed_door(self.settings)

            def ready() -> None:
                if stop.asked():
                    raise SystemExit(0)  # there is no worker yet
                on_ready(url)

            _open_log(self.settings)
            for name in sha1_partners(self.settings):
                log.warning("signatures with SHA-1 are taken, which can be forged", extra={"partner": name})
            if stop.asked():
                return
            with _database(self.settings) as dsn:
                if stop.asked():
                    return
                migrate(dsn)
                for wrong in unsound(self.settings, dsn):
                    raise StartError(wrong)
                with active(self.settings, dsn):
                    serve(
                        lambda: _application(self.settings, dsn, door, credentials),
                        listener,
                        _http_settings(self.settings, credentials),
                        on_ready=ready,
                        on_stop=on_stop,
                    )


def _listen(server: ServerSettings) -> tuple[socket.socket, str]:
    """Take the port or the Unix socket; and how it is called."""
    if server.unix_socket is not None:
        return bind_unix(server.unix_socket), server.public_url or f"unix:{server.unix_socket}"
    listener = bind(server.host, server.port)
    host, port = listener.getsockname()[:2]
    return listener, service_url(host, port, is_secured=server.certificate is not None)


def _application(
    settings: Settings, dsn: str, door: FeedDoor | None, credentials: Credentials
) -> WSGIApplication:
    keep_freed_memory()
    house: House = build(settings, dsn, door, credentials)
    # What was built stays as long as the process: the collector need not look at it again. Requests leave next to no
    # cycles; at its usual thresholds a third of a query's time went into looking for them (docs/performance.md).
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER, 10, 10)
    return house.application


def _http_settings(settings: Settings, credentials: Credentials) -> HttpSettings:
    server, limits = settings.server, settings.limits
    return HttpSettings(
        credentials=None if credentials.tls is None else credentials,
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
    embedded = EmbeddedPostgres(settings.data_dir / "postgresql", locate_binaries())
    try:
        yield embedded.start()
    finally:
        embedded.stop()  # also what a start that failed, or was cut off, has left


def _prepare(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "documents").mkdir(mode=0o700, exist_ok=True)
        free = os.statvfs(folder)
    except OSError as error:
        raise _unusable(folder, error) from None
    if free.f_bavail * free.f_frsize < _LEAST_FREE:
        raise StartError(
            f"the data folder {folder} has less than {_LEAST_FREE // MIB} MiB free; make room or choose another"
        )


def _open_log(settings: Settings) -> None:
    try:
        configure(settings.log)
    except OSError as error:
        raise StartError(f"the log {settings.log.file} cannot be written ({error.strerror})") from None


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the data folder: two services on one would each take the other's files for their own."""
    try:
        descriptor = os.open(folder / "xds.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _unusable(folder, error) from None
    with os.fdopen(descriptor, "r+b", buffering=0) as file:
        deadline = time.monotonic() + _ORPHANS_SECONDS
        while not _lock(descriptor, folder):
            if _is_alive(file) or time.monotonic() > deadline:
                raise StartError(
                    f"another xds serves from the data folder {folder}; stop it, or choose another with --data-dir"
                )
            time.sleep(0.1)
        file.truncate(0)
        file.write(b"%d\n" % os.getpid())
        yield


def _lock(descriptor: int, folder: Path) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise _unusable(folder, error) from None
    return True


def _is_alive(file: BinaryIO) -> bool:
    """Whether the process lives that locked the folder; if not, only its workers hold the lock."""
    file.seek(0)
    holder = file.read(20).strip()
    if not holder.isdigit():
        return True  # it is about to write it
    try:
        os.kill(int(holder), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # of another user
    return True


def _unusable(folder: Path, error: OSError) -> StartError:
    reason = "a file stands in its way" if isinstance(error, FileExistsError) else error.strerror
    return StartError(f"the data folder {folder} cannot be used ({reason}); choose another with --data-dir")
