"""Events on this machine's disk while the metadata store is away: appended, synced, and loaded later in their order."""

import fcntl
import os
import re
import time
import uuid
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_CURRENT: Final = "current"
_TAKEN: Final = re.compile(r"taken-\d{20}-[0-9a-f]{32}")


class SpoolError(Exception):
    """The spool cannot be written."""


@dataclass(frozen=True, slots=True)
class SpoolFile:
    """A file that nobody appends to any more."""

    path: Path
    records: tuple[bytes, ...]

    @property
    def name(self) -> str:
        """Unlike that of any other file ever."""
        return self.path.name

    def remove(self) -> None:
        """Forget it: its records are elsewhere."""
        self.path.unlink(missing_ok=True)


class Spool:
    """A folder of records that the processes of one service share.

    A record is one line: its length, the CRC-32 of its octets, and the octets, which hold no line break. A line that
    a crash cut off was never acknowledged; it is left out, and its file is kept under another name.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def append(self, records: Sequence[bytes]) -> None:
        """Append records; they are on the disk on return.

        Raises
        ------
        SpoolError
            They are not.
        """
        lines = b"".join(b"%d %08x %b\n" % (len(item), zlib.crc32(item), item) for item in records)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._locked():
                descriptor = os.open(
                    self._folder / _CURRENT, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600
                )
                try:
                    _write(descriptor, lines)
                    os.fdatasync(descriptor)
                finally:
                    os.close(descriptor)
                _sync(self._folder)
        except OSError as error:
            raise SpoolError(f"the audit spool cannot be written ({error.strerror})") from error

    def taken(self) -> Iterator[SpoolFile]:
        """The files to load, the oldest first; what is appended from now on goes into another."""
        if not self._folder.is_dir():
            return
        with self._locked():
            current = self._folder / _CURRENT
            if current.exists():
                current.rename(self._folder / f"taken-{time.time_ns():020d}-{uuid.uuid4().hex}")
                _sync(self._folder)
        for path in sorted(self._folder.iterdir()):
            if _TAKEN.fullmatch(path.name):
                records, is_whole = _read(path.read_bytes())
                if not is_whole:
                    damaged = path.with_name(f"damaged-{path.name}")
                    if not damaged.exists():
                        os.link(path, damaged)
                yield SpoolFile(path, records)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        descriptor = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _write(descriptor: int, octets: bytes) -> None:
    rest = memoryview(octets)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(octets: bytes) -> tuple[tuple[bytes, ...], bool]:
    """The whole records of a file, and whether there was nothing else in it."""
    records, is_whole = [], True
    for line in octets.split(b"\n"):
        if not line:
            continue
        length, _, rest = line.partition(b" ")
        crc, _, record = rest.partition(b" ")
        if b"%d" % len(record) == length and b"%08x" % zlib.crc32(record) == crc:
            records.append(record)
        else:
            is_whole = False
    return tuple(records), is_whole
