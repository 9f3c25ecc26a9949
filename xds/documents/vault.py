"""The vault: documents by the SHA-256 of their octets, written once, verified at every read."""

import hashlib
import io
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final, Protocol

from xds.documents.errors import DocumentDamaged, DocumentNotFound
from xds.documents.ranges import FileRange
from xds.documents.seal import Sealer
from xds.documents.spool import SpooledDocument

PIECE_SIZE: Final = 262_144  # octets
# Up to this size a document is verified before its first octet leaves (security 11.4).
VERIFIED_FIRST: Final = 1_048_576
_RANGE: Final = 131_072  # octets: what is read to be checked stays in the processor's cache
ADDRESS: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDocument:
    """A document of the vault, opened but not read: `sha256` in lower-case hex, `size` in octets.

    `opener` gives the octets from the start at each call; it raises `DocumentNotFound` when they are gone. They are
    checked by the `seal` where there is one, else by SHA-256.
    """

    sha256: str
    size: int
    opener: Callable[[], BinaryIO]
    seal: bytes = b""

    def pieces(self, size: int = PIECE_SIZE) -> Iterator[bytes]:
        """Yield the octets, at most `size` at a time, and verify them on the way.

        Up to 1 MiB everything is verified before the first octet is yielded. Above, the last piece is held
        back until the hash is known: a damaged document never has its whole length sent, so that the
        receiver sees a broken connection.

        Raises
        ------
        DocumentDamaged
            Size, seal or SHA-256 differ; the connection must be broken, never ended.
        DocumentNotFound
            The document was removed since it was opened.
        """
        if self.size > VERIFIED_FIRST:
            return self._verified(size)
        return iter([*self._verified(size)])

    def ranges(self) -> Iterator[bytes | FileRange]:
        """The same for a receiver that can send parts of a file: they are checked, and not copied out of the system.

        What is sent is what the system's page cache holds a moment after it was checked. Raises as `pieces` does.
        """
        if self.size <= VERIFIED_FIRST or not hasattr(os, "preadv") or sys.platform != "linux":
            return iter(self.pieces())
        return self._verified_ranges(memoryview(bytearray(_RANGE)))

    def _verified_ranges(self, room: memoryview) -> Iterator[bytes | FileRange]:
        digest = self._digest()
        held: FileRange | None = None
        offset = 0
        with self.opener() as document:
            try:
                descriptor = document.fileno()
            except io.UnsupportedOperation:  # a vault that has no files
                yield from self._verified(PIECE_SIZE)
                return
            while offset <= self.size and (count := self._read_into(descriptor, room, offset)):
                digest.update(room[:count])
                if held is not None:
                    yield held
                held = FileRange(descriptor=descriptor, offset=offset, size=count)
                offset += count
            self._check(digest, left=self.size - offset)
            if held is not None:
                yield held

    def _read_into(self, descriptor: int, room: memoryview, offset: int) -> int:
        try:
            return os.preadv(descriptor, [room], offset)
        except OSError as error:
            raise unreadable(self.sha256, error) from error

    def verify(self) -> None:
        """Read everything; raises as `pieces` does. For answers that must know beforehand, and for scrubbing."""
        for _ in self._verified(PIECE_SIZE):
            pass

    def _verified(self, size: int) -> Iterator[bytes]:
        digest = self._digest()
        left = self.size
        held = b""
        with self.opener() as document:
            while piece := self._read(document, size):
                left -= len(piece)
                if left < 0:
                    break
                digest.update(piece)
                if held:
                    yield held
                held = piece
        self._check(digest, left=left)
        if held:
            yield held

    def _digest(self) -> "Sealer | hashlib._Hash":
        return Sealer(self.seal) if self.seal else hashlib.sha256()

    def _check(self, digest: "Sealer | hashlib._Hash", *, left: int) -> None:
        if left or not self._is_whole(digest):
            raise DocumentDamaged(
                f"the document with SHA-256 {self.sha256[:12]}… is damaged in the store; "
                "restore it from a backup or publish it again"
            )

    def _is_whole(self, digest: "Sealer | hashlib._Hash") -> bool:
        if isinstance(digest, Sealer):
            return digest.seal() == self.seal
        return digest.hexdigest() == self.sha256

    def _read(self, document: BinaryIO, size: int) -> bytes:
        try:
            return document.read(size)
        except OSError as error:
            raise unreadable(self.sha256, error) from error


class Vault(Protocol):
    """Where documents are kept: a folder, or an object store.

    An object store implements `commit` by a conditional put with checksum (security 11.2) and reads
    `SpooledDocument.open`; only a folder links the file itself.
    """

    def commit(self, documents: Sequence[SpooledDocument]) -> None:
        """Make all durable and take them out of the spool; after any error the spool has none of them.

        Committing what is stored already is no error. Documents of a commit that failed may have been
        stored; nothing refers to them, and the orphan job removes them.

        Raises
        ------
        OutOfSpace, VaultWriteFailed
            Nothing of the submission may be acknowledged.
        """

    def open(self, sha256: str, size: int, seal: bytes = b"") -> StoredDocument:
        """Return a stored document without reading it; its seal, if known, is what reading checks it by.

        Raises
        ------
        DocumentNotFound
            Nothing is stored under this hash.
        DocumentDamaged
            It has another size.
        """

    def remove(self, sha256: str, *, unless: Callable[[], bool]) -> bool:
        """Remove a document's octets for good, wherever a copy of them is; nothing happens when they are gone.

        Parameters
        ----------
        unless
            Asked while no commit can place or find these octets: True keeps them.

        Returns
        -------
        False when they were kept.

        Raises
        ------
        VaultWriteFailed, OSError
            They may be there again after a power cut, or still are.
        """

    def reachable(self) -> bool:
        """True when the vault can be read; for the readiness answer."""


def unreadable(sha256: str, error: OSError) -> DocumentDamaged:
    """Return the error for a document that the disk does not give back."""
    reason = os.strerror(error.errno) if error.errno else "unknown reason"
    return DocumentDamaged(
        f"the document with SHA-256 {sha256[:12]}… cannot be read from the store: {reason}"
    )


def checked_address(sha256: str) -> str:
    """Return `sha256` if it can be an address of the vault.

    Raises
    ------
    DocumentNotFound
        Not 64 lower-case hex digits: such a document cannot be stored.
    """
    if ADDRESS.fullmatch(sha256):
        return sha256
    raise DocumentNotFound("a document's address is its SHA-256, 64 lower-case hex digits")
