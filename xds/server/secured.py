"""A connection within TLS: as the worker's own channel to its users, the handshake a step of the first reading."""

import errno
import logging
import select
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, Protocol

from cryptography import x509

from xds.access import Caller
from xds.pki import CertificateRefused, Trust, fingerprint
from xds.server.channel import Channel, Pace, too_slow

log = logging.getLogger("xds.tls")

CALLER: Final = "xds.caller"
"""Where the environment of a request has its `Caller`, as far as the connection proves it."""
_SMALL: Final = 16 * 1024
"""Octets of a TLS record: what is smaller leaves in one, head and body together."""
_WRITE_SECONDS: Final = 2.0
"""For a handshake's own octets to leave: a few thousand, which a socket takes at once."""
_LAST_SECONDS: Final = 0.1
"""Between the alert that refuses a client and the end of its connection."""


class Credentials(Protocol):
    """`xds.server.credentials.Credentials`: it changes with its files."""

    trust: Trust
    tls: ssl.SSLContext | None
    refused: Callable[[str, str], None]
    waits: Callable[[str], int]


class TlsChannel(Channel):
    """A channel within TLS.

    The handshake runs on a thread of the worker, a step each time that octets of the peer have come; in between the
    connection waits in the poller as any other. Who is refused is logged and sees the connection end.
    """

    is_secured = True

    def __init__(self, wrapped: socket.socket, pace: Pace, credentials: Credentials, peer: str) -> None:
        super().__init__(wrapped, pace)
        self._credentials = credentials
        self._peer = peer
        self._trust: Trust | None = None
        self._certificate: x509.Certificate | None = None
        self._caller = Caller(address=peer)
        self._is_open = False

    def take(self, size: int) -> bytes:
        """Go on with the handshake, then read what is there; raises as `Channel.take` does."""
        if not self._is_open:
            self._remaining()
            self._open()
            self.begin()
        return super().take(size)

    def pending(self) -> int:
        """Octets that have been deciphered and not been read: the poller does not know of them."""
        return int(self._wrapped.pending())

    def waits(self, event: int, seconds: float) -> bool:
        """Wait as `Channel.waits` does; what has been deciphered is there."""
        return (event == select.POLLIN and self._is_open and self.pending() > 0) or super().waits(
            event, seconds
        )

    def describe(self, environ: dict[str, Any]) -> None:
        """Put into a request's environment that it came by TLS, and from whom.

        Raises
        ------
        ConnectionResetError
            The client's certificate has been revoked, has expired, or is enrolled no more.
        """
        if self._trust is not self._credentials.trust or self._has_expired():
            self._identify()
        environ["wsgi.url_scheme"] = "https"
        environ[CALLER] = self._caller

    def _open(self) -> None:
        if not isinstance(self._wrapped, _Records):
            if self._credentials.waits(self._peer):
                raise _gone("it failed too often")
            context = self._credentials.tls
            if context is None:  # never where this class is used
                raise too_slow()
            self._wrapped = _Records(context, self._wrapped)
        try:
            while not self._wrapped.shake_hands():
                if not super().waits(select.POLLOUT, _WRITE_SECONDS):
                    raise too_slow()
        except ssl.SSLEOFError:
            raise _gone("the peer went away within the handshake") from None
        except ssl.SSLError as error:
            self._refuse(error.reason or "handshake", getattr(error, "verify_message", ""))
        self._identify()
        self._is_open = True

    def _identify(self) -> None:
        """Find out whose the certificate is; a handshake alone says only that somebody trusted issued it."""
        trust = self._credentials.trust
        octets = self._wrapped.certificate()
        if octets is not None:
            self._certificate = x509.load_der_x509_certificate(octets)
            try:
                partner = trust.client_of(self._certificate)
            except CertificateRefused as error:
                self._refuse("CERTIFICATE_REFUSED", str(error))
            name = None if partner is None else partner.name
            self._caller = Caller(address=self._peer, partner=name, certificate=octets)
        self._trust = trust

    def _has_expired(self) -> bool:
        certificate = self._certificate
        return certificate is not None and time.time() > certificate.not_valid_after_utc.timestamp()

    def _refuse(self, reason: str, why: str) -> None:
        shown = "" if self._certificate is None else fingerprint(self._certificate)
        facts = {"peer": self._peer, "reason": reason, "why": why, "certificate": shown}
        log.warning("TLS client refused", extra=facts)
        self._credentials.refused(self._peer, f"TLS {reason}")
        self._wrapped.leave(time.monotonic() + _LAST_SECONDS)
        raise _gone("the TLS client is refused")


class _Records:
    """TLS over a socket that never blocks, with the few methods that a channel uses of a socket."""

    def __init__(self, context: ssl.SSLContext, wrapped: socket.socket) -> None:
        try:
            self._socket = context.wrap_socket(wrapped, server_side=True, do_handshake_on_connect=False)
        except (OSError, ValueError):
            raise _gone("the peer is gone") from None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)

    def shake_hands(self) -> bool:
        """Take the next step: True at the end, False when there is more to write.

        Raises
        ------
        BlockingIOError
            It is the peer's turn.
        """
        try:
            self._socket.do_handshake()
        except ssl.SSLWantReadError:
            raise BlockingIOError from None
        except ssl.SSLWantWriteError:
            return False
        return True

    def certificate(self) -> bytes | None:
        """What the client showed, DER."""
        return self._socket.getpeercert(binary_form=True)

    def recv(self, size: int) -> bytes:
        """As of a socket."""
        try:
            return self._socket.recv(size)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise BlockingIOError from None
        except ssl.SSLError as error:
            raise _gone(error.reason) from None

    def sendmsg(self, pieces: list[memoryview]) -> int:
        """As of a socket; what is left is to be sent again from the same beginning."""
        first = pieces[0]
        if len(pieces) > 1 and sum(map(len, pieces)) <= _SMALL:
            first = memoryview(b"".join(pieces))
        try:
            return self._socket.send(first)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise BlockingIOError from None
        except ssl.SSLError as error:
            raise _gone(error.reason) from None

    def shutdown(self, how: int) -> None:
        """Tell the peer that this is the end; what it still sends is read as it is."""
        self._say_goodbye()
        self._socket.shutdown(how)

    def close(self) -> None:
        """Tell the peer, and close."""
        self._say_goodbye()
        self._socket.close()

    def leave(self, deadline: float) -> None:
        """Let the alert of a failed handshake arrive: octets left unread would reset the connection."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)  # and from here on its octets are not deciphered
            poll = select.poll()
            poll.register(self._socket, select.POLLIN)
            while (left := deadline - time.monotonic()) > 0 and poll.poll(left * 1000):
                if not self._socket.recv(_SMALL):
                    return

    def _say_goodbye(self) -> None:
        with suppress(OSError, ValueError):
            self._socket.unwrap()


def _gone(why: str) -> ConnectionResetError:
    """The error on which a connection ends without a word."""
    return ConnectionResetError(errno.ECONNRESET, why)
