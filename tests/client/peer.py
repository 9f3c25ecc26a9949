"""A real HTTP server that records what it is sent and replays an answer: partners of any kind."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from lxml import etree

SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
WSA = "http://www.w3.org/2005/08/addressing"
RS = "urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0"
SUCCESS = f'<r:RegistryResponse xmlns:r="{RS}" status="urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success"/>'


@dataclass(frozen=True)
class Received:
    """A request as it came."""

    path: str
    headers: Message
    body: bytes

    @property
    def message_id(self) -> str:
        """The text of wsa:MessageID."""
        return self.body.partition(b"MessageID>")[2].partition(b"<")[0].decode()


@dataclass
class Answer:
    """What the peer sends back; `cut` octets of the end are left out and the connection is closed."""

    body: bytes
    content_type: str = "application/soap+xml; charset=UTF-8"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int = 0
    chunked: bool = False


Respond = Callable[[Received], Answer]


class Peer:
    """The running server: its address, what it received, and what it answers."""

    def __init__(self, port: int) -> None:
        self.base = f"http://127.0.0.1:{port}"
        self.url = f"{self.base}/dics/end-point"
        self.pages: dict[str, Answer] = {}
        self.received: list[Received] = []
        self.respond: Respond = lambda _request: Answer(envelope(SUCCESS))

    @property
    def last(self) -> Received:
        """The latest request."""
        return self.received[-1]

    def answers(self, body: bytes, content_type: str = "application/soap+xml", **more: Any) -> None:
        """Answer every request with these octets."""
        self.respond = lambda _request: Answer(body, content_type, **more)


def envelope(content: str, header: str = "") -> bytes:
    """A SOAP 1.2 envelope around a Body's element."""
    return (
        f'<s:Envelope xmlns:s="{SOAP12}" xmlns:a="{WSA}"><s:Header>{header}</s:Header>'
        f"<s:Body>{content}</s:Body></s:Envelope>"
    ).encode()


def multipart(
    parts: list[tuple[str, str, bytes]], *, start: str | None = None, boundary: str = "=_b"
) -> tuple[bytes, str]:
    """Join (content id, type, content) to a multipart/related body; returns it with its Content-Type."""
    pieces = [
        f"--{boundary}\r\nContent-Type: {kind}\r\nContent-ID: <{name}>\r\n\r\n".encode() + content + b"\r\n"
        for name, kind, content in parts
    ]
    body = b"".join(pieces) + f"--{boundary}--\r\n".encode()
    first = "" if start is None else f'; start="<{start}>"'
    return body, f'multipart/related; type="application/xop+xml"; boundary="{boundary}"{first}'


def body_of(message: bytes) -> etree._Element:
    """The element in the Body of an envelope."""
    found = etree.fromstring(message).find(f"{{{SOAP12}}}Body")
    assert found is not None
    return found[0]


def root_of(request: Received) -> etree._Element:
    """The envelope of a request, from its first part where it is multipart."""
    start, end = request.body.find(b"<"), request.body.find(b"Envelope>", request.body.find(b"Body"))
    if request.headers["Content-Type"].startswith("multipart/"):
        start = request.body.find(b"<", request.body.find(b"\r\n\r\n"))
    return etree.fromstring(request.body[start : end + len(b"Envelope>")])


@contextmanager
def running_peer() -> Iterator[Peer]:
    """Run a peer on a free port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.peer = Peer(server.server_address[1])  # type: ignore[attr-defined]
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server.peer  # type: ignore[attr-defined]
        finally:
            server.shutdown()
            thread.join()


def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        peer: Peer = self.server.peer  # type: ignore[attr-defined]
        length = int(self.headers["Content-Length"])
        body = self.rfile.read(length)
        if len(body) < length:  # the client broke off
            self.close_connection = True
            return
        request = Received(self.path, self.headers, body)
        peer.received.append(request)
        answer = peer.respond(request)
        with suppress(ConnectionError):  # a client that has given up meanwhile
            self._send(answer)

    def do_GET(self) -> None:
        peer: Peer = self.server.peer  # type: ignore[attr-defined]
        self._send(peer.pages.get(self.path, Answer(b"not here", "text/plain", 404)))

    def _send(self, answer: Answer) -> None:
        self.send_response_only(answer.status)
        if "Date" not in answer.headers:
            self.send_header("Date", self.date_time_string())
        self.send_header("Content-Type", answer.content_type)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.chunked:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        sent = answer.body[: len(answer.body) - answer.cut]
        if answer.chunked:
            for at in range(0, len(sent), 1000):
                piece = sent[at : at + 1000]
                self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            if not answer.cut:
                self.wfile.write(b"0\r\n\r\n")
        else:
            self.wfile.write(sent)
        if answer.cut:
            self.close_connection = True
