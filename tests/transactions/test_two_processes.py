"""A registry and a repository in two processes: ITI-42 over SOAP between them, and what happens when it fails."""

import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from tests.conftest import free_port
from tests.transactions import samples
from tests.transactions.conftest import Service, base_settings, merged, running
from tests.transactions.test_iti42 import found
from tests.transactions.wire import PATH, Answer, envelope, get, post, send, send_mtom
from xds.content import SUMMARY_FORMAT
from xds.model import EMPTY_SHA1, ON_DEMAND, AssociationType, Submission

SETTLED_SECONDS = 40  # housekeeping looks every 5 s, at most twice


class Wire:
    """A TCP way to the registry that can be cut: before the request arrives, or before its answer comes back."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.answers_to_lose = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        with client, suppress(OSError), socket.create_connection(("127.0.0.1", self._target)) as server:
            threading.Thread(target=self._pump, args=(client, server), daemon=True).start()
            while piece := server.recv(65_536):
                if self.answers_to_lose:
                    self.answers_to_lose -= 1
                    break
                client.sendall(piece)
            client.shutdown(socket.SHUT_RDWR)  # `close` alone waits for the other thread's recv

    @staticmethod
    def _pump(client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while piece := client.recv(65_536):
                server.sendall(piece)
            server.shutdown(socket.SHUT_WR)


class Pair:
    """The two services."""

    def __init__(self, new_database: Callable[[], str], make_folder: Callable[[str], Any]) -> None:
        self.repository_dsn = new_database()
        self._registry_dsn = new_database()
        self._registry_port = free_port()
        self._make_folder = make_folder
        self._running = ExitStack()
        self.wire = Wire(self._registry_port)
        self.registry = self.start_registry()
        self.repository = self._start(
            self.repository_dsn,
            server={"roles": ["repository"], "workers": 1},
            repository={"registry_url": f"http://127.0.0.1:{self.wire.port}{PATH['ITI-42']}"},
        )

    def _start(self, dsn: str, **changes: Any) -> Service:
        folder = self._make_folder("service")
        return self._running.enter_context(running(folder, merged(base_settings(dsn, folder), changes)))

    def start_registry(self, **changes: Any) -> Service:
        """Start it where it was, on its database."""
        server = {"roles": ["registry"], "port": self._registry_port, "workers": 1}
        self.registry = self._start(self._registry_dsn, server=server, **changes)
        return self.registry

    def close(self) -> None:
        self.wire.close()
        self._running.close()

    def states(self) -> list[str]:
        """States of the repository's submissions, in order."""
        with psycopg.connect(self.repository_dsn) as connection:
            query = "SELECT state FROM repository_submission ORDER BY submission_id"
            return [row[0] for row in connection.execute(query)]

    def publish(self, made: Submission, content: bytes, message_id: str | None = None) -> Answer:
        (entry,) = made.document_entries
        body, parts = samples.provide_body(made, {entry.entry_uuid: content})
        return send_mtom(self.repository.port, "ITI-41", body, *parts, message_id=message_id)

    def retrieve(self, made: Submission) -> Answer:
        (entry,) = made.document_entries
        return send_mtom(self.repository.port, "ITI-43", samples.retrieve_body(entry.unique_id or ""))

    def settled(self) -> None:
        """Wait until nothing is pending."""
        deadline = time.monotonic() + SETTLED_SECONDS
        while "pending" in self.states():
            assert time.monotonic() < deadline, self.states()
            time.sleep(0.2)


@pytest.fixture(scope="module")
def pair(
    postgres: str, new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    made = Pair(new_database, tmp_path_factory.mktemp)
    yield made
    made.close()


def made_for(patient: str, **changes: object) -> Submission:
    return samples.provided(samples.submission(samples.entry(patient, **changes)))


def test_publish_through_the_repository_query_the_registry_retrieve(pair: Pair) -> None:
    patient, content = samples.fresh_patient(), uuid.uuid4().bytes * 5000
    made = made_for(patient)
    answer = pair.publish(made, content)
    assert (answer.result, answer.codes) == ("Success", [])
    (stored,) = found(pair.registry, patient).values()
    assert (stored.hash, stored.size) == (samples.sha1(content), str(len(content)))
    assert stored.repository_unique_id == samples.REPOSITORY
    got = pair.retrieve(made)
    assert got.result == "Success" and content in got.body
    assert pair.states()[-1] == "registered"
    # A replacement goes over the wire whole: the registry deprecates what it replaces.
    newer = samples.entry(patient)
    replacement = samples.with_associations(
        samples.provided(samples.submission(newer)),
        samples.relation(AssociationType.RPLC, newer.entry_uuid, stored.entry_uuid),
    )
    assert pair.publish(replacement, b"newer").codes == []
    assert set(found(pair.registry, patient)) == {newer.unique_id}
    # Each end point of the absent role says where it is not.
    for service, absent, served in (
        (pair.registry, "ITI-43", "ITI-18"),
        (pair.repository, "ITI-18", "ITI-43"),
    ):
        refused = post(service.port, PATH[absent], envelope(absent, b"<x/>"))
        assert (refused.status, refused.fault_id) == (404, "not-served")
        assert PATH[served] in refused.reason
        assert get(service.port, PATH[absent]).status == 404
        wrong_door = post(service.port, PATH[served], envelope(absent, b"<x/>"))
        assert (wrong_door.status, wrong_door.fault_id) == (400, "action-unknown")


def test_the_registrys_findings_are_passed_on(pair: Pair) -> None:
    patient = samples.fresh_patient()
    made = made_for(patient, class_code=None)
    answer = pair.publish(made, b"octets")
    assert (answer.result, answer.codes) == ("Failure", ["XDSRegistryMetadataError"])
    assert "classCode" in answer.contexts[0]
    assert pair.states()[-1] == "rejected"
    assert pair.retrieve(made).codes == ["XDSDocumentUniqueIdError"]
    assert found(pair.registry, patient) == {}


def test_senders_are_told_their_own_ids(pair: Pair) -> None:
    """Also by a registry elsewhere, which sees the UUID that the repository made for the SubmissionSet."""
    made = made_for(samples.fresh_patient(), entry_uuid="Document01", creation_time="yesterday")
    made = replace(made, submission_sets=(replace(made.submission_sets[0], submission_time="today"),))
    answer = pair.publish(made, b"octets")
    assert [item.get("location") for item in answer.elements("RegistryError")] == [
        "Document01 creationTime",
        "SubmissionSet01 submissionTime",
    ]


def test_on_demand_and_delayed_documents_over_the_wire(pair: Pair) -> None:
    """The repository asks by ITI-18, registers the snapshot by ITI-42, and updates the delayed entry by ITI-57."""
    patient = samples.fresh_patient()
    published = made_for(patient)
    assert pair.publish(published, b"a report").result == "Success"
    for entry in (
        samples.on_demand_entry(patient, format_code=SUMMARY_FORMAT, legal_authenticator=None),
        samples.entry(
            patient, format_code=SUMMARY_FORMAT, hash=EMPTY_SHA1, size="0", creation_time="20990101"
        ),
    ):
        number = "ITI-61" if entry.object_type == ON_DEMAND else "ITI-42"
        body = samples.register_body(samples.submission(entry))
        assert send(pair.registry.port, number, body).result == "Success"
        got = send_mtom(pair.repository.port, "ITI-43", samples.retrieve_body(entry.unique_id or ""))
        assert got.result == "Success", got.contexts
        named = [item.text for item in got.elements("NewDocumentUniqueId")] or [entry.unique_id]
        stored = found(pair.registry, patient)[named[0] or ""]
        begin = got.body.index(b"<?xml", got.body.index(b"Envelope>"))
        content = got.body[begin : got.body.index(b"\r\n--", begin)]
        assert (stored.hash, stored.size) == (samples.sha1(content), str(len(content)))
        assert (published.document_entries[0].unique_id or "?").encode() in content


def test_a_lost_answer_is_asked_for_at_once(pair: Pair) -> None:
    """The registry registers and the way breaks: the repository asks it by ITI-18 and finds the submission."""
    patient, content = samples.fresh_patient(), b"octets whose answer is lost once"
    made = made_for(patient)
    pair.wire.answers_to_lose = 1
    answer = pair.publish(made, content)
    assert (answer.result, pair.wire.answers_to_lose) == ("Success", 0)
    assert content in pair.retrieve(made).body


@pytest.mark.slow
def test_registry_away_and_back(pair: Pair) -> None:
    """Nothing is retrievable before the registry has said that it is registered; then all is settled."""
    patient = samples.fresh_patient()
    lost, never = made_for(patient), made_for(patient)
    identities = [f"urn:uuid:{uuid.uuid4()}" for _ in range(2)]
    pair.wire.answers_to_lose = 2  # to the registration and to the question after it
    answers = [pair.publish(lost, b"its answer is lost", identities[0])]
    assert len(found(pair.registry, patient)) == 1  # registered, which the repository cannot know
    pair.registry.stop()
    answers.append(pair.publish(never, b"the registry is down", identities[1]))
    for answer in answers:
        assert (answer.result, answer.codes) == ("Failure", ["XDSRegistryNotAvailable"])
        assert "MessageID" in answer.contexts[0]
    assert pair.states()[-2:] == ["pending", "pending"]
    for made in (lost, never):
        assert pair.retrieve(made).codes == ["XDSDocumentUniqueIdError"]
    pair.start_registry()
    pair.settled()
    assert pair.states()[-2:] == ["registered", "rejected"]
    assert b"its answer is lost" in pair.retrieve(lost).body
    assert pair.retrieve(never).codes == ["XDSDocumentUniqueIdError"]
    # Both senders repeat their message: one gets its answer, the other is registered now.
    assert pair.publish(lost, b"its answer is lost", identities[0]).result == "Success"
    assert pair.publish(never, b"the registry is down", identities[1]).result == "Success"
    assert b"the registry is down" in pair.retrieve(never).body
    assert len(found(pair.registry, patient)) == 2


def test_the_registry_judges_by_the_partner_who_sent_it_to_the_repository(pair: Pair) -> None:
    """It sees the repository as its peer: it knows the partner by the sourceId of what was sent."""
    pair.registry.stop()
    partner = {"name": "lab", "source_ids": ["2.999.7.1"], "levels": {"42-language-code": "warning"}}
    pair.start_registry(partners=[partner])
    for source_id, result, severity in (
        ("2.999.7.1", "Success", "Warning"),
        ("2.999.7.2", "Failure", "Error"),
    ):
        made = made_for(samples.fresh_patient(), language_code="en_CA")
        (submission_set,) = made.submission_sets
        made = replace(made, submission_sets=(replace(submission_set, source_id=source_id),))
        answer = pair.publish(made, b"octets")
        assert answer.result == result
        (error,) = answer.elements("RegistryError")
        assert error.get("severity", "").endswith(severity)
        assert (answer.result == "Success") == (b"octets" in pair.retrieve(made).body)


def test_what_passes_between_them_is_right_in_strict(pair: Pair) -> None:
    """ITI-42 is Simple SOAP with an Action (V.3.2, V.8.1)."""
    pair.registry.stop()
    strict = pair.start_registry(rules={"strictness": "strict"})
    patient = samples.fresh_patient()
    assert pair.publish(made_for(patient), b"octets").codes == []
    assert len(found(strict, patient)) == 1
    refused = send_mtom(strict.port, "ITI-18", samples.find_body(patient))
    assert refused.fault_id == "mtom-required"
