"""A listener for each test."""

from collections.abc import Iterator

import pytest

from .listening import Listener, listening


@pytest.fixture
def listener() -> Iterator[Listener]:
    """A server that answers 200 until it is told otherwise."""
    with listening() as running:
        yield running
