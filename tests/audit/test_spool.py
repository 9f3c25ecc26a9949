"""The spool: what was appended comes back in order, what a crash cut off does not, and files are taken once."""

import multiprocessing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xds.audit.spool import Spool, SpoolError


def records(spool: Spool) -> list[bytes]:
    return [record for file in spool.taken() for record in file.records]


@given(
    st.lists(
        st.lists(st.binary(max_size=60).map(lambda item: item.replace(b"\n", b"")), max_size=5), max_size=5
    )
)
def test_round_trip(tmp_path_factory: pytest.TempPathFactory, batches: list[list[bytes]]) -> None:
    spool = Spool(tmp_path_factory.mktemp("spool"))
    for batch in batches:
        spool.append(batch)
    assert records(spool) == [record for batch in batches for record in batch]


@pytest.mark.parametrize("cut", range(1, 22))
def test_a_torn_end_is_left_out_and_kept_for_a_look(tmp_path: Path, cut: int) -> None:
    spool = Spool(tmp_path)
    spool.append([b"first"])
    spool.append([b'{"second": 2}'])
    current = tmp_path / "current"
    current.write_bytes(current.read_bytes()[:-cut])
    expected = [b"first", b'{"second": 2}'] if cut == 1 else [b"first"]  # only its line break is missing
    assert records(spool) == expected
    assert len(list(tmp_path.glob("damaged-*"))) == (0 if cut == 1 else 1)


def test_files_stay_until_they_are_removed_and_come_in_order(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.append([b"1"])
    (first,) = spool.taken()
    spool.append([b"2"])
    assert [file.records for file in spool.taken()] == [(b"1",), (b"2",)]
    first.remove()
    assert records(spool) == [b"2"]


def _append(folder: Path, name: int) -> None:
    spool = Spool(folder)
    for number in range(50):
        spool.append([b"%d-%d" % (name, number)])


def test_processes_share_it(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_append, args=(tmp_path, name)) for name in range(2)]
    for writer in writers:
        writer.start()
    found: list[bytes] = []
    while any(writer.is_alive() for writer in writers):
        for file in Spool(tmp_path).taken():
            found += file.records
            file.remove()
    found += records(Spool(tmp_path))
    for name in range(2):
        assert [item for item in found if item.startswith(b"%d-" % name)] == [
            b"%d-%d" % (name, number) for number in range(50)
        ]


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SpoolError):
        Spool(tmp_path / "file" / "audit").append([b"1"])
