"""The HTTP server behind one door: gunicorn's threaded worker, embedded (docs/decisions/0001-http-server.md)."""

import errno
import logging
import os
import resource
import signal
import socket
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.glogging import Logger
from gunicorn.http.errors import ParseException

from xds.documents import FileRange
from xds.server.channel import Pace
from xds.server.secured import Credentials
from xds.server.worker import worker_of

WSGIApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes | FileRange]]

BODY_ERRORS: Final = (OSError, ParseException)
"""What reading a request's body raises when the peer is gone, too slow, or its chunks are broken."""
_BACKLOG: Final = 512
_GRACEFUL_SECONDS: Final = 30
_CONNECTIONS: Final = 1024
"""Of one worker, as long as it may have so many files open."""
_OTHER_FILES: Final = 256
_ENDING: Final = (signal.SIGTERM, signal.SIGQUIT)
_SHARED_MEMORY: Final = Path("/dev/shm")  # noqa: S108  # heartbeats: a container's /tmp may be a slow disk


class HttpError(Exception):
    """The service cannot listen; one sentence that says why and how to mend it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings:
    """How the server works; the limits are those of the settings."""

    workers: int
    threads: int
    keep_alive_seconds: int = 60
    request_line_bytes: int = 8 * 1024
    header_bytes: int = 16 * 1024
    header_fields: int = 100
    pace: Pace = field(default_factory=Pace)
    credentials: Credentials | None = None  # TLS; none: plain HTTP


def bind(host: str, port: int, *, host_name: str = "--host", port_name: str = "--port") -> socket.socket:
    """Take the port before anything else starts; the names are of what sets them.

    Raises
    ------
    HttpError
        It is taken, or the address is not this machine's.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise HttpError(
            f"the address {host} cannot be used ({error.strerror}); choose another {host_name}"
        ) from None
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(_BACKLOG)
    except PermissionError:
        listener.close()
        raise HttpError(f"port {port} needs rights that this user has not; choose one above 1023") from None
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRNOTAVAIL:
            raise HttpError(
                f"the address {host} cannot be used, for it is not this machine's; choose another {host_name}"
            ) from None
        raise HttpError(
            f"port {port} on {host} cannot be used ({error.strerror}); stop what uses it, or choose another {port_name}"
        ) from None
    return listener


def bind_unix(path: Path) -> socket.socket:
    """Listen on a Unix socket; what a service that was killed has left there is replaced.

    Raises
    ------
    HttpError
        It cannot be made, or somebody listens there.
    """
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as tried, suppress(OSError):
            tried.connect(str(path))
            raise HttpError(
                f"something listens on {path} already; stop it, or choose another server.unix_socket"
            )
        if path.is_socket():
            path.unlink()
        listener.bind(str(path))
        path.chmod(0o660)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise HttpError(
            f"the socket {path} cannot be made ({error.strerror or error}); choose another server.unix_socket"
        ) from None
    except HttpError:
        listener.close()
        raise
    return listener


def serve(
    make_application: Callable[[], WSGIApplication],
    listener: socket.socket,
    settings: HttpSettings,
    *,
    on_ready: Callable[[], None],
    on_stop: Callable[[], None] = lambda: None,
) -> None:
    """Serve until SIGINT, SIGTERM or SIGHUP; requests under way are finished, unless a second SIGINT comes.

    Parameters
    ----------
    make_application
        Called in each worker after the fork: pools of connections must not cross it.
    on_ready
        Called once, when the listener accepts. SystemExit from it ends the service.
    on_stop
        Called when a signal came, before the requests under way are finished.
    """
    served_by = os.getpid()
    try:
        _Server(make_application, listener, settings, on_ready, on_stop).run()
    except BaseException as end:
        code = end.code if isinstance(end, SystemExit) else 1
        if os.getpid() != served_by:
            # A worker that is done: what our caller does at the end, stopping the database, is not its to do.
            logging.shutdown()
            os._exit(code if isinstance(code, int) else 0)
        if not isinstance(end, SystemExit):
            raise
        if code not in (0, None):
            raise HttpError("the HTTP server ended by itself; its log says why") from None


class _Log(Logger):  # type: ignore[misc]  # gunicorn is untyped
    """gunicorn's log lines through ours, without its banner."""

    def setup(self, cfg: Any) -> None:
        self.error_log = logging.getLogger("xds.http")
        self.access_log = logging.getLogger("xds.http.access")
        self.access_log.disabled = True  # one record per request is the front door's
        self.error_log.setLevel(logging.WARNING)

    def reopen_files(self) -> None:
        """Ours are not gunicorn's to reopen."""

    def close_on_exec(self) -> None:
        """Ours are not gunicorn's."""


class _Arbiter(Arbiter):  # type: ignore[misc]
    """Ctrl-C once is a request to end, twice an order."""

    handle_int = Arbiter.handle_term
    # The terminal is gone. gunicorn would read its settings anew; ours are read once.
    handle_hup = Arbiter.handle_term

    def init_signals(self) -> None:
        """Take the signals; what nohup ignores stays ignored."""
        hangup = signal.getsignal(signal.SIGHUP)
        super().init_signals()
        if hangup is signal.SIG_IGN:
            signal.signal(signal.SIGHUP, hangup)

    def spawn_worker(self) -> Any:
        """Start a worker; a signal that reaches it before it has its handlers waits for them."""
        signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
        try:
            return super().spawn_worker()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)

    def stop(self, graceful: bool = True) -> None:
        """End the workers."""
        self.app.on_stop()
        super().stop(graceful)

    def handle_usr2(self) -> None:
        """No second set of processes: the port is one process's."""


class _Server(BaseApplication):  # type: ignore[misc]
    def __init__(
        self,
        make_application: Callable[[], WSGIApplication],
        listener: socket.socket,
        settings: HttpSettings,
        on_ready: Callable[[], None],
        on_stop: Callable[[], None],
    ) -> None:
        self._make_application = make_application
        self._descriptor = listener.detach()  # gunicorn closes it
        self._settings = settings
        self._on_ready = on_ready
        self.on_stop = on_stop
        super().__init__()

    def run(self) -> None:
        """Serve until a signal; always ends in SystemExit."""
        _Arbiter(self).run()

    def load_config(self) -> None:
        """Everything is set here: no file and no GUNICORN_CMD_ARGS has a say."""
        settings = self._settings
        values = {
            "bind": f"fd://{self._descriptor}",
            "worker_class": worker_of(settings.pace, settings.header_bytes, settings.credentials),
            "workers": settings.workers,
            "threads": settings.threads,
            "worker_connections": _connections(settings.threads),
            "keepalive": settings.keep_alive_seconds,
            "graceful_timeout": _GRACEFUL_SECONDS,
            "timeout": 120,
            # gunicorn knows no larger line or field; the fields together are measured by our worker.
            "limit_request_line": min(settings.request_line_bytes, 8190),
            "limit_request_fields": settings.header_fields,
            "limit_request_field_size": min(settings.header_bytes, 8190),
            "logger_class": _Log,
            "control_socket_disable": True,
            "when_ready": lambda _: self._on_ready(),
            "post_worker_init": lambda _: signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING),
            "child_exit": lambda _, worker: worker.balance.leave(worker.age),
            "worker_tmp_dir": str(_SHARED_MEMORY) if os.access(_SHARED_MEMORY, os.W_OK | os.X_OK) else None,
            # No header and no variable of the environment says who a peer is or how it came.
            "secure_scheme_headers": {},
            "forwarder_headers": "",
            "forwarded_allow_ips": "*",
        }
        for name, value in values.items():
            self.cfg.set(name, value)

    def load(self) -> WSGIApplication:
        """Build the application of one worker."""
        return self._make_application()


def _connections(threads: int) -> int:
    """How many connections a worker holds; one more than it has descriptors for would end it."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return _CONNECTIONS
    return int(max(threads + 1, min(_CONNECTIONS, files - _OTHER_FILES - 4 * threads)))
