"""The door for patient feeds: its port taken before the workers are forked, served by one of them."""

import logging
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from xds.access import Caller
from xds.audit import AuditLog, AuditUnavailable, System
from xds.feeds import EVENTS, LINK_CHANGE, LinkChangeFeed, PatientIdentityFeed, Receiver
from xds.hl7v2 import Domain, FrameLimits, MllpLimits, MllpServer
from xds.pki import CertificateRefused, PkiError, Trust, server_context
from xds.server.credentials import read_authorities
from xds.server.http import bind
from xds.server.watching import FilesWatch
from xds.settings import FeedSettings, Settings
from xds.store import LinkStore, PatientStore, Pool

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FeedDoor:
    """The open port, and how it is secured."""

    listener: socket.socket
    tls: "FeedTls | None"


class FeedTls:
    """TLS of the door as its files say now; connections that are open stay as they are.

    Raises
    ------
    PkiError
        A file cannot be used.
    """

    def __init__(self, feeds: FeedSettings, certificate: Path) -> None:
        self._certificate, self._key, self._client_ca = certificate, feeds.key or certificate, feeds.client_ca
        self._watch = FilesWatch("feed-tls", [*filter(None, (self._certificate, self._key, self._client_ca))])
        self._trust, self._context = self._load()

    def start(self) -> None:
        """Take changes from now on, from a thread of its own."""
        self._watch.start(self.take)

    def stop(self) -> None:
        """End at the next beat."""
        self._watch.stop()

    def take(self) -> None:
        """Read the files anew; ones that cannot be used are logged, and what was stays."""
        try:
            self._trust, self._context = self._load()
        except PkiError as error:
            log.error("certificates of the feed not taken, the old ones stay", extra={"reason": str(error)})
            return
        log.info("certificates of the feed taken")

    def secure(self, connection: socket.socket) -> ssl.SSLSocket:
        """Make the handshake.

        Raises
        ------
        ssl.SSLError
            It fails, or the peer's certificate is not taken.
        """
        trust = self._trust
        secured = self._context.wrap_socket(connection, server_side=True)
        shown = secured.getpeercert(binary_form=True)
        if shown is not None:
            try:
                trust.client_of(x509.load_der_x509_certificate(shown))
            except CertificateRefused as error:
                secured.close()
                raise ssl.SSLError(str(error)) from None
        return secured

    def _load(self) -> tuple[Trust, ssl.SSLContext]:
        authorities = () if self._client_ca is None else read_authorities(self._client_ca)
        trust = Trust(authorities=authorities)
        clients = None if self._client_ca is None else trust
        return trust, server_context(self._certificate, self._key, clients)


def open_feed_door(settings: Settings) -> FeedDoor | None:
    """Take the port of the settings; None where they name none.

    Raises
    ------
    HttpError
        The port is taken, or the address is not this machine's.
    PkiError
        A certificate or key cannot be used.
    """
    feeds = settings.feeds
    if not feeds.mllp_port:
        return None
    tls = None
    if feeds.certificate is not None:
        tls = FeedTls(feeds, feeds.certificate)
    listener = bind(
        feeds.mllp_host, feeds.mllp_port, host_name="feeds.mllp_host", port_name="feeds.mllp_port"
    )
    return FeedDoor(listener, tls)


def feed_server(door: FeedDoor, settings: Settings, pool: Pool, audit: AuditLog) -> MllpServer:
    """The thread of one worker that serves the door when its turn comes; not started yet."""
    registry, limits = settings.registry, settings.limits
    if door.tls is not None:
        door.tls.start()
    domain = Domain(authority=registry.patient_authority, namespace_id=settings.feeds.namespace_id)
    is_strict = settings.rules.strictness == "strict"
    feed = PatientIdentityFeed(PatientStore(pool), domain, is_strict=is_strict)
    frames = FrameLimits(
        frame_bytes=limits.mllp_frame_bytes,
        frame_seconds=limits.mllp_frame_seconds,
        idle_seconds=limits.mllp_idle_seconds,
    )
    return MllpServer(
        door.listener,
        Receiver(
            dict.fromkeys(EVENTS, ("ITI-8", feed))
            | {LINK_CHANGE: ("ITI-64", LinkChangeFeed(LinkStore(pool), domain))},
            audit,
        ),
        MllpLimits(
            frames=frames,
            connections=limits.mllp_connections,
            connections_per_peer=limits.mllp_connections_per_peer,
        ),
        lock=settings.data_dir / "mllp.lock",
        secure=None if door.tls is None else _watched(door.tls, audit),
    )


def _watched(tls: FeedTls, audit: AuditLog) -> Callable[[socket.socket], ssl.SSLSocket]:
    """The handshake; a Security Alert is kept of each source that it refuses (security digest 4)."""

    def secure(connection: socket.socket) -> ssl.SSLSocket:
        peer = str(connection.getpeername()[0])
        try:
            return tls.secure(connection)
        except ssl.SSLEOFError:
            raise  # it went away
        except ssl.SSLError as error:
            try:
                why = f"MLLP: TLS {error.reason or 'CERTIFICATE_REFUSED'}"
                audit.alert(System.NODE_AUTHENTICATION, why, caller=Caller(address=peer))
            except AuditUnavailable:
                log.exception("not audited")
            raise

    return secure
