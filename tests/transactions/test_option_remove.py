"""The option "Remove Metadata and Documents" (RMD): a Document Administrator, from `xds remove` to no trace."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.samples import builders
from tests.transactions import samples
from tests.transactions.conftest import Service
from tests.transactions.test_iti42 import found
from tests.transactions.test_iti62 import all_of
from tests.transactions.test_iti86 import holds, retrieve
from tests.transactions.wire import send_mtom
from xds.model import AssociationType, Submission

ROOT = Path(__file__).parents[2]


def xds_remove(service: Service, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "xds", "remove", *words, "--from", service.url],
        capture_output=True, text=True, cwd=ROOT, check=False,
    )  # fmt: skip


def published(service: Service, made: Submission, content: bytes) -> Submission:
    """Publish under UUIDs that the test knows."""
    whole = samples.provided(samples.with_uuids(made))
    body, parts = samples.provide_body(whole, {item.entry_uuid: content for item in whole.document_entries})
    answer = send_mtom(service.port, "ITI-41", body, *parts)
    assert answer.result == "Success", answer.body
    return whole


def test_a_document_and_all_that_is_known_of_it(service: Service) -> None:
    patient, content = samples.fresh_patient(), os.urandom(4000)
    made = published(service, samples.submission(samples.entry(patient)), content)
    unique_id = made.document_entries[0].unique_id or ""
    done = xds_remove(service, "documents", "--repository-id", samples.REPOSITORY, unique_id)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not holds(service, content)
    assert set(found(service, patient)) == {unique_id}
    done = xds_remove(service, "submission-set", made.submission_set.unique_id or "")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert all_of(service, patient) == []
    assert retrieve(service, unique_id).codes == ["XDSDocumentUniqueIdError"]


def test_a_replacement_goes_before_what_it_replaced(service: Service) -> None:
    """A submission to which a later one refers stays, and the answer names what holds it."""
    patient = samples.fresh_patient()
    first = published(service, samples.submission(samples.entry(patient)), b"first")
    new = samples.entry(patient)
    replaced = first.document_entries[0].entry_uuid
    second = published(
        service,
        samples.with_associations(
            samples.submission(new), samples.relation(AssociationType.RPLC, new.entry_uuid, replaced)
        ),
        b"second",
    )
    before = all_of(service, patient)
    refused = xds_remove(service, "submission-set", first.submission_set.entry_uuid)
    assert refused.returncode == 1
    assert "ReferencesExistException" in refused.stderr
    assert all_of(service, patient) == before
    for item in (second, first):
        assert xds_remove(service, "submission-set", item.submission_set.entry_uuid).returncode == 0
    assert all_of(service, patient) == []


def test_a_document_by_reference_stays(service: Service) -> None:
    patient = samples.fresh_patient()
    first = published(service, samples.submission(samples.entry(patient)), b"first")
    referring = samples.submission(samples.entry(patient))
    referring = samples.with_associations(
        referring, builders.by_reference(first.document_entries[0].entry_uuid, entry_uuid="ref")
    )
    second = published(service, referring, b"second")
    assert xds_remove(service, "submission-set", second.submission_set.entry_uuid).returncode == 0
    assert all_of(service, patient) == sorted(samples.ids_of(first))


def test_what_is_refused_is_told_as_json_too(service: Service) -> None:
    patient = samples.fresh_patient()
    made = published(service, samples.submission(samples.entry(patient)), b"octets")
    entry = made.document_entries[0].entry_uuid
    refused = xds_remove(service, "objects", entry, "--json")
    assert refused.returncode == 1
    document = json.loads(refused.stdout)
    assert document["status"] == "failure"
    assert [item["code"] for item in document["findings"]] == ["ReferencesExistException"]
    assert xds_remove(service, "submission-set", "2.999.404").returncode == 1
    assert xds_remove(service, "objects", *samples.ids_of(made)).returncode == 0
