"""Station 3: who sent a request, proven before it is dispatched (standards digest, security 2.1).

What a signature covers is found and verified by `xds.wss`; here it is bound to the connection, to this end point and
to the partner table, and what is handed on is the very element that was verified.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from cryptography import x509

from xds import pki
from xds.mime import content_id_of_href
from xds.server.endpoint import Environ, Gate
from xds.server.site import service_url
from xds.settings import ServerSettings, is_loopback
from xds.soap import Request, SoapFault, security_fault
from xds.soap.faults import HTTP_ACTION
from xds.wss import (
    Attachments,
    Pieces,
    Refusal,
    Refused,
    Signer,
    VerifiedMessage,
    is_signed,
    refusals,
    verify,
)
from xds.xml.namespaces import XOP_INCLUDE

_OF_PKI: Final[Mapping[pki.Refusal, Refusal]] = {
    pki.Refusal.UNKNOWN: refusals.CERTIFICATE_UNKNOWN,
    pki.Refusal.REVOKED: refusals.CERTIFICATE_REVOKED,
    pki.Refusal.REVOCATION_UNKNOWN: refusals.CERTIFICATE_REVOKED,
    pki.Refusal.EXPIRED: refusals.CERTIFICATE_DATE,
    pki.Refusal.NOT_YET_VALID: refusals.CERTIFICATE_DATE,
    pki.Refusal.USAGE: refusals.CERTIFICATE_USAGE,
    pki.Refusal.WEAK: refusals.KEY,
}


class Gates:
    """Several gates, one behind the other."""

    def __init__(self, *gates: Gate) -> None:
        self._gates = gates

    def admit(self, request: Request, environ: Environ) -> Request:
        """Return the request as the last gate leaves it.

        Raises
        ------
        SoapFault
            Of the first gate that stays shut.
        """
        for gate in self._gates:
            request = gate.admit(request, environ)
        return request


@dataclass(frozen=True, slots=True)
class PartnerTrust:
    """The partner table as `xds.wss` asks it."""

    trust: pki.Trust

    def signer(self, certificate: x509.Certificate, at: datetime) -> Signer:
        """Return whose certificate it is.

        Raises
        ------
        Refused
        """
        try:
            found = self.trust.partner_of(certificate, at=at)
        except pki.CertificateRefused as error:
            detail = f"{error.refusal.value}; SHA-256 {pki.fingerprint(certificate)}"
            raise Refused(_OF_PKI[error.refusal], detail=detail) from None
        return Signer(
            partner=found.name,
            algorithms=found.algorithms,
            allows_sha1=found.allows_sha1,
            signed_answers=found.wants_signed_answers,
        )


class SignatureGate:
    """Verifies the signature of a message that has one, and binds it to connection and end point.

    Whether a transaction has to be signed is asked where it is known which one was dispatched
    (`xds.server.proven`).

    Parameters
    ----------
    trust
        Gives the partner table as it is now.
    server
        What the end point is called.
    path
        Of the end point.
    """

    def __init__(self, trust: Callable[[], pki.Trust], server: ServerSettings, path: str) -> None:
        self._trust = trust
        self._server = server
        self._path = path

    def admit(self, request: Request, environ: Environ) -> Request:
        """Return the request, with its signer as caller when it is signed.

        Raises
        ------
        SoapFault
            The signature, or what it says, does not hold.
        """
        if not is_signed(request.envelope.header):
            return request
        try:
            verified = self._verify(request, environ)
        except Refused as refused:
            raise security_fault(refused) from None
        if request.http_action is not None and request.http_action != verified.action:
            raise SoapFault(HTTP_ACTION, header=verified.action)
        caller = replace(request.caller, partner=verified.signer.partner, signed=True)
        return replace(request, caller=caller, verified=verified)

    def _verify(self, request: Request, environ: Environ) -> VerifiedMessage:
        header = request.envelope.header
        assert header is not None  # noqa: S101  # it is signed
        root = header.getparent()
        assert root is not None  # noqa: S101  # a header is an Envelope's
        replaced = any(header in element.iterancestors() for element in request.replaced)
        if replaced or next(header.iter(XOP_INCLUDE), None) is not None:
            raise Refused(refusals.SECURITY_INCLUDE)
        verified = verify(
            root,
            trust=PartnerTrust(self._trust()),
            now=datetime.now(UTC),
            attachments=attachments_of(request),
        )
        if request.envelope.body.getparent() is not verified.body:
            raise Refused(refusals.BODY_ELSEWHERE, what="env:Body", detail="not the Body that is dispatched")
        shown = request.caller.certificate is not None
        if shown and request.caller.partner != verified.signer.partner:
            detail = f"signed by {verified.signer.partner}, sent by {request.caller.partner}"
            raise Refused(refusals.OTHER_PARTNER, detail=detail)
        addresses = end_point_addresses(self._server, self._path, environ)
        if verified.to not in addresses:
            raise Refused(refusals.TO, expected=" or ".join(sorted(addresses)[:1]))
        return verified


class EndPointGate:
    """Lets an enrolled partner call the end points that it was enrolled for, however it is proven.

    Parameters
    ----------
    allowed
        Roles whose end points a partner may call, by its name.
    role
        Of this end point.
    """

    def __init__(self, allowed: Mapping[str, Collection[str]], role: str) -> None:
        self._allowed = allowed
        self._role = role

    def admit(self, request: Request, environ: Environ) -> Request:
        """Return the request as it is.

        Raises
        ------
        SoapFault
            Its partner may not call this end point.
        """
        allowed = self._allowed.get(request.caller.partner or "")
        if allowed is not None and self._role not in allowed:
            raise security_fault(Refused(refusals.OTHER_END_POINT))
        return request


def attachments_of(request: Request) -> Attachments:
    """The parts of a request by the href of the xop:Include that stands for them."""

    def pieces_of(href: str) -> Pieces:
        part = request.parts[content_id_of_href(href)]

        def pieces() -> Any:
            with part.open() as file:
                while piece := file.read(_PIECE):
                    yield piece

        return pieces

    hrefs = {include.get("href", "") for include in request.envelope.body.iter(XOP_INCLUDE)}
    return {href: pieces_of(href) for href in hrefs}


def end_point_addresses(server: ServerSettings, path: str, environ: Environ) -> Collection[str]:
    """What wsa:To may name for an end point: its public address, else that of this machine."""
    if server.public_url is not None:
        return frozenset({server.public_url.rstrip("/") + path})
    port = int(environ.get("SERVER_PORT") or server.port)
    hosts = _LOOPBACK if is_loopback(server.host) else (server.host,)
    scheme = str(environ.get("wsgi.url_scheme", "http"))
    return frozenset(service_url(host, port, is_secured=scheme == "https") + path for host in hosts)


_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
_PIECE: Final = 57 * 4096
"""Octets read at once: lines of base64 come out whole."""
