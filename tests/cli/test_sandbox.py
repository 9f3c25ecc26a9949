"""`xds sandbox` against real services: seeded, empty, refusing, absent."""

import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.client.peer import closed_port
from tests.transactions.conftest import Service, base_settings, merged, running
from xds.client import RegistryClient
from xds.model import StoredQuery
from xds.sandbox import (
    DOCUMENT_COUNT,
    PATIENTS,
    SEED_MARKER,
    SUBMISSION_COUNT,
    Story,
    documents_of,
    patient_with,
    seed_submissions,
)

from .conftest import Run

Make = Callable[..., Service]


@pytest.fixture
def make(new_database: Callable[[], str], tmp_path: Path) -> Iterator[Make]:
    """Start one service of a test's own: `make(registry={...})`."""
    running_ones = []

    def begin(**changes: object) -> Service:
        context = running(tmp_path, merged(base_settings(new_database(), tmp_path), changes))
        running_ones.append(context)
        return context.__enter__()

    yield begin
    for context in running_ones:
        context.__exit__(None, None, None)


def test_publish_once_then_show(make: Make, run: Run) -> None:
    service = make()
    first = run("sandbox", "publish", "--url", service.url)
    assert (first.exit_code, first.stderr) == (0, "")
    assert re.fullmatch(
        rf"Seeded: {DOCUMENT_COUNT} documents in {SUBMISSION_COUNT} submissions, published through ITI-41"
        r" in \d+\.\d s\.\nMerged: 1 patient id into another, told through ITI-44\.\n",
        first.stdout,
    )
    assert run("sandbox", "publish", "--url", service.url).stdout == "The seed is there already.\n"
    shown = run("sandbox", "show", "--url", service.url)
    assert (shown.exit_code, shown.stderr) == (0, "")
    assert "answered Success, 8 DocumentEntries" in shown.stdout
    assert "hash as registered" in shown.stdout
    # All of it is found, for whom it was published.
    patients = {one.submission.submission_set.patient_id for one in seed_submissions()}
    assert {patient.patient_id for patient in PATIENTS} <= patients
    with RegistryClient(f"{service.url}/dics/registry") as registry:
        person = patient_with(Story.MERGED)
        former = registry.find_documents(person.former_patient_id or "")
        assert former.objects.document_entries == ()
        surviving = registry.find_documents(person.patient_id).objects.document_entries
        assert {item.unique_id for item in surviving} == {item.unique_id for item in documents_of(person)}
        assert {item.patient_id for item in surviving} == {person.patient_id}
        everything = sum(
            len(
                registry.stored_query(
                    StoredQuery.FIND_DOCUMENTS,
                    {"patientId": patient, "status": ["Approved", "Deprecated"]},
                ).objects.document_entries
            )
            for patient in patients
        )
    assert everything == DOCUMENT_COUNT
    # A document that the repository lost is not passed over.
    for folder in (service.folder / "data" / "documents").iterdir():
        if folder.is_dir() and folder.name != "tmp":
            shutil.rmtree(folder)
    lost = run("sandbox", "show", "--url", service.url)
    assert lost.exit_code == 1
    assert "XDSRepositoryError" in lost.stdout


def test_an_empty_service_has_nothing_to_show(make: Make, run: Run) -> None:
    shown = run("sandbox", "show", "--url", make().url)
    assert shown.exit_code == 1
    assert "answered Success, 0 DocumentEntries" in shown.stdout
    assert "Repository/Document Query" not in shown.stdout


def test_a_service_that_refuses_the_seed(make: Make, run: Run) -> None:
    """Its policy is another one: each refused submission is named, with the code, and the exit code says no."""
    refused = run("sandbox", "publish", "--url", make(registry={"unknown_patients": "refuse"}).url)
    assert refused.exit_code == 1
    lines = refused.stderr.splitlines()
    assert len(lines) == SUBMISSION_COUNT
    assert all(
        re.fullmatch(r"xds: submission [\d.]+ was refused: XDSUnknownPatientId", line) for line in lines[:1]
    )
    assert SEED_MARKER in refused.stderr


@pytest.mark.parametrize("command", ["publish", "show"])
def test_nobody_there(command: str, run: Run) -> None:
    result = run("sandbox", command, "--url", f"http://127.0.0.1:{closed_port()}")
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr.startswith("xds: http://127.0.0.1:")
    assert len(result.stderr.splitlines()) == 1


def test_the_help_names_what_a_person_may_run(run: Run) -> None:
    listed = run("sandbox", "--help").stdout
    assert "publish" in listed and "show" in listed
    assert not re.search(r"^\s+start\b", listed, re.MULTILINE)  # what `xds serve --lite` runs beside itself
    assert sys.executable not in listed
