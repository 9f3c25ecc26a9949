"""Whose certificate is it? Partners are enrolled by their certificates, or by who issues them and to which subject."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from cryptography import x509

from xds.pki.examine import has_subject, is_strong, issuer_of, may_sign


class Refusal(StrEnum):
    """Why a certificate is not taken; the value is fit for a log."""

    UNKNOWN = "no partner is enrolled with it"
    REVOKED = "it is revoked"
    REVOCATION_UNKNOWN = "the revocation list of its issuer is missing or out of date"
    EXPIRED = "it has expired"
    NOT_YET_VALID = "it is not valid yet"
    USAGE = "its KeyUsage lacks digitalSignature"
    WEAK = "its key is too weak or of another kind: RSA of 2048 bits, P-256 or P-384"


class CertificateRefused(Exception):
    """A certificate is nobody's, or nobody's any more."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """How one partner is known. It may have several certificates at once: an old one and its successor."""

    name: str
    certificates: tuple[x509.Certificate, ...] = ()  # equal to one of these
    authorities: tuple[x509.Certificate, ...] = ()  # or issued by one of these …
    subject: x509.Name | None = None  # … to a subject with all these attributes
    revocation_lists: tuple[x509.CertificateRevocationList, ...] = ()
    algorithms: frozenset[str] = frozenset()  # of signatures, such as "RSA-SHA256"; empty: all that are safe
    allows_sha1: bool = False  # off unless a partner cannot do better
    wants_signed_answers: bool = False

    def knows(self, certificate: x509.Certificate, at: datetime) -> bool:
        """Tell whether a certificate is this partner's, as far as its content says."""
        if certificate in self.certificates:
            return True
        if self.subject is None or not has_subject(certificate, self.subject):
            return False
        return issuer_of(certificate, self.authorities, at) is not None


class Trust:
    """The partners that are enrolled. It never changes: a reload makes a new one.

    Parameters
    ----------
    authorities
        Issuers whose certificates may connect without being a partner's.
    proxies
        Certificates that may connect and speak for others.
    revocation_lists
        Of any issuer; those of a partner are looked at too.
    """

    def __init__(
        self,
        partners: Sequence[Enrolled] = (),
        *,
        authorities: Sequence[x509.Certificate] = (),
        proxies: Sequence[x509.Certificate] = (),
        revocation_lists: Sequence[x509.CertificateRevocationList] = (),
    ) -> None:
        self.partners = tuple(partners)
        self.authorities = tuple(authorities)
        self.proxies = tuple(proxies)
        self._lists = (*revocation_lists, *(each for item in partners for each in item.revocation_lists))

    def partner_of(self, certificate: x509.Certificate, *, at: datetime | None = None) -> Enrolled:
        """Return whose certificate it is, for a connection or a signature.

        Raises
        ------
        CertificateRefused
            It is nobody's, out of date, revoked, too weak, or not for signatures.
        """
        now = at or datetime.now(UTC)
        found = next((item for item in self.partners if item.knows(certificate, now)), None)
        if found is None:
            raise CertificateRefused(Refusal.UNKNOWN)
        self._examine(certificate, now)
        return found

    def client_of(self, certificate: x509.Certificate, *, at: datetime | None = None) -> Enrolled | None:
        """Return the partner of a TLS client, None for one that may connect and is none.

        Raises
        ------
        CertificateRefused
            It may not connect.
        """
        now = at or datetime.now(UTC)
        try:
            return self.partner_of(certificate, at=now)
        except CertificateRefused as error:
            if error.refusal is not Refusal.UNKNOWN or not self._may_connect(certificate, now):
                raise
        self._examine(certificate, now)
        return None

    def anchors(self) -> tuple[x509.Certificate, ...]:
        """Every certificate that a client's chain may end in."""
        found = [*self.authorities, *self.proxies]
        for item in self.partners:
            found += [*item.certificates, *item.authorities]
        return tuple(dict.fromkeys(found))

    def revocation_lists_cover_all(self) -> bool:
        """Tell whether each issuer of a client has a list, so that TLS itself can refuse what is revoked."""
        lists = {each.issuer for each in self._lists}
        anchors = self.anchors()
        return bool(anchors) and all(each.issuer in lists or each.subject in lists for each in anchors)

    @property
    def revocation_lists(self) -> tuple[x509.CertificateRevocationList, ...]:
        """All lists."""
        return self._lists

    def _may_connect(self, certificate: x509.Certificate, at: datetime) -> bool:
        return certificate in self.proxies or issuer_of(certificate, self.authorities, at) is not None

    def _examine(self, certificate: x509.Certificate, at: datetime) -> None:
        if at > certificate.not_valid_after_utc:
            raise CertificateRefused(Refusal.EXPIRED)
        if at < certificate.not_valid_before_utc:
            raise CertificateRefused(Refusal.NOT_YET_VALID)
        if not may_sign(certificate):
            raise CertificateRefused(Refusal.USAGE)
        if not is_strong(certificate):
            raise CertificateRefused(Refusal.WEAK)
        self._check_revocation(certificate, at)

    def _check_revocation(self, certificate: x509.Certificate, at: datetime) -> None:
        """Look the certificate up in the lists of its issuer; where there is one, one has to be in date and genuine."""
        lists = [each for each in self._lists if each.issuer == certificate.issuer]
        if not lists:
            return
        if any(each.get_revoked_certificate_by_serial_number(certificate.serial_number) for each in lists):
            raise CertificateRefused(Refusal.REVOKED)
        issuers = [each for each in self.anchors() if each.subject == certificate.issuer]
        for each in lists:
            ends = each.next_update_utc
            if ends is not None and ends < at:
                continue
            # Where the issuer is not enrolled, the operator who put the list there answers for it.
            if not issuers or any(_is_signed_by(each, issuer) for issuer in issuers):
                return
        raise CertificateRefused(Refusal.REVOCATION_UNKNOWN)


def _is_signed_by(revoked: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    try:
        return revoked.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]  # of an issuer
    except (TypeError, ValueError):
        return False
