"""`xds update`: what it sends, and what it says of the answer."""

import json
from dataclasses import replace

import pytest
from lxml import etree

from tests.client.peer import Answer, Peer, body_of, envelope
from tests.samples import builders
from xds.ebxml import (
    decode_submission,
    encode_document_entry,
    encode_query_response,
    encode_registry_response,
)
from xds.model import (
    AvailabilityStatus,
    DocumentAvailability,
    DocumentEntry,
    MetadataVersionError,
    RegistryResponse,
    ResponseStatus,
    Submission,
    UpdateSlot,
    UpdateTrigger,
)
from xds.rules.update_case import slot_values
from xds.xml.namespaces import WSA

from .conftest import Run

UUID = "urn:uuid:3f0c7c52-6a1e-4d0b-9a57-2b8e5f0a1101"
UID = "2.999.4.1.1001"
LATEST = builders.document_entry(entry_uuid=UUID, logical_id=UUID, version=3)


def found(*entries: DocumentEntry) -> bytes:
    """The answer of GetDocuments."""
    fragments = [encode_document_entry(item).encode() for item in entries]
    return envelope(b"".join(encode_query_response(ResponseStatus.SUCCESS, (), fragments)).decode())


def answered(*findings: MetadataVersionError) -> bytes:
    return envelope(encode_registry_response(RegistryResponse.of(findings)).decode())


def telling(peer: Peer, query: bytes, update: bytes) -> None:
    """Let the peer answer the query with the one and the update with the other."""
    peer.respond = lambda request: Answer(
        query if b"AdhocQueryRequest" in request.body else update, "application/soap+xml"
    )


def sent(peer: Peer) -> tuple[str, Submission]:
    """Action and submission of the last request."""
    action = etree.fromstring(peer.last.body).findtext(f".//{{{WSA}}}Action") or ""
    submission, findings = decode_submission(body_of(peer.last.body))
    assert findings == ()
    return action, submission


@pytest.fixture
def registry(peer: Peer) -> Peer:
    telling(peer, found(LATEST), answered())
    return peer


@pytest.mark.parametrize("named", [UID, UUID])
def test_a_new_version_has_what_was_given_and_the_rest_as_it_was(
    run: Run, registry: Peer, named: str
) -> None:
    result = run("update", named, "--title", "Better", "--availability", "offline", "--to", registry.url)
    assert (result.exit_code, result.stdout) == (0, f"{UID}: version 4\n")
    action, made = sent(registry)
    assert action == "urn:ihe:iti:2010:UpdateDocumentSet"
    (entry,) = made.document_entries
    assert entry == replace(
        LATEST,
        entry_uuid=entry.entry_uuid,
        title=entry.title,
        document_availability=DocumentAvailability.OFFLINE,
    )
    assert entry.title[0].value == "Better"
    (member,) = made.associations
    assert slot_values(member, UpdateSlot.PREVIOUS_VERSION) == ("3",)
    assert slot_values(member, UpdateSlot.ASSOCIATION_PROPAGATION) == ()
    assert made.submission_set.patient_id == LATEST.patient_id


def test_codes_without_propagation_as_a_restricted_update(run: Run, registry: Peer) -> None:
    code = "R^^2.16.840.1.113883.5.25^restricted"
    result = run(
        "update", UID, "--confidentiality", code, "--restricted", "--no-propagation", "--to", registry.url
    )
    assert result.exit_code == 0, result.stderr
    action, made = sent(registry)
    assert action == "urn:ihe:iti:2018:RestrictedUpdateDocumentSet"
    assert [item.code for item in made.document_entries[0].confidentiality_codes] == ["R"]
    (member,) = made.associations
    assert slot_values(member, UpdateSlot.ASSOCIATION_PROPAGATION) == ("no",)


def test_a_status(run: Run, registry: Peer) -> None:
    result = run("update", UID, "--status", "deprecated", "--to", registry.url, "--json")
    assert json.loads(result.stdout)["version"] == 3
    _, made = sent(registry)
    (order,) = made.associations
    assert order.association_type == UpdateTrigger.UPDATE_AVAILABILITY_STATUS
    assert order.target == UUID
    assert slot_values(order, UpdateSlot.NEW_STATUS) == (AvailabilityStatus.DEPRECATED.value,)
    assert made.document_entries == ()


def test_a_refusal_is_told(run: Run, peer: Peer) -> None:
    refusal = MetadataVersionError("another came first", location="x lid")
    telling(peer, found(LATEST), answered(refusal))
    result = run("update", UID, "--title", "Better", "--to", peer.url)
    assert result.exit_code == 1
    assert "XDSMetadataVersionError: another came first" in result.stderr


@pytest.mark.parametrize("entries", [(), (LATEST, LATEST)], ids=["none", "two"])
def test_the_document_is_one(run: Run, peer: Peer, entries: tuple[DocumentEntry, ...]) -> None:
    peer.answers(found(*entries))
    result = run("update", UID, "--title", "Better", "--to", peer.url)
    assert result.exit_code == 1
    assert f"{UID} names {len(entries)} documents" in result.stderr


@pytest.mark.parametrize(
    "options", [[], ["--title", "x", "--status", "approved"], ["--status", "approved", "--restricted"]]
)
def test_what_does_not_go_together(run: Run, peer: Peer, options: list[str]) -> None:
    assert run("update", UID, *options, "--to", peer.url).exit_code == 2
