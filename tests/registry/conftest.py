"""One database for the tests of queries; every test's patients are its own."""

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from tests.registry.world import Registry
from xds.store import open_pool


@pytest.fixture(scope="module")
def registry(new_database: Callable[[], str]) -> Iterator[Registry]:
    opened = open_pool(new_database(), size=4, statement_timeout=10, idle_in_transaction_timeout=10)
    with closing(opened):
        # All connections that will be needed: the pool's threads draw random numbers for each new one, and
        # Hypothesis takes that for a strategy that does.
        opened.wait(30)
        yield Registry(opened)
