"""gunicorn's threaded worker, kinder to many quiet connections and quicker on busy ones.

What differs from `ThreadWorker` (measured in docs/decisions/0001-http-server.md): a connection takes a thread only
once the whole head of a request is there, and the head and the body have to arrive at a least pace; a kept-alive
connection stays a moment on its thread after an answer, so that a busy partner's next request skips the way through
the poller; connections are shared out evenly between the workers; a request takes a third of the system calls; and
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
from functools import partial
from typing import Any, Final

from gunicorn import util
from gunicorn.http.body import LengthReader
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
from xds.server.channel import Channel, Pace, too_slow
from xds.server.response import SENDS_RANGES, Expectation, Response, environ_of
from xds.server.secured import Credentials, TlsChannel

log = logging.getLogger("xds.http")

UNIX: Final = "unix"
"""The address of a peer on a Unix socket."""
LINGER_SECONDS: Final = 0.010
"""How long a thread waits for the next request of the connection that it answered, if others are idle."""
_PIECE: Final = 16 * 1024
_HEAD_ENDS: Final = (b"\r\n\r\n", b"\n\n")  # the second is refused by the parser, at once
_GONE: Final = frozenset({errno.EPIPE, errno.ECONNRESET, errno.ENOTCONN})
_STATUS: Final = {
    LimitRequestLine: "414 URI Too Long",
    LimitRequestHeaders: "431 Request Header Fields Too Large",
    ExpectationFailed: "417 Expectation Failed",
    UnsupportedTransferCoding: "501 Not Implemented",
}


class Connection(TConn):  # type: ignore[misc]  # gunicorn is untyped
    """A connection with a paced reader."""

    unread = False  # an answer was given while the request may still be arriving
    _head_began = False

    def has_head(self, limit: int) -> bool:
        """Take what has arrived, without waiting; True when the parser finds a whole head, or the end.

        Parameters
        ----------
        limit
            Octets of the header fields together.

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
            self.sock.begin()
        head = unreader.buf.getvalue()
        if not _ends(head):
            try:
                piece = self.sock.take(_PIECE)
            except BlockingIOError:
                return False
            unreader.buf.seek(0, 2)
            unreader.buf.write(piece)
            head += piece
            if piece and not _ends(head):
                self._check_size(head, len(head), limit)
                return False
        self._check_size(head, head.find(_HEAD_ENDS[0]), limit)
        self._head_began = False
        return True

    def close(self, graceful: bool = False) -> None:
        """Close at once, whatever `graceful` says: this runs where every connection waits."""
        util.close(self.sock)

    def _check_size(self, head: bytes, end: int, limit: int) -> None:
        if end <= limit:
            return  # as is usual: there is nothing to look for
        line, longest = head.find(b"\r\n"), self.cfg.limit_request_line
        if line < 0 or line > longest:
            if end > longest + 2:
                raise LimitRequestLine(end, longest)
        elif end - line > limit:
            raise LimitRequestHeaders(f"over {limit} octets")


def _ends(head: bytes) -> bool:
    return _HEAD_ENDS[0] in head or _HEAD_ENDS[1] in head


class Worker(ThreadWorker):  # type: ignore[misc]
    """The worker class of `xds.server.http`."""

    pace = Pace()
    header_bytes = 16 * 1024  # all fields of a head together
    balance = Balance()
    credentials: Credentials | None = None  # of TLS; None for plain HTTP

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        # gunicorn looks a setting up at each use, with two function calls.
        self.cfg.__dict__.update({name: setting.get() for name, setting in self.cfg.settings.items()})
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
        server = listener.getsockname()
        if accepted.family == socket.AF_UNIX:
            address, server = (UNIX, 0), (UNIX, 0)
        else:
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        channel = (
            Channel(accepted, self.pace)
            if self.credentials is None
            else TlsChannel(accepted, self.pace, self.credentials, address[0])
        )
        connection = Connection(self.cfg, channel, address, server)
        connection.timeout = time.monotonic() + self.pace.grace_seconds
        self.nr_conns += 1
        self.balance.tell(self.age, self.nr_conns)
        self.pending_conns.append(connection)
        waiting = partial(self.on_pending_socket_readable, connection)
        self.poller.register(channel, selectors.EVENT_READ, waiting)

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
            connection.sock.linger()
        return outcome

    def _answer_one(self, connection: Any) -> Any:
        """Answer a request whose head is there: True when the connection can take another, `_DEFER` when none is."""
        request = None
        try:
            if not connection.has_head(self.header_bytes):
                return _DEFER if self.alive else False
            connection.unread = True
            request = next(connection.parser)
            done = self._keepalive_after(connection, self.handle_request(request, connection))
            connection.parser.mesg = None  # its body is read: the parser need not look again
            return done
        except (NoMoreData, StopIteration):
            return False
        except OSError as error:
            if error.errno not in _GONE:
                log.exception("a connection failed")
        except Exception as error:  # the peer's mistake, or the application's: both are answered
            connection.unread = True
            self.handle_error(request, connection.sock, connection.client, error)
        return False

    def _keepalive_after(self, connection: Any, keepalive: bool) -> bool:
        """As gunicorn's, which reads on in any case; the body of most requests is read to its end."""
        reader = connection.parser.mesg.body.reader
        if keepalive and isinstance(reader, LengthReader) and reader.length == 0:
            return True
        return bool(super()._keepalive_after(connection, keepalive))

    def _next_is_here(self, connection: Any) -> bool:
        if connection.parser.unreader.buf.getvalue() or connection.sock.pending():
            return True
        if not self._lingering.acquire(blocking=False):
            return False
        try:
            return bool(connection.sock.waits(select.POLLIN, LINGER_SECONDS))
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
        response = Response(request, connection.sock, self.cfg)
        environ = environ_of(request, connection.client, connection.server)
        if connection.sock.is_secured:
            connection.sock.describe(environ)
        else:
            environ[SENDS_RANGES] = True
        if expected:
            response.expectation = environ["wsgi.input"] = Expectation(request.body, connection.sock)
        if not self.alive or len(self.keepalived_conns) >= self.max_keepalived:
            response.force_close()
        try:
            self._run(environ, response)
        except TimeoutError:
            raise too_slow() from None
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
            client.sendall(f"{head}\r\n\r\n{body}".encode())

    def _cap_keepalive(self, deadline: float) -> None:
        """A stopping worker waits no longer for connections that never said anything than for idle ones."""
        super()._cap_keepalive(deadline)
        for connection in self.pending_conns:
            connection.timeout = min(connection.timeout, deadline)


def worker_of(pace: Pace, header_bytes: int, credentials: Credentials | None) -> type[Worker]:
    """The worker class of one server, called before its workers are forked; gunicorn takes a class, not an object."""
    has = {"pace": pace, "header_bytes": header_bytes, "credentials": credentials, "balance": Balance()}
    return type("Worker", (Worker,), has)
