"""What a client leaves in an audit log of its caller's: each call, however it ends."""

from collections.abc import Sequence
from typing import Any

import pytest

from tests.audit.schema import valid_message
from tests.client.peer import Peer, running_peer
from tests.samples import builders
from xds.audit import AuditEvent, AuditLog, AuditUnavailable, Station, audit_message
from xds.client import ClientError, RegistryClient, RepositoryClient
from xds.model import DocumentRequest


class Kept:
    """A ledger in memory: what a program of its own may use."""

    def __init__(self) -> None:
        self.events: list[AuditEvent] = []
        self.is_full = False

    def keep(self, events: Sequence[AuditEvent]) -> None:
        if self.is_full:
            raise AuditUnavailable("full")
        for event in events:
            valid_message(audit_message(event))
        self.events += events

    def note(self, events: Sequence[AuditEvent]) -> None:
        self.keep(events)


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def options(kept: Kept) -> dict[str, Any]:
    return {"audit": AuditLog(kept, Station(source="viewer", host="client.example", process="7"))}


def test_registering(kept: Kept, options: dict[str, Any]) -> None:
    made = builders.submission(builders.document_entry())
    with running_peer() as peer, RegistryClient(peer.url, **options) as client:
        assert client.register(made).is_success
        (event,) = kept.events
        assert (event.kind, event.outcome, event.endpoint) == ("ITI-42 client", 0, peer.url)
    assert event.submission_sets == (made.submission_set.unique_id,)
    assert event.patients == (made.submission_set.patient_id,)


def test_no_answer_is_a_failure(kept: Kept, options: dict[str, Any]) -> None:
    made = builders.submission(builders.document_entry())
    with RegistryClient("http://127.0.0.1:1/", **options) as client, pytest.raises(ClientError):
        client.register(made)
    (event,) = kept.events
    assert (event.kind, event.outcome, event.description) == ("ITI-42 client", 8, "ServiceUnavailable")


def test_a_query_and_a_removal(kept: Kept, options: dict[str, Any], peer: Peer) -> None:
    with RegistryClient(peer.url, **options) as client:
        client.find_documents("P1^^^&2.999.1.1&ISO")
        client.remove(["urn:uuid:00000000-0000-0000-0000-000000000001"])
    query, removal = kept.events
    assert (query.kind, query.patients) == ("ITI-18 client", ("P1^^^&2.999.1.1&ISO",))
    assert b"AdhocQueryRequest" in query.query
    assert (removal.kind, removal.objects) == (
        "ITI-62 client",
        ("urn:uuid:00000000-0000-0000-0000-000000000001",),
    )


def test_documents(kept: Kept, options: dict[str, Any], peer: Peer) -> None:
    with RepositoryClient(peer.url, **options) as client:
        client.retrieve_bytes(
            [DocumentRequest(repository_unique_id="2.999.2.1", document_unique_id="2.999.5")]
        )
    (event,) = kept.events
    assert [item.unique_id for item in event.documents] == ["2.999.5"]


def test_what_cannot_be_recorded_is_told(kept: Kept, options: dict[str, Any], peer: Peer) -> None:
    kept.is_full = True
    with RegistryClient(peer.url, **options) as client, pytest.raises(AuditUnavailable):
        client.register(builders.submission(builders.document_entry()))
