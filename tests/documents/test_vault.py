import errno
import hashlib
import io
import os
import socket
import tracemalloc
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xds.documents import DocumentDamaged, FileRange, StoredDocument
from xds.documents.seal import Sealer

MIB = 1 << 20
LARGE = os.urandom(MIB) + b"!"
SMALL = LARGE[:MIB]


class Watched(io.BytesIO):
    """Counts the octets read."""

    octets = 0

    def read(self, size: int | None = -1, /) -> bytes:
        piece = super().read(size)
        self.octets += len(piece)
        return piece


def seal_of(content: bytes) -> bytes:
    sealer = Sealer()
    sealer.update(content)
    return sealer.seal()


def stored(
    content: bytes, kept: bytes | None = None, *, sealed: bool = True
) -> tuple[StoredDocument, Watched]:
    """A document whose kept octets may differ from what was committed."""
    file = Watched(content if kept is None else kept)

    def opener() -> BinaryIO:
        return file

    return (
        StoredDocument(
            sha256=hashlib.sha256(content).hexdigest(),
            size=len(content),
            opener=opener,
            seal=seal_of(content) if sealed else b"",
        ),
        file,
    )


def damaged(content: bytes) -> list[bytes]:
    return [
        content[:-1],
        content + b"x",
        content[:-1] + bytes([content[-1] ^ 1]),
        bytes([content[0] ^ 1]) + content[1:],
        b"",
    ]


@given(st.binary(max_size=200), st.integers(1, 50))
def test_pieces(content: bytes, size: int) -> None:
    document, _ = stored(content)
    pieces = list(document.pieces(size))
    assert b"".join(pieces) == content
    assert all(0 < len(piece) <= size for piece in pieces)


@pytest.mark.parametrize("kept", damaged(SMALL), ids=["cut", "grown", "last", "first", "empty"])
@pytest.mark.parametrize("sealed", [True, False])
def test_a_small_document_is_verified_before_its_first_octet(kept: bytes, sealed: bool) -> None:
    with pytest.raises(DocumentDamaged, match="is damaged in the store"):
        stored(SMALL, kept, sealed=sealed)[0].pieces()


@pytest.mark.parametrize("kept", damaged(LARGE), ids=["cut", "grown", "last", "first", "empty"])
@pytest.mark.parametrize("sealed", [True, False])
def test_a_damaged_large_document_never_ends(kept: bytes, sealed: bool) -> None:
    sent = 0
    with pytest.raises(DocumentDamaged, match="is damaged in the store"):
        for piece in stored(LARGE, kept, sealed=sealed)[0].pieces():
            sent += len(piece)
    assert sent < len(LARGE)


def on_disk(
    folder: Path, content: bytes, kept: bytes | None = None, *, sealed: bool = True
) -> StoredDocument:
    """A document of that content, of which the disk has kept something else."""
    path = folder / "kept"
    path.write_bytes(content if kept is None else kept)
    seal = seal_of(content) if sealed else b""
    return replace(stored(content)[0], opener=lambda: path.open("rb", buffering=0), seal=seal)


def octets_of(ranges: Iterable[bytes | FileRange]) -> bytes:
    """What a socket receives that the ranges are sent to, one after the other as they come."""
    taken = []
    for part in ranges:
        assert isinstance(part, FileRange)
        taken.append(os.pread(part.descriptor, len(part), part.offset))
    return b"".join(taken)


@pytest.mark.parametrize("sealed", [True, False])
def test_a_large_document_as_parts_of_its_file(tmp_path: Path, sealed: bool) -> None:
    assert octets_of(on_disk(tmp_path, LARGE, sealed=sealed).ranges()) == LARGE


def test_a_small_document_comes_as_octets(tmp_path: Path) -> None:
    assert b"".join(map(bytes, on_disk(tmp_path, SMALL).ranges())) == SMALL


def test_a_document_without_a_file_comes_as_octets() -> None:
    assert b"".join(map(bytes, stored(LARGE)[0].ranges())) == LARGE


@pytest.mark.parametrize("kept", damaged(LARGE), ids=["cut", "grown", "last", "first", "empty"])
@pytest.mark.parametrize("sealed", [True, False])
def test_a_damaged_large_document_never_ends_as_parts_of_its_file(
    tmp_path: Path, kept: bytes, sealed: bool
) -> None:
    sent = 0
    with pytest.raises(DocumentDamaged, match="is damaged in the store"):
        for part in on_disk(tmp_path, LARGE, kept, sealed=sealed).ranges():
            sent += len(part)
    assert sent < len(LARGE)


def test_a_file_that_becomes_shorter_while_it_is_sent_breaks_off(tmp_path: Path) -> None:
    document = on_disk(tmp_path, LARGE)
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(OSError, match="became shorter"):
        for part in document.ranges():
            assert isinstance(part, FileRange)
            os.truncate(tmp_path / "kept", part.offset)
            part.send(ours.fileno(), 0)


def test_the_first_octets_of_a_large_document_leave_early() -> None:
    document, file = stored(LARGE)
    assert next(document.pieces()) == LARGE[:262_144]
    assert file.octets <= 2 * 262_144


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["1 MiB", "above"])
def test_a_document_that_the_disk_does_not_give_back(content: bytes) -> None:
    document, file = stored(content)

    def fail(size: int | None = -1, /) -> bytes:
        raise OSError(errno.EIO, os.strerror(errno.EIO), "/secret/path")

    file.read = fail  # type: ignore[method-assign]
    with pytest.raises(DocumentDamaged, match=r"cannot be read from the store: Input/output error$"):
        list(document.pieces())


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["1 MiB", "above"])
@pytest.mark.parametrize("sealed", [True, False])
def test_verify(content: bytes, sealed: bool) -> None:
    stored(content, sealed=sealed)[0].verify()
    for kept in damaged(content):
        with pytest.raises(DocumentDamaged):
            stored(content, kept, sealed=sealed)[0].verify()


def test_a_seal_of_another_random_number_is_another_seal() -> None:
    first, second = seal_of(SMALL), seal_of(SMALL)
    assert len(first) == len(second) == 24
    assert first[:8] != second[:8]
    assert first[8:] != second[8:]


def test_memory_is_flat(tmp_path: Path) -> None:
    path, digest = tmp_path / "large", hashlib.sha256()
    piece = os.urandom(MIB)
    with path.open("wb") as file:
        for _ in range(200):
            file.write(piece)
            digest.update(piece)
    document = StoredDocument(sha256=digest.hexdigest(), size=200 * MIB, opener=lambda: path.open("rb", 0))
    tracemalloc.start()
    try:
        assert sum(map(len, document.pieces())) == 200 * MIB
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2 * MIB
