"""Registry objects for a reader: as a table, or as JSON with every attribute by its name in the standard."""

from collections.abc import Iterable
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from xds.cli.outcome import finding_json
from xds.ebxml import QueryResponse
from xds.model import (
    Association,
    AvailabilityStatus,
    Code,
    DocumentEntry,
    Folder,
    InternationalString,
    Submission,
    SubmissionSet,
)

_WIDE = 300  # columns of a table that is no terminal's: a line each, whatever its length


def answer_json(answer: QueryResponse) -> dict[str, object]:
    """Status, findings and objects of an answer; `xds retrieve --from-query` reads it."""
    objects = answer.objects
    return {
        "status": answer.status.name,
        "findings": [finding_json(finding) for finding in answer.findings],
        "document_entries": [asdict(item) for item in objects.document_entries],
        "submission_sets": [asdict(item) for item in objects.submission_sets],
        "folders": [asdict(item) for item in objects.folders],
        "associations": [asdict(item) for item in objects.associations],
        "object_refs": list(objects.object_refs),
    }


def show_table(objects: Submission) -> None:
    """Write a table for each kind of object to standard output, newest documents first."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _WIDE
    shown = False
    for title, columns, rows in _tables(objects):
        if not rows:
            continue
        shown = True
        table = Table(title=title, title_justify="left", box=None, pad_edge=False)
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(*row)
        console.print(table)
    if not shown:
        Console(stderr=True, highlight=False).print("nothing was found")


_Rows = list[tuple[str, ...]]


def _tables(objects: Submission) -> Iterable[tuple[str, tuple[str, ...], _Rows]]:
    entries, sets, folders = objects.document_entries, objects.submission_sets, objects.folders
    links, refs = objects.associations, objects.object_refs
    columns: tuple[str, ...] = ("created", "status", "title", "type", "uniqueId", "entryUUID")
    yield f"Documents: {len(entries)}", columns, _entry_rows(entries)
    columns = ("submitted", "status", "contentType", "uniqueId", "entryUUID")
    yield f"SubmissionSets: {len(sets)}", columns, [_set_row(item) for item in sets]
    columns = ("updated", "status", "title", "uniqueId", "entryUUID")
    yield f"Folders: {len(folders)}", columns, [_folder_row(item) for item in folders]
    columns = ("type", "source", "target", "entryUUID")
    yield f"Associations: {len(links)}", columns, [_link_row(item) for item in links]
    yield f"Object references: {len(refs)}", ("id",), [(ref,) for ref in refs]


def _entry_rows(entries: Iterable[DocumentEntry]) -> _Rows:
    newest_first = sorted(entries, key=lambda entry: entry.creation_time or "", reverse=True)
    return [
        (
            _time(entry.creation_time),
            _status(entry.availability_status),
            _text(entry.title),
            _code(entry.type_code),
            entry.unique_id or "",
            entry.entry_uuid,
        )
        for entry in newest_first
    ]


def _set_row(item: SubmissionSet) -> tuple[str, ...]:
    status, kind = _status(item.availability_status), _code(item.content_type_code)
    return _time(item.submission_time), status, kind, item.unique_id or "", item.entry_uuid


def _folder_row(item: Folder) -> tuple[str, ...]:
    status, title = _status(item.availability_status), _text(item.title)
    return _time(item.last_update_time), status, title, item.unique_id or "", item.entry_uuid


def _link_row(item: Association) -> tuple[str, ...]:
    return item.association_type.rpartition(":")[2], item.source, item.target, item.entry_uuid


def _time(dtm: str | None) -> str:
    """A DTM for reading: ``2024-03-11 15:30 UTC``."""
    if dtm is None:
        return ""
    date = "-".join(part for part in (dtm[:4], dtm[4:6], dtm[6:8]) if part)
    return f"{date} {dtm[8:10]}:{dtm[10:12]} UTC" if len(dtm) >= 12 else date


def _status(status: AvailabilityStatus) -> str:
    return status.value.rpartition(":")[2]


def _text(strings: InternationalString) -> str:
    return strings[0].value if strings else ""


def _code(code: Code | None) -> str:
    return "" if code is None else _text(code.display) or code.code
