"""Row Q2 of the attack list: who probes for what is withheld gets what they get for what is not there."""

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass

import pytest

from tests.transactions import samples
from tests.transactions.conftest import Service, base_settings, running
from tests.transactions.wire import Answer, send, send_mtom
from xds.access import DirectiveKind
from xds.model import StoredQuery
from xds.store import ConsentStore, open_pool

PAIRS = 120
RATIO = 2.5
"""Of two medians of alternating requests: more would be another class, such as that of a file that was read."""
SLACK = 0.004  # seconds: what a look at directives may take where a whole request takes hardly more


@dataclass(frozen=True)
class Probed:
    """A service with documents that are withheld, one by its patient, one by itself."""

    service: Service
    blocked: dict[str, tuple[str, str]]  # kind → uniqueId and entryUUID

    def retrieve(self, unique_id: str) -> Answer:
        """ITI-43."""
        return send_mtom(self.service.port, "ITI-43", samples.retrieve_body(unique_id))

    def by_unique_id(self, unique_id: str) -> Answer:
        """ITI-18, GetDocuments."""
        return self._query("$XDSDocumentEntryUniqueId", unique_id)

    def by_entry_uuid(self, entry_uuid: str) -> Answer:
        """ITI-18, GetDocuments."""
        return self._query("$XDSDocumentEntryEntryUUID", entry_uuid)

    def _query(self, name: str, value: str) -> Answer:
        body = samples.query_body(StoredQuery.GET_DOCUMENTS, samples.slot(name, value))
        return send(self.service.port, "ITI-18", body)


@pytest.fixture(scope="module")
def probed(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Probed]:
    folder, dsn = tmp_path_factory.mktemp("probed"), new_database()
    settings = base_settings(dsn, folder)
    settings["server"]["workers"] = 1
    with (
        running(folder, settings) as service,
        closing(open_pool(dsn, size=1, statement_timeout=10, idle_in_transaction_timeout=10)) as pool,
    ):
        store, blocked = ConsentStore(pool), {}
        for kind in (DirectiveKind.DOMAIN, DirectiveKind.RECORD):
            patient = samples.fresh_patient()
            made = samples.with_uuids(samples.submission(samples.entry(patient), samples.entry(patient)))
            made = samples.provided(made)
            documents = {item.entry_uuid: b"No findings. " * 20_000 for item in made.document_entries}
            body, parts = samples.provide_body(made, documents)
            assert send_mtom(service.port, "ITI-41", body, *parts).result == "Success"
            first = made.document_entries[0]
            target = "" if kind is DirectiveKind.DOMAIN else first.unique_id or ""
            store.restrict(patient, kind, target, reason="the patient said so", author="a test")
            blocked[kind.value] = (first.unique_id or "", first.entry_uuid)
        yield Probed(service, blocked)


Ask = Callable[[Probed, str], Answer]
WAYS: dict[str, tuple[Ask, int]] = {
    "ITI-43": (Probed.retrieve, 0),
    "ITI-18 by uniqueId": (Probed.by_unique_id, 0),
    "ITI-18 by entryUUID": (Probed.by_entry_uuid, 1),
}


def absent(like: str) -> str:
    """An id of the same form and length that nobody has."""
    if like.startswith("urn:uuid:"):
        return samples.fresh_uuid()
    return like[:-1] + ("2" if like.endswith("1") else "1")


def likeness(answer: Answer, asked: str) -> tuple[int, int, dict[str, str], list[str], object]:
    """All of an answer but the id that it repeats, and its own message id."""
    body = answer.body.decode()
    inside = body[body.index("Body>") : body.rindex("Body>")].replace(asked, "ID")
    headers = {name: value for name, value in answer.headers.items() if name not in ("Date", "Content-Type")}
    return answer.status, len(answer.body), headers, answer.codes, inside


@pytest.mark.parametrize("kind", ["domain", "record"])
@pytest.mark.parametrize("way", WAYS)
def test_q2_the_same_answer_of_the_same_size(probed: Probed, way: str, kind: str) -> None:
    ask, place = WAYS[way]
    blocked = probed.blocked[kind][place]
    other = absent(blocked)
    assert len(other) == len(blocked) and other != blocked
    assert likeness(ask(probed, blocked), blocked) == likeness(ask(probed, other), other)


@pytest.mark.parametrize("kind", ["domain", "record"])
@pytest.mark.parametrize("way", WAYS)
def test_q2_in_time_of_the_same_class(probed: Probed, way: str, kind: str) -> None:
    """Alternating, so that whatever else the machine does meets both."""
    ask, place = WAYS[way]
    ids = probed.blocked[kind][place], absent(probed.blocked[kind][place])
    took: tuple[list[float], list[float]] = ([], [])
    for turn in range(PAIRS):
        for which in (0, 1) if turn % 2 else (1, 0):
            began = time.perf_counter()
            ask(probed, ids[which])
            took[which].append(time.perf_counter() - began)
    blocked, other = map(statistics.median, took)
    print(f"{way}, {kind}: {blocked * 1000:.1f} ms withheld, {other * 1000:.1f} ms absent")
    assert max(blocked, other) <= RATIO * min(blocked, other) + SLACK
