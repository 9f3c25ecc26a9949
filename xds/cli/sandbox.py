"""`xds sandbox`: the fabricated seed published through ITI-41, and the two scenarios everyone starts with."""

import hashlib
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import click
import requests

from xds.cli.outcome import show_findings
from xds.client import ClientError, RegistryClient, RepositoryClient
from xds.model import DocumentEntry, DocumentRequest, StoredQuery, XdsError
from xds.sandbox import (
    DOCUMENT_COUNT,
    SAMPLE_PATIENT,
    SEED_MARKER,
    SeedResult,
    publish_seed,
    seed_merges,
)

_READY_SECONDS: Final = 60.0
_POLL_SECONDS: Final = 0.05


@dataclass(slots=True)
class _Clock:
    """Milliseconds of one step."""

    ms: float = 0.0
    began: float = field(default_factory=time.perf_counter)


@contextmanager
def _timed() -> Iterator[_Clock]:
    clock = _Clock()
    yield clock
    clock.ms = (time.perf_counter() - clock.began) * 1000


@click.group()
def sandbox() -> None:
    """The fabricated patients of the Lite service."""


@sandbox.command(epilog="Example: xds sandbox publish --url http://127.0.0.1:8080")
@click.option("--url", default="http://127.0.0.1:8080", show_default=True, help="Address of the service.")
def publish(url: str) -> None:
    """Publish the seed through the ITI-41 end point; what is there already is left as it is."""
    with _answering():
        if _is_seeded(url):
            click.echo("The seed is there already.")
        else:
            _publish(url)


@sandbox.command(epilog="Example: xds sandbox show --url http://127.0.0.1:8080")
@click.option("--url", default="http://127.0.0.1:8080", show_default=True, help="Address of the service.")
def show(url: str) -> None:
    """Play both scenarios against a running service: what was asked, what came back, how long it took."""
    with _answering():
        _show(url)


@sandbox.command(hidden=True)
@click.option("--url", required=True)
@click.option("--log", default="")
def start(url: str, log: str) -> None:
    """What `xds serve --lite` runs beside the server: wait, seed once, show both scenarios."""
    with _answering():
        _wait_until_ready(url)
        if not _is_seeded(url):
            _publish(url)
        _show(url)
        if log:
            click.echo(f"  the log       {log}")
        click.echo(f"\nServing on {url} until Ctrl-C.")


@contextmanager
def _answering() -> Iterator[None]:
    """Exit 3 with one sentence when the service does not answer."""
    try:
        yield
    except ClientError as error:
        click.echo(f"xds: {error}", err=True)
        sys.exit(3)
    except KeyboardInterrupt:
        sys.exit(130)


def _wait_until_ready(url: str) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while True:
        try:
            if requests.get(f"{url}/readyz", timeout=5).ok:
                return
        except requests.RequestException:
            pass
        if time.monotonic() > deadline:
            click.echo(f"xds: {url} did not become ready within {_READY_SECONDS:.0f} s", err=True)
            sys.exit(3)
        time.sleep(_POLL_SECONDS)


def _is_seeded(url: str) -> bool:
    with RegistryClient(f"{url}/dics/registry") as registry:
        answer = registry.stored_query(
            StoredQuery.GET_SUBMISSION_SET_AND_CONTENTS, {"$XDSSubmissionSetUniqueId": SEED_MARKER}
        )
    return bool(answer.objects.submission_sets)


def _publish(url: str) -> None:
    with RepositoryClient(f"{url}/dics/repository") as repository, _timed() as clock:
        result: SeedResult = publish_seed(lambda item: repository.provide(item.submission, item.documents))
    for refused in result.refused:
        codes = ", ".join(sorted({finding.code for finding in refused.findings}))
        click.echo(f"xds: submission {refused.unique_id} was refused: {codes}", err=True)
    click.echo(
        f"Seeded: {DOCUMENT_COUNT} documents in {result.published} submissions, published through ITI-41"
        f" in {clock.ms / 1000:.1f} s."
    )
    if result.refused:
        sys.exit(1)
    _merge(url)


def _merge(url: str) -> None:
    """Tell the registry which patient ids are one person's, as its patient identity source would."""
    with RegistryClient(f"{url}/dics/registry") as registry:
        answers = [registry.feed(message) for message in seed_merges()]
    refused = [answer for answer in answers if not answer.code.is_accepted]
    for answer in refused:
        show_findings(answer.findings)
    click.echo(f"Merged: {len(answers) - len(refused)} patient id into another, told through ITI-44.")
    if refused:
        sys.exit(1)


def _show(url: str) -> None:
    with RegistryClient(f"{url}/dics/registry") as registry:
        with _timed() as first:
            registry.find_documents(SAMPLE_PATIENT)  # opens the connection and reads the WSDL
        with _timed() as clock:
            answer = registry.find_documents(SAMPLE_PATIENT)
    entries = answer.objects.document_entries
    click.echo(f"\nDICS Registry Query  (ITI-18 FindDocuments, {url}/dics/registry)")
    click.echo(f"  asked    Approved documents of patient {SAMPLE_PATIENT}")
    click.echo(f"  answered {_status(answer.status)}, {len(entries)} DocumentEntries, in {clock.ms:.0f} ms")
    click.echo(f"           (the first call took {first.ms:.0f} ms: it opened the connection)")
    for entry in entries[:3]:
        click.echo(f"           {_line(entry)}")
    if len(entries) > len(entries[:3]):
        click.echo(f"           and {len(entries) - 3} more")
    _complain(answer.findings)
    if not entries:
        sys.exit(1)
    _show_retrieve(url, entries[0])
    click.echo("\nWhere to look next")
    click.echo(f"  the page      {url}/  and  {url}/dics/registry  (samples with a curl line each)")
    click.echo(f"  the WSDLs     {url}/dics/registry?wsdl  {url}/dics/repository?wsdl")
    click.echo(f"  ask again     echo '{SAMPLE_PATIENT}' | xds query FindDocuments --patient - --to {url}")
    click.echo(f"  with curl     curl -s {url}/dics/registry/find-documents.xml |")
    click.echo("                curl -s -H 'Content-Type: application/soap+xml' --data-binary @- \\")
    click.echo(f"                {url}/dics/registry")


def _show_retrieve(url: str, entry: DocumentEntry) -> None:
    wanted = DocumentRequest(
        repository_unique_id=entry.repository_unique_id or "", document_unique_id=entry.unique_id or ""
    )
    with RepositoryClient(f"{url}/dics/repository") as repository:
        repository.retrieve_bytes([wanted])
        with _timed() as clock:
            got = repository.retrieve_bytes([wanted])
    click.echo(f"\nDICS Repository/Document Query  (ITI-43 Retrieve Document Set, {url}/dics/repository)")
    click.echo(f"  asked    document {entry.unique_id} of repository {entry.repository_unique_id}")
    sizes = ", ".join(f"{item.document.mime_type}, {len(item.content)} octets" for item in got.documents)
    same = all(_sha1(item.content) == entry.hash for item in got.documents)
    click.echo(
        f"  answered {_status(got.response.status)}, {sizes or 'nothing'},"
        f" {'hash as registered' if same else 'HASH DIFFERS'}, in {clock.ms:.0f} ms"
    )
    _complain(got.response.findings)
    if not got.documents or not same:
        sys.exit(1)


def _sha1(content: bytes) -> str:
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()  # DocumentEntry.hash


def _line(entry: DocumentEntry) -> str:
    title = entry.title[0].value if entry.title else "(no title)"
    return f"{(entry.creation_time or '')[:8]}  {entry.mime_type:<16} {title}"


def _status(status: object) -> str:
    return str(status).rpartition(":")[2]


def _complain(findings: tuple[XdsError, ...]) -> None:
    for finding in findings:
        click.echo(f"           {finding.code}: {finding.context}")
