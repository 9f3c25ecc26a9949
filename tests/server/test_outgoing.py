"""A repository and its registry over mutual TLS: two services, certificates made for the run and changed under them."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from cryptography import x509

from tests.pki.made import client, write_pair, write_revoked
from tests.server.test_tls import until
from tests.transactions import samples
from tests.transactions.conftest import Service, base_settings, merged, running
from tests.transactions.wire import PATH, send_mtom
from xds.audit import decode_event
from xds.pki import Authority, pem_of

HERE = ("localhost", "127.0.0.1")
TAKEN = "certificates for the registry taken"
NOT_TAKEN = "certificates for the registry not taken, the old ones stay"


@dataclass(frozen=True)
class Pair:
    """The two services, and the files that they go by."""

    registry: Service
    repository: Service
    registry_dsn: str
    folder: Path
    authority: Authority

    def provide(self) -> list[str]:
        """Codes of an ITI-41, none when the registry took it."""
        made = samples.provided(samples.submission(samples.entry(samples.fresh_patient())))
        (entry,) = made.document_entries
        body, parts = samples.provide_body(made, {entry.entry_uuid: b"Normal."})
        return send_mtom(self.repository.port, "ITI-41", body, *parts).codes

    def said(self, event: str) -> int:
        """How often the repository's log has an event."""
        lines = self.repository.log.read_text("utf-8").splitlines()
        return sum(json.loads(line)["event"] == event for line in lines if line.startswith("{"))

    def change(self, work: Callable[[], object], event: str = TAKEN) -> None:
        """Change files of the repository, and wait until each worker says what it made of them."""
        before = self.said(event)
        work()
        until(lambda: self.said(event) > before)

    def renewed(self) -> x509.Certificate:
        """Give the repository another certificate."""
        certificate, key = self.authority.issue("repository")
        self.change(lambda: write_pair(self.folder, "repository", certificate, key))
        return certificate


@pytest.fixture(scope="module")
def pair(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder, authority = tmp_path_factory.mktemp("between"), Authority.made()
    (folder / "ca.pem").write_bytes(pem_of(authority.certificate))
    (folder / "trusted.pem").write_bytes(pem_of(authority.certificate))
    write_pair(folder, "server", *authority.issue("server", hosts=HERE))
    write_pair(folder, "operator", *authority.issue("operator"))
    write_pair(folder, "repository", *authority.issue("repository"))
    write_revoked(folder, authority)
    dsn, folders = new_database(), [tmp_path_factory.mktemp(name) for name in ("registry", "repository")]
    of_registry = merged(
        base_settings(dsn, folders[0]),
        {
            "server": {
                "roles": ["registry"], "workers": 1, "certificate": str(folder / "server.pem"),
                "key": str(folder / "server.key"), "client_ca": str(folder / "ca.pem"),
                "revocation_list": str(folder / "ca.crl"),
            }
        },
    )  # fmt: skip
    of_registry["partners"] = [
        {
            "name": "repository",
            "issuer": str(folder / "ca.pem"),
            "subject": "CN=repository",
            "revocation_list": str(folder / "ca.crl"),
            "source_ids": ["2.999.3.1"],
        }
    ]
    with ExitStack() as stack:
        registry = stack.enter_context(running(folders[0], of_registry, tls=client(folder, "operator")))
        of_repository = merged(
            base_settings(new_database(), folders[1]),
            {
                "server": {"roles": ["repository"], "workers": 1},
                "repository": {
                    "registry_url": f"https://localhost:{registry.port}{PATH['ITI-42']}",
                    "registry_certificate": str(folder / "repository.pem"),
                    "registry_key": str(folder / "repository.key"),
                    "registry_ca": str(folder / "trusted.pem"),
                },
            },
        )
        repository = stack.enter_context(running(folders[1], of_repository))
        yield Pair(registry, repository, dsn, folder, authority)


def test_the_registry_knows_the_repository_by_its_certificate(pair: Pair) -> None:
    assert pair.provide() == []
    with psycopg.connect(pair.registry_dsn) as connection:
        rows = connection.execute("SELECT body FROM audit_event ORDER BY number").fetchall()
    registered = [event for (body,) in rows if (event := decode_event(body)).kind == "ITI-42 server"]
    assert registered[-1].peer_name == "repository"


def test_a_new_client_certificate_is_shown_without_a_restart(pair: Pair) -> None:
    """The old one is revoked: only the new one can have let it in."""
    assert pair.provide() == []
    old = x509.load_pem_x509_certificate((pair.folder / "repository.pem").read_bytes())
    pair.renewed()
    write_revoked(pair.folder, pair.authority, old)
    assert pair.provide() == []
    until(lambda: "certificates taken" in pair.registry.log.read_text("utf-8"))
    assert pair.provide() == []


def test_a_client_certificate_that_is_revoked_gets_no_document_registered(pair: Pair) -> None:
    before = pair.registry.log.read_text("utf-8").count("TLS client refused")
    write_revoked(pair.folder, pair.authority, pair.renewed())
    until(lambda: pair.provide() == ["XDSRegistryNotAvailable"])
    assert pair.registry.log.read_text("utf-8").count("TLS client refused") > before
    pair.renewed()
    assert pair.provide() == []


def test_files_that_cannot_be_used_change_nothing(pair: Pair) -> None:
    path = pair.folder / "repository.pem"
    good = path.read_bytes()
    pair.change(lambda: path.write_bytes(b"half a certi"), NOT_TAKEN)
    assert pair.provide() == []
    pair.change(lambda: path.write_bytes(good))


def test_a_registry_whose_authority_is_not_trusted(pair: Pair) -> None:
    trusted = pair.folder / "trusted.pem"
    pair.change(lambda: trusted.write_bytes(pem_of(Authority.made().certificate)))
    assert pair.provide() == ["XDSRegistryNotAvailable"]
    pair.change(lambda: trusted.write_bytes(pem_of(pair.authority.certificate)))
    assert pair.provide() == []


def test_a_registry_of_another_name(pair: Pair) -> None:
    """Its certificate is of the right authority, and for another host."""

    def serve(*hosts: str) -> None:
        taken = pair.registry.log.read_text("utf-8").count("certificates taken")
        write_pair(pair.folder, "server", *pair.authority.issue("server", hosts=hosts))
        until(lambda: pair.registry.log.read_text("utf-8").count("certificates taken") > taken)
        pair.renewed()  # and with it connections are made anew

    serve("elsewhere.example.org")
    assert pair.provide() == ["XDSRegistryNotAvailable"]
    serve(*HERE)
    assert pair.provide() == []
