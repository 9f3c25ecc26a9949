"""Certificates, keys and revocation lists in files; each thing that is wrong with one is a sentence."""

import os
import stat
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

_PEM: Final = b"-----BEGIN "
_LARGEST: Final = 64 * 1024 * 1024
"""Octets of a file; revocation lists of large authorities have some."""


class PkiError(Exception):
    """A certificate, key or revocation list cannot be used; one sentence that names the file and how to mend it."""


def read_certificates(path: Path) -> tuple[x509.Certificate, ...]:
    """Return the certificates of a file (PEM, one or more), in their order.

    Raises
    ------
    PkiError
        It cannot be read, or holds none.
    """
    octets = _octets(path, "certificate")
    try:
        return tuple(x509.load_pem_x509_certificates(octets))
    except (ValueError, UnsupportedAlgorithm):
        raise PkiError(f"the file {path} holds no certificate that can be read; it has to be PEM") from None


def read_certificate(path: Path, *, now: datetime | None = None) -> x509.Certificate:
    """Return the first certificate of a file, which has to be in date.

    Raises
    ------
    PkiError
        It cannot be read, has expired, or is not valid yet.
    """
    certificate = read_certificates(path)[0]
    at = now or datetime.now(UTC)
    if at > certificate.not_valid_after_utc:
        raise PkiError(
            f"the certificate {path} expired at {certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC; put a new one"
            " in its place"
        )
    if at < certificate.not_valid_before_utc:
        raise PkiError(
            f"the certificate {path} is valid from {certificate.not_valid_before_utc:%Y-%m-%d %H:%M} UTC only; is"
            " the clock of this machine right?"
        )
    return certificate


def read_key(path: Path) -> PrivateKey:
    """Return the private key of a file (PEM without a password; RSA or EC).

    It has to be its owner's alone, and its owner root or the user of this process (security digest 8).

    Raises
    ------
    PkiError
        It cannot be read, others may read it, or it is of another kind.
    """
    octets = _octets(path, "key", _check_private)
    try:
        key = load_pem_private_key(octets, password=None)
    except TypeError:
        raise PkiError(
            f"the key {path} has a password; write it without one, and let nobody else read it"
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise PkiError(f"the file {path} holds no private key that can be read; it has to be PEM") from None
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise PkiError(f"the key {path} is neither RSA nor EC; others are not supported")
    return key


def read_pair(certificate: Path, key: Path) -> tuple[x509.Certificate, PrivateKey]:
    """Return a certificate and its key.

    Raises
    ------
    PkiError
        As `read_certificate` and `read_key`, or they are not of each other.
    """
    found, private = read_certificate(certificate), read_key(key)
    if found.public_key() != private.public_key():
        raise PkiError(
            f"the key {key} is not that of the certificate {certificate}; name the two that belong"
        )
    return found, private


def read_revocation_lists(path: Path) -> tuple[x509.CertificateRevocationList, ...]:
    """Return the revocation lists of a file: several in PEM, or one in DER.

    Raises
    ------
    PkiError
        It cannot be read, or holds none.
    """
    octets = _octets(path, "revocation list")
    try:
        if _PEM not in octets:
            return (x509.load_der_x509_crl(octets),)
        return tuple(x509.load_pem_x509_crl(block) for block in _blocks(octets))
    except (ValueError, UnsupportedAlgorithm):
        raise PkiError(f"the file {path} holds no revocation list that can be read (PEM or DER)") from None


def _blocks(octets: bytes) -> Sequence[bytes]:
    return [_PEM + block for block in octets.split(_PEM)[1:]]


def _octets(path: Path, what: str, examine: Callable[[Path, os.stat_result], None] | None = None) -> bytes:
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            if examine is not None:
                examine(path, found)
            if found.st_size > _LARGEST:
                raise PkiError(
                    f"the {what} {path} is larger than anything of its kind; is it the right file?"
                )
            return file.read()
    except OSError as error:
        raise PkiError(f"the {what} {path} cannot be read ({error.strerror})") from None


def _check_private(path: Path, file: os.stat_result) -> None:
    if stat.S_IMODE(file.st_mode) & 0o077:
        raise PkiError(f"others than its owner may read the key {path}; chmod 600 {path}")
    if file.st_uid not in (0, os.geteuid()):
        raise PkiError(f"the key {path} belongs to another user; give it to root or to the service's user")


def replace_file(path: Path, octets: bytes, mode: int) -> None:
    """Write a file whole or not at all, with its mode from the beginning."""
    part = path.with_name(f"{path.name}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, mode)
        file.write(octets)
    part.replace(path)
