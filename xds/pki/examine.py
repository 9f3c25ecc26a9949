"""What is looked at in one certificate: dates, key, usage, subject, who issued it."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256

_LEAST_RSA_BITS: Final = 2048
_CURVES: Final = frozenset({"secp256r1", "secp384r1"})
_DAY: Final = 86_400


def fingerprint(certificate: x509.Certificate) -> str:
    """Return the SHA-256 of a certificate in lower-case hex: what logs name it by."""
    return certificate.fingerprint(SHA256()).hex()


def days_left(certificate: x509.Certificate, now: datetime | None = None) -> int:
    """Return the whole days until a certificate expires; negative when it has."""
    left = certificate.not_valid_after_utc - (now or datetime.now(UTC))
    return int(left.total_seconds() // _DAY)


def is_strong(certificate: x509.Certificate) -> bool:
    """Tell whether its key is RSA of 2048 bits or more, or EC on P-256 or P-384."""
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return key.key_size >= _LEAST_RSA_BITS
    return isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVES


def may_sign(certificate: x509.Certificate) -> bool:
    """Tell whether its KeyUsage allows digitalSignature; one without KeyUsage allows all (RFC 5280 4.2.1.3)."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return True
    except ValueError:  # an extension that nobody can read
        return False
    return usage.digital_signature


def is_authority(certificate: x509.Certificate) -> bool:
    """Tell whether it may issue others: basicConstraints say so, and KeyUsage, where it is, too."""
    try:
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    except (x509.ExtensionNotFound, ValueError):
        return False
    if not constraints.ca:
        return False
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return usage.key_cert_sign


def issuer_of(
    certificate: x509.Certificate, authorities: Iterable[x509.Certificate], at: datetime
) -> x509.Certificate | None:
    """Return the authority that issued a certificate, and is in date; None when it is none of them."""
    for authority in authorities:
        if authority.subject != certificate.issuer or not is_authority(authority):
            continue
        if not authority.not_valid_before_utc <= at <= authority.not_valid_after_utc:
            continue
        try:
            certificate.verify_directly_issued_by(authority)
        except (ValueError, TypeError, InvalidSignature):
            continue
        return authority
    return None


def has_subject(certificate: x509.Certificate, rule: x509.Name) -> bool:
    """Tell whether a certificate's subject has every attribute of a rule, in whatever order."""
    wanted = {(item.oid, item.value) for item in rule}
    return wanted <= {(item.oid, item.value) for item in certificate.subject}


def read_subject_rule(text: str) -> x509.Name:
    """Return a rule as it is written in settings, ``CN=dir-a,O=North hospital`` (RFC 4514).

    Raises
    ------
    ValueError
        It cannot be read, or names nothing.
    """
    name = x509.Name.from_rfc4514_string(text)
    if not list(name):
        raise ValueError("it names no attribute")
    return name
