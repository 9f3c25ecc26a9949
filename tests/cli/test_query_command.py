"""`xds query`: every stored query by its name, and its answers in three forms."""

import json
from pathlib import Path

import pytest
from lxml import etree

from tests.client.peer import Peer, body_of, envelope
from xds.ebxml import decode_adhoc_query
from xds.model import AdhocQuery, AvailabilityStatus, ReturnType, StoredQuery
from xds.rules import PARAMETERS, query_name

from .conftest import Run

PATIENT = "P1001^^^&2.999.1.1&ISO"
MESSAGES = Path(__file__).parents[1] / "samples" / "messages"
UUID = "urn:uuid:3f0c7c52-6a1e-4d0b-9a57-2b8e5f0a1101"


def sample(name: str) -> bytes:
    """A message of the samples in an envelope."""
    return envelope(etree.tostring(etree.parse(str(MESSAGES / name))).decode())


def asked(peer: Peer) -> AdhocQuery:
    """The query of the last request."""
    query, findings = decode_adhoc_query(body_of(peer.last.body))
    assert findings == ()
    return query


@pytest.fixture
def entries(peer: Peer) -> Peer:
    """A registry that finds one document."""
    peer.answers(sample("iti18-response-leaf-class.xml"))
    return peer


@pytest.mark.parametrize("query", StoredQuery, ids=query_name)
def test_every_query_by_its_name(query: StoredQuery, run: Run, entries: Peer) -> None:
    arguments = []
    for row in PARAMETERS[query]:
        if row.kind == "patient":
            arguments += ["--patient", PATIENT]
        elif row.required and row.kind != "status":
            value = "RPLC" if row.kind == "association" else UUID
            arguments += ["--set", f"{row.name.removeprefix('$')}={value}"]
    if any(row.either for row in PARAMETERS[query]):
        arguments += ["--set", f"entryUUID={UUID}"]
    result = run("query", query_name(query).lower(), *arguments, "--to", entries.url)
    assert result.exit_code == 0, result.stderr
    sent = asked(entries)
    assert sent.query_id == query
    for row in PARAMETERS[query]:
        if row.required:
            assert sent.values(row.name), row.name
        if row.kind == "status" and row.required:
            assert sent.values(row.name) == (AvailabilityStatus.APPROVED.value,)


def test_set_and_and(run: Run, entries: Peer) -> None:
    arguments = [
        "--set",
        "eventCodeList=a^^1",
        "--set",
        "event_code_list=b^^1",
        "--and",
        "eventCodeList=c^^1",
    ]
    run("query", "FindDocuments", "--patient", PATIENT, *arguments, "--to", entries.url)
    assert asked(entries).groups("$XDSDocumentEntryEventCodeList") == (("a^^1", "b^^1"), ("c^^1",))


def test_all_status_and_object_ref_and_home(run: Run, peer: Peer) -> None:
    peer.answers(sample("iti18-response-object-ref.xml"))
    options = ("--all-status", "--object-ref", "--home", "urn:oid:2.999.40.1")
    result = run("query", "FindDocuments", "--patient", PATIENT, *options, "--to", peer.url)
    query = asked(peer)
    assert query.return_type is ReturnType.OBJECT_REF
    assert query.home_community_id == "urn:oid:2.999.40.1"
    assert len(query.values("$XDSDocumentEntryStatus")) == 2
    assert result.stdout.startswith("Object references: ")
    assert "urn:uuid:" in result.stdout


def test_several_patients(run: Run, entries: Peer) -> None:
    more = ("--set", "patientId=P2^^^&2.999.1.1&ISO")
    run("query", "FindDocumentsForMultiplePatients", "--patient", PATIENT, *more, "--to", entries.url)
    assert asked(entries).values("$XDSDocumentEntryPatientId") == (PATIENT, "P2^^^&2.999.1.1&ISO")
    assert b"urn:ihe:iti:2009:MultiPatientStoredQuery<" in entries.last.body


def test_a_status_that_is_set_counts(run: Run, entries: Peer) -> None:
    run("query", "FindDocuments", "--patient", PATIENT, "--set", "status=Deprecated", "--to", entries.url)
    assert asked(entries).values("$XDSDocumentEntryStatus") == (AvailabilityStatus.DEPRECATED.value,)


def test_table(run: Run, entries: Peer) -> None:
    result = run("query", "FindDocuments", "--patient", PATIENT, "--to", entries.url)
    assert (result.exit_code, result.stderr) == (0, "")
    title, heads, row = (line.rstrip() for line in result.stdout.splitlines())
    assert title == "Documents: 1"
    assert heads.split() == ["created", "status", "title", "type", "uniqueId", "entryUUID"]
    assert row.startswith("2024-03-11 15:30 UTC  Approved  CT chest with contrast")
    assert "\x1b" not in result.stdout


def test_json_has_every_attribute(run: Run, entries: Peer) -> None:
    result = run("query", "FindDocuments", "--patient", PATIENT, "--to", entries.url, "--json")
    document = json.loads(result.stdout)
    assert (document["schema_version"], document["query"], document["status"]) == (
        1,
        "FindDocuments",
        "SUCCESS",
    )
    (entry,) = document["document_entries"]
    assert entry["patient_id"] == PATIENT
    assert entry["class_code"]["code"] == "REPORTS"
    assert {"hash", "size", "repository_unique_id", "unique_id", "home_community_id"} <= set(entry)


def test_xml_is_the_answer_itself(run: Run, entries: Peer) -> None:
    result = run("query", "FindDocuments", "--patient", PATIENT, "--to", entries.url, "--xml")
    written = etree.fromstring(result.stdout.encode())
    original = etree.parse(str(MESSAGES / "iti18-response-leaf-class.xml"))
    assert etree.canonicalize(written, strip_text=True) == etree.canonicalize(original, strip_text=True)


def test_nothing_found_is_said_beside_the_data(run: Run, peer: Peer) -> None:
    query = "urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0"
    ok = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success"
    peer.answers(envelope(f'<q:AdhocQueryResponse xmlns:q="{query}" status="{ok}"/>'))
    result = run("query", "FindDocuments", "--patient", PATIENT, "--to", peer.url)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "nothing was found\n")


def test_a_refusal_is_1(run: Run, peer: Peer) -> None:
    peer.answers(sample("registry-response-failure.xml"))
    result = run("query", "FindDocuments", "--patient", PATIENT, "--to", peer.url)
    assert result.exit_code == 1
    assert "error XDSUnknownPatientId: " in result.stderr
    assert result.stderr.endswith("xds: the registry answered FAILURE\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("FindDocument", "--patient", PATIENT), "did you mean FindDocuments"),
        (("FindDocuments",), "FindDocuments needs --patient"),
        (("GetAssociations",), "GetAssociations needs --set uuid=…"),
        (("FindDocuments", "--patient", PATIENT, "--set", "clascode=x"), "did you mean classCode"),
        (("FindDocuments", "--patient", PATIENT, "--set", "classCode"), "'classCode' is not NAME=VALUE"),
        (("FindDocuments", "--patient", PATIENT, "--and", "classCode=x"), "nothing can be ANDed"),
    ],
)
def test_usage_is_2(arguments: tuple[str, ...], said: str, run: Run) -> None:
    result = run("query", *arguments)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())


def test_a_bare_address_gets_the_usual_path(run: Run, entries: Peer) -> None:
    run("query", "FindDocuments", "--patient", PATIENT, "--to", entries.url.removesuffix("/dics/end-point"))
    assert entries.last.path == "/dics/registry"
