"""Every file that cannot be used is told in one sentence that names it."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from xds.pki import (
    Authority,
    PkiError,
    days_left,
    key_pem_of,
    pem_of,
    read_certificate,
    read_certificates,
    read_key,
    read_pair,
    read_revocation_lists,
)

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


def written(path: Path, octets: bytes, mode: int = 0o600) -> Path:
    path.write_bytes(octets)
    path.chmod(mode)
    return path


def test_a_certificate_and_its_key(tmp_path: Path, authority: Authority) -> None:
    certificate, key = authority.issue("server")
    chain = written(tmp_path / "server.pem", pem_of(certificate) + pem_of(authority.certificate))
    private = written(tmp_path / "server.key", key_pem_of(key))
    assert read_pair(chain, private)[0] == certificate
    assert read_certificates(chain) == (certificate, authority.certificate)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o666])
def test_a_key_that_others_may_read(tmp_path: Path, authority: Authority, mode: int) -> None:
    path = written(tmp_path / "server.key", key_pem_of(authority.key), mode)
    with pytest.raises(PkiError) as caught:
        read_key(path)
    assert str(caught.value) == f"others than its owner may read the key {path}; chmod 600 {path}"


@pytest.mark.skipif(os.geteuid() != 0, reason="NOT RUN: only root gives a file away")
def test_a_key_of_another_user(tmp_path: Path, authority: Authority) -> None:
    path = written(tmp_path / "server.key", key_pem_of(authority.key))
    os.chown(path, 12_345, 12_345)
    with pytest.raises(PkiError, match="belongs to another user"):
        read_key(path)


def test_keys_that_cannot_be_used(tmp_path: Path, authority: Authority) -> None:
    locked = authority.key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
    )
    foreign = ed25519.Ed25519PrivateKey.generate()
    for octets, said in (
        (locked, "has a password"),
        (b"", "holds no private key"),
        (pem_of(authority.certificate), "holds no private key"),
        (foreign.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), "neither RSA nor EC"),
    ):
        with pytest.raises(PkiError, match=said):
            read_key(written(tmp_path / "server.key", octets))
    with pytest.raises(PkiError, match="cannot be read \\(No such file"):
        read_key(tmp_path / "absent.key")


def test_a_key_of_another_certificate(tmp_path: Path, authority: Authority) -> None:
    certificate, _ = authority.issue("server")
    chain = written(tmp_path / "server.pem", pem_of(certificate))
    with pytest.raises(PkiError, match="is not that of the certificate"):
        read_pair(chain, written(tmp_path / "server.key", key_pem_of(authority.key)))


def test_dates(tmp_path: Path, authority: Authority) -> None:
    for starts, ends, said in (
        (NOW - 2 * DAY, NOW - DAY, "expired at"),
        (NOW + DAY, NOW + 2 * DAY, "is valid from"),
    ):
        certificate, _ = authority.issue("server", starts=starts, ends=ends)
        with pytest.raises(PkiError, match=said):
            read_certificate(written(tmp_path / "server.pem", pem_of(certificate)))


def test_days_left(authority: Authority) -> None:
    certificate, _ = authority.issue("server", ends=NOW + 30 * DAY + timedelta(hours=1))
    assert days_left(certificate) == 30
    expired, _ = authority.issue("server", starts=NOW - 2 * DAY, ends=NOW - timedelta(hours=1))
    assert days_left(expired) == -1


def test_revocation_lists(tmp_path: Path, authority: Authority, other_authority: Authority) -> None:
    one, two = authority.revoke(), other_authority.revoke()
    both = one.public_bytes(Encoding.PEM) + two.public_bytes(Encoding.PEM)
    assert read_revocation_lists(written(tmp_path / "both.crl", both)) == (one, two)
    assert read_revocation_lists(written(tmp_path / "one.crl", one.public_bytes(Encoding.DER))) == (one,)
    with pytest.raises(PkiError, match="no revocation list that can be read"):
        read_revocation_lists(written(tmp_path / "none.crl", b"nothing"))


def test_a_file_without_a_certificate(tmp_path: Path) -> None:
    for octets in (b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"):
        with pytest.raises(PkiError, match="holds no certificate"):
            read_certificates(written(tmp_path / "x.pem", octets))
