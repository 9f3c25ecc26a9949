"""The queue of a feed: what was taken in and is not published yet, durable in one SQLite file.

SQLite and not PostgreSQL: a DI-r runs the feed beside its archive, where no database is. A message is on the disk
before it is acknowledged (synchronous=FULL), and every step of its way is one transaction.
"""

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from xds.model import Code
from xds.source.life_cycle import Published, Stage

_BUSY_SECONDS: Final = 30.0
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS messages (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,       -- xds.source.oru.message_key
    exam TEXT NOT NULL,             -- empty: cannot be told
    octets BLOB,                    -- as they came; not kept once they are of no use
    received TEXT NOT NULL,         -- DTM, UTC
    control_id TEXT NOT NULL,       -- MSH-10
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    due REAL NOT NULL DEFAULT 0,    -- seconds since the epoch
    reason TEXT NOT NULL DEFAULT '',
    unique_id TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS waiting ON messages (exam, number) WHERE state = 'waiting';
CREATE INDEX IF NOT EXISTS states ON messages (state, number);
CREATE TABLE IF NOT EXISTS documents (
    unique_id TEXT PRIMARY KEY,
    exam TEXT NOT NULL,
    stage TEXT NOT NULL,
    number INTEGER NOT NULL         -- of the message: the order of publishing
);
CREATE INDEX IF NOT EXISTS of_exam ON documents (exam, number);
CREATE TABLE IF NOT EXISTS unmapped (
    code TEXT NOT NULL, scheme TEXT NOT NULL, display TEXT NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (code, scheme)
);
"""


class State(StrEnum):
    """Where a message is on its way."""

    WAITING = "waiting"
    PUBLISHED = "published"  # replaced, appended and withdrawn too
    NOTHING = "nothing"  # there was nothing to do
    DEAD = "dead"  # a person has to look; `xds feed retry` puts it back


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A message whose turn it is."""

    number: int
    key: str
    exam: str
    octets: bytes
    received: str  # DTM, UTC
    attempts: int  # before this one


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A message as the status shows it: nothing of a patient."""

    key: str
    received: str
    control_id: str
    attempts: int
    reason: str


class Queue:
    """One queue; threads may share it.

    Parameters
    ----------
    folder
        Where it lies; made for its owner alone, as messages are kept as they came.

    Raises
    ------
    sqlite3.Error
        From every method: the disk is full or the file is none of ours.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / "queue.sqlite3"
        path.touch(mode=0o600)
        self._guard = threading.Lock()
        self._added = threading.Event()
        self._connection = sqlite3.connect(
            path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("PRAGMA secure_delete = ON")
        self._connection.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        with self._guard:
            self._connection.close()

    def add(
        self, *, key: str, exam: str, octets: bytes, received: str, control_id: str, dead: str = ""
    ) -> bool:
        """Take a message in; False where it was taken in before.

        Parameters
        ----------
        dead
            Why it cannot be published as it is; empty where it can.
        """
        state = State.DEAD if dead else State.WAITING
        with self._transaction() as cursor:
            cursor.execute(
                "INSERT INTO messages (key, exam, octets, received, control_id, state, reason)"
                " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING",
                (key, exam, octets, received, control_id, state.value, dead),
            )
            is_new = cursor.rowcount == 1
        self._added.set()
        return is_new

    def wait(self, seconds: float) -> None:
        """Wait until something is added, or so long."""
        self._added.wait(seconds)
        self._added.clear()

    def next(self, now: float) -> Waiting | None:
        """The oldest message that is due and before which none of its exam waits."""
        with self._guard:
            row = self._connection.execute(
                "SELECT number, key, exam, octets, received, attempts FROM messages AS m"
                " WHERE state = 'waiting' AND due <= ? AND NOT EXISTS (SELECT 1 FROM messages AS e"
                " WHERE e.state = 'waiting' AND e.exam = m.exam AND e.number < m.number)"
                " ORDER BY number LIMIT 1",
                (now,),
            ).fetchone()
        if row is None:
            return None
        number, key, exam, octets, received, attempts = row
        return Waiting(number=number, key=key, exam=exam, octets=octets, received=received, attempts=attempts)

    def begin(self, key: str) -> None:
        """Note that an attempt begins: after a crash it is known that the service may have the submission."""
        with self._transaction() as cursor:
            cursor.execute("UPDATE messages SET attempts = attempts + 1 WHERE key = ?", (key,))

    def documents(self, exam: str) -> tuple[Published, ...]:
        """What of an exam is published and neither replaced nor withdrawn, in the order of publishing."""
        with self._guard:
            rows = self._connection.execute(
                "SELECT unique_id, stage FROM documents WHERE exam = ? ORDER BY number", (exam,)
            ).fetchall()
        return tuple(Published(unique_id=uid, stage=Stage(stage)) for uid, stage in rows)

    def published(
        self,
        item: Waiting,
        *,
        unique_id: str = "",
        stage: Stage,
        gone: Sequence[str] = (),
        unmapped: Code | None = None,
        reason: str = "",
    ) -> None:
        """Note that a message is done.

        Parameters
        ----------
        unique_id
            Of the document that it became; empty for a withdrawal.
        gone
            uniqueIds of what it replaced or withdrew.
        """
        with self._transaction() as cursor:
            self._end(cursor, item.key, State.PUBLISHED, reason, unique_id)
            cursor.executemany("DELETE FROM documents WHERE unique_id = ?", [(uid,) for uid in gone])
            if unique_id:
                cursor.execute(
                    "INSERT OR REPLACE INTO documents (unique_id, exam, stage, number) VALUES (?, ?, ?, ?)",
                    (unique_id, item.exam, stage.value, item.number),
                )
            if unmapped is not None:
                display = next((name.value for name in unmapped.display), "")
                cursor.execute(
                    "INSERT INTO unmapped (code, scheme, display, count) VALUES (?, ?, ?, 1)"
                    " ON CONFLICT (code, scheme) DO UPDATE SET count = count + 1",
                    (unmapped.code, unmapped.scheme, display),
                )

    def nothing(self, key: str, reason: str) -> None:
        """Note that there was nothing to do."""
        with self._transaction() as cursor:
            self._end(cursor, key, State.NOTHING, reason, "")

    def later(self, key: str, due: float, reason: str) -> None:
        """Try again at a time."""
        with self._transaction() as cursor:
            cursor.execute("UPDATE messages SET due = ?, reason = ? WHERE key = ?", (due, reason, key))

    def dead(self, key: str, reason: str) -> None:
        """Give up until a person says otherwise; the octets stay."""
        with self._transaction() as cursor:
            cursor.execute("UPDATE messages SET state = 'dead', reason = ? WHERE key = ?", (reason, key))

    def place(self, key: str, exam: str) -> None:
        """Say of which exam a message is, which could not be told when it was taken in."""
        with self._transaction() as cursor:
            cursor.execute("UPDATE messages SET exam = ? WHERE key = ?", (exam, key))

    def retry(self, beginning: str = "") -> int:
        """Put the dead letters back whose keys begin so; return how many."""
        with self._transaction() as cursor:
            cursor.execute(
                "UPDATE messages SET state = 'waiting', due = 0 WHERE state = 'dead' AND substr(key, 1, ?) = ?",
                (len(beginning), beginning),
            )
            count = cursor.rowcount
        self._added.set()
        return count

    def counts(self) -> dict[State, int]:
        """How many messages are in each state."""
        with self._guard:
            rows = self._connection.execute("SELECT state, count(*) FROM messages GROUP BY state").fetchall()
        found = dict(rows)
        return {state: found.get(state.value, 0) for state in State}

    def oldest(self) -> str | None:
        """When the oldest waiting message was taken in; DTM, UTC."""
        with self._guard:
            row = self._connection.execute(
                "SELECT min(received) FROM messages WHERE state = 'waiting'"
            ).fetchone()
        return None if row[0] is None else str(row[0])

    def letters(self, state: State, limit: int = 100) -> list[Letter]:
        """Messages of a state, the oldest first."""
        with self._guard:
            rows = self._connection.execute(
                "SELECT key, received, control_id, attempts, reason FROM messages WHERE state = ?"
                " ORDER BY number LIMIT ?",
                (state.value, limit),
            ).fetchall()
        return [
            Letter(key=key, received=received, control_id=control, attempts=attempts, reason=reason)
            for key, received, control, attempts, reason in rows
        ]

    def unmapped(self) -> list[tuple[str, str, str, int]]:
        """Local codes that nobody mapped: code, scheme, display, how many reports; the most frequent first."""
        with self._guard:
            rows: Iterable[tuple[str, str, str, int]] = self._connection.execute(
                "SELECT code, scheme, display, count FROM unmapped ORDER BY count DESC, code, scheme"
            ).fetchall()
        return list(rows)

    def _end(self, cursor: sqlite3.Cursor, key: str, state: State, reason: str, unique_id: str) -> None:
        """The octets go with the end: the queue is no archive of reports."""
        cursor.execute(
            "UPDATE messages SET state = ?, reason = ?, unique_id = ?, octets = NULL WHERE key = ?",
            (state.value, reason, unique_id, key),
        )

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Cursor]:
        with self._guard:
            cursor = self._connection.cursor()
            cursor.execute("BEGIN IMMEDIATE")
            try:
                yield cursor
            except BaseException:
                cursor.execute("ROLLBACK")
                raise
            cursor.execute("COMMIT")
