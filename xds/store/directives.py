"""Directives as they are kept, what a report is, and what becomes of directives when documents and patients change."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from xds.access import Directive, DirectiveKind, Override
from xds.content import SUMMARY_FORMAT
from xds.model import AssociationType
from xds.store.access import Connection, Row
from xds.store.rows import bare
from xds.store.statements import statements

_SQL = statements("consent")
_MEMBER: Final = AssociationType.HAS_MEMBER.value
_SAME_REPORT: Final = [
    AssociationType.RPLC.value,
    AssociationType.XFRM.value,
    AssociationType.XFRM_RPLC.value,
]
Report = list[tuple[str, str, bytes]]
"""Bare entryUUID, logicalID and hashed uniqueId of each document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptDirective:
    """A directive with what its report is known by."""

    directive: Directive
    patient_key: int
    logical_ids: list[str]
    uids: list[bytes]


def directives_in_force(connection: Connection, keys: Collection[int]) -> list[KeptDirective]:
    """Of one patient, by all ids that were merged into one."""
    return [
        KeptDirective(
            directive=directive_of(row),
            patient_key=row[1],
            logical_ids=[str(item) for item in row[8]],
            uids=list(row[9]),
        )
        for row in connection.run(_SQL["directives_in_force"], {"keys": sorted(keys)})
    ]


def directive_of(row: Row) -> Directive:
    """A row of the statements about directives."""
    return Directive(
        number=row[0],
        patient="",  # one patient's, by whatever id
        kind=DirectiveKind(row[2]),
        target=row[3],
        custodian=row[4],
        reason=row[5],
        author=row[6],
        made_at=row[7],
    )


def override_of(row: Row) -> Override:
    """A row of the statements about overrides."""
    return Override(
        number=row[0],
        patient="",
        organization=row[2],
        person=row[3],
        issuer=row[4],
        purpose=row[5],
        reason=row[6],
        author=row[7],
        started_at=row[8],
        ends_at=row[9],
        ended_at=row[10],
    )


def add_override(connection: Connection, key: int, override: Override, told: Iterable[str]) -> int:
    """Open a window and queue what custodians are told, within the caller's transaction; return its number."""
    ((number,),) = connection.run(
        _SQL["add_override"],
        {
            "key": key,
            "organization": override.organization,
            "person": override.person,
            "issuer": override.issuer,
            "purpose": override.purpose,
            "reason": override.reason,
            "author": override.author,
            "now": override.started_at.isoformat(),
            "ends_at": override.ends_at.isoformat(),
        },
    )
    for custodian in sorted(told):
        connection.run(_SQL["add_notification"], {"key": key, "override": number, "custodian": custodian})
    return int(number)


def report_of(
    connection: Connection, keys: Collection[int], logical_ids: Collection[str], uids: Collection[bytes]
) -> Report:
    """What is one report."""
    parameters = {
        "keys": sorted(keys),
        "logical_ids": sorted(logical_ids),
        "uids": sorted(uids),
        "member": _MEMBER,
        "same": _SAME_REPORT,
    }
    return [(row[0], row[1], row[2]) for row in connection.run(_SQL["reports"], parameters)]


def hidden_objects(
    connection: Connection, keys: Collection[int], directives: Iterable[KeptDirective]
) -> set[str]:
    """Bare entryUUIDs of what record directives keep from view.

    The reports; what this house made of reports and kept, for nobody can tell which are in it; every association with
    one of them; and SubmissionSets and Folders that have nothing else in them.
    """
    wanted = list(directives)
    logical_ids = {each for item in wanted for each in item.logical_ids}
    uids = {each for item in wanted for each in item.uids}
    hidden = {row[0] for row in report_of(connection, keys, logical_ids, uids)}
    summary = {"keys": sorted(keys), "code": SUMMARY_FORMAT.code, "scheme": SUMMARY_FORMAT.scheme}
    hidden |= {row[0] for row in connection.run(_SQL["summaries"], summary)}
    new = hidden
    while new:
        ids = {"ids": sorted(hidden)}
        found = {row[0] for row in connection.run(_SQL["touching_hidden"], ids)}
        found |= {
            row[0]
            for row in connection.run(_SQL["emptied"], {**ids, "keys": sorted(keys), "member": _MEMBER})
        }
        new = found - hidden
        hidden |= new
    return hidden


def share_directives(connection: Connection, path: Sequence[tuple[int, str]], subsumed_key: int) -> None:
    """Let an id that stands for itself again have what was directed since it was merged, within the unmerge.

    Which of the two patients meant it, nobody but a person knows: it counts for both until one lifts it.

    Parameters
    ----------
    path
        Each id on the way to the survivor, and since when (ISO 8601).
    """
    for key, since in path:
        connection.run(_SQL["share_directives"], {"from": key, "to": subsumed_key, "since": since})


def keep_reports(connection: Connection, keys: Collection[int]) -> None:
    """Let record directives of patients remember their whole reports, before a part is removed (ITI-62)."""
    for item, _, report in _reports_of(connection, keys):
        connection.run(
            _SQL["keep_report"],
            {
                "key": item.patient_key,
                "number": item.directive.number,
                "logical_ids": sorted({*item.logical_ids, *(row[1] for row in report)}),
                "uids": sorted({*item.uids, *(row[2] for row in report)}),
            },
        )


def follow_documents(
    connection: Connection, keys: Collection[int], to_key: int, entry_uuids: Collection[str]
) -> None:
    """Let record directives go with documents that become another patient's (ITI-57, ITI-64)."""
    moved = {bare(item) for item in entry_uuids}
    for item, keys_of_patient, report in _reports_of(connection, keys):
        if to_key in keys_of_patient or not moved & {row[0] for row in report}:
            continue
        directive = item.directive
        connection.run(
            _SQL["add_directive"],
            {
                "key": to_key,
                "kind": directive.kind.value,
                "target": directive.target,
                "logical_ids": sorted({*item.logical_ids, *(row[1] for row in report)}),
                "uids": sorted({*item.uids, *(row[2] for row in report)}),
                "custodian": directive.custodian,
                "reason": directive.reason,
                "author": directive.author,
                "now": directive.made_at.isoformat(),
            },
        )


def _reports_of(
    connection: Connection, keys: Collection[int]
) -> list[tuple[KeptDirective, list[int], Report]]:
    """The record directives of patients, with all keys of each patient and the documents of the report."""
    if not keys:
        return []
    restricted = connection.run(_SQL["restricted_patients"], {"keys": sorted(keys)})
    if not restricted:
        return []
    found: list[tuple[KeptDirective, list[int], Report]] = []
    for survivor, members in connection.run(_SQL["groups"], {"keys": [row[0] for row in restricted]}):
        group = sorted({survivor, *members})
        found += [
            (item, group, report_of(connection, group, item.logical_ids, item.uids))
            for item in directives_in_force(connection, group)
            if item.directive.kind is DirectiveKind.RECORD
        ]
    return found
