"""The patients of the affinity domain: known ids, what the feeds tell of them, merges and their history.

A merge is an alias and rewrites no row of an object: `patient.merged_into` and `patient.member_keys` say whose rows
are whose (ITI TF-2 3.8.4.2.4, 3.44.4.2.4, 3.18.4.1.2.3.9.1).
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, NamedTuple

from xds.audit import AuditEvent
from xds.model import PatientRecord, canonical_identifier, is_dtm, parse_patient_id
from xds.store.access import Conflict, Connection, Pool, borrowed, retrying
from xds.store.audit import record as record_events
from xds.store.patient_errors import (
    InvalidPatientId,
    MergedAway,
    NotMerged,
    PatientError,
    Role,
    SamePatient,
    UnknownPatient,
)
from xds.store.patient_records import (
    KeptRecord,
    family_key,
    kept,
    parameters_of,
    plain,
    search_key,
    updated,
)
from xds.store.statements import statements
from xds.store.unmerge import CUT, MergedPair, UnmergePlan, carry_out, plan_of

_SQL = statements("patients")
_NO_ASSIGNMENTS: Final[Mapping[str, str]] = {}


@dataclass(frozen=True, slots=True)
class MergeEvent:
    """One merge of the history."""

    subsumed: str  # CX
    survivor: str
    merged_at: datetime
    source: str  # who said so
    undone_at: datetime | None
    undone_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientView:
    """A patient id and what belongs to it."""

    patient_id: str
    merged_into: str | None  # the surviving id, when it was merged away
    members: tuple[str, ...]  # ids that were merged into it, also by way of others
    record: PatientRecord | None  # what is known under this very id
    from_feed: bool  # where the record is from: a feed or administrator, or a submission
    changed_at: datetime | None
    documents: int  # Approved DocumentEntries that a query by this id covers
    history: tuple[MergeEvent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientCriteria:
    """What a search asks for; None asks nothing."""

    identifier: str | None = None  # a CX, or a number of whatever authority
    family: str | None = None  # beginning of the family name, without case and accents
    given: str | None = None  # beginning of a given name
    birth_date: str | None = None  # YYYY, YYYYMM or YYYYMMDD
    sex: str | None = None


class _Row(NamedTuple):
    patient_id: str
    key: int
    merged_into: int | None
    member_keys: list[int]


class PatientStore:
    """The patients."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def admit(self, record: PatientRecord, events: Sequence[AuditEvent] = ()) -> bool:
        """Make a patient known, or tell more of one that is; return whether the id is new.

        Parameters
        ----------
        events
            Of the audit log, committed with it; as everywhere here.

        Raises
        ------
        InvalidPatientId, MergedAway
            Nothing is changed.
        """
        patient_id = _canonical(record.patient_id)

        def attempt() -> bool:
            with borrowed(self._pool) as connection, connection.block():
                is_new = bool(connection.run(_SQL["add_patient"], {"cx": patient_id}))
                _keep(connection, _in_use(connection, patient_id), record)
                record_events(connection, events)
                return is_new

        return retrying(attempt)

    def revise(self, record: PatientRecord, events: Sequence[AuditEvent] = ()) -> None:
        """Tell more of a patient that is known.

        Raises
        ------
        InvalidPatientId, UnknownPatient, MergedAway
            Nothing is changed.
        """
        patient_id = _canonical(record.patient_id)

        def attempt() -> None:
            with borrowed(self._pool) as connection, connection.block():
                _keep(connection, _in_use(connection, patient_id), record)
                record_events(connection, events)

        retrying(attempt)

    def merge(self, subsumed: str, survivor: str, *, source: str, events: Sequence[AuditEvent] = ()) -> bool:
        """Let the surviving id answer for the subsumed one as well (ITI TF-2 3.8.4.2.4).

        Returns False when that was done before: a feed repeats what it got no answer to.

        Parameters
        ----------
        source
            Who says so, for the history: a transaction and its sender, or an administrator. No patient's id.

        Raises
        ------
        InvalidPatientId, SamePatient, UnknownPatient, MergedAway
            Nothing is changed; `role` tells which id is meant.
        """
        ids = {"subsumed": _canonical(subsumed, "subsumed"), "survivor": _canonical(survivor, "survivor")}
        if ids["subsumed"] == ids["survivor"]:
            raise SamePatient
        return retrying(lambda: self._merge(ids["subsumed"], ids["survivor"], source, events))

    def _merge(self, subsumed: str, survivor: str, source: str, events: Sequence[AuditEvent]) -> bool:
        with borrowed(self._pool) as connection, connection.block():
            found = connection.run(_SQL["lock_patients"], {"ids": [subsumed, survivor]})
            locked = {row[0]: _Row(*row) for row in found}
            if subsumed not in locked:
                raise UnknownPatient("subsumed")
            if survivor not in locked:
                raise UnknownPatient("survivor")
            gone, stays = locked[subsumed], locked[survivor]
            if gone.merged_into is not None:
                if _merged_by(connection, gone) == stays.key:
                    record_events(connection, events)
                    return False
                raise MergedAway("subsumed")
            if stays.merged_into is not None:
                raise MergedAway("survivor")
            moved = [gone.key, *gone.member_keys]
            connection.run(_SQL["point_members"], {"survivor": stays.key, "moved": moved})
            connection.run(_SQL["take_members"], {"survivor": stays.key, "moved": moved})
            event = {"subsumed": gone.key, "survivor": stays.key, "source": source}
            connection.run(_SQL["remember_merge"], event)
            record_events(connection, events)
            return True

    def unmerge_plan(self, subsumed: str, assignments: Mapping[str, str] = _NO_ASSIGNMENTS) -> UnmergePlan:
        """What an unmerge would have to decide, with the decisions that are made; nothing is changed.

        Raises
        ------
        InvalidPatientId, UnknownPatient, NotMerged, UnusableAssignment
        """
        wanted, decided = _canonical(subsumed), _decided(assignments)

        def attempt() -> UnmergePlan:
            with _locked_pair(self._pool, wanted) as (connection, pair):
                return plan_of(connection, pair, decided)

        return retrying(attempt)

    def unmerge(
        self,
        subsumed: str,
        assignments: Mapping[str, str],
        *,
        source: str,
        events: Sequence[AuditEvent] = (),
    ) -> UnmergePlan:
        """Let a subsumed id stand for itself again, with those that had been merged into it before.

        Parameters
        ----------
        assignments
            entryUUID of each SubmissionSet that was added since → the patient id that it belongs to, one of the
            two; of each Association that would join objects of both → `xds.store.CUT`.
        source
            Who does so, for the history.

        Raises
        ------
        InvalidPatientId, UnknownPatient, NotMerged, UnusableAssignment
            Nothing is changed.
        Unassigned
            Something is not decided; nothing is changed. It holds the plan.
        """
        wanted, decided = _canonical(subsumed), _decided(assignments)

        def attempt() -> UnmergePlan:
            with _locked_pair(self._pool, wanted) as (connection, pair):
                plan = carry_out(connection, pair, decided, source)
                record_events(connection, events)
                return plan

        return retrying(attempt)

    def show(self, patient_id: str) -> PatientView:
        """Everything about one id.

        Raises
        ------
        InvalidPatientId, UnknownPatient
        """
        wanted = _canonical(patient_id)
        with borrowed(self._pool) as connection:
            found = connection.run(_SQL["look_up_patient"], {"cx": wanted})
            if not found:
                raise UnknownPatient
            (view,) = _views(connection, [_Row(*found[0])])
            return view

    def search(self, criteria: PatientCriteria, *, limit: int) -> list[PatientView]:
        """Surviving patients by what is known of them, or of an id that was merged into them.

        Raises
        ------
        PatientError
            Nothing is asked for.
        """
        sql, parameters = [_SQL["find_patients"]], dict[str, Any](limit=limit)
        for name, value in _filters(criteria):
            sql.append(_SQL[f"filter_{name}"])
            parameters[name] = value
        if len(sql) == 1:
            raise PatientError("name an identifier, a name, a birth date or a sex to search for")
        with borrowed(self._pool) as connection:
            keys = [row[0] for row in connection.run(" ".join([*sql, _SQL["limited"]]), parameters)]
            found = connection.run(_SQL["patients_of_keys"], {"keys": keys}) if keys else []
            return _views(connection, [_Row(*row) for row in found])


@contextmanager
def _locked_pair(pool: Pool, subsumed: str) -> Iterator[tuple[Connection, MergedPair]]:
    """A transaction with the rows of a subsumed id and its survivor locked, as a merge locks them."""
    with borrowed(pool) as connection, connection.block():
        found = connection.run(_SQL["look_up_patient"], {"cx": subsumed})
        if not found:
            raise UnknownPatient
        before = _Row(*found[0])
        if before.merged_into is None:
            raise NotMerged
        survivor = connection.run(_SQL["patients_of_keys"], {"keys": [before.merged_into]})[0][0]
        locked = connection.run(_SQL["lock_patients"], {"ids": [subsumed, survivor]})
        rows = {row[0]: _Row(*row) for row in locked}
        gone, stays = rows[subsumed], rows[survivor]
        if gone.merged_into != stays.key:
            raise Conflict  # merged or unmerged meanwhile
        yield (
            connection,
            MergedPair(
                subsumed=subsumed,
                subsumed_key=gone.key,
                moved=(gone.key, *gone.member_keys),
                survivor=survivor,
                survivor_key=stays.key,
                member_keys=tuple(stays.member_keys),
            ),
        )


def _decided(assignments: Mapping[str, str]) -> dict[str, str]:
    return {entry.lower(): to if to == CUT else canonical_identifier(to) for entry, to in assignments.items()}


def _canonical(patient_id: str, role: Role = "patient") -> str:
    parsed = parse_patient_id(patient_id)
    if parsed is None:
        raise InvalidPatientId(role)
    return str(parsed)


def _in_use(connection: Connection, patient_id: str) -> _Row:
    found = connection.run(_SQL["patient_of"], {"cx": patient_id})
    if not found:
        raise UnknownPatient
    row = _Row(*found[0])
    if row.merged_into is not None:
        raise MergedAway
    return row


def _keep(connection: Connection, patient: _Row, told: PatientRecord) -> None:
    """Keep what a feed told; two feeds at once tell one after the other."""
    rows = connection.run(_SQL["lock_record"], {"key": patient.key})
    known = kept(rows[0]) if rows else None
    told = replace(told, identifiers=tuple(canonical_identifier(item) for item in told.identifiers))
    record = updated(known if known is not None and known.from_feed else None, told)
    connection.run(_SQL["keep_record"], parameters_of(patient.key, record, from_feed=True))


def _merged_by(connection: Connection, patient: _Row) -> int | None:
    """The key that a merge in force names as the survivor of a patient, whoever that was merged into since."""
    found = connection.run(_SQL["merges_in_force"], {"keys": [patient.key]})
    return found[0][1] if found else None


def _filters(criteria: PatientCriteria) -> Iterator[tuple[str, str]]:
    """Parameter and value of each filter; none of them holds a wildcard of its own."""
    if criteria.identifier is not None:
        yield "key", search_key(canonical_identifier(criteria.identifier.strip()))
    if criteria.family is not None:
        yield "family", family_key(criteria.family) + "%"
    if criteria.given is not None:
        yield "given", plain(criteria.given) + "%"
    if criteria.birth_date is not None:
        if not is_dtm(criteria.birth_date):
            raise PatientError("the birth date must be YYYY, YYYYMM or YYYYMMDD")
        yield "birth_date", criteria.birth_date + "%"
    if criteria.sex is not None:
        yield "sex", criteria.sex


def _views(connection: Connection, patients: Sequence[_Row]) -> list[PatientView]:
    if not patients:
        return []
    keys = sorted({key for item in patients for key in (item.key, *item.member_keys)})
    related = sorted({*keys, *(item.merged_into for item in patients if item.merged_into is not None)})
    names = {row[1]: row[0] for row in connection.run(_SQL["patients_of_keys"], {"keys": related})}
    records = {row[0]: kept(row) for row in connection.run(_SQL["record"], {"keys": keys})}
    documents = {row[0]: row[1] for row in connection.run(_SQL["documents_of_keys"], {"keys": keys})}
    history = [MergeEvent(*row) for row in connection.run(_SQL["merge_history"], {"keys": keys})]
    views = []
    for item in patients:
        mine = (item.key, *item.member_keys)
        members = tuple(names[key] for key in item.member_keys)
        ids = {item.patient_id, *members}
        record: KeptRecord | None = records.get(item.key)
        views.append(
            PatientView(
                patient_id=item.patient_id,
                merged_into=None if item.merged_into is None else names[item.merged_into],
                members=members,
                record=None if record is None else record.record,
                from_feed=record is not None and record.from_feed,
                changed_at=None if record is None else record.changed_at,
                documents=0 if item.merged_into is not None else sum(documents.get(key, 0) for key in mine),
                history=tuple(event for event in history if {event.subsumed, event.survivor} & ids),
            )
        )
    return views
