"""Read an answer of a peer, leniently in form and strictly in what counts (ITI TF-2 Appendix V).

Partners send faults in any part, of SOAP 1.1 and 1.2, with any HTTP status; proxies send pages. What is no
SOAP message becomes `UnreadableAnswer`, a fault becomes `SoapFault`, and the rest is the Body's element.
"""

from collections.abc import Iterator
from typing import Final

import requests
from lxml import etree

from xds.client.documents import PartStore, Progress
from xds.client.errors import SoapFault, UnreadableAnswer
from xds.client.transport import AnswerStream
from xds.mime import (
    ContentType,
    MimeError,
    MimeLimits,
    Part,
    iter_parts,
    normalize_content_id,
    parse_content_type,
)
from xds.xml import MalformedXml, XmlLimits, parse
from xds.xml.namespaces import SOAP11, SOAP12, WSA, XML_LANG

ENVELOPE_BYTES: Final = 128 * 1024 * 1024
"""Octets of an envelope that are read: twice what a registry sends at most, base64 documents included."""
_FAULT_BYTES: Final = 65_536
"""Octets of a part in which a fault is looked for when the root part is no envelope."""
_EXCERPT: Final = 200
_XML_LIMITS = XmlLimits(nodes=4_000_000)  # 25,000 entries are more than a request may hold
_MIME_LIMITS = MimeLimits(parts=2_048)
_ENVELOPES = {f"{{{SOAP12}}}Envelope": SOAP12, f"{{{SOAP11}}}Envelope": SOAP11}


def read_answer(
    response: requests.Response,
    parts: PartStore,
    *,
    message_id: str,
    expected: frozenset[str],
    progress: Progress | None = None,
) -> etree._Element:
    """Read an answer to its end and return the element in its Body.

    Parameters
    ----------
    parts
        Takes the parts beside the envelope, in whatever order they come.
    message_id
        wsa:MessageID of the request: a RelatesTo must repeat it.
    expected
        The elements that may stand in the Body.

    Raises
    ------
    SoapFault
        The answer is one.
    UnreadableAnswer
        It is no SOAP message, answers another request, or holds another element.
    ServiceUnavailable
        The connection broke.
    """
    with response:
        envelope = _read_envelope(response, parts, progress)
    namespace = _ENVELOPES[str(envelope.tag)]
    body = envelope.find(f"{{{namespace}}}Body")
    if body is None or (content := next(body.iterchildren(tag=etree.Element), None)) is None:
        raise _unreadable(response, "a SOAP envelope without content in its Body")
    if content.tag == f"{{{namespace}}}Fault":
        raise _FAULTS[namespace](content, response.status_code)
    _check_relation(response, envelope, namespace, message_id)
    if content.tag not in expected:
        raise _unreadable(response, f"{content.tag} where {' or '.join(sorted(expected))} was expected")
    return content


def _read_envelope(
    response: requests.Response, parts: PartStore, progress: Progress | None
) -> etree._Element:
    stream = AnswerStream(response, progress)
    content_type = parse_content_type(response.headers.get("Content-Type", ""))
    if not content_type.media_type.startswith("multipart/"):
        whole = _whole(iter(lambda: stream.read(65_536), b""), response)
        try:
            return _as_envelope(whole)
        except MalformedXml as error:
            raise _unreadable(response, _description(content_type, error), whole) from None
    try:
        root = _read_parts(stream, content_type, parts, response)
    except (MimeError, ValueError) as error:
        raise _unreadable(response, f"a multipart message that cannot be read ({error})") from error
    candidates = [root, *parts.small(_FAULT_BYTES)] if root is not None else parts.small(_FAULT_BYTES)
    problem = MalformedXml("no part holds it")
    for candidate in candidates:
        try:
            return _as_envelope(candidate)
        except MalformedXml as error:
            problem = error if candidate is root else problem
    raise _unreadable(response, _description(content_type, problem), root or b"")


def _read_parts(
    stream: AnswerStream, content_type: ContentType, parts: PartStore, response: requests.Response
) -> bytes | None:
    """Read every part to its end; return the root part, which `start` names or which is the first."""
    start = normalize_content_id(content_type.parameters.get("start", ""))
    root: bytes | None = None
    for index, part in enumerate(iter_parts(stream, content_type.boundary, _MIME_LIMITS)):
        if root is None and _is_root(part, index, start):
            root = _whole(part.pieces(), response)
        else:
            parts.receive(part.content_id or f"part-{index}", part.pieces())
    return root


def _is_root(part: Part, index: int, start: str) -> bool:
    return part.content_id == start if start else index == 0


def _whole(pieces: Iterator[bytes], response: requests.Response) -> bytes:
    kept, size = [], 0
    for piece in pieces:
        size += len(piece)
        if size > ENVELOPE_BYTES:
            raise _unreadable(response, f"an envelope of more than {ENVELOPE_BYTES} octets")
        kept.append(piece)
    return b"".join(kept)


def _as_envelope(octets: bytes) -> etree._Element:
    root = parse(octets, _XML_LIMITS)
    if root.tag not in _ENVELOPES:
        raise MalformedXml(f"its root is {root.tag}, not a SOAP Envelope")
    return root


def _description(content_type: ContentType, problem: MalformedXml) -> str:
    return f"{content_type.media_type or 'no Content-Type'}, not a SOAP message ({problem})"


def _unreadable(response: requests.Response, what: str, octets: bytes = b"") -> UnreadableAnswer:
    excerpt = " ".join(octets[: 4 * _EXCERPT].decode("utf-8", "replace").split())[:_EXCERPT]
    location = response.headers.get("Location")
    where = f" (it refers to {location})" if location else ""
    message = f"{response.url} answered HTTP {response.status_code}{where} with {what}"
    return UnreadableAnswer(message, status=response.status_code, excerpt=excerpt)


def _check_relation(
    response: requests.Response, envelope: etree._Element, namespace: str, message_id: str
) -> None:
    """A RelatesTo to another request is another request's answer; some peers send none (V.9.2.2)."""
    header = envelope.find(f"{{{namespace}}}Header")
    related = (
        []
        if header is None
        else [(item.text or "").strip() for item in header.iterfind(f"{{{WSA}}}RelatesTo")]
    )
    if related and message_id not in related:
        raise _unreadable(response, f"an answer to {related[0]}; {message_id} was asked")


def _fault_12(fault: etree._Element, status: int) -> SoapFault:
    names = {"env": SOAP12}
    values = [_local(value) for value in fault.iterfind("env:Code//env:Value", names)]
    texts = fault.findall("env:Reason/env:Text", names)
    english = [text for text in texts if (text.get(XML_LANG) or "").lower().startswith("en")]
    reason = _text(next(iter(english or texts), None))
    detail = _text(fault.find("env:Detail", names))
    return SoapFault(values[0] if values else "", tuple(values[1:]), reason, detail, status=status)


def _fault_11(fault: etree._Element, status: int) -> SoapFault:
    code, *subcodes = _local(fault.find("faultcode")).split(".")  # SOAP 1.1, 4.4.1: "Client.Authentication"
    return SoapFault(
        code, tuple(subcodes), _text(fault.find("faultstring")), _text(fault.find("detail")), status=status
    )


def _local(element: etree._Element | None) -> str:
    return _text(element).rpartition(":")[2]


def _text(element: etree._Element | None) -> str:
    return "" if element is None else " ".join("".join(map(str, element.itertext())).split())


_FAULTS: Final = {SOAP12: _fault_12, SOAP11: _fault_11}
