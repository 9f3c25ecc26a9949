"""What a proxy says of its clients: believed from the proxy alone, with a real nginx in front and without one."""

import http.client
import json
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.conftest import free_port
from tests.pki.made import client, write_pair, write_revoked
from tests.server.test_tls import until
from tests.transactions import samples
from tests.transactions.conftest import base_settings, launched
from tests.transactions.wire import PATH, Answer, envelope, parse_answer
from xds.pki import Authority, pem_of

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
QUERY = envelope("ITI-18", samples.find_body("P1^^^&2.999.1.1&ISO"))
SOAP = {"Content-Type": "application/soap+xml; charset=UTF-8"}


@dataclass(frozen=True)
class Site:
    """A service, and where it listens: a path, or a port for TLS."""

    folder: Path
    at: Path | int
    log: Path

    def ask(self, headers: Mapping[str, str] = {}, shown: str = "proxy") -> Answer:  # read only
        """An ITI-18 with headers, over the socket or as a TLS client."""
        if isinstance(self.at, int):
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                "127.0.0.1", self.at, context=client(self.folder, shown), timeout=20
            )
        else:
            connection = http.client.HTTPConnection("localhost", timeout=20)
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.connect(str(self.at))
        with closing(connection):
            connection.request("POST", PATH["ITI-18"], QUERY, {**SOAP, **headers})
            return parse_answer(connection.getresponse())

    def certificate(self, name: str) -> dict[str, str]:
        """The header as a proxy makes it."""
        return {"X-Client-Certificate": quote((self.folder / f"{name}.pem").read_text("ascii"))}

    def answered(self) -> dict[str, str]:
        """The last record of an answer."""
        found = [
            json.loads(line) for line in self.log.read_text("utf-8").splitlines() if line.startswith("{")
        ]
        return [item for item in found if item["event"] == "answered"][-1]


def files(folder: Path) -> None:
    """Certificates of a server, a proxy, two partners, one of them revoked, and a stranger."""
    authority = Authority.made()
    (folder / "ca.pem").write_bytes(pem_of(authority.certificate))
    write_pair(folder, "server", *authority.issue("server", hosts=("localhost", "127.0.0.1")))
    for name in ("proxy", "a"):
        write_pair(folder, name, *authority.issue(name))
    revoked, key = authority.issue("b")
    write_pair(folder, "b", revoked, key)
    write_revoked(folder, authority, revoked)
    write_pair(folder, "stranger", *Authority.made("Nobody's authority").issue("a"))


def settings(dsn: str, folder: Path, **server: object) -> dict[str, object]:
    base = base_settings(dsn, folder)
    partners = [
        {"name": name, "certificates": [f"{name}.pem"], "revocation_list": "ca.crl"} for name in ("a", "b")
    ]
    return {**base, "server": {**base["server"], "workers": 1, **server}, "partners": partners}


@pytest.fixture(scope="module")
def unix(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("unix")
    files(folder)
    made = settings(new_database(), folder, unix_socket="xds.sock", trusted_proxy="unix")
    with launched(folder, made) as service:
        site = Site(folder, folder / "xds.sock", service.log)
        until(lambda: "Serving on" in service.log.read_text("utf-8"), 60)
        yield site


@pytest.fixture(scope="module")
def tls(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("proxy-tls")
    files(folder)
    made = settings(
        new_database(), folder, certificate="server.pem", key="server.key", trusted_proxy="tls",
        proxy_certificate="proxy.pem",
    )  # fmt: skip
    with launched(folder, made) as service:
        site = Site(folder, service.port, service.log)
        until(lambda: "Serving on" in service.log.read_text("utf-8"), 60)
        yield site


@pytest.fixture(params=["unix", "tls"])
def site(request: pytest.FixtureRequest) -> Site:
    found: Site = request.getfixturevalue(request.param)
    return found


def test_the_partner_of_the_header_is_the_sender(site: Site) -> None:
    answer = site.ask({**site.certificate("a"), "X-Client-Address": "192.0.2.7"})
    assert answer.result == "Success"
    record = site.answered()
    assert (record["partner"], record["peer"]) == ("a", "192.0.2.7")


def test_a_proxy_that_says_nothing_is_nobody(site: Site) -> None:
    assert site.ask().result == "Success"
    assert "partner" not in site.answered()


@pytest.mark.parametrize("name", ["b", "stranger"])
def test_a_certificate_that_is_not_good_is_not_good_in_a_header(site: Site, name: str) -> None:
    answer = site.ask(site.certificate(name))
    assert (answer.status, answer.subcode) == (400, "wsse:FailedAuthentication")
    assert answer.fault_id == "client-certificate"


@pytest.mark.parametrize("text", ["a", "-----BEGIN CERTIFICATE-----", "%00%ff", "a" * 8000])
def test_what_is_no_certificate(site: Site, text: str) -> None:
    assert site.ask({"X-Client-Certificate": text}).fault_id == "client-certificate"


def test_an_address_that_is_none_reaches_no_log(site: Site) -> None:
    assert site.ask({"X-Client-Address": "ZZ-no-address"}).result == "Success"
    assert site.answered()["peer"] == "unix"


@pytest.mark.parametrize("header", [{"X-Client-Address": "192.0.2.7"}, {"X-Client-Certificate": "x"}])
def test_who_is_not_the_proxy_may_not_say_it(tls: Site, header: dict[str, str]) -> None:
    answer = tls.ask(header, shown="a")
    assert (answer.status, answer.fault_id) == (400, "proxy-header")
    assert tls.ask(shown="a").result == "Success"
    assert tls.answered()["partner"] == "a"


NGINX_CONF = """
pid {folder}/nginx.pid;
error_log {folder}/nginx.err crit;
daemon off;
worker_processes 1;
user root;
events {{ worker_connections 64; }}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/temp;
    fastcgi_temp_path {folder}/f;
    uwsgi_temp_path {folder}/u;
    scgi_temp_path {folder}/s;
{site}
}}
"""


@pytest.mark.skipif(NGINX is None, reason="NOT RUN: nginx is not installed")
def test_the_proxy_of_deploy_in_front(unix: Site) -> None:
    """deploy/nginx.conf as it is shipped, but for paths, port and name."""
    assert NGINX is not None
    port, folder = free_port(), unix.folder
    text = (Path(__file__).parents[2] / "deploy" / "nginx.conf").read_text("utf-8")
    for old, new in (
        ("unix:/run/xds/xds.sock", f"unix:{unix.at}"),
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("/etc/xds/tls/server.pem", f"{folder}/server.pem"),
        ("/etc/xds/tls/server.key", f"{folder}/server.key"),
        ("/etc/xds/tls/partners-ca.pem", f"{folder}/ca.pem"),
        ("/etc/xds/tls/dh2048.pem", str(Path(__file__).parents[2] / "xds" / "pki" / "ffdhe2048.pem")),
    ):
        assert old in text, old
        text = text.replace(old, new)
    conf = folder / "nginx.conf"
    conf.write_text(NGINX_CONF.format(folder=folder, site=text), "utf-8")
    process = subprocess.Popen([NGINX, "-c", str(conf)])
    try:
        until(lambda: _listens(port))
        spoofed = {"X-Client-Certificate": "x", "X-Client-Address": "192.0.2.99"}
        front = Site(folder, port, unix.log)
        assert front.ask(spoofed, shown="a").result == "Success"
        record = unix.answered()
        assert (record["partner"], record["peer"]) == ("a", "127.0.0.1")
        assert front.ask(shown="b").fault_id == "client-certificate", (
            "nginx has no revocation list here: we have"
        )
        with closing(
            http.client.HTTPSConnection("127.0.0.1", port, context=client(folder), timeout=20)
        ) as bare:
            bare.request("POST", PATH["ITI-18"], QUERY, SOAP)
            assert bare.getresponse().status == 400, "no certificate: nginx lets nobody in"
    finally:
        process.terminate()
        process.wait(20)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
