"""`xds retrieve`: documents of a repository into files, their hash and size verified (ITI-43)."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click
import requests

from xds.cli.options import assertion_option, json_option, quiet_option, timeout_option, url_option
from xds.cli.outcome import Refused, Unreadable, finding_json, show_findings, write_json
from xds.cli.progress import progress_bar
from xds.cli.signing import signing_options
from xds.cli.tls import tls_options
from xds.client import RepositoryClient, RetrievedFile
from xds.model import EMPTY_SHA1, DocumentRequest, RegistryResponse
from xds.transactions import Role
from xds.wss import SigningIdentity

_BATCH: Final = 100
"""Documents of one request: half of what a repository takes at most."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What the registry says of a document; None where it says nothing."""

    sha1: str | None = None
    size: int | None = None

    def damage(self, file: RetrievedFile) -> str | None:
        """Say how a file differs from what is expected."""
        if self.sha1 is not None and self.sha1.lower() != file.sha1:
            return f"its hash is {file.sha1}, {self.sha1} was registered"
        if self.size is not None and self.size != file.size:
            return f"it has {file.size} octets, {self.size} were registered"
        return None


Wanted = Mapping[DocumentRequest, Expected]


@click.command(
    epilog="\b\nExample: xds query FindDocuments --patient 'P1001^^^&2.999.1.1&ISO' --json |\n"
    "         xds retrieve --from-query - -o reports"
)
@click.option("--repository-id", metavar="OID", help="repositoryUniqueId of the repository.")
@click.option(
    "--document", "documents", multiple=True, metavar="UID", help="uniqueId of a document; repeatable."
)
@click.option("--home", metavar="URN", help="homeCommunityId of the documents.")
@click.option(
    "--from-query", metavar="FILE|-", type=click.Path(allow_dash=True, dir_okay=False, path_type=Path),
    help="All documents of an answer of xds query --json.",
)  # fmt: skip
@click.option(
    "--output", "-o", "folder", required=True, metavar="DIR", type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the files; made when it is not there.",
)  # fmt: skip
@url_option("--from", Role.REPOSITORY)
@timeout_option
@signing_options
@assertion_option
@tls_options
@json_option
@quiet_option
def retrieve(
    *,
    repository_id: str | None,
    documents: tuple[str, ...],
    home: str | None,
    from_query: Path | None,
    folder: Path,
    url: str,
    timeout: float,
    signing: SigningIdentity | None,
    assertion: bytes | None,
    session: requests.Session | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Retrieve documents into files (ITI-43).

    Each file has its uniqueId for a name. What --from-query knows of hash and size is verified; a file that
    differs is removed.
    """
    wanted = _wanted(repository_id, documents, home, from_query)
    folder.mkdir(parents=True, exist_ok=True)
    requests = sorted(wanted, key=lambda item: (item.repository_unique_id, item.document_unique_id))
    files: list[RetrievedFile] = []
    responses: list[RegistryResponse] = []
    with RepositoryClient(
        url, timeout=timeout, signing=signing, assertion=assertion, session=session
    ) as client:
        for start in range(0, len(requests), _BATCH):
            with progress_bar("retrieving", quiet=quiet) as progress:
                result = client.retrieve(requests[start : start + _BATCH], folder, progress=progress)
            files += result.documents
            responses.append(result.response)
    _report(wanted, files, responses, as_json=as_json)


def _wanted(
    repository_id: str | None, documents: Sequence[str], home: str | None, from_query: Path | None
) -> Wanted:
    if from_query is not None:
        if repository_id or documents or home:
            raise click.UsageError("--from-query says which documents; leave the other options out")
        return _from_query(from_query)
    if not repository_id or not documents:
        raise click.UsageError("say --repository-id and --document, or --from-query")
    return {
        DocumentRequest(
            repository_unique_id=repository_id, document_unique_id=unique_id, home_community_id=home
        ): Expected()
        for unique_id in documents
    }


def _from_query(path: Path) -> Wanted:
    name = "standard input" if str(path) == "-" else str(path)
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text("utf-8")
        entries: list[dict[str, Any]] = json.loads(text)["document_entries"]
        wanted = {
            DocumentRequest(
                repository_unique_id=entry["repository_unique_id"],
                document_unique_id=entry["unique_id"],
                home_community_id=entry["home_community_id"],
            ): _expected(entry)
            for entry in entries
        }
    except (ValueError, KeyError, TypeError) as error:
        raise Unreadable(f"{name} is not an answer of xds query --json: {error!r}") from None
    if not wanted:
        raise Unreadable(f"{name} holds no document; were only ids asked for (--object-ref)?")
    return wanted


def _expected(entry: Mapping[str, Any]) -> Expected:
    sha1, size = entry["hash"], entry["size"]
    if sha1 == EMPTY_SHA1 and size in (None, "0"):
        return Expected()  # assembled when it is first retrieved (ITI TF-2 3.43.4.1.3.2)
    return Expected(sha1, None if size is None else int(size))


def _report(
    wanted: Wanted, files: Sequence[RetrievedFile], responses: Sequence[RegistryResponse], *, as_json: bool
) -> None:
    findings = [finding for response in responses for finding in response.findings]
    known = {(item.repository_unique_id, item.document_unique_id): told for item, told in wanted.items()}
    rows, is_whole = [], len(files) >= len(wanted) and all(response.is_success for response in responses)
    for file in files:
        document = file.document
        told = known.get((document.repository_unique_id, document.document_unique_id), Expected())
        damage = told.damage(file)
        verified = "damaged" if damage else ("yes" if told != Expected() else "unknown")
        if damage:
            is_whole = False
            file.path.unlink()
            click.echo(f"error: {document.document_unique_id} is damaged and was removed: {damage}", err=True)
        rows.append((file, verified))
    if as_json:
        write_json(
            {
                "documents": [_as_json(file, verified) for file, verified in rows],
                "findings": [finding_json(finding) for finding in findings],
            }
        )
    else:
        for file, verified in rows:
            if verified != "damaged":
                click.echo(f"{file.path}\t{file.size}\t{file.sha1}\t{verified}")
        show_findings(findings)
    if not is_whole:
        good = sum(verified != "damaged" for _, verified in rows)
        raise Refused(f"{good} of {len(wanted)} documents were retrieved")


def _as_json(file: RetrievedFile, verified: str) -> dict[str, object]:
    return {
        "file": None if verified == "damaged" else str(file.path),
        "repository_unique_id": file.document.repository_unique_id,
        "unique_id": file.document.document_unique_id,
        "mime_type": file.document.mime_type,
        "size": file.size,
        "hash": file.sha1,
        "verified": verified,
    }
