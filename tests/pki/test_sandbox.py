"""The keys of a sandbox: what is in the folder, and that it works together."""

import stat
from pathlib import Path

import pytest
from cryptography import x509

from xds.pki import (
    PROVIDER_ISSUER,
    PkiError,
    make_sandbox,
    read_certificates,
    read_pair,
    read_revocation_lists,
)
from xds.server.credentials import load_trust
from xds.settings import AssertionSettings, Options, Settings

FILES = [
    "ca.pem", "ca.crl", "server.key", "server.pem", "idp.key", "idp.pem",
    "partner-a.key", "partner-a.pem", "partner-b.key", "partner-b.pem",
    "partners.toml",
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("keys") / "sandbox"
    assert [path.name for path in make_sandbox(made)] == FILES
    return made


def test_keys_are_their_owners_alone(folder: Path) -> None:
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes == {name: 0o600 if name.endswith(".key") else 0o644 for name in FILES}


def test_each_key_is_of_its_certificate_and_each_certificate_of_the_authority(folder: Path) -> None:
    (authority,) = read_certificates(folder / "ca.pem")
    for name in ("server", "idp", "partner-a", "partner-b"):
        certificate, _ = read_pair(folder / f"{name}.pem", folder / f"{name}.key")
        certificate.verify_directly_issued_by(authority)
    (revoked,) = read_revocation_lists(folder / "ca.crl")
    assert not list(revoked)


def test_the_server_is_known_by_the_names_of_this_machine(folder: Path) -> None:
    (server,) = read_certificates(folder / "server.pem")
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert [str(item) for item in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]


def test_the_partner_table_enrols_both(folder: Path) -> None:
    settings = Options(keys=folder).over(
        Settings(assertions=AssertionSettings(audiences=("urn:oid:2.999.3",)))
    )
    assert settings.server.certificate == folder / "server.pem"
    assert [(item.name, item.source_ids) for item in settings.partners] == [
        ("partner-a", ("2.999.4.1",)),
        ("partner-b", ("2.999.4.2",)),
    ]
    (provider,) = settings.identity_providers
    assert (provider.issuer, provider.certificates) == (PROVIDER_ISSUER, (folder / "idp.pem",))
    trust = load_trust(settings)
    for name in ("partner-a", "partner-b"):
        assert trust.partner_of(read_certificates(folder / f"{name}.pem")[0]).name == name


def test_keys_are_never_replaced(folder: Path) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(PkiError, match=r"ca\.pem is there already, and keys are not replaced"):
        make_sandbox(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
