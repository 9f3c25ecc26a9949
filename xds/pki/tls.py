"""TLS as ITI-19 asks (ITI TF-2 3.19.6): versions, suites, who is trusted; for servers and for clients."""

import ssl
import tempfile
from importlib.resources import as_file, files
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding

from xds.pki.files import PkiError, read_certificates, read_pair
from xds.pki.sandbox import pem_of
from xds.pki.trust import Trust

SUITES: Final = (
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-RSA-CHACHA20-POLY1305",
    "DHE-RSA-AES256-GCM-SHA384",
    "DHE-RSA-AES128-GCM-SHA256",
)
"""Of TLS 1.2: the four of ITI TF-2 3.19.6.2, and their kin; TLS 1.3 has its own, all of them good."""


def server_context(certificate: Path, key: Path, clients: Trust | None) -> ssl.SSLContext:
    """Return how a server speaks TLS.

    Parameters
    ----------
    clients
        Whose certificates are taken, each client having to show one; None asks for none. That a client chains to one
        of them is checked here; whose it is, and whether it is revoked, is `Trust.client_of`'s to say.

    Raises
    ------
    PkiError
        The certificate or key cannot be used.
    """
    read_pair(certificate, key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _harden(context)
    # No session outlives its connection: what is resumed was proven by another.
    context.options |= ssl.OP_NO_TICKET | ssl.OP_CIPHER_SERVER_PREFERENCE | ssl.OP_SINGLE_DH_USE
    context.num_tickets = 0
    with as_file(files("xds.pki") / "ffdhe2048.pem") as parameters:  # RFC 7919 A.1
        context.load_dh_params(str(parameters))
    _load_chain(context, certificate, key)
    if clients is not None:
        _demand(context, clients)
    return context


def client_context(
    *, authorities: Path | None = None, certificate: Path | None = None, key: Path | None = None
) -> ssl.SSLContext:
    """Return how a client speaks TLS: the server's name is always compared with its certificate.

    Parameters
    ----------
    authorities
        PEM: who issues the server's certificate; None takes those of the operating system.
    certificate, key
        What the client shows of itself; the key may stand in the same file.

    Raises
    ------
    PkiError
        A file cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _harden(context)
    if authorities is None:
        context.load_default_certs()
    else:
        _trust(context, [pem_of(item) for item in read_certificates(authorities)])
    if certificate is not None:
        read_pair(certificate, key or certificate)
        _load_chain(context, certificate, key or certificate)
    return context


def _harden(context: ssl.SSLContext) -> None:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(":".join(SUITES) + ":@SECLEVEL=2")
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    # A certificate that is enrolled by itself need not come with its issuers.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN


def _load_chain(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    try:
        context.load_cert_chain(certificate, key, password="")
    except (OSError, ssl.SSLError):
        raise PkiError(f"the certificate {certificate} and its key cannot be used for TLS") from None


def _demand(context: ssl.SSLContext, clients: Trust) -> None:
    _trust(context, [pem_of(item) for item in clients.anchors()])
    context.verify_mode = ssl.CERT_REQUIRED
    if not clients.revocation_lists_cover_all():
        return
    # Where each issuer has a list, a client that is revoked is told so by TLS, within the handshake.
    with tempfile.NamedTemporaryFile() as lists:
        lists.writelines(item.public_bytes(Encoding.PEM) for item in clients.revocation_lists)
        lists.flush()
        context.load_verify_locations(lists.name)
    context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF


def _trust(context: ssl.SSLContext, certificates: list[bytes]) -> None:
    context.load_verify_locations(cadata=b"".join(certificates).decode("ascii"))
