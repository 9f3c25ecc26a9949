"""What a browser, curl and a WSDL reader get of a running, seeded service: pages, samples, WSDLs, health."""

import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.policy import HTTP
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import psycopg
import pytest
import zeep
from lxml import etree, html
from psycopg.conninfo import conninfo_to_dict

from tests.transactions.conftest import Service, base_settings, running
from tests.transactions.wire import Answer, get
from xds.model import StoredQuery
from xds.sandbox import SAMPLE_CDA, SAMPLE_DOCUMENTS, SAMPLE_PATIENT, replaced_unique_ids
from xds.server.pages import PAGE_HEADERS
from xds.server.samples import ANSWER_FILE, Sample, samples, zeep_snippet
from xds.transactions import Role

PATHS = {Role.REGISTRY: "/dics/registry", Role.REPOSITORY: "/dics/repository"}
REPOSITORY = "2.999.2.1"
APPROVED = {one.unique_id for one in SAMPLE_DOCUMENTS} - replaced_unique_ids()
XS = "{http://www.w3.org/2001/XMLSchema}"
WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
NOWHERE = (
    "/nowhere",
    "/dics",
    "/dics/registry/",
    "/dics/registry/none.xml",
    "/dics/schemas/",
    "/dics/schemas/none.xsd",
)
ROLES = pytest.mark.parametrize("role", list(PATHS))
UP_AND_DOWN_SECONDS = 30


@pytest.fixture(scope="module")
def seeded(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that holds the seed."""
    folder = tmp_path_factory.mktemp("seeded")
    with running(folder, base_settings(new_database(), folder)) as service:
        publish = [sys.executable, "-m", "xds", "sandbox", "publish", "--url", service.url]
        subprocess.run(publish, check=True, timeout=120, capture_output=True)
        yield service


def live_samples(role: Role, service: Service) -> tuple[Sample, ...]:
    return tuple(samples(role, endpoint_url=service.url + PATHS[role], repository_unique_id=REPOSITORY))


EVERY_SAMPLE = pytest.mark.parametrize(
    ("role", "filename"),
    [
        (role, one.filename)
        for role in PATHS
        for one in samples(role, endpoint_url=PATHS[role], repository_unique_id=REPOSITORY)
    ],
)


def sample_of(role: Role, filename: str, service: Service) -> Sample:
    (found,) = [one for one in live_samples(role, service) if one.filename == filename]
    return found


# Health


def test_health(seeded: Service) -> None:
    for path, told in (
        ("/healthz", {"status": "up"}),
        ("/readyz", {"status": "ready", "database": True, "documents": True}),
    ):
        answer = get(seeded.port, path)
        assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
        assert json.loads(answer.body) == told


def becomes(service: Service, status: int, **told: bool) -> None:
    """Wait until /readyz says so; /healthz says all the while that the process is up."""
    deadline = time.monotonic() + UP_AND_DOWN_SECONDS
    while True:
        assert get(service.port, "/healthz").status == 200
        answer = get(service.port, "/readyz")
        if answer.status == status and told.items() <= json.loads(answer.body).items():
            return
        assert time.monotonic() < deadline, answer
        time.sleep(0.1)


def test_not_ready_while_the_database_is_away(
    start: Callable[..., Service], postgres: str, database: str
) -> None:
    service = start(dsn=database)
    becomes(service, 200, database=True)
    name = conninfo_to_dict(database)["dbname"]
    with psycopg.connect(postgres, autocommit=True) as administrator:
        administrator.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        administrator.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
        )
        becomes(service, 503, database=False, documents=True)
        page = get(service.port, "/")
        assert page.status == 200
        assert "PostgreSQL does not answer" in page.body.decode()
        administrator.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    becomes(service, 200, database=True)
    assert service.stop() == 0


def test_not_ready_while_the_documents_are_away(start: Callable[..., Service]) -> None:
    service = start()
    documents, away = service.folder / "data" / "documents", service.folder / "away"
    documents.rename(away)
    becomes(service, 503, database=True, documents=False)
    away.rename(documents)
    becomes(service, 200, documents=True)


# Pages


@pytest.mark.parametrize("path", ["/", *PATHS.values()])
def test_a_page_for_a_browser(path: str, seeded: Service) -> None:
    answer = get(seeded.port, path, Accept="text/html")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert {name: answer.headers[name] for name, _ in PAGE_HEADERS} == dict(PAGE_HEADERS)
    tree = html.document_fromstring(answer.body.decode())
    for link in tree.xpath("//a/@href"):
        target = urljoin(seeded.url + path, link)
        if target.startswith(seeded.url):
            assert get(seeded.port, urlsplit(target).path).status == 200, link
    # Everything that is shown as this service's address is the address that was asked.
    assert set(re.findall(r"http://127\.0\.0\.1:\d+", answer.body.decode())) <= {seeded.url}


@pytest.mark.parametrize("path", ["/", *PATHS.values(), "/healthz", "/dics/registry/find-documents.xml"])
def test_head_is_get_without_its_body(path: str, seeded: Service) -> None:
    whole, head = get(seeded.port, path), get(seeded.port, path, "HEAD")
    assert (head.status, head.body) == (200, b"")
    assert int(head.headers["Content-Length"]) == len(whole.body)
    assert head.headers["Content-Type"] == whole.headers["Content-Type"]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", NOWHERE)
def test_an_address_where_nothing_is(path: str, method: str, seeded: Service) -> None:
    answer = get(seeded.port, path, method)
    assert (answer.status, answer.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert b"Traceback" not in answer.body
    if method == "GET":
        for way_on in PATHS.values():
            assert way_on in answer.body.decode()


@pytest.mark.parametrize(
    ("path", "method", "allowed"),
    [
        *[
            (path, method, "GET, HEAD, POST")
            for path in PATHS.values()
            for method in ("PUT", "DELETE", "OPTIONS")
        ],
        ("/", "POST", "GET, HEAD"),
        ("/dics/registry/find-documents.xml", "POST", "GET, HEAD"),
    ],
)
def test_a_method_that_a_path_does_not_know(path: str, method: str, allowed: str, seeded: Service) -> None:
    answer = get(seeded.port, path, method)
    assert (answer.status, answer.headers["Allow"]) == (405, allowed)


def test_paths_and_roles_are_settings(start: Callable[..., Service]) -> None:
    service = start(server={"registry_path": "/reg", "roles": ["registry"], "workers": 1})
    assert get(service.port, "/reg").status == 200
    assert get(service.port, "/reg/find-documents.xml").status == 200
    for path in PATHS.values():
        assert get(service.port, path).status == 404
    assert f"{service.url}/reg".encode() in get(service.port, "/reg?wsdl").body
    assert "documents" not in json.loads(get(service.port, "/readyz").body)


# WSDLs


@ROLES
def test_every_import_of_the_wsdl_is_there(role: Role, seeded: Service) -> None:
    start = f"{seeded.url}{PATHS[role]}?wsdl"
    waiting, seen = [start], set[str]()
    while waiting:
        address = waiting.pop()
        if address in seen:
            continue
        seen.add(address)
        parts = urlsplit(address)
        answer = get(seeded.port, parts.path + (f"?{parts.query}" if parts.query else ""))
        assert (answer.status, answer.headers["Content-Type"]) == (200, "text/xml; charset=UTF-8"), address
        root = etree.fromstring(answer.body)
        for item in root.iter(f"{XS}import", f"{XS}include", f"{WSDL}import"):
            location = item.get("schemaLocation") or item.get("location")
            if location is not None:
                waiting.append(urljoin(address, location))
    assert len(seen) > 4
    assert all(address.startswith(seeded.url) for address in seen)


@pytest.mark.parametrize("query", ["wsdl", "WSDL", "Wsdl", "wsdl=", "wsdl&x=1"])
def test_the_wsdl_however_it_is_asked_for(query: str, seeded: Service) -> None:
    for path in PATHS.values():
        assert get(seeded.port, f"{path}?{query}").body == get(seeded.port, f"{path}?wsdl").body


def test_plain_zeep_finds_the_sample_patients_documents(seeded: Service) -> None:
    """No code of ours on this side: what a partner's generated client does with the WSDL."""
    with zeep.Client(f"{seeded.url}/dics/registry?wsdl") as client:
        slot = client.get_type("{urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0}SlotType1")
        answer = client.service.DocumentRegistry_RegistryStoredQuery(
            ResponseOption={"returnType": "LeafClass", "returnComposedObjects": True},
            AdhocQuery={
                "id": StoredQuery.FIND_DOCUMENTS.value,
                "Slot": [
                    slot(name="$XDSDocumentEntryPatientId", ValueList={"Value": [f"'{SAMPLE_PATIENT}'"]}),
                    slot(
                        name="$XDSDocumentEntryStatus",
                        ValueList={"Value": ["('urn:oasis:names:tc:ebxml-regrep:StatusType:Approved')"]},
                    ),
                ],
            },
        )
    assert answer.status == "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success"
    found = {
        identifier.value
        for item in answer.RegistryObjectList._value_1
        for identifier in item["ExtrinsicObject"].ExternalIdentifier
        if identifier.Name.LocalizedString[0].value == "XDSDocumentEntry.uniqueId"
    }
    assert found == APPROVED


@ROLES
def test_the_python_program_of_the_page(role: Role, seeded: Service) -> None:
    url = seeded.url + PATHS[role]
    page = html.document_fromstring(get(seeded.port, PATHS[role]).body.decode())
    program = zeep_snippet(role, endpoint_url=url, repository_unique_id=REPOSITORY)
    assert program.strip() in [item.text_content().strip() for item in page.iter("pre")]
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    first, *rest = done.stdout.splitlines()
    assert first.endswith(":Success")
    assert len(rest) == (len(APPROVED) if role is Role.REGISTRY else 1)


# Samples


@EVERY_SAMPLE
def test_a_sample_as_a_file(role: Role, filename: str, seeded: Service) -> None:
    sample = sample_of(role, filename, seeded)
    answer = get(seeded.port, f"{PATHS[role]}/{filename}")
    assert (answer.status, answer.headers["Content-Type"]) == (200, sample.content_type)
    assert answer.body == sample.body.encode()


def parsed(octets: bytes) -> etree._Element:
    """An answer's envelope: of its first part where it is multipart."""
    if not octets.startswith(b"--"):
        return etree.fromstring(octets)
    boundary = octets.split(b"\r\n", 1)[0][2:].decode()
    head = f'Content-Type: multipart/related; boundary="{boundary}"\r\n\r\n'.encode()
    (root, *_) = message_from_bytes(head + octets, policy=HTTP).iter_parts()
    content: Any = root.get_payload(decode=True)
    return etree.fromstring(content)


@pytest.mark.skipif(shutil.which("curl") is None, reason="NOT RUN: curl is missing")
@EVERY_SAMPLE
def test_a_curl_line_gets_what_its_sample_says(
    role: Role, filename: str, seeded: Service, tmp_path: Path
) -> None:
    sample = sample_of(role, filename, seeded)
    page = html.document_fromstring(get(seeded.port, PATHS[role]).body.decode())
    (line,) = page.xpath(f"//pre[@id='{filename.replace('.', '-')}-curl']")
    assert line.text_content() == sample.curl
    done = subprocess.run(
        ["sh"], input=f"{sample.curl}\n".encode(), cwd=tmp_path, capture_output=True, check=True, timeout=60
    )
    assert done.stderr == b""
    root = parsed((tmp_path / ANSWER_FILE).read_bytes() if sample.filename.endswith(".mime") else done.stdout)
    (response,) = root.xpath("//*[local-name()='AdhocQueryResponse' or local-name()='RegistryResponse']")
    errors = [item.get("errorCode") for item in root.xpath("//*[local-name()='RegistryError']")]
    outcome = response.get("status").rpartition(":")[2]
    assert errors == ([sample.error_code] if sample.error_code else [])
    if sample.error_code:
        assert sample.expected == f"{outcome}, {sample.error_code}"
        return
    said, number, name = re.fullmatch(r"(\w+), (\d+) \w+:(\w+)", sample.expected).groups()  # type: ignore[union-attr]
    assert (outcome, len(root.xpath(f"//*[local-name()='{name}']"))) == (said, int(number))


@pytest.mark.skipif(shutil.which("curl") is None, reason="NOT RUN: curl is missing")
def test_the_line_of_the_first_minute_works(seeded: Service) -> None:
    """`xds sandbox show` ends with a way to repeat the query with curl."""
    show = [sys.executable, "-m", "xds", "sandbox", "show", "--url", seeded.url]
    shown = subprocess.run(show, capture_output=True, text=True, check=True, timeout=60).stdout
    line = shown.partition("with curl")[2].strip()
    done = subprocess.run(["sh"], input=f"{line}\n", capture_output=True, text=True, check=True, timeout=60)
    assert done.stderr == ""
    assert done.stdout.count("<rim:ExtrinsicObject ") == len(APPROVED)


def test_the_sample_of_the_repository_is_the_sample_document(seeded: Service) -> None:
    assert SAMPLE_CDA in sample_of(Role.REPOSITORY, "retrieve.xml", seeded).body


def test_no_page_grows_with_its_query(seeded: Service) -> None:
    """A query string is nobody's business here: neither shown nor an error."""
    answers: list[Answer] = [get(seeded.port, f"/?{text}") for text in ("x=<script>", "%00", "a" * 4000)]
    plain = get(seeded.port, "/")
    assert {(answer.status, answer.body) for answer in answers} == {(200, plain.body)}
