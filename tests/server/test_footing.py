"""What a service does not start on, and what it warns of."""

import re
from configparser import ConfigParser
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import free_port
from xds.documents import FolderVault, folder_vault
from xds.server import footing
from xds.server.running import Running, StartError
from xds.server.stopping import StopRequest
from xds.settings import (
    IdentityProviderSettings,
    PartnerSettings,
    SecuritySettings,
    ServerSettings,
    Settings,
    StoreSettings,
)

ROOT = Path(__file__).parents[2]
A_FILE = Path("a.pem")
PARTNER = PartnerSettings(name="north", certificates=(A_FILE,))
PROVIDER = IdentityProviderSettings(issuer="https://idp.example.org", certificates=(A_FILE,))


def test_all_is_well_here(database: str, tmp_path: Path) -> None:
    assert list(footing.unsound(Settings(data_dir=tmp_path), database)) == []


def test_the_versions_are_those_that_are_asked_for() -> None:
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    for name, bounds in footing.TESTED.items():
        (line,) = re.findall(rf"^{name} >=([\d.]+),<([\d.]+)$", setup["options"]["install_requires"], re.M)
        assert tuple(tuple(map(int, each.split("."))) for each in line) == bounds


@pytest.mark.parametrize("found", ["4.4.0", "5.1.9", "6.0.0", "7.0rc1"])
def test_a_version_that_nobody_tried(found: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(footing, "version", lambda name: found if name == "signxml" else "6.1.3")
    (wrong,) = footing.untested()
    assert wrong.startswith(f"signxml {found} is installed, ")


def test_a_folder_that_cannot_be_synced(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_sync(_path: Path) -> None:
        raise OSError(22, "Invalid argument")

    FolderVault(tmp_path / "documents")
    monkeypatch.setattr(folder_vault, "sync", no_sync)
    (wrong,) = footing.unsound(Settings(data_dir=tmp_path), database)
    assert wrong.startswith("the document store cannot be relied on (Invalid argument)")


def test_a_store_on_two_volumes(database: str, tmp_path: Path) -> None:
    other = Path("/dev/shm") / tmp_path.name  # noqa: S108  # another file system
    other.mkdir()
    try:
        (tmp_path / "documents").mkdir()
        (tmp_path / "documents" / "tmp").symlink_to(other)
        (wrong,) = footing.unsound(Settings(data_dir=tmp_path), database)
    finally:
        other.rmdir()
    assert "different file systems" in wrong


def test_it_does_not_start_on_a_database_that_forgets(database: str, tmp_path: Path) -> None:
    settings = Settings(
        data_dir=tmp_path,
        server=ServerSettings(port=free_port()),
        store=StoreSettings(dsn=f"{database} options='-c synchronous_commit=off'"),
    )
    with pytest.raises(StartError, match="the database has synchronous_commit = off and needs on"):
        Running(settings).serve(StopRequest(), on_ready=lambda _: None, on_stop=lambda: None)


def test_what_nobody_has_to_prove_is_told() -> None:
    def told(settings: Settings) -> list[str]:
        return [said.split(":")[0] for said in footing.unguarded(settings)]

    bare = Settings(server=ServerSettings(host="127.0.0.1"))
    nobody, users, proof, plain = (
        "no partner is enrolled by certificate ([[partners]])",
        "no identity provider is enrolled ([[identity_providers]])",
        "partners are enrolled, and need not prove who they are",
        "plain HTTP is served beyond this machine",
    )
    assert told(bare) == [nobody, users]
    assert told(replace(bare, server=ServerSettings(host="0.0.0.0"))) == [nobody, users, plain]  # noqa: S104
    enrolled = replace(bare, partners=(PARTNER,), identity_providers=(PROVIDER,))
    assert told(enrolled) == [proof]
    assert told(replace(enrolled, security=SecuritySettings(signed=("ITI-42",)))) == []
    with_tls = ServerSettings(host="0.0.0.0", certificate=A_FILE, client_certificates="required")  # noqa: S104
    assert told(replace(enrolled, server=with_tls)) == []
    proxied = ServerSettings(unix_socket=Path("xds.sock"), trusted_proxy="unix")
    assert told(replace(enrolled, server=proxied)) == []
