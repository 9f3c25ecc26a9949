"""`xds remove`: documents at their repository (ITI-86), metadata at the registry (ITI-62)."""

import click
import requests

from xds.cli.options import assertion_option, json_option, timeout_option, url_option
from xds.cli.outcome import Refused, finding_json, show_findings, write_json
from xds.cli.signing import signing_options
from xds.cli.tls import tls_options
from xds.client import RegistryClient, RepositoryClient
from xds.model import (
    ON_DEMAND,
    STABLE,
    UUID_PREFIX,
    DocumentRequest,
    RegistryResponse,
    Submission,
)
from xds.transactions import Role
from xds.wss import SigningIdentity


@click.group(
    epilog="\b\nExamples: xds remove documents --repository-id 2.999.2.1 2.999.5.1001.6.1\n"
    "          xds remove submission-set 2.999.5.1001.6.2"
)
def remove() -> None:
    """Remove documents or metadata; there is no way back.

    Documents and metadata are removed apart: first the documents, then what the registry knows of them.
    """


@remove.command(epilog="\b\nExample: xds remove documents --repository-id 2.999.2.1 2.999.5.1001.6.1")
@click.argument("unique_ids", metavar="UID...", nargs=-1, required=True)
@click.option("--repository-id", metavar="OID", required=True, help="repositoryUniqueId of the repository.")
@click.option("--home", metavar="URN", help="homeCommunityId of the documents.")
@url_option("--from", Role.REPOSITORY)
@timeout_option
@signing_options
@assertion_option
@tls_options
@json_option
def documents(
    *,
    unique_ids: tuple[str, ...],
    repository_id: str,
    home: str | None,
    url: str,
    timeout: float,
    signing: SigningIdentity | None,
    assertion: bytes | None,
    session: requests.Session | None,
    as_json: bool,
) -> None:
    """Remove documents by their uniqueId (ITI-86)."""
    requests = [
        DocumentRequest(repository_unique_id=repository_id, document_unique_id=item, home_community_id=home)
        for item in unique_ids
    ]
    with RepositoryClient(
        url, timeout=timeout, signing=signing, assertion=assertion, session=session
    ) as client:
        response = client.remove(requests)
    _report(response, "not every document was removed", as_json=as_json)


@remove.command(epilog="\b\nExample: xds remove objects urn:uuid:3f0c7c52-6a1e-4d0b-9a57-2b8e5f0a1101 ...")
@click.argument("entry_uuids", metavar="UUID...", nargs=-1, required=True)
@url_option("--from", Role.REGISTRY)
@timeout_option
@signing_options
@assertion_option
@tls_options
@json_option
def objects(
    *,
    entry_uuids: tuple[str, ...],
    url: str,
    timeout: float,
    signing: SigningIdentity | None,
    assertion: bytes | None,
    session: requests.Session | None,
    as_json: bool,
) -> None:
    """Remove registered objects by their entryUUID, all of them or none (ITI-62).

    Associations that lead to a removed object have to be named as well.
    """
    with RegistryClient(
        url, timeout=timeout, signing=signing, assertion=assertion, session=session
    ) as client:
        response = client.remove(entry_uuids)
    _report(response, "nothing was removed", as_json=as_json)


@remove.command("submission-set", epilog="\b\nExample: xds remove submission-set 2.999.5.1001.6.2")
@click.argument("submission_set", metavar="UUID|UID")
@url_option("--from", Role.REGISTRY)
@timeout_option
@signing_options
@assertion_option
@tls_options
@json_option
def submission_set(
    *,
    submission_set: str,
    url: str,
    timeout: float,
    signing: SigningIdentity | None,
    assertion: bytes | None,
    session: requests.Session | None,
    as_json: bool,
) -> None:
    """Remove a SubmissionSet, by entryUUID or uniqueId, with all that it brought (ITI-18, ITI-62).

    What others refer to stays, and so does everything then: the answer names the Associations.
    """
    with RegistryClient(
        url, timeout=timeout, signing=signing, assertion=assertion, session=session
    ) as client:
        name = "EntryUUID" if submission_set.startswith(UUID_PREFIX) else "UniqueId"
        answer = client.stored_query(
            "GetSubmissionSetAndContents",
            {f"$XDSSubmissionSet{name}": submission_set, "$XDSDocumentEntryType": [STABLE, ON_DEMAND]},
        )
        show_findings(answer.findings)
        ids = _brought(answer.objects)
        if ids:
            ids += _relations(client, ids)
        if not ids:
            raise Refused(f"no SubmissionSet {submission_set} is registered")
        response = client.remove(ids)
    _report(response, "nothing was removed", as_json=as_json)


def _brought(contents: Submission) -> list[str]:
    """The set, its members by value, and the Associations between them."""
    sets = {item.entry_uuid for item in contents.submission_sets}
    referred = {
        item.target
        for item in contents.associations
        if item.source in sets and item.submission_set_status == "Reference"
    }
    ids = [item.entry_uuid for item in contents.submission_sets]
    ids += [item.entry_uuid for item in contents.document_entries]
    ids += [item.entry_uuid for item in contents.folders]
    ids += [item.entry_uuid for item in contents.associations]
    return [item for item in ids if item not in referred]


def _relations(client: RegistryClient, ids: list[str]) -> list[str]:
    """Associations of these objects to others, such as RPLC to what one of them replaced."""
    answer = client.stored_query("GetAssociations", {"$uuid": ids})
    return [
        item.entry_uuid
        for item in answer.objects.associations
        if item.source in ids and item.entry_uuid not in ids
    ]


def _report(response: RegistryResponse, refusal: str, *, as_json: bool) -> None:
    if as_json:
        write_json(
            {
                "status": response.status.name.lower(),
                "findings": [finding_json(finding) for finding in response.findings],
            }
        )
    else:
        show_findings(response.findings)
    if not response.is_success:
        raise Refused(refusal)
