"""The option "Document Metadata Update": ITI-57 over HTTP, each operation, each error, its effect."""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.samples import builders, updates
from tests.samples.feeds import feed, patient_id
from tests.transactions import samples
from tests.transactions.conftest import Service
from tests.transactions.wire import Answer, envelope, post, send
from xds.ebxml import decode_query_response
from xds.hl7v3 import encode_patient_feed
from xds.model import (
    STABLE,
    Association,
    AssociationType,
    AvailabilityStatus,
    DocumentEntry,
    Folder,
    Interaction,
    ReturnType,
    StoredQuery,
    Submission,
)

APPROVED, DEPRECATED = AvailabilityStatus.APPROVED, AvailabilityStatus.DEPRECATED
APND, HAS_MEMBER = AssociationType.APND, AssociationType.HAS_MEMBER


def register(service: Service, made: Submission) -> None:
    answer = send(service.port, "ITI-42", samples.register_body(made))
    assert answer.codes == []
    assert answer.result == "Success"


def update(service: Service, made: Submission, **options: str) -> Answer:
    return send(service.port, "ITI-57", samples.register_body(made), **options)


def succeed(service: Service, made: Submission) -> None:
    answer = update(service, made)
    assert (answer.codes, answer.contexts, answer.result) == ([], [], "Success")


def refused(service: Service, made: Submission) -> list[str]:
    answer = update(service, made)
    assert answer.result == "Failure"
    return answer.codes


def ask(service: Service, query: StoredQuery, *slots: Any) -> Submission:
    answer = send(service.port, "ITI-18", samples.query_body(query, *slots))
    assert answer.result == "Success", answer.body
    return decode_query_response(answer.elements("AdhocQueryResponse")[0]).objects


def documents(service: Service, patient: str, *statuses: AvailabilityStatus) -> list[DocumentEntry]:
    """A patient's documents by FindDocuments, as a consumer that knows no versions sees them."""
    body = samples.find_body(patient, statuses=tuple(item.value for item in statuses or (APPROVED,)))
    answer = send(service.port, "ITI-18", body)
    assert answer.result == "Success", answer.body
    return list(decode_query_response(answer.elements("AdhocQueryResponse")[0]).objects.document_entries)


def contents(service: Service, patient: str) -> Submission:
    """All that is Approved of a patient, by GetAll."""
    status = [
        samples.slot(f"$XDS{kind}Status", samples.APPROVED)
        for kind in ("DocumentEntry", "SubmissionSet", "Folder")
    ]
    return ask(service, StoredQuery.GET_ALL, samples.slot("$patientId", patient, is_list=False), *status)


def links(service: Service, entry_uuid: str) -> set[tuple[str, str, str]]:
    """Kind, source and target of the Approved associations of an object, by GetAssociations."""
    found = ask(service, StoredQuery.GET_ASSOCIATIONS, samples.slot("$uuid", entry_uuid)).associations
    return {
        (item.association_type.rpartition(":")[2], item.source, item.target)
        for item in found
        if item.availability_status is APPROVED
    }


def next_version(item: DocumentEntry | Folder, **changes: Any) -> Any:
    """A new version of a registered object, with a symbolic id."""
    return replace(item, entry_uuid="Version2", logical_id=item.logical_id or item.entry_uuid, **changes)


class Chart:
    """A patient with a report, an addendum to it, and a Folder that the report is in; all registered."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.patient = samples.fresh_patient()
        self.report = samples.entry(self.patient)
        self.addendum = samples.entry(self.patient)
        self.folder = builders.folder(
            entry_uuid=samples.fresh_uuid(), unique_id=samples.fresh_oid(), patient_id=self.patient
        )
        base = samples.submission(self.report, self.addendum)
        self.member = builders.has_member(
            self.folder.entry_uuid, self.report.entry_uuid, entry_uuid=samples.fresh_uuid()
        )
        self.appendix = samples.relation(APND, self.addendum.entry_uuid, self.report.entry_uuid)
        self.appendix = replace(self.appendix, entry_uuid=samples.fresh_uuid())
        set_id = base.submission_set.entry_uuid
        register(
            service,
            replace(
                base,
                folders=(self.folder,),
                associations=(
                    *base.associations,
                    builders.has_member(set_id, self.folder.entry_uuid, entry_uuid="a-fd"),
                    self.member,
                    builders.has_member(set_id, self.member.entry_uuid, entry_uuid="a-hm"),
                    self.appendix,
                ),
            ),
        )
        self.set_member = next(
            item
            for item in ask(
                service, StoredQuery.GET_ASSOCIATIONS, samples.slot("$uuid", self.report.entry_uuid)
            ).associations
            if item.source not in (self.folder.entry_uuid, self.addendum.entry_uuid)
        )

    def updating(self, *items: DocumentEntry | Folder, **options: Any) -> Submission:
        return samples.updating(self.patient, *items, **options)

    def ordering(self, *more: Association) -> Submission:
        return samples.updating(self.patient, more=more)

    def latest(self) -> DocumentEntry:
        """The Approved version of the report."""
        (found,) = [
            item for item in documents(self.service, self.patient) if item.unique_id == self.report.unique_id
        ]
        return found


@pytest.fixture
def chart(service: Service) -> Chart:
    return Chart(service)


def test_option_document_metadata_update(chart: Chart) -> None:
    """A new version is what a consumer finds; its document is the same."""
    title = builders.text("CT chest, corrected title")
    succeed(chart.service, chart.updating(next_version(chart.report, title=title)))
    latest = chart.latest()
    assert latest.entry_uuid not in (chart.report.entry_uuid, "Version2")
    assert latest.logical_id == chart.report.entry_uuid
    assert (latest.version, latest.title) == (2, title)
    expected = replace(
        chart.report,
        entry_uuid=latest.entry_uuid,
        logical_id=chart.report.entry_uuid,
        version=2,
        title=title,
    )
    assert latest == expected
    third = builders.text("And again")
    succeed(chart.service, chart.updating(next_version(latest, title=third), previous="2"))
    assert (chart.latest().version, chart.latest().title) == (3, third)
    assert chart.latest().logical_id == chart.report.entry_uuid


def versions(service: Service, logical_id: str) -> dict[int, AvailabilityStatus]:
    """Every version of an entry and its status, by GetDocuments at metadata level 2."""
    level = samples.slot("$MetadataLevel", "2", is_list=False, unquoted=True)
    found = ask(
        service, StoredQuery.GET_DOCUMENTS, samples.slot("$XDSDocumentEntryLogicalID", logical_id), level
    )
    return {item.version: item.availability_status for item in found.document_entries}


def test_earlier_versions_stay_and_are_deprecated(chart: Chart) -> None:
    """A consumer that knows versions sees them; to others they do not exist."""
    succeed(chart.service, chart.updating(next_version(chart.report)))
    succeed(chart.service, chart.updating(next_version(chart.latest()), previous="2"))
    expected = {1: DEPRECATED, 2: DEPRECATED, 3: APPROVED}
    assert versions(chart.service, chart.report.entry_uuid) == expected
    plain = documents(chart.service, chart.patient, APPROVED, DEPRECATED)
    assert sorted(item.version for item in plain) == [1, 3]  # the addendum's first, the report's third


def test_lid_and_version_stand_in_every_answer(chart: Chart) -> None:
    """Of a first version too: its lid is its own id, its version 1."""
    answer = send(chart.service.port, "ITI-18", samples.find_body(chart.patient))
    for item in answer.elements("ExtrinsicObject"):
        (version,) = item.findall("{*}VersionInfo")
        assert version.get("versionName") == "1"
        assert item.get("lid") == item.get("id")
    succeed(chart.service, chart.updating(next_version(chart.report)))
    answer = send(chart.service.port, "ITI-18", samples.find_body(chart.patient))
    (made,) = [item for item in answer.elements("ExtrinsicObject") if item.get("lid") != item.get("id")]
    assert made.get("lid") == chart.report.entry_uuid
    assert [item.get("versionName") for item in made.findall("{*}VersionInfo")] == ["2"]


def test_a_new_version_takes_the_associations_over(chart: Chart) -> None:
    succeed(chart.service, chart.updating(next_version(chart.report)))
    latest = chart.latest().entry_uuid
    assert {item for item in links(chart.service, latest) if item[1] != chart.set_member.source} >= {
        ("HasMember", chart.folder.entry_uuid, latest),
        ("APND", chart.addendum.entry_uuid, latest),
    }
    succeed(chart.service, chart.updating(next_version(chart.latest()), previous="2"))
    third = chart.latest().entry_uuid
    assert {("APND", chart.addendum.entry_uuid, third)} <= links(chart.service, third)
    # The second version's associations are not taken over from a superseded end again.
    succeed(chart.service, chart.updating(next_version(chart.addendum)))
    (fresh,) = [
        item for item in documents(chart.service, chart.patient) if item.unique_id == chart.addendum.unique_id
    ]
    relations = {item for item in links(chart.service, fresh.entry_uuid) if item[0] == "APND"}
    assert relations == {("APND", fresh.entry_uuid, third)}


def test_without_association_propagation_nothing_is_taken_over(chart: Chart) -> None:
    succeed(chart.service, chart.updating(next_version(chart.report), propagation="no"))
    latest = chart.latest().entry_uuid
    assert {kind for kind, *_ in links(chart.service, latest)} == {"HasMember"}  # of the SubmissionSet
    assert all(source != chart.folder.entry_uuid for _, source, _ in links(chart.service, latest))


def test_a_new_version_of_a_folder(chart: Chart) -> None:
    title = builders.text("Chest, all years")
    succeed(chart.service, chart.updating(next_version(chart.folder, title=title)))
    (folder,) = contents(chart.service, chart.patient).folders
    assert (folder.version, folder.title, folder.logical_id) == (2, title, chart.folder.entry_uuid)
    assert folder.entry_uuid != chart.folder.entry_uuid
    assert ("HasMember", folder.entry_uuid, chart.report.entry_uuid) in links(
        chart.service, folder.entry_uuid
    )
    assert folder.last_update_time


def test_a_folder_and_its_document_in_one_request(chart: Chart) -> None:
    made = chart.updating(
        next_version(chart.report), replace(next_version(chart.folder), entry_uuid="Folder2")
    )
    succeed(chart.service, made)
    (folder,) = contents(chart.service, chart.patient).folders
    members = {item for item in links(chart.service, folder.entry_uuid) if item[1] == folder.entry_uuid}
    assert members == {("HasMember", folder.entry_uuid, chart.latest().entry_uuid)}


def test_the_status_of_an_entry(chart: Chart) -> None:
    order = updates.status_order(chart.report.entry_uuid)
    succeed(chart.service, chart.ordering(order))
    assert [item.unique_id for item in documents(chart.service, chart.patient)] == [chart.addendum.unique_id]
    (gone,) = documents(chart.service, chart.patient, DEPRECATED)
    assert (gone.entry_uuid, gone.version) == (chart.report.entry_uuid, 1)
    back = updates.status_order(chart.report.entry_uuid, DEPRECATED.value, APPROVED.value)
    succeed(chart.service, chart.ordering(back))
    assert len(documents(chart.service, chart.patient)) == 2


def test_the_status_of_a_folder(chart: Chart) -> None:
    succeed(chart.service, chart.ordering(updates.status_order(chart.folder.entry_uuid)))
    assert contents(chart.service, chart.patient).folders == ()
    late = samples.submission(samples.entry(chart.patient))
    member = builders.has_member(chart.folder.entry_uuid, late.document_entries[0].entry_uuid, entry_uuid="m")
    late = samples.with_associations(
        late, member, builders.has_member("SubmissionSet01", "m", entry_uuid="hm")
    )
    assert send(chart.service.port, "ITI-42", samples.register_body(late)).codes == [
        "XDSRegistryMetadataError"
    ]


def test_the_status_of_a_membership_takes_a_document_out_of_its_folder(chart: Chart) -> None:
    succeed(chart.service, chart.ordering(updates.status_order(chart.member.entry_uuid)))
    found = links(chart.service, chart.folder.entry_uuid)
    assert ("HasMember", chart.folder.entry_uuid, chart.report.entry_uuid) not in found
    # A new version does not get it back.
    succeed(chart.service, chart.updating(next_version(chart.report)))
    latest = chart.latest().entry_uuid
    assert ("HasMember", chart.folder.entry_uuid, latest) not in links(chart.service, latest)


def test_the_status_of_a_relationship(chart: Chart) -> None:
    succeed(chart.service, chart.ordering(updates.status_order(chart.appendix.entry_uuid)))
    assert "APND" not in {kind for kind, *_ in links(chart.service, chart.addendum.entry_uuid)}
    back = updates.status_order(chart.appendix.entry_uuid, DEPRECATED.value, APPROVED.value)
    succeed(chart.service, chart.ordering(back))
    assert "APND" in {kind for kind, *_ in links(chart.service, chart.addendum.entry_uuid)}


def test_a_new_version_and_its_status_in_one_request(chart: Chart) -> None:
    """The version is made first, its status changed then."""
    made = chart.updating(next_version(chart.report), more=[updates.status_order("Version2")])
    succeed(chart.service, made)
    assert [item.unique_id for item in documents(chart.service, chart.patient)] == [chart.addendum.unique_id]
    found = documents(chart.service, chart.patient, DEPRECATED)
    assert 2 in {item.version for item in found}


def test_a_submitted_membership_puts_a_document_into_a_folder(chart: Chart) -> None:
    member = builders.has_member(chart.folder.entry_uuid, chart.addendum.entry_uuid, entry_uuid="new")
    succeed(chart.service, chart.ordering(*updates.submitting(member)))
    wanted = ("HasMember", chart.folder.entry_uuid, chart.addendum.entry_uuid)
    assert wanted in links(chart.service, chart.folder.entry_uuid)
    assert refused(chart.service, chart.ordering(*updates.submitting(member))) == ["XDSMetadataUpdateError"]


def test_a_submitted_relationship(chart: Chart) -> None:
    link = builders.association(
        AssociationType.XFRM, chart.addendum.entry_uuid, chart.report.entry_uuid, entry_uuid="new"
    )
    succeed(chart.service, chart.ordering(*updates.submitting(link)))
    wanted = ("XFRM", chart.addendum.entry_uuid, chart.report.entry_uuid)
    assert wanted in links(chart.service, chart.report.entry_uuid)


def test_orders_are_returned_by_no_query(chart: Chart) -> None:
    member = builders.has_member(chart.folder.entry_uuid, chart.addendum.entry_uuid, entry_uuid="new")
    succeed(
        chart.service,
        chart.ordering(*updates.submitting(member), updates.status_order(chart.appendix.entry_uuid)),
    )
    kinds = {
        kind
        for item in (chart.folder, chart.report, chart.addendum)
        for kind, *_ in links(chart.service, item.entry_uuid)
    }
    assert kinds <= {"HasMember", "APND"}


def test_another_patient_gets_an_object_that_nothing_links(service: Service) -> None:
    patient, other = samples.fresh_patient(), samples.fresh_patient()
    entry = samples.entry(patient)
    register(service, samples.submission(entry))
    succeed(service, samples.updating(other, next_version(entry, patient_id=other)))
    assert documents(service, patient) == []
    (moved,) = documents(service, other)
    assert (moved.patient_id, moved.version, moved.logical_id) == (other, 2, entry.entry_uuid)
    by_unique_id = samples.slot("$XDSDocumentEntryUniqueId", entry.unique_id or "")
    body = samples.query_body(StoredQuery.GET_DOCUMENTS, by_unique_id, return_type=ReturnType.OBJECT_REF)
    refs = send(service.port, "ITI-18", body).elements("ObjectRef")
    assert moved.entry_uuid in {item.get("id") for item in refs}
    # And is updated from there on.
    succeed(service, samples.updating(other, next_version(moved, title=builders.text("New")), previous="2"))
    assert [item.version for item in documents(service, other)] == [3]


def test_an_assembled_document_gets_its_hash_and_size(service: Service) -> None:
    """ITI TF-2 3.43.4.1.3.2: delayed assembly updates both through ITI-57."""
    patient = samples.fresh_patient()
    delayed = samples.entry(patient, hash=samples.sha1(b""), size="0")
    register(service, samples.submission(delayed))
    assembled = {"hash": samples.sha1(b"content"), "size": "7"}
    succeed(service, samples.updating(patient, next_version(delayed, **assembled)))
    (latest,) = documents(service, patient)
    assert (latest.hash, latest.size) == (assembled["hash"], "7")
    # The registry knows the document by its new hash from now on.
    again = samples.submission(samples.entry(patient, unique_id=delayed.unique_id, **assembled))
    register(service, again)
    refused_again = samples.updating(
        patient, next_version(latest, hash=samples.sha1(b"x"), size="1"), previous="2"
    )
    assert refused(service, refused_again) == ["XDSNonIdenticalHash", "XDSNonIdenticalHash"]


def test_an_on_demand_entry_gets_a_new_version(service: Service) -> None:
    patient = samples.fresh_patient()
    entry = samples.on_demand_entry(patient)
    body = samples.register_body(samples.submission(entry))
    assert send(service.port, "ITI-61", body).codes == []
    title = builders.text("Summary of all imaging")
    succeed(service, samples.updating(patient, next_version(entry, title=title)))
    (latest,) = ask(
        service, StoredQuery.GET_DOCUMENTS, samples.slot("$XDSDocumentEntryUniqueId", entry.unique_id or "")
    ).document_entries
    assert (latest.version, latest.title, latest.object_type) == (2, title, entry.object_type)
    assert (latest.hash, latest.size, latest.creation_time) == (None, None, None)
    stable = next_version(latest, object_type=STABLE, hash=samples.sha1(b"x"), size="1")
    wrong = replace(stable, creation_time="20240311153000")
    assert refused(service, samples.updating(patient, wrong, previous="2")) == ["XDSMetadataUpdateError"]


def other_document(chart: Chart) -> Submission:
    return chart.updating(next_version(chart.report, unique_id=samples.fresh_oid()))


def initial(chart: Chart) -> Submission:
    return chart.updating(samples.entry(chart.patient))


def wrong_version(chart: Chart) -> Submission:
    return chart.updating(next_version(chart.report), previous="2")


def unknown_entry(chart: Chart) -> Submission:
    return chart.updating(replace(next_version(chart.report), logical_id=samples.fresh_uuid()))


def other_patient(chart: Chart) -> Submission:
    other = samples.fresh_patient()
    return samples.updating(other, next_version(chart.report, patient_id=other))


def contradiction(chart: Chart) -> Submission:
    link = builders.association(AssociationType.XFRM, "Version2", chart.addendum.entry_uuid, entry_uuid="new")
    return chart.updating(next_version(chart.report), more=updates.submitting(link))


def no_operation(chart: Chart) -> Submission:
    link = builders.association(
        AssociationType.XFRM, chart.report.entry_uuid, chart.addendum.entry_uuid, entry_uuid="new"
    )
    return chart.ordering(link)


def wrong_status(chart: Chart) -> Submission:
    return chart.ordering(updates.status_order(chart.report.entry_uuid, DEPRECATED.value, APPROVED.value))


def history(chart: Chart) -> Submission:
    return chart.ordering(updates.status_order(chart.set_member.entry_uuid))


def across_patients(chart: Chart) -> Submission:
    other = samples.entry(samples.fresh_patient())
    register(chart.service, samples.submission(other))
    link = builders.association(APND, chart.report.entry_uuid, other.entry_uuid, entry_uuid="new")
    return chart.ordering(*updates.submitting(link))


def poor(chart: Chart) -> Submission:
    return chart.updating(next_version(chart.report, class_code=None))


@pytest.mark.parametrize(
    ("build", "code"),
    [
        (other_document, "XDSMetadataUpdateError"),
        (initial, "XDSMetadataUpdateError"),
        (wrong_status, "XDSMetadataUpdateError"),
        (history, "XDSMetadataUpdateError"),
        (wrong_version, "XDSMetadataVersionError"),
        (unknown_entry, "XDSMetadataVersionError"),
        (other_patient, "XDSPatientIDReconciliationError"),
        (across_patients, "XDSPatientIDReconciliationError"),
        (contradiction, "XDSMetadataUpdateOperationError"),
        (no_operation, "XDSMetadataUpdateOperationError"),
        (poor, "XDSRegistryMetadataError"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_what_is_wrong_is_refused_and_changes_nothing(
    chart: Chart, build: Callable[[Chart], Submission], code: str
) -> None:
    before = contents(chart.service, chart.patient)
    assert set(refused(chart.service, build(chart))) == {code}
    assert contents(chart.service, chart.patient) == before


def test_all_operations_of_a_request_or_none(chart: Chart) -> None:
    """XDS Metadata Update 3.57.4.1.3.1: the good ones of a request are not done without the bad one."""
    good = updates.status_order(chart.report.entry_uuid)
    bad = updates.status_order(chart.addendum.entry_uuid, DEPRECATED.value, APPROVED.value)
    assert refused(chart.service, chart.ordering(good, bad)) == ["XDSMetadataUpdateError"]
    assert len(documents(chart.service, chart.patient)) == 2


def test_a_superseded_version_is_neither_replaced_nor_updated(chart: Chart) -> None:
    succeed(chart.service, chart.updating(next_version(chart.report)))
    newer = samples.entry(chart.patient)
    replacing = samples.with_associations(
        samples.submission(newer),
        samples.relation(AssociationType.RPLC, newer.entry_uuid, chart.report.entry_uuid),
    )
    answer = send(chart.service.port, "ITI-42", samples.register_body(replacing))
    assert answer.codes == ["XDSRegistryDeprecatedDocumentError"]
    order = updates.status_order(chart.report.entry_uuid, DEPRECATED.value, APPROVED.value)
    assert refused(chart.service, chart.ordering(order)) == ["XDSMetadataUpdateError"]


def test_a_replaced_entry_is_not_updated(chart: Chart) -> None:
    newer = samples.entry(chart.patient)
    register(
        chart.service,
        samples.with_associations(
            samples.submission(newer),
            samples.relation(AssociationType.RPLC, newer.entry_uuid, chart.report.entry_uuid),
        ),
    )
    assert refused(chart.service, chart.updating(next_version(chart.report))) == ["XDSMetadataUpdateError"]


def together(service: Service, *sent: tuple[str, Submission]) -> list[Answer]:
    """Send messages of different transactions at the same moment; their answers in the order given."""
    answers: dict[int, Answer] = {}
    barrier = threading.Barrier(len(sent))

    def submit(position: int, number: str, body: bytes) -> None:
        barrier.wait()
        answers[position] = send(service.port, number, body)

    threads = [
        threading.Thread(target=submit, args=(position, number, samples.register_body(made)))
        for position, (number, made) in enumerate(sent)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [answers[position] for position in range(len(sent))]


@pytest.mark.parametrize("kind", ["report", "folder"])
def test_of_two_updates_of_a_version_one_wins(service: Service, kind: str) -> None:
    for _ in range(4):
        chart = Chart(service)
        item = getattr(chart, kind)
        rivals = [
            chart.updating(next_version(item, title=builders.text(f"Title {number}"))) for number in range(4)
        ]
        answers = together(service, *[("ITI-57", rival) for rival in rivals])
        assert sorted(answer.result for answer in answers) == ["Failure", "Failure", "Failure", "Success"]
        assert {code for answer in answers for code in answer.codes} == {"XDSMetadataVersionError"}
        kept = contents(service, chart.patient)
        found = kept.folders if kind == "folder" else kept.document_entries
        assert sorted(one.version for one in found if one.unique_id == item.unique_id) == [2]


def test_an_update_and_a_replacement_at_once_are_serial(service: Service) -> None:
    """Either the replacement comes first and the update is refused, or the other way round."""
    for _ in range(6):
        patient = samples.fresh_patient()
        entry, newer = samples.entry(patient), samples.entry(patient)
        register(service, samples.submission(entry))
        replacing = samples.with_associations(
            samples.submission(newer),
            samples.relation(AssociationType.RPLC, newer.entry_uuid, entry.entry_uuid),
        )
        replaced, updated = together(
            service, ("ITI-42", replacing), ("ITI-57", samples.updating(patient, next_version(entry)))
        )
        assert (replaced.codes, updated.codes) in (
            ([], ["XDSMetadataUpdateError"]),
            (["XDSRegistryDeprecatedDocumentError"], []),
        )
        (left,) = documents(service, patient)
        assert left.unique_id == (newer.unique_id if replaced.codes == [] else entry.unique_id)


def test_after_a_merge_the_surviving_id_updates(chart: Chart) -> None:
    """Objects of the subsumed id are the survivor's: their links are no links across patients."""
    survivor = samples.fresh_patient()
    register(chart.service, samples.submission(samples.entry(survivor)))
    subsumed_id, surviving_id = (item.partition("^")[0] for item in (chart.patient, survivor))
    for message in (
        feed(Interaction.ADDED, patient_ids=(patient_id(subsumed_id),)),
        feed(Interaction.ADDED, patient_ids=(patient_id(surviving_id),)),
        feed(
            Interaction.DUPLICATES_RESOLVED,
            patient_ids=(patient_id(surviving_id),),
            prior_ids=(patient_id(subsumed_id),),
        ),
    ):
        key = "ITI-44 duplicates resolved" if message.replacements else "ITI-44"
        answer = send(chart.service.port, key, encode_patient_feed(message))
        assert b'typeCode code="CA"' in answer.body, answer.body
    assert set(refused(chart.service, chart.updating(next_version(chart.report)))) == {"XDSUnknownPatientId"}
    newer = next_version(chart.report, patient_id=survivor)
    succeed(chart.service, samples.updating(survivor, newer))
    (latest,) = [
        item for item in documents(chart.service, survivor) if item.unique_id == chart.report.unique_id
    ]
    assert (latest.version, latest.patient_id) == (2, survivor)
    assert {("APND", chart.addendum.entry_uuid, latest.entry_uuid)} <= links(chart.service, latest.entry_uuid)
    assert versions(chart.service, chart.report.entry_uuid) == {1: DEPRECATED, 2: APPROVED}
    again = next_version(latest, patient_id=survivor, title=builders.text("Again"))
    succeed(chart.service, samples.updating(survivor, again, previous="2"))


def test_a_removed_version_is_none(chart: Chart) -> None:
    """ITI-62 of the new version leaves the one before as the latest; an order revives it."""
    succeed(chart.service, chart.updating(next_version(chart.report), propagation="no"))
    latest = chart.latest().entry_uuid
    found = ask(chart.service, StoredQuery.GET_ASSOCIATIONS, samples.slot("$uuid", latest)).associations
    (member,) = [item for item in found if item.target == latest]
    gone = samples.remove_body(latest, member.entry_uuid, member.source)
    assert send(chart.service.port, "ITI-62", gone).codes == []
    assert versions(chart.service, chart.report.entry_uuid) == {1: DEPRECATED}
    assert refused(chart.service, chart.updating(next_version(chart.report))) == ["XDSMetadataUpdateError"]
    order = updates.status_order(chart.report.entry_uuid, DEPRECATED.value, APPROVED.value)
    succeed(chart.service, chart.ordering(order))
    succeed(chart.service, chart.updating(next_version(chart.report)))
    assert versions(chart.service, chart.report.entry_uuid) == {1: DEPRECATED, 2: APPROVED}


def test_a_folder_gets_a_document_while_it_is_updated(service: Service) -> None:
    """Whoever comes first: the document is in the latest version of the Folder, or refused."""
    for _ in range(6):
        chart = Chart(service)
        late = samples.entry(chart.patient)
        adding = samples.with_associations(
            samples.submission(late),
            builders.has_member(chart.folder.entry_uuid, late.entry_uuid, entry_uuid="m"),
            builders.has_member("SubmissionSet01", "m", entry_uuid="hm"),
        )
        added, updated = together(
            service, ("ITI-42", adding), ("ITI-57", chart.updating(next_version(chart.folder)))
        )
        assert updated.codes == []
        assert added.codes in ([], ["XDSRegistryMetadataError"])
        (folder,) = contents(service, chart.patient).folders
        inside = {item[2] for item in links(service, folder.entry_uuid) if item[1] == folder.entry_uuid}
        assert inside == {chart.report.entry_uuid} | ({late.entry_uuid} if added.codes == [] else set())


def test_the_same_message_again_gets_the_stored_answer(chart: Chart) -> None:
    made = chart.updating(next_version(chart.report))
    identity = f"urn:uuid:{samples.fresh_uuid().removeprefix('urn:uuid:')}"
    first = update(chart.service, made, message_id=identity)
    again = update(chart.service, made, message_id=identity)
    assert (first.result, again.result) == ("Success", "Success")
    assert first.body == again.body
    assert chart.latest().version == 2


def test_without_any_action_the_body_is_a_registration(chart: Chart) -> None:
    """SubmitObjectsRequest without wsa:Action was ITI-42 before there was ITI-57, and stays so."""
    body = samples.register_body(samples.submission(samples.entry(chart.patient)))
    octets = envelope("ITI-57", body, headers=b"")
    answer = post(chart.service.port, "/dics/registry", octets)
    assert (answer.status, answer.result) == (200, "Success")
    made = samples.register_body(chart.updating(next_version(chart.report)))
    answer = post(chart.service.port, "/dics/registry", envelope("ITI-57", made, headers=b""))
    assert "XDSRegistryMetadataError" in answer.codes
    content_type = 'application/soap+xml; charset=UTF-8; action="urn:ihe:iti:2010:UpdateDocumentSet"'
    answer = post(
        chart.service.port, "/dics/registry", envelope("ITI-57", made, headers=b""), content_type=content_type
    )
    assert answer.result == "Success"


def test_registration_refuses_a_new_version(chart: Chart) -> None:
    """ITI-42 registers first versions only."""
    made = chart.updating(next_version(chart.report))
    answer = send(chart.service.port, "ITI-42", samples.register_body(made))
    assert answer.result == "Failure"
    assert set(answer.codes) == {"XDSRegistryMetadataError"}
