"""gunicorn's threaded worker, kinder to many quiet connections and quicker on busy ones.

What differs from `ThreadWorker` (measured in docs/decisions/0001-http-server.md): a connection takes a thread only
once the whole head of a request is there, and the head and the body have to arrive at a least pace; a kept-alive
connection stays a moment on its thread after an answer, so that a busy partner's next request skips the way through
the poller; connections are shared out evenly between the workers; an answer's head leaves with its first piece; and
a peer that expects 100 (Continue) is told so only when its body is asked for, so that a refusal comes first.
"""

import errno
import logging
import select
import selectors
import signal
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from email.utils import formatdate
from functools import partial
from typing import Any, Final

from gunicorn import util
from gunicorn.http import wsgi
from gunicorn.http.errors import (
    ExpectationFailed,
    InvalidResponseHeader,
    InvalidResponseHeaderName,
    LimitRequestHeaders,
    LimitRequestLine,
    NoMoreData,
    ParseException,
    UnsupportedTransferCoding,
)
from gunicorn.workers.gthread import _DEFER, TConn, ThreadWorker

from xds.server.balance import YIELD_SECONDS, Balance

log = logging.getLogger("xds.http")

LINGER_SECONDS: Final = 0.010
"""How long a thread waits for the next request of the connection that it answered, if others are idle."""
_SEND_SECONDS: Final = 40.0
"""Sending one piece of an answer: 256 KiB at 8 KiB a second take 32."""
_LAST_SECONDS: Final = 2.0
"""Between an answer that refuses a request unread and the end of its connection."""
_LAST_PIECE: Final = 256 * 1024
_PIECE: Final = 16 * 1024
_HEAD_ENDS: Final = (b"\r\n\r\n", b"\n\n")  # the second is refused by the parser, at once
_STATUS: Final = {
    LimitRequestLine: "414 URI Too Long",
    LimitRequestHeaders: "431 Request Header Fields Too Large",
    ExpectationFailed: "417 Expectation Failed",
    UnsupportedTransferCoding: "501 Not Implemented",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast a request has to arrive; slower, and the connection is closed."""

    grace_seconds: float = 10.0  # before that nothing is asked but that it goes on
    octets_per_second: int = 8 * 1024  # after the grace
    total_seconds: float = 600.0


class PacedSocket:
    """A socket whose reading ends a request that dribbles in.

    `begin` starts the clock of a request. What is too slow raises ECONNRESET, on which gunicorn closes without a word.
    """

    def __init__(self, wrapped: socket.socket, pace: Pace) -> None:
        self._wrapped = wrapped
        self._pace = pace
        self._began = time.monotonic()
        self._taken = 0

    def begin(self) -> None:
        """A new request begins to arrive."""
        self._began = time.monotonic()
        self._taken = 0

    def take(self, size: int) -> bytes:
        """Read what is there.

        Raises
        ------
        BlockingIOError
            Nothing is.
        """
        self._wrapped.setblocking(False)
        self._remaining()
        return self._count(self._wrapped.recv(size))

    def recv(self, size: int) -> bytes:
        """Read as `socket.recv` does, waiting no longer than the pace allows."""
        usual, remaining = self._wrapped.gettimeout(), self._remaining()
        if usual is not None and usual < remaining:
            return self._count(self._wrapped.recv(size))
        self._wrapped.settimeout(remaining)
        try:
            return self._count(self._wrapped.recv(size))
        except TimeoutError:
            raise _too_slow() from None
        finally:
            self._wrapped.settimeout(usual)

    def _remaining(self) -> float:
        pace = self._pace
        allowed = min(pace.total_seconds, pace.grace_seconds + self._taken / pace.octets_per_second)
        remaining = allowed - (time.monotonic() - self._began)
        if remaining <= 0:
            raise _too_slow()
        return remaining

    def _count(self, piece: bytes) -> bytes:
        self._taken += len(piece)
        return piece

    def __getattr__(self, name: str) -> Any:
        return getattr(self._wrapped, name)


def _too_slow() -> ConnectionResetError:
    return ConnectionResetError(errno.ECONNRESET, "the request arrived too slowly")


class Connection(TConn):  # type: ignore[misc]  # gunicorn is untyped
    """A connection with a paced reader."""

    pace = Pace()
    unread = False  # an answer was given while the request may still be arriving
    _head_began = False

    def init(self) -> None:
        """Prepare for a request; called before each."""
        super().init()
        self.sock.settimeout(_SEND_SECONDS)
        unreader = self.parser.unreader
        if not isinstance(unreader.sock, PacedSocket):
            unreader.sock = PacedSocket(self.sock, self.pace)

    def has_head(self, limit: int) -> bool:
        """Take what has arrived, without waiting; True when the parser finds a whole head, or the end.

        Raises
        ------
        LimitRequestLine, LimitRequestHeaders
            No end of the first line, or of the head, within the limits.
        ConnectionError
            The peer is gone, or too slow.
        """
        self.init()
        unreader = self.parser.unreader
        if not self._head_began:
            self._head_began = True
            unreader.sock.begin()
        head = unreader.buf.getvalue()
        if not _ends(head):
            try:
                piece = unreader.sock.take(_PIECE)
            except BlockingIOError:
                return False
            unreader.buf.seek(0, 2)
            unreader.buf.write(piece)
            head += piece
            if piece and not _ends(head):
                self._check_size(head, limit)
                return False
        self._head_began = False
        return True

    def close(self, graceful: bool = False) -> None:
        """Close at once, whatever `graceful` says: this runs where every connection waits."""
        util.close(self.sock)

    def linger(self) -> None:
        """Read on for a moment what the peer still sends: a reset would take the answer from its hands."""
        deadline = time.monotonic() + _LAST_SECONDS
        with suppress(OSError):
            self.sock.shutdown(socket.SHUT_WR)
            while (remaining := deadline - time.monotonic()) > 0:
                self.sock.settimeout(remaining)
                if not self.sock.recv(_LAST_PIECE):
                    return

    def _check_size(self, head: bytes, limit: int) -> None:
        line = self.cfg.limit_request_line
        if len(head) > line + 2 and b"\r\n" not in head:
            raise LimitRequestLine(len(head), line)
        if len(head) > limit:
            raise LimitRequestHeaders(f"over {limit} octets")


def _ends(head: bytes) -> bool:
    return _HEAD_ENDS[0] in head or _HEAD_ENDS[1] in head


class Response(wsgi.Response):  # type: ignore[misc]
    """An answer whose head leaves with its first piece, in one packet where it fits."""

    _clock = (0, "")

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

    def _emit_body(self, data: bytes) -> None:
        if self.chunked:
            data = b"%X\r\n%b\r\n" % (len(data), data)
        if self.head:
            head, self.head = self.head, b""
            if len(data) > _PIECE:  # to copy a large piece costs more than a call
                self.sock.sendall(head)
            else:
                data = head + data
        self.sock.sendall(data)

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

    def __init__(self, body: Any, connection: socket.socket) -> None:
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


class Worker(ThreadWorker):  # type: ignore[misc]
    """The worker class of `xds.server.http`."""

    pace = Pace()
    head_bytes = 24 * 1024  # request line and header fields together
    balance = Balance()

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        # At most half of the threads linger: the others are free for whoever comes.
        self._lingering = threading.BoundedSemaphore(max(1, self.cfg.threads // 2))

    def init_signals(self) -> None:
        """Ctrl-C reaches every process of a terminal; the workers wait for the word of their parent."""
        super().init_signals()
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def accept(self, listener: Any) -> None:
        """Accept a connection; it waits for its first octet in the poller, not on a thread."""
        if self.balance.is_ahead(self.age):
            time.sleep(YIELD_SECONDS)
        try:
            accepted, address = listener.accept()
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.ECONNABORTED, errno.EWOULDBLOCK):
                raise
            return
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = Connection(self.cfg, accepted, address, listener.getsockname())
        connection.pace = self.pace
        connection.timeout = time.monotonic() + self.pace.grace_seconds
        self.nr_conns += 1
        self.balance.tell(self.age, self.nr_conns)
        self.pending_conns.append(connection)
        waiting = partial(self.on_pending_socket_readable, connection)
        self.poller.register(accepted, selectors.EVENT_READ, waiting)

    def notify(self) -> None:
        """Show the parent that this worker lives, and the others how much it holds; called at each turn of `run`."""
        super().notify()
        self.balance.tell(self.age, self.nr_conns)

    def handle_quit(self, signal_number: int, frame: Any) -> None:
        """End on Ctrl-C as on SIGTERM, requests under way finished.

        gunicorn's own shuts the threads down within the signal handler, which waits forever when it interrupted
        the handing over of a request: both want the same lock.
        """
        self.handle_exit(signal_number, frame)

    def handle(self, connection: Any) -> Any:
        """Answer requests of a connection as long as the next one comes at once."""
        outcome = self._answer_one(connection)
        while outcome is True and self.alive and self._next_is_here(connection):
            outcome = self._answer_one(connection)
        if outcome is False and connection.unread:
            connection.linger()
        return outcome

    def _answer_one(self, connection: Any) -> Any:
        # Over TLS octets on the socket are no octets of the head; there the parser waits, at the same pace.
        if not self.cfg.is_ssl:
            try:
                if not connection.has_head(self.head_bytes):
                    return _DEFER if self.alive else False
            except ParseException as error:
                connection.unread = True
                self.handle_error(None, connection.sock, connection.client, error)
                return False
        connection.unread = True
        return super().handle(connection)

    def _next_is_here(self, connection: Any) -> bool:
        if connection.parser.unreader.buf.getvalue():
            return True
        if not self._lingering.acquire(blocking=False):
            return False
        try:
            waiting = select.poll()
            waiting.register(connection.sock, select.POLLIN)
            return bool(waiting.poll(LINGER_SECONDS * 1000))
        finally:
            self._lingering.release()

    def finish_request(self, connection: Any, finished: Any) -> None:
        """Put a connection back in the poller, or close it."""
        super().finish_request(connection, finished)
        if self.pending_conns and self.pending_conns[-1] is connection:
            connection.timeout = time.monotonic() + self.pace.grace_seconds  # gunicorn's is for idle ones

    def handle_request(self, request: Any, connection: Any) -> bool:
        """Run the application for one request; True when the connection can take another."""
        expected, request._expected_100_continue = request._expected_100_continue, False
        made = wsgi.create(
            request, connection.sock, connection.client, connection.server, self.cfg, response_class=Response
        )
        response, environ = made
        environ["wsgi.multithread"] = True
        if expected:
            response.expectation = environ["wsgi.input"] = Expectation(request.body, connection.sock)
        if not self.alive or len(self.keepalived_conns) >= self.max_keepalived:
            response.force_close()
        try:
            self._run(environ, response)
        except TimeoutError:
            raise _too_slow() from None
        except (ConnectionError, NoMoreData):
            raise
        except Exception:
            if not response.headers_sent or response.head:
                raise
            log.exception("an answer broke off")  # the peer sees it: the connection ends in the middle
            return False
        connection.unread = response.must_close
        return not response.should_close()

    def _run(self, environ: dict[str, Any], response: Response) -> None:
        pieces = self.wsgi(environ, response.start_response)
        try:
            for piece in pieces:
                response.write(piece)
            response.close()
        finally:
            if hasattr(pieces, "close"):
                pieces.close()

    def handle_error(self, request: Any, client: Any, address: Any, error: Exception) -> None:
        """Answer what the parser refuses, or what the application let through; the log gets no word of the peer's."""
        ours = (InvalidResponseHeader, InvalidResponseHeaderName)
        if isinstance(error, ParseException) and not isinstance(error, ours):
            status = _STATUS.get(type(error), "400 Bad Request")
            log.warning(
                "refused", extra={"peer": address[0], "status": status[:3], "error": type(error).__name__}
            )
        else:
            status = "500 Internal Server Error"
            log.error("failed", exc_info=error)
        body = f"{status}\n"
        head = f"HTTP/1.1 {status}\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}"
        with suppress(OSError):
            client.settimeout(_SEND_SECONDS)
            client.sendall(f"{head}\r\n\r\n{body}".encode())

    def _cap_keepalive(self, deadline: float) -> None:
        """A stopping worker waits no longer for connections that never said anything than for idle ones."""
        super()._cap_keepalive(deadline)
        for connection in self.pending_conns:
            connection.timeout = min(connection.timeout, deadline)


def worker_of(pace: Pace, head_bytes: int) -> type[Worker]:
    """The worker class of one server, called before its workers are forked; gunicorn takes a class, not an object."""
    return type("Worker", (Worker,), {"pace": pace, "head_bytes": head_bytes, "balance": Balance()})
