"""The HTTP server behind one door: gunicorn's threaded worker, embedded (docs/decisions/0001-http-server.md)."""

import logging
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from gunicorn.http.errors import ParseException

from xds.server.worker import Pace, worker_of

WSGIApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

BODY_ERRORS: Final = (OSError, ParseException)
"""What reading a request's body raises when the peer is gone, too slow, or its chunks are broken."""
_BACKLOG: Final = 512
_GRACEFUL_SECONDS: Final = 30


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


def bind(host: str, port: int) -> socket.socket:
    """Take the port before anything else starts.

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
            f"the address {host} cannot be used ({error.strerror}); choose another --host"
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
        raise HttpError(
            f"port {port} on {host} cannot be used ({error.strerror}); stop what uses it, or choose another --port"
        ) from None
    return listener


def serve(
    make_application: Callable[[], WSGIApplication],
    listener: socket.socket,
    settings: HttpSettings,
    *,
    on_ready: Callable[[], None],
) -> None:
    """Serve until SIGINT or SIGTERM; requests under way are finished.

    Parameters
    ----------
    make_application
        Called in each worker after the fork: pools of connections must not cross it.
    on_ready
        Called once, when the listener accepts.
    """
    try:
        _Server(make_application, listener, settings, on_ready).run()
    except SystemExit as stop:
        if stop.code not in (0, None):
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


class _Server(BaseApplication):  # type: ignore[misc]
    def __init__(
        self,
        make_application: Callable[[], WSGIApplication],
        listener: socket.socket,
        settings: HttpSettings,
        on_ready: Callable[[], None],
    ) -> None:
        self._make_application = make_application
        self._listener = listener
        self._settings = settings
        self._on_ready = on_ready
        super().__init__()

    def load_config(self) -> None:
        """Everything is set here: no file and no GUNICORN_CMD_ARGS has a say."""
        settings = self._settings
        values = {
            "bind": f"fd://{self._listener.fileno()}",
            "worker_class": worker_of(settings.pace),
            "workers": settings.workers,
            "threads": settings.threads,
            "worker_connections": 1024,
            "keepalive": settings.keep_alive_seconds,
            "graceful_timeout": _GRACEFUL_SECONDS,
            "timeout": 120,
            # gunicorn knows no larger line or field; the head as a whole is measured by the application.
            "limit_request_line": min(settings.request_line_bytes, 8190),
            "limit_request_fields": settings.header_fields,
            "limit_request_field_size": min(settings.header_bytes, 8190),
            "logger_class": _Log,
            "control_socket_disable": True,
            "when_ready": lambda _: self._on_ready(),
            "worker_tmp_dir": None,
        }
        for name, value in values.items():
            self.cfg.set(name, value)

    def load(self) -> WSGIApplication:
        """Build the application of one worker."""
        return _closing(self._make_application())


def _closing(application: WSGIApplication) -> WSGIApplication:
    """gunicorn drops an application's `Connection: close` and reads on; here it is obeyed."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            if ("Connection", "close") in headers:
                start_response.__self__.force_close()  # type: ignore[attr-defined]  # gunicorn's Response
            return start_response(status, headers, *more)

        return application(environ, start)

    return answer
