"""Acknowledged means durable (security digest 11.6): SIGKILL at random moments while many submit.

`make soak` runs 200 rounds under 16 writers, as `python -m tests.crash` does, whose last report stands in
docs/durability.md; `make test` runs a few.
"""

import os
from collections.abc import Iterator

import pytest

from tests.crash.rounds import run
from tests.crash.site import Site

SOAK = bool(os.environ.get("XDS_SOAK"))


@pytest.fixture
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    made = Site()
    yield made
    made.close()


@pytest.mark.slow
def test_what_was_acknowledged_survives_kill_9_of_anything(site: Site) -> None:
    rounds, writers = (200, 16) if SOAK else (3, 8)
    report = run(site, rounds=rounds, writers=writers, seed=int(os.environ.get("XDS_CRASH_SEED", "7")))
    assert report.wrong == [], report.text()
    assert report.rounds == rounds
    assert report.acknowledged > 0, report.text()
    print(report.text())
