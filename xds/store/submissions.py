"""Registering in one database transaction: facts read, rows written, everything or nothing."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final, NoReturn, TypeVar

import psycopg
from psycopg import errors

from xds.audit import AuditEvent
from xds.model import (
    Association,
    ObjectKind,
    Submission,
    is_sha1,
    record_of_source,
)
from xds.store import rows
from xds.store.access import Asked, Conflict, Connection, Pool, borrowed, retrying
from xds.store.audit import insertion, record
from xds.store.bodies import BodyCodec
from xds.store.codes import CodeCache
from xds.store.patient_records import parameters_of
from xds.store.statements import statements

T = TypeVar("T")

_SQL = statements("registry")
_BATCH: Final = 16
"""Rows of one INSERT: a multi-row VALUES is one prepared statement per number of rows."""

COLUMNS: Final = {
    "unique_id": {
        "uid": "bytea",
        "patient_key": "bigint",
        "kind": '"char"',
        "hash": "bytea",
        "size": "bigint",
    },
    "object_locator": {
        "entry_uuid": "uuid",
        "patient_key": "bigint",
        "kind": '"char"',
        "source_id": "text",
    },
    "document_entry": {
        "patient_key": "bigint",
        "entry_uuid": "uuid",
        "logical_id": "uuid",
        "version": "integer",
        "status": '"char"',
        "object_type": '"char"',
        "uid": "bytea",
        "creation_time": "bigint",
        "service_start_time": "bigint",
        "service_stop_time": "bigint",
        "class_code": "integer",
        "type_code": "integer",
        "format_code": "integer",
        "facility_type_code": "integer",
        "practice_setting_code": "integer",
        "event_codes": "integer[]",
        "confidentiality_codes": "integer[]",
        "author_persons": "text[]",
        "reference_ids": "text[]",
        "home": "text",
        "offline": "boolean",
        "body": "bytea",
    },
    "submission_set": {
        "patient_key": "bigint",
        "entry_uuid": "uuid",
        "uid": "bytea",
        "submission_time": "bigint",
        "source_id": "text",
        "content_type": "integer",
        "author_persons": "text[]",
        "status": '"char"',
        "home": "text",
        "body": "bytea",
    },
    "folder": {
        "patient_key": "bigint",
        "entry_uuid": "uuid",
        "logical_id": "uuid",
        "version": "integer",
        "uid": "bytea",
        "last_update_time": "bigint",
        "codes": "integer[]",
        "status": '"char"',
        "home": "text",
        "body": "bytea",
    },
    "association": {
        "patient_key": "bigint",
        "entry_uuid": "uuid",
        "source": "uuid",
        "target": "uuid",
        "type": "text",
        "status": '"char"',
        "home": "text",
        "body": "bytea",
    },
}
"""Columns and their types in the order of `xds.store.rows`: a row of several VALUES says its types itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RememberedAnswer:
    """The answer to a message, for whoever sends it again."""

    message_id: str
    digest: bytes
    number: str  # of the transaction
    answer: bytes


class RegistryTransaction:
    """One registration: what it adds is visible to nobody until the block ends without an exception.

    Parameters
    ----------
    as_new
        Nothing of what is added is registered yet, as far as anyone knows: it is written together with COMMIT, in one
        exchange, which fails when something is.
    """

    def __init__(
        self,
        connection: Connection,
        codes: Mapping[tuple[str, str], int],
        bodies: BodyCodec,
        *,
        as_new: bool = False,
    ) -> None:
        self.connection = connection
        self._codes = codes
        self._bodies = bodies
        self._as_new = as_new

    def undo(self) -> NoReturn:
        """Leave nothing of this attempt behind: the submission is refused."""
        raise psycopg.Rollback

    def stored_answer(self, message_id: str, digest: bytes, number: str) -> bytes | None:
        """The answer that the same message got before; None when it is new."""
        parameters = {"message_id": message_id, "digest": digest, "number": number}
        found = self.connection.run(_SQL["answer_of"], parameters)
        return found[0][0] if found else None

    def conclude(self, events: Sequence[AuditEvent], remembered: RememberedAnswer | None) -> None:
        """Write what goes with every change: its audit events, and its answer for a repeat of the message.

        Raises
        ------
        Conflict
            The same message is being registered by another process, which came first.
        AuditUnavailable
            The events cannot be written.
        """
        if self._as_new:
            if remembered is not None:
                self.connection.defer([(_SQL["remember_new_answer"], _parameters_of(remembered))])
            self.connection.defer(insertion(events))
            return
        beside = [] if remembered is None else [(_SQL["remember_answer"], _parameters_of(remembered))]
        kept = record(self.connection, events, beside=beside)
        if not all(kept):
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
        is_recorded: bool = True,
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
        is_recorded
            Whether more is known of the patient than the id; if not, the sourcePatientInfo is kept for the search.

        Raises
        ------
        Conflict
            A uniqueId or entryUUID was taken meanwhile.
        """
        associations = (*submission.associations, *created)
        now = int(datetime.now(UTC).strftime("%Y%m%d%H%M%S"))
        pack, codes = self._bodies, self._codes
        claims = self._claims(submission, patient_key)
        inserted: dict[str, list[rows.Row]] = {
            "unique_id": claims,
            "object_locator": list(_locators(submission, associations, patient_key)),
            "document_entry": [
                rows.entry_row(patient_key, e, codes, pack) for e in submission.document_entries
            ],
            "submission_set": [
                rows.submission_set_row(patient_key, s, codes, pack) for s in submission.submission_sets
            ],
            "folder": [rows.folder_row(patient_key, f, codes, pack, now=now) for f in submission.folders],
            "association": [rows.association_row(patient_key, a, pack) for a in associations],
        }
        if self._as_new:
            self.connection.defer(_insertions(inserted, as_new=True))
        else:
            added = self.connection.run_together(_insertions(inserted))
            claimed = {row[0] for found in added for row in found}
            self._share(claims, claimed, patient_key)
        if not is_recorded:
            self._record_patient(submission, patient_key)
        if deprecated:
            ids = [rows.bare(item) for item in deprecated]
            self.connection.run(_SQL["deprecate_document_entries"], {"keys": patient_keys, "ids": ids})
        if updated_folders:
            ids = [rows.bare(item) for item in updated_folders]
            self.connection.run(_SQL["touch_folders"], {"keys": patient_keys, "ids": ids, "now": now})

    def _record_patient(self, submission: Submission, patient_key: int) -> None:
        for entry in submission.document_entries:
            record = record_of_source(
                submission.submission_set.patient_id or "", entry.source_patient_id, entry.source_patient_info
            )
            if record.says_something:
                parameters = parameters_of(patient_key, record, from_feed=False)
                self.connection.defer([(statements("patients")["keep_record_of_submission"], parameters)])
                return

    def _claims(self, submission: Submission, patient_key: int) -> list[rows.Row]:
        """What claims the uniqueIds; sorted, so that two submissions that claim the same wait in one order."""
        wanted: dict[bytes, rows.Row] = {}
        for entry in submission.document_entries:
            value = rows.uid(entry.unique_id or "")
            digest = bytes.fromhex(entry.hash) if entry.hash and is_sha1(entry.hash) else None
            size = int(entry.size) if entry.size and entry.size.isdecimal() else None
            wanted[value] = (value, patient_key, ObjectKind.DOCUMENT_ENTRY.value, digest, size)
        for kind, items in (
            (ObjectKind.SUBMISSION_SET, submission.submission_sets),
            (ObjectKind.FOLDER, submission.folders),
        ):
            for item in items:
                value = rows.uid(item.unique_id or "")
                wanted[value] = (value, patient_key, kind.value, None, None)
        return [wanted[value] for value in sorted(wanted)]

    def _share(self, claims: Sequence[rows.Row], claimed: set[bytes], patient_key: int) -> None:
        """A document's uniqueId may be taken already (the rules compared hash and size); no other's."""
        taken = [claim for claim in claims if claim[0] not in claimed]
        if not taken:
            return
        if any(kind != ObjectKind.DOCUMENT_ENTRY.value for _, _, kind, *_ in taken):
            raise Conflict
        self._compare_shared([claim[0] for claim in taken], {claim[0]: claim for claim in taken}, patient_key)

    def _compare_shared(
        self, shared: list[bytes], wanted: Mapping[bytes, tuple[Any, ...]], patient_key: int
    ) -> None:
        # Locked: a removal that would free one of them comes before or after (ITI-62).
        held = self.connection.run(_SQL["lock_unique_ids"], {"uids": shared})
        if len(held) != len(shared):
            raise Conflict
        for row in held:
            mine = wanted[row[0]]
            if row[3] != mine[2] or (row[4], row[5]) != (mine[3], mine[4]):
                raise Conflict
        self.connection.run(_SQL["share_unique_ids"], {"uids": shared, "key": patient_key})


def _insertions(inserted: Mapping[str, Sequence[rows.Row]], *, as_new: bool = False) -> list[Asked]:
    """The statements that insert rows, table by table; what is not `as_new` returns the uniqueIds that were free."""
    asked: list[Asked] = []
    for table, values in inserted.items():
        for start in range(0, len(values), _BATCH):
            batch = values[start : start + _BATCH]
            statement, names = _insertion(table, len(batch), as_new)
            flat = [value for row in batch for value in row]
            asked.append((statement, dict(zip(names, flat, strict=True))))
    return asked


@cache
def _insertion(table: str, count: int, as_new: bool) -> tuple[str, tuple[str, ...]]:
    """An INSERT of so many rows, and the names of its parameters, row by row."""
    columns = COLUMNS[table]
    names = [[f"{column}_{index}" for column in columns] for index in range(count)]
    slots = ", ".join(
        f"({', '.join(f'%({n})s::{kind}' for n, kind in zip(row, columns.values(), strict=True))})"
        for row in names
    )
    rest = " ON CONFLICT DO NOTHING RETURNING uid" if table == "unique_id" and not as_new else ""
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES {slots}{rest}",  # noqa: S608  # names are constants
        tuple(name for row in names for name in row),
    )


def _parameters_of(remembered: RememberedAnswer) -> dict[str, Any]:
    return {name: getattr(remembered, name) for name in remembered.__slots__}


def _locators(
    submission: Submission, associations: Sequence[Association], patient_key: int
) -> Iterator[rows.Row]:
    located = [(item.entry_uuid, ObjectKind.DOCUMENT_ENTRY) for item in submission.document_entries]
    located += [(item.entry_uuid, ObjectKind.SUBMISSION_SET) for item in submission.submission_sets]
    located += [(item.entry_uuid, ObjectKind.FOLDER) for item in submission.folders]
    located += [(item.entry_uuid, ObjectKind.ASSOCIATION) for item in associations]
    # A registration always has one; tests fill a store by parts.
    source_id = next((item.source_id for item in submission.submission_sets), None)
    for entry_uuid, kind in sorted(located):
        yield rows.bare(entry_uuid), patient_key, kind.value, source_id


class _NotTaken(Exception):
    """No object bears the entryUUID."""


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
        with borrowed(self._pool) as connection, connection.block():
            yield RegistryTransaction(connection, codes, self._bodies)

    def knows(self, entry_uuid: str) -> bool:
        """Tell whether an object is registered, or will be: a transaction that is about to commit it is waited for.

        Whoever sent its COMMIT may have died, or lost the connection, before it took effect: only to look would say
        no, and be wrong a moment later.

        Raises
        ------
        StoreBusy
            That transaction takes too long.
        """
        try:
            with borrowed(self._pool) as connection, connection.block():
                if connection.run(_SQL["claim"], {"id": rows.bare(entry_uuid)}):
                    raise _NotTaken  # and what was claimed is undone
                return True
        except _NotTaken:
            return False

    @contextmanager
    def transaction_of_new(self, submission: Submission) -> Iterator[RegistryTransaction]:
        """The same for a submission of which nothing is registered, as far as anyone knows.

        Raises
        ------
        Conflict
            Whatever PostgreSQL refused: an attempt that reads all facts finds out why.
        """
        codes = self._codes.ids(rows.codes_of(submission))
        try:
            with borrowed(self._pool) as connection, connection.block():
                yield RegistryTransaction(connection, codes, self._bodies, as_new=True)
        except (errors.IntegrityError, errors.ProgrammingError) as error:
            raise Conflict(type(error).__name__) from error

    def retrying(self, attempt: Callable[[], T]) -> T:
        """Run an attempt again when another transaction came first (READ COMMITTED, no lost update).

        Raises
        ------
        Conflict
            Others came first each time.
        """
        return retrying(attempt)
