"""One service that demands signatures, for all attacks on messages; partners are enrolled as in production."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from tests.attacks.clinic import POLICIES, Clinic, identity_settings
from tests.attacks.target import REPOSITORY_OF_D, SOURCE_OF_D, SOURCES, Target
from tests.transactions.conftest import base_settings, running
from xds.pki import Authority, key_pem_of, pem_of
from xds.pki.files import replace_file
from xds.wss import SigningIdentity


def issue(authority: Authority, name: str, **options: Any) -> SigningIdentity:
    """A certificate of an authority, and its key."""
    certificate, key = authority.issue(name, **options)
    return SigningIdentity(key=key, certificate=certificate)


def enrol(folder: Path) -> tuple[list[dict[str, Any]], dict[str, SigningIdentity]]:
    """Write a partner table's files: two partners by certificate, and a third by its issuer.

    The third has certificates that are expired, revoked, and not for signatures; "stranger" is nobody's. The second
    gets signed answers.
    """
    authority, now = Authority.made(), datetime.now(UTC)
    other = Authority.made()
    identities = {name: issue(authority, name) for name in SOURCES}
    identities |= {
        "expired": issue(other, "partner-c", starts=now - timedelta(days=9), ends=now - timedelta(days=1)),
        "revoked": issue(other, "partner-c"),
        "no signer": issue(other, "partner-c", signs=False),
        "stranger": issue(Authority.made(), "partner-a"),
        "service": issue(authority, "service"),
        "repository only": issue(authority, "partner-d"),
    }
    folder.mkdir()
    revoked = other.revoke([identities["revoked"].certificate])
    (folder / "other.crl").write_bytes(revoked.public_bytes(Encoding.PEM))
    (folder / "other.pem").write_bytes(pem_of(other.certificate))
    (folder / "service.pem").write_bytes(pem_of(identities["service"].certificate))
    replace_file(folder / "service.key", key_pem_of(identities["service"].key), 0o600)
    for name in SOURCES:
        replace_file(folder / f"{name}.key", key_pem_of(identities[name].key), 0o600)
    table: list[dict[str, Any]] = []
    for name, source_id in SOURCES.items():
        path = folder / f"{name}.pem"
        path.write_bytes(pem_of(identities[name].certificate))
        entry = {"name": name, "certificates": [str(path)], "source_ids": [source_id]}
        table.append(entry | {"signed_answers": name == "partner-b"})
    path = folder / "partner-d.pem"
    path.write_bytes(pem_of(identities["repository only"].certificate))
    fourth = {"name": "partner-d", "certificates": [str(path)], "end_points": ["repository"]}
    table.append(fourth | {"source_ids": [SOURCE_OF_D], "repository_ids": [REPOSITORY_OF_D]})
    third = {"issuer": str(folder / "other.pem"), "subject": "CN=partner-c"}
    table.append({"name": "partner-c", **third, "revocation_list": str(folder / "other.crl")})
    return table, identities


@pytest.fixture(scope="session")
def target(
    postgres: str, new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Target]:
    """A service that demands signed ITI-41 and ITI-42 over plain HTTP."""
    folder = tmp_path_factory.mktemp("attacked")
    dsn = new_database()
    table, identities = enrol(folder / "keys")
    security = {
        "signed": ["ITI-41", "ITI-42"],
        "certificate": str(folder / "keys" / "service.pem"),
        "key": str(folder / "keys" / "service.key"),
    }
    settings = base_settings(dsn, folder) | {"partners": table, "security": security}
    with running(folder, settings) as service:
        yield Target(service=service, dsn=dsn, identities=identities, keys=folder / "keys")


@pytest.fixture(scope="session")
def clinic(
    postgres: str, new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Clinic]:
    """A service that asks who asks, whoever brings the assertion."""
    with _clinic(new_database(), tmp_path_factory.mktemp("clinic"), senders="any") as started:
        yield started


@pytest.fixture(scope="session")
def strict_clinic(
    postgres: str, new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Clinic]:
    """One that takes assertions of known senders only."""
    with _clinic(new_database(), tmp_path_factory.mktemp("strict"), senders="proven") as started:
        yield started


@contextmanager
def _clinic(dsn: str, folder: Path, *, senders: str) -> Iterator[Clinic]:
    table, identities = enrol(folder / "keys")
    users = identity_settings(folder)
    users["assertions"]["senders"] = senders
    keys = folder / "keys"
    security = {"certificate": str(keys / "service.pem"), "key": str(keys / "service.key")}
    told = {"partners": table, "policies": POLICIES, "security": security}
    with running(folder, base_settings(dsn, folder) | users | told) as service:
        yield Clinic(Target(service=service, dsn=dsn, identities=identities, keys=keys))
