"""What one peer may have of a process, and what a full disk may cost: each limit at its value and one beyond."""

import http.client
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.transactions import samples
from tests.transactions.conftest import Service
from tests.transactions.wire import (
    PATH,
    SOAP,
    Answer,
    envelope,
    post,
    raw,
    related,
    send,
    send_mtom,
)
from xds.pki import Authority, pem_of

Start = Callable[..., Service]
QUERY = envelope("ITI-18", samples.find_body("T1^^^&2.999.1.1&ISO"))
MIB = 1024 * 1024


def from_address(port: int, address: str) -> Answer:
    """A query of another peer: on Linux every address of 127/8 is this machine's."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30, source_address=(address, 0))
    try:
        connection.request("POST", PATH["ITI-18"], QUERY, {"Content-Type": SOAP})
        response = connection.getresponse()
        return Answer(response.status, dict(response.getheaders()), response.read())
    finally:
        connection.close()


def eventually(what: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "did not come true"
        time.sleep(0.02)


@contextmanager
def half_sent(port: int) -> Iterator[socket.socket]:
    """A query whose last octet is not sent yet."""
    head = f"POST {PATH['ITI-18']} HTTP/1.1\r\nHost: x\r\nContent-Type: {SOAP}\r\nContent-Length: {len(QUERY)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(head.encode() + QUERY[:-1])
        yield connection


def finish(connection: socket.socket) -> int:
    connection.sendall(QUERY[-1:])
    response = http.client.HTTPResponse(connection, method="POST")
    response.begin()
    response.read()
    return response.status


def refused(answer: Answer, status: int, fault_id: str, seconds: int) -> None:
    assert (answer.status, answer.fault_id) == (status, fault_id), answer.body
    assert answer.headers["Retry-After"] == str(seconds)
    assert answer.headers["Connection"] == "close"
    assert f"after {seconds} s" in answer.reason


def test_requests_of_one_peer_under_way(start: Start) -> None:
    service = start(server={"workers": 1}, limits={"in_flight_per_peer": 3})
    with ExitStack() as stack:
        waiting = [stack.enter_context(half_sent(service.port)) for _ in range(2)]
        time.sleep(0.3)
        assert post(service.port, PATH["ITI-18"], QUERY).status == 200  # the third
        waiting.append(stack.enter_context(half_sent(service.port)))
        eventually(lambda: post(service.port, PATH["ITI-18"], QUERY).status == 503)
        # Refused before its body is read: none is sent.
        answer = raw(service.port, PATH["ITI-18"], b"", f"Content-Type: {SOAP}", "Content-Length: 1000")
        refused(answer, 503, "busy", 2)
        assert "requests of this peer" in answer.reason and answer.fault == "Receiver"
        assert from_address(service.port, "127.0.0.2").status == 200  # another peer is let in
        assert [finish(connection) for connection in waiting] == [200, 200, 200]
    eventually(lambda: post(service.port, PATH["ITI-18"], QUERY).status == 200)


def test_a_peer_that_vanishes_while_it_sends_is_counted_out(start: Start) -> None:
    service = start(server={"workers": 1}, limits={"in_flight_per_peer": 1})
    with half_sent(service.port):
        eventually(lambda: post(service.port, PATH["ITI-18"], QUERY).status == 503)
    eventually(lambda: post(service.port, PATH["ITI-18"], QUERY).status == 200)


def test_the_rate_of_one_peer(start: Start) -> None:
    service = start(server={"workers": 1}, limits={"requests_per_second": 5})
    began = time.monotonic()
    statuses = [post(service.port, PATH["ITI-18"], QUERY).status for _ in range(5)]
    assert statuses == [200] * 5  # one second's worth at once
    answers = [
        raw(service.port, PATH["ITI-18"], QUERY, f"Content-Type: {SOAP}", f"Content-Length: {len(QUERY)}")
    ]
    while answers[-1].status == 200:  # a slow machine earned more meanwhile
        assert len(answers) <= 5 * (time.monotonic() - began) + 1
        answers.append(post(service.port, PATH["ITI-18"], QUERY))
    refused(answers[-1], 429, "rate", 1)
    assert "5 requests a second" in answers[-1].reason
    assert from_address(service.port, "127.0.0.3").status == 200
    time.sleep(1)
    assert post(service.port, PATH["ITI-18"], QUERY).status == 200


# -- downloads -------------------------------------------------------------------------------------------------------


def published(service: Service, content: bytes) -> str:
    entry = samples.entry(samples.fresh_patient())
    body, parts = samples.provide_body(
        samples.provided(samples.submission(entry)), {entry.entry_uuid: content}
    )
    answer = send_mtom(service.port, "ITI-41", body, *parts)
    assert answer.result == "Success", answer.body
    return entry.unique_id or ""


@contextmanager
def slow_download(port: int, unique_id: str) -> Iterator[http.client.HTTPResponse]:
    """A retrieve of which only the head is read."""
    content_type, octets = related(envelope("ITI-43", samples.retrieve_body(unique_id)))
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.connect()
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
    connection.request("POST", PATH["ITI-43"], octets, {"Content-Type": content_type})
    response = connection.getresponse()
    assert response.status == 200
    try:
        yield response
    finally:
        response.close()
        connection.close()


def p95(port: int, requests: int = 60) -> float:
    """Seconds that 95 % of the queries are faster than."""
    taken = []
    for _ in range(requests):
        began = time.perf_counter()
        assert post(port, PATH["ITI-18"], QUERY).status == 200
        taken.append(time.perf_counter() - began)
    return sorted(taken)[int(requests * 0.95) - 1]


def test_slow_downloads_never_hold_up_queries(start: Start) -> None:
    service = start(server={"workers": 1, "threads": 6}, limits={"downloads": 3})
    unique_id = published(service, os.urandom(24 * MIB))
    request = samples.retrieve_body(unique_id)
    idle = p95(service.port)
    with ExitStack() as stack:
        slow = [stack.enter_context(slow_download(service.port, unique_id)) for _ in range(2)]
        whole = send_mtom(service.port, "ITI-43", request)  # the third place
        assert whole.result == "Success" and len(whole.body) > 24 * MIB
        slow.append(stack.enter_context(slow_download(service.port, unique_id)))
        for _ in range(3):  # one more than there are places
            answer = send_mtom(service.port, "ITI-43", request)
            assert (answer.status, answer.fault_id) == (503, "busy")
            assert answer.headers["Retry-After"] == "2" and "downloads" in answer.reason
        busy = p95(service.port)
        assert busy < max(4 * idle, 0.1), (idle, busy)
        # What takes no place goes on: an ITI-43 that has no document to send, and an ITI-41.
        assert send_mtom(service.port, "ITI-43", samples.retrieve_body("2.999.404")).result == "Failure"
        published(service, b"meanwhile")
        # One that reads on gets all of it.
        assert len(slow[0].read()) == int(slow[0].headers["Content-Length"])
        eventually(lambda: send_mtom(service.port, "ITI-43", request).status == 200)
    # All are gone, two of them in the middle: every place is free again.
    with ExitStack() as stack:
        eventually(lambda: send_mtom(service.port, "ITI-43", request).status == 200)
        time.sleep(0.5)
        for _ in range(3):
            stack.enter_context(slow_download(service.port, unique_id))
        assert send_mtom(service.port, "ITI-43", request).status == 503


def test_a_client_that_vanishes_mid_download_frees_its_place(start: Start) -> None:
    service = start(server={"workers": 1, "threads": 6}, limits={"downloads": 1})
    unique_id = published(service, os.urandom(24 * MIB))
    request = samples.retrieve_body(unique_id)
    for _ in range(3):
        with slow_download(service.port, unique_id) as response:
            response.read(100_000)
            assert send_mtom(service.port, "ITI-43", request).status == 503
        eventually(lambda: send_mtom(service.port, "ITI-43", request).status == 200)


# -- free space ------------------------------------------------------------------------------------------------------


def test_without_room_documents_are_refused_and_the_rest_goes_on(start: Start) -> None:
    service = start(limits={"free_space_bytes": 1 << 60})
    small = published(service, b"x" * 1000)  # a query, a retrieve or a small report is let in
    for transaction, body in (
        ("ITI-18", samples.find_body("T1^^^&2.999.1.1&ISO")),
        ("ITI-43", samples.retrieve_body(small)),
    ):
        assert send(service.port, transaction, body).result == "Success"
    padded = QUERY.replace(b"</env:Body>", b"<!--%s--></env:Body>" % (b"x" * 400_000))
    assert post(service.port, PATH["ITI-18"], padded).result == "Success"  # the registry stores no document
    entry = samples.entry(samples.fresh_patient())
    body, parts = samples.provide_body(
        samples.provided(samples.submission(entry)), {entry.entry_uuid: b"x" * 300_000}
    )
    content_type, octets = related(envelope("ITI-41", body), *parts)
    for chunked in (False, True):
        answer = post(service.port, PATH["ITI-41"], octets, content_type=content_type, chunked=chunked)
        assert answer.status == 200
        assert (answer.result, answer.codes) == ("Failure", ["XDSRepositoryOutOfResources"])
        assert answer.headers["Content-Type"].startswith("multipart/related")
        assert answer.headers["Connection"] == "close"
        assert answer.elements("Action")[0].text == "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-bResponse"
    # Before the body is read: none is sent. Plain SOAP is answered plain.
    answer = raw(service.port, PATH["ITI-41"], b"", f"Content-Type: {SOAP}", "Content-Length: 300000")
    assert (answer.result, answer.codes) == ("Failure", ["XDSRepositoryOutOfResources"])
    assert answer.headers["Content-Type"].startswith("application/soap+xml")
    folder = service.folder / "data" / "documents"
    assert list((folder / "tmp").iterdir()) == []


@pytest.mark.parametrize("floor", [0, 1])
def test_with_room_documents_are_taken(start: Start, floor: int) -> None:
    service = start(limits={"free_space_bytes": floor})
    published(service, b"x" * 300_000)


def test_who_proves_nothing_too_often_waits(start: Start, tmp_path: Path) -> None:
    certificate, _ = Authority.made().issue("partner-a")
    (tmp_path / "a.pem").write_bytes(pem_of(certificate))
    service = start(
        server={"workers": 1},
        partners=[{"name": "partner-a", "certificates": [str(tmp_path / "a.pem")]}],
        security={"signed": ["ITI-18"]},
        limits={"failed_authentications": 3, "failed_authentication_seconds": 77},
    )
    for _ in range(3):
        answer = post(service.port, PATH["ITI-18"], QUERY)
        assert (answer.status, answer.fault_id) == (400, "signature-missing")
    waiting = post(service.port, PATH["ITI-18"], QUERY)
    assert (waiting.status, waiting.fault_id) == (429, "failed-authentications")
    assert 70 < int(waiting.headers["Retry-After"]) <= 77
    assert from_address(service.port, "127.0.0.2").status == 400, "another is listened to"
