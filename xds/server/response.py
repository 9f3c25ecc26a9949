"""One request as WSGI's environ, and its answer onto the connection."""

import sys
import time
from email.utils import formatdate
from typing import Any, ClassVar, Final
from urllib.parse import unquote_to_bytes

from gunicorn.http import wsgi

from xds.documents import FileRange
from xds.server.channel import Channel

SENDS_RANGES: Final = "xds.sends_ranges"
"""In the environ of a server that takes `FileRange` beside octets: ours, on a connection without TLS."""
_SAME: Final[dict[str, Any]] = {
    "wsgi.version": (1, 0),
    "wsgi.url_scheme": "http",
    "wsgi.errors": sys.stderr,
    "wsgi.multithread": True,
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
    "wsgi.input_terminated": True,  # a chunked body tells its own end
    "SCRIPT_NAME": "",
    "SERVER_SOFTWARE": "xds",
}
_SOUND_MOST: Final = 64  # fields remembered: the few that each answer has
_BARE: Final = frozenset({"CONTENT_TYPE", "CONTENT_LENGTH"})


def environ_of(request: Any, client: tuple[Any, ...], server: tuple[Any, ...]) -> dict[str, Any]:
    """A request that gunicorn parsed, as PEP 3333 wants it; fields sent several times are joined by commas."""
    environ = {
        **_SAME,
        "wsgi.input": request.body,
        "REQUEST_METHOD": request.method,
        "RAW_URI": request.uri,
        "PATH_INFO": unquote_to_bytes(request.path).decode("latin-1")
        if "%" in request.path
        else request.path,
        "QUERY_STRING": request.query,
        "SERVER_PROTOCOL": f"HTTP/{request.version[0]}.{request.version[1]}",
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1]),
        "REMOTE_ADDR": client[0],
        "REMOTE_PORT": str(client[1]),
    }
    for field, value in request.headers:  # in upper case; one with an underscore is not let through
        name = field.replace("-", "_")
        key = name if name in _BARE else f"HTTP_{name}"
        environ[key] = f"{environ[key]},{value}" if key in environ else value
    return environ


class Response(wsgi.Response):  # type: ignore[misc]
    """An answer whose head leaves with its first piece, in one call."""

    _clock = (0, "")
    _sound: ClassVar[set[tuple[str, str]]] = set()

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.headers_sent = False
        self.expectation: Expectation | None = None
        self.head = b""  # made, not sent yet

    def start_response(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        """As WSGI asks; gunicorn drops an application's `Connection: close` and reads on, here it is obeyed."""
        if ("Connection", "close") in headers:
            self.force_close()
        return super().start_response(status, headers, exc_info)

    def process_headers(self, headers: list[tuple[str, str]]) -> None:
        """Check the fields as gunicorn does; those that were found sound before, and a length, need no second look."""
        for field in headers:
            name, value = field
            if name == "Content-Length" and value.isdecimal():
                self.response_length = int(value)
                self.headers.append(field)
            elif field in self._sound:
                self.headers.append(field)
            else:
                kept = len(self.headers)
                super().process_headers([field])
                if self.headers[kept:] == [field] and len(self._sound) < _SOUND_MOST:
                    self._sound.add(field)

    def send_headers(self) -> None:
        """Make the head ready."""
        if self.headers_sent:
            return
        if self.expectation is not None and not self.expectation.met:
            self.force_close()  # whether its body comes now is the peer's choice: nothing after it can be read
        lines = [f"HTTP/1.{self.req.version[1]} {self.status}", f"Date: {self._date()}"]
        lines.append("Connection: close" if self.should_close() else "Connection: keep-alive")
        if self.chunked:
            lines.append("Transfer-Encoding: chunked")
        lines += [f"{name}: {value}" for name, value in self.headers]
        self.head = "\r\n".join([*lines, "", ""]).encode("latin-1")
        self.headers_sent = True

    def write(self, piece: bytes | FileRange) -> None:
        """Send a piece of the body, or a part of a file as it lies in the system."""
        if not isinstance(piece, FileRange):
            super().write(piece)
            return
        self.send_headers()
        if self.head:
            self._emit_body(b"")
        self.sock.send_range(piece)
        self.sent += len(piece)

    def _emit_body(self, data: bytes) -> None:
        if self.chunked:
            data = b"%X\r\n%b\r\n" % (len(data), data)
        head, self.head = self.head, b""
        self.sock.send_joined(head, data)

    def close(self) -> None:
        """Send what is left."""
        self.send_headers()
        last = self.head + (b"0\r\n\r\n" if self.chunked else b"")
        self.head = b""
        if last:
            self.sock.sendall(last)

    @classmethod
    def _date(cls) -> str:
        now = int(time.time())
        at, text = cls._clock
        if at != now:
            text = formatdate(now, usegmt=True)
            cls._clock = (now, text)
        return text


class Expectation:
    """The body of a peer that expects 100 (Continue): it is told so when the application first reads."""

    def __init__(self, body: Any, connection: Channel) -> None:
        self._body = body
        self._connection = connection
        self.met = False

    def __getattr__(self, name: str) -> Any:
        # Only read, readline, readlines and the iterator of wsgi.input are asked for.
        if not self.met:
            self.met = True
            self._connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        return getattr(self._body, name)

    def __iter__(self) -> Any:
        return iter(self.readline, b"")
