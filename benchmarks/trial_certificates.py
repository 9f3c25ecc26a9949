"""A certificate authority for the HTTP server trial: server, client, a revoked client and the list that says so."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

_NOW = datetime.now(UTC)


@dataclass(slots=True)
class Certificates:
    """Files of one authority."""

    folder: Path
    authority_key: rsa.RSAPrivateKey
    authority_certificate: x509.Certificate

    @property
    def authority(self) -> Path:
        return self.folder / "authority.pem"

    @property
    def revocations(self) -> Path:
        return self.folder / "revocations.pem"

    @property
    def server(self) -> Path:
        return self.folder / "server.pem"

    @property
    def server_key(self) -> Path:
        return self.folder / "server.key"

    @property
    def client(self) -> Path:
        return self.folder / "client.pem"

    @property
    def client_key(self) -> Path:
        return self.folder / "client.key"

    @property
    def revoked(self) -> Path:
        return self.folder / "revoked.pem"

    @property
    def revoked_key(self) -> Path:
        return self.folder / "revoked.key"

    def renew_server(self) -> None:
        """Put a new server certificate in the place of the old one."""
        self.issue("server", "localhost")

    def issue(self, name: str, common_name: str) -> x509.Certificate:
        """Issue a certificate with a key of its own into ``name.pem`` and ``name.key``."""
        key = rsa.generate_private_key(65537, 2048)
        alternative = x509.SubjectAlternativeName(
            [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
        )
        certificate = (
            x509.CertificateBuilder()
            .subject_name(_name(common_name))
            .issuer_name(self.authority_certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(_NOW - timedelta(days=1))
            .not_valid_after(_NOW + timedelta(days=30))
            .add_extension(alternative, critical=False)
            .sign(self.authority_key, hashes.SHA256())
        )
        _write_key(self.folder / f"{name}.key", key)
        (self.folder / f"{name}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return certificate


def make_certificates(folder: Path) -> Certificates:
    """Make the authority and everything that it issues."""
    key = rsa.generate_private_key(65537, 2048)
    name = _name("Trial authority")
    authority = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_NOW - timedelta(days=1))
        .not_valid_after(_NOW + timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.KeyUsage(True, False, False, False, False, True, True, False, False), critical=True
        )
        .sign(key, hashes.SHA256())
    )
    made = Certificates(folder, key, authority)
    made.authority.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    made.issue("server", "localhost")
    made.issue("client", "partner-a")
    revoked = made.issue("revoked", "partner-b")
    entry = (
        x509.RevokedCertificateBuilder()
        .serial_number(revoked.serial_number)
        .revocation_date(_NOW - timedelta(hours=1))
        .build()
    )
    crl = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(name)
        .last_update(_NOW - timedelta(hours=1))
        .next_update(_NOW + timedelta(days=7))
        .add_revoked_certificate(entry)
        .add_extension(x509.CRLNumber(1), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    made.revocations.write_bytes(crl.public_bytes(serialization.Encoding.PEM))
    return made


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _write_key(path: Path, key: rsa.RSAPrivateKey) -> None:
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    path.chmod(0o600)
