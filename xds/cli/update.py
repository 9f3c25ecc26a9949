"""`xds update`: the metadata of a registered document (ITI-57, ITI-92)."""

from collections.abc import Mapping
from typing import Any, Final

import click
import requests

from xds.cli.options import CodeType, json_option, read_oid, timeout_option, url_option
from xds.cli.outcome import Refused, finding_json, show_findings, write_json
from xds.cli.publish import EXAMPLE_SOURCE
from xds.cli.signing import signing_options
from xds.cli.tls import tls_options
from xds.client import RegistryClient, new_version, status_update
from xds.model import (
    AvailabilityStatus,
    DocumentAvailability,
    DocumentEntry,
    LocalizedString,
    RegistryResponse,
    is_uuid_urn,
)
from xds.transactions import Role
from xds.wss import SigningIdentity

_CODE = CodeType()
_AVAILABILITY: Final = {item.name.lower(): item.value for item in DocumentAvailability}
_STATUS: Final = {item.name.lower(): item for item in AvailabilityStatus}


@click.command(
    epilog="CODE is CODE^^SCHEME or CODE^^SCHEME^Display.\n\n\b\n"
    "Example: xds update 2.999.5.1001.6.1 --title 'CT chest with contrast' --to http://127.0.0.1:8080"
)
@click.argument("document", metavar="UID|UUID")
@url_option("--to", Role.REGISTRY)
@click.option("--title", help="Another title.")
@click.option("--comments", help="Other comments.")
@click.option("--class-code", type=_CODE, metavar="CODE", help="Another kind of document.")
@click.option("--type-code", type=_CODE, metavar="CODE", help="Another precise kind.")
@click.option(
    "--confidentiality",
    "confidentiality_codes",
    type=_CODE,
    metavar="CODE",
    multiple=True,
    help="Other confidentiality codes; repeatable.",
)
@click.option("--availability", type=click.Choice(sorted(_AVAILABILITY)), help="Whether it can be retrieved.")
@click.option(
    "--status", type=click.Choice(sorted(_STATUS)), help="availabilityStatus; in an update of its own."
)
@click.option(
    "--no-propagation", is_flag=True, help="Leave associations and Folders with the version before."
)
@click.option("--restricted", is_flag=True, help="Send a restricted update (ITI-92).")
@click.option(
    "--source-id",
    metavar="OID",
    default=EXAMPLE_SOURCE,
    show_default=True,
    callback=read_oid,
    help="sourceId of the submission: who updates.",
)
@json_option
@timeout_option
@signing_options
@tls_options
def update(
    *,
    document: str,
    url: str,
    status: str | None,
    no_propagation: bool,
    restricted: bool,
    source_id: str,
    as_json: bool,
    timeout: float,
    signing: SigningIdentity | None,
    session: requests.Session | None,
    **attributes: Any,
) -> None:
    """Update the metadata of a registered document (ITI-57).

    UID|UUID is its uniqueId, or the entryUUID of its latest version. What is given becomes a new version; the
    rest stays as it is. If another updates the document meanwhile, the registry refuses one of the two.
    """
    changes = _changes(attributes)
    if bool(changes) == (status is not None):
        raise click.UsageError("say either what is to change or --status")
    if status is not None and (restricted or no_propagation):
        raise click.UsageError("--status goes with neither --restricted nor --no-propagation")
    with RegistryClient(url, timeout=timeout, signing=signing, session=session) as client:
        latest = _latest(client, document)
        if status is None:
            made = new_version(latest, source_id=source_id, propagates=not no_propagation, **changes)
        else:
            made = status_update(latest, _STATUS[status], source_id=source_id)
        response = client.update(made, restricted=restricted)
    _show(response, latest, is_version=status is None, as_json=as_json)


def _changes(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes of the model from options that were given."""
    changes = {name: value for name, value in attributes.items() if value not in (None, ())}
    for name in ("title", "comments"):
        if name in changes:
            changes[name] = (LocalizedString(value=changes[name]),)
    if "availability" in changes:
        changes["document_availability"] = _AVAILABILITY[changes.pop("availability")]
    return changes


def _latest(client: RegistryClient, document: str) -> DocumentEntry:
    """The one entry that is meant; at metadata level 1 a registry shows latest versions only."""
    named = {"entry_uuids": (document,)} if is_uuid_urn(document) else {"unique_ids": (document,)}
    answer = client.get_documents(**named)
    found = answer.objects.document_entries
    if len(found) != 1:
        show_findings(answer.findings)
        hint = "; name one by its entryUUID" if len(found) > 1 else ""
        raise Refused(f"{document} names {len(found)} documents{hint}")
    return found[0]


def _show(response: RegistryResponse, latest: DocumentEntry, *, is_version: bool, as_json: bool) -> None:
    version = latest.version + 1 if is_version else latest.version
    if as_json:
        write_json(
            {
                "status": response.status.name,
                "logical_id": latest.logical_id or latest.entry_uuid,
                "version": version if response.is_success else latest.version,
                "findings": [finding_json(item) for item in response.findings],
            }
        )
    else:
        show_findings(response.findings)
    if not response.is_success:
        raise Refused(f"the registry answered {response.status.name}")
    if not as_json:
        click.echo(f"{latest.unique_id}: version {version}")
