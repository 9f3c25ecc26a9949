"""`xds keys sandbox` and `xds serve --config deploy/secured.toml --keys`: as a reader of the README types it."""

import http.client
import os
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.attacks.clinic import with_header
from tests.attacks.target import registration
from tests.cli.test_serve import ROOT, Lite, make_folder
from tests.conftest import free_port
from tests.pki.made import client
from tests.transactions import samples
from tests.transactions.wire import PATH, Answer, envelope, parse_answer, post
from tests.wss.messages import signed
from xds.cli.keys import keys as keys_command
from xds.pki import make_sandbox, read_pair
from xds.wss import SigningIdentity

SECURED = ROOT / "deploy" / "secured.toml"


@dataclass(frozen=True)
class Secured:
    process: Lite
    port: int
    keys: Path

    def identity(self, name: str) -> SigningIdentity:
        certificate, key = read_pair(self.keys / f"{name}.pem", self.keys / f"{name}.key")
        return SigningIdentity(key=key, certificate=certificate)


def started(*options: object) -> Iterator[Secured]:
    folder, port = make_folder(), free_port()
    keys = folder / "keys"
    make_sandbox(keys)
    process = Lite(
        folder, "--config", SECURED, "--keys", "keys", "--port", port, "--data-dir", "data", *options
    )
    try:
        process.until(lambda: "try it" in process.out)
        yield Secured(process, port, keys)
    finally:
        process.end()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def plain() -> Iterator[Secured]:
    yield from started("--no-tls")


@pytest.fixture(scope="module")
def mutual() -> Iterator[Secured]:
    yield from started()


def test_what_it_says_at_the_start(plain: Secured, mutual: Secured) -> None:
    for service, scheme in ((plain, "http"), (mutual, "https")):
        out, base = service.process.out, f"{scheme}://127.0.0.1:{service.port}"
        assert f"Serving on {base}\n" in out
        assert f"{base}/dics/registry  (ITI-42, ITI-18, " in out
        assert f"{base}/dics/repository  (ITI-41, ITI-43" in out
        assert "signed       ITI-41, ITI-42, by a partner; wsa:To is the address above, to the letter" in out
        assert "unsigned     ITI-18 and ITI-43 need neither signature nor assertion" in out
        assert "partner      partner-a: sourceId 2.999.4.1\n" in out
        assert "partner      partner-b: sourceId 2.999.4.2\n" in out
        assert "any id is accepted" in out
        assert "any code is accepted" in out
    assert "TLS          1.2 and 1.3, every client shows its certificate" in mutual.process.out
    assert "TLS          none: what a signature proves is not compared" in plain.process.out


def message(service: Secured, partner: str, *, scheme: str = "http", signer: str | None = None) -> bytes:
    """A signed ITI-42 of a partner, as it is to be."""
    to = f"{scheme}://127.0.0.1:{service.port}{PATH['ITI-42']}"
    octets = envelope("ITI-42", registration(partner)).replace(
        f"http://localhost{PATH['ITI-42']}".encode(), to.encode()
    )
    return signed(octets, service.identity(signer or partner))


def asked(service: Secured, octets: bytes, transaction: str = "ITI-42", shown: str | None = None) -> Answer:
    """Post octets; `shown` is the certificate of the TLS client."""
    if shown is None:
        return post(service.port, PATH[transaction], octets)
    connection = http.client.HTTPSConnection(
        "127.0.0.1", service.port, context=client(service.keys, shown), timeout=30
    )
    connection.request(
        "POST", PATH[transaction], octets, {"Content-Type": "application/soap+xml; charset=UTF-8"}
    )
    try:
        return parse_answer(connection.getresponse())
    finally:
        connection.close()


@pytest.mark.parametrize("partner", ["partner-a", "partner-b"])
def test_a_signed_registration_is_taken(plain: Secured, mutual: Secured, partner: str) -> None:
    assert asked(plain, message(plain, partner)).result == "Success"
    assert asked(mutual, message(mutual, partner, scheme="https"), shown=partner).result == "Success"


def test_the_same_altered_by_one_octet_is_refused(plain: Secured) -> None:
    octets = message(plain, "partner-a")
    place = octets.index(b'"2.999.4.1"') + len(b'"2.999.4.')
    altered = octets[:place] + b"2" + octets[place + 1 :]
    assert len(altered) == len(octets) and altered != octets
    refused = asked(plain, altered)
    assert (refused.status, refused.subcode) == (400, "wsse:FailedCheck")
    assert asked(plain, octets).result == "Success"


def test_unsigned_is_refused(plain: Secured, mutual: Secured) -> None:
    octets = envelope("ITI-42", registration("partner-a"))
    assert asked(plain, octets).subcode == "wsse:InvalidSecurity"
    assert asked(mutual, octets, shown="partner-a").subcode == "wsse:InvalidSecurity"


def test_the_signer_is_the_tls_client(mutual: Secured) -> None:
    refused = asked(mutual, message(mutual, "partner-a", scheme="https"), shown="partner-b")
    assert (refused.status, refused.subcode) == (400, "wsse:FailedAuthentication")


def test_wsa_to_names_this_service(plain: Secured) -> None:
    elsewhere = message(plain, "partner-a", scheme="https")  # signed for the same address over TLS
    assert asked(plain, elsewhere).subcode == "wsse:FailedCheck"


def test_another_partners_source_id_is_refused(plain: Secured) -> None:
    refused = asked(plain, message(plain, "partner-a", signer="partner-b"))
    assert refused.codes == ["XDSRegistryError"]
    assert "not partner-b's" in refused.contexts[0]


def test_queries_need_neither_signature_nor_assertion(plain: Secured, mutual: Secured) -> None:
    octets = envelope("ITI-18", samples.find_body(samples.fresh_patient()))
    assert asked(plain, octets, "ITI-18").result == "Success"
    assert asked(mutual, octets, "ITI-18", shown="partner-b").result == "Success"


def test_no_client_certificate_no_connection(mutual: Secured) -> None:
    connection = http.client.HTTPSConnection(
        "127.0.0.1", mutual.port, context=client(mutual.keys), timeout=10
    )
    with (
        closing(connection),
        pytest.raises((ssl.SSLError, ConnectionError, http.client.HTTPException)),
    ):
        connection.request("GET", "/healthz")
        connection.getresponse()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--no-tls", "--host", "0.0.0.0"), "--no-tls is for the loopback address only"),  # noqa: S104
        ((), "no partner is enrolled who could sign"),
        (("--keys", "."), "partners.toml cannot be read"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(options: tuple[str, ...], said: str) -> None:
    folder = make_folder()
    arguments = options if "--keys" in options or not options else ("--keys", "keys", *options)
    make_sandbox(folder / "keys")
    process = Lite(folder, "--config", SECURED, "--port", free_port(), "--data-dir", "data", *arguments)
    assert process.process.wait(30) == 1
    assert said in process.err and process.err.count("\n") == 1
    shutil.rmtree(folder, ignore_errors=True)


def test_a_key_that_others_may_read_is_one_sentence() -> None:
    folder = make_folder()
    make_sandbox(folder / "keys")
    (folder / "keys" / "server.key").chmod(0o644)
    process = Lite(folder, "--config", SECURED, "--keys", "keys", "--port", free_port(), "--data-dir", "data")
    assert process.process.wait(30) == 1
    assert "others than its owner may read the key" in process.err
    shutil.rmtree(folder, ignore_errors=True)


def test_a_user_of_the_sandbox_is_believed(plain: Secured) -> None:
    """`xds keys assertion`, in a message that a partner signs; altered by one octet it is refused."""
    command = ["assertion", str(plain.keys), "--audience", "urn:oid:2.999.3"]
    issued = CliRunner().invoke(keys_command, command).stdout.strip().encode()
    octets = envelope("ITI-18", samples.find_body(samples.fresh_patient())).replace(
        b"http://localhost/", f"http://127.0.0.1:{plain.port}/".encode()
    )
    whole = signed(with_header(octets, issued), plain.identity("partner-a"))
    assert post(plain.port, PATH["ITI-18"], whole).result == "Success"
    false = issued.replace(b"Alex Fabricated", b"Alex Fabricates")
    refused = post(
        plain.port, PATH["ITI-18"], signed(with_header(octets, false), plain.identity("partner-a"))
    )
    assert (refused.status, refused.fault_id) == (400, "assertion-signature")


def xds(service: Secured, *arguments: object) -> "subprocess.CompletedProcess[str]":
    """The command, in the folder of the keys."""
    return subprocess.run(
        [sys.executable, "-m", "xds", *map(str, arguments)],
        cwd=service.keys.parent, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip


def test_the_whole_way_of_the_commands(plain: Secured, mutual: Secured) -> None:
    """keys → serve → publish --sign… → query → retrieve; over TLS with --tls-…, and refused without any of them."""
    patient = samples.fresh_patient()
    for service, base, tls in (
        (plain, f"http://127.0.0.1:{plain.port}", ()),
        (
            mutual,
            f"https://127.0.0.1:{mutual.port}",
            (
                "--tls-cert",
                "keys/partner-a.pem",
                "--tls-key",
                "keys/partner-a.key",
                "--tls-ca",
                "keys/ca.pem",
            ),
        ),
    ):
        (service.keys.parent / "report.txt").write_text("No findings.\n", "utf-8")
        publish = ("publish", "report.txt", "--patient", patient, "--to", base, "--quiet", "--source-id")
        sign = ("--sign-key", "keys/partner-a.key", "--sign-cert", "keys/partner-a.pem")
        assert xds(service, *publish, "2.999.4.1", *tls).returncode != 0, "unsigned"
        anothers = xds(service, *publish, "2.999.4.2", *sign, *tls)
        assert (anothers.returncode, "XDSRepositoryError" in anothers.stderr) == (1, True), anothers.stderr
        done = xds(service, *publish, "2.999.4.1", *sign, *tls)
        assert done.returncode == 0, done.stderr
        entry_uuid, unique_id, _ = done.stdout.strip().split("\t")
        found = xds(service, "query", "FindDocuments", "--patient", patient, "--to", base, "--json", *tls)
        assert entry_uuid in found.stdout, found.stderr
        taken = xds(
            service,
            "retrieve",
            "--document",
            unique_id,
            "--from",
            base,
            "--repository-id",
            "2.999.2.1",
            "-o",
            "taken",
            *tls,
        )
        assert taken.returncode == 0, taken.stderr
    assert xds(mutual, "query", "FindDocuments", "--patient", patient, "--to", base).returncode == 3
    strangers = ("--tls-ca", "keys/ca.pem")
    assert (
        xds(mutual, "query", "FindDocuments", "--patient", patient, "--to", base, *strangers).returncode == 3
    )


def test_doctor_over_tls(mutual: Secured) -> None:
    base = f"https://127.0.0.1:{mutual.port}"
    tls = ("--tls-cert", "keys/partner-b.pem", "--tls-key", "keys/partner-b.key", "--tls-ca", "keys/ca.pem")
    done = xds(mutual, "doctor", "--to", base, *tls)
    assert done.returncode == 0, done.stdout + done.stderr
