"""The algorithms of a signature that are served (RFC 9231), and the keys that they go with."""

from dataclasses import dataclass
from typing import Final, Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from xds.wss.refusals import KEY, Refused
from xds.xml.namespaces import DSIG

SigningKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
_MORE: Final = "http://www.w3.org/2001/04/xmldsig-more#"
_MGF1: Final = "http://www.w3.org/2007/05/xmldsig-more#"
_LEAST_RSA_BITS: Final = 2048
_CURVES: Final = frozenset({"secp256r1", "secp384r1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureAlgorithm:
    """One SignatureMethod: `name` is what settings and partners call it."""

    name: str
    uri: str
    kind: Literal["RSA", "RSA-PSS", "ECDSA"]
    hash: type[hashes.HashAlgorithm]
    is_sha1: bool = False


SIGNATURES: Final = {
    row.uri: row
    for row in (
        SignatureAlgorithm(name="RSA-SHA256", uri=f"{_MORE}rsa-sha256", kind="RSA", hash=hashes.SHA256),
        SignatureAlgorithm(name="RSA-SHA384", uri=f"{_MORE}rsa-sha384", kind="RSA", hash=hashes.SHA384),
        SignatureAlgorithm(name="RSA-SHA512", uri=f"{_MORE}rsa-sha512", kind="RSA", hash=hashes.SHA512),
        SignatureAlgorithm(name="RSA-PSS", uri=f"{_MGF1}sha256-rsa-MGF1", kind="RSA-PSS", hash=hashes.SHA256),
        SignatureAlgorithm(name="RSA-PSS", uri=f"{_MGF1}sha384-rsa-MGF1", kind="RSA-PSS", hash=hashes.SHA384),
        SignatureAlgorithm(name="RSA-PSS", uri=f"{_MGF1}sha512-rsa-MGF1", kind="RSA-PSS", hash=hashes.SHA512),
        SignatureAlgorithm(name="ECDSA-SHA256", uri=f"{_MORE}ecdsa-sha256", kind="ECDSA", hash=hashes.SHA256),
        SignatureAlgorithm(name="ECDSA-SHA384", uri=f"{_MORE}ecdsa-sha384", kind="ECDSA", hash=hashes.SHA384),
        SignatureAlgorithm(
            name="RSA-SHA1", uri=f"{DSIG}rsa-sha1", kind="RSA", hash=hashes.SHA1, is_sha1=True
        ),
    )
}
SHA1: Final = f"{DSIG}sha1"
"""The one DigestMethod that goes with a partner's switch only."""
DIGESTS: Final[dict[str, tuple[str, type[hashes.HashAlgorithm]]]] = {
    "http://www.w3.org/2001/04/xmlenc#sha256": ("SHA-256", hashes.SHA256),
    f"{_MORE}sha384": ("SHA-384", hashes.SHA384),
    "http://www.w3.org/2001/04/xmlenc#sha512": ("SHA-512", hashes.SHA512),
    SHA1: ("SHA-1", hashes.SHA1),
}
SHA256: Final = "http://www.w3.org/2001/04/xmlenc#sha256"
SERVED_SIGNATURES: Final = tuple(dict.fromkeys(row.name for row in SIGNATURES.values() if not row.is_sha1))
SERVED_DIGESTS: Final = tuple(name for uri, (name, _) in DIGESTS.items() if uri != SHA1)


def check_key(certificate: x509.Certificate, algorithm: SignatureAlgorithm) -> None:
    """Check that a certificate's key is strong enough and of the algorithm's kind.

    Raises
    ------
    Refused
    """
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        fits = algorithm.kind != "ECDSA" and key.key_size >= _LEAST_RSA_BITS
    else:
        fits = (
            isinstance(key, ec.EllipticCurvePublicKey)
            and algorithm.kind == "ECDSA"
            and key.curve.name in _CURVES
        )
    if not fits:
        raise Refused(KEY)


def algorithm_for(key: SigningKey) -> SignatureAlgorithm:
    """The algorithm that we sign with: the usual one of the key."""
    if isinstance(key, rsa.RSAPrivateKey):
        return SIGNATURES[f"{_MORE}rsa-sha256"]
    return SIGNATURES[f"{_MORE}ecdsa-{'sha384' if key.key_size > 256 else 'sha256'}"]  # P-256


def signature_of(octets: bytes, key: SigningKey, algorithm: SignatureAlgorithm) -> bytes:
    """Sign octets; an ECDSA signature is r and s, each as long as the curve (XML Signature 6.4.3)."""
    chosen = algorithm.hash()
    if isinstance(key, rsa.RSAPrivateKey):
        scheme: padding.AsymmetricPadding = padding.PKCS1v15()
        if algorithm.kind == "RSA-PSS":
            scheme = padding.PSS(padding.MGF1(chosen), chosen.digest_size)
        return key.sign(octets, scheme, chosen)
    r, s = decode_dss_signature(key.sign(octets, ec.ECDSA(chosen)))
    length = (key.key_size + 7) // 8
    return r.to_bytes(length, "big") + s.to_bytes(length, "big")
