"""ITI-42 and ITI-18 as the client sends and reads them, over a real socket."""

from pathlib import Path

import pytest
from lxml import etree

from tests.samples import builders
from xds.client import RegistryClient
from xds.ebxml import decode_adhoc_query, decode_submission
from xds.model import AdhocQuery, AvailabilityStatus, ResponseStatus, ReturnType, StoredQuery
from xds.xml.namespaces import WSA

from .peer import RS, SOAP12, Peer, body_of, envelope

MESSAGES = Path(__file__).parents[1] / "samples" / "messages"
FAILURE = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Failure"
QUERY_NS = "urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0"


def sample(name: str) -> str:
    """A message of the samples without its XML declaration."""
    return etree.tostring(etree.parse(str(MESSAGES / name))).decode()


def test_register_sends_the_submission_whole(registry: RegistryClient, peer: Peer) -> None:
    submission = builders.submission()
    assert registry.register(submission).is_success
    decoded, findings = decode_submission(body_of(peer.last.body))
    assert decoded == submission
    assert findings == ()


def test_addressing_and_headers_are_those_of_ihe(registry: RegistryClient, peer: Peer) -> None:
    registry.register(builders.submission(), message_id="urn:uuid:00000000-0000-4000-8000-000000000001")
    header = etree.fromstring(peer.last.body)[0]
    texts = {etree.QName(item).localname: "".join(map(str, item.itertext())) for item in header}
    assert texts == {
        "Action": "urn:ihe:iti:2007:RegisterDocumentSet-b",
        "MessageID": "urn:uuid:00000000-0000-4000-8000-000000000001",
        "To": peer.url,
        "ReplyTo": "http://www.w3.org/2005/08/addressing/anonymous",
    }
    action = header.find(f"{{{WSA}}}Action")
    assert action is not None
    assert action.get(f"{{{SOAP12}}}mustUnderstand") == "1"
    assert peer.last.headers["Content-Type"] == (
        'application/soap+xml; charset=utf-8; action="urn:ihe:iti:2007:RegisterDocumentSet-b"'
    )
    assert peer.last.headers["Content-Length"] == str(len(peer.last.body))
    assert "SOAPAction" not in peer.last.headers


def test_every_call_has_a_message_id_of_its_own(registry: RegistryClient, peer: Peer) -> None:
    registry.register(builders.submission())
    registry.register(builders.submission())
    first, second = (request.message_id for request in peer.received)
    assert first.startswith("urn:uuid:")
    assert first != second


def test_a_refusal_is_an_answer_with_every_finding(registry: RegistryClient, peer: Peer) -> None:
    peer.answers(envelope(sample("registry-response-failure.xml")))
    response = registry.register(builders.submission())
    assert response.status is ResponseStatus.FAILURE
    assert [finding.code for finding in response.findings] == [
        "XDSUnknownPatientId",
        "XDSPatientIdDoesNotMatch",
        "XDSExtraMetadataNotSaved",
    ]
    assert [finding.is_error for finding in response.findings] == [True, True, False]


def test_an_absent_status_is_a_failure(registry: RegistryClient, peer: Peer) -> None:
    peer.answers(envelope(f'<r:RegistryResponse xmlns:r="{RS}"/>'))
    assert registry.register(builders.submission()).status is ResponseStatus.FAILURE


def test_find_documents_reads_the_entries(registry: RegistryClient, peer: Peer) -> None:
    peer.answers(envelope(sample("iti18-response-leaf-class.xml")))
    answer = registry.find_documents(
        builders.PATIENT, class_code="REPORTS^^1.3.6.1.4.1.19376.1.2.6.1", creation_time_from="2024"
    )
    assert answer.status is ResponseStatus.SUCCESS
    assert [entry.patient_id for entry in answer.objects.document_entries] == [builders.PATIENT]
    query, findings = decode_adhoc_query(body_of(peer.last.body))
    assert findings == ()
    assert query.query_id == StoredQuery.FIND_DOCUMENTS
    assert query.values("$XDSDocumentEntryStatus") == (AvailabilityStatus.APPROVED.value,)
    assert query.values("$XDSDocumentEntryClassCode") == ("REPORTS^^1.3.6.1.4.1.19376.1.2.6.1",)
    assert b"<rim:Value>2024</rim:Value>" in peer.last.body


def test_object_refs_are_read(registry: RegistryClient, peer: Peer) -> None:
    peer.answers(envelope(sample("iti18-response-object-ref.xml")))
    answer = registry.stored_query(
        "GetAssociations", {"uuid": [builders.REGISTERED_ENTRY]}, return_type=ReturnType.OBJECT_REF
    )
    assert answer.objects.object_refs
    assert all(ref.startswith("urn:uuid:") for ref in answer.objects.object_refs)


def test_get_documents_takes_one_kind_of_id(registry: RegistryClient, peer: Peer) -> None:
    peer.answers(envelope(sample("iti18-response-leaf-class.xml")))
    registry.get_documents(unique_ids=["2.999.1", "2.999.2"])
    query, _ = decode_adhoc_query(body_of(peer.last.body))
    assert query.values("$XDSDocumentEntryUniqueId") == ("2.999.1", "2.999.2")
    with pytest.raises(ValueError, match="one of the two"):
        registry.get_documents(unique_ids=["2.999.1"], entry_uuids=["urn:uuid:x"])


def test_a_query_refused_with_a_registry_response_is_read(registry: RegistryClient, peer: Peer) -> None:
    peer.answers(envelope(sample("registry-response-failure.xml")))
    answer = registry.query(AdhocQuery(query_id="x", return_type=ReturnType.LEAF_CLASS))
    assert answer.status is ResponseStatus.FAILURE
    assert len(answer.findings) == 3


def test_errors_in_the_wrong_place_are_found(registry: RegistryClient, peer: Peer) -> None:
    error = '<r:RegistryError errorCode="urn:x:XDSRegistryBusy" codeContext="later"/>'
    peer.answers(
        envelope(
            f'<q:AdhocQueryResponse xmlns:q="{QUERY_NS}" xmlns:r="{RS}" status="{FAILURE}">'
            f"<q:Wrong><r:RegistryErrorList>{error}</r:RegistryErrorList></q:Wrong></q:AdhocQueryResponse>"
        )
    )
    answer = registry.find_documents(builders.PATIENT)
    assert [(finding.code, finding.context) for finding in answer.findings] == [("XDSRegistryBusy", "later")]


def test_an_answer_without_status_is_no_empty_success(registry: RegistryClient, peer: Peer) -> None:
    whole = sample("iti18-response-leaf-class.xml")
    peer.answers(
        envelope(whole.replace(' status="urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success"', "", 1))
    )
    answer = registry.find_documents(builders.PATIENT)
    assert answer.status is ResponseStatus.FAILURE
    assert len(answer.objects.document_entries) == 1


def test_a_client_outlives_its_connection(registry: RegistryClient, peer: Peer) -> None:
    for _ in range(3):
        assert registry.register(builders.submission()).is_success
