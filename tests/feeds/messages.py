"""HL7 v2 messages of a patient identity source: each valid, with one thing to change."""

import itertools
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

_numbers = itertools.count(1)
ID = "P1^^^&2.999.1.1&ISO"
NAME = "Sample^Amélie^Rose^^Dr"


def msh(
    event: str,
    *,
    control_id: str | None = None,
    kind: str = "ADT",
    structure: str = "",
    processing: str = "P",
    version: str = "2.3.1",
    charset: str = "UNICODE UTF-8",
) -> str:
    message_type = "^".join(filter(None, (kind, event, structure)))
    control = f"M{next(_numbers)}" if control_id is None else control_id
    return (
        f"MSH|^~\\&|PIS|LAKEVIEW|XDS|DOMAIN|20240311120000||{message_type}|{control}|{processing}|{version}"
        f"||||||{charset}"
    )


def adt(
    event: str = "A04",
    *,
    pid3: str = ID,
    pid5: str = NAME,
    pid7: str = "19710304",
    pid8: str = "F",
    mrg1: str | None = None,
    header: str | None = None,
    end: str = "\r",
) -> str:
    """A message of ITI-8."""
    segments = [
        header if header is not None else msh(event),
        f"EVN|{event}|20240311120000",
        f"PID|||{pid3}||{pid5}||{pid7}|{pid8}",
        *([] if mrg1 is None else [f"MRG|{mrg1}"]),
        "PV1||O",
    ]
    return end.join(segments) + end


def merge(subsumed: str, survivor: str, **changes: str) -> str:
    """An A40."""
    return adt("A40", pid3=survivor, mrg1=subsumed, **changes)  # type: ignore[arg-type]


class Feed:
    """A connection of a patient identity source."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self._buffer = b""

    def send(self, message: str | bytes) -> list[list[str]]:
        """Send a message; return the acknowledgement's segments as fields."""
        self.raw(b"\x0b" + (message.encode() if isinstance(message, str) else message) + b"\x1c\r")
        return self.receive()

    def raw(self, octets: bytes) -> None:
        self.connection.sendall(octets)

    def receive(self) -> list[list[str]]:
        """The next acknowledgement."""
        while b"\x1c\r" not in self._buffer:
            piece = self.connection.recv(65_536)
            if not piece:
                raise EOFError
            self._buffer += piece
        frame, _, self._buffer = self._buffer.partition(b"\x1c\r")
        assert frame.startswith(b"\x0b")
        text = frame[1:].decode()
        assert text.endswith("\r")
        return [line.split("|") for line in text.removesuffix("\r").split("\r")]

    def is_ended(self) -> bool:
        """Whether the service closed the connection, having said nothing more."""
        try:
            return self._buffer == b"" and self.connection.recv(1) == b""
        except ConnectionResetError:
            return True


@contextmanager
def feed(port: int, *, context: ssl.SSLContext | None = None, seconds: float = 20) -> Iterator[Feed]:
    """Connect to a service."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as plain:
        if context is None:
            yield Feed(plain)
        else:
            with context.wrap_socket(plain, server_hostname="localhost") as secured:
                yield Feed(secured)


def code(acknowledgement: list[list[str]]) -> str:
    """MSA-1."""
    return acknowledgement[1][1]


def errors(acknowledgement: list[list[str]]) -> list[tuple[str, str]]:
    """ERR-3.1 and ERR-2 of each ERR."""
    return [(line[3].partition("^")[0], line[2]) for line in acknowledgement if line[0] == "ERR"]
