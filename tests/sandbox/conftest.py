"""The whole seed, built once."""

import pytest

from xds.sandbox import SeedSubmission, seed_submissions


@pytest.fixture(scope="session")
def seed() -> tuple[SeedSubmission, ...]:
    return tuple(seed_submissions())
