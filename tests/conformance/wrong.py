"""A deliberately wrong server: stands before a real one, keeps its answers, gives them again with one fault each."""

import http.client
import re
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from lxml import etree

from xds.xml import namespaces as ns

ENVELOPE = re.compile(rb"<(?:\w+:)?Envelope.*</(?:\w+:)?Envelope>", re.DOTALL)
STATUS = "urn:oasis:names:tc:ebxml-regrep:StatusType:"
RESPONSE = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:"
SEVERITY = "urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:"
FOREIGN = f"""\
<x xmlns:rim="{ns.RIM}">
<rim:ExtrinsicObject id="urn:uuid:00000000-0000-4000-8000-000000000001" mimeType="text/plain"
 objectType="urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1" status="{STATUS}Approved"/>
<rim:ExtrinsicObject id="urn:uuid:00000000-0000-4000-8000-000000000005" mimeType="text/plain"
 objectType="urn:uuid:34268e47-fdf5-41a6-ba33-82133c465248" status="{STATUS}Deprecated"/>
<rim:RegistryPackage id="urn:uuid:00000000-0000-4000-8000-000000000002" status="{STATUS}Approved"/>
<rim:Association id="urn:uuid:00000000-0000-4000-8000-000000000003" status="{STATUS}Approved"
 associationType="urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember"
 sourceObject="urn:uuid:00000000-0000-4000-8000-000000000002"
 targetObject="urn:uuid:00000000-0000-4000-8000-000000000001"/>
<rim:ObjectRef id="urn:uuid:00000000-0000-4000-8000-000000000004"/>
</x>"""


@dataclass(frozen=True)
class Given:
    """An answer as octets."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str, value: str) -> "Given":
        others = tuple(item for item in self.headers if item[0].lower() != name.lower())
        return replace(self, headers=(*others, (name, value)))

    def edited(self, edit: Callable[[etree._Element], object]) -> "Given":
        """The answer with its envelope changed, wherever it stands in the body."""
        found = ENVELOPE.search(self.body)
        assert found is not None
        root = etree.fromstring(found[0])
        edit(root)
        return replace(
            self, body=self.body[: found.start()] + etree.tostring(root) + self.body[found.end() :]
        )


Key = tuple[str, str]


@dataclass
class WrongServer:
    """Registry and repository at one address. Records while `fault` is None, else gives `fault` for an answer."""

    behind: str
    port: int = 0
    current: Key = ("", "")
    kept: dict[Key, Given] = field(default_factory=dict)
    fault: Given | None = None
    change: Callable[[Given], Given] | None = None  # applied to living answers
    tls: ssl.SSLContext | None = None
    _server: ThreadingHTTPServer | None = None

    def __enter__(self) -> "WrongServer":
        handler = type("Handler", (_Handler,), {"wrong": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        if self.tls is not None:
            self._server.socket = self.tls.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        ).start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> Given:
        if self.fault is not None:
            return self.fault
        parts = urlsplit(self.behind)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
        try:
            connection.request("POST", path, body, headers)
            response = connection.getresponse()
            kept = [item for item in response.getheaders() if item[0].lower() == "content-type"]
            given = Given(response.status, tuple(kept), response.read())
        finally:
            connection.close()
        self.kept[self.current] = given
        return given if self.change is None else self.change(given)


class _Handler(BaseHTTPRequestHandler):
    wrong: WrongServer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        sent = {"Content-Type": self.headers["Content-Type"]}
        given = self.wrong.answer(self.path, sent, body)
        self.send_response(given.status)
        for name, value in given.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(given.body)))
        self.end_headers()
        self.wfile.write(given.body)

    def log_message(self, *_: Any) -> None:
        pass


class WrongFeed:
    """The same for HL7 v2 over MLLP."""

    def __init__(self, behind: tuple[str, int]) -> None:
        self.behind = behind
        self.current: Key = ("", "")
        self.kept: dict[Key, bytes] = {}
        self.fault: bytes | None = None

    def __enter__(self) -> "WrongFeed":
        feed = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                message = _block(self.request)
                if message:
                    self.request.sendall(b"\x0b" + feed.answer(message) + b"\x1c\r")

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = ("127.0.0.1", self._server.server_address[1])
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        ).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, message: bytes) -> bytes:
        if self.fault is not None:
            return self.fault
        import socket  # noqa: PLC0415

        with socket.create_connection(self.behind, timeout=30) as connection:
            connection.sendall(b"\x0b" + message + b"\x1c\r")
            given = _block(connection)
        self.kept[self.current] = given
        return given


def _block(connection: Any) -> bytes:
    received = b""
    while not received.endswith(b"\x1c\r"):
        piece = connection.recv(65_536)
        if not piece:
            return b""
        received += piece
    return received[1:-2]


def acknowledgements(true: bytes) -> Iterator[tuple[str, bytes]]:
    """Wrong acknowledgements."""
    lines = [line.split("|") for line in true.decode().split("\r") if line]
    for index, line in enumerate(lines):
        for position, value in enumerate(line):
            if position and value:
                wrong = "AA" if value in ("AE", "AR") else "AE" if value in ("AA", "CA") else f"{value}0"
                changed = [
                    *lines[:index],
                    [*line[:position], wrong, *line[position + 1 :]],
                    *lines[index + 1 :],
                ]
                yield f"{line[0]}-{position}", "\r".join("|".join(item) for item in changed).encode() + b"\r"


def faults(true: Given) -> Iterator[tuple[str, Given]]:
    """Every answer that differs from the true one by one fault."""
    yield from _of_http(true)
    if ENVELOPE.search(true.body) is None:
        return
    yield from _of_the_envelope(true)
    yield from _of_errors(true)
    yield from _of_objects(true)
    yield from _of_documents(true)
    yield from _of_values(true)


def _of_http(true: Given) -> Iterator[tuple[str, Given]]:
    yield "http 500", replace(true, status=500)
    yield "http 200", replace(true, status=200)
    kind = dict(true.headers).get("Content-Type", "")
    yield (
        "content type",
        true.header("Content-Type", "text/html" + kind[kind.find(";") :] if ";" in kind else "text/html"),
    )
    yield (
        "start-info",
        true.header("Content-Type", kind.replace('start-info="application/soap+xml"', "start-info=x")),
    )


def _of_the_envelope(true: Given) -> Iterator[tuple[str, Given]]:
    def action(root: etree._Element) -> None:
        for item in root.iter(f"{{{ns.WSA}}}Action"):
            item.text = "urn:ihe:iti:2007:AnotherAction"

    def relates_to(root: etree._Element) -> None:
        for item in root.iter(f"{{{ns.WSA}}}RelatesTo"):
            item.text = "urn:uuid:00000000-0000-4000-8000-000000000000"

    def body(root: etree._Element) -> None:
        for item in root.iter(f"{{{ns.SOAP12}}}Body"):
            item[0].tag = f"{{{ns.RS}}}Another"

    def foreign(root: etree._Element) -> None:
        for item in root.iter(f"{{{ns.SOAP12}}}Body"):
            etree.SubElement(item[0], "foreign")

    def empty(root: etree._Element) -> None:
        for item in root.iter(f"{{{ns.SOAP12}}}Body"):
            for child in list(item[0]):
                item[0].remove(child)

    for name, edit in {
        "Action": action, "RelatesTo": relates_to, "body": body, "schema": foreign, "empty": empty
    }.items():  # fmt: skip
        yield name, true.edited(edit)


def _of_errors(true: Given) -> Iterator[tuple[str, Given]]:
    def status(value: str) -> Callable[[etree._Element], None]:
        def edit(root: etree._Element) -> None:
            for item in root.iter(f"{{{ns.RS}}}RegistryResponse", f"{{{ns.QUERY}}}AdhocQueryResponse"):
                item.set("status", value)

        return edit

    yield "Success", true.edited(status(f"{RESPONSE}Success"))
    yield "Failure", true.edited(status(f"{RESPONSE}Failure"))

    def added(code: str, severity: str) -> Callable[[etree._Element], None]:
        def edit(root: etree._Element) -> None:
            for item in root.iter(f"{{{ns.RS}}}RegistryResponse", f"{{{ns.QUERY}}}AdhocQueryResponse"):
                errors = item.find(f"{{{ns.RS}}}RegistryErrorList")
                if errors is None:
                    errors = etree.Element(f"{{{ns.RS}}}RegistryErrorList")
                    item.insert(0, errors)
                error = etree.SubElement(errors, f"{{{ns.RS}}}RegistryError", errorCode=code, codeContext="x")
                error.set("severity", SEVERITY + severity)

        return edit

    yield "an error more", true.edited(added("XDSRegistryError", "Error"))
    yield "a warning more", true.edited(added("XDSExtraMetadataNotSaved", "Warning"))

    def every(name: str, value: str) -> Callable[[etree._Element], None]:
        def edit(root: etree._Element) -> None:
            for item in root.iter(f"{{{ns.RS}}}RegistryError"):
                item.set(name, value)

        return edit

    yield "code", true.edited(every("errorCode", "XDSAnotherError"))
    yield "context", true.edited(every("codeContext", "something is wrong"))
    yield "location", true.edited(every("location", "elsewhere"))
    yield "warning", true.edited(every("severity", f"{SEVERITY}Warning"))
    yield "error", true.edited(every("severity", f"{SEVERITY}Error"))

    def code(root: etree._Element) -> None:
        for item in root.iter(f"{{{ns.SOAP12}}}Value", "faultcode"):
            item.text = "env:Receiver" if "Receiver" not in (item.text or "") else "env:Sender"

    yield "fault code", true.edited(code)


def _of_objects(true: Given) -> Iterator[tuple[str, Given]]:
    count = len(_objects(_root(true)))
    for index in range(count):

        def drop(root: etree._Element, index: int = index) -> None:
            item = _objects(root)[index]
            item.getparent().remove(item)

        yield f"object {index + 1} dropped", true.edited(drop)

    def slot(root: etree._Element) -> None:
        for item in root.iter(f"{{{ns.RIM}}}ExtrinsicObject"):
            item.insert(0, etree.Element(f"{{{ns.RIM}}}Slot", name="hash"))

    yield "a Slot more", true.edited(slot)
    for index, extra in enumerate(etree.fromstring(FOREIGN)):

        def add(root: etree._Element, index: int = index) -> None:
            for item in root.iter(f"{{{ns.RIM}}}RegistryObjectList"):
                item.append(etree.fromstring(FOREIGN)[index])

        yield f"a foreign {etree.QName(extra).localname}", true.edited(add)


def _of_documents(true: Given) -> Iterator[tuple[str, Given]]:
    found = ENVELOPE.search(true.body)
    assert found is not None
    tail = true.body[found.end() :]
    if b"Fabricated" in tail:
        changed = tail.replace(b"Fabricated", b"fabricated")
        yield "octets", replace(true, body=true.body[: found.end()] + changed)

    def inline(root: etree._Element) -> None:
        for item in root.iter(f"{{{ns.XDSB}}}Document"):
            for child in list(item):
                item.remove(child)
            item.text = "AAAA"

    yield "other octets", true.edited(inline)

    def another(root: etree._Element) -> None:
        for item in list(root.iter(f"{{{ns.XDSB}}}DocumentResponse")):
            item.getparent().remove(item)

    yield "no documents", true.edited(another)

    def twice(root: etree._Element) -> None:
        for item in list(root.iter(f"{{{ns.XDSB}}}RetrieveDocumentSetResponse")):
            extra = etree.SubElement(item, f"{{{ns.XDSB}}}DocumentResponse")
            for name in ("RepositoryUniqueId", "DocumentUniqueId", "mimeType", "Document"):
                etree.SubElement(extra, f"{{{ns.XDSB}}}{name}").text = "AAAA"

    yield "a document more", true.edited(twice)


def _of_values(true: Given) -> Iterator[tuple[str, Given]]:
    """Each attribute and each text below the body, one after the other."""
    for index, (item, name) in enumerate(_places(_root(true))):

        def change(root: etree._Element, index: int = index) -> None:
            element, attribute = _places(root)[index]
            if attribute:
                element.set(attribute, _another(element.get(attribute, "")))
            else:
                element.text = _another(element.text or "")

        yield f"{etree.QName(item).localname}/{name or 'text()'}", true.edited(change)
    for index, item in enumerate(_slots(_root(true))):

        def remove(root: etree._Element, index: int = index) -> None:
            slot = _slots(root)[index]
            slot.getparent().remove(slot)

        yield f"{item.get('name')} dropped", true.edited(remove)


def _another(value: str) -> str:
    if value == f"{STATUS}Approved":
        return f"{STATUS}Deprecated"
    if value == f"{STATUS}Deprecated":
        return f"{STATUS}Approved"
    return f"{value}0"


def _root(true: Given) -> etree._Element:
    found = ENVELOPE.search(true.body)
    assert found is not None
    return etree.fromstring(found[0])


def _objects(root: etree._Element) -> list[Any]:
    return [child for item in root.iter(f"{{{ns.RIM}}}RegistryObjectList") for child in item]


def _slots(root: etree._Element) -> list[Any]:
    return list(root.iter(f"{{{ns.RIM}}}Slot"))


def _places(root: etree._Element) -> list[tuple[Any, str]]:
    body = root.find(f"{{{ns.SOAP12}}}Body")
    found: list[tuple[Any, str]] = []
    for item in () if body is None else body.iterdescendants(tag=etree.Element):
        found += [(item, str(name)) for name in item.attrib]
        if (item.text or "").strip():
            found.append((item, ""))
    return found
