"""`xds consent`: what patients withhold, overrides, and what custodians are told; worked on in the metadata store."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import click

from xds.access import DirectiveKind
from xds.cli.database import Database, database_options
from xds.cli.options import json_option, patient_option
from xds.cli.outcome import Refused, Unreadable, write_json
from xds.cli.patients import administrator
from xds.sandbox import seed_directives
from xds.server.consent import consent_store
from xds.server.consent_json import consent_json, directive_json, override_json
from xds.settings import SettingsError, load
from xds.store import (
    ConsentStore,
    CustodianNotification,
    InvalidPatientId,
    PatientError,
    UnusableTarget,
)

_KIND = click.option(
    "--kind",
    required=True,
    type=click.Choice([item.value for item in DirectiveKind]),
    help="domain: everything; record: one report; hic-agent: an organization; agent: a person.",
)
_TARGET = click.option(
    "--target",
    default="",
    metavar="ID",
    help="record: entryUUID or uniqueId; hic-agent: organization; agent: person.",
)
_REASON = click.option("--reason", required=True, help="Why; it is kept, and audited.")


@click.group()
def consent() -> None:
    """What patients withhold, and who overrode it."""


@contextmanager
def _store(database: Database) -> Iterator[ConsentStore]:
    """The store; what it refuses is the command's answer."""
    with database.opened() as pool:
        try:
            # Who is told, and for how long, the settings say; without them what is usual.
            yield (
                ConsentStore(pool) if database.config is None else consent_store(load(database.config), pool)
            )
        except (InvalidPatientId, UnusableTarget, SettingsError) as error:
            raise Unreadable(str(error)) from None
        except PatientError as error:
            raise Refused(str(error)) from None


@consent.command(
    name="set",
    epilog="Example: xds consent set --patient @id.txt --kind domain --reason 'form of 3 May' --config xds.toml",
)
@patient_option(required=True)
@_KIND
@_TARGET
@_REASON
@click.option("--custodian", default="", help="Who is told of overrides; none: consent.custodian.")
@database_options
@json_option
def set_directive(
    database: Database, patient: str, kind: str, target: str, reason: str, custodian: str, as_json: bool
) -> None:
    """Set a directive; it counts for the next request."""
    with _store(database) as store:
        made, is_new = store.restrict(
            patient,
            DirectiveKind(kind),
            target,
            reason=reason,
            author=administrator(),
            custodian=custodian,
        )
    _tell(
        as_json,
        {"set": is_new, "directive": directive_json(made)},
        f"directive {made.number} is in force{'' if is_new else ' already'}",
    )


@consent.command(
    epilog="Example: xds consent lift --patient @id.txt --kind domain --reason 'form of 9 May' --config xds.toml"
)
@patient_option(required=True)
@_KIND
@_TARGET
@_REASON
@database_options
@json_option
def lift(database: Database, patient: str, kind: str, target: str, reason: str, as_json: bool) -> None:
    """Lift a directive (reinstate); it stays as history."""
    with _store(database) as store:
        lifted = store.reinstate(patient, DirectiveKind(kind), target, reason=reason, author=administrator())
    _tell(
        as_json,
        {"lifted": True, "directive": directive_json(lifted)},
        f"directive {lifted.number} is lifted",
    )


@consent.command(name="list", epilog="Example: xds consent list --patient @id.txt --config xds.toml")
@patient_option(required=True)
@database_options
@json_option
def list_consent(database: Database, patient: str, as_json: bool) -> None:
    """Directives and overrides of a patient, with those that are over."""
    with _store(database) as store:
        view = store.show(patient, author=administrator())
    if as_json:
        write_json(consent_json(view))
        return
    for item in view.directives:
        made = item.directive
        state = "in force" if item.lifted_at is None else f"lifted {item.lifted_at.isoformat()}"
        click.echo(f"{made.number} {made.kind} {made.target} since {made.made_at.isoformat()}: {state}")
    for override in view.overrides:
        click.echo(
            f"override {override.number} {override.organization} {override.started_at.isoformat()} to"
            f" {(override.ended_at or override.ends_at).isoformat()}"
        )


@consent.command(
    epilog="Example: xds consent override --patient @id.txt --organization 2.999.23.1 --reason '…' --config xds.toml"
)
@patient_option(required=True)
@click.option("--organization", help="Whose users see everything for its time.")
@click.option("--person", default="", help="Who asked for it.")
@click.option("--reason", help="Why; it is kept, audited, and told to the custodian.")
@click.option("--hours", type=click.IntRange(min=1, max=168), help="How long; none: 4.")
@click.option("--end", type=int, metavar="NUMBER", help="End the override of that number instead.")
@database_options
@json_option
def override(
    database: Database,
    patient: str,
    organization: str | None,
    person: str,
    reason: str | None,
    hours: int | None,
    end: int | None,
    as_json: bool,
) -> None:
    """Issue an override ticket, or end an override before its time."""
    if end is None and not (organization and reason and reason.strip()):
        raise click.UsageError("an override needs --organization and --reason; or name one to --end")
    with _store(database) as store:
        if end is not None:
            store.end_override(patient, end, author=administrator())
            _tell(as_json, {"ended": end}, f"override {end} is ended")
            return
        made = store.override(
            patient,
            organization or "",
            reason=reason or "",
            author=administrator(),
            person=person,
            lifetime=None if hours is None else timedelta(hours=hours),
        )
    _tell(
        as_json,
        {"override": override_json(made)},
        f"override {made.number} is open until {made.ends_at.isoformat()}",
    )


@consent.command(epilog="Example: xds consent notifications --acknowledge 3 --config xds.toml")
@click.option("--custodian", help="Of that custodian only.")
@click.option(
    "--acknowledge", multiple=True, type=int, metavar="NUMBER", help="Was told; may repeat. The others stay."
)
@database_options
@json_option
def notifications(
    database: Database, custodian: str | None, acknowledge: tuple[int, ...], as_json: bool
) -> None:
    """What custodians have to be told: told again until it is acknowledged."""
    with _store(database) as store:
        if acknowledge:
            done = store.acknowledge(acknowledge, author=administrator())
            _tell(as_json, {"acknowledged": sorted(done)}, f"{len(done)} acknowledged")
            if unknown := sorted(set(acknowledge) - done):
                raise Refused(f"not waiting: {', '.join(map(str, unknown))}")
            return
        waiting = store.notifications(custodian=custodian)
    if as_json:
        write_json({"notifications": [_notification_json(item) for item in waiting]})
        return
    for item in waiting:
        click.echo(
            f"{item.number} {item.custodian or '(no custodian named)'} override {item.override.number} by"
            f" {item.override.organization} since {item.override.started_at.isoformat()}"
        )


@consent.command(epilog="Example: xds consent seed --config xds.toml; the service has the sandbox's patients")
@database_options
@json_option
def seed(database: Database, as_json: bool) -> None:
    """Set the directives of the sandbox's patients; what is in force already stays."""
    with _store(database) as store:
        made = [
            store.restrict(
                item.patient_id,
                item.kind,
                item.target,
                reason="a directive of the sandbox",
                author=administrator(),
            )
            for item in seed_directives()
        ]
    new = sum(is_new for _, is_new in made)
    _tell(
        as_json,
        {"set": new, "in_force": len(made)},
        f"{len(made)} directives are in force, {new} of them new",
    )


def _tell(as_json: bool, document: dict[str, object], words: str) -> None:
    if as_json:
        write_json(document)
    else:
        click.echo(words)


def _notification_json(item: CustodianNotification) -> dict[str, object]:
    return {
        "number": item.number,
        "custodian": item.custodian,
        "patient": item.patient_id,
        "created_at": item.created_at.isoformat(),
        "override": override_json(item.override),
    }
