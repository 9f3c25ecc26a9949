"""Who proves nothing too often is not listened to for a while."""

import pytest

from xds.server import failures
from xds.server.failures import Failures


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time of the monotonic clock."""
    now = [1000.0]
    monkeypatch.setattr(failures.time, "monotonic", lambda: now[0])
    return now


def test_at_the_limit_a_source_waits(clock: list[float]) -> None:
    counted = Failures(3, 300)
    counted.count("192.0.2.1")
    counted.count("192.0.2.1")
    assert counted.waits("192.0.2.1") == 0
    counted.count("192.0.2.1")
    assert counted.waits("192.0.2.1") == 300
    assert counted.waits("192.0.2.2") == 0
    clock[0] += 299.5
    assert counted.waits("192.0.2.1") == 1
    clock[0] += 0.5
    assert counted.waits("192.0.2.1") == 0


def test_what_is_a_minute_ago_counts_no_more(clock: list[float]) -> None:
    counted = Failures(2, 300)
    counted.count("192.0.2.1")
    clock[0] += 61
    counted.count("192.0.2.1")
    assert counted.waits("192.0.2.1") == 0


def test_off_counts_nothing() -> None:
    counted = Failures(0, 300)
    for _ in range(100):
        counted.count("192.0.2.1")
    assert counted.waits("192.0.2.1") == 0


def test_the_memory_is_bounded() -> None:
    counted = Failures(1, 300)
    for number in range(10_001):
        counted.count(str(number))
    assert counted.waits("0") == 0
    assert counted.waits("10000") == 300
