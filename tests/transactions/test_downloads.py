"""A document of a gigabyte goes in and comes out while no process grows; nothing waits for the whole of it."""

import base64
import hashlib
import http.client
import re
import shutil
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.transactions import samples
from tests.transactions.conftest import Service, base_settings, merged, running
from tests.transactions.test_iti42 import found
from tests.transactions.wire import PATH, envelope, related, send
from xds.mime import iter_parts, parse_content_type

MIB = 1024 * 1024
SIZE = 1024 * MIB
GROWTH = 64 * MIB
_BLOCK = hashlib.shake_256(b"a fabricated document").digest(MIB)

pytestmark = pytest.mark.slow


def content() -> Iterator[bytes]:
    """A document of SIZE octets, no two pieces alike, never as a whole."""
    for number in range(SIZE // MIB):
        yield number.to_bytes(8, "big") + _BLOCK[8:]


@dataclass(frozen=True, slots=True)
class Stored:
    """A service that has the document."""

    service: Service
    unique_id: str
    sha1: str
    growth: int  # octets that the process which grew most grew by while it came in


def processes(service: Service) -> list[int]:
    return [service.process.pid, *service.workers()]


def memory(pid: int, name: str) -> int:
    """VmRSS or VmHWM of a process in octets."""
    match = re.search(rf"^{name}:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text("ascii"), re.MULTILINE)
    assert match is not None
    return int(match[1]) * 1024


class Growth:
    """How much the processes of a service grow at their peak, from now on."""

    def __init__(self, service: Service) -> None:
        self._before = {}
        for pid in processes(service):
            Path(f"/proc/{pid}/clear_refs").write_text("5", "ascii")  # the peak begins anew
            self._before[pid] = memory(pid, "VmRSS")

    def most(self) -> int:
        return max(memory(pid, "VmHWM") - before for pid, before in self._before.items())


def octets_read(service: Service) -> int:
    """What all processes of a service have read so far, from files and sockets."""
    total = 0
    for pid in processes(service):
        match = re.search(r"^rchar: (\d+)$", Path(f"/proc/{pid}/io").read_text("ascii"), re.MULTILINE)
        assert match is not None
        total += int(match[1])
    return total


def upload(
    service: Service, made_of: Iterable[bytes], size: int, around: tuple[bytes, bytes], content_type: str
) -> bytes:
    """POST a body that is never whole in this process."""
    before, after = around
    length = len(before) + size + len(after)
    head = "\r\n".join(
        (
            f"POST {PATH['ITI-41']} HTTP/1.1",
            "Host: localhost",
            f"Content-Type: {content_type}",
            f"Content-Length: {length}",
            "",
            "",
        )
    )
    with socket.create_connection(("127.0.0.1", service.port), timeout=120) as connection:
        connection.sendall(head.encode() + before)
        for piece in made_of:
            connection.sendall(piece)
        connection.sendall(after)
        response = http.client.HTTPResponse(connection, method="POST")
        response.begin()
        return response.read()


@pytest.fixture(scope="module")
def stored(
    postgres: str, new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stored]:
    """The limits raised, and the document published by ITI-41 with MTOM."""
    folder = tmp_path_factory.mktemp("large")
    limits = {"request_bytes": 2 * SIZE, "document_bytes": SIZE, "free_space_bytes": 0}
    settings = merged(base_settings(new_database(), folder), {"limits": limits})
    try:
        with running(folder, settings) as service:
            yield _publish(service)
    finally:
        shutil.rmtree(folder / "data", ignore_errors=True)


def _publish(service: Service) -> Stored:
    patient = samples.fresh_patient()
    entry = samples.entry(patient)
    body, _ = samples.provide_body(samples.provided(samples.submission(entry)), {entry.entry_uuid: b""})
    content_type, octets = related(envelope("ITI-41", body), ("doc0@test", b"HERE"))
    before, _, after = octets.partition(b"HERE")
    send(service.port, "ITI-18", samples.find_body(patient))
    digest = hashlib.sha1(usedforsecurity=False)

    def hashed() -> Iterator[bytes]:
        for piece in content():
            digest.update(piece)
            yield piece

    growth = Growth(service)
    answer = upload(service, hashed(), SIZE, (before, after), content_type)
    assert b"ResponseStatusType:Success" in answer, answer
    most = growth.most()
    (registered,) = found(service, patient).values()
    assert (registered.hash, registered.size) == (digest.hexdigest(), str(SIZE))
    return Stored(service, entry.unique_id or "", digest.hexdigest(), most)


def test_a_document_of_1_gib_comes_in_with_memory_flat(stored: Stored) -> None:
    print(f"growth while 1 GiB came in: {stored.growth / MIB:.1f} MiB")
    assert stored.growth < GROWTH


def test_inline_base64_comes_in_with_memory_flat(stored: Stored) -> None:
    """Plain SOAP with the document in the envelope: its text goes to disk while the XML is parsed."""
    patient = samples.fresh_patient()
    entry = samples.entry(patient)
    body = samples.inline_body(samples.provided(samples.submission(entry)), {entry.entry_uuid: b"HERE!!"})
    before, _, after = envelope("ITI-41", body).partition(base64.b64encode(b"HERE!!"))
    text = base64.b64encode(_BLOCK[:-1])  # 3 divides its length
    growth = Growth(stored.service)
    answer = upload(
        stored.service, [text] * 96, 96 * len(text), (before, after), "application/soap+xml; charset=UTF-8"
    )
    assert b"ResponseStatusType:Success" in answer, answer
    (registered,) = found(stored.service, patient).values()
    assert registered.size == str(96 * (MIB - 1))
    print(f"growth while 96 MiB came in as base64: {growth.most() / MIB:.1f} MiB")
    assert growth.most() < GROWTH


def retrieve(stored: Stored, *, mtom: bool = True) -> http.client.HTTPResponse:
    """Ask for the document; only the head of the answer is read."""
    body = envelope("ITI-43", samples.retrieve_body(stored.unique_id))
    content_type, octets = related(body) if mtom else ("application/soap+xml", body)
    connection = http.client.HTTPConnection("127.0.0.1", stored.service.port, timeout=60)
    connection.request("POST", PATH["ITI-43"], octets, {"Content-Type": content_type, "Connection": "close"})
    response = connection.getresponse()
    assert response.status == 200
    return response


def test_it_goes_out_with_memory_flat_and_content_length(stored: Stored) -> None:
    growth = Growth(stored.service)
    digest, size = hashlib.sha1(usedforsecurity=False), 0
    with closing(retrieve(stored)) as response:
        length = int(response.headers["Content-Length"])
        assert SIZE < length < SIZE + 16_384
        boundary = parse_content_type(response.headers["Content-Type"]).boundary
        for number, part in enumerate(iter_parts(response, boundary)):
            for piece in part.pieces():
                if number == 1:
                    digest.update(piece)
                    size += len(piece)
        assert response.length == 0  # all that was announced has come, and no more
    assert (size, digest.hexdigest()) == (SIZE, stored.sha1)
    print(f"growth while 1 GiB went out: {growth.most() / MIB:.1f} MiB")
    assert growth.most() < GROWTH


def test_the_first_octet_leaves_before_the_whole_was_read(stored: Stored) -> None:
    before, began = octets_read(stored.service), time.perf_counter()
    with closing(retrieve(stored)) as response:
        assert len(response.read(64 * 1024)) == 64 * 1024
        seconds = time.perf_counter() - began
        read = octets_read(stored.service) - before
        # What the sockets of both sides hold was read as well: some megabytes.
        assert read < SIZE // 16, f"{read} octets were read before 64 KiB were taken"
        assert seconds < 2
        print(f"first 64 KiB after {seconds * 1000:.0f} ms, {read / MIB:.1f} MiB read of 1 GiB")


def test_inline_it_goes_out_in_the_same_way(stored: Stored) -> None:
    """Plain SOAP, base64: the length is known and the first octets leave at once."""
    growth, before = Growth(stored.service), octets_read(stored.service)
    with closing(retrieve(stored, mtom=False)) as response:
        assert SIZE * 4 // 3 < int(response.headers["Content-Length"]) < SIZE * 4 // 3 + 16_384
        taken = 0
        while taken < 128 * MIB:
            taken += len(response.read(MIB))
        assert octets_read(stored.service) - before < SIZE // 4
    assert growth.most() < GROWTH


def test_a_download_that_is_broken_off_leaves_the_service_well(stored: Stored) -> None:
    for _ in range(3):
        with closing(retrieve(stored)) as response:
            response.read(MIB)
    assert send(stored.service.port, "ITI-43", samples.retrieve_body("2.999.404")).result == "Failure"
