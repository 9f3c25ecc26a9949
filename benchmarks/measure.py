"""How two things are compared: alternately, in one run, so that a drift of the machine shows in both."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One measurement of one side."""

    rate: float  # in the bench's unit
    p50_ms: float | None = None
    p95_ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """One line of the table."""

    name: str
    limit: str  # what it is measured against
    unit: str
    ours: Sequence[Sample]
    theirs: Sequence[Sample]
    target: float  # first target of design.md section 7
    goal: float
    notes: Sequence[str] = field(default=())

    @property
    def ratio(self) -> float:
        """Median of ours over median of theirs."""
        return middle(self.ours).rate / middle(self.theirs).rate

    def as_json(self) -> dict[str, Any]:
        """What a machine reads."""
        return {
            "name": self.name,
            "against": self.limit,
            "unit": self.unit,
            "ratio": round(self.ratio, 3),
            "first_target": self.target,
            "goal": self.goal,
            "ours": [_numbers(item) for item in self.ours],
            "limit": [_numbers(item) for item in self.theirs],
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """How much the memory of one process grew at most."""

    name: str
    mib: float
    target: float  # MiB, below which it has to stay
    goal: float
    notes: Sequence[str] = field(default=())

    def as_json(self) -> dict[str, Any]:
        """What a machine reads."""
        return {
            "name": self.name,
            "unit": "MiB",
            "growth": round(self.mib, 1),
            "first_target": self.target,
            "goal": self.goal,
            "notes": list(self.notes),
        }


def bracketed(
    ours: Callable[[], Sample], theirs: Callable[[], Sample], *, rounds: int
) -> tuple[list[Sample], list[Sample]]:
    """Measure ours, theirs, ours, … beginning and ending with ours."""
    mine, others = [ours()], []
    for _ in range(rounds):
        others.append(theirs())
        mine.append(ours())
    return mine, others


def middle(samples: Sequence[Sample]) -> Sample:
    """The sample with the (lower) median rate."""
    rate = statistics.median_low(item.rate for item in samples)
    return next(item for item in samples if item.rate == rate)


def spread(samples: Sequence[Sample]) -> float:
    """(greatest - least) / median: what the machine's other work did to the measurement."""
    rates = [item.rate for item in samples]
    return (max(rates) - min(rates)) / statistics.median(rates)


def _numbers(sample: Sample) -> dict[str, float]:
    found = {"rate": sample.rate, "p50_ms": sample.p50_ms, "p95_ms": sample.p95_ms}
    return {name: round(value, 3) for name, value in found.items() if value is not None}
