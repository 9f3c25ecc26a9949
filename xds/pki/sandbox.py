"""Keys to try things with, made anew in a folder: an authority, a server, an identity provider and two partners.

Not for real use.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from xds.pki.files import PkiError, PrivateKey, replace_file

AUTHORITY_FILE: Final = "ca.pem"
REVOKED_FILE: Final = "ca.crl"
SERVER_NAME: Final = "server"
PARTNERS_FILE: Final = "partners.toml"
PARTNERS: Final = {"partner-a": "2.999.4.1", "partner-b": "2.999.4.2"}
"""Name and sourceId."""
PROVIDER_NAME: Final = "idp"
PROVIDER_ISSUER: Final = "urn:oid:2.999.8.1"
"""saml:Issuer of the sandbox's identity provider."""
HOSTS: Final = ("localhost", "127.0.0.1", "::1")

_ORGANIZATION: Final = "XDS sandbox"
_VALIDITY: Final = timedelta(days=365)
_BACKDATED: Final = timedelta(minutes=5)
_BITS: Final = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """A certification authority for tests and trials."""

    certificate: x509.Certificate
    key: PrivateKey

    @classmethod
    def made(cls, name: str = "XDS sandbox authority", *, now: datetime | None = None) -> "Authority":
        """Make one."""
        key = rsa.generate_private_key(65_537, _BITS)
        subject = _name(name)
        at = now or datetime.now(UTC)
        builder = (
            _builder(subject, subject, key, at - _BACKDATED, at + _VALIDITY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(key_cert_sign=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        )
        return cls(certificate=builder.sign(key, hashes.SHA256()), key=key)

    def issue(
        self,
        name: str,
        key: PrivateKey | None = None,
        *,
        hosts: Sequence[str] = (),
        starts: datetime | None = None,
        ends: datetime | None = None,
        signs: bool = True,
    ) -> tuple[x509.Certificate, PrivateKey]:
        """Issue a certificate for a key, or for a new one.

        Parameters
        ----------
        hosts
            Names and addresses of a server; a partner has none.
        signs
            Whether its KeyUsage has digitalSignature.
        """
        key = key or rsa.generate_private_key(65_537, _BITS)
        now = datetime.now(UTC)
        builder = _builder(
            _name(name), self.certificate.subject, key, starts or now - _BACKDATED, ends or now + _VALIDITY
        )
        purposes = [ExtendedKeyUsageOID.SERVER_AUTH] if hosts else [ExtendedKeyUsageOID.CLIENT_AUTH]
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        builder = (
            builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(digital_signature=signs, key_encipherment=not signs), critical=True)
            .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(issuer, critical=False)
        )
        if hosts:
            names = x509.SubjectAlternativeName([_host(host) for host in hosts])
            builder = builder.add_extension(names, critical=False)
        return builder.sign(self.key, hashes.SHA256()), key

    def revoke(
        self, certificates: Sequence[x509.Certificate] = (), *, ends: datetime | None = None
    ) -> x509.CertificateRevocationList:
        """Return a revocation list."""
        now = datetime.now(UTC)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(min(now - _BACKDATED, ends or now))
            .next_update(ends or now + _VALIDITY)
        )
        for certificate in certificates:
            revoked = x509.RevokedCertificateBuilder().serial_number(certificate.serial_number)
            builder = builder.add_revoked_certificate(revoked.revocation_date(now).build())
        return builder.sign(self.key, hashes.SHA256())


def make_sandbox(folder: Path) -> list[Path]:
    """Write the keys of a sandbox into a folder; what is there is never replaced.

    Returns
    -------
    list[Path]
        The files, in the order in which they were written.

    Raises
    ------
    PkiError
        The folder cannot be written, or has keys already.
    """
    authority = Authority.made()
    files: dict[str, bytes] = {AUTHORITY_FILE: pem_of(authority.certificate)}
    files[REVOKED_FILE] = authority.revoke().public_bytes(Encoding.PEM)
    server = authority.issue("XDS sandbox server", hosts=HOSTS)
    for name, (certificate, key) in {
        SERVER_NAME: server,
        PROVIDER_NAME: authority.issue("XDS sandbox identity provider"),
        **{name: authority.issue(name) for name in PARTNERS},
    }.items():
        files[f"{name}.key"] = key_pem_of(key)
        files[f"{name}.pem"] = pem_of(certificate)
    files[PARTNERS_FILE] = partner_table().encode()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in files:
            if (folder / name).exists():
                raise PkiError(
                    f"{folder / name} is there already, and keys are not replaced; choose an empty folder"
                )
        for name, octets in files.items():
            replace_file(folder / name, octets, 0o600 if name.endswith(".key") else 0o644)
    except OSError as error:
        raise PkiError(f"the folder {folder} cannot be written ({error.strerror})") from None
    return [folder / name for name in files]


def partner_table() -> str:
    """Return the partner table of the sandbox: TOML, with paths relative to its own folder."""
    tables = [
        f'[[partners]]\nname = "{name}"\ncertificates = ["{name}.pem"]\nrevocation_list = "{REVOKED_FILE}"\n'
        f'source_ids = ["{source_id}"]\nreads = "all"\n'
        for name, source_id in PARTNERS.items()
    ]
    head = (
        "# Made by `xds keys sandbox`: who may send what, and whose word about users counts. docs/settings.md says\n"
        "# what else can stand here.\n"
    )
    provider = (
        f'[[identity_providers]]\nissuer = "{PROVIDER_ISSUER}"\ncertificates = ["{PROVIDER_NAME}.pem"]\n'
    )
    return "\n".join([head, *tables, provider])


def pem_of(certificate: x509.Certificate) -> bytes:
    """Return a certificate as PEM."""
    return certificate.public_bytes(Encoding.PEM)


def key_pem_of(key: PrivateKey) -> bytes:
    """Return a key as PEM (PKCS #8) without a password."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _name(name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, _ORGANIZATION),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: PrivateKey, starts: datetime, ends: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(secrets.randbits(159) | 1)
        .not_valid_before(starts)
        .not_valid_after(ends)
    )


def _usage(
    *, digital_signature: bool = False, key_encipherment: bool = False, key_cert_sign: bool = False
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=key_encipherment,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=key_cert_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)
