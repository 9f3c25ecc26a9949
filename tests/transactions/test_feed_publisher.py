"""The feed's publisher step by step against a real service: patients who are not known yet, moments of crashes."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import free_port
from tests.feeds.messages import adt, code, feed
from tests.source.oru import oru
from tests.source.settings import settings
from tests.transactions.conftest import Service, base_settings, merged, running
from tests.transactions.test_feed import APPROVED, DEPRECATED, entries
from tests.transactions.wire import PATH
from xds.client import RegistryClient, RepositoryClient, ServiceUnavailable
from xds.hl7v2 import Code, read
from xds.source import Queue, State
from xds.source.intake import Intake
from xds.source.publisher import Publisher

HOUR = 3600.0


@pytest.fixture(scope="module")
def refusing(new_database: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, int]]:
    """A service that knows the patients of its own feed only, and the port of that feed."""
    folder, port = tmp_path_factory.mktemp("refusing"), free_port()
    changes = {"registry": {"unknown_patients": "refuse"}, "feeds": {"mllp_port": port}}
    with running(folder, merged(base_settings(new_database(), folder), changes)) as started:
        yield started, port


class Steps:
    """A publisher whose clock the test moves."""

    def __init__(self, service: Service, folder: Path, stack: ExitStack) -> None:
        self.service = service
        self.queue = Queue(folder)
        stack.callback(self.queue.close)
        self.settings = settings()
        self.intake = Intake(self.queue, self.settings)
        self.repository = stack.enter_context(RepositoryClient(service.url + PATH["ITI-41"]))
        self.registry = stack.enter_context(RegistryClient(service.url + PATH["ITI-18"]))
        self.hours = 0.0

    def take(self, octets: bytes) -> None:
        assert self.intake.take(read(octets), octets).code is Code.ACCEPTED

    def publisher(self) -> Publisher:
        return Publisher(
            self.queue,
            self.settings,
            self.repository,
            self.registry,
            clock=lambda: time.time() + self.hours * HOUR,
        )

    def step(self) -> bool:
        return self.publisher().step()

    def all(self) -> None:
        while self.step():
            pass


@pytest.fixture
def steps(refusing: tuple[Service, int], tmp_path: Path) -> Iterator[Steps]:
    with ExitStack() as stack:
        yield Steps(refusing[0], tmp_path, stack)


def admit(port: int, patient: str) -> None:
    with feed(port) as connection:
        assert code(connection.send(adt(pid3=f"{patient}^^^&2.999.1.1&ISO"))) == "AA"


def test_a_patient_who_is_not_known_yet_is_waited_for(steps: Steps, refusing: tuple[Service, int]) -> None:
    steps.take(oru(patient="W1", accession="W1-1"))
    assert steps.step()
    assert steps.queue.counts()[State.WAITING] == 1
    assert not steps.step()  # not at once
    admit(refusing[1], "W1")
    steps.hours = 1
    steps.all()
    assert steps.queue.counts()[State.PUBLISHED] == 1
    assert [item.availability_status for item in entries(steps.service, "W1")] == [APPROVED]


def test_a_patient_who_never_comes_is_a_dead_letter(steps: Steps) -> None:
    steps.take(oru(patient="W2", accession="W2-1"))
    steps.all()
    steps.hours = 73
    steps.all()
    (letter,) = steps.queue.letters(State.DEAD)
    assert "Feed the patient" in letter.reason
    assert letter.attempts == 2


def test_a_crash_in_a_withdrawal_is_gone_on_with(
    steps: Steps, refusing: tuple[Service, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    admit(refusing[1], "W3")
    steps.take(oru(patient="W3", accession="W3-1"))
    steps.take(oru(patient="W3", accession="W3-1", lines=("more",), observed="18748-4&ADT^^LN"))
    steps.take(oru(patient="W3", accession="W3-1", status="W"))
    assert steps.step()
    assert steps.step()
    updated = RegistryClient.update

    def update_then_die(self: RegistryClient, *arguments: Any, **named: Any) -> Any:
        updated(self, *arguments, **named)
        raise ServiceUnavailable("the answer is lost")

    with monkeypatch.context() as patched:
        patched.setattr(RegistryClient, "update", update_then_die)
        assert steps.step()
    assert sorted(item.availability_status.name for item in entries(steps.service, "W3")) == [
        "APPROVED",
        "DEPRECATED",
    ]
    steps.hours = 1
    steps.all()
    assert {item.availability_status for item in entries(steps.service, "W3")} == {DEPRECATED}
    assert steps.queue.counts()[State.PUBLISHED] == 3


def test_a_report_for_another_patient_is_a_dead_letter(steps: Steps, refusing: tuple[Service, int]) -> None:
    for patient in ("W4", "W5"):
        admit(refusing[1], patient)
        steps.take(oru(patient=patient, accession="W4-1"))
    steps.all()
    (letter,) = steps.queue.letters(State.DEAD)
    assert "XDSPatientIdDoesNotMatch" in letter.reason
    assert entries(steps.service, "W5") == []


def test_a_report_that_another_withdrew_is_not_replaced(steps: Steps, refusing: tuple[Service, int]) -> None:
    admit(refusing[1], "W6")
    steps.take(oru(patient="W6", accession="W6-1"))
    steps.all()
    (entry,) = entries(steps.service, "W6")
    steps.publisher()._deprecate(entry.unique_id or "")
    steps.take(oru(patient="W6", accession="W6-1", status="C"))
    steps.all()
    assert steps.queue.counts()[State.PUBLISHED] == 2
    assert sorted(item.availability_status.name for item in entries(steps.service, "W6")) == [
        "APPROVED",
        "DEPRECATED",
    ]
