"""`xds publish`: documents of one patient into a repository (ITI-41)."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import click
import requests

from xds.cli.kos import concept_map_option, zone_option
from xds.cli.metadata import Described, Wishes, describe, linked, submission_of
from xds.cli.options import (
    CodeType,
    F,
    end_point,
    json_option,
    patient_option,
    quiet_option,
    read_oid,
    sibling,
    timeout_option,
    url_option,
)
from xds.cli.outcome import Refused, Unreadable, finding_json, show_findings, write_json
from xds.cli.progress import progress_bar
from xds.cli.signing import signing_options
from xds.cli.tls import tls_options
from xds.client import RegistryClient, RepositoryClient
from xds.content import UnreadableDocument
from xds.model import AvailabilityStatus, RegistryResponse, Submission
from xds.transactions import Role
from xds.wss import SigningIdentity

EXAMPLE_SOURCE: Final = "2.999.4.1"
_CODE = CodeType()


def _code_option(name: str, destination: str, what: str, *, multiple: bool = False) -> Callable[[F], F]:
    return click.option(name, destination, type=_CODE, metavar="CODE", help=what, multiple=multiple)


@click.command(
    epilog="CODE is CODE^^SCHEME or CODE^^SCHEME^Display.\n\n\b\n"
    "Example: xds publish report.xml --patient 'P1001^^^&2.999.1.1&ISO' --to http://127.0.0.1:8080"
)
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False), metavar="FILE…"
)
@patient_option(required=True)
@url_option("--to", Role.REPOSITORY)
@click.option("--title", help="Title; else the document's own, else the file's name.")
@click.option("--author", metavar="XCN", help="Author; else the document's own.")
@click.option("--language", metavar="TAG", help="Language; else the document's own, else en-CA.")
@click.option("--mime-type", metavar="TYPE", help="Media type; else found out from the file.")
@_code_option("--class-code", "class_code", "Kind of document; else REPORTS.")
@_code_option("--type-code", "type_code", "Precise kind; else the document's own, else LOINC 18748-4.")
@_code_option("--format-code", "format_code", "Format; else the document's own.")
@_code_option("--confidentiality", "confidentiality_codes", "Else the document's own, else N.", multiple=True)
@_code_option("--event-code", "event_codes", "Modality, body region; else the document's own.", multiple=True)
@_code_option("--facility-type", "facility_code", "Kind of facility; else hospital.")
@_code_option("--practice-setting", "practice_code", "Specialty; else radiology department.")
@concept_map_option
@zone_option
@click.option("--source-patient-id", metavar="ID", help="Patient id at the source; else the document's own.")
@click.option("--unique-id", metavar="OID", help="uniqueId; else the document's own, else a new one.")
@click.option(
    "--source-id", default=EXAMPLE_SOURCE, show_default=True, metavar="OID", callback=read_oid,
    help="OID of the publishing system.",
)  # fmt: skip
@click.option(
    "--replace", "replaced", multiple=True, metavar="UUID|UID",
    help="entryUUID or uniqueId that FILE replaces; once for each FILE.",
)  # fmt: skip
@click.option("--registry", metavar="URL", help="Where --replace looks up a uniqueId; else beside --to.")
@timeout_option
@signing_options
@tls_options
@json_option
@quiet_option
def publish(
    *,
    files: tuple[Path, ...],
    patient: str,
    url: str,
    replaced: tuple[str, ...],
    registry: str | None,
    timeout: float,
    signing: SigningIdentity | None,
    session: requests.Session | None,
    as_json: bool,
    quiet: bool,
    **said: Any,
) -> None:
    """Publish documents of one patient (ITI-41).

    The metadata comes from the CDA, PDF or imaging manifest itself and from the options; all files are stored or
    none. Reports and manifest of an exam may go together.
    """
    if len(files) > 1 and said["unique_id"]:
        raise click.UsageError("--unique-id goes with one FILE")
    if replaced and len(replaced) != len(files):
        raise click.UsageError(
            f"{len(replaced)} --replace for {len(files)} FILE; say one for each, in their order"
        )
    wishes = Wishes(patient_id=patient, **said)
    described = _describe(files, wishes)
    targets = (
        _entry_uuids(replaced, _registry_url(url, registry), timeout, signing, session) if replaced else []
    )
    submission = submission_of([item.entry for item in described], wishes, targets)
    if not quiet:
        _notes(described, wishes)
    documents = {item.entry.entry_uuid: item.path for item in described}
    with (
        RepositoryClient(url, timeout=timeout, signing=signing, session=session) as client,
        progress_bar("publishing", quiet=quiet) as progress,
    ):
        response = client.provide(submission, documents, progress=progress)
    if as_json:
        write_json(_as_json(described, submission, response))
    else:
        _show(described, response)
    if not response.is_success:
        raise Refused(f"nothing was published: the repository answered {response.status.name}")


def _show(described: Sequence[Described], response: RegistryResponse) -> None:
    if response.is_success:
        for item in described:
            click.echo(f"{item.entry.entry_uuid}\t{item.entry.unique_id}\t{item.path}")
    show_findings(response.findings)


def _describe(files: Sequence[Path], wishes: Wishes) -> list[Described]:
    try:
        described = linked([describe(path, wishes) for path in files])
    except UnreadableDocument as error:
        raise Unreadable(str(error)) from None
    unique_ids = [item.entry.unique_id for item in described]
    for item in described:
        if unique_ids.count(item.entry.unique_id) > 1:
            raise Unreadable(f"{item.path}: another FILE has the same uniqueId {item.entry.unique_id}")
    return described


def _notes(described: Sequence[Described], wishes: Wishes) -> None:
    for item in described:
        for problem in item.problems:
            click.echo(f"note: {item.path}: {problem}", err=True)
    if wishes.source_id == EXAMPLE_SOURCE:
        click.echo(
            f"note: sourceId {EXAMPLE_SOURCE} is an example; say --source-id with your own OID", err=True
        )


def _registry_url(url: str, registry: str | None) -> str:
    return sibling(url, Role.REGISTRY) if registry is None else end_point(registry, Role.REGISTRY)


def _entry_uuids(
    replaced: Sequence[str],
    url: str,
    timeout: float,
    signing: SigningIdentity | None,
    session: requests.Session | None,
) -> list[str]:
    """The entryUUIDs of what is replaced; a uniqueId is looked up."""
    found = []
    with RegistryClient(url, timeout=timeout, signing=signing, session=session) as client:
        for name in replaced:
            if name.startswith("urn:uuid:"):
                found.append(name)
                continue
            entries = client.get_documents(unique_ids=[name]).objects.document_entries
            approved = [
                entry.entry_uuid
                for entry in entries
                if entry.availability_status is AvailabilityStatus.APPROVED
            ]
            if len(approved) != 1:
                raise Refused(
                    f"{name} cannot be replaced: {url} has {len(approved)} Approved documents with that uniqueId"
                )
            found += approved
    return found


def _as_json(
    described: Sequence[Described], submission: Submission, response: RegistryResponse
) -> dict[str, object]:
    submission_set = submission.submission_set
    return {
        "status": response.status.name,
        "submission_set": {
            "entry_uuid": submission_set.entry_uuid,
            "unique_id": submission_set.unique_id,
        },
        "documents": [
            {
                "file": str(item.path),
                "entry_uuid": item.entry.entry_uuid,
                "unique_id": item.entry.unique_id,
                "mime_type": item.entry.mime_type,
                "hash": item.entry.hash,
                "size": int(item.entry.size or 0),
            }
            for item in described
        ],
        "findings": [finding_json(finding) for finding in response.findings],
    }
