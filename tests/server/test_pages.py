"""Pages and samples: what is shown works when it is pasted, and nothing a peer says gets into a page as markup."""

import base64
import hashlib
import itertools
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from lxml import html

from tests.samples.builders import document_entry
from xds.ebxml import (
    RetrievedDocument,
    decode_adhoc_query,
    decode_retrieve_request,
    encode_document_entry,
    encode_query_response,
    encode_retrieve_response,
)
from xds.model import RegistryResponse, ResponseStatus, StoredQuery
from xds.rules import PARAMETERS, RulePolicy, check_query, check_retrieval, query_name, transaction_of
from xds.sandbox import PATIENTS, SAMPLE_CDA, SAMPLE_DOCUMENTS
from xds.server.contracts import CONTRACT_TYPE, schema, wsdl
from xds.server.pages import PAGE_HEADERS, base_url, endpoint_page, not_found_page, start_page
from xds.server.samples import UNKNOWN_DOCUMENT, Sample, samples, zeep_snippet
from xds.settings import Limits, RulesSettings, Settings, lite_settings
from xds.soap.envelope import read_envelope
from xds.soap.reply import envelope_head
from xds.transactions import ITI_18, ITI_43, Role, of_request, of_role
from xds.xml import parse

from .listening import Answer, Listener, Received

BASE = "http://127.0.0.1:8080"
REPOSITORY = "2.999.2.1"
LITE = lite_settings("127.0.0.1", 8080, Path("data"), {})
ALL_READY = {"database": True, "documents": True}
HOSTILE = """http://h/"><script>alert(1)</script>'{{7*7}}&"""
TRANSACTION = {Role.REGISTRY: ITI_18, Role.REPOSITORY: ITI_43}
ROLES = pytest.mark.parametrize("role", list(Role))


def made(role: Role, base: str = BASE) -> dict[str, Sample]:
    """The samples of a role by file name."""
    url = f"{base}/dics/{role}"
    return {one.filename: one for one in samples(role, endpoint_url=url, repository_unique_id=REPOSITORY)}


EVERY_SAMPLE = pytest.mark.parametrize(
    ("role", "filename"), [(role, filename) for role in Role for filename in made(role)]
)


def pages(settings: Settings = LITE, base: str = BASE) -> Iterator[bytes]:
    """Every page."""
    yield start_page(settings, base, ALL_READY)
    yield start_page(settings, base, {"database": False, "documents": False})
    yield not_found_page(settings, base)
    for role in settings.server.roles:
        yield endpoint_page(Role(role), settings, base)


def parsed(page: bytes) -> Any:
    """A page as a tree, read as a browser reads it."""
    return html.document_fromstring(page.decode(), parser=html.HTMLParser(encoding="utf-8"))


def text_of(page: bytes) -> str:
    """Its words, white space folded."""
    return " ".join(" ".join(parsed(page).xpath("//body//text()[not(parent::script)]")).split())


def envelope_of(sample: Sample) -> bytes:
    """The envelope of a sample, out of its MIME part where it has one."""
    if not sample.filename.endswith(".mime"):
        return sample.body.encode()
    whole = message_from_bytes(f"Content-Type: {sample.content_type}\r\n\r\n{sample.body}".encode())
    (part,) = whole.get_payload()
    assert isinstance(part, Message)
    assert part["Content-ID"] == whole.get_param("start")
    octets = part.get_payload(decode=True)
    assert isinstance(octets, bytes)
    return octets


# Samples


@pytest.mark.skipif(shutil.which("curl") is None, reason="NOT RUN: curl is missing")
@EVERY_SAMPLE
def test_the_curl_line_sends_the_message(
    role: Role, filename: str, listener: Listener, tmp_path: Path
) -> None:
    sample = made(role, listener.url)[filename]
    listener.respond = lambda _: (200, "text/plain", b"the answer")
    done = subprocess.run(
        ["sh"], input=f"{sample.curl}\n", cwd=tmp_path, capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stderr == ""
    (received,) = listener.received
    assert (received.method, received.target) == ("POST", f"/dics/{role}")
    assert received.content_type == sample.content_type
    assert received.body == sample.body.encode()
    written = (tmp_path / "answer.mime").read_text() if filename.endswith(".mime") else done.stdout
    assert written == "the answer"


@EVERY_SAMPLE
def test_the_envelope_is_whole(role: Role, filename: str) -> None:
    sample = made(role)[filename]
    envelope = read_envelope(parse(envelope_of(sample)))
    row = of_request(envelope.body, None)
    assert row is not None
    assert row in of_role(role)
    assert envelope.action == row.action
    assert f'action="{row.action}"' in sample.content_type
    assert envelope.to == f"{BASE}/dics/{role}"
    assert envelope.message_id
    assert envelope.body.tag == row.request


@pytest.mark.parametrize("filename", made(Role.REGISTRY))
def test_a_query_is_judged_as_its_sample_says(filename: str) -> None:
    sample = made(Role.REGISTRY)[filename]
    query, findings = decode_adhoc_query(read_envelope(parse(envelope_of(sample))).body)
    judged = check_query(query, RulePolicy(strictness="strict"), transaction_of(query.query_id))
    codes = [finding.code for finding in (*findings, *judged)]
    assert codes == ([sample.error_code] if sample.error_code else [])


def test_the_registry_lists_every_stored_query() -> None:
    tree = parsed(endpoint_page(Role.REGISTRY, LITE, BASE))
    rows = [
        (row[0].text.strip(), row[1].text_content(), row[0].findtext("code"), row[2].text_content())
        for row in tree.xpath("//table[caption='Stored queries']/tbody/tr")
    ]
    assert [(name, number, query) for name, number, query, _ in rows] == sorted(
        [(query_name(query), transaction_of(query), query.value) for query in StoredQuery],
        key=lambda row: (row[1], list(StoredQuery).index(StoredQuery(row[2]))),
    )
    needed = {query: needs for _, _, query, needs in rows}
    for query, table in PARAMETERS.items():
        named = set(re.findall(r"\$\w+", needed[query.value]))
        assert named == {row.name for row in table if row.required or row.either or row.narrows}
    assert not parsed(endpoint_page(Role.REPOSITORY, LITE, BASE)).xpath("//table[caption='Stored queries']")


@pytest.mark.parametrize("filename", made(Role.REPOSITORY))
def test_a_retrieval_is_judged_as_its_sample_says(filename: str) -> None:
    sample = made(Role.REPOSITORY)[filename]
    requests, findings = decode_retrieve_request(read_envelope(parse(envelope_of(sample))).body)
    assert findings == ()
    served, refused = check_retrieval(requests, REPOSITORY)
    if sample.error_code == "XDSDocumentUniqueIdError":  # only the repository's table knows
        assert [item.document_unique_id for item in served] == [UNKNOWN_DOCUMENT]
        assert refused == []
    else:
        assert [finding.code for finding in refused] == ([sample.error_code] if sample.error_code else [])
        known = {one.unique_id for one in SAMPLE_DOCUMENTS}
        assert {item.document_unique_id for item in requests} <= known


@ROLES
def test_samples_are_told_apart(role: Role) -> None:
    every = made(role).values()
    assert len({one.title for one in every}) == len(every)
    assert len({read_envelope(parse(envelope_of(one))).message_id for one in every}) == len(every)
    assert all(one.expected.startswith("Failure" if one.error_code else "Success") for one in every)
    # At a gateway a consumer sends what it sends to a registry: what fails is shown there. Images are an archive's.
    works = {Role.GATEWAY: {True}, Role.IMAGING: {False}}
    assert {one.error_code is None for one in every} == works.get(role, {True, False})
    assert made(role) == made(role)


def test_an_address_with_quotes_stays_one_argument(listener: Listener) -> None:
    sample = next(iter(made(Role.REGISTRY, "http://h/'$(touch hacked)'").values()))
    line = sample.curl.replace("curl -sS", "printf '%s\\n'").partition("<<'XML'")[0]
    done = subprocess.run(["sh"], input=line, capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout.splitlines()[-1] == "http://h/'$(touch hacked)'/dics/registry"


def answer_bodies() -> dict[str, tuple[Role, bytes, list[str]]]:
    """Answers of a service, and what the Python program prints of each."""
    success = ResponseStatus.SUCCESS
    entry = document_entry(1)
    found = [encode_document_entry(entry).encode()]
    document = RetrievedDocument(
        repository_unique_id=REPOSITORY, document_unique_id=SAMPLE_CDA, mime_type="text/xml", content_id="1"
    )
    retrieved = encode_retrieve_response(RegistryResponse.of(()), [document])
    inline = re.sub(rb"<xop:Include[^>]*>", base64.b64encode(b"<a/>"), retrieved)
    return {
        "found": (
            Role.REGISTRY,
            b"".join(encode_query_response(success, (), found)),
            [success, f"{entry.entry_uuid} {entry.mime_type}"],
        ),
        "nothing": (Role.REGISTRY, b"".join(encode_query_response(success, (), ())), [success]),
        "document": (Role.REPOSITORY, inline, [success, "text/xml 4 octets"]),
    }


@pytest.mark.parametrize("answer", answer_bodies())
def test_the_python_program_runs(answer: str, listener: Listener) -> None:
    role, body, printed = answer_bodies()[answer]
    head = envelope_head(TRANSACTION[role].response_action, None)
    url = f"{listener.url}/dics/{role}"

    def respond(request: Received) -> Answer:
        if request.method == "POST":
            return 200, "application/soap+xml", head + body + b"</env:Body></env:Envelope>"
        if request.target == f"/dics/{role}?wsdl":
            return 200, CONTRACT_TYPE, wsdl(role, endpoint_url=url, schemas_url=f"{listener.url}/xsd")
        return 200, CONTRACT_TYPE, schema(request.target.removeprefix("/xsd/")) or b""

    listener.respond = respond
    program = zeep_snippet(role, endpoint_url=url, repository_unique_id=REPOSITORY)
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == printed
    (sent,) = [item for item in listener.received if item.method == "POST"]
    envelope = read_envelope(parse(sent.body))
    assert envelope.action == TRANSACTION[role].action
    if role is Role.REGISTRY:
        query, findings = decode_adhoc_query(envelope.body)
        assert [*findings, *check_query(query, RulePolicy(strictness="strict"))] == []
    else:
        requests, refused = decode_retrieve_request(envelope.body)
        assert check_retrieval(requests, REPOSITORY) == (list(requests), list(refused))


# Pages


@ROLES
def test_every_sample_stands_on_its_page(role: Role) -> None:
    tree = parsed(endpoint_page(role, LITE, BASE))
    blocks = {item.get("id"): item.text_content() for item in tree.iter("pre")}
    for sample in made(role).values():
        id_ = sample.filename.replace(".", "-")
        assert blocks[f"{id_}-curl"] == sample.curl
        assert blocks[f"{id_}-message"].strip() == sample.body.replace("\r\n", "\n").strip()
        assert sample.expected in tree.xpath(f"//*[@id='{id_}']")[0].text_content()
    assert "import zeep" in blocks["zeep"]


def test_the_start_page_names_end_points_and_patients() -> None:
    text = text_of(start_page(LITE, BASE, ALL_READY))
    for role in (Role.REGISTRY, Role.REPOSITORY):
        assert f"{BASE}/dics/{role} " in text
        assert f"{BASE}/dics/{role}?wsdl" in text
    for patient in PATIENTS:
        assert f"{patient.family}, {' '.join(patient.given)} {patient.patient_id} {patient.line}" in text
    assert "xds query" in text
    assert "xds retrieve" in text


def test_images_are_offered_only_where_they_are_served() -> None:
    assert "RAD-69" not in text_of(start_page(LITE, BASE, ALL_READY))
    roles = (*LITE.server.roles, "imaging")
    imaging = replace(LITE, server=replace(LITE.server, roles=roles))
    assert "RAD-69" in text_of(start_page(imaging, BASE, ALL_READY))


def test_a_transaction_of_several_messages_is_named_once() -> None:
    page = start_page(Settings(), BASE, ALL_READY).decode()
    assert page.count("ITI-44 Patient Identity Feed HL7 V3") == 1
    table = endpoint_page(Role.REGISTRY, Settings(), BASE).decode()
    assert len(re.findall(r"urn:hl7-org:v3:PRPA_IN20130[124]UV02", table)) == 3


def test_health_is_shown_with_its_remedy() -> None:
    assert "The service is ready" in text_of(start_page(LITE, BASE, ALL_READY))
    text = text_of(start_page(LITE, BASE, {"database": False, "documents": True}))
    assert "The service is not ready" in text
    assert "Database: not reachable" in text
    assert "Documents: ready" in text
    assert "PostgreSQL does not answer" in text
    assert "volume" not in text


def test_only_lite_shows_the_sandbox() -> None:
    text = text_of(start_page(Settings(), BASE, ALL_READY))
    assert "Sample patients" not in text
    assert "P1001" not in text
    assert "fabricated" not in text
    page = text_of(endpoint_page(Role.REGISTRY, Settings(), BASE))
    assert "put ids of your own in their place" in page
    assert "put ids of your own in their place" not in text_of(endpoint_page(Role.REGISTRY, LITE, BASE))


def test_a_process_shows_its_own_role_only() -> None:
    server = replace(LITE.server, roles=("registry",))
    for page in pages(replace(LITE, server=server)):
        assert "/dics/registry" in page.decode()
        assert "/dics/repository" not in page.decode()
    server = replace(LITE.server, roles=("repository",), repository_path="/elsewhere")
    for page in pages(replace(LITE, server=server)):
        assert "/elsewhere" in page.decode()
        assert "/dics/re" not in page.decode()


def test_notes_and_limits_are_those_of_the_settings() -> None:
    lite = text_of(endpoint_page(Role.REGISTRY, LITE, BASE))
    assert "Any patient id of the right form" in lite
    assert "Any code of any coding scheme" in lite
    assert "Requests per second no limit" in lite
    registry = replace(LITE.registry, unknown_patients="refuse", codes_file=Path("codes"))
    limits = Limits(request_bytes=3 * 1024**3, leaf_class_results=1234, requests_per_second=7)
    strict = text_of(
        endpoint_page(
            Role.REGISTRY,
            replace(LITE, registry=registry, rules=RulesSettings(strictness="strict"), limits=limits),
            BASE,
        )
    )
    assert "Any patient id" not in strict
    assert "A patient id is known once a patient identity feed has announced it" in strict
    assert "Any code" not in strict
    assert "to the letter of the standard" in strict
    assert "A request 3 GiB HTTP 413" in strict
    assert "1,234 XDSTooManyResults" in strict
    assert "Requests per second 7 HTTP 429" in strict
    repository = replace(LITE, limits=Limits(document_bytes=1025, documents=3))
    shown = text_of(endpoint_page(Role.REPOSITORY, repository, BASE))
    assert "One document 1,025 octets XDSRepositoryMetadataError" in shown
    assert "Documents of one ITI-41 3 XDSRepositoryMetadataError" in shown


def test_nothing_from_outside_becomes_markup() -> None:
    server = replace(LITE.server, registry_path="/a<b>&\"'", repository_path="/c</code><img>")
    repository = replace(LITE.repository, unique_id="<b>'\"")
    hostile = replace(LITE, server=server, repository=repository)
    for page, plain in zip(pages(hostile, HOSTILE), pages(), strict=True):
        tree = parsed(page)
        assert len(tree.xpath("//script")) == 1
        assert not tree.xpath("//b | //img")
        tags = [item.tag for item in tree.iter() if isinstance(item.tag, str)]
        assert tags == [item.tag for item in parsed(plain).iter() if isinstance(item.tag, str)]


@pytest.mark.parametrize("index", range(5))
def test_a_page_is_closed_in_itself(index: int) -> None:
    tree = parsed(list(pages())[index])
    policy = dict(PAGE_HEADERS)["Content-Security-Policy"]
    for tag, directive in (("script", "script-src"), ("style", "style-src")):
        (element,) = tree.xpath(f"//{tag}")
        digest = base64.b64encode(hashlib.sha256(element.text.encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}';" in policy
        assert not element.attrib
    assert not tree.xpath("//@style | //@src | //@action | //@*[starts-with(name(), 'on')]")
    assert not tree.xpath("//link[not(starts-with(@href, 'data:'))] | //iframe | //object | //form | //img")
    links = {link.partition("#")[0] for link in tree.xpath("//a/@href")}
    assert {link for link in links if link and not link.startswith("/")} <= {"https://pypi.org/project/zeep/"}
    assert not [link for link in links if "P1001" in link]


def test_the_headers_of_a_page() -> None:
    headers = dict(PAGE_HEADERS)
    policy = headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none';")
    assert {"base-uri 'none'", "frame-ancestors 'none'", "form-action 'none'"} <= set(policy.split("; "))
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("index", range(5))
def test_a_page_can_be_used_by_everyone(index: int) -> None:
    tree = parsed(list(pages())[index])
    assert tree.get("lang") == "en"
    assert tree.findtext(".//title").endswith("· xds")
    assert len(tree.xpath("//h1")) == 1
    ids = tree.xpath("//@id")
    assert len(ids) == len(set(ids))
    levels = [int(item.tag[1]) for item in tree.iter("h1", "h2", "h3", "h4")]
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    for reference in ("//@data-copy", "//@aria-labelledby"):
        assert set(tree.xpath(reference)) <= set(ids)
    anchors = {link[1:] for link in tree.xpath("//a/@href") if link.startswith("#")}
    assert anchors <= set(ids)
    buttons = tree.xpath("//button")
    names = [" ".join(button.text_content().split()) for button in buttons]
    assert len(names) == len(set(names)), "two buttons that a listener cannot tell apart"
    assert all(button.get("type") == "button" and "hidden" in button.attrib for button in buttons)
    # What scrolls must be reached by keyboard, and say what it is.
    assert all(item.get("tabindex") == "0" and item.get("aria-label") for item in tree.iter("pre"))


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb (WCAG 2.2)."""
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = [
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels
    ]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("mode", [0, 1], ids=["light", "dark"])
def test_colours_have_the_contrast_of_wcag_aa(mode: int) -> None:
    (style,) = parsed(next(pages())).xpath("//style/text()")
    block = re.findall(r":root \{([^}]*)\}", style)[mode]
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))
    assert len(colours) == 11
    pairs = [(front, back) for front in ("text", "soft", "link") for back in ("page", "card", "code")]
    pairs += [("good", "card"), ("bad", "card"), ("mark-text", "mark")]
    for front, back in pairs:
        light, dark = sorted((luminance(colours[front]), luminance(colours[back])), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, f"{front} on {back}"


# Addresses


def environ(host: str | None, **changes: str) -> dict[str, str]:
    """What WSGI says of a request."""
    given = {"wsgi.url_scheme": "http", "SERVER_NAME": "192.0.2.7", "SERVER_PORT": "8080", **changes}
    return given if host is None else given | {"HTTP_HOST": host}


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:8080", "localhost", "xds.example.org", "xds_registry:8080", "[::1]:80", "[2001:db8::1]", "a-b.c.", "X"],
)  # fmt: skip
def test_a_plain_host_is_used(host: str) -> None:
    assert base_url(environ(host), None) == f"http://{host}"
    assert base_url(environ(host, **{"wsgi.url_scheme": "https"}), None) == f"https://{host}"


@pytest.mark.parametrize(
    "host",
    [
        None, "", "a b", "a/b", "a@b", 'a"><script>', "a\r\nX: y", "a\n", "a:", "a:port", "a:123456", "a:80:80", "-a",
        "a..b", ".a", "[::1", "::1", "[::1]x", "[a/b]", "é.example", "a" * 64, "a." * 200 + "a", "a?b", "a#b", "a%2fb",
        "a\\b",
    ],
)  # fmt: skip
def test_what_is_no_host_is_not_used(host: str | None) -> None:
    assert base_url(environ(host), None) == "http://192.0.2.7:8080"


def test_the_listening_address_where_there_is_no_host() -> None:
    wildcard = "0.0.0.0"  # noqa: S104  # nothing is bound
    assert base_url(environ(None, SERVER_NAME=wildcard), None) == "http://127.0.0.1:8080"
    assert base_url(environ(None, SERVER_NAME="::"), None) == "http://[::1]:8080"
    assert base_url(environ(None, SERVER_NAME="2001:db8::1"), None) == "http://[2001:db8::1]:8080"


@pytest.mark.parametrize("host", ["other.example", "a b", None])
def test_the_public_url_wins(host: str | None) -> None:
    assert base_url(environ(host), "https://di.example.org/xds/") == "https://di.example.org/xds"
    assert base_url(environ(host), "https://di.example.org") == "https://di.example.org"
