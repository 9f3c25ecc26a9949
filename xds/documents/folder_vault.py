"""The vault as a folder: `vault/ab/cd/<sha256>`, linked from the spool, synced before anyone is told.

The order of the writes is that of the standards digest, security 11.1: sync the files, link them, sync the
folders and those made on the way up, unlink the temporary names.
"""

import fcntl
import os
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final

from xds.documents.errors import DocumentDamaged, DocumentNotFound, VaultWriteFailed
from xds.documents.spool import DISK_FULL, TEMPORARY_FOLDER, SpooledDocument, make_folder, store_error, sync
from xds.documents.vault import ADDRESS, StoredDocument, checked_address, unreadable

_VAULT: Final = "vault"
_TRASH: Final = "trash"
_LOCK: Final = "vault.lock"
_READ_ONLY: Final = "vault.read-only"


class FolderVault:
    """A `Vault` in a data folder of one file system; `vault/` and `trash/` are made when missing.

    Several processes may use one folder. After a failed sync the kernel may have dropped what it could not
    write and report success the next time, so no second try is made: the vault is read-only from then on,
    for all processes and later starts, until an operator has checked the volume, removed the file
    ``vault.read-only`` from the data folder and started again.

    Parameters
    ----------
    folder
        The data folder, the same as that of the `Spool`.

    Raises
    ------
    VaultWriteFailed
        ``tmp/`` and ``vault/`` are on different file systems.
    OSError
        The folders cannot be made or read.
    """

    def __init__(self, folder: Path) -> None:
        self._vault = folder / _VAULT
        self._trash = folder / _TRASH
        self._lock = folder / _LOCK
        self._marker = folder / _READ_ONLY
        self._failed = False
        # Folders whose entry in their parent this process has synced: another may have made them and died.
        self._durable: set[Path] = set()
        temporary = folder / TEMPORARY_FOLDER
        for needed in (temporary, self._vault, self._trash):
            make_folder(needed)
        sync(folder)  # the maker of what was there already may have died before its own
        self._lock.touch(mode=0o600)
        if temporary.stat().st_dev != self._vault.stat().st_dev:
            raise VaultWriteFailed(
                "tmp and vault of the data folder are on different file systems; documents are linked from one "
                "to the other: put both on one volume"
            )

    @property
    def read_only(self) -> bool:
        """True after a failed sync; commits are refused, reads go on."""
        return self._failed or self._marker.exists()

    def commit(self, documents: Sequence[SpooledDocument]) -> None:
        """See `Vault.commit`. Syncs are batched: all files, then all folders, the deepest first.

        Raises
        ------
        OutOfSpace
            The volume is full; nothing else is wrong with it.
        VaultWriteFailed
            The disk failed, or the vault is read-only.
        """
        try:
            self._refuse_when_read_only()
            for document in documents:
                self._sync(document.path)
            leaves = [self._place(document) for document in documents]
            self._sync_folders(leaves)
            # A failure that another commit met meanwhile may have taken our entries in the same folder.
            self._refuse_when_read_only()
        finally:
            for document in documents:
                document.discard()

    def open(self, sha256: str, size: int, seal: bytes = b"") -> StoredDocument:
        """See `Vault.open`."""
        path = self._path(sha256)
        try:
            found = path.stat().st_size
        except FileNotFoundError:
            raise DocumentNotFound(f"no document with SHA-256 {sha256[:12]}… is stored") from None
        except OSError as error:
            raise unreadable(sha256, error) from error
        if found != size:
            raise DocumentDamaged(
                f"the document with SHA-256 {sha256[:12]}… has {found} octets in the store, {size} were committed; "
                "restore it from a backup"
            )
        return StoredDocument(sha256=sha256, size=size, opener=partial(_open, path), seal=seal)

    def remove(self, sha256: str, *, unless: Callable[[], bool]) -> bool:
        """See `Vault.remove`. A retrieve that has the file open reads it to its end."""
        path = self._path(sha256)
        with self._locked(fcntl.LOCK_EX):
            if unless():
                return False
            # The trash is for orphans; one with the same octets goes too: they were asked to be gone.
            for name in (path, self._trash / sha256):
                try:
                    name.unlink()
                except FileNotFoundError:
                    continue
                self._sync(name.parent)  # else a power cut could bring it back
        return True

    def reachable(self) -> bool:
        """See `Vault.reachable`."""
        return os.access(self._vault, os.R_OK | os.X_OK) and self._vault.is_dir()

    def objects(self) -> Iterator[tuple[str, float]]:
        """Yield the SHA-256 of each stored document and when it was last committed (seconds since 1970)."""
        for first in _entries(self._vault):
            for second in _entries(Path(first.path)):
                for entry in _entries(Path(second.path)):
                    try:
                        if ADDRESS.fullmatch(entry.name):
                            yield entry.name, entry.stat().st_mtime
                    except FileNotFoundError:
                        continue  # moved to the trash meanwhile

    def trash(self, sha256: str, older_than_seconds: float = 86_400) -> bool:
        """Move a document to ``trash/`` unless it was committed, also again, within this time.

        False when it was left: too young, or gone. The age is looked at again under the lock that a commit
        holds while it links or finds the document there, so the two cannot miss each other.
        """
        path = self._path(sha256)
        with self._locked(fcntl.LOCK_EX):
            try:
                if path.stat().st_mtime > time.time() - older_than_seconds:
                    return False
                target = self._trash / sha256
                path.rename(target)
            except FileNotFoundError:
                return False
            os.utime(target)  # its time in the trash begins now
        return True

    def empty_trash(self, older_than_seconds: float = 7 * 86_400) -> int:
        """Remove what has been in the trash for longer; return how many documents."""
        removed = 0
        for entry in _entries(self._trash):
            if entry.stat().st_mtime < time.time() - older_than_seconds:
                Path(entry.path).unlink(missing_ok=True)
                removed += 1
        return removed

    def _refuse_when_read_only(self) -> None:
        if self.read_only:
            raise VaultWriteFailed(
                "the document store is read-only since a sync of its disk failed; the operator must check the "
                f"volume, remove {_READ_ONLY} from the data folder and start again"
            )

    def _path(self, sha256: str) -> Path:
        return self._vault / checked_address(sha256)[:2] / sha256[2:4] / sha256

    def _sync(self, path: Path) -> None:
        try:
            # The spool has closed the file; the first sync after it reports earlier write-back errors too.
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise store_error(error, "opening what is to be synced") from error
        try:
            os.fsync(descriptor)
        except OSError as error:
            # A full disk may show only here. A file is then thrown away and nothing stored depends on it;
            # a folder may hold what others count on.
            if error.errno not in DISK_FULL or stat.S_ISDIR(os.fstat(descriptor).st_mode):
                self._fail()
                reason = os.strerror(error.errno or 0)
                raise VaultWriteFailed(f"the document store failed to sync: {reason}") from error
            raise store_error(error, "syncing a document") from error
        finally:
            os.close(descriptor)

    def _place(self, document: SpooledDocument) -> Path:
        """Link a synced document to its address; return the folder to be synced."""
        target = self._path(document.sha256)
        try:
            if target.parent not in self._durable:
                target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._locked(fcntl.LOCK_SH):
                try:
                    os.link(document.path, target)
                except FileExistsError:
                    self._settle_existing(document, target)
        except OSError as error:
            raise store_error(error, "linking a document") from error
        return target.parent

    def _settle_existing(self, document: SpooledDocument, target: Path) -> None:
        """Keep a stored document with the same octets, replace a damaged one."""
        try:
            StoredDocument(sha256=document.sha256, size=document.size, opener=partial(_open, target)).verify()
        except DocumentDamaged:
            document.path.rename(target)
        else:
            os.utime(target)  # young again: the orphan job leaves it for this submission

    def _sync_folders(self, leaves: Sequence[Path]) -> None:
        """Sync the leaves, and the folders above those that this process uses for the first time."""
        new = [leaf for leaf in dict.fromkeys(leaves) if leaf not in self._durable]
        above = [*(leaf.parent for leaf in new), self._vault] if new else []
        for folder in dict.fromkeys([*leaves, *above]):
            self._sync(folder)
        self._durable.update(new)

    def _fail(self) -> None:
        self._failed = True
        with suppress(OSError):  # the disk is failing: this process knows, the others find out by themselves
            self._marker.touch(mode=0o600)

    @contextmanager
    def _locked(self, operation: int) -> Iterator[None]:
        # A descriptor of its own for each use: flock then also holds between the threads of one process.
        descriptor = os.open(self._lock, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, operation)
            yield
        finally:
            os.close(descriptor)


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb", buffering=0)
    except FileNotFoundError:
        raise DocumentNotFound(f"the document with SHA-256 {path.name[:12]}… was removed") from None
    except OSError as error:
        raise unreadable(path.name, error) from error


def _entries(folder: Path) -> Iterator["os.DirEntry[str]"]:
    try:
        with os.scandir(folder) as entries:
            yield from entries
    except FileNotFoundError:
        return
