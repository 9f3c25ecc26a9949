"""A peer for each test, and clients of it."""

from collections.abc import Iterator

import pytest

from tests.schemas.live import assert_valid
from xds.client import RegistryClient, RepositoryClient

from .peer import Peer, root_of, running_peer


@pytest.fixture
def peer() -> Iterator[Peer]:
    """A server that answers Success until it is told otherwise; what our client sends to it is valid."""
    with running_peer() as running:
        yield running
    for request in running.received:
        assert_valid(root_of(request))


@pytest.fixture
def registry(peer: Peer) -> Iterator[RegistryClient]:
    """A client of the peer as a registry."""
    with RegistryClient(peer.url, timeout=5) as client:
        yield client


@pytest.fixture
def repository(peer: Peer) -> Iterator[RepositoryClient]:
    """A client of the peer as a repository."""
    with RepositoryClient(peer.url, timeout=5) as client:
        yield client
