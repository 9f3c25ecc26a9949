"""Audit messages onto the network: RFC 5424 records, framed for TLS (RFC 5425) or one a datagram (RFC 5426)."""

import re
import socket
import ssl
from collections.abc import Iterable
from typing import Final, Protocol

from xds.audit.event import AuditEvent
from xds.audit.message import audit_message

_PRIORITY: Final = "<85>"  # facility 10 (security), severity 5 (notice): ITI TF-2 3.20.4.1.2
_MESSAGE_ID: Final = "IHE+RFC-3881"
_UNFIT: Final = re.compile(r"[^!-~]+")
_SECONDS: Final = 20.0
_DATAGRAM: Final = 65_507  # octets of one over IPv4


class Channel(Protocol):
    """An open way to a receiver."""

    def send(self, events: Iterable[AuditEvent]) -> None:
        """Send events in their order.

        Raises
        ------
        OSError
            The receiver is gone; what of them it has read is unknown.
        """

    def close(self) -> None:
        """End, so that everything that was sent is surely read.

        Raises
        ------
        OSError
            It is not known to be.
        """

    def abort(self) -> None:
        """End at once."""


def syslog_record(event: AuditEvent) -> bytes:
    """The RFC 5424 record of an event."""
    head = " ".join(
        (
            f"{_PRIORITY}1",
            event.time,
            _word(event.host, 255),
            "xds",
            _word(event.process, 128),
            _MESSAGE_ID,
            "-",
            "",
        )
    )
    return head.encode("ascii") + audit_message(event)


def frame(record: bytes) -> bytes:
    """A record in its octet-counted frame (RFC 5425 4.3)."""
    return b"%d %b" % (len(record), record)


class TlsChannel:
    """A connection of RFC 5425.

    Parameters
    ----------
    context
        As `xds.pki.client_context` returns it: the receiver's name is checked, and ours is shown.
    """

    def __init__(self, host: str, port: int, context: ssl.SSLContext) -> None:
        plain = socket.create_connection((host, port), timeout=_SECONDS)
        try:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            if hasattr(socket, "TCP_USER_TIMEOUT"):
                plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(_SECONDS * 1000))
            self._socket = context.wrap_socket(plain, server_hostname=host)
        except BaseException:
            plain.close()
            raise

    def send(self, events: Iterable[AuditEvent]) -> None:
        """Send events, each in a frame."""
        self._socket.sendall(b"".join(frame(syslog_record(event)) for event in events))

    def close(self) -> None:
        """Say that we have ended and wait for the other side to say so: it has read everything before."""
        try:
            try:
                plain = self._socket.unwrap()
            except ssl.SSLEOFError:
                return  # it read our end, and closed without a word
            plain.shutdown(socket.SHUT_WR)
            plain.close()
        finally:
            self.abort()

    def abort(self) -> None:
        """Close at once."""
        self._socket.close()


class UdpChannel:
    """Datagrams of RFC 5426: nothing tells whether one arrives."""

    def __init__(self, host: str, port: int) -> None:
        (family, kind, protocol, _, address), *_ = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
        self._socket = socket.socket(family, kind, protocol)
        self._socket.connect(address)

    def send(self, events: Iterable[AuditEvent]) -> None:
        """Send events, one a datagram; what does not fit is cut off, as the RFC allows (3.2)."""
        for event in events:
            self._socket.send(syslog_record(event)[:_DATAGRAM])

    def close(self) -> None:
        """Nothing is waited for."""
        self.abort()

    def abort(self) -> None:
        """Close."""
        self._socket.close()


def _word(text: str, length: int) -> str:
    """A field of the head: printable ASCII without blanks."""
    return _UNFIT.sub("_", text)[:length] or "-"
