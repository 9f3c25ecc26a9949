"""An audit record repository for tests: a real listener that keeps every message it got, twice or not."""

import base64
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.audit.schema import valid_message
from xds.audit import EVENT_ID_DETAIL
from xds.pki import Authority, key_pem_of, pem_of

_HEAD = re.compile(rb"<85>1 (\S+) (\S+) xds (\S+) IHE\+RFC-3881 - (<AuditMessage.*)", re.DOTALL)


def message_of(record: bytes) -> bytes:
    """The audit message of an RFC 5424 record; both are as they have to be."""
    match = _HEAD.fullmatch(record)
    assert match is not None, record[:200]
    valid_message(match[4])
    return match[4]


def event_id_of(message: bytes) -> str:
    """The id by which a receiver tells what it has already."""
    (value,) = valid_message(message).xpath(f"//ParticipantObjectDetail[@type='{EVENT_ID_DETAIL}']/@value")
    return base64.b64decode(str(value)).decode()


class Collector:
    """RFC 5425 over mutually authenticated TLS; `cut` breaks every connection without reading it to its end."""

    def __init__(self, folder: Path) -> None:
        authority = Authority.made()
        ours, our_key = authority.issue("localhost", hosts=("localhost",))
        theirs, their_key = authority.issue("relay")
        for name, octets in {
            "ca.pem": pem_of(authority.certificate),
            "server.pem": key_pem_of(our_key) + pem_of(ours),
            "relay.pem": pem_of(theirs),
            "relay.key": key_pem_of(their_key),
        }.items():
            (folder / name).write_bytes(octets)
            (folder / name).chmod(0o600)
        self.folder = folder
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(folder / "server.pem")
        self._context.load_verify_locations(folder / "ca.pem")
        self._context.verify_mode = ssl.CERT_REQUIRED
        self.records: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._open: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def ids(self) -> list[str]:
        """Ids in the order in which they first came."""
        return list(dict.fromkeys(event_id_of(message_of(record)) for record in tuple(self.records)))

    def settings(self, name: str = "collector") -> dict[str, object]:
        """How a service is told of it."""
        return {
            "name": name, "host": "localhost", "port": self.port, "ca": str(self.folder / "ca.pem"),
            "certificate": str(self.folder / "relay.pem"), "key": str(self.folder / "relay.key"),
        }  # fmt: skip

    def cut(self) -> None:
        """Break every connection: what it has not read is lost."""
        for connection in tuple(self._open):
            with suppress(OSError):
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                connection.shutdown(socket.SHUT_RDWR)
                connection.close()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # closing alone would not wake who accepts
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(plain,), daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        with suppress(OSError):
            connection = self._context.wrap_socket(plain, server_side=True)
            self._open.add(connection)
            buffer = b""
            with connection:
                while piece := connection.recv(65_536):
                    buffer = self._take(buffer + piece)
            self._open.discard(connection)

    def _take(self, buffer: bytes) -> bytes:
        while (match := re.match(rb"([0-9]+) ", buffer)) is not None:
            end = match.end() + int(match[1])
            if len(buffer) < end:
                break
            self.records.append(buffer[match.end() : end])
            buffer = buffer[end:]
        return buffer


@contextmanager
def datagrams() -> Iterator[tuple[int, list[bytes]]]:
    """A receiver of RFC 5426: its port and what it got."""
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.bind(("127.0.0.1", 0))
    got: list[bytes] = []

    def receive() -> None:
        with suppress(OSError):
            while True:
                got.append(receiver.recv(70_000))

    threading.Thread(target=receive, daemon=True).start()
    try:
        yield int(receiver.getsockname()[1]), got
    finally:
        receiver.close()
