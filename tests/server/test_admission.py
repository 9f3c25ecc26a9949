"""How much of a process one peer may have, by a clock of the test's own."""

import pytest

from xds.server import admission
from xds.server.admission import Admission
from xds.settings import Limits
from xds.soap import SoapFault


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(admission, "time", made)
    return made


def admit(door: Admission, peer: str = "a", times: int = 1) -> list[str]:
    """What becomes of requests that are answered at once: "in" or the id of the fault."""
    outcomes = []
    for _ in range(times):
        try:
            door.enter(peer)
        except SoapFault as fault:
            outcomes.append(fault.kind.id)
        else:
            outcomes.append("in")
            door.leave(peer)
    return outcomes


def test_a_rate_holds_over_time_and_lets_a_second_of_it_in_at_once(clock: Clock) -> None:
    door = Admission(Limits(requests_per_second=4, in_flight_per_peer=0), share=1)
    assert admit(door, times=6) == ["in"] * 4 + ["rate"] * 2
    clock.now += 0.5
    assert admit(door, times=3) == ["in"] * 2 + ["rate"]
    clock.now += 3600  # nothing is saved up beyond a second
    assert admit(door, times=5) == ["in"] * 4 + ["rate"]
    assert admit(door, "b") == ["in"]


def test_a_process_has_its_share_of_the_rate(clock: Clock) -> None:
    door = Admission(Limits(requests_per_second=4, in_flight_per_peer=0), share=0.5)
    assert admit(door, times=3) == ["in", "in", "rate"]


def test_requests_under_way_are_counted_out_by_their_peer(clock: Clock) -> None:
    door = Admission(Limits(requests_per_second=0, in_flight_per_peer=2), share=1)
    door.enter("a")
    door.enter("a")
    assert admit(door) == ["busy"]
    assert admit(door, "b", times=3) == ["in"] * 3
    door.leave("a")
    assert admit(door, times=3) == ["in"] * 3


def test_zero_is_off(clock: Clock) -> None:
    door = Admission(Limits(requests_per_second=0, in_flight_per_peer=0), share=1)
    for _ in range(1000):
        door.enter("a")


def test_a_refused_request_costs_nothing_of_what_is_under_way(clock: Clock) -> None:
    door = Admission(Limits(requests_per_second=1, in_flight_per_peer=1), share=1)
    assert admit(door, times=3) == ["in", "rate", "rate"]
    clock.now += 1
    assert admit(door) == ["in"]


def test_the_peer_not_seen_for_longest_is_forgotten(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "_PEERS", 2)
    door = Admission(Limits(requests_per_second=1, in_flight_per_peer=1), share=1)
    door.enter("busy")  # never forgotten while its request is under way
    assert admit(door, "b") == ["in"]
    assert admit(door, "c") == ["in"]  # b is forgotten
    assert admit(door, "busy") == ["rate"]
    assert admit(door, "b") == ["in"]
    door.leave("busy")


def test_places_for_downloads(clock: Clock) -> None:
    door = Admission(Limits(downloads=2), share=1)
    door.start_download()
    door.start_download()
    with pytest.raises(SoapFault) as caught:
        door.start_download()
    assert caught.value.kind.id == "busy"
    assert ("Retry-After", "2") in caught.value.headers
    door.end_download()
    door.start_download()
