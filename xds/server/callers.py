"""Who sends a request, by its connection: its TLS client certificate, or what a trusted proxy says of one.

The contract with a proxy (docs/security.md): it verifies the client's certificate, and hands it on in
X-Client-Certificate (PEM, percent-encoded) and the client's address in X-Client-Address. Both are believed from a
trusted proxy only; from anybody else they are refused where a proxy is trusted, and read by nobody where none is.
"""

from ipaddress import ip_address
from typing import Any, Final, Literal
from urllib.parse import unquote

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from xds.access import Caller
from xds.pki import CertificateRefused, Trust, read_certificates
from xds.server.secured import CALLER, Credentials
from xds.server.worker import UNIX
from xds.settings import ServerSettings, is_loopback
from xds.soap import SoapFault, security_fault
from xds.wss import Refusal, Refused, refusals

CERTIFICATE: Final = "HTTP_X_CLIENT_CERTIFICATE"
ADDRESS: Final = "HTTP_X_CLIENT_ADDRESS"
_KEPT: Final = 1_000
"""Certificates whose owner is remembered: finding it out takes longer than a query."""


class Callers:
    """Tells who sends, as far as the connection proves it.

    Raises
    ------
    PkiError
        The proxy's certificate cannot be read.
    """

    def __init__(self, server: ServerSettings, credentials: Credentials) -> None:
        self._credentials = credentials
        self._trusted: Literal["none", "unix", "tls"] = server.trusted_proxy
        self._proxy = b""
        if server.proxy_certificate is not None:
            self._proxy = read_certificates(server.proxy_certificate)[0].public_bytes(Encoding.DER)
        self._known: dict[str, Caller] = {}
        self._trust: Trust | None = None

    def of(self, environ: dict[str, Any]) -> Caller:
        """Return the sender of a request.

        Raises
        ------
        SoapFault
            Somebody else than the proxy says who it is, or what the proxy says is not so.
        """
        connected: Caller = environ.get(CALLER) or Caller(address=str(environ.get("REMOTE_ADDR", "")))
        if self._trusted == "none":
            return connected
        says = CERTIFICATE in environ or ADDRESS in environ
        if not self._is_proxy(connected):
            if says:
                raise _refused(refusals.PROXY_HEADER, "not of the proxy")
            return connected
        address = _address(environ.get(ADDRESS, ""))
        shown = environ.get(CERTIFICATE, "")
        return self._identified(shown, address) if shown else Caller(address=address)

    def _is_proxy(self, connected: Caller) -> bool:
        if self._trusted == "unix":
            return connected.address == UNIX
        return is_loopback(connected.address) and bool(self._proxy) and connected.certificate == self._proxy

    def _identified(self, shown: str, address: str) -> Caller:
        trust = self._credentials.trust
        if trust is not self._trust or len(self._known) > _KEPT:
            self._known, self._trust = {}, trust
        known = self._known.get(shown)
        if known is None:
            known = self._known[shown] = _read(shown, trust)
        return Caller(address=address, partner=known.partner, certificate=known.certificate)


def _read(shown: str, trust: Trust) -> Caller:
    try:
        certificate = x509.load_pem_x509_certificate(unquote(shown).encode("ascii", "replace"))
        partner = trust.client_of(certificate)
    except ValueError:
        raise _refused(refusals.CLIENT_CERTIFICATE, "the proxy's header holds no certificate") from None
    except CertificateRefused as error:
        raise _refused(refusals.CLIENT_CERTIFICATE, str(error)) from None
    name = None if partner is None else partner.name
    return Caller(partner=name, certificate=certificate.public_bytes(Encoding.DER))


def _address(text: str) -> str:
    """The client's address as the proxy says it; what is none never reaches a log."""
    try:
        return str(ip_address(text.strip()))
    except ValueError:
        return UNIX


def _refused(refusal: Refusal, detail: str) -> SoapFault:
    return security_fault(Refused(refusal, detail=detail))
