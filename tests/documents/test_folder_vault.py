import hashlib
import os
import threading
import time
from pathlib import Path

import pytest

from xds.documents import (
    DocumentDamaged,
    DocumentNotFound,
    FolderVault,
    Spool,
    SpooledDocument,
    Vault,
    VaultWriteFailed,
)

CONTENT = b"%PDF-1.7 report"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
DAY = 86_400


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path)


@pytest.fixture
def vault(tmp_path: Path) -> FolderVault:
    return FolderVault(tmp_path)


@pytest.fixture
def address(tmp_path: Path) -> Path:
    return tmp_path / "vault" / SHA256[:2] / SHA256[2:4] / SHA256


def received(spool: Spool, content: bytes = CONTENT) -> SpooledDocument:
    return spool.receive([content], 1 << 20)


def read(vault: Vault, sha256: str = SHA256, size: int = len(CONTENT)) -> bytes:
    return b"".join(vault.open(sha256, size).pieces())


def age(path: Path, seconds: float) -> None:
    os.utime(path, (time.time() - seconds,) * 2)


def test_commit_and_open(spool: Spool, vault: FolderVault, address: Path) -> None:
    document = received(spool)
    vault.commit([document])
    assert read(vault) == address.read_bytes() == CONTENT
    assert address.stat().st_mode & 0o777 == 0o600
    assert not document.path.exists()
    assert address.stat().st_nlink == 1


def test_nothing_is_committed(vault: FolderVault) -> None:
    vault.commit([])
    assert list(vault.objects()) == []


def test_the_same_document_again(spool: Spool, vault: FolderVault) -> None:
    vault.commit([received(spool), received(spool)])
    vault.commit([received(spool)])
    assert [sha256 for sha256, _ in vault.objects()] == [SHA256]
    assert read(vault) == CONTENT


@pytest.mark.parametrize("damage", [CONTENT[:-1], CONTENT + b"x", b"X" + CONTENT[1:], b""])
def test_a_damaged_document_is_replaced(
    spool: Spool, vault: FolderVault, address: Path, tmp_path: Path, damage: bytes
) -> None:
    vault.commit([received(spool)])
    address.write_bytes(damage)
    vault.commit([received(spool)])
    assert read(vault) == CONTENT
    assert list((tmp_path / "tmp").iterdir()) == []


def test_not_found(spool: Spool, vault: FolderVault, address: Path) -> None:
    with pytest.raises(DocumentNotFound, match="is stored"):
        vault.open(SHA256, len(CONTENT))
    vault.commit([received(spool)])
    opened = vault.open(SHA256, len(CONTENT))
    vault.remove(SHA256, unless=lambda: False)
    vault.remove(SHA256, unless=lambda: False)
    assert not address.exists()
    with pytest.raises(DocumentNotFound, match="was removed"):
        opened.pieces()


@pytest.mark.parametrize("sha256", ["", "../../../../etc/passwd", SHA256.upper(), SHA256[:-1], SHA256 + "\n"])
def test_an_address_is_a_hash(vault: FolderVault, sha256: str) -> None:
    with pytest.raises(DocumentNotFound, match="64 lower-case hex digits"):
        vault.open(sha256, 1)
    with pytest.raises(DocumentNotFound):
        vault.remove(sha256, unless=lambda: False)


def test_another_size(spool: Spool, vault: FolderVault) -> None:
    vault.commit([received(spool)])
    with pytest.raises(DocumentDamaged, match="15 octets in the store, 16 were committed"):
        vault.open(SHA256, len(CONTENT) + 1)


def test_two_file_systems(tmp_path: Path) -> None:
    shared_memory = Path("/dev/shm")  # noqa: S108  # a second file system, written by nobody here
    if not shared_memory.is_dir() or shared_memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second file system")
    (tmp_path / "tmp").symlink_to(shared_memory, target_is_directory=True)
    with pytest.raises(VaultWriteFailed, match="put both on one volume"):
        FolderVault(tmp_path)


def test_reachable(vault: FolderVault, tmp_path: Path) -> None:
    assert vault.reachable()
    (tmp_path / "vault").rename(tmp_path / "elsewhere")
    assert not vault.reachable()


def test_read_only_holds_for_all_until_the_operator_ends_it(
    spool: Spool, vault: FolderVault, tmp_path: Path
) -> None:
    vault.commit([received(spool)])
    (tmp_path / "vault.read-only").touch()
    document = received(spool, b"other")
    with pytest.raises(VaultWriteFailed, match=r"remove vault\.read-only"):
        vault.commit([document])
    assert not document.path.exists()
    assert FolderVault(tmp_path).read_only
    assert read(vault) == CONTENT
    (tmp_path / "vault.read-only").unlink()
    vault = FolderVault(tmp_path)
    vault.commit([received(spool, b"other")])


def test_a_commit_beside_a_failed_one_is_refused(
    spool: Spool, vault: FolderVault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = os.link

    def link_while_another_fails(source: Path, target: Path) -> None:
        link(source, target)
        (tmp_path / "vault.read-only").touch()

    monkeypatch.setattr(os, "link", link_while_another_fails)
    with pytest.raises(VaultWriteFailed, match="read-only"):
        vault.commit([received(spool)])


def test_objects(spool: Spool, vault: FolderVault, address: Path) -> None:
    vault.commit([received(spool), received(spool, b"other")])
    (address.parent / "a stray file").touch()
    age(address, 3 * DAY)
    found = dict(vault.objects())
    assert found.keys() == {SHA256, hashlib.sha256(b"other").hexdigest()}
    assert found[SHA256] == pytest.approx(time.time() - 3 * DAY, abs=60)


def test_trash(spool: Spool, vault: FolderVault, address: Path, tmp_path: Path) -> None:
    vault.commit([received(spool)])
    assert not vault.trash(SHA256)  # too young
    age(address, DAY + 60)
    assert vault.trash(SHA256)
    assert not vault.trash(SHA256)  # gone
    with pytest.raises(DocumentNotFound):
        vault.open(SHA256, len(CONTENT))
    assert vault.empty_trash() == 0
    age(tmp_path / "trash" / SHA256, 8 * DAY)
    assert vault.empty_trash() == 1
    assert list((tmp_path / "trash").iterdir()) == []


def test_a_document_committed_again_is_young_again(spool: Spool, vault: FolderVault, address: Path) -> None:
    vault.commit([received(spool)])
    age(address, 30 * DAY)
    vault.commit([received(spool)])
    assert not vault.trash(SHA256)


def test_the_orphan_job_never_takes_what_is_being_committed(
    spool: Spool, vault: FolderVault, address: Path
) -> None:
    vault.commit([received(spool)])
    for _ in range(100):
        age(address, 2 * DAY)
        document = received(spool)
        barrier = threading.Barrier(2)

        def job(barrier: threading.Barrier = barrier) -> None:
            barrier.wait()
            vault.trash(SHA256)

        thread = threading.Thread(target=job)
        thread.start()
        barrier.wait()
        vault.commit([document])
        thread.join()
        assert read(vault) == CONTENT


def test_many_writers_of_the_same_documents(spool: Spool, vault: FolderVault, tmp_path: Path) -> None:
    contents = [bytes([number]) * 1000 for number in range(10)]
    failures: list[BaseException] = []

    def write() -> None:
        try:
            for content in contents:
                vault.commit([received(spool, content)])
        except BaseException as failure:  # an assertion in a thread would be lost
            failures.append(failure)

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    for content in contents:
        assert read(vault, hashlib.sha256(content).hexdigest(), len(content)) == content
    assert list((tmp_path / "tmp").iterdir()) == []


def test_removing_takes_the_orphan_with_the_same_octets_along(
    spool: Spool, vault: FolderVault, tmp_path: Path
) -> None:
    """The trash keeps orphans for a week; what was asked to be gone is gone from there too."""
    vault.commit([received(spool)])
    assert vault.trash(SHA256, older_than_seconds=-1)
    vault.commit([received(spool)])
    assert vault.remove(SHA256, unless=lambda: False)
    assert [path for path in tmp_path.rglob("*") if path.name == SHA256] == []


def test_what_is_used_meanwhile_is_kept(spool: Spool, vault: FolderVault) -> None:
    vault.commit([received(spool)])
    assert not vault.remove(SHA256, unless=lambda: True)
    assert read(vault) == CONTENT
