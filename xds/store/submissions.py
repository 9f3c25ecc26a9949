"""Registering in one database transaction: facts read, rows written, everything or nothing."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final, NoReturn, TypeVar

import psycopg

from xds.model import (
    Association,
    ObjectKind,
    Submission,
    is_sha1,
)
from xds.store import rows
from xds.store.access import Conflict, Connection, Pool, borrowed
from xds.store.bodies import BodyCodec
from xds.store.codes import CodeCache
from xds.store.statements import statements

T = TypeVar("T")

_SQL = statements("registry")
_BATCH: Final = 16
"""Rows of one INSERT: a multi-row VALUES is one prepared statement per number of rows."""
_ATTEMPTS: Final = 4

_COLUMNS: Final = {
    "object_locator": "entry_uuid, patient_key, kind",
    "document_entry": (
        "patient_key, entry_uuid, logical_id, version, status, object_type, uid, creation_time,"
        " service_start_time, service_stop_time, class_code, type_code, format_code, facility_type_code,"
        " practice_setting_code, event_codes, confidentiality_codes, author_persons, reference_ids, home, body"
    ),
    "submission_set": (
        "patient_key, entry_uuid, uid, submission_time, source_id, content_type, author_persons, status,"
        " home, body"
    ),
    "folder": (
        "patient_key, entry_uuid, logical_id, version, uid, last_update_time, codes, status, home, body"
    ),
    "association": "patient_key, entry_uuid, source, target, type, status, home, body",
}


class RegistryTransaction:
    """One registration: what it adds is visible to nobody until the block ends without an exception."""

    def __init__(
        self, connection: Connection, codes: Mapping[tuple[str, str], int], bodies: BodyCodec
    ) -> None:
        self.connection = connection
        self._codes = codes
        self._bodies = bodies

    def undo(self) -> NoReturn:
        """Leave nothing of this attempt behind: the submission is refused."""
        raise psycopg.Rollback

    def stored_answer(self, message_id: str, digest: bytes, number: str) -> bytes | None:
        """The answer that the same message got before; None when it is new."""
        parameters = {"message_id": message_id, "digest": digest, "number": number}
        row = self.connection.execute(_SQL["answer_of"], parameters).fetchone()
        return None if row is None else bytes(row[0])

    def remember(self, message_id: str, digest: bytes, number: str, answer: bytes) -> None:
        """Keep the answer for a repeat of the message.

        Raises
        ------
        Conflict
            The same message is being registered by another process, which came first.
        """
        parameters = {"message_id": message_id, "digest": digest, "number": number, "answer": answer}
        if self.connection.execute(_SQL["remember_answer"], parameters).fetchone() is None:
            raise Conflict

    def add(
        self,
        submission: Submission,
        patient_key: int,
        *,
        created: Sequence[Association] = (),
        deprecated: Sequence[str] = (),
        updated_folders: Sequence[str] = (),
        patient_keys: Sequence[int] = (),
    ) -> None:
        """Add every object of a submission with what the registry itself does to others.

        Parameters
        ----------
        patient_key
            Of the one patient that all objects concern.
        created
            Associations that the registry makes (ITI TF-2 3.42.4.1.3.5).
        deprecated, updated_folders
            entryUUIDs of registered objects; the rows are locked by `facts_for`.
        patient_keys
            Where those registered objects are.

        Raises
        ------
        Conflict
            A uniqueId or entryUUID was taken meanwhile.
        """
        associations = (*submission.associations, *created)
        now = int(datetime.now(UTC).strftime("%Y%m%d%H%M%S"))
        self._take_unique_ids(submission, patient_key)
        with self.connection.pipeline():
            self._insert("object_locator", list(_locators(submission, associations, patient_key)))
            pack = self._bodies
            entries = submission.document_entries
            self._insert(
                "document_entry", [rows.entry_row(patient_key, e, self._codes, pack) for e in entries]
            )
            self._insert(
                "submission_set",
                [
                    rows.submission_set_row(patient_key, s, self._codes, pack)
                    for s in submission.submission_sets
                ],
            )
            self._insert(
                "folder",
                [rows.folder_row(patient_key, f, self._codes, pack, now=now) for f in submission.folders],
            )
            self._insert("association", [rows.association_row(patient_key, a, pack) for a in associations])
            if deprecated:
                ids = [rows.bare(item) for item in deprecated]
                keys = list(patient_keys)
                self.connection.execute(_SQL["deprecate_document_entries"], {"keys": keys, "ids": ids})
            if updated_folders:
                ids = [rows.bare(item) for item in updated_folders]
                self.connection.execute(
                    _SQL["touch_folders"], {"keys": list(patient_keys), "ids": ids, "now": now}
                )

    def _take_unique_ids(self, submission: Submission, patient_key: int) -> None:
        """Claim uniqueIds; a document's may be taken already (the rules compared hash and size)."""
        wanted: dict[bytes, tuple[Any, ...]] = {}
        for entry in submission.document_entries:
            value = rows.uid(entry.unique_id or "")
            digest = bytes.fromhex(entry.hash) if entry.hash and is_sha1(entry.hash) else None
            size = int(entry.size) if entry.size and entry.size.isdecimal() else None
            wanted[value] = (value, patient_key, ObjectKind.DOCUMENT_ENTRY.value, digest, size)
        exclusive: set[bytes] = set()
        for kind, items in (
            (ObjectKind.SUBMISSION_SET, submission.submission_sets),
            (ObjectKind.FOLDER, submission.folders),
        ):
            for item in items:
                value = rows.uid(item.unique_id or "")
                wanted[value] = (value, patient_key, kind.value, None, None)
                exclusive.add(value)
        # Sorted: two submissions that claim the same ids wait for each other in one order.
        ordered = [wanted[value] for value in sorted(wanted)]
        taken = set(wanted)
        for start in range(0, len(ordered), _BATCH):
            batch = ordered[start : start + _BATCH]
            slots = ", ".join(["(%s, %s, %s, %s, %s)"] * len(batch))
            cursor = self.connection.execute(
                f"INSERT INTO unique_id (uid, patient_key, kind, hash, size) VALUES {slots}"  # noqa: S608
                " ON CONFLICT DO NOTHING RETURNING uid",
                [value for row in batch for value in row],
            )
            taken -= {bytes(row[0]) for row in cursor.fetchall()}
        if not taken:
            return
        if taken & exclusive:
            raise Conflict
        self._compare_shared(sorted(taken), wanted, patient_key)

    def _compare_shared(
        self, shared: list[bytes], wanted: Mapping[bytes, tuple[Any, ...]], patient_key: int
    ) -> None:
        for row in self.connection.execute(_SQL["locate_unique_ids"], {"uids": shared}).fetchall():
            mine = wanted[bytes(row[0])]
            if row[3] != mine[2] or (row[4], row[5]) != (mine[3], mine[4]):
                raise Conflict
        self.connection.execute(_SQL["share_unique_ids"], {"uids": shared, "key": patient_key})

    def _insert(self, table: str, values: list[rows.Row]) -> None:
        for start in range(0, len(values), _BATCH):
            batch = values[start : start + _BATCH]
            slots = ", ".join([f"({', '.join(['%s'] * len(batch[0]))})"] * len(batch))
            self.connection.execute(
                f"INSERT INTO {table} ({_COLUMNS[table]}) VALUES {slots}",  # noqa: S608  # names are constants
                [value for row in batch for value in row],
            )


def _locators(
    submission: Submission, associations: Sequence[Association], patient_key: int
) -> Iterator[rows.Row]:
    located = [(item.entry_uuid, ObjectKind.DOCUMENT_ENTRY) for item in submission.document_entries]
    located += [(item.entry_uuid, ObjectKind.SUBMISSION_SET) for item in submission.submission_sets]
    located += [(item.entry_uuid, ObjectKind.FOLDER) for item in submission.folders]
    located += [(item.entry_uuid, ObjectKind.ASSOCIATION) for item in associations]
    for entry_uuid, kind in sorted(located):
        yield rows.bare(entry_uuid), patient_key, kind.value


class SubmissionStore:
    """Where submissions are registered."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._codes = CodeCache(pool)
        self._bodies = BodyCodec()

    @contextmanager
    def transaction(self, submission: Submission) -> Iterator[RegistryTransaction]:
        """Open a transaction for a submission; its new codes are added first, they outlive a rollback."""
        codes = self._codes.ids(rows.codes_of(submission))
        with borrowed(self._pool) as connection, connection.transaction():
            yield RegistryTransaction(connection, codes, self._bodies)

    def retrying(self, attempt: Callable[[], T]) -> T:
        """Run an attempt again when another transaction came first (READ COMMITTED, no lost update).

        Raises
        ------
        Conflict
            Others came first each time.
        """
        for _ in range(_ATTEMPTS - 1):
            try:
                return attempt()
            except Conflict:
                continue
        return attempt()
