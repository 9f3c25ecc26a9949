"""ITI-92 over HTTP against PostgreSQL, profile "Restricted Metadata Update", option XDS Persistence."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.samples import builders, updates
from tests.transactions import samples
from tests.transactions.conftest import Service
from tests.transactions.test_option_document_metadata_update import (
    Chart,
    chart,
    documents,
    next_version,
    register,
)
from tests.transactions.wire import Answer, send
from xds.model import AssociationType, AvailabilityStatus, Submission

__all__ = ["chart"]


def update(service: Service, made: Submission, **options: str) -> Answer:
    return send(service.port, "ITI-92", samples.register_body(made), **options)


def test_option_restricted_metadata_update(chart: Chart) -> None:
    code = builders.code("R", "2.16.840.1.113883.5.25", "restricted")
    made = chart.updating(next_version(chart.report, confidentiality_codes=(code,)))
    answer = update(chart.service, made)
    assert (answer.codes, answer.result) == ([], "Success")
    latest = chart.latest()
    assert (latest.version, latest.confidentiality_codes) == (2, (code,))
    assert latest.logical_id == chart.report.entry_uuid


def test_several_entries_are_updated_together_or_none_is(chart: Chart) -> None:
    """The answer is Success or Failure, nothing in between."""
    first = next_version(chart.report, title=builders.text("One"))
    second = replace(next_version(chart.addendum, title=builders.text("Two")), entry_uuid="Other2")
    wrong = replace(second, repository_unique_id="2.999.2.9")
    answer = update(chart.service, chart.updating(first, wrong))
    assert (answer.codes, answer.result) == (["UnmodifiableMetadataError"], "Failure")
    assert {item.version for item in documents(chart.service, chart.patient)} == {1}
    assert update(chart.service, chart.updating(first, second)).result == "Success"
    assert {item.version for item in documents(chart.service, chart.patient)} == {2}


def test_a_deprecated_entry_stays_deprecated(chart: Chart) -> None:
    """CP 1190: the new version has the status of the one before it."""
    newer = samples.entry(chart.patient)
    register(
        chart.service,
        samples.with_associations(
            samples.submission(newer),
            samples.relation(AssociationType.RPLC, newer.entry_uuid, chart.report.entry_uuid),
        ),
    )
    made = chart.updating(next_version(chart.report, title=builders.text("Replaced, with a better title")))
    answer = update(chart.service, made)
    assert (answer.codes, answer.result) == ([], "Success")
    old = documents(chart.service, chart.patient, AvailabilityStatus.DEPRECATED)
    assert 2 in {item.version for item in old if item.unique_id == chart.report.unique_id}
    assert [item.unique_id for item in documents(chart.service, chart.patient)] == [newer.unique_id]


def _changed(**changes: Any) -> Callable[[Chart], Submission]:
    return lambda chart: chart.updating(next_version(chart.report, **changes))


def _stranger(chart: Chart) -> Submission:
    other = samples.fresh_patient()
    return chart.updating(next_version(chart.report, patient_id=other))


def _unknown(chart: Chart) -> Submission:
    return chart.updating(replace(next_version(chart.report), logical_id=samples.fresh_uuid()))


REFUSED: dict[str, tuple[Callable[[Chart], Submission], str]] = {
    "uniqueId": (_changed(unique_id="2.999.7.0.1"), "XDSMetadataIdentifierError"),
    "sourcePatientId": (_changed(source_patient_id="X1^^^&2.999.18.1&ISO"), "UnmodifiableMetadataError"),
    "hash": (_changed(hash=builders.OTHER_SHA1), "UnmodifiableMetadataError"),
    "objectType": (
        _changed(object_type="urn:uuid:34268e47-fdf5-41a6-ba33-82133c465248"),
        "XDSObjectTypeError",
    ),
    "patientId": (_stranger, "XDSPatientIDReconciliationError"),
    "logicalID": (_unknown, "UnresolvedReferenceException"),
    "PreviousVersion": (
        lambda chart: chart.updating(next_version(chart.report), previous="7"),
        "XDSMetadataVersionError",
    ),
    "annotation": (
        lambda chart: chart.updating(next_version(chart.report), previous=None),
        "XDSMetadataAnnotationError",
    ),
    "initial": (lambda chart: chart.updating(samples.entry(chart.patient)), "XDSInvalidRequestException"),
    "status": (
        lambda chart: chart.updating(
            next_version(chart.report), more=[updates.status_order(chart.addendum.entry_uuid)]
        ),
        "UnmodifiableMetadataError",
    ),
    "folder": (
        lambda chart: chart.updating(
            next_version(chart.report), replace(next_version(chart.folder), entry_uuid="Folder2")
        ),
        "XDSMetadataUpdateError",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_may_not_change_is_refused(chart: Chart, name: str) -> None:
    build, code = REFUSED[name]
    answer = update(chart.service, build(chart))
    assert answer.result == "Failure"
    assert set(answer.codes) == {code}
    assert chart.latest().version == 1


def test_another_community_is_unknown(start: Callable[..., Service]) -> None:
    """The Forward Update Option is not offered."""
    service = start(registry={"home_community_id": "urn:oid:2.999.40.1"})
    chart = Chart(service)
    ours = next_version(chart.report, home_community_id="urn:oid:2.999.40.1")
    foreign = replace(ours, home_community_id="urn:oid:2.999.40.2")
    answer = update(service, chart.updating(foreign))
    assert answer.codes == ["XDSUnknownCommunity"]
    assert update(service, chart.updating(ours)).result == "Success"


def test_the_same_message_again_gets_the_stored_answer(chart: Chart) -> None:
    made = chart.updating(next_version(chart.report))
    identity = samples.fresh_uuid()
    first, again = (update(chart.service, made, message_id=identity) for _ in range(2))
    assert (first.result, again.result) == ("Success", "Success")
    assert first.body == again.body
    assert chart.latest().version == 2
