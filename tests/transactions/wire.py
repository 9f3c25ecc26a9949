"""Requests as octets, so that a test can send exactly what a partner sends; answers parsed."""

import http.client
import re
import socket
import uuid
from dataclasses import dataclass, field

from lxml import etree

from tests.schemas.live import assert_valid
from xds.xml import namespaces as ns

ACTION = {
    "ITI-41": "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b",
    "ITI-42": "urn:ihe:iti:2007:RegisterDocumentSet-b",
    "ITI-18": "urn:ihe:iti:2007:RegistryStoredQuery",
    "ITI-43": "urn:ihe:iti:2007:RetrieveDocumentSet",
    "ITI-61": "urn:ihe:iti:2010:RegisterOnDemandDocumentEntry",
    "ITI-62": "urn:ihe:iti:2010:DeleteDocumentSet",
    "ITI-44": "urn:hl7-org:v3:PRPA_IN201301UV02",
    "ITI-44 revised": "urn:hl7-org:v3:PRPA_IN201302UV02",
    "ITI-44 duplicates resolved": "urn:hl7-org:v3:PRPA_IN201304UV02",
    "ITI-51": "urn:ihe:iti:2009:MultiPatientStoredQuery",
    "ITI-57": "urn:ihe:iti:2010:UpdateDocumentSet",
    "ITI-92": "urn:ihe:iti:2018:RestrictedUpdateDocumentSet",
    "ITI-86": "urn:ihe:iti:2017:RemoveDocuments",
    "ITI-38": "urn:ihe:iti:2007:CrossGatewayQuery",
    "ITI-39": "urn:ihe:iti:2007:CrossGatewayRetrieve",
    "RAD-69": "urn:ihe:rad:2009:RetrieveImagingDocumentSet",
}
PATH = {
    "ITI-41": "/dics/repository",
    "ITI-42": "/dics/registry",
    "ITI-18": "/dics/registry",
    "ITI-43": "/dics/repository",
    "ITI-61": "/dics/registry",
    "ITI-62": "/dics/registry",
    "ITI-44": "/dics/registry",
    "ITI-44 revised": "/dics/registry",
    "ITI-44 duplicates resolved": "/dics/registry",
    "ITI-51": "/dics/registry",
    "ITI-57": "/dics/registry",
    "ITI-92": "/dics/registry",
    "ITI-86": "/dics/repository",
    "ITI-38": "/dics/gateway",
    "ITI-39": "/dics/gateway",
    "RAD-69": "/dics/imaging",
}
SOAP = "application/soap+xml; charset=UTF-8"
_DECLARATION = re.compile(rb"^\s*<\?xml[^>]*\?>")


def envelope(
    transaction: str, body: bytes, *, headers: bytes | None = None, message_id: str | None = None
) -> bytes:
    """A SOAP 1.2 envelope around a body; `headers` replaces the addressing headers."""
    if headers is None:
        identity = message_id or f"urn:uuid:{uuid.uuid4()}"
        headers = (
            f'<wsa:Action env:mustUnderstand="1">{ACTION[transaction]}</wsa:Action>'
            f"<wsa:MessageID>{identity}</wsa:MessageID>"
            f"<wsa:ReplyTo><wsa:Address>{ns.WSA}/anonymous</wsa:Address></wsa:ReplyTo>"
            f"<wsa:To>http://localhost{PATH[transaction]}</wsa:To>"
        ).encode()
    return (
        f'<env:Envelope xmlns:env="{ns.SOAP12}" xmlns:wsa="{ns.WSA}"><env:Header>'.encode()
        + headers
        + b"</env:Header><env:Body>"
        + _DECLARATION.sub(b"", body)
        + b"</env:Body></env:Envelope>"
    )


def related(
    root: bytes, *parts: tuple[str, bytes], boundary: str = "=_part", line: bytes = b"\r\n", **parameters: str
) -> tuple[str, bytes]:
    """A multipart/related body with its Content-Type: the envelope and parts by Content-ID."""
    given = {
        "type": "application/xop+xml",
        "start": "<root@test>",
        "start-info": "application/soap+xml",
        "boundary": boundary,
    } | parameters
    shown = "; ".join(f'{name}="{value}"' for name, value in given.items() if value)
    pieces = []
    for content_id, kind, content in (
        ("root@test", b'application/xop+xml; charset=UTF-8; type="application/soap+xml"', root),
        *((content_id, b"application/octet-stream", content) for content_id, content in parts),
    ):
        head = line.join((b"Content-Type: " + kind, b"Content-ID: <" + content_id.encode() + b">"))
        pieces.append(b"--" + boundary.encode() + line + head + line * 2 + content + line)
    return f"multipart/related; {shown}", b"".join((*pieces, b"--", boundary.encode(), b"--", line))


XOP_TYPE = 'application/xop+xml; charset=UTF-8; type="application/soap+xml"'


def part(content: bytes, *lines: str, end: bytes = b"\r\n") -> bytes:
    """One part of a multipart body from the lines of its head, without its boundary."""
    return b"".join(line.encode() + end for line in lines) + end + content


def multipart(
    *parts: bytes, boundary: str = "=_part", end: bytes = b"\r\n", before: bytes = b"", after: bytes = b""
) -> bytes:
    """Parts between their boundaries, with a preamble and an epilogue."""
    delimiter = b"--" + boundary.encode()
    body = b"".join(delimiter + end + item + end for item in parts)
    return before + body + delimiter + b"--" + end + after


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer and what it says."""

    status: int
    headers: dict[str, str]
    body: bytes
    root: etree._Element | None = field(default=None)

    @property
    def fault(self) -> str:
        """Local name of the SOAP fault's code; empty without a fault."""
        return self._text(f"{{{ns.SOAP12}}}Code/{{{ns.SOAP12}}}Value").rpartition(":")[2]

    @property
    def subcode(self) -> str:
        """Local name of its WS-Addressing subcode."""
        return self._text(f"{{{ns.SOAP12}}}Subcode/{{{ns.SOAP12}}}Value").removeprefix("wsa:")

    @property
    def relates_to(self) -> str | None:
        """wsa:RelatesTo as it came; None without one."""
        found = self.elements("RelatesTo")
        return (found[0].text or "") if found else None

    @property
    def fault_id(self) -> str:
        """Our own stable id in the fault's detail."""
        found = [] if self.root is None else self.root.xpath("//*[local-name()='FaultId']/text()")
        return str(found[0]) if found else ""

    @property
    def reason(self) -> str:
        """The fault's reason, first language."""
        return self._text(f"{{{ns.SOAP12}}}Reason/{{{ns.SOAP12}}}Text")

    @property
    def result(self) -> str:
        """Last word of the response's status: Success, PartialSuccess, Failure."""
        assert self.root is not None
        found = self.root.xpath(
            "//*[local-name()='RegistryResponse' or local-name()='AdhocQueryResponse']/@status"
        )
        return str(found[0]).rpartition(":")[2] if found else ""

    @property
    def codes(self) -> list[str]:
        """Error codes in order."""
        assert self.root is not None
        return [str(item) for item in self.root.xpath("//*[local-name()='RegistryError']/@errorCode")]

    @property
    def contexts(self) -> list[str]:
        """Their contexts."""
        assert self.root is not None
        return [str(item) for item in self.root.xpath("//*[local-name()='RegistryError']/@codeContext")]

    def elements(self, name: str) -> list[etree._Element]:
        """Elements by local name."""
        assert self.root is not None
        return list(self.root.xpath(f"//*[local-name()='{name}']"))

    def _text(self, path: str) -> str:
        return "" if self.root is None else (self.root.findtext(f".//{path}") or "")


def post(
    port: int, path: str, body: bytes, *, content_type: str = SOAP, chunked: bool = False, **headers: str
) -> Answer:
    """POST octets and read the answer; a multipart answer's first part is parsed."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    shown = {"Content-Type": content_type} | {key.replace("_", "-"): value for key, value in headers.items()}
    try:
        if chunked:
            pieces = [body[start : start + 7000] for start in range(0, len(body), 7000)]
            connection.request("POST", path, iter(pieces), shown, encode_chunked=True)
        else:
            connection.request("POST", path, body, shown)
        return parse_answer(connection.getresponse())
    finally:
        connection.close()


def parse_answer(response: http.client.HTTPResponse) -> Answer:
    """Read an answer to its end; a multipart answer's first part is parsed."""
    octets = response.read()
    return Answer(response.status, dict(response.getheaders()), octets, _parse(octets))


def raw(port: int, path: str, body: bytes, *head: str, end_of_sending: bool = False) -> Answer:
    """Send a request whose head is given line by line, Content-Length and all; the connection is then closed."""
    lines = (f"POST {path} HTTP/1.1", "Host: localhost", *head, "", "")
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall("\r\n".join(lines).encode() + body)
        if end_of_sending:
            connection.shutdown(socket.SHUT_WR)
        response = http.client.HTTPResponse(connection, method="POST")
        response.begin()
        return parse_answer(response)


def get(port: int, path: str, method: str = "GET", **headers: str) -> Answer:
    """Any other method than POST."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        octets = response.read()
        return Answer(response.status, dict(response.getheaders()), octets, None)
    finally:
        connection.close()


def send(
    port: int, transaction: str, body: bytes, *, message_id: str | None = None, **headers: str
) -> Answer:
    """Send a body as plain SOAP to where its transaction is served."""
    return post(port, PATH[transaction], envelope(transaction, body, message_id=message_id), **headers)


def send_mtom(
    port: int, transaction: str, body: bytes, *parts: tuple[str, bytes], message_id: str | None = None
) -> Answer:
    """Send a body and its parts as MTOM."""
    content_type, octets = related(envelope(transaction, body, message_id=message_id), *parts)
    return post(port, PATH[transaction], octets, content_type=content_type)


def _parse(octets: bytes) -> etree._Element | None:
    """The envelope of an answer; whatever it answers, it is valid."""
    begin = octets.find(b"<?xml")
    end = octets.rfind(b"Envelope>")
    if begin < 0 or end < 0:
        return None
    envelope = etree.fromstring(octets[begin : end + len(b"Envelope>")])
    assert_valid(envelope)
    return envelope
