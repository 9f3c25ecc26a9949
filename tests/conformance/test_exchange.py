"""Requests over real sockets: whatever goes wrong is in the record, and nothing is raised."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.client.peer import closed_port
from xds.conformance.exchange import post, reachable, send_hl7
from xds.conformance.wire import Message

MESSAGE = Message(content_type="application/soap+xml", octets=b"<a/>")


@contextmanager
def listening(serve: Callable[[socket.socket], None]) -> Iterator[tuple[str, int]]:
    """A peer that treats its one connection so."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def run() -> None:
            connection, _ = listener.accept()
            with connection:
                received = b""
                # A close with octets unread would reset the connection.
                while not received.endswith((MESSAGE.octets, b"\x1c\r")):
                    received += connection.recv(65_536)
                serve(connection)

        thread = threading.Thread(target=run)
        thread.start()
        host, port = listener.getsockname()[:2]
        try:
            yield host, port
        finally:
            thread.join()


def test_an_acknowledgement() -> None:
    with listening(lambda peer: peer.sendall(b"\x0bMSH|\rMSA|AA|1\r\x1c\r")) as address:
        found = send_hl7(address, b"MSH|\r", 5)
    assert found.error == ""
    assert found.answer is not None
    assert found.answer.body.octets() == b"MSH|\rMSA|AA|1\r"
    assert found.request.body.octets() == b"MSH|\r"


@pytest.mark.parametrize(
    ("sent", "told"),
    [(b"", "ended within"), (b"\x0bMSH", "ended within"), (b"MSH\x1c\r", "start of a block")],
)
def test_an_acknowledgement_that_is_none(sent: bytes, told: str) -> None:
    with listening(lambda peer: peer.sendall(sent)) as address:
        found = send_hl7(address, b"MSH|\r", 5)
    assert found.answer is None
    assert told in found.error


def test_nobody_listens() -> None:
    port = closed_port()
    assert reachable("127.0.0.1", port, 5)
    assert "refused" in post(f"http://127.0.0.1:{port}/a", MESSAGE, 5).error
    assert "refused" in send_hl7(("127.0.0.1", port), b"MSH|\r", 5).error


def test_an_answer_that_breaks_off() -> None:
    with listening(lambda peer: peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<a/>")) as (
        host,
        port,
    ):
        found = post(f"http://{host}:{port}/a", MESSAGE, 5)
    assert found.answer is None
    assert "IncompleteRead" in found.error


def test_the_request_is_recorded_as_it_was_sent() -> None:
    seen: list[bytes] = []

    def serve(peer: socket.socket) -> None:
        seen.append(b"HTTP/1.1 500 No\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nno")
        peer.sendall(seen[0])

    with listening(serve) as (host, port):
        found = post(f"http://{host}:{port}/a?b=c", MESSAGE, 5)
    assert found.answer is not None
    assert (found.answer.status, found.answer.header("content-TYPE")) == (500, "text/plain")
    assert found.request.header("Host") == f"{host}:{port}"
    assert found.request.body.octets() == b"<a/>"
