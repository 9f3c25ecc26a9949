"""The vocabulary of assertions: each looks at an answer and says whether it is as it has to be, and what it found."""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from lxml import etree

from xds.conformance.answer import Answer, UnreadableAnswer
from xds.conformance.wire import PREFIXES

_XS: Final = "http://www.w3.org/2001/XMLSchema"
_SCHEMAS: Final = {
    "query": "query.xsd", "lcm": "lcm.xsd", "rim": "rim.xsd", "rs": "rs.xsd", "xds": "xds.b-wire.xsd",
    "env": "soap-envelope-1.2.xsd", "wsa": "ws-addressing.xsd",
}  # fmt: skip
_STATUS: Final = "string((//rs:RegistryResponse|//query:AdhocQueryResponse)/@status)"
_STATUSES: Final = {
    "Success": "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success",
    "Failure": "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Failure",
    "PartialSuccess": "urn:ihe:iti:2007:ResponseStatusType:PartialSuccess",
}
_SEVERITY: Final = "urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:"
_LONG: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An assertion with its names filled in."""

    check: str
    of: str = ""
    equals: str | int | tuple[str, ...] | None = None
    code: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What a check found."""

    passed: bool
    found: str


Check = Callable[[Answer, Asked], Found]
CHECKS: Final[dict[str, Check]] = {}
MEANINGS: Final[dict[str, str]] = {}


def _check(name: str) -> Callable[[Check], Check]:
    def added(function: Check) -> Check:
        CHECKS[name] = function
        MEANINGS[name] = (function.__doc__ or "").strip()
        return function

    return added


def judge(answer: Answer, asked: Asked) -> Found:
    """Evaluate an assertion; an answer that cannot be read fails it."""
    try:
        return CHECKS[asked.check](answer, asked)
    except UnreadableAnswer as error:
        return Found(False, str(error))


def expected(asked: Asked) -> str:
    """The assertion in words, for a reader of the report."""
    meaning = MEANINGS[asked.check]
    values: Mapping[str, str] = {
        "of": asked.of,
        "equals": _listed(asked.equals),
        "code": " or ".join(asked.code),
        "text": asked.text,
    }
    return re.sub(r"\{(\w+)\}", lambda match: values[match[1]], meaning)


@_check("http")
def _http(answer: Answer, asked: Asked) -> Found:
    """The HTTP status is {equals}."""
    return Found(answer.status == asked.equals, f"HTTP {answer.status}")


@_check("http-error")
def _http_error(answer: Answer, _asked: Asked) -> Found:
    """The HTTP status is one of an error (4xx or 5xx)."""
    return Found(400 <= answer.status < 600, f"HTTP {answer.status}")


@_check("content-type")
def _content_type(answer: Answer, asked: Asked) -> Found:
    """The answer is {equals}."""
    return Found(answer.media_type == asked.equals, answer.media_type or "no Content-Type")


@_check("xop")
def _xop(answer: Answer, _asked: Asked) -> Found:
    """The multipart answer says that it is XOP with a SOAP 1.2 root (type and start-info)."""
    kinds = [answer.parameters.get(name, "").lower() for name in ("type", "start-info")]
    return Found(kinds == ["application/xop+xml", "application/soap+xml"], ", ".join(kinds))


@_check("action")
def _action(answer: Answer, asked: Asked) -> Found:
    """wsa:Action of the answer is {code}."""
    found = answer.texts("/env:Envelope/env:Header/wsa:Action")
    return Found(len(found) == 1 and found[0] in asked.code, ", ".join(found) or "none")


@_check("relates-to")
def _relates_to(answer: Answer, asked: Asked) -> Found:
    """wsa:RelatesTo is the MessageID of the request, {equals}."""
    found = answer.texts("/env:Envelope/env:Header/wsa:RelatesTo")
    return Found(found == [asked.equals], ", ".join(found) or "none")


@_check("body")
def _body(answer: Answer, asked: Asked) -> Found:
    """The Body holds {equals}."""
    prefix, _, name = str(asked.equals).partition(":")
    return Found(answer.body.tag == f"{{{PREFIXES[prefix]}}}{name}", str(answer.body.tag))


@_check("schema")
def _schema(answer: Answer, _asked: Asked) -> Found:
    """The envelope is valid against the schemas of SOAP, WS-Addressing, ebRIM, ebRS and XDS.b."""
    schema = _schemas()
    if schema.validate(answer.root):
        return Found(True, "valid")
    log: list[Any] = list(schema.error_log)  # type: ignore[call-overload]  # the stubs miss its iterator
    return Found(False, _short("; ".join(f"line {item.line}: {item.message}" for item in log[:3])))


@_check("status")
def _status(answer: Answer, asked: Asked) -> Found:
    """The status is {equals}."""
    found = answer.texts(_STATUS)[0]
    errors = [
        f"{item.get('errorCode')}: {item.get('codeContext')}" for item in answer.xpath("//rs:RegistryError")
    ]
    told = f"{found.rpartition(':')[2]} ({'; '.join(errors)})" if errors else found.rpartition(":")[2]
    return Found(found == _STATUSES[str(asked.equals)], _short(told) or "no status")


@_check("no-error")
def _no_error(answer: Answer, _asked: Asked) -> Found:
    """There is a response, and no RegistryError of severity Error in it."""
    errors = answer.texts(f"//rs:RegistryError[not(@severity='{_SEVERITY}Warning')]/@errorCode")
    return Found(not errors and bool(answer.texts(_STATUS)[0]), ", ".join(errors) or "none")


@_check("error")
def _error(answer: Answer, asked: Asked) -> Found:
    """There is a RegistryError {code} of severity Error."""
    found = [
        f"{item.get('errorCode')} {(item.get('severity') or f'{_SEVERITY}Error').rpartition(':')[2]}"
        for item in answer.xpath("//rs:RegistryError")
    ]
    passed = any(f"{code} Error" in found for code in asked.code)
    return Found(passed, ", ".join(found) or "no RegistryError")


@_check("context")
def _context(answer: Answer, asked: Asked) -> Found:
    """The codeContext of a RegistryError {code} names {text}."""
    contexts = [
        str(item.get("codeContext") or "")
        for item in answer.xpath("//rs:RegistryError")
        if not asked.code or item.get("errorCode") in asked.code
    ]
    return Found(any(asked.text in item for item in contexts), _short(" | ".join(contexts) or "none"))


@_check("count")
def _count(answer: Answer, asked: Asked) -> Found:
    """{of} is there {equals} times."""
    # Absence says something only in an answer that could hold it.
    found = len(answer.xpath(asked.of)) if answer.body is not None else 0
    return Found(found == asked.equals, f"{found} times")


@_check("values")
def _values(answer: Answer, asked: Asked) -> Found:
    """{of} is {equals} (in any order)."""
    found = answer.texts(asked.of)
    wanted = asked.equals if isinstance(asked.equals, tuple) else (str(asked.equals),)
    return Found(sorted(found) == sorted(wanted), _short(_listed(tuple(found)) or "nothing"))


@_check("differs")
def _differs(answer: Answer, asked: Asked) -> Found:
    """{of} is there, and none is {equals}."""
    found = answer.texts(asked.of)
    return Found(
        bool(found) and all(item and item != asked.equals for item in found), _short(_listed(tuple(found)))
    )


@_check("matches")
def _matches(answer: Answer, asked: Asked) -> Found:
    """{of} is there, and each is of the form {text}."""
    found = answer.texts(asked.of)
    passed = bool(found) and all(re.fullmatch(asked.text, item) for item in found)
    return Found(passed, _short(_listed(tuple(found)) or "nothing"))


@_check("after")
def _after(answer: Answer, asked: Asked) -> Found:
    """{of} is a time later than {equals}."""
    found = answer.texts(asked.of)
    return Found(len(found) == 1 and found[0] > str(asked.equals), _listed(tuple(found)) or "nothing")


@_check("holds")
def _holds(answer: Answer, asked: Asked) -> Found:
    """{of} holds."""
    return Found(
        answer.xpath(asked.of) == [True], "it does" if answer.xpath(asked.of) == [True] else "it does not"
    )


@_check("document-sha1")
def _document_sha1(answer: Answer, asked: Asked) -> Found:
    """The octets of the document {of} have the SHA-1 {equals}."""
    digests = [
        hashlib.sha1(item.octets, usedforsecurity=False).hexdigest()
        for item in answer.documents()
        if item.unique_id == asked.of
    ]
    return Found(digests == [asked.equals], ", ".join(digests) or "no such document")


@_check("document-type")
def _document_type(answer: Answer, asked: Asked) -> Found:
    """The mimeType of the document {of} is {equals}."""
    kinds = [item.mime_type for item in answer.documents() if item.unique_id == asked.of]
    return Found(kinds == [asked.equals], ", ".join(kinds) or "no such document")


@_check("fault")
def _fault(answer: Answer, asked: Asked) -> Found:
    """The answer is a SOAP 1.2 fault with the code {code}."""
    found = [item.rpartition(":")[2] for item in answer.texts("//env:Fault/env:Code/env:Value")]
    return Found(len(found) == 1 and found[0] in asked.code, ", ".join(found) or "no fault")


@_check("subcode")
def _subcode(answer: Answer, asked: Asked) -> Found:
    """The fault's subcode is {code}."""
    found = [item.rpartition(":")[2] for item in answer.texts("//env:Fault/env:Code/env:Subcode/env:Value")]
    return Found(len(found) == 1 and found[0] in asked.code, ", ".join(found) or "no subcode")


@_check("soap11-fault")
def _soap11_fault(answer: Answer, _asked: Asked) -> Found:
    """The answer is a fault in a SOAP envelope whose code is VersionMismatch (of SOAP 1.1 or 1.2)."""
    found = answer.texts("//*[local-name()='Fault']//*[local-name()='Value' or local-name()='faultcode']")
    return Found(
        [item.rpartition(":")[2] for item in found] == ["VersionMismatch"], ", ".join(found) or "no fault"
    )


@_check("field")
def _field(answer: Answer, asked: Asked) -> Found:
    """{of} of the acknowledgement is {code}."""
    found = answer.segment(asked.of)
    return Found(found in asked.code, found or "nothing")


def _listed(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(str(item) for item in value)
    return str(value)


def _short(text: str) -> str:
    return text if len(text) <= _LONG else f"{text[:_LONG]} …"


@cache
def _schemas() -> etree.XMLSchema:
    driver = etree.Element(f"{{{_XS}}}schema")
    for prefix, name in _SCHEMAS.items():
        location = str(files("xds.schemas") / name)
        etree.SubElement(driver, f"{{{_XS}}}import", namespace=PREFIXES[prefix], schemaLocation=location)
    return etree.XMLSchema(driver)
