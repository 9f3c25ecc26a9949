"""`make bench` in small: every bench runs against the real service and its real limit, and says what it saw."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.measure import Growth, Ratio, Sample, bracketed, middle, spread
from tests.imaging.orthanc import orthanc_binary

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a run of all benches wrote."""
    orthanc_binary()
    target = tmp_path_factory.mktemp("bench") / "bench.json"
    command = [sys.executable, "-m", "benchmarks", "--size", "0.01", "--seconds", "1", "--rounds", "1"]
    done = subprocess.run(
        [*command, "--json", str(target)], cwd=ROOT, capture_output=True, text=True, check=False, timeout=180
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(target.read_text("utf-8"))
    found["printed"] = done.stdout
    return found


@pytest.mark.slow
def test_every_bench_measures_both_sides(report: dict[str, Any]) -> None:
    ratios = {item["name"]: item for item in report["results"] if "ratio" in item}
    assert list(ratios) == [
        "ITI-18 8 entries",
        "ITI-18 500 entries",
        "ITI-42 2 documents",
        "ITI-42 signed",
        "ITI-41 upload 5 MiB",
        "ITI-43 download 5 MiB",
        "RAD-69 60 instances",
        "RAD-69 first octet",
    ]
    for item in ratios.values():
        assert [len(item["ours"]), len(item["limit"])] == [2, 1]
        assert all(sample["rate"] > 0 for sample in [*item["ours"], *item["limit"]])
        assert item["ratio"] > 0
        assert item["name"] in report["printed"]


@pytest.mark.slow
def test_memory_is_measured(report: dict[str, Any]) -> None:
    growth = {item["name"]: item["growth"] for item in report["results"] if "growth" in item}
    assert set(growth) == {"memory, 5 MiB up", "memory, 5 MiB down", "memory, RAD-69 60 instances"}
    assert all(0 <= mib < 64 for mib in growth.values())


@pytest.mark.slow
def test_raised_limits_are_told(report: dict[str, Any]) -> None:
    for name, value in report["limits_raised"].items():
        assert f"{name} = {value}" in report["printed"]


def test_an_unknown_bench_is_refused() -> None:
    command = [sys.executable, "-m", "benchmarks", "--only", "18,99"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "99 is none of 18, 42, signed, 41, 43" in done.stderr


def test_sides_alternate_and_ours_brackets() -> None:
    order: list[str] = []

    def side(name: str) -> Sample:
        order.append(name)
        return Sample(rate=float(len(order)))

    ours, theirs = bracketed(lambda: side("ours"), lambda: side("theirs"), rounds=2)
    assert order == ["ours", "theirs", "ours", "theirs", "ours"]
    assert [item.rate for item in ours] == [1, 3, 5]
    assert [item.rate for item in theirs] == [2, 4]
    assert middle(ours).rate == 3
    assert spread(ours) == pytest.approx(4 / 3)
    ratio = Ratio(name="x", limit="y", unit="z", ours=ours, theirs=theirs, target=0.25, goal=0.5)
    assert ratio.ratio == 3 / 2


def test_growth_tells_its_target() -> None:
    assert Growth(name="x", mib=3.04, target=64, goal=16).as_json()["growth"] == 3.0
