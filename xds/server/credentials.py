"""Who is enrolled and how TLS is spoken, from the settings' files, and as those change."""

import logging
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

from cryptography import x509

from xds.pki import (
    Enrolled,
    PkiError,
    Trust,
    is_authority,
    is_strong,
    may_sign,
    read_certificates,
    read_revocation_lists,
    read_subject_rule,
    server_context,
)
from xds.saml import IdentityProvider
from xds.server.watching import FilesWatch
from xds.settings import IdentityProviderSettings, PartnerSettings, Settings, is_enrolled

log = logging.getLogger(__name__)


def load_trust(settings: Settings) -> Trust:
    """Read the certificates of the partner table.

    Raises
    ------
    PkiError
        A file cannot be read, or holds what nobody can be enrolled with.
    """
    server = settings.server
    return Trust(
        [_enrolled(partner) for partner in settings.partners if is_enrolled(partner)],
        authorities=() if server.client_ca is None else read_authorities(server.client_ca),
        proxies=() if server.proxy_certificate is None else read_certificates(server.proxy_certificate)[:1],
        revocation_lists=()
        if server.revocation_list is None
        else read_revocation_lists(server.revocation_list),
    )


def read_authorities(path: Path) -> tuple[x509.Certificate, ...]:
    """Return the issuers of a file.

    Raises
    ------
    PkiError
        It cannot be read, or holds a certificate that may not issue others.
    """
    found = read_certificates(path)
    for certificate in found:
        if not is_authority(certificate):
            raise PkiError(
                f"the file {path} holds a certificate that may not issue others; it has to be an authority's"
            )
    return found


def _enrolled(partner: PartnerSettings) -> Enrolled:
    where = f'partner "{partner.name}"'
    try:
        certificates = tuple(read_certificates(path)[0] for path in partner.certificates)
        for certificate, path in zip(certificates, partner.certificates, strict=True):
            if not may_sign(certificate):
                raise PkiError(
                    f"the certificate {path} is not for signatures: its KeyUsage lacks digitalSignature"
                )
            if not is_strong(certificate):
                raise PkiError(
                    f"the key of the certificate {path} is not RSA of 2048 bits or more, P-256 or P-384"
                )
        return Enrolled(
            name=partner.name,
            certificates=certificates,
            authorities=() if partner.issuer is None else read_authorities(partner.issuer),
            subject=None if partner.subject is None else read_subject_rule(partner.subject),
            revocation_lists=()
            if partner.revocation_list is None
            else read_revocation_lists(partner.revocation_list),
            algorithms=frozenset(partner.algorithms),
            allows_sha1=partner.allow_sha1,
            wants_signed_answers=partner.signed_answers,
        )
    except PkiError as error:
        raise PkiError(f"{where}: {error}") from None
    except ValueError:
        raise PkiError(
            f'{where}: subject has to be written like "CN=dir-a,O=North hospital" (RFC 4514)'
        ) from None


def trust_files(settings: Settings) -> Iterator[Path]:
    """Yield every file that `load_trust` and `load_providers` read."""
    for provider in settings.identity_providers:
        yield from provider.certificates
    for partner in settings.partners:
        yield from partner.certificates
        yield from filter(None, (partner.issuer, partner.revocation_list))
    server = settings.server
    yield from filter(None, (server.client_ca, server.revocation_list, server.proxy_certificate))


def sha1_partners(settings: Settings) -> tuple[str, ...]:
    """Whose signatures are taken with SHA-1, which can be forged: to be told at each start."""
    return tuple(item.name for item in settings.partners if item.allow_sha1)


def load_providers(settings: Settings) -> tuple[IdentityProvider, ...]:
    """Read the certificates of the identity providers.

    Raises
    ------
    PkiError
        A file cannot be read, or holds a certificate that is not for signatures.
    """
    return tuple(map(_provider, settings.identity_providers))


def _provider(provider: IdentityProviderSettings) -> IdentityProvider:
    found = [(path, each) for path in provider.certificates for each in read_certificates(path)]
    for path, certificate in found:
        if not may_sign(certificate) or not is_strong(certificate):
            raise PkiError(
                f'identity provider "{provider.issuer}": the certificate {path} is not for signatures: it needs an RSA'
                " key of 2048 bits or more, P-256 or P-384, and a KeyUsage, where it has one, with digitalSignature"
            )
    return IdentityProvider(
        issuer=provider.issuer,
        certificates=tuple(certificate for _, certificate in found),
        attribute_prefix=provider.attribute_prefix,
        authentications=frozenset(provider.authentications),
    )


class Credentials:
    """Who is enrolled and how TLS is spoken, as the settings' files say now.

    Made, and everything in it checked, before the workers are forked; `start` it in each of them.

    Raises
    ------
    PkiError
        A file cannot be used: a key that others may read, a certificate that has expired …
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        server = settings.server
        own = filter(None, (server.certificate, server.key))
        self._watch = FilesWatch("credentials", [*trust_files(settings), *own])
        self.trust, self.tls, self.providers = self._load()
        self.refused: Callable[[str, str], None] = lambda _peer, _why: None
        """Told of each TLS client that is refused: its address, and why."""
        self.waits: Callable[[str], int] = lambda _peer: 0
        """Asked for how many seconds an address is not listened to."""

    def start(self) -> None:
        """Take changes from now on, from a thread of its own; connections that are open stay so."""
        self._watch.start(self.take)

    def stop(self) -> None:
        """End at the next beat."""
        self._watch.stop()

    def take(self) -> None:
        """Read the files anew; ones that cannot be used are logged, and what was stays."""
        try:
            self.trust, self.tls, self.providers = self._load()
        except PkiError as error:
            log.error("certificates not taken, the old ones stay", extra={"reason": str(error)})
            return
        log.info("certificates taken", extra={"partners": len(self.trust.partners)})

    def _check(self, trust: Trust) -> None:
        if self._settings.security.signed and not trust.partners:
            raise PkiError(
                f"{', '.join(self._settings.security.signed)} must be signed and no partner is enrolled who could sign:"
                " name certificates in [[partners]], or a folder of `xds keys sandbox` by --keys"
            )

    def _load(self) -> tuple[Trust, ssl.SSLContext | None, tuple[IdentityProvider, ...]]:
        server, trust = self._settings.server, load_trust(self._settings)
        providers = load_providers(self._settings)
        self._check(trust)
        if server.certificate is None or server.key is None:
            return trust, None, providers
        clients = trust if server.client_certificates == "required" else None
        return trust, server_context(server.certificate, server.key, clients), providers
