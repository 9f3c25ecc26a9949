"""The MLLP port of a feed, with TLS where the settings name a certificate (ITI TF-2 3.19.6)."""

import socket
import ssl
from typing import Final

from cryptography import x509

from xds.hl7v2 import FrameLimits, MllpLimits, MllpServer
from xds.hl7v2.mllp import Secure
from xds.pki import CertificateRefused, PkiError, Trust, is_authority, read_certificates, server_context
from xds.source.intake import Intake
from xds.source.settings import FeedSettings, Listener

_FRAME_SECONDS: Final = 60.0
_IDLE_SECONDS: Final = 24 * 3600.0  # interface engines keep their connection for days
_BACKLOG: Final = 64


def listen(settings: Listener) -> socket.socket:
    """Take the port.

    Raises
    ------
    OSError
        It is taken, or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    return socket.create_server((settings.host, settings.port), family=family, backlog=_BACKLOG)


def mllp_server(listener: socket.socket, intake: Intake, settings: FeedSettings) -> MllpServer:
    """The thread that serves the port; not started yet.

    Raises
    ------
    PkiError
        A certificate or key cannot be used.
    """
    limits = settings.mllp
    frames = FrameLimits(
        frame_bytes=limits.frame_bytes, frame_seconds=_FRAME_SECONDS, idle_seconds=_IDLE_SECONDS
    )
    return MllpServer(
        listener,
        intake,
        MllpLimits(frames=frames, connections=limits.connections, connections_per_peer=limits.connections),
        lock=settings.data_dir / "mllp.lock",
        secure=_secure(limits),
    )


def _secure(settings: Listener) -> Secure | None:
    if settings.certificate is None:
        return None
    authorities: tuple[x509.Certificate, ...] = ()
    if settings.client_ca is not None:
        authorities = tuple(read_certificates(settings.client_ca))
        if not all(map(is_authority, authorities)):
            raise PkiError(f"the file {settings.client_ca} holds a certificate that may not issue others")
    trust = Trust(authorities=authorities)
    context = server_context(
        settings.certificate, settings.key or settings.certificate, trust if authorities else None
    )

    def secure(connection: socket.socket) -> ssl.SSLSocket:
        secured = context.wrap_socket(connection, server_side=True)
        shown = secured.getpeercert(binary_form=True)
        if shown is not None:
            try:
                trust.client_of(x509.load_der_x509_certificate(shown))
            except CertificateRefused as error:
                secured.close()
                raise ssl.SSLError(str(error)) from None
        return secured

    return secure
