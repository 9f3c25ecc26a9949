"""TLS of the service itself: the real command, real sockets, certificates made for the run."""

import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.pki.made import client, write_pair, write_revoked
from tests.transactions.conftest import Service, base_settings, running
from xds.pki import SUITES, Authority, pem_of

HOSTS = ("localhost", "127.0.0.1")


@dataclass(frozen=True)
class Secured:
    """A service that speaks TLS, and the files that it goes by."""

    service: Service
    folder: Path
    authority: Authority

    def connect(self, context: ssl.SSLContext) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection("127.0.0.1", self.service.port, context=context, timeout=20)

    def ask(self, context: ssl.SSLContext) -> int:
        """Status of /healthz over a connection of its own."""
        connection = self.connect(context)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status
        finally:
            connection.close()

    def records(self, event: str) -> list[dict[str, str]]:
        lines = self.service.log.read_text("utf-8").splitlines()
        found = [json.loads(line) for line in lines if line.startswith("{")]
        return [item for item in found if item.get("event") == event]


def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def secured(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    folder = tmp_path_factory.mktemp("tls")
    authority = Authority.made()
    (folder / "ca.pem").write_bytes(pem_of(authority.certificate))
    write_pair(folder, "server", *authority.issue("server", hosts=HOSTS))
    for name in ("a", "b"):
        write_pair(folder, name, *authority.issue(name))
    write_revoked(folder, authority)
    base = base_settings(new_database(), folder)
    settings = {
        **base,
        "server": {**base["server"], "workers": 1, "certificate": "server.pem", "key": "server.key"},
        "limits": {**base["limits"], "header_seconds": 2},
        "partners": [
            {
                "name": name, "certificates": [f"{name}.pem"], "revocation_list": "ca.crl",
                "source_ids": [f"2.999.4.{number}"], "allow_sha1": name == "b",
            }
            for number, name in enumerate(("a", "b"), start=1)
        ],
    }  # fmt: skip
    with running(folder, settings, tls=client(folder, "a")) as service:
        yield Secured(service, folder, authority)


@pytest.mark.parametrize("suite", [item for item in SUITES if "ECDSA" not in item])
def test_each_suite_of_tls_1_2(secured: Secured, suite: str) -> None:
    context = client(secured.folder, "a", suite)
    connection = secured.connect(context)
    connection.request("GET", "/healthz")
    assert connection.getresponse().status == 200
    assert connection.sock.cipher()[0] == suite
    assert connection.sock.version() == "TLSv1.2"
    connection.close()


def test_whose_signatures_with_sha1_are_taken_is_warned_of_at_the_start(secured: Secured) -> None:
    warned = secured.records("signatures with SHA-1 are taken, which can be forged")
    assert [(item["partner"], item["level"]) for item in warned] == [("b", "warning")]
    assert "warning      b's signatures with SHA-1 are taken" in secured.service.log.read_text("utf-8")


def test_tls_1_3(secured: Secured) -> None:
    connection = secured.connect(client(secured.folder, "b"))
    connection.connect()
    assert connection.sock.version() == "TLSv1.3"
    assert connection.sock.compression() is None
    assert connection.sock.session is None or not connection.sock.session.has_ticket
    connection.close()


def test_a_kept_connection_answers_many(secured: Secured) -> None:
    connection = secured.connect(client(secured.folder, "a"))
    for _ in range(50):
        connection.request("GET", "/dics/registry?wsdl")
        answer = connection.getresponse()
        octets = answer.read()
        assert (answer.status, len(octets)) == (200, int(answer.headers["Content-Length"]))
        assert b"https://127.0.0.1" in octets, "a WSDL names the address by its scheme"
    connection.close()


@pytest.mark.parametrize("pieces", [1, 7], ids=["in one record", "in seven"])
def test_requests_one_after_the_other_in_one_record(secured: Secured, pieces: int) -> None:
    """What OpenSSL has deciphered and nobody has read: the poller never tells of it."""
    request = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 5
    with (
        socket.create_connection(("127.0.0.1", secured.service.port)) as plain,
        client(secured.folder, "a").wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        connection.settimeout(10)
        size = len(request) // pieces
        for start in range(0, len(request), size):
            connection.sendall(request[start : start + size])
        received = b""
        while received.count(b'{"status": "up"}\n') < 5:
            piece = connection.recv(65_536)
            assert piece, received
            received += piece


def test_a_large_body_arrives_whole_and_its_answer_too(secured: Secured) -> None:
    connection = secured.connect(client(secured.folder, "a"))
    connection.request(
        "POST", "/dics/registry", b"<x>" + b"a" * 3_000_000, {"Content-Type": "application/soap+xml"}
    )
    answer = connection.getresponse()
    assert answer.status == 400
    assert b"Fault" in answer.read()
    connection.close()


def test_a_silent_client_and_a_slow_handshake_hold_nobody_up(secured: Secured) -> None:
    silent = [socket.create_connection(("127.0.0.1", secured.service.port)) for _ in range(40)]
    try:
        for item in silent[20:]:
            item.sendall(b"\x16\x03\x01\x02\x00\x01\x00")  # the beginning of a ClientHello
        began = time.monotonic()
        assert secured.ask(client(secured.folder, "a")) == 200
        assert time.monotonic() - began < 2
        for item in silent:  # and each is closed at the limit
            item.settimeout(20)
            assert item.recv(1) == b""
    finally:
        for item in silent:
            item.close()


def test_plain_http_gets_no_answer_and_no_thread(secured: Secured) -> None:
    with socket.create_connection(("127.0.0.1", secured.service.port), timeout=20) as plain:
        plain.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"HTTP" not in plain.recv(1000)
    assert secured.ask(client(secured.folder, "a")) == 200


def test_a_new_certificate_is_served_and_open_connections_stay(secured: Secured) -> None:
    def serial() -> int:
        with (
            socket.create_connection(("127.0.0.1", secured.service.port)) as plain,
            client(secured.folder, "a").wrap_socket(plain, server_hostname="localhost") as connection,
        ):
            return int(connection.getpeercert()["serialNumber"], 16)  # type: ignore[index, arg-type]

    before = serial()
    kept = secured.connect(client(secured.folder, "a"))
    kept.request("GET", "/healthz")
    assert kept.getresponse().read()
    certificate, key = secured.authority.issue("server", ec.generate_private_key(ec.SECP256R1()), hosts=HOSTS)
    write_pair(secured.folder, "server", certificate, key)
    until(lambda: serial() == certificate.serial_number)
    assert certificate.serial_number != before
    kept.request("GET", "/healthz")
    assert kept.getresponse().status == 200
    kept.close()
    # The suites of a server with an EC key.
    for suite in (item for item in SUITES if "ECDSA" in item):
        assert secured.ask(client(secured.folder, "a", suite)) == 200


def test_what_cannot_be_used_changes_nothing_and_is_told(secured: Secured) -> None:
    path = secured.folder / "server.pem"
    good = path.read_bytes()
    before = len(secured.records("certificates not taken, the old ones stay"))
    path.write_bytes(b"half a certi")
    until(lambda: len(secured.records("certificates not taken, the old ones stay")) > before)
    assert secured.ask(client(secured.folder, "a")) == 200
    path.write_bytes(good)


def test_a_partner_that_is_revoked_loses_its_open_connection_too(secured: Secured) -> None:
    fresh, key = secured.authority.issue("a")
    write_pair(secured.folder, "b", fresh, key)  # b's certificate is renewed, then revoked
    until(lambda: _is_let_in(secured, "b"))
    kept = secured.connect(client(secured.folder, "b"))
    kept.request("GET", "/healthz")
    assert kept.getresponse().read()
    write_revoked(secured.folder, secured.authority, fresh)
    until(lambda: not _is_let_in(secured, "b"))
    with pytest.raises((http.client.HTTPException, OSError)):
        kept.request("GET", "/healthz")
        kept.getresponse()
    assert secured.ask(client(secured.folder, "a")) == 200
    write_revoked(secured.folder, secured.authority)


def _is_let_in(secured: Secured, name: str) -> bool:
    try:
        return secured.ask(client(secured.folder, name)) == 200
    except (OSError, http.client.HTTPException):
        return False


def test_many_at_once(secured: Secured) -> None:
    statuses: list[int] = []

    def work() -> None:
        statuses.extend(secured.ask(client(secured.folder, "a")) for _ in range(5))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 40
