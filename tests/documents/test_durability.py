"""The order of writes and syncs (standards digest, security 11.1) and every I/O error in turn (11.6)."""

import errno
import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from xds.documents import (
    DocumentStoreError,
    FolderVault,
    OutOfSpace,
    Spool,
    SpooledDocument,
    VaultWriteFailed,
)

from .disk import Disk, assert_durable

CONTENTS = [b"first document " * 30_000, b"second"]


def receive(folder: Path) -> list[SpooledDocument]:
    spool = Spool(folder)
    documents: list[SpooledDocument] = []
    try:
        documents.extend(spool.receive([content[:100], content[100:]], 1 << 20) for content in CONTENTS)
    except DocumentStoreError:
        for document in documents:  # what the caller does with a submission that it refuses
            document.discard()
        raise
    return documents


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    disk = Disk(tmp_path)
    disk.install(monkeypatch)
    return disk


def test_first_commit(disk: Disk) -> None:
    vault = FolderVault(disk.folder)
    documents = receive(disk.folder)
    vault.commit(documents)
    assert_durable(disk.events, documents)
    assert list((disk.folder / "tmp").iterdir()) == []


def test_later_commit_into_known_folders_syncs_only_the_leaf(disk: Disk) -> None:
    vault = FolderVault(disk.folder)
    vault.commit(receive(disk.folder))
    for sha256, _ in list(vault.objects()):
        vault.remove(sha256, unless=lambda: False)
    disk.events.clear()
    documents = receive(disk.folder)
    vault.commit(documents)
    assert_durable(disk.events, documents)
    assert [name for name, _ in disk.events].count("fsync") == 2 * len(documents)


def test_folders_that_another_process_made_and_did_not_sync(disk: Disk) -> None:
    for content in CONTENTS:
        sha256 = hashlib.sha256(content).hexdigest()
        (disk.folder / "vault" / sha256[:2] / sha256[2:4]).mkdir(parents=True)
    assert len({path for name, path in disk.events if name == "mkdir"}) == 5
    assert "fsync" not in dict(disk.events)
    documents = receive(disk.folder)
    FolderVault(disk.folder).commit(documents)
    assert_durable(disk.events, documents)


def test_a_document_that_is_there_already_is_synced_all_the_same(disk: Disk) -> None:
    FolderVault(disk.folder).commit(receive(disk.folder))
    disk.events.clear()
    documents = receive(disk.folder)
    FolderVault(disk.folder).commit(documents)  # its maker may have died before its sync
    assert_durable(disk.events, documents)


def test_the_order_checker_can_fail(disk: Disk) -> None:
    documents = receive(disk.folder)
    FolderVault(disk.folder).commit(documents)
    assert_durable(disk.events, documents)
    synced = {event for event in disk.events if event[0] == "fsync"}
    assert len(synced) == 8  # two files, two leaves, two above, the vault, the data folder
    for missing in synced:
        with pytest.raises(AssertionError):
            assert_durable([event for event in disk.events if event != missing], documents)


def count_of_calls(folder: Path) -> int:
    with pytest.MonkeyPatch.context() as patch:
        disk = Disk(folder)
        vault = FolderVault(folder)
        Spool(folder)
        disk.install(patch)
        vault.commit(receive(folder))
        return len(disk.events)


@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC], ids=errno.errorcode.get)
@pytest.mark.parametrize("failures", [1, 1000], ids=["once", "from then on"])
@pytest.mark.parametrize("again", [False, True], ids=["new", "stored already"])
def test_each_call_fails_in_turn(tmp_path: Path, error: int, failures: int, again: bool) -> None:
    calls = count_of_calls(tmp_path / "good")
    assert calls > 20
    for number in range(calls + 4):
        folder = tmp_path / str(number)
        vault, _ = FolderVault(folder), Spool(folder)
        if again:
            vault.commit(receive(folder))
        disk = Disk(folder)
        disk.fail_from, disk.failures, disk.error = number, failures, error
        with pytest.MonkeyPatch.context() as patch:
            disk.install(patch)
            documents: list[SpooledDocument] = []
            refused: DocumentStoreError | None = None
            try:
                documents = receive(folder)
                vault.commit(documents)
            except DocumentStoreError as caught:
                refused = caught
        check_aftermath(disk, vault, documents, refused)
        shutil.rmtree(folder)


def check_aftermath(
    disk: Disk, vault: FolderVault, documents: list[SpooledDocument], refused: DocumentStoreError | None
) -> None:
    """After one failed call: acknowledged is durable, refused leaves nothing behind and nothing wrong."""
    failed = {name for name, _ in disk.failed}
    for sha256, _ in vault.objects():
        content = next(c for c in CONTENTS if hashlib.sha256(c).hexdigest() == sha256)
        vault.open(sha256, len(content)).verify()
    if refused is None:
        assert failed <= {"unlink"}  # what is stored anyway: the sweep removes its temporary name
        assert len({*vault.objects()}) == len(CONTENTS)
    else:
        assert failed & {"open", "write", "fsync", "link", "mkdir", "rename", "utime"}
        assert isinstance(refused, OutOfSpace if disk.error == errno.ENOSPC else VaultWriteFailed) or (
            "fsync" in failed
        )
        assert str(disk.folder) not in str(refused)
    if not failed & {"unlink"}:
        assert list((disk.folder / "tmp").iterdir()) == []
    folder_failed = any(name == "fsync" and path.startswith("vault") for name, path in disk.failed)
    lost = "fsync" in failed and (folder_failed or disk.error == errno.EIO)
    assert vault.read_only == lost
    if lost:
        assert isinstance(refused, VaultWriteFailed)
        with pytest.raises(VaultWriteFailed, match="read-only"):
            vault.commit(receive(disk.folder))
    else:
        vault.commit(receive(disk.folder))
        assert len({*vault.objects()}) == len(CONTENTS)


CHILD = """
import sys
from pathlib import Path
from xds.documents import FolderVault, Spool
folder = Path(sys.argv[1])
vault, spool = FolderVault(folder), Spool(folder)
documents = [spool.receive([content], 100) for content in (b"first", b"second")]
vault.commit(documents)
"""


@pytest.mark.skipif(
    shutil.which("strace") is None, reason="NOT RUN: strace is not installed (apt-get install strace)"
)
def test_the_kernel_sees_the_same_order(tmp_path: Path) -> None:
    log = tmp_path / "strace.log"
    calls = "write,fsync,link,linkat,mkdir,mkdirat,unlink,unlinkat"
    folder = tmp_path / "data"
    subprocess.run(
        ["strace", "-f", "-y", "-e", f"trace={calls}", "-o", log, sys.executable, "-c", CHILD, folder],
        check=True,
    )
    seen = [line for line in log.read_text().splitlines() if str(folder) in line]
    order = [match[1] for line in seen if (match := re.search(r"\b(write|fsync|link|unlink)(?:at)?\(", line))]
    commit = order[order.index("write") :]
    assert commit[:6] == ["write", "write", "fsync", "fsync", "link", "link"]
    assert commit[-2:] == ["unlink", "unlink"]
    assert set(commit[6:-2]) == {"fsync"}
    leaves = [re.escape(str(path)) for path in (folder / "vault").glob("*/*")]
    assert all(any(re.search(rf"fsync\(\d+<{leaf}>", line) for line in seen) for leaf in leaves)
    assert len(leaves) == 2


def test_a_removal_is_durable(disk: Disk) -> None:
    """Without a sync of the folder a power cut could bring the document back."""
    vault = FolderVault(disk.folder)
    vault.commit(receive(disk.folder))
    for sha256, _ in list(vault.objects()):
        disk.events.clear()
        vault.remove(sha256, unless=lambda: False)
        folder = f"vault/{sha256[:2]}/{sha256[2:4]}"
        assert [event for event in disk.events if event[0] in ("unlink", "fsync")] == [
            ("unlink", f"{folder}/{sha256}"),
            ("fsync", folder),
            ("unlink", f"trash/{sha256}"),  # where there is none
        ]
