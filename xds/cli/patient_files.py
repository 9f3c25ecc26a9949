"""CSV files of patients and of an unmerge's decisions: every mistake of a file in one go, none of its values."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, TextIO

from xds.cli.outcome import Unreadable
from xds.model import PatientName, PatientRecord, canonical_identifier, is_dtm, parse_patient_id
from xds.store import UnmergePlan

PATIENT_COLUMNS: Final = (
    "patient_id",
    "identifiers",
    "family",
    "given",
    "prefix",
    "suffix",
    "birth_date",
    "sex",
)
"""Of a file of patients; only the first is needed. Several identifiers are parted by ~, given names by spaces."""
DECISION_COLUMNS: Final = ("entry_uuid", "assignment")
_SEXES: Final = frozenset("FMOUAN")
_SHOWN: Final = 20


def read_patients(path: Path) -> list[PatientRecord]:
    """Read a file of patients, UTF-8, the names of its columns in the first line.

    Raises
    ------
    Unreadable
        All that is wrong with it, by line; no value of it.
    """
    records, wrongs = [], list[str]()
    for line, row in _rows(path, PATIENT_COLUMNS, needed=("patient_id",)):
        found = list(_wrong(row))
        wrongs += [f"line {line}: {item}" for item in found]
        if not found:
            records.append(_record(row))
    _refuse(path, wrongs)
    return records


def read_decisions(path: Path) -> dict[str, str]:
    """Read an unmerge's decisions: entryUUID → patient id or ``cut``; lines without an assignment are left out.

    Raises
    ------
    Unreadable
    """
    found: dict[str, str] = {}
    wrongs = []
    for line, row in _rows(path, (), needed=DECISION_COLUMNS):
        entry_uuid, assignment = row["entry_uuid"].strip().lower(), row["assignment"].strip()
        if entry_uuid in found:
            wrongs.append(f"line {line}: the object stands in an earlier line too")
        if assignment:
            found[entry_uuid] = assignment
    _refuse(path, wrongs)
    return found


def write_decisions(plan: UnmergePlan, output: TextIO) -> None:
    """Write what has to be decided, ready to be filled in."""
    writer = csv.writer(output, lineterminator="\n")
    writer.writerow([*DECISION_COLUMNS, "what"])
    for item in plan.added:
        what = f"submission of {item.registered_at:%Y-%m-%dT%H:%M:%S%z}, {len(item.objects)} objects"
        writer.writerow([item.entry_uuid, item.belongs_to or "", what])
    for link in plan.joining:
        kind = link.association_type.rpartition(":")[2]
        what = f"association {kind} from {link.source} to {link.target}; only cut is possible"
        writer.writerow([link.entry_uuid, "cut" if link.is_cut else "", what])


def _rows(
    path: Path, columns: Sequence[str], *, needed: Iterable[str]
) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restkey="", restval="")
            names = [name.strip() for name in reader.fieldnames or ()]
            reader.fieldnames = names
            missing = [name for name in needed if name not in names]
            unknown = [name for name in names if columns and name not in columns]
            if missing or unknown or len(set(names)) < len(names):
                expected = ", ".join(columns or DECISION_COLUMNS)
                raise Unreadable(f"{path}: its first line names the columns, each once: {expected}")
            for row in reader:
                if "" in row:
                    raise Unreadable(f"{path}: line {reader.line_num} has more values than there are columns")
                yield reader.line_num, row
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no CSV in UTF-8"
        raise Unreadable(f"{path} cannot be read: {reason}") from None


def _wrong(row: dict[str, str]) -> Iterator[str]:
    if parse_patient_id(row["patient_id"].strip()) is None:
        yield "patient_id must be id^^^&oid&ISO"
    birth_date, sex = row.get("birth_date", "").strip(), row.get("sex", "").strip()
    if birth_date and not is_dtm(birth_date):
        yield "birth_date must be YYYY, YYYYMM or YYYYMMDD"
    if sex and sex not in _SEXES:
        yield f"sex must be one of {', '.join(sorted(_SEXES))} (HL7 table 0001)"


def _record(row: dict[str, str]) -> PatientRecord:
    told = {name: row.get(name, "").strip() for name in PATIENT_COLUMNS}
    others = [item.strip() for item in told["identifiers"].split("~") if item.strip()]
    return PatientRecord(
        identifiers=tuple(
            dict.fromkeys(canonical_identifier(item) for item in (told["patient_id"], *others))
        ),
        name=PatientName(
            family=told["family"] or None,
            given=tuple(told["given"].split()),
            prefix=told["prefix"] or None,
            suffix=told["suffix"] or None,
        ),
        birth_date=told["birth_date"] or None,
        sex=told["sex"] or None,
    )


def _refuse(path: Path, wrongs: list[str]) -> None:
    if not wrongs:
        return
    more = [f"and {len(wrongs) - _SHOWN} more"] if len(wrongs) > _SHOWN else []
    raise Unreadable("\n  ".join([f"{path}: nothing was imported", *wrongs[:_SHOWN], *more]))
