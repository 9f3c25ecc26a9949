"""What is attacked: a real service that demands signatures, and what must hold of it whatever comes."""

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from tests.own_time import stopwatch
from tests.transactions import samples
from tests.transactions.conftest import Service
from tests.transactions.wire import PATH, Answer, envelope, post, related
from tests.wss.messages import signed
from xds.audit import AuditEvent, System, decode_event
from xds.wss import SigningIdentity

SOURCES = {"partner-a": "2.999.4.1", "partner-b": "2.999.4.2"}
SOURCE_OF_D, REPOSITORY_OF_D = "2.999.4.4", "2.999.2.7"
_TABLES = (
    "document_entry",
    "submission_set",
    "association",
    "object_locator",
    "replay",
    "repository_submission",
    "repository_document",
    "patient",
)
_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class State:
    """What an attack must not change."""

    rows: dict[str, int]
    files: frozenset[str]
    workers: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The service under attack, and the keys of its partners."""

    service: Service
    dsn: str
    identities: dict[str, SigningIdentity] = field(repr=False)
    keys: Path  # partner-a.key, partner-a.pem …

    @property
    def port(self) -> int:
        return self.service.port

    def state(self) -> State:
        """Rows, files and workers now."""
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            rows = {table: _count(connection, table) for table in _TABLES}
        folder = Path(self.service.folder) / "data" / "documents"
        files = frozenset(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
        return State(rows, files, frozenset(self.service.workers()))

    @contextmanager
    def unharmed(self) -> Iterator[None]:
        """No row, no file, the same workers, and an answer within five seconds: of every attack."""
        before = self.state()
        taken = stopwatch(before.workers)
        yield
        assert taken() < _SECONDS
        assert self.state() == before

    def alerts(self) -> int:
        """How many Security Alerts there are in the audit log, about who sent something or asked for too much."""
        return len(alerts_in(self.dsn))

    @contextmanager
    def restricted(self, rule: str, partner: str | None) -> Iterator[None]:
        """What is done leaves one Security Alert, Use of Restricted Function, that names rule and partner."""
        before = len(alerts_in(self.dsn))
        yield
        told = [(item.kind, item.description, item.peer_name) for item in alerts_in(self.dsn)[before:]]
        assert told == [(System.RESTRICTED_FUNCTION, f"refused by {rule}", partner or "")]

    def to(self, transaction: str) -> str:
        """What wsa:To of a transaction has to name."""
        return f"{self.service.url}{PATH[transaction]}"

    def post(self, transaction: str, octets: bytes, **options: Any) -> Answer:
        """Send octets to where a transaction is served."""
        return post(self.port, PATH[transaction], octets, **options)

    def registration(self, partner: str = "partner-a", **changes: Any) -> bytes:
        """An envelope with a valid ITI-42 of a partner, unsigned."""
        return self.unsigned("ITI-42", registration(partner, **changes))

    def unsigned(self, transaction: str, body: bytes, *, to: str | None = None) -> bytes:
        """An envelope that names this service."""
        return envelope(transaction, body).replace(
            f"http://localhost{PATH[transaction]}".encode(), (to or self.to(transaction)).encode()
        )

    def provision(self, partner: str, *contents: bytes) -> tuple[str, bytes]:
        """A valid signed ITI-41 as MTOM: Content-Type and octets."""
        body, parts = provision(partner, *contents)
        octets = self.unsigned("ITI-41", body)
        return related(signed(octets, self.identities[partner], attachments=pieces_of(parts)), *parts)

    def message(
        self, partner: str = "partner-a", transaction: str = "ITI-42", body: bytes | None = None
    ) -> bytes:
        """A valid signed message of a partner; by default a registration."""
        octets = self.unsigned(transaction, registration(partner) if body is None else body)
        return signed(octets, self.identities[partner])

    def refuses(self, octets: bytes, *codes: str, transaction: str = "ITI-42", **options: Any) -> Answer:
        """Send an attack: it is refused by a fault with one of these subcodes, does no harm, and is told of."""
        alerts = self.alerts()
        with self.unharmed():
            answer = self.post(transaction, octets, **options)
        assert (answer.status, answer.fault) == (400, "Sender"), answer.body[:2000]
        assert answer.subcode in codes, (answer.fault_id, answer.subcode, answer.reason)
        if answer.subcode.startswith("ws") and ":" in answer.subcode:
            assert self.alerts() == alerts + 1
        return answer


def alerts_in(dsn: str) -> list[AuditEvent]:
    """The Security Alerts of an audit log about who sent something or asked for too much, oldest first."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        found = connection.execute("SELECT body FROM audit_event ORDER BY number").fetchall()
    kinds = (System.NODE_AUTHENTICATION, System.RESTRICTED_FUNCTION)
    return [event for row in found if (event := decode_event(row[0])).kind in kinds]


def registration(partner: str = "partner-a", **changes: Any) -> bytes:
    """Body of a valid ITI-42 of a partner."""
    made = samples.submission(samples.entry(samples.fresh_patient(), **changes))
    (submission_set,) = made.submission_sets
    of_partner = replace(submission_set, source_id=SOURCES[partner])
    return samples.register_body(replace(made, submission_sets=(of_partner,)))


def provision(partner: str, *contents: bytes) -> tuple[bytes, list[tuple[str, bytes]]]:
    """Body of a valid ITI-41 of a partner with documents as parts."""
    patient = samples.fresh_patient()
    made = samples.submission(*(samples.entry(patient, entry_uuid=f"d{i}") for i, _ in enumerate(contents)))
    (submission_set,) = made.submission_sets
    whole = replace(made, submission_sets=(replace(submission_set, source_id=SOURCES[partner]),))
    documents = {
        item.entry_uuid: content for item, content in zip(whole.document_entries, contents, strict=True)
    }
    return samples.provide_body(samples.provided(whole), documents)


def pieces_of(parts: Sequence[tuple[str, bytes]]) -> dict[str, Callable[[], Iterable[bytes]]]:
    """Parts as what is signed: by the href of their xop:Include."""
    return {f"cid:{content_id}": functools.partial(iter, (content,)) for content_id, content in parts}


def _count(connection: "psycopg.Connection[Any]", table: str) -> int:
    row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchone()
    return int(row[0]) if row else 0
