"""The DICOM AuditMessage of each kind of event: valid, and with what the audit section of its transaction asks for."""

import base64
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from tests.audit.schema import valid_message
from xds.access import AccessContext
from xds.audit import (
    ROWS,
    SYSTEM_ROWS,
    TRANSACTION_ROWS,
    AuditedDocument,
    AuditedStudy,
    AuditEvent,
    System,
    audit_message,
    decode_event,
    encode_event,
)
from xds.transactions import CATALOGUE

PATIENT = "P1^^^&2.999.1.1&ISO"
USER = AccessContext(
    user="dr.a", issuer="urn:idp", roles=frozenset({"112247003^^2.16.840.1.113883.6.96"}),
    purpose="TREATMENT^^2.16.840.1.113883.5.8", licence="cpso:123", organization="urn:oid:2.999.3",
    on_behalf_of="cpso:456",
)  # fmt: skip


def event(kind: str, **facts: Any) -> AuditEvent:
    """A whole event of a kind."""
    whole: dict[str, Any] = {
        "source": "xds", "host": "registry.example", "process": "4711", "endpoint": "https://registry.example/xds",
        "peer": "10.0.0.1", "peer_name": "partner-a", "patients": (PATIENT,), "action": ROWS[kind].action or "C",
    }  # fmt: skip
    return AuditEvent(kind=kind, event_id="0" * 32, time="2024-01-02T03:04:05.678Z", **{**whole, **facts})


def message(kind: str, **facts: Any) -> etree._Element:
    return valid_message(audit_message(event(kind, **facts)))


def participants(root: etree._Element) -> dict[str, etree._Element]:
    """Participants by what their first role says."""
    return {
        item.find("RoleIDCode").get("originalText"): item  # type: ignore[union-attr]
        for item in root.iterfind("ActiveParticipant")
        if item.find("RoleIDCode") is not None
    }


def details(of: etree._Element) -> dict[str, str]:
    return {
        item.get("type", ""): base64.b64decode(item.get("value", "")).decode()
        for item in of.iterfind("ParticipantObjectDetail")
    }


def test_every_transaction_that_is_served_or_sent_has_both_sides() -> None:
    served = {row.number for row in CATALOGUE} | {"ITI-8", "ITI-64"}
    for number in served:
        for side in ("server", "client"):
            row = TRANSACTION_ROWS[f"{number} {side}"]
            assert row.types[0].code == number
    assert set(SYSTEM_ROWS) == {str(item) for item in System}


@pytest.mark.parametrize("kind", ROWS)
def test_each_kind_is_valid(kind: str) -> None:
    root = message(kind, user=USER, outcome=4, description="Failure XDSRegistryError")
    assert root.find("EventIdentification").get("EventOutcomeIndicator") == "4"  # type: ignore[union-attr]
    bare = AuditEvent(kind=kind, event_id="1" * 32, time="2024-01-02T03:04:05Z")
    valid_message(audit_message(bare))


# EventID, EventActionCode, whose role the serving side has (transactions.md A.3, B.7, C.5)
TABLE = {
    "ITI-41 client": ("110106", "R", "Destination"),
    "ITI-41 server": ("110107", "C", "Destination"),
    "ITI-42 client": ("110106", "R", "Destination"),
    "ITI-42 server": ("110107", "C", "Destination"),
    "ITI-43 client": ("110107", "C", "Source"),
    "ITI-43 server": ("110106", "R", "Source"),
    "ITI-18 client": ("110112", "E", "Destination"),
    "ITI-18 server": ("110112", "E", "Destination"),
    "ITI-51 client": ("110112", "E", "Destination"),
    "ITI-51 server": ("110112", "E", "Destination"),
    "ITI-61 client": ("110106", "R", "Destination"),
    "ITI-61 server": ("110107", "C", "Destination"),
    "ITI-57 client": ("110106", "U", "Destination"),
    "ITI-57 server": ("110107", "U", "Destination"),
    "ITI-92 client": ("110106", "U", "Destination"),
    "ITI-92 server": ("110107", "U", "Destination"),
    "ITI-62 client": ("110110", "D", "Destination"),
    "ITI-62 server": ("110110", "D", "Destination"),
    "ITI-86 client": ("110110", "D", "Destination"),
    "ITI-86 server": ("110110", "D", "Destination"),
    "ITI-44 server": ("110110", "C", "Destination"),
    "ITI-8 server": ("110110", "C", "Destination"),
    "ITI-64 server": ("110110", "C", "Destination"),
    "RAD-69 client": ("110103", "C", "Source"),
    "RAD-69 server": ("110104", "R", "Source"),
}


@pytest.mark.parametrize("kind", TABLE)
def test_event_and_direction(kind: str) -> None:
    event_id, action, server_role = TABLE[kind]
    root = message(kind)
    identification = root.find("EventIdentification")
    assert identification is not None
    assert identification.find("EventID").get("csd-code") == event_id  # type: ignore[union-attr]
    assert identification.get("EventActionCode") == action
    by_role = participants(root)
    assert list(by_role) == ["Source", "Destination"]
    server = by_role.pop(server_role)
    (client,) = by_role.values()
    assert server.get("UserID") == "https://registry.example/xds"
    ours = server if kind.endswith("server") else client
    theirs = client if ours is server else server
    assert ours.get("AlternativeUserID") == "4711"  # M for whoever writes the record
    assert theirs.get("AlternativeUserID") is None
    assert (ours.get("NetworkAccessPointID"), ours.get("NetworkAccessPointTypeCode")) == (
        "registry.example",
        "1",
    )
    assert (theirs.get("NetworkAccessPointID"), theirs.get("NetworkAccessPointTypeCode")) == ("10.0.0.1", "2")
    assert (server.get("UserIsRequestor"), client.get("UserIsRequestor")) == ("false", "true")


def test_the_user_of_an_assertion() -> None:
    root = message("ITI-18 server", user=USER)
    (human,) = [item for item in root.iterfind("ActiveParticipant") if item.get("UserID") == "dr.a"]
    assert human.get("UserName") == "<dr.a@urn:idp>"
    assert human.get("UserIsRequestor") == "true"
    assert human.find("RoleIDCode").get("csd-code") == "112247003"  # type: ignore[union-attr]
    purpose = root.find("EventIdentification/PurposeOfUse")
    assert purpose is not None
    assert (purpose.get("csd-code"), purpose.get("codeSystemName")) == ("TREATMENT", "2.16.840.1.113883.5.8")
    assert [item.get("UserID") for item in root.iterfind("ActiveParticipant")][-2:] == [
        "cpso:456",
        "urn:oid:2.999.3",
    ]


def test_a_query_is_kept_to_the_letter() -> None:
    text = "<query:AdhocQueryRequest>é</query:AdhocQueryRequest>".encode()
    root = message(
        "ITI-18 server",
        query_id="urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d",
        query=text,
        home="urn:oid:2.999",
    )
    patient, query = root.iterfind("ParticipantObjectIdentification")
    assert patient.get("ParticipantObjectID") == PATIENT
    assert query.get("ParticipantObjectTypeCodeRole") == "24"
    assert query.find("ParticipantObjectIDTypeCode").get("csd-code") == "ITI-18"  # type: ignore[union-attr]
    assert base64.b64decode(query.findtext("ParticipantObjectQuery") or "") == text
    found = details(query)
    assert found["QueryEncoding"] == "UTF-8"
    assert found["urn:ihe:iti:xca:2010:homeCommunityId"] == "urn:oid:2.999"
    assert details(patient) == {"ihe-event-id": "0" * 32}


def test_a_retrieved_document_names_its_repository_and_no_patient() -> None:
    document = AuditedDocument(unique_id="2.999.5.1", repository="2.999.2.1", home="urn:oid:2.999")
    root = message("ITI-43 server", documents=(document,))
    (found,) = root.iterfind("ParticipantObjectIdentification")
    assert (found.get("ParticipantObjectID"), found.get("ParticipantObjectTypeCodeRole")) == (
        "2.999.5.1",
        "3",
    )
    assert details(found) == {
        "Repository Unique ID": "2.999.2.1",
        "ihe:homeCommunityID": "urn:oid:2.999",
        "ihe-event-id": "0" * 32,
    }


def test_what_is_removed_is_said_to_be_erased() -> None:
    root = message("ITI-62 server", objects=("urn:uuid:00000000-0000-0000-0000-000000000001",))
    assert [
        item.get("ParticipantObjectDataLifeCycle")
        for item in root.iterfind("ParticipantObjectIdentification")
    ] == [None, "14"]


def test_a_study_lists_its_instances() -> None:
    root = message(
        "RAD-69 server", studies=(AuditedStudy(study_uid="2.999.8", instances=("2.999.8.1", "2.999.8.2")),)
    )
    assert [item.get("UID") for item in root.iter("Instance")] == ["2.999.8.1", "2.999.8.2"]


def test_a_feed_names_sender_receiver_and_message() -> None:
    root = message(
        "ITI-8 server", peer_name="LAKEVIEW|PIS", own_name="DOMAIN|XDS", message_id="M1", endpoint=""
    )
    by_role = participants(root)
    assert by_role["Source"].get("UserID") == "LAKEVIEW|PIS"
    assert by_role["Destination"].get("UserID") == "DOMAIN|XDS"
    (patient,) = root.iterfind("ParticipantObjectIdentification")
    assert details(patient)["MSH-10"] == "M1"


words = st.text(max_size=40)


@given(st.sampled_from(sorted(ROWS)), words, words, words, st.lists(words, max_size=3))
def test_whatever_a_peer_sends_the_message_is_valid(
    kind: str, name: str, description: str, endpoint: str, patients: list[str]
) -> None:
    user = replace(USER, user=name, issuer=description, roles=frozenset({name}))
    odd = event(
        kind, peer_name=name, description=description, endpoint=endpoint, patients=tuple(patients), user=user,
        documents=(AuditedDocument(unique_id=name),), query_id=name, query=description.encode("utf-8", "replace"),
    )  # fmt: skip
    valid_message(audit_message(odd))
    if "\ud800" not in name:
        assert decode_event(encode_event(odd)) == odd


def test_what_is_empty_is_not_kept() -> None:
    bare = AuditEvent(kind="ITI-18 server", event_id="1" * 32, time="2024-01-02T03:04:05Z")
    assert b"patients" not in encode_event(bare)
    assert decode_event(encode_event(bare)) == bare


@pytest.mark.parametrize("kind", ROWS)
def test_the_official_grammar_takes_it(kind: str) -> None:
    """DICOM publishes RELAX NG; it is compared with where a copy is at hand."""
    grammar = Path(__file__).parents[3] / "shared" / "reference" / "schema" / "DICOM" / "audit-message.rng"
    if not grammar.is_file():
        pytest.skip("no official grammar to compare with: DICOM's is not in ../shared/reference")
    whole = audit_message(event(kind, description="Failure XDSRegistryError"))
    etree.RelaxNG(etree.parse(str(grammar))).assertValid(etree.fromstring(whole))
