"""`xds feed`, the real command: MLLP in, the registry and repository of a real service behind it."""

import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import free_port
from tests.feeds.messages import code, errors, feed
from tests.source.oru import DOMAIN, oru, pdf_obx
from tests.transactions.conftest import Service
from tests.transactions.test_iti8 import certified
from tests.transactions.wire import PATH
from xds.client import RegistryClient, RepositoryClient
from xds.content import read_cda
from xds.model import AvailabilityStatus, DocumentEntry, DocumentRequest

APPROVED, DEPRECATED = AvailabilityStatus.APPROVED, AvailabilityStatus.DEPRECATED
PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n%%EOF\n"


class Running:
    """A feed of its own folder, started and stopped by the test."""

    def __init__(self, service: Service, folder: Path) -> None:
        self.service = service
        self.folder = folder
        self.port = free_port()
        self.page = free_port()
        self.config = folder / "feed.toml"
        self.process: subprocess.Popen[bytes] | None = None
        self.write()

    def write(self, *, base: str | None = None, tls: str = "", **more: str) -> None:
        base = base or self.service.url
        lines = [f'{key} = "{value}"' for key, value in more.items()]
        self.config.write_text(
            "\n".join(
                [
                    'data_dir = "queue"',
                    'folder = "in"',
                    f'repository = "{base}{PATH["ITI-41"]}"',
                    f'registry = "{self.service.url}{PATH["ITI-18"]}"',
                    'source_id = "2.999.4.1"',
                    f'patient_authority = "{DOMAIN}"',
                    f"status_port = {self.page}",
                    *lines,
                    f"[mllp]\nport = {self.port}\n{tls}",
                    '[authorities]\nCANON = "2.16.840.1.113883.4.59"',
                    '[[senders]]\ninstitution_name = "Lakeview Hospital"\ninstitution_oid = "2.999.23.1"',
                ]
            ),
            "utf-8",
        )
        (self.folder / "in").mkdir(exist_ok=True)

    def start(self) -> None:
        with (self.folder / "log.txt").open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "xds", "feed", "--config", str(self.config), "--timeout", "20"],
                stdout=output,
                stderr=output,
                cwd=Path(__file__).parents[2],
                env=dict(os.environ),
            )
        until(self.is_listening)

    def is_listening(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log()
        return all(is_open(port) for port in (self.port, self.page))

    def log(self) -> str:
        return (self.folder / "log.txt").read_text("utf-8")

    def end(self, number: int = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(30)

    def send(self, octets: bytes) -> list[list[str]]:
        with feed(self.port) as connection:
            return connection.send(octets)

    def status(self) -> dict[str, Any]:
        done = self.command("status", "--json")
        found: dict[str, Any] = json.loads(done)
        return found

    def command(self, name: str, *arguments: str) -> str:
        command = [sys.executable, "-m", "xds", "feed", name, "--config", str(self.config), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def counts(self) -> dict[str, int]:
        """How many messages are in each state, by the metrics."""
        found = re.findall(r'xds_feed_messages{state="(\w+)"} (\d+)', fetched(self.page, "/metrics"))
        return {state: int(count) for state, count in found}

    def settled(self) -> dict[str, int]:
        """The counts when nothing waits any more."""
        until(lambda: self.counts()["waiting"] == 0)
        return self.counts()


def is_open(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


def until(is_so: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.05)


@pytest.fixture
def running(service: Service, tmp_path: Path) -> Iterator[Running]:
    found = Running(service, tmp_path)
    yield found
    if found.process is not None and found.process.poll() is None:
        found.process.kill()
        found.process.wait()


def entries(service: Service, patient: str) -> list[DocumentEntry]:
    """What the registry has of a patient, in the order of their messages."""
    with RegistryClient(service.url + PATH["ITI-18"]) as client:
        answer = client.find_documents(f"{patient}^^^&{DOMAIN}&ISO", status=(APPROVED, DEPRECATED))
    return sorted(answer.objects.document_entries, key=lambda item: item.creation_time or "")


def octets_of(service: Service, entry: DocumentEntry) -> bytes:
    with RepositoryClient(service.url + PATH["ITI-41"]) as client:
        request = DocumentRequest(
            repository_unique_id=entry.repository_unique_id or "", document_unique_id=entry.unique_id or ""
        )
        (document,) = client.retrieve_bytes([request]).documents
    return document.content


def relations(service: Service, entry: DocumentEntry) -> set[tuple[str, str]]:
    with RegistryClient(service.url + PATH["ITI-18"]) as client:
        answer = client.stored_query("GetAssociations", {"uuid": [entry.entry_uuid]})
    return {
        (item.association_type.rpartition(":")[2], item.target)
        for item in answer.objects.associations
        if item.source == entry.entry_uuid
    }


def test_a_report_goes_from_the_socket_to_the_registry(running: Running) -> None:
    running.start()
    assert code(running.send(oru(patient="F1", accession="F1-1"))) == "AA"
    assert (
        code(running.send(oru(patient="F1", accession="F1-2", obx=(pdf_obx(PDF),), obr22="20240312"))) == "AA"
    )
    assert running.settled() == {"waiting": 0, "published": 2, "nothing": 0, "dead": 0}
    cda, pdf = sorted(entries(running.service, "F1"), key=lambda item: item.mime_type, reverse=True)
    assert read_cda(octets_of(running.service, cda)).unique_id == cda.unique_id
    assert octets_of(running.service, pdf) == PDF
    assert running.end() == 0


def test_the_life_of_a_report(running: Running) -> None:
    running.start()
    times = iter(f"202403111{hour}0000-0500" for hour in range(10))

    def send(status: str, **changes: Any) -> None:
        message = oru(patient="F2", accession="F2-1", status=status, obr22=next(times), **changes)
        assert code(running.send(message)) == "AA"

    for status in "PFC":
        send(status)
    send("F", lines=("more",), observed="18748-4&ADT^^LN")
    send("P")
    running.settled()
    preliminary, final, corrected, addendum = entries(running.service, "F2")
    assert [item.availability_status for item in (preliminary, final, corrected, addendum)] == [
        DEPRECATED, DEPRECATED, APPROVED, APPROVED,
    ]  # fmt: skip
    assert ("RPLC", preliminary.entry_uuid) in relations(running.service, final)
    assert ("RPLC", final.entry_uuid) in relations(running.service, corrected)
    assert ("APND", corrected.entry_uuid) in relations(running.service, addendum)
    assert preliminary.legal_authenticator is None
    send("W")
    found = running.settled()
    assert found == {"waiting": 0, "published": 5, "nothing": 1, "dead": 0}
    assert {item.availability_status for item in entries(running.service, "F2")} == {DEPRECATED}
    send("F")
    running.settled()
    assert [item.availability_status for item in entries(running.service, "F2")][-1] is APPROVED


def test_killed_between_acknowledgement_and_publishing(running: Running) -> None:
    running.write(base=f"http://127.0.0.1:{free_port()}")
    running.start()
    message = oru(patient="F3", accession="F3-1")
    assert code(running.send(message)) == "AA"
    assert running.end(signal.SIGKILL) == -signal.SIGKILL
    assert entries(running.service, "F3") == []
    running.write()
    running.start()
    assert (
        code(running.send(message)) == "AA"
    )  # the sender repeats it: its acknowledgement may have been lost
    assert running.settled()["published"] == 1
    assert len(entries(running.service, "F3")) == 1


def test_killed_between_publishing_and_its_answer(running: Running) -> None:
    with swallowing(running.service.port) as (port, arrived):
        running.write(base=f"http://127.0.0.1:{port}")
        running.start()
        assert code(running.send(oru(patient="F4", accession="F4-1"))) == "AA"
        assert code(running.send(oru(patient="F4", accession="F4-1", status="C"))) == "AA"
        assert arrived.wait(20)
        until(lambda: len(entries(running.service, "F4")) == 1)
        running.end(signal.SIGKILL)
    running.write()
    running.start()
    assert running.settled() == {"waiting": 0, "published": 2, "nothing": 0, "dead": 0}
    assert sorted(item.availability_status.name for item in entries(running.service, "F4")) == [
        "APPROVED",
        "DEPRECATED",
    ]


def test_what_is_wrong_is_answered_kept_and_shown(running: Running) -> None:
    running.start()
    answer = running.send(oru(pid3="MRN7^^^&2.999.18.7&ISO", patient="F5"))
    assert (code(answer), errors(answer)) == ("AE", [("204", "PID^1^3")])
    assert code(running.send(oru(accession="F5-2", status="W", patient="F5"))) == "AA"
    until(lambda: running.counts()["dead"] == 2)
    reasons = [item["reason"] for item in running.status()["dead_letters"]]
    assert "PID-3" in reasons[0]
    assert "did not publish" in reasons[1]
    assert running.command("retry") == "2 messages are tried again\n"
    until(lambda: running.counts()["dead"] == 2)


def test_what_the_feed_does_not_take(running: Running) -> None:
    running.start()
    header = "MSH|^~\\&|RIS|LAKEVIEW|XDS|DIR|20240311||{}|M1|{}|2.5"
    assert code(running.send(oru(header=header.format("ADT^A04", "P")))) == "AR"
    assert code(running.send(oru(header=header.format("ORU^R01", "T")))) == "AR"
    assert code(running.send(b"PID|1")) == "AR"
    assert running.counts()["dead"] == 0


def test_files_of_the_folder(running: Running) -> None:
    inbox = running.folder / "in"
    (inbox / "a.hl7").write_bytes(oru(patient="F6", accession="F6-1") + oru(patient="F6", accession="F6-2"))
    (inbox / "b.hl7").write_bytes(oru(pid3="X"))
    running.start()
    until(lambda: (inbox / "refused" / "b.hl7.findings").exists() and (inbox / "taken" / "a.hl7").exists())
    assert "PID^1^3" in (inbox / "refused" / "b.hl7.findings").read_text("utf-8")
    running.settled()
    assert len(entries(running.service, "F6")) == 2


def test_unmapped_codes_are_ranked_and_the_page_shows_them(running: Running) -> None:
    (running.folder / "map.toml").write_text(
        '["2.999.23.1.102.1"]\n"1859" = { type = "24627-2^^2.16.840.1.113883.6.1" }\n'
    )
    running.write(concept_map="map.toml")
    running.start()
    for number, local in enumerate(("1859", "77", "88", "88")):
        message = oru(patient="F7", accession=f"F7-{number}", obr4=f"{local}^X RAY^2.999.23.1.102.1")
        assert code(running.send(message)) == "AA"
    running.settled()
    found = running.status()
    assert [(item["code"], item["count"]) for item in found["unmapped"]] == [("88", 2), ("77", 1)]
    page = fetched(running.page, "/")
    assert "<td>88<td>2.999.23.1.102.1<td>2" in page
    assert 'xds_feed_messages{state="published"} 4' in fetched(running.page, "/metrics")
    assert {item.type_code.code for item in entries(running.service, "F7") if item.type_code} == {
        "24627-2",
        "18748-4",
    }


def test_tls_with_certificates_of_both_sides(running: Running) -> None:
    authority = certified(running.folder, "authority")
    for name in ("feed", "source"):
        certified(running.folder, name, authority)
    certified(running.folder, "stranger")
    running.write(tls='certificate = "feed.pem"\nclient_ca = "authority.pem"')
    running.start()
    root = (running.folder / "authority.pem").read_text("ascii").partition("-----BEGIN PRIVATE KEY")[0]

    def context(name: str | None) -> ssl.SSLContext:
        made = ssl.create_default_context(cadata=root)
        made.verify_flags &= ~ssl.VERIFY_X509_STRICT
        if name is not None:
            made.load_cert_chain(running.folder / f"{name}.pem")
        return made

    message = oru(patient="F9", accession="F9-1")
    with feed(running.port, context=context("source")) as source:
        assert code(source.send(message)) == "AA"
    for name in (None, "stranger"):
        with (
            pytest.raises((ssl.SSLError, ConnectionError, EOFError)),
            feed(running.port, context=context(name)) as refused,
        ):
            refused.send(message)
    assert sum(running.settled().values()) == 1


def fetched(port: int, path: str) -> str:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        return b"".join(iter(lambda: connection.recv(65_536), b"")).decode()


def test_no_patient_is_in_the_log(running: Running) -> None:
    running.start()
    assert code(running.send(oru(patient="F8", accession="F8-1", pid5="Zwetschge^Quirin"))) == "AA"
    assert (
        code(running.send(oru(patient="F8", accession="F8-2", status="W", pid5="Zwetschge^Quirin"))) == "AA"
    )
    until(lambda: running.counts()["dead"] == 1)
    running.end()
    log = running.log()
    assert "feed: published" in log
    for value in ("Zwetschge", "Quirin", "F8-1", "F8-2", "F8^", "MRN7", "19710304"):
        assert value not in log


@contextmanager
def swallowing(port: int) -> Iterator[tuple[int, threading.Event]]:
    """A way to a service on which no answer comes back."""
    arrived = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def forward() -> None:
        while True:
            try:
                taken, _ = listener.accept()
            except OSError:
                return
            with taken, socket.create_connection(("127.0.0.1", port)) as onward:
                threading.Thread(target=drained, args=(onward, arrived), daemon=True).start()
                while piece := received(taken):
                    onward.sendall(piece)

    threading.Thread(target=forward, daemon=True).start()
    try:
        yield listener.getsockname()[1], arrived
    finally:
        listener.close()


def received(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65_536)
    except OSError:
        return b""


def drained(connection: socket.socket, arrived: threading.Event) -> None:
    while received(connection):
        arrived.set()
