"""The user on whose behalf a client asks: in the security header of every request, as the provider signed it."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.client.peer import Peer, root_of, running_peer
from tests.saml.identities import Verifying, assertion
from xds.client import RegistryClient, RepositoryClient
from xds.client.assertion import SECURITY
from xds.model import DocumentRequest, Submission
from xds.saml import Arrival
from xds.xml.namespaces import SOAP12


@pytest.fixture
def peer() -> Iterator[Peer]:
    with running_peer() as running:
        yield running


def test_it_is_believed_at_the_other_end(peer: Peer) -> None:
    now = datetime.now(UTC)
    octets = assertion(now=now)
    verify = Verifying(arrival=Arrival(now=now, urls=frozenset()))
    with RegistryClient(peer.url, assertion=octets) as registry:
        registry.register(Submission())
        registry.register(Submission())
    with RepositoryClient(peer.url, assertion=octets) as repository:
        repository.remove([DocumentRequest(repository_unique_id="2.999.2.1", document_unique_id="2.999.7")])
    assert len(peer.received) == 3
    for request in peer.received:
        root = root_of(request)
        security = root.find(f"{{{SOAP12}}}Header/{SECURITY}")
        assert security is not None and security.get(f"{{{SOAP12}}}mustUnderstand") == "1"
        assert verify.message(root).user == "afabricated"


def test_without_a_user_there_is_no_header(peer: Peer) -> None:
    with RegistryClient(peer.url) as registry:
        registry.register(Submission())
    assert next(root_of(peer.last).iter(SECURITY), None) is None


@pytest.mark.parametrize("octets", [b"", b"<a/>", b"no xml", b"<!DOCTYPE a><a/>"])
def test_what_is_no_assertion(peer: Peer, octets: bytes) -> None:
    with pytest.raises(ValueError, match="assertion"):
        RegistryClient(peer.url, assertion=octets)
