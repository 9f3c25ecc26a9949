"""The domain's code lists over real HTTP: enforced, in both forms of file, and changed while the service runs."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.samples import builders
from tests.transactions import samples
from tests.transactions.conftest import Service
from tests.transactions.wire import Answer, send

SAMPLE = Path(__file__).parents[1] / "samples" / "codes.xml"
CLASSES = "1.3.6.1.4.1.19376.1.2.6.1"
Start = Callable[..., Service]


def register(service: Service, code: str, **changes: Any) -> Answer:
    entry = samples.entry(samples.fresh_patient(), class_code=builders.code(code, "2.999.1"), **changes)
    return send(service.port, "ITI-42", samples.register_body(samples.submission(entry)))


def replace_file(path: Path, *codes: str) -> None:
    other = path.with_suffix(".new")
    other.write_text(f'[classCode]\n"2.999.1" = {json.dumps(codes)}\n', "utf-8")
    other.replace(path)


def until_taken(service: Service, event: str, times: int) -> list[dict[str, Any]]:
    """Wait until that many workers have said so; what they said."""
    deadline = time.monotonic() + 20
    while True:
        lines = [json.loads(line) for line in service.log.read_text("utf-8").splitlines() if line[:1] == "{"]
        found = [line for line in lines if line["event"] == event]
        if len(found) >= times:
            return found
        assert time.monotonic() < deadline, f"{len(found)} times {event}"
        time.sleep(0.05)


def test_lists_change_without_a_restart(start: Start, tmp_path: Path) -> None:
    path = tmp_path / "codes.toml"
    replace_file(path, "ONE")
    partners = [{"name": "near", "networks": ["127.0.0.0/8"]}]
    service = start(registry={"codes_file": str(path)}, partners=partners)
    workers = service.workers()
    assert len(workers) == 2
    assert register(service, "ONE").result == "Success"
    assert register(service, "TWO").result == "Failure"

    replace_file(path, "TWO")
    until_taken(service, "code lists taken", 2)
    # Every worker: its turn comes when others are busy or by chance, so ask often.
    assert {register(service, "TWO").result for _ in range(10)} == {"Success"}
    refused = [register(service, "ONE") for _ in range(10)]
    assert {answer.result for answer in refused} == {"Failure"}
    assert "; the nearest is TWO^^2.999.1. Send a code of the domain's list" in refused[0].contexts[0]

    path.write_text("[classCode\n", "utf-8")
    os.utime(path, ns=(1, 1))
    told = until_taken(service, "code lists not taken, the old ones stay", 2)
    time.sleep(1.5)
    assert len(until_taken(service, "code lists not taken, the old ones stay", 2)) == 2, "once a worker"
    assert f"the code lists {path} are not valid TOML" in told[0]["reason"]
    assert {register(service, "TWO").result for _ in range(10)} == {"Success"}

    replace_file(path, "ONE", "TWO")
    until_taken(service, "code lists taken", 4)
    assert {register(service, "ONE").result for _ in range(10)} == {"Success"}
    assert service.workers() == workers, "none was started anew"


def test_a_test_tools_file_is_taken_as_it_is(start: Start) -> None:
    service = start(registry={"codes_file": str(SAMPLE)})

    def send_class(code: str, scheme: str) -> Answer:
        entry = samples.entry(samples.fresh_patient(), class_code=builders.code(code, scheme))
        return send(service.port, "ITI-42", samples.register_body(samples.submission(entry)))

    assert send_class("REPORTS", CLASSES).contexts == []
    refused = send_class("REPORTS", "2.999.1")
    assert refused.codes == ["XDSRegistryMetadataError"]
    assert f"nearest are IMAGES^^{CLASSES}, REPORTS^^{CLASSES}" in refused.contexts[0]


def test_lists_that_are_broken_at_the_start_are_told(start: Start, tmp_path: Path) -> None:
    path = tmp_path / "codes.xml"
    path.write_text("<Codes/>", "utf-8")
    with pytest.raises(
        AssertionError, match=f"xds: the code lists {path}: the XML has no CodeType in its Codes"
    ):
        start(registry={"codes_file": str(path)})
