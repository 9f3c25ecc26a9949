"""The queue: once, in the order of each exam, over reopening."""

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from xds.model import Code
from xds.source import Queue, Stage, State

RECEIVED = "20240311204501"


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Queue]:
    found = Queue(tmp_path / "queue")
    yield found
    found.close()


def add(queue: Queue, key: str, exam: str, dead: str = "") -> bool:
    return queue.add(
        key=key, exam=exam, octets=key.encode(), received=RECEIVED, control_id=f"M{key}", dead=dead
    )


def keys(queue: Queue, now: float) -> list[str]:
    """Publish everything that is due, and tell the order."""
    found = []
    while (item := queue.next(now)) is not None:
        queue.published(item, unique_id=f"2.25.{item.number}", stage=Stage.FINAL)
        found.append(item.key)
    return found


def test_a_message_is_taken_once(queue: Queue) -> None:
    assert add(queue, "a", "1")
    assert not add(queue, "a", "1")
    assert keys(queue, 0) == ["a"]
    assert not add(queue, "a", "1")
    assert keys(queue, 0) == []


def test_an_exam_waits_for_its_first_message_and_others_do_not(queue: Queue) -> None:
    for key, exam in (("a", "1"), ("b", "2"), ("c", "1")):
        add(queue, key, exam)
    queue.later("a", 100, "busy")
    assert keys(queue, 50) == ["b"]
    assert keys(queue, 100) == ["a", "c"]


def test_a_dead_letter_lets_the_next_by_and_comes_back(queue: Queue) -> None:
    add(queue, "a", "1")
    add(queue, "b", "1")
    queue.dead("a", "no")
    assert keys(queue, 0) == ["b"]
    assert [(item.key, item.control_id, item.reason) for item in queue.letters(State.DEAD)] == [
        ("a", "Ma", "no")
    ]
    assert queue.retry("x") == 0
    assert queue.retry("a") == 1
    assert keys(queue, 0) == ["a"]


def test_it_is_there_when_it_is_opened_again(tmp_path: Path) -> None:
    first = Queue(tmp_path)
    add(first, "a", "1")
    first.begin("a")
    second = Queue(tmp_path)  # the first was killed: it closed nothing
    item = second.next(0)
    assert item is not None
    assert (item.octets, item.attempts) == (b"a", 1)
    first.close()
    second.close()


def test_octets_go_when_they_are_of_no_use(queue: Queue, tmp_path: Path) -> None:
    add(queue, "secret-report", "1")
    assert keys(queue, 0) == ["secret-report"]
    queue.close()
    files = list((tmp_path / "queue").iterdir())
    assert files
    assert all(stat.S_IMODE(path.stat().st_mode) & 0o077 == 0 for path in files)
    assert not any(b"\x00secret-report\x00" in path.read_bytes() for path in files)


def test_documents_of_an_exam(queue: Queue) -> None:
    for key in "ab":
        add(queue, key, "1")
    first = queue.next(0)
    assert first is not None
    queue.published(first, unique_id="2.25.1", stage=Stage.PRELIMINARY)
    second = queue.next(0)
    assert second is not None
    queue.published(second, unique_id="2.25.2", stage=Stage.FINAL, gone=("2.25.1",))
    assert [(item.unique_id, item.stage) for item in queue.documents("1")] == [("2.25.2", Stage.FINAL)]
    assert queue.documents("2") == ()


def test_unmapped_codes_are_ranked(queue: Queue) -> None:
    for number, code in enumerate("xyy"):
        add(queue, str(number), str(number))
        item = queue.next(0)
        assert item is not None
        queue.published(
            item, unique_id=str(number), stage=Stage.FINAL, unmapped=Code(code=code, scheme="2.999")
        )
    assert [(row[0], row[3]) for row in queue.unmapped()] == [("y", 2), ("x", 1)]
