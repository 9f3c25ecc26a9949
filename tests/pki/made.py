"""Files of certificates and keys for tests, made anew, and TLS contexts of clients that use them."""

import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from xds.pki import Authority, PrivateKey, key_pem_of, pem_of


def write_pair(folder: Path, name: str, certificate: x509.Certificate, key: PrivateKey) -> Path:
    """Write NAME.pem and NAME.key; return the first."""
    path = folder / f"{name}.pem"
    path.write_bytes(pem_of(certificate))
    private = folder / f"{name}.key"
    private.write_bytes(key_pem_of(key))
    private.chmod(0o600)
    return path


def write_revoked(folder: Path, authority: Authority, *certificates: x509.Certificate) -> Path:
    """Write the authority's revocation list, as a whole."""
    path = folder / "ca.crl"
    part = folder / "ca.crl.part"
    part.write_bytes(authority.revoke(certificates).public_bytes(Encoding.PEM))
    return part.replace(path)


def client(folder: Path, name: str | None = None, suite: str | None = None) -> ssl.SSLContext:
    """A client that trusts ca.pem of a folder, shows NAME's certificate, and speaks one suite of TLS 1.2 only."""
    context = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    if name is not None:
        context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    if suite is not None:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(f"{suite}:@SECLEVEL=0")
    return context
