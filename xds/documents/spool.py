"""Where documents wait while they arrive: counted and hashed on the way to disk, visible to nobody.

`tmp/` lies in the same data folder, so on the same file system, as the vault that later links them
(standards digest, security 11.1).
"""

import errno
import hashlib
import os
import secrets
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from xds.documents.errors import DocumentStoreError, DocumentTooLarge, OutOfSpace, VaultWriteFailed
from xds.documents.seal import Sealer

TEMPORARY_FOLDER: Final = "tmp"
_BUFFER: Final = 262_144  # octets: pieces of an inline document may be small
# Begin to write back this often (octets): the fsync of the commit then finds most of the work done.
_WRITE_BACK: Final = 8_388_608
_FLOOR_BYTES: Final = 2 * 1024**3
DISK_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


def store_error(error: OSError, doing: str) -> DocumentStoreError:
    """Return the error of this package for one of the system, without the path that the latter names."""
    if error.errno in DISK_FULL:
        return OutOfSpace(f"the document store is full ({doing}); free space and send the submission again")
    reason = os.strerror(error.errno) if error.errno else "unknown reason"
    return VaultWriteFailed(f"the document store failed while {doing}: {reason}")


def make_folder(folder: Path) -> None:
    """Make a folder and those above it where missing, mode 0700, so that they outlive a power cut."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    sync(folder.parent)


def sync(path: Path) -> None:
    """Bring a file or the entries of a folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpooledDocument:
    """A whole document in `tmp/`, not yet durable: `size` in octets, hashes in lower-case hex."""

    path: Path
    size: int
    sha1: str  # DocumentEntry.hash (ITI TF-3 4.2.3.2.10)
    sha256: str  # the address in the vault
    seal: bytes  # what each later read is checked by (`xds.documents.seal`)

    def open(self) -> BinaryIO:
        """Open for reading from the start."""
        return self.path.open("rb", buffering=0)

    def discard(self) -> None:
        """Remove the temporary file; nothing happens when it is gone, and what the disk keeps is swept later."""
        with suppress(OSError):
            self.path.unlink(missing_ok=True)


class SpoolSink:
    """Takes one document in pieces; ends with `finish` or `abort`. An error of `write` has aborted it."""

    def __init__(self, folder: Path, limit: int) -> None:
        self._path = folder / secrets.token_hex(16)
        self._limit = limit
        self._sha1 = hashlib.sha1(usedforsecurity=False)
        self._sha256 = hashlib.sha256()
        self._sealer = Sealer()
        self._size = 0
        self._written_back = 0
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise store_error(error, "opening a temporary file") from error
        self._file = os.fdopen(descriptor, "wb", buffering=_BUFFER)

    def write(self, piece: bytes) -> None:
        """Append octets.

        Raises
        ------
        DocumentTooLarge
            The document exceeds the limit.
        OutOfSpace
            The volume is full.
        VaultWriteFailed
            Any other error of the disk.
        """
        self._size += len(piece)
        if self._size > self._limit:
            self.abort()
            raise DocumentTooLarge(
                f"a document is larger than {self._limit} octets, the limit for one document here"
            )
        try:
            self._file.write(piece)
            if self._size - self._written_back >= _WRITE_BACK:
                _begin_write_back(self._file.fileno(), self._written_back, self._size - self._written_back)
                self._written_back = self._size
        except OSError as error:
            self.abort()
            raise store_error(error, "writing a temporary file") from error
        self._sha1.update(piece)
        self._sha256.update(piece)
        self._sealer.update(piece)

    def finish(self) -> SpooledDocument:
        """Close the file and return the document; its last octets may raise as `write` does."""
        try:
            self._file.close()
        except OSError as error:
            self.abort()
            raise store_error(error, "writing a temporary file") from error
        return SpooledDocument(
            path=self._path,
            size=self._size,
            sha1=self._sha1.hexdigest(),
            sha256=self._sha256.hexdigest(),
            seal=self._sealer.seal(),
        )

    def abort(self) -> None:
        """Remove what was written; may be called more than once."""
        with suppress(OSError):  # what the buffer holds is thrown away with the file
            self._file.close()
        with suppress(OSError):  # the sweep tries again
            self._path.unlink(missing_ok=True)


class Spool:
    """The temporary folder of a data folder; made when missing.

    Parameters
    ----------
    folder
        The data folder; documents wait in its ``tmp/``.
    floor_bytes
        Free octets of the volume that no submission may take; 0 is no floor.
    """

    def __init__(self, folder: Path, *, floor_bytes: int = _FLOOR_BYTES) -> None:
        self._floor = floor_bytes
        self._folder = folder / TEMPORARY_FOLDER
        make_folder(self._folder)

    def receive(self, pieces: Iterable[bytes], limit: int) -> SpooledDocument:
        """Write a whole document of at most `limit` octets; on any error nothing is left of it.

        Raises
        ------
        DocumentTooLarge, OutOfSpace, VaultWriteFailed
            See `SpoolSink.write`; what `pieces` raises is passed on.
        """
        sink = self.sink(limit)
        try:
            for piece in pieces:
                sink.write(piece)
            return sink.finish()
        except BaseException:
            sink.abort()
            raise

    def sink(self, limit: int) -> SpoolSink:
        """Begin a document of at most `limit` octets that arrives by calls of `write`."""
        return SpoolSink(self._folder, limit)

    def sweep(self, older_than_seconds: float = 3600) -> int:
        """Remove what a crash left behind, at start and hourly (security 11.3); return how many files."""
        newest = time.time() - older_than_seconds
        removed = 0
        for entry in os.scandir(self._folder):
            try:
                if entry.is_file(follow_symlinks=False) and entry.stat().st_mtime < newest:
                    Path(entry.path).unlink()
                    removed += 1
            except FileNotFoundError:
                continue  # another worker sweeps too
        return removed

    def has_room(self, request_bytes: int) -> bool:
        """True when a request of that size fits twice above the free space floor (security 9).

        Asked before the body is read; False means XDSRepositoryOutOfResources. Twice: another of its size may
        be arriving at the same time.
        """
        if not self._floor:
            return True
        volume = os.statvfs(self._folder)
        return volume.f_bavail * volume.f_frsize >= self._floor + 2 * request_bytes


def _begin_write_back(descriptor: int, offset: int, length: int) -> None:
    # On Linux DONTNEED starts the writing of dirty pages and drops only clean ones; elsewhere it is absent.
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(descriptor, offset, length, os.POSIX_FADV_DONTNEED)
