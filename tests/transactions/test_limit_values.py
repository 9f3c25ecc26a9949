"""Limits on the wire, each at its value and one beyond: the answer that its setting names (security digest 9)."""

import http.client
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.transactions import samples
from tests.transactions.conftest import Service, base_settings, merged, running
from tests.transactions.wire import PATH, SOAP, Answer, envelope, post, related, send, send_mtom
from xds.model import ReturnType, Slot, StoredQuery

LIMITS = {
    "slot_values": 5,
    "value_length": 300,
    "query_ids": 4,
    "query_parameters": 6,
    "query_wildcards": 2,
    "leaf_class_results": 2,
    "object_ref_results": 3,
    "retrieve_documents": 2,
    "documents": 2,
    "mime_parts": 4,
    "mime_boundary_chars": 30,
    "http_header_fields": 20,
    "http_request_line": 200,
    "xml_depth": 20,
    "xml_attributes": 12,
}
PATIENT = "LIMITS^^^&2.999.1.1&ISO"
Ask = Callable[[int, int], Answer]
"""Sends a request of so many to the service at a port."""


@pytest.fixture(scope="module")
def limited(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("limited")
    settings = merged(base_settings(new_database(), folder), {"server": {"workers": 1}, "limits": LIMITS})
    with running(folder, settings) as service:
        yield service


def _registered(port: int, **changes: object) -> Answer:
    made = samples.submission(samples.entry(samples.fresh_patient(), **changes))
    return send(port, "ITI-42", samples.register_body(made))


def slot_values(port: int, count: int) -> Answer:
    values = tuple(f"value {number}" for number in range(count))
    return _registered(port, extra_slots=(Slot(name="urn:x:limits", values=values),))


def value_length(port: int, count: int) -> Answer:
    return _registered(port, extra_slots=(Slot(name="urn:x:limits", values=("v" * count,)),))


def query_ids(port: int, count: int) -> Answer:
    ids = samples.slot("$XDSDocumentEntryUniqueId", *(f"2.999.404.{number}" for number in range(count)))
    return send(port, "ITI-18", samples.query_body(StoredQuery.GET_DOCUMENTS, ids))


def query_parameters(port: int, count: int) -> Answer:
    more = [samples.slot("$XDSDocumentEntryEventCodeList", f"CT{n}^^2.999") for n in range(count - 2)]
    return send(port, "ITI-18", samples.find_body(PATIENT, *more))


def query_wildcards(port: int, count: int) -> Answer:
    author = samples.slot("$XDSDocumentEntryAuthorPerson", "%a" * count)
    return send(port, "ITI-18", samples.find_body(PATIENT, author))


def _found(port: int, count: int, return_type: ReturnType) -> Answer:
    patient = samples.fresh_patient()
    for _ in range(count):
        send(port, "ITI-42", samples.register_body(samples.submission(samples.entry(patient))))
    return send(port, "ITI-18", samples.find_body(patient, return_type=return_type))


def leaf_class_results(port: int, count: int) -> Answer:
    return _found(port, count, ReturnType.LEAF_CLASS)


def object_ref_results(port: int, count: int) -> Answer:
    return _found(port, count, ReturnType.OBJECT_REF)


def _provided(port: int, count: int) -> tuple[Answer, list[str]]:
    patient = samples.fresh_patient()
    made = samples.provided(samples.submission(*(samples.entry(patient) for _ in range(count))))
    contents = {item.entry_uuid: item.entry_uuid.encode() for item in made.document_entries}
    body, parts = samples.provide_body(made, contents)
    return send_mtom(port, "ITI-41", body, *parts), [item.unique_id or "" for item in made.document_entries]


def documents(port: int, count: int) -> Answer:
    return _provided(port, count)[0]


def retrieve_documents(port: int, count: int) -> Answer:
    wanted = [name for _ in range(count) for name in _provided(port, 1)[1]]
    return send_mtom(port, "ITI-43", samples.retrieve_body(*wanted))


def _query() -> bytes:
    return envelope("ITI-18", samples.find_body(PATIENT))


def mime_parts(port: int, count: int) -> Answer:
    """Every part but the root is referred to by nothing, which is another fault: the limit comes first."""
    parts = [(f"part{number}@test", b"octets") for number in range(count - 1)]
    content_type, octets = related(_query(), *parts)
    return post(port, PATH["ITI-18"], octets, content_type=content_type)


def mime_boundary_chars(port: int, count: int) -> Answer:
    content_type, octets = related(_query(), boundary="b" * count)
    return post(port, PATH["ITI-18"], octets, content_type=content_type)


def _with_head(port: int, path: str, headers: dict[str, str]) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.putrequest("POST", path, skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders(_query())
        response = connection.getresponse()
        return Answer(response.status, dict(response.getheaders()), response.read())
    finally:
        connection.close()


def _head() -> dict[str, str]:
    return {"Host": "localhost", "Content-Type": SOAP, "Content-Length": str(len(_query()))}


def http_header_fields(port: int, count: int) -> Answer:
    more = {f"X-Field-{number}": "value" for number in range(count - len(_head()))}
    return _with_head(port, PATH["ITI-18"], _head() | more)


def http_request_line(port: int, count: int) -> Answer:
    path = PATH["ITI-18"]
    line = len(f"POST {path}? HTTP/1.1")
    return _with_head(port, f"{path}?{'q' * (count - line)}", _head())


def xml_depth(port: int, count: int) -> Answer:
    """The innermost element stands in a header that nobody has to understand: Envelope, Header, then the rest."""
    inner = b"<x:a xmlns:x='urn:x'>" + b"<x:a>" * (count - 3) + b"</x:a>" * (count - 3) + b"</x:a>"
    return post(port, PATH["ITI-18"], _query().replace(b"</env:Header>", inner + b"</env:Header>"))


def xml_attributes(port: int, count: int) -> Answer:
    attributes = " ".join(f'a{number}="1"' for number in range(count))
    inner = f"<x:a xmlns:x='urn:x' {attributes}/>".encode()
    return post(port, PATH["ITI-18"], _query().replace(b"</env:Header>", inner + b"</env:Header>"))


@dataclass(frozen=True)
class Case:
    """What answers at a limit and beyond it."""

    ask: Ask
    beyond: str | int  # errorCode of a RegistryError, HTTP status, or id of a fault
    at: str | int = "Success"  # result, HTTP status, or id of another fault

    @property
    def name(self) -> str:
        return self.ask.__name__


CASES = [
    Case(slot_values, "XDSRegistryMetadataError"),
    Case(value_length, "XDSRegistryMetadataError"),
    Case(query_ids, "XDSTooManyResults"),
    Case(query_parameters, "XDSStoredQueryParamNumber"),
    Case(query_wildcards, "XDSRegistryError"),
    Case(leaf_class_results, "XDSTooManyResults"),
    Case(object_ref_results, "XDSTooManyResults"),
    Case(documents, "XDSRepositoryMetadataError"),
    Case(retrieve_documents, "XDSTooManyResults"),
    Case(mime_parts, "mime", at="part-unused"),
    Case(mime_boundary_chars, "mime"),
    Case(http_header_fields, 431, at=200),
    Case(http_request_line, 414, at=200),
    Case(xml_depth, "malformed-xml"),
    Case(xml_attributes, "malformed-xml"),
]


def told(answer: Answer) -> set[str | int]:
    """Everything by which an answer may be named."""
    found: set[str | int] = {answer.status}
    if answer.root is not None:
        found |= {answer.fault_id, answer.result, *answer.codes}
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_at_the_limit_and_one_beyond(case: Case, limited: Service) -> None:
    limit = LIMITS[case.name]
    at, beyond = case.ask(limited.port, limit), case.ask(limited.port, limit + 1)
    assert case.at in told(at) and case.beyond not in told(at)
    assert case.beyond in told(beyond) and case.at not in told(beyond)
    if isinstance(case.beyond, str):
        text = " ".join([beyond.reason, *beyond.contexts]) if beyond.root is not None else ""
        assert str(limit) in text  # the answer names the limit


def test_each_case_is_a_limit() -> None:
    assert {case.name for case in CASES} == set(LIMITS)
