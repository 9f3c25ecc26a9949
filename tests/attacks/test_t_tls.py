"""Attack list, row T1: whom TLS does not let in (security digest 3 and 4; the cases of Gazelle test 11110)."""

import http.client
import json
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from tests.attacks.target import alerts_in
from tests.own_time import stopwatch
from tests.pki.made import client, write_pair, write_revoked
from tests.transactions.conftest import Service, base_settings, running
from xds.audit import System
from xds.pki import Authority, pem_of

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
REFUSED = (ssl.SSLError, ConnectionError, http.client.RemoteDisconnected)
BOTH = pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])


@dataclass(frozen=True)
class Door:
    service: Service
    folder: Path
    dsn: str

    def status(self, context: ssl.SSLContext) -> int:
        """What a request gets that needs nobody's leave but TLS's."""
        connection = http.client.HTTPSConnection("127.0.0.1", self.service.port, context=context, timeout=5)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status
        finally:
            connection.close()

    def assert_refused(self, context: ssl.SSLContext) -> None:
        """No answer within five seconds, one record and one Security Alert that say so, and the next is served."""
        before, alerts = self.refusals(), len(alerts_in(self.dsn))
        taken = stopwatch(self.service.workers())
        with pytest.raises(REFUSED):
            self.status(context)
        assert taken() < 5
        deadline = time.monotonic() + 5
        while self.refusals() == before:
            assert time.monotonic() < deadline, "nothing was logged"
            time.sleep(0.02)
        while not (added := alerts_in(self.dsn)[alerts:]):
            assert time.monotonic() < deadline, "no alert was kept"
            time.sleep(0.02)
        assert {item.kind for item in added} == {System.NODE_AUTHENTICATION}
        assert {item.peer for item in added} == {"127.0.0.1"}
        assert all(item.description.startswith("TLS ") for item in added)
        assert self.status(client(self.folder, "a")) == 200

    def refusals(self) -> int:
        lines = self.service.log.read_text("utf-8").splitlines()
        return sum(
            1 for line in lines if line.startswith("{") and json.loads(line)["event"] == "TLS client refused"
        )


@pytest.fixture(scope="module")
def door(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    folder = tmp_path_factory.mktemp("t1")
    authority, unknown = Authority.made(), Authority.made("Nobody's authority")
    (folder / "ca.pem").write_bytes(pem_of(authority.certificate))
    write_pair(folder, "server", *authority.issue("server", hosts=("localhost", "127.0.0.1")))
    for name in ("a", "revoked", "another"):
        write_pair(folder, name, *authority.issue(name))
    write_pair(folder, "ec", *authority.issue("ec", ec.generate_private_key(ec.SECP256R1())))
    write_pair(folder, "expired", *authority.issue("expired", starts=NOW - 2 * DAY, ends=NOW - DAY))
    write_pair(folder, "early", *authority.issue("early", starts=NOW + DAY))
    write_pair(folder, "usage", *authority.issue("usage", signs=False))
    write_pair(folder, "unknown", *unknown.issue("a"))
    write_pair(folder, "self-signed", *_self_signed())
    revoked = x509.load_pem_x509_certificate((folder / "revoked.pem").read_bytes())
    write_revoked(folder, authority, revoked)
    dsn = new_database()
    base = base_settings(dsn, folder)
    names = ("a", "ec", "expired", "early", "revoked")
    settings = {
        **base,
        "server": {**base["server"], "certificate": "server.pem", "key": "server.key"},
        "partners": [
            *({"name": name, "certificates": [f"{name}.pem"], "revocation_list": "ca.crl"} for name in names),
            {"name": "by issuer", "issuer": "ca.pem", "subject": "CN=usage"},
        ],
    }
    with running(folder, settings, tls=client(folder, "a")) as service:
        yield Door(service, folder, dsn)


def _self_signed() -> tuple[x509.Certificate, rsa.RSAPrivateKey]:
    key = rsa.generate_private_key(65_537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    dated = made.serial_number(7).not_valid_before(NOW - DAY).not_valid_after(NOW + DAY)
    return dated.sign(key, hashes.SHA256()), key


def _speaking(context: ssl.SSLContext, version: ssl.TLSVersion) -> ssl.SSLContext:
    context.minimum_version = context.maximum_version = version
    return context


@BOTH
def test_t1_no_certificate(door: Door, version: ssl.TLSVersion) -> None:
    door.assert_refused(_speaking(client(door.folder), version))


@BOTH
@pytest.mark.parametrize(
    "name", ["self-signed", "unknown", "expired", "early", "revoked", "another", "usage"]
)
def test_t1_a_certificate_that_is_not_good(door: Door, name: str, version: ssl.TLSVersion) -> None:
    """Another: of our authority, and nobody's. Usage: enrolled by its issuer, its key not for signatures."""
    door.assert_refused(_speaking(client(door.folder, name), version))


def test_t1_a_revoked_one_is_told_so_within_the_handshake(door: Door) -> None:
    """Where each issuer has a revocation list TLS itself refuses: a test tool sees no handshake that succeeds."""
    with (
        socket.create_connection(("127.0.0.1", door.service.port)) as plain,
        pytest.raises(ssl.SSLError),
    ):
        _speaking(client(door.folder, "revoked"), ssl.TLSVersion.TLSv1_2).wrap_socket(
            plain, server_hostname="localhost"
        )


@BOTH
def test_t1_the_certificate_of_a_partner_without_its_key(
    door: Door, tmp_path: Path, version: ssl.TLSVersion
) -> None:
    """The certificate is no secret. This key file has the public point of the right key, and another's scalar."""
    certificate = x509.load_pem_x509_certificate((door.folder / "ec.pem").read_bytes())
    point = certificate.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    other = ec.generate_private_key(ec.SECP256R1())
    octets = other.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    wrong = ssl.DER_cert_to_PEM_cert(octets[: -len(point)] + point)
    (tmp_path / "thief.key").write_text(wrong.replace("CERTIFICATE", "EC PRIVATE KEY"), "ascii")
    for name in ("ca.pem", "ec.pem"):
        (tmp_path / name).write_bytes((door.folder / name).read_bytes())
    (tmp_path / "ec.pem").rename(tmp_path / "thief.pem")
    assert door.status(_speaking(client(door.folder, "ec"), version)) == 200
    door.assert_refused(_speaking(client(tmp_path, "thief"), version))


@BOTH
def test_t1_a_certificate_with_an_octet_changed(door: Door, tmp_path: Path, version: ssl.TLSVersion) -> None:
    """The last octet is of its issuer's signature; a real TLS library sends it as it is."""
    (tmp_path / "ca.pem").write_bytes((door.folder / "ca.pem").read_bytes())
    octets = bytearray(
        x509.load_pem_x509_certificate((door.folder / "a.pem").read_bytes()).public_bytes(Encoding.DER)
    )
    octets[-1] ^= 1
    (tmp_path / "bad.pem").write_bytes(pem_of(x509.load_der_x509_certificate(bytes(octets))))
    (tmp_path / "bad.key").write_bytes((door.folder / "a.key").read_bytes())
    door.assert_refused(_speaking(client(tmp_path, "bad"), version))


@pytest.mark.parametrize("version", ["-tls1", "-tls1_1"])
def test_t1_old_versions(door: Door, version: str) -> None:
    assert not _connects(door, version, "-cipher", "ALL:@SECLEVEL=0")


@pytest.mark.parametrize(
    "suite",
    ["AES256-GCM-SHA384", "AES128-SHA", "ECDHE-RSA-AES256-SHA384", "DHE-RSA-AES128-SHA256", "ECDHE-RSA-AES128-SHA"],
)  # fmt: skip
def test_t1_rsa_key_exchange_and_cbc(door: Door, suite: str) -> None:
    assert _connects(door, "-tls1_2", "-cipher", "ECDHE-RSA-AES256-GCM-SHA384"), (
        "the way it is asked is right"
    )
    assert not _connects(door, "-tls1_2", "-cipher", f"{suite}:@SECLEVEL=0")


def test_t1_renegotiation_and_compression(door: Door) -> None:
    said = _s_client(door, "-tls1_2", "-comp", words=b"R\n")
    assert "Compression: NONE" in said
    assert "RENEGOTIATING" in said
    assert "no renegotiation" in said.lower()
    assert door.status(client(door.folder, "a")) == 200


def _connects(door: Door, *options: str) -> bool:
    return "Verify return code" in (said := _s_client(door, *options)) and "Cipher is (NONE)" not in said


def _s_client(door: Door, *options: str, words: bytes = b"Q\n") -> str:
    command = [
        "openssl", "s_client", "-connect", f"127.0.0.1:{door.service.port}", "-CAfile", "ca.pem", "-cert", "a.pem",
        "-key", "a.key", *options,
    ]  # fmt: skip
    done = subprocess.run(command, input=words, capture_output=True, cwd=door.folder, timeout=20, check=False)
    return (done.stdout + done.stderr).decode("utf-8", "replace")
