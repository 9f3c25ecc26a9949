"""`xds validate`: the valid sample passes, and with one thing changed the finding says line, section and remedy."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree

from tests.client.peer import Peer, envelope, multipart
from tests.samples import builders
from xds.client import RepositoryClient
from xds.ebxml import encode_submission
from xds.model import ON_DEMAND
from xds.xml.namespaces import SOAP11, SOAP12, WSA

from .conftest import Run

MESSAGES = Path(__file__).parents[1] / "samples" / "messages"
SAMPLES = sorted(path.name for path in MESSAGES.glob("*.xml"))
ACTION = f'<a:Action s:mustUnderstand="1" xmlns:a="{WSA}" xmlns:s="{SOAP12}">'
REPLY = "<a:ReplyTo><a:Address>http://www.w3.org/2005/08/addressing/anonymous</a:Address></a:ReplyTo>"


def text_of(name: str) -> str:
    """A sample without its XML declaration."""
    return (MESSAGES / name).read_text("utf-8").partition("?>\n")[2]


def validated(run: Run, path: Path, *options: str) -> list[dict[str, object]]:
    """The findings of a file, as JSON."""
    result = run("validate", path, "--json", *options)
    document = json.loads(result.stdout)
    assert document["schema_version"] == 1
    assert result.exit_code == (0 if document["valid"] else 1)
    findings: list[dict[str, object]] = document["findings"]
    return findings


def changed(tmp_path: Path, name: str, old: str, new: str) -> Path:
    """A sample with one thing changed."""
    text = (MESSAGES / name).read_text("utf-8")
    assert old in text
    path = tmp_path / name
    path.write_text(text.replace(old, new, 1), "utf-8")
    return path


@pytest.mark.parametrize("name", SAMPLES)
def test_samples_are_in_order_even_strictly(name: str, run: Run) -> None:
    result = run("validate", MESSAGES / name, "--strict")
    assert result.exit_code == 0, result.stdout
    assert "error" not in result.stdout


@pytest.mark.parametrize(
    ("action", "number"),
    [
        ("urn:ihe:iti:2010:UpdateDocumentSet", "ITI-57"),
        ("urn:ihe:iti:2018:RestrictedUpdateDocumentSet", "ITI-92"),
    ],
)
def test_an_update_is_told_by_its_action(run: Run, tmp_path: Path, action: str, number: str) -> None:
    path = tmp_path / "message.xml"
    path.write_text(
        f'<s:Envelope xmlns:s="{SOAP12}"><s:Header>{ACTION}{action}</a:Action></s:Header>'
        f"<s:Body>{text_of('iti57-entry.xml')}</s:Body></s:Envelope>",
        "utf-8",
    )
    document = json.loads(run("validate", path, "--json").stdout)
    assert document["message"] == f"{number} request"
    assert not [item for item in document["findings"] if item["severity"] == "error"]


def test_codes_are_those_of_the_domain_where_a_file_says_them(run: Run, tmp_path: Path) -> None:
    message = MESSAGES / "iti42-report.xml"
    assert "42-codes" not in {item["rule"] for item in validated(run, message)}
    path = tmp_path / "codes.toml"
    path.write_text('[classCode]\n"2.999.1" = ["ONLY"]\n', "utf-8")
    (finding,) = validated(run, message, "--codes", str(path))
    assert finding["rule"] == "42-codes"
    assert "the nearest is ONLY^^2.999.1" in str(finding["what"])
    assert run("validate", message, "--codes", tmp_path / "nowhere").exit_code == 2


CHANGES = [
    ("iti42-report.xml", 'name="creationTime"', 'name="creationTimes"', "42-entry-creationTime-required"),
    ("iti42-report.xml", "20240311153000", "2024-03-11", "42-time"),
    ("iti42-report.xml", 'mimeType="text/xml"', 'mimeType="xml"', "42-mime-type"),
    ("iti42-report.xml", 'targetObject="urn:uuid:', 'targetObject="Document09" x="', "42-reference"),
    ("iti42-report.xml", "<rim:RegistryObjectList>", "<rim:RegistryObjects>", None),
    ("iti57-entry.xml", "<rim:Value>1</rim:Value>", "<rim:Value>one</rim:Value>", "57-previous-version"),
    ("iti57-entry.xml", ' lid="urn:uuid:', ' lid="', "57-logical-id"),
    ("iti57-entry.xml", "<rim:Value>yes</rim:Value>", "<rim:Value>si</rim:Value>", "57-propagation"),
    ("iti57-entry.xml", 'name="creationTime"', 'name="creationTimes"', "42-entry-creationTime-required"),
    ("iti57-status.xml", "StatusType:Deprecated", "StatusType:Deleted", "57-status-slots"),
    ("iti57-status.xml", ' targetObject="urn:uuid:', ' targetObject="', "57-status-target"),
    ("iti42-report.xml", 'nodeRepresentation="REPORTS"', "", "structure-code"),
    ("iti42-report.xml", 'objectType="urn:uuid:7edca82f', 'objectTyp="urn:uuid:7edca82f', "schema"),
    ("iti41-report.xml", "<xds:Document id=", "<xds:Document name=", "schema"),
    ("iti41-report.xml", 'Document id="Document01"', 'Document id="Other"', "41-metadata-missing"),
    ("iti41-report.xml", "f4f1e105e1ed", "f4f1e105e1ee", "41-hash"),
    ("iti41-report.xml", ">1304<", ">1305<", "41-size"),
    ("iti18-find-documents.xml", "14d4debf", "14d4debe", "18-query-id"),
    ("iti18-find-documents.xml", "('urn:oasis", "('urn:oasis'", "18-notation"),
    ("iti18-find-documents.xml", "$XDSDocumentEntryPatientId", "$XDSDocumentEntryPatient", "18-required"),
    ("iti18-find-documents.xml", "REPORTS^^", "REPORTS^", "18-code"),
    ("iti18-find-documents.xml", 'returnType="LeafClass"', 'returnType="Leaf"', "18-return-type"),
    ("iti43-request.xml", "<xds:DocumentUniqueId>", "<xds:DocumentUniqueIds>", None),
    ("registry-response-success.xml", "ResponseStatusType:Success", "ResponseStatusType:Succes", "answer"),
    ("registry-response-failure.xml", "ResponseStatusType:Failure", "ResponseStatusType:Success", "answer"),
    ("registry-response-failure.xml", "ErrorSeverityType:Error", "ErrorSeverityType:Warning", "answer"),
    ("registry-response-failure.xml", "XDSUnknownPatientId", "XDSUnknownPatient", "answer"),
    ("iti43-response.xml", "ResponseStatusType:PartialSuccess", "ResponseStatusType:Failure", "answer"),
    ("iti43-response.xml", ' location="2.999.4.1.9999"', "", "answer"),
    ("iti43-response.xml", "<xds:Document>PD94", "<xds:Document>*PD94", "xop"),
    ("iti44-added.xml", 'extension="PRPA_IN201301UV02"', 'extension="PRPA_IN201304UV02"', "44-interaction"),
    ("iti44-added.xml", 'extension="P1001"', 'extension="P^1001"', "44-id-form"),
    ("iti44-added.xml", 'value="19610417"', 'value="17.4.1961"', "schema"),
    ("iti44-revised.xml", '<statusCode code="active"/>', '<statusCode code="nullified"/>', "44-active"),
    ("iti44-duplicates-resolved.xml", 'extension="P1901"', 'extension="P1001"', "44-two-ids"),
    ("iti44-duplicates-resolved.xml", "priorRegisteredRole classCode", "priorRole classCode", None),
    ("iti44-acknowledgement.xml", 'typeCode code="CA"', 'typeCode code="OK"', "acknowledgement"),
    ("iti44-acknowledgement-error.xml", 'typeCode code="CE"', 'typeCode code="CA"', "acknowledgement"),
    ("iti18-response-leaf-class.xml", "rim:RegistryObjectList>", "rim:RegistryObjectList >", ""),
]


@pytest.mark.parametrize(("name", "old", "new", "rule"), CHANGES)
def test_one_thing_changed_is_found(
    name: str, old: str, new: str, rule: str | None, tmp_path: Path, run: Run
) -> None:
    path = changed(tmp_path, name, old, new)
    if rule is None:  # not XML any more
        result = run("validate", path)
        assert result.exit_code == 2
        assert "not well-formed XML at line" in result.stderr
        return
    findings = validated(run, path)
    if rule == "":
        assert findings == []
        return
    (found, *_) = [item for item in findings if str(item["rule"]).startswith(rule)]
    assert found["severity"] == "error"
    assert found["what"]
    assert found["remedy"]
    assert str(found["section"]).startswith(("ITI TF-", "ebRIM", "XDS Metadata Update"))


def test_the_line_is_that_of_the_attribute(tmp_path: Path, run: Run) -> None:
    path = changed(tmp_path, "iti42-report.xml", "20240311153000", "yesterday")
    lines = path.read_text("utf-8").splitlines()
    (found,) = (item for item in validated(run, path) if item["rule"] == "42-time")
    assert str(found["location"]).endswith(" creationTime")
    assert 'name="creationTime"' in lines[int(str(found["line"])) - 1]


def test_the_line_is_that_of_the_classification_or_identifier(tmp_path: Path, run: Run) -> None:
    path = changed(tmp_path, "iti42-report.xml", 'value="P1001^^^', 'value="P1001^^')
    lines = path.read_text("utf-8").splitlines()
    found = next(item for item in validated(run, path) if item["rule"] == "42-patient-id-form")
    assert 'value="P1001^^&amp;' in lines[int(str(found["line"])) - 1]


def test_the_line_is_that_of_the_parameter(tmp_path: Path, run: Run) -> None:
    path = changed(tmp_path, "iti18-find-documents.xml", "20240101", "2024-01-01")
    (found,) = validated(run, path)
    assert found["rule"] == "18-time"
    line = path.read_text("utf-8").splitlines()[int(str(found["line"])) - 1]
    assert "ServiceStartTimeFrom" in line


def test_strict_finds_more(tmp_path: Path, run: Run) -> None:
    path = changed(
        tmp_path,
        "iti18-find-documents.xml",
        "'P1001^^^&amp;2.999.1.1&amp;ISO'",
        "P1001^^^&amp;2.999.1.1&amp;ISO",
    )
    assert validated(run, path) == []
    assert [item["rule"] for item in validated(run, path, "--strict")] == ["18-quotes"]


def test_a_query_is_told_by_its_action_and_without_one_by_its_id(tmp_path: Path, run: Run) -> None:
    name = "iti51-find-documents-for-multiple-patients.xml"
    document = json.loads(run("validate", MESSAGES / name, "--json").stdout)
    assert (document["message"], document["valid"]) == ("ITI-51 request", True)
    path = tmp_path / "message.xml"
    for action, number, rules in (
        ("urn:ihe:iti:2009:MultiPatientStoredQuery", "ITI-51", set()),
        ("urn:ihe:iti:2007:RegistryStoredQuery", "ITI-18", {"18-query-id"}),
    ):
        path.write_bytes(soap(name, GOOD.replace("urn:ihe:iti:2007:RegistryStoredQuery", action)))
        document = json.loads(run("validate", path, "--json").stdout)
        assert document["message"] == f"{number} request"
        assert {item["rule"] for item in document["findings"]} == rules


def test_references_are_taken_to_be_registered(tmp_path: Path, run: Run) -> None:
    """A replacement, an addition to a registered Folder: without a server nobody knows better."""
    assert run("validate", MESSAGES / "iti42-replace.xml", "--strict").exit_code == 0
    submission = builders.submission()
    member = builders.has_member(builders.REGISTERED_FOLDER, submission.document_entries[0].entry_uuid)
    whole = replace(
        submission, associations=(*submission.associations, member, builders.original(member.entry_uuid))
    )
    path = tmp_path / "member.xml"
    path.write_bytes(encode_submission(whole))
    rules = {item["rule"] for item in validated(run, path)}
    assert not rules & {"42-reference", "42-member-ends"}


def soap(name: str, header: str) -> bytes:
    """A sample in an envelope."""
    return envelope(text_of(name), header)


GOOD = f"{ACTION}urn:ihe:iti:2007:RegistryStoredQuery</a:Action><a:MessageID>urn:uuid:1</a:MessageID>{REPLY}"


def test_an_envelope_in_order(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "m.xml"
    path.write_bytes(soap("iti18-find-documents.xml", GOOD))
    result = run("validate", path, "--strict")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == f"{path}: ITI-18 request, in order\n"


@pytest.mark.parametrize(
    ("header", "said", "strict_only"),
    [
        ("", "wsa:Action is missing", True),
        (GOOD.replace(ACTION, "<a:Action>"), "not marked mustUnderstand", True),
        (GOOD.replace(REPLY, ""), "wsa:ReplyTo is missing", True),
        (GOOD.replace("urn:uuid:1</a:MessageID>", "</a:MessageID>"), "wsa:MessageID is missing", True),
        (GOOD.replace("2007:RegistryStoredQuery", "2007:RegisterDocumentSet-b"), "does not go with", False),
        (GOOD.replace("2007:RegistryStoredQuery", "2007:Other"), "is not known", False),
        (GOOD + GOOD, "is there 2 times", False),
        (GOOD + f'<x s:mustUnderstand="1" xmlns:s="{SOAP12}"/>', "is not understood here", False),
        (
            GOOD.replace("http://www.w3.org/2005/08/addressing/anonymous", "http://x/"),
            "an address of its own",
            False,
        ),
    ],
)
def test_addressing(header: str, said: str, strict_only: bool, tmp_path: Path, run: Run) -> None:
    path = tmp_path / "m.xml"
    path.write_bytes(soap("iti18-find-documents.xml", header))
    assert any(said in str(item["what"]) for item in validated(run, path))
    assert run("validate", path).exit_code == (0 if strict_only else 1)
    assert run("validate", path, "--strict").exit_code == 1


def test_soap_11(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "m.xml"
    path.write_bytes(soap("iti18-find-documents.xml", GOOD).replace(SOAP12.encode(), SOAP11.encode()))
    (found,) = validated(run, path)
    assert found["code"] == "VersionMismatch"


def test_a_foreign_message(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "m.xml"
    path.write_bytes(b"<ClinicalDocument xmlns='urn:hl7-org:v3'/>")
    assert "unknown-body" in {item["rule"] for item in validated(run, path)}


def captured(peer: Peer) -> bytes:
    """A request of our own client, as it went over the wire."""
    submission = builders.submission()
    with RepositoryClient(peer.url) as client:
        client.provide(submission, {submission.document_entries[0].entry_uuid: b"<report/>"})
    head = f"POST {peer.last.path} HTTP/1.1\r\n" + "".join(
        f"{k}: {v}\r\n" for k, v in peer.last.headers.items()
    )
    return head.encode() + b"\r\n" + peer.last.body


@pytest.mark.parametrize("form", ["http", "head", "body", "chunked"])
def test_our_own_request_as_captured(form: str, peer: Peer, tmp_path: Path, run: Run) -> None:
    """The sample's hash and size are not those of the document sent: both are found, and nothing else."""
    whole = captured(peer)
    if form == "head":
        whole = b"Content-Type: " + peer.last.headers["Content-Type"].encode() + b"\r\n\r\n" + peer.last.body
    elif form == "body":
        whole = peer.last.body
    elif form == "chunked":
        pieces = [peer.last.body[at : at + 700] for at in range(0, len(peer.last.body), 700)]
        chunks = b"".join(f"{len(p):x};x=1\r\n".encode() + p + b"\r\n" for p in pieces) + b"0\r\n\r\n"
        kind = peer.last.headers["Content-Type"].encode()
        whole = (
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Type: " + kind + b"\r\n\r\n" + chunks
        )
    path = tmp_path / "capture"
    path.write_bytes(whole)
    findings = validated(run, path, "--strict")
    assert {item["rule"] for item in findings} <= {"41-hash", "41-size"}
    assert findings


def test_lines_are_those_of_the_capture(tmp_path: Path, run: Run) -> None:
    xml = (MESSAGES / "iti18-find-documents.xml").read_text("utf-8").replace("20240101", "x")
    path = tmp_path / "capture"
    path.write_text("POST /dics/registry HTTP/1.1\nHost: x\nContent-Type: text/xml\n\n" + xml, "utf-8")
    (found,) = validated(run, path)
    assert "ServiceStartTimeFrom" in path.read_text("utf-8").splitlines()[int(str(found["line"])) - 1]


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ([], "no part has the Content-ID document-01@lakeview.example"),
        (
            [("document-01@lakeview.example", "text/xml", b"x"), ("b", "text/xml", b"x")],
            "nothing refers to the part b",
        ),
        ([("document-01@lakeview.example", "text/xml", b"x")] * 2, "two parts have the Content-ID"),
    ],
)
def test_parts(parts: list[tuple[str, str, bytes]], said: str, tmp_path: Path, run: Run) -> None:
    xml = envelope(text_of("iti41-report-xop.xml"))
    body, kind = multipart([("r", "application/xop+xml", xml), *parts])
    path = tmp_path / "capture"
    path.write_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
    assert any(str(item["what"]).startswith(said) for item in validated(run, path))


def test_documents_that_are_not_in_the_file_are_said_so(run: Run) -> None:
    findings = validated(run, MESSAGES / "iti41-report-xop.xml")
    assert [(item["severity"], item["rule"]) for item in findings] == [("warning", "xop")]


@pytest.mark.parametrize(
    ("octets", "said"),
    [
        (b"", "message is empty"),
        (b"<a>", "not well-formed XML"),
        (b"<!DOCTYPE a []><a/>", "DOCTYPE"),
        (b"POST / HTTP/1.1\r\nContent-Type: text/xml", "the HTTP head does not end"),
        (b"POST / HTTP/1.1\r\nContent-Type\r\n\r\n<a/>", "a name, a colon and a value"),
        (
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            "chunked body breaks off at octet 0",
        ),
        (b"--b\r\n\r\nxx", "multipart body cannot be read"),
        (b"Content-Type: multipart/related\r\n\r\nx", "no boundary"),
    ],
)
def test_unreadable_is_2(octets: bytes, said: str, tmp_path: Path, run: Run) -> None:
    path = tmp_path / "m"
    path.write_bytes(octets)
    result = run("validate", path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr


def test_standard_input(run: Run) -> None:
    result = run("validate", "-", stdin=text_of("iti43-request.xml"))
    assert (result.exit_code, result.stderr) == (0, "standard input: ITI-43 request, in order\n")
    assert run("validate", "/nowhere").exit_code == 2


def test_text_for_people(tmp_path: Path, run: Run) -> None:
    path = changed(tmp_path, "iti18-find-documents.xml", "20240101", "x")
    result = run("validate", path)
    head, what, remedy, section = result.stdout.splitlines()
    assert head == "error XDSRegistryError [18-time] line 22: $XDSDocumentEntryServiceStartTimeFrom"
    assert what.startswith("    $XDSDocumentEntryServiceStartTimeFrom: ")
    assert remedy == "    → Send digits only, in UTC."
    assert section == "    ITI TF-2 3.18.4.1.2.3.3"
    assert result.stderr == f"{path}: ITI-18 request, 1 error, 0 warnings\n"


def test_many_violations_of_the_schema_are_cut_short(tmp_path: Path, run: Run) -> None:
    root = etree.fromstring(text_of("iti42-report.xml").encode())
    for slot in root.findall(".//{*}Slot"):
        for number in range(20):
            slot.set(f"odd{number}", "x")
    path = tmp_path / "m.xml"
    path.write_bytes(etree.tostring(root))
    schema = [item for item in validated(run, path) if item["rule"] == "schema"]
    assert len(schema) == 201
    assert str(schema[-1]["what"]).endswith("more violations are not listed")


def test_the_line_is_that_of_the_path(tmp_path: Path, run: Run) -> None:
    path = changed(tmp_path, "iti44-duplicates-resolved.xml", 'extension="P1901"', 'extension="P^1901"')
    lines = path.read_text("utf-8").splitlines()
    (found,) = (item for item in validated(run, path) if item["rule"] == "44-id-form")
    assert "P^1901" in lines[int(str(found["line"])) - 1]
    assert str(found["location"]).startswith("/PRPA_IN201304UV02/controlActProcess/")
    assert found["section"] == "ITI TF-2 Appendix E"
    assert found["code"] == "SYN102"


def test_an_application_acknowledgement_is_a_warning(tmp_path: Path, run: Run) -> None:
    path = changed(tmp_path, "iti44-acknowledgement.xml", 'typeCode code="CA"', 'typeCode code="AA"')
    (found,) = validated(run, path)
    assert (found["severity"], found["rule"]) == ("warning", "acknowledgement")
    assert 'code="AA"' in path.read_text("utf-8").splitlines()[int(str(found["line"])) - 1]


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("", "", ""),
        ("<rim:ObjectRef id=", "<rim:Extra id=", "62-object-refs-only"),
        ("urn:uuid:3f0c7c52-6a1e-4d0b-9a57-2b8e5f0a1101", "Document01", "62-unresolved"),
    ],
)
def test_remove_metadata(tmp_path: Path, run: Run, old: str, new: str, rule: str) -> None:
    findings = validated(run, changed(tmp_path, "iti62-request.xml", old, new))
    assert rule in ([str(item["rule"]) for item in findings] or [""])


def test_an_on_demand_entry_is_known_by_the_action(tmp_path: Path, run: Run) -> None:
    entry = builders.document_entry(object_type=ON_DEMAND, hash=None, size=None, creation_time=None)
    body = encode_submission(builders.submission(entry)).decode()
    action = "urn:ihe:iti:2010:RegisterOnDemandDocumentEntry"
    path = tmp_path / "iti61.xml"
    path.write_text(
        f'<s:Envelope xmlns:s="{SOAP12}" xmlns:a="{WSA}"><s:Header><a:Action s:mustUnderstand="1">{action}</a:Action>'
        "<a:MessageID>urn:uuid:1</a:MessageID><a:ReplyTo><a:Address>http://www.w3.org/2005/08/addressing/anonymous"
        f"</a:Address></a:ReplyTo></s:Header><s:Body>{body}</s:Body></s:Envelope>",
        "utf-8",
    )
    assert validated(run, path, "--strict") == []
    path.write_text(path.read_text("utf-8").replace('name="languageCode"', 'name="creationTime"'), "utf-8")
    rules = {item["rule"] for item in validated(run, path)}
    assert {"61-entry-creationTime-prohibited", "42-entry-languageCode-required"} <= rules
