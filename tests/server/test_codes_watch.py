"""The file of the code lists is taken when it changed, and only then."""

import logging
import os
from pathlib import Path

import pytest

from xds.rules import CodeSet
from xds.server.codes import CodesWatch

FIRST = '[classCode]\n"2.999.1" = ["A"]\n'
SECOND = '[classCode]\n"2.999.1" = ["B"]\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "codes.toml"
    path.write_text(FIRST, "utf-8")
    return path


def taken(watch: CodesWatch, looks: int = 2) -> list[frozenset[tuple[str, str]]]:
    """The class codes that some looks bring."""
    found: list[CodeSet] = []
    for _ in range(looks):
        watch.look(found.append)
    return [codes.codes["classCode"] for codes in found]


def replace_file(path: Path, text: str) -> None:
    """As an editor does: another file in its place."""
    other = path.with_suffix(".new")
    other.write_text(text, "utf-8")
    other.replace(path)


def test_the_file_as_it_was_is_left_alone(file: Path) -> None:
    assert taken(CodesWatch(file), looks=5) == []


@pytest.mark.parametrize("how", ["in place", "replaced"])
def test_a_change_is_taken_once_it_is_whole(file: Path, how: str) -> None:
    watch = CodesWatch(file)
    if how == "in place":
        file.write_text(SECOND, "utf-8")
        os.utime(file, ns=(1, 1))  # a clock that stands would hide it
    else:
        replace_file(file, SECOND)
    assert taken(watch, looks=1) == [], "it may still be written to"
    assert taken(watch, looks=3) == [frozenset({("B", "2.999.1")})]


def test_a_broken_file_changes_nothing_and_is_told_once(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    watch = CodesWatch(file)
    replace_file(file, "[classcode]\n")
    with caplog.at_level(logging.INFO, "xds.server.codes"):
        assert taken(watch, looks=5) == []
    (record,) = caplog.records
    assert record.message == "code lists not taken, the old ones stay"
    assert "there is no coded attribute classcode; did you mean classCode?" in vars(record)["reason"]
    replace_file(file, SECOND)
    assert taken(watch) == [frozenset({("B", "2.999.1")})]


def test_a_file_that_goes_away_changes_nothing(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    watch = CodesWatch(file)
    file.unlink()
    assert taken(watch, looks=5) == []
    assert [vars(record)["reason"].endswith("(No such file or directory)") for record in caplog.records] == [
        True
    ]
    file.write_text(SECOND, "utf-8")
    assert taken(watch) == [frozenset({("B", "2.999.1")})]
