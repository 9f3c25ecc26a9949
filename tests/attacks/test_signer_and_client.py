"""Over mutual TLS the signer is the client: another's message is nothing one can send."""

import http.client
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.attacks.target import SOURCES, Target
from tests.pki.made import client
from tests.transactions.conftest import base_settings, running
from tests.transactions.wire import PATH, SOAP, Answer, parse_answer
from tests.wss.messages import signed
from xds.pki import make_sandbox
from xds.wss import SigningIdentity, read_identity


@dataclass(frozen=True)
class Secured:
    """A service with the keys of a sandbox, as `deploy/secured.toml` runs it."""

    target: Target
    folder: Path

    def send(self, octets: bytes, *, by: str) -> Answer:
        """Send it over a connection that shows a partner's certificate."""
        context = client(self.folder, by)
        connection = http.client.HTTPSConnection("127.0.0.1", self.target.port, context=context, timeout=30)
        try:
            connection.request("POST", PATH["ITI-42"], octets, {"Content-Type": SOAP})
            return parse_answer(connection.getresponse())
        finally:
            connection.close()

    def refuses(self, octets: bytes, fault_id: str, *, by: str) -> None:
        """An attack: it is refused by that rule and does no harm."""
        alerts = self.target.alerts()
        with self.target.unharmed():
            answer = self.send(octets, by=by)
        assert (answer.status, answer.fault_id) == (400, fault_id), answer.body
        assert self.target.alerts() == alerts + 1


@pytest.fixture(scope="module")
def secured(
    postgres: str, new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Secured]:
    folder = tmp_path_factory.mktemp("secured")
    make_sandbox(folder / "keys")
    keys = folder / "keys"
    identities: dict[str, SigningIdentity] = {
        name: read_identity(keys / f"{name}.pem", keys / f"{name}.key") for name in SOURCES
    }
    dsn = new_database()
    base = base_settings(dsn, folder)
    settings = {
        **base,
        "server": {
            **base["server"],
            "certificate": str(keys / "server.pem"),
            "key": str(keys / "server.key"),
        },
        "partners": [
            {"name": name, "certificates": [str(keys / f"{name}.pem")], "source_ids": [source_id]}
            for name, source_id in SOURCES.items()
        ],
        "security": {"signed": ["ITI-41", "ITI-42"]},
    }
    with running(folder, settings, tls=client(keys, "partner-a")) as service:
        yield Secured(Target(service=service, dsn=dsn, identities=identities, keys=keys), keys)


def test_a_partner_sends_its_own(secured: Secured) -> None:
    for partner in SOURCES:
        answer = secured.send(secured.target.message(partner), by=partner)
        assert (answer.status, answer.result) == (200, "Success"), answer.body


def test_x4_the_token_of_another_di_r(secured: Secured) -> None:
    secured.refuses(secured.target.message("partner-b"), "signer-not-sender", by="partner-a")


def test_x5_a_replay_by_another_peer(secured: Secured) -> None:
    octets = secured.target.message("partner-a")
    first = secured.send(octets, by="partner-a")
    assert first.result == "Success"
    secured.refuses(octets, "signer-not-sender", by="partner-b")
    with secured.target.unharmed():
        assert secured.send(octets, by="partner-a").body == first.body


def test_x1_a_certificate_of_tls_is_no_signature(secured: Secured) -> None:
    secured.refuses(secured.target.registration("partner-a"), "signature-missing", by="partner-a")


def test_x5_a_message_for_the_address_without_tls(secured: Secured) -> None:
    octets = secured.target.registration("partner-a")
    plain = signed(octets.replace(b"https://127", b"http://127"), secured.target.identities["partner-a"])
    secured.refuses(plain, "to-other-end-point", by="partner-a")
