"""`xds keys assertion`: an assertion that a service which enrolled the sandbox's provider believes."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from tests.cli.conftest import Run
from tests.client.peer import Peer, root_of
from tests.saml.identities import PATIENT, Memory, envelope, find
from xds.access import AccessContext
from xds.pki import PROVIDER_ISSUER, make_sandbox, read_certificate
from xds.saml import Arrival, AssertionRules, AssertionVerifier, IdentityProvider, refusals
from xds.wss import Refused

AUDIENCE = "urn:oid:2.999.3"
OPTIONS = (
    "--audience",
    AUDIENCE,
    "--role",
    "66862007^^2.16.840.1.113883.6.96",
    "--purpose",
    "TREAT^^2.999.5.1",
)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys") / "sandbox"
    make_sandbox(folder)
    return folder


def verified(octets: bytes, keys: Path, *held: Path, ledger: Memory | None = None) -> AccessContext:
    """The user, as a service sees them to whom the keys of `held` were proven."""
    provider = IdentityProvider(issuer=PROVIDER_ISSUER, certificates=(read_certificate(keys / "idp.pem"),))
    verifier = AssertionVerifier(
        lambda: [provider], AssertionRules(audiences=frozenset({AUDIENCE})), ledger or Memory()
    )
    element = find(envelope(octets.decode()))
    assert element is not None
    certificates = frozenset(read_certificate(path).public_bytes(Encoding.DER) for path in held)
    return verifier.verify(
        element, Arrival(now=datetime.now(UTC), urls=frozenset(), certificates=certificates)
    )


def test_the_user_is_as_told(run: Run, keys: Path) -> None:
    more = (
        "--organization",
        "urn:oid:2.999.4.8",
        "--licence",
        "cno:7",
        "--name",
        "Kim",
        "--patient",
        PATIENT,
    )
    result = run("keys", "assertion", keys, *OPTIONS, "--user", "kim", *more, "--reason", "unconscious")
    assert result.exit_code == 0
    user = verified(result.stdout.encode(), keys)
    assert (user.user, user.display_name, user.organization, user.licence) == (
        "kim",
        "Kim",
        "urn:oid:2.999.4.8",
        "cno:7",
    )
    assert user.roles == {"66862007^^2.16.840.1.113883.6.96"}
    assert (user.purpose, user.resource_id, user.override_reason) == (
        "TREAT^^2.999.5.1",
        PATIENT,
        "unconscious",
    )


def test_holder_of_key(run: Run, keys: Path) -> None:
    octets = run("keys", "assertion", keys, *OPTIONS, "--holder", keys / "partner-a.pem").stdout.encode()
    assert verified(octets, keys, keys / "partner-a.pem").user == "afabricated"
    with pytest.raises(Refused, match=refusals.HOLDER_OF_KEY.id):
        verified(octets, keys, keys / "partner-b.pem")


def test_once(run: Run, keys: Path) -> None:
    octets, ledger = run("keys", "assertion", keys, *OPTIONS, "--once").stdout.encode(), Memory()
    verified(octets, keys, ledger=ledger)
    with pytest.raises(Refused, match=refusals.REPLAY.id):
        verified(octets, keys, ledger=ledger)


def test_a_folder_without_a_provider(run: Run, tmp_path: Path) -> None:
    result = run("keys", "assertion", tmp_path, "--audience", AUDIENCE)
    assert result.exit_code == 1
    assert "idp.pem cannot be read" in result.stderr


def test_commands_send_it(run: Run, keys: Path, tmp_path: Path, peer: Peer) -> None:
    file = tmp_path / "user.xml"
    file.write_text(run("keys", "assertion", keys, *OPTIONS).stdout, "utf-8")
    run(
        "query",
        "GetDocuments",
        "--set",
        "entryUUID=urn:uuid:00000000-0000-4000-8000-000000000001",
        "--to",
        peer.url,
        "--assertion",
        file,
    )
    document = ("--repository-id", "2.999.2.1", "--document", "2.999.7")
    run("retrieve", *document, "--from", peer.url, "-o", tmp_path, "--assertion", file)
    run(
        "remove",
        "documents",
        "2.999.7",
        "--repository-id",
        "2.999.2.1",
        "--from",
        peer.url,
        "--assertion",
        file,
    )
    assert len(peer.received) == 3
    assert all(find(root_of(request)) is not None for request in peer.received)


def test_a_file_that_is_none(run: Run, keys: Path, peer: Peer) -> None:
    result = run(
        "query", "GetDocuments", "--set", "uuid=x", "--to", peer.url, "--assertion", keys / "idp.pem"
    )
    assert result.exit_code == 2
    assert "the assertion cannot be read" in result.stderr
    assert not peer.received
