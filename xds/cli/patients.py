"""`xds patients`: the patients of the affinity domain, worked on directly in the metadata store."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from xds.audit import AuditEvent, AuditUnavailable, System
from xds.cli.administrator import Administrator, user_name
from xds.cli.database import Database, database_options
from xds.cli.options import json_option, patient_option
from xds.cli.outcome import Refused, Unreadable, write_json
from xds.cli.patient_files import PATIENT_COLUMNS, read_decisions, read_patients, write_decisions
from xds.model import PatientName, PatientRecord, canonical_identifier, is_dtm
from xds.store import (
    InvalidPatientId,
    PatientError,
    PatientStore,
    PatientView,
    Unassigned,
    UnmergePlan,
    UnusableAssignment,
)


@click.group()
def patients() -> None:
    """The patients of the affinity domain."""


@contextmanager
def _store(database: Database) -> Iterator[tuple[PatientStore, Administrator]]:
    """The store, and who works on it; what it refuses is the command's answer."""
    with database.opened() as pool:
        try:
            yield PatientStore(pool), Administrator(pool, database)
        except (UnusableAssignment, InvalidPatientId) as error:
            raise Unreadable(str(error)) from None
        except PatientError as error:
            raise Refused(str(error)) from None
        except AuditUnavailable:
            raise Refused("the audit log cannot be written; nothing was changed") from None


def _event(who: Administrator, action: str, what: str, patient_id: str) -> AuditEvent:
    """An event of the audit log, written with what is done."""
    patients = (canonical_identifier(patient_id),)
    return who.event(System.PATIENT_ADMINISTRATION, what, action=action, patients=patients)


def administrator() -> str:
    """Who does it, for the history."""
    return f"administrator {user_name()}"


@patients.command(epilog="Example: xds patients add --patient @id.txt --family Sample --config xds.toml")
@patient_option(required=True)
@click.option(
    "--identifier", "identifiers", multiple=True, metavar="CX", help="Another id of the patient; may repeat."
)
@click.option("--family", help="Family name.")
@click.option("--given", multiple=True, help="Given name; may repeat.")
@click.option("--birth-date", metavar="YYYYMMDD", help="Date of birth.")
@click.option("--sex", type=click.Choice(list("FMOUAN")), help="HL7 table 0001.")
@database_options
@json_option
def add(
    database: Database,
    patient: str,
    identifiers: tuple[str, ...],
    family: str | None,
    given: tuple[str, ...],
    birth_date: str | None,
    sex: str | None,
    as_json: bool,
) -> None:
    """Make a patient known, or tell more of one that is."""
    if birth_date is not None and not is_dtm(birth_date):
        raise click.UsageError("--birth-date must be YYYY, YYYYMM or YYYYMMDD")
    record = PatientRecord(
        identifiers=tuple(dict.fromkeys(canonical_identifier(item) for item in (patient, *identifiers))),
        name=PatientName(family=family, given=given),
        birth_date=birth_date,
        sex=sex,
    )
    with _store(database) as (store, who):
        is_new = store.admit(record, [_event(who, "C", "add", record.patient_id)])
    _tell(
        as_json, {"added": is_new}, "the patient is known now" if is_new else "the patient was known already"
    )


@patients.command(
    epilog="Example: echo 'P1001^^^&2.999.1.1&ISO' | xds patients show --patient - --config xds.toml"
)
@patient_option(required=True)
@database_options
@json_option
def show(database: Database, patient: str, as_json: bool) -> None:
    """What is known of a patient id, and its merges."""
    with _store(database) as (store, who):
        concerned = (canonical_identifier(patient),)
        who.did(System.PATIENT_ADMINISTRATION, "show", action="R", patients=concerned)
        view = store.show(patient)
    if as_json:
        write_json(_view_json(view))
        return
    for name, value in _view_lines(view):
        click.echo(f"{name:<13} {value}")


@patients.command(epilog="Example: xds patients merge --patient @old.txt --into @new.txt --config xds.toml")
@patient_option(required=True)
@patient_option(required=True, name="--into", help_text="The patient id that survives")
@database_options
@json_option
def merge(database: Database, patient: str, into: str, as_json: bool) -> None:
    """Let one patient id answer for another as well; the other is then out of use."""
    with _store(database) as (store, who):
        events = [_event(who, "D", "merge", patient), _event(who, "U", "merge", into)]
        is_merged = store.merge(patient, into, source=administrator(), events=events)
    _tell(as_json, {"merged": is_merged}, "merged" if is_merged else "they were merged already")


@patients.command(
    epilog="Example: xds patients unmerge --patient @old.txt --config xds.toml > decisions.csv; fill it in; then"
    " again with --assign decisions.csv"
)
@patient_option(required=True)
@click.option(
    "--assign",
    type=click.Path(path_type=Path, dir_okay=False),
    help="CSV with the columns entry_uuid and assignment: one of the two patient ids, or cut.",
)
@database_options
@json_option
def unmerge(database: Database, patient: str, assign: Path | None, as_json: bool) -> None:
    """Undo a merge. What was added since has to be assigned: without it the list is written, and nothing done."""
    decisions = {} if assign is None else read_decisions(assign)
    with _store(database) as (store, who):
        events = [_event(who, "U", "unmerge", patient)]
        try:
            plan = store.unmerge(patient, decisions, source=administrator(), events=events)
        except Unassigned as undecided:
            if as_json:
                write_json({"unmerged": False, **_plan_json(undecided.plan)})
            else:
                write_decisions(undecided.plan, sys.stdout)
            raise Refused(str(undecided)) from None
    words = f"unmerged; {len(plan.added)} submissions assigned, {len(plan.joining)} associations cut"
    _tell(as_json, {"unmerged": True, **_plan_json(plan)}, words)


@patients.command(
    name="import",
    epilog=f"Columns: {', '.join(PATIENT_COLUMNS)}. Example: xds patients import patients.csv --config xds.toml",
)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@database_options
@json_option
def import_command(database: Database, file: Path, as_json: bool) -> None:
    """Make the patients of a CSV file known, or tell more of those that are; a file with a mistake is not begun."""
    records = read_patients(file)
    added = known = 0
    refused: list[tuple[int, str]] = []
    with _store(database) as (store, who):
        for number, record in enumerate(records, start=1):
            try:
                if store.admit(record, [_event(who, "C", "import", record.patient_id)]):
                    added += 1
                else:
                    known += 1
            except PatientError as error:
                refused.append((number, str(error)))
    counts: dict[str, object] = {"added": added, "known": known, "refused": len(refused)}
    _tell(as_json, counts, f"{added} added, {known} known already, {len(refused)} refused")
    for number, reason in refused:
        click.echo(f"xds: patient {number} of the file: {reason}", err=True)
    if refused:
        sys.exit(1)


def _tell(as_json: bool, document: dict[str, object], words: str) -> None:
    if as_json:
        write_json(document)
    else:
        click.echo(words)


def _view_lines(view: PatientView) -> Iterator[tuple[str, str]]:
    yield "patient id", view.patient_id
    yield "state", "in use" if view.merged_into is None else f"merged into {view.merged_into}"
    record = view.record
    if record is not None:
        name = record.name
        parts = (name.prefix, *name.given, name.family, name.suffix)
        yield "name", " ".join(part for part in parts if part)
        yield "birth date", record.birth_date or ""
        yield "sex", record.sex or ""
        for identifier in record.identifiers[1:]:
            yield "identifier", identifier
        yield "told by", "a feed or an administrator" if view.from_feed else "a submission"
    yield "documents", str(view.documents)
    for member in view.members:
        yield "answers for", member
    for event in view.history:
        undone = (
            ""
            if event.undone_at is None
            else f"; undone {event.undone_at:%Y-%m-%d %H:%M} by {event.undone_by}"
        )
        yield (
            "merge",
            f"{event.subsumed} into {event.survivor}, {event.merged_at:%Y-%m-%d %H:%M} by {event.source}{undone}",
        )


def _view_json(view: PatientView) -> dict[str, object]:
    record = view.record
    return {
        "patient_id": view.patient_id,
        "merged_into": view.merged_into,
        "members": list(view.members),
        "documents": view.documents,
        "record": None
        if record is None
        else {
            "identifiers": list(record.identifiers),
            "family": record.name.family,
            "given": list(record.name.given),
            "prefix": record.name.prefix,
            "suffix": record.name.suffix,
            "birth_date": record.birth_date,
            "sex": record.sex,
            "from_feed": view.from_feed,
        },
        "history": [
            {
                "subsumed": event.subsumed,
                "survivor": event.survivor,
                "merged_at": event.merged_at.isoformat(),
                "source": event.source,
                "undone_at": None if event.undone_at is None else event.undone_at.isoformat(),
                "undone_by": event.undone_by,
            }
            for event in view.history
        ],
    }


def _plan_json(plan: UnmergePlan) -> dict[str, object]:
    return {
        "subsumed": plan.subsumed,
        "survivor": plan.survivor,
        "merged_at": plan.merged_at.isoformat(),
        "source": plan.source,
        "added": [
            {
                "entry_uuid": item.entry_uuid,
                "registered_at": item.registered_at.isoformat(),
                "objects": list(item.objects),
                "belongs_to": item.belongs_to,
            }
            for item in plan.added
        ],
        "joining": [
            {
                "entry_uuid": item.entry_uuid,
                "type": item.association_type,
                "source": item.source,
                "target": item.target,
                "is_cut": item.is_cut,
            }
            for item in plan.joining
        ],
        "undecided": list(plan.undecided),
    }
