import hashlib
import os
import stat
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xds.documents import DocumentTooLarge, Spool


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path)


def waiting(folder: Path) -> list[Path]:
    return list((folder / "tmp").iterdir())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(max_size=300), max_size=8))
def test_counted_and_hashed(spool: Spool, pieces: list[bytes]) -> None:
    content = b"".join(pieces)
    document = spool.receive(pieces, len(content))
    assert document.size == len(content)
    assert document.sha1 == hashlib.sha1(content).hexdigest()  # noqa: S324  # the standard's hash
    assert document.sha256 == hashlib.sha256(content).hexdigest()
    with document.open() as file:
        assert file.read() == content
    document.discard()
    document.discard()
    assert not document.path.exists()


def test_private(spool: Spool, tmp_path: Path) -> None:
    document = spool.receive([b"x"], 1)
    assert stat.S_IMODE(document.path.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "tmp").stat().st_mode) == 0o700


def test_limit(spool: Spool, tmp_path: Path) -> None:
    assert spool.receive([b"12345", b"67890"], 10).size == 10
    with pytest.raises(DocumentTooLarge, match="larger than 9 octets"):
        spool.receive([b"12345", b"67890"], 9)
    assert len(waiting(tmp_path)) == 1


def test_what_the_sender_breaks_off_is_removed(spool: Spool, tmp_path: Path) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"begun"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        spool.receive(pieces(), 100)
    assert waiting(tmp_path) == []


def test_sink(spool: Spool, tmp_path: Path) -> None:
    sink = spool.sink(10)
    sink.write(b"abc")
    sink.write(b"")
    sink.write(b"def")
    document = sink.finish()
    assert (document.size, document.path.read_bytes()) == (6, b"abcdef")
    document.discard()

    aborted = spool.sink(10)
    aborted.write(b"abc")
    aborted.abort()
    aborted.abort()
    too_long = spool.sink(2)
    with pytest.raises(DocumentTooLarge):
        too_long.write(b"abc")
    assert waiting(tmp_path) == []


def test_sweep(spool: Spool, tmp_path: Path) -> None:
    old, young = spool.receive([b"old"], 9), spool.receive([b"young"], 9)
    os.utime(old.path, (time.time() - 3700,) * 2)
    assert spool.sweep() == 1
    assert waiting(tmp_path) == [young.path]
    assert spool.sweep(older_than_seconds=-1) == 1


@pytest.mark.parametrize(
    ("floor_mib", "free_mib", "room"), [(512, 515, True), (512, 513, False), (0, 1, True)]
)
def test_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, floor_mib: int, free_mib: int, room: bool
) -> None:
    spool = Spool(tmp_path, floor_bytes=floor_mib << 20)
    volume = SimpleNamespace(f_frsize=4096, f_blocks=1 << 20, f_bavail=free_mib * 256)
    monkeypatch.setattr(os, "statvfs", lambda _: volume)
    assert spool.has_room(1 << 20) is room


def test_room_on_the_real_volume(spool: Spool) -> None:
    assert not spool.has_room(1 << 60)


def test_memory_is_flat(spool: Spool) -> None:
    piece = os.urandom(1 << 18)
    tracemalloc.start()
    try:
        document = spool.receive((piece for _ in range(800)), 1 << 30)  # 200 MiB
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert document.size == 800 << 18
    assert peak < 2 << 20
    document.discard()
