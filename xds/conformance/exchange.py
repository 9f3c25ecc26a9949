"""One request and its answer over a real socket, kept as octets."""

import base64
import http.client
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

import msgspec

from xds.conformance.wire import Message

_BLOCK_START: Final = b"\x0b"
_BLOCK_END: Final = b"\x1c\r"
_MOST: Final = 64 * 1024 * 1024  # octets of an answer that are kept
_NO_TEXT: Final = frozenset(range(32)) - {9, 10, 13}


class Octets(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Octets as a report holds them: as text where they are some, else as base64."""

    text: str = ""
    base64: str = ""

    @classmethod
    def of(cls, octets: bytes) -> "Octets":
        """Take octets over."""
        if not _NO_TEXT & set(octets):
            try:
                return cls(text=octets.decode("utf-8"))
            except UnicodeDecodeError:
                pass
        return cls(base64=base64.b64encode(octets).decode("ascii"))

    def octets(self) -> bytes:
        """Give them back.

        Raises
        ------
        ValueError
            No base64.
        """
        return base64.b64decode(self.base64, validate=True) if self.base64 else self.text.encode()


class Half(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request or an answer; an HL7 v2 message has neither status nor headers, and no framing here."""

    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: Octets = Octets()

    def header(self, name: str) -> str:
        """The value of a header, empty without it."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")


class Exchange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was sent where, and what came back; `error` says why nothing did."""

    address: str
    at: str  # ISO 8601, UTC
    milliseconds: int
    request: Half
    answer: Half | None = None
    error: str = ""


def post(url: str, message: Message, timeout: float, tls: ssl.SSLContext | None = None) -> Exchange:
    """Send a SOAP message; whatever goes wrong is in the exchange. `tls` counts for https."""
    parts = urlsplit(url)
    headers = (
        ("Host", parts.netloc.rpartition("@")[2]),
        ("Content-Type", message.content_type),
        ("Content-Length", str(len(message.octets))),
        ("Accept-Encoding", "identity"),
    )
    request = Half(headers=headers, body=Octets.of(message.octets))
    began, at = time.monotonic(), _now()
    host, port = parts.hostname or "", parts.port
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        connection = http.client.HTTPSConnection(host, port, timeout=timeout, context=tls)
    else:
        connection = http.client.HTTPConnection(host, port, timeout=timeout)
    answer, error = None, ""
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.putrequest("POST", path, skip_host=True, skip_accept_encoding=True)
        for name, value in headers:
            connection.putheader(name, value)
        connection.endheaders(message.octets)
        response = connection.getresponse()
        body = response.read(_MOST)
        if response.length:  # read(amount) ends quietly where the connection does
            raise http.client.IncompleteRead(body, response.length)
        answer = Half(status=response.status, headers=tuple(response.getheaders()), body=Octets.of(body))
    except (OSError, http.client.HTTPException, ssl.SSLError) as problem:
        error = f"{type(problem).__name__}: {problem}"
    finally:
        connection.close()
    return Exchange(
        address=url, at=at, milliseconds=_since(began), request=request, answer=answer, error=error
    )


def send_hl7(
    address: tuple[str, int], octets: bytes, timeout: float, tls: ssl.SSLContext | None = None
) -> Exchange:
    """Send an HL7 v2 message by MLLP, over TLS with `tls`, and wait for its acknowledgement."""
    request = Half(body=Octets.of(octets))
    began, at = time.monotonic(), _now()
    answer, error = None, ""
    try:
        with _connected(address, timeout, tls) as connection:
            connection.sendall(_BLOCK_START + octets + _BLOCK_END)
            answer = Half(body=Octets.of(_block(connection)))
    except (OSError, EOFError) as problem:
        error = f"{type(problem).__name__}: {problem}"
    name = f"mllp://{address[0]}:{address[1]}"
    return Exchange(
        address=name, at=at, milliseconds=_since(began), request=request, answer=answer, error=error
    )


def reachable(host: str, port: int, timeout: float) -> str:
    """Say why nobody listens there; empty when somebody does."""
    try:
        with socket.create_connection((host, port), timeout=timeout):
            return ""
    except OSError as problem:
        return str(problem)


@contextmanager
def _connected(
    address: tuple[str, int], timeout: float, tls: ssl.SSLContext | None
) -> Iterator[socket.socket]:
    with socket.create_connection(address, timeout=timeout) as plain:
        if tls is None:
            yield plain
        else:
            with tls.wrap_socket(plain, server_hostname=address[0]) as secured:
                yield secured


def _block(connection: socket.socket) -> bytes:
    received = b""
    while not received.endswith(_BLOCK_END):
        piece = connection.recv(65_536)
        if not piece:
            raise EOFError(f"the connection ended within the acknowledgement, after {len(received)} octets")
        received += piece
    if not received.startswith(_BLOCK_START):
        raise EOFError("the acknowledgement does not begin with the start of a block (0x0B)")
    return received[len(_BLOCK_START) : -len(_BLOCK_END)]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
