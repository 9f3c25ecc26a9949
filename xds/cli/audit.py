"""`xds audit`: the audit log, read by who may; each look is an event of the log itself."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import IO, Any, Final

import click
import msgspec

from xds.audit import AuditEvent, Outcome, System, audit_message
from xds.cli.administrator import Administrator
from xds.cli.database import Database, database_options
from xds.cli.options import json_option, patient_option
from xds.cli.outcome import Refused, write_json
from xds.model import canonical_identifier
from xds.store import AuditReader, Pool, hash_at, verify

_OUTCOMES: Final = {"success": (0,), "failure": (4, 8, 12)}


@click.group()
def audit() -> None:
    """The audit log: who did what with whose data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which events are meant."""

    since: datetime | None
    until: datetime | None
    patient: str | None
    transaction: str | None
    user: str | None
    outcome: str | None

    def described(self) -> str:
        """For the log: what was looked for, whose data excepted; that is told apart."""
        told = {
            name: value for name, value in asdict(self).items() if value is not None and name != "patient"
        }
        return ", ".join(f"{name} {value}" for name, value in told.items()) or "everything"

    def events(self, pool: Pool) -> Iterator[AuditEvent]:
        """The events, in their order."""
        patient = None if self.patient is None else canonical_identifier(self.patient)
        found = AuditReader(pool).events(since=self.since, until=self.until, patient=patient)
        return (event for event in found if self._fits(event))

    def _fits(self, event: AuditEvent) -> bool:
        if self.transaction is not None and not event.kind.startswith(self.transaction):
            return False
        if self.outcome is not None and event.outcome not in _OUTCOMES[self.outcome]:
            return False
        return self.user is None or self.user in _names(event)


def _names(event: AuditEvent) -> set[str]:
    user = event.user
    told = {event.person, event.peer_name, event.peer}
    return told if user is None else told | {user.user, user.licence or "", user.on_behalf_of or ""}


def _instant(_context: click.Context, _parameter: click.Parameter, value: str | None) -> datetime | None:
    if value is None:
        return None
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} is no time; write 2026-03-01 or 2026-03-01T14:30:00Z") from None
    return read if read.tzinfo is not None else read.replace(tzinfo=UTC)


def filter_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """What narrows a look; the command gets a `Filter` as `wanted`."""

    @click.option("--since", callback=_instant, metavar="TIME", help="Recorded then or later, ISO 8601; UTC.")
    @click.option("--until", callback=_instant, metavar="TIME", help="Recorded before.")
    @patient_option(required=False)
    @click.option(
        "--transaction", metavar="NUMBER", help='Such as ITI-43, or "ITI-43 server", or "emergency override".'
    )
    @click.option("--user", metavar="ID", help="User, licence, partner, address or administrator.")
    @click.option("--outcome", type=click.Choice(sorted(_OUTCOMES)), help="How it ended.")
    @wraps(command)
    def with_filter(*arguments: Any, **named: Any) -> Any:
        names = ("since", "until", "patient", "transaction", "user", "outcome")
        wanted = Filter(**{name: named.pop(name) for name in names})
        return command(*arguments, wanted=wanted, **named)

    return with_filter


@audit.command(epilog="Example: xds audit show --patient @id.txt --since 2026-03-01 --config xds.toml")
@filter_options
@database_options
@json_option
def show(database: Database, wanted: Filter, as_json: bool) -> None:
    """List events: time, transaction, outcome, who, and whose data."""
    with database.opened() as pool:
        _used(pool, database, "show", wanted)
        events = wanted.events(pool)
        if as_json:
            write_json({"events": [_as_json(event) for event in events]})
            return
        for event in events:
            click.echo("\t".join(_line(event)))


@audit.command(epilog="Example: xds audit export --patient @id.txt --out events.xml --config xds.toml")
@filter_options
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="File to write; else standard output."
)
@database_options
def export(database: Database, wanted: Filter, out: Path | None) -> None:
    """Write DICOM audit messages, one a line."""
    with database.opened() as pool:
        _used(pool, database, "export", wanted)
        if out is None:
            _write(wanted.events(pool), sys.stdout.buffer)
            return
        descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)  # it is full of patients
        with os.fdopen(descriptor, "wb") as file:
            count = _write(wanted.events(pool), file)
    click.echo(f"{count} events in {out}", err=True)


@audit.command(name="verify", epilog="Example: xds audit verify --expect 4711:9f86d0… --config xds.toml")
@click.option("--expect", metavar="POSITION:HASH", help="What an earlier look printed: that is still there.")
@database_options
@json_option
def verify_chain(database: Database, expect: str | None, as_json: bool) -> None:
    """Find what was changed in the audit log or taken out of it.

    Write down the position and hash that it prints, elsewhere: with --expect they prove all that was sealed by then.
    """
    noted = _noted(expect)
    with database.opened() as pool:
        _used(pool, database, "verify", None)
        found = verify(pool)
        held = noted is None or hash_at(pool, noted[0]) == noted[1]
    faults = [{"position": item.position, "what": item.what} for item in found.faults]
    if not held and noted is not None:
        faults.append({"position": noted[0], "what": "the link has not the hash that was expected"})
    if as_json:
        write_json({"sound": not faults, **{**asdict(found), "faults": faults}})
    else:
        click.echo(
            f"{found.links} links to position {found.position}, {found.unsealed} events not sealed yet"
        )
        click.echo(f"{found.position}:{found.hash}")
        for fault in faults:
            click.echo(f"at {fault['position']}: {fault['what']}", err=True)
    if faults:
        raise Refused("the audit log is not what was sealed")


def _noted(expect: str | None) -> tuple[int, str] | None:
    if expect is None:
        return None
    position, _, digest = expect.partition(":")
    if not position.isdecimal() or len(digest) != 64:
        raise click.UsageError("--expect is POSITION:HASH, as `xds audit verify` prints it")
    return int(position), digest.lower()


def _write(events: Iterator[AuditEvent], file: IO[bytes]) -> int:
    count = 0
    for event in events:
        file.write(audit_message(event) + b"\n")
        count += 1
    file.flush()
    return count


def _used(pool: Pool, database: Database, command: str, wanted: Filter | None) -> None:
    """Record the look before anything is shown (DICOM PS3.15 A.5.3.2)."""
    facts: dict[str, Any] = {}
    if wanted is not None and wanted.patient is not None:
        facts["patients"] = (canonical_identifier(wanted.patient),)
    sought = "" if wanted is None else f": {wanted.described()}"
    Administrator(pool, database).did(System.LOG_USED, f"{command}{sought}", **facts)


def _line(event: AuditEvent) -> Sequence[str]:
    user = event.user
    who = event.person or (user.user if user is not None else "") or event.peer_name or event.peer or "-"
    outcome = Outcome(event.outcome).name.lower().replace("_", " ")
    concerned = " ".join(event.patients) or " ".join(item.unique_id for item in event.documents) or "-"
    return event.time, event.kind, outcome, who, concerned, event.description


def _as_json(event: AuditEvent) -> dict[str, Any]:
    made = {name: value for name, value in msgspec.to_builtins(event).items() if value not in ("", [], None)}
    if event.query:
        made["query"] = event.query.decode("utf-8", "replace")
    return {**made, "outcome": int(event.outcome)}
