"""ITI-64 over MLLP against the real service: documents of a local id get another patient id, as new versions."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from tests.conftest import free_port
from tests.feeds.messages import adt, code, errors, feed, msh
from tests.samples import builders
from tests.transactions import samples
from tests.transactions.conftest import Service, base_settings, merged, running
from tests.transactions.wire import send
from xds.ebxml import decode_query_response
from xds.model import (
    AssociationType,
    DocumentEntry,
    StoredQuery,
    Submission,
    SubmissionSetStatus,
)

MINE, OTHERS = "L1^^^&2.999.18.1&ISO", "L9^^^&2.999.18.1&ISO"
SUBSUMED = "L2^^^&2.999.18.1&ISO"


@pytest.fixture(scope="module")
def fed(
    new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Service, int]]:
    folder, port = tmp_path_factory.mktemp("fed"), free_port()
    changes = {
        "registry": {"unknown_patients": "refuse", "patient_authority": "2.999.1.1"},
        "feeds": {"mllp_port": port},
    }
    with running(folder, merged(base_settings(new_database(), folder), changes)) as service:
        yield service, port


def link_change(
    new: str, local: str, previous: str, subsumed: str | None = None, *, sender: str = "2.999.30.9"
) -> str:
    """An A43."""
    header = msh("A43", version="2.5").replace("|PIS|", f"|{sender}|")
    prior = previous if subsumed is None else f"{previous}~{subsumed}"
    return f"{header}\rEVN|A43|20240311120000\rPID|||{new}~{local}|| \rMRG|{prior}\r"


def two_patients(port: int) -> tuple[str, str]:
    ids = samples.fresh_patient(), samples.fresh_patient()
    with feed(port) as source:
        for patient in ids:
            assert code(source.send(adt(pid3=patient))) == "AA"
    return ids


def tell(port: int, message: str) -> list[list[str]]:
    with feed(port) as source:
        return source.send(message)


def register(service: Service, made: Submission) -> Submission:
    assert send(service.port, "ITI-42", samples.register_body(made)).codes == []
    return made


def found(service: Service, patient: str) -> dict[str, DocumentEntry]:
    answer = send(service.port, "ITI-18", samples.find_body(patient))
    entries = decode_query_response(answer.elements("AdhocQueryResponse")[0]).objects.document_entries
    return {entry.unique_id or "": entry for entry in entries}


def ask(service: Service, query: StoredQuery, *slots: object) -> Submission:
    answer = send(service.port, "ITI-18", samples.query_body(query, *slots))  # type: ignore[arg-type]
    return decode_query_response(answer.elements("AdhocQueryResponse")[0]).objects


def test_documents_of_a_local_id_get_the_new_patient(fed: tuple[Service, int]) -> None:
    service, port = fed
    previous, new = two_patients(port)
    mine = samples.entry(previous, source_patient_id=MINE)
    other = samples.entry(previous, source_patient_id=OTHERS)
    register(service, samples.submission(mine, other))
    assert code(tell(port, link_change(new, MINE, previous))) == "AA"
    assert set(found(service, previous)) == {other.unique_id}
    (moved,) = found(service, new).values()
    assert moved.unique_id == mine.unique_id
    assert (moved.patient_id, moved.source_patient_id, moved.version) == (new, MINE, 2)
    assert moved.logical_id == mine.entry_uuid
    assert replace(moved, patient_id=previous, entry_uuid=mine.entry_uuid, version=1, logical_id=None) == mine
    sets = ask(
        service,
        StoredQuery.FIND_SUBMISSION_SETS,
        samples.slot("$XDSSubmissionSetPatientId", new, is_list=False),
        samples.slot("$XDSSubmissionSetStatus", samples.APPROVED),
    ).submission_sets
    assert [(item.source_id, item.authors) for item in sets] == [("2.999.30.9", ())]
    links = ask(service, StoredQuery.GET_ASSOCIATIONS, samples.slot("$uuid", moved.entry_uuid)).associations
    (member,) = links
    assert member.source == sets[0].entry_uuid
    assert [(slot.name, slot.values) for slot in member.extra_slots] == [("PreviousVersion", ("1",))]
    # The same message again finds nothing more to do.
    assert code(tell(port, link_change(new, MINE, previous))) == "AA"
    assert found(service, new) == {moved.unique_id: moved}


def test_a_consent_directive_goes_along(fed: tuple[Service, int]) -> None:
    """What a patient withheld stays withheld when it turns out to be of somebody else."""
    service, port = fed
    previous, new = two_patients(port)
    mine = samples.entry(previous, source_patient_id="L64^^^&2.999.18.1&ISO")
    register(service, samples.submission(mine))
    config = str(service.folder / "xds.toml")

    def consent(action: str, patient: str) -> None:
        said = ("--kind", "record", "--target", mine.unique_id or "", "--reason", "form")
        subprocess.run(
            [sys.executable, "-m", "xds", "consent", action, "--patient", "-", *said, "--config", config],
            input=patient, text=True, check=True, timeout=60,
        )  # fmt: skip

    consent("set", previous)
    assert code(tell(port, link_change(new, "L64^^^&2.999.18.1&ISO", previous))) == "AA"
    assert found(service, new) == found(service, previous) == {}
    consent("lift", previous)
    assert found(service, new) == {}, "it is the new patient's word now"
    consent("lift", new)
    assert set(found(service, new)) == {mine.unique_id}


def test_relationships_go_along_or_are_left_out(fed: tuple[Service, int]) -> None:
    service, port = fed
    previous, new = two_patients(port)
    report, stays = (samples.entry(previous, source_patient_id=item) for item in (MINE, OTHERS))
    register(service, samples.submission(report, stays))
    for source_patient_id, target in ((MINE, report), (MINE, stays)):
        addendum = samples.entry(previous, source_patient_id=source_patient_id)
        register(
            service,
            samples.with_associations(
                samples.submission(addendum),
                samples.relation(AssociationType.APND, addendum.entry_uuid, target.entry_uuid),
            ),
        )
    assert code(tell(port, link_change(new, MINE, previous))) == "AA"
    moved = found(service, new)
    assert len(moved) == 3
    ids = {entry.entry_uuid for entry in moved.values()}
    links = ask(service, StoredQuery.GET_ASSOCIATIONS, samples.slot("$uuid", *ids)).associations
    appended = [item for item in links if item.association_type == AssociationType.APND.value]
    assert [item.target for item in appended] == [moved[report.unique_id or ""].entry_uuid]
    assert {item.source for item in appended} < ids


def foldered(entry: DocumentEntry, *more: DocumentEntry) -> tuple[Submission, str]:
    """A submission of a Folder with these documents."""
    folder = builders.folder(
        entry_uuid=samples.fresh_uuid(),
        unique_id=samples.fresh_oid(),
        patient_id=entry.patient_id,
        last_update_time=None,
    )
    base = samples.submission(entry, *more)
    members = [
        builders.has_member(folder.entry_uuid, item.entry_uuid, entry_uuid=samples.fresh_uuid())
        for item in (entry, *more)
    ]
    of_set = [
        builders.has_member("SubmissionSet01", item, entry_uuid=f"m{number}")
        for number, item in enumerate([folder.entry_uuid, *(member.entry_uuid for member in members)])
    ]
    made = replace(base, folders=(folder,), associations=(*base.associations, *members, *of_set))
    return made, folder.unique_id or ""


def folders_of(service: Service, patient: str) -> dict[str, str]:
    found = ask(
        service,
        StoredQuery.FIND_FOLDERS,
        samples.slot("$XDSFolderPatientId", patient, is_list=False),
        samples.slot("$XDSFolderStatus", samples.APPROVED),
    ).folders
    return {item.unique_id or "": item.entry_uuid for item in found}


def contents(service: Service, folder: str) -> set[str | None]:
    return {
        entry.unique_id
        for entry in ask(
            service,
            StoredQuery.GET_FOLDER_AND_CONTENTS,
            samples.slot("$XDSFolderEntryUUID", folder, is_list=False),
        ).document_entries
        if entry.availability_status.value == samples.APPROVED
    }


def test_a_folder_goes_along_when_all_it_holds_does(fed: tuple[Service, int]) -> None:
    service, port = fed
    previous, new = two_patients(port)
    one, two = (samples.entry(previous, source_patient_id=MINE) for _ in range(2))
    whole, whole_id = foldered(one, two)
    three, four = (samples.entry(previous, source_patient_id=item) for item in (MINE, OTHERS))
    mixed, mixed_id = foldered(three, four)
    for made in (whole, mixed):
        register(service, made)
    assert code(tell(port, link_change(new, MINE, previous))) == "AA"
    assert set(found(service, new)) == {one.unique_id, two.unique_id, three.unique_id}
    moved, left = folders_of(service, new), folders_of(service, previous)
    assert (set(moved), set(left)) == ({whole_id}, {mixed_id})
    assert contents(service, moved[whole_id]) == {one.unique_id, two.unique_id}
    assert contents(service, left[mixed_id]) == {four.unique_id}


def test_a_local_id_is_merged_into_another(fed: tuple[Service, int]) -> None:
    service, port = fed
    patient, _ = two_patients(port)
    old = samples.entry(patient, source_patient_id=SUBSUMED)
    kept = samples.entry(patient, source_patient_id=MINE)
    made, _ = foldered(old, kept)
    register(service, made)
    newer = samples.entry(patient, source_patient_id=OTHERS)
    referring = samples.with_associations(
        samples.submission(newer),
        builders.has_member(
            "SubmissionSet01",
            old.entry_uuid,
            entry_uuid="a-ref",
            submission_set_status=SubmissionSetStatus.REFERENCE.value,
        ),
    )
    register(service, referring)
    assert code(tell(port, link_change(patient, MINE, patient, SUBSUMED))) == "AA"
    after = found(service, patient)
    assert {item.unique_id: item.source_patient_id for item in after.values()} == {
        old.unique_id: MINE,
        kept.unique_id: MINE,
        newer.unique_id: OTHERS,
    }
    assert (after[old.unique_id or ""].version, after[kept.unique_id or ""].version) == (2, 1)
    (folder,) = folders_of(service, patient).values()
    assert contents(service, folder) == {old.unique_id, kept.unique_id}
    links = ask(
        service, StoredQuery.GET_ASSOCIATIONS, samples.slot("$uuid", after[old.unique_id or ""].entry_uuid)
    ).associations
    statuses = sorted(item.submission_set_status or "" for item in links)
    assert statuses == ["", "Original", "Reference"]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (link_change("P1^^^&2.999.1.1&ISO", MINE, "UNKNOWN^^^&2.999.1.1&ISO"), ("204", "MRG^1^1")),
        (link_change("UNKNOWN^^^&2.999.1.1&ISO", MINE, "P1^^^&2.999.1.1&ISO"), ("204", "PID^1^3")),
        (link_change("P1^^^&2.999.9.9&ISO", MINE, "P1^^^&2.999.1.1&ISO"), ("204", "PID^1^3")),
        (link_change("P1^^^&2.999.1.1&ISO", MINE, "P1^^^&2.999.9.9&ISO"), ("204", "MRG^1^1")),
        (link_change("P1^^^&2.999.1.1&ISO", "L1", "P1^^^&2.999.1.1&ISO"), ("102", "PID^1^3")),
        (
            link_change("P1^^^&2.999.1.1&ISO", MINE, "P1^^^&2.999.1.1&ISO", "L2^^^&2.999.18.2&ISO"),
            ("102", "MRG^1^1"),
        ),
        (link_change("P1^^^&2.999.1.1&ISO", f"{MINE}~X", "P1^^^&2.999.1.1&ISO"), ("102", "PID^1^3")),
        (
            link_change("P1^^^&2.999.1.1&ISO", MINE, "P1^^^&2.999.1.1&ISO", f"{SUBSUMED}~X"),
            ("102", "MRG^1^1"),
        ),
        (link_change("P1^^^&2.999.1.1&ISO", MINE, "P1^^^&2.999.1.1&ISO", sender="PIX"), ("102", "MSH^1^3")),
        (link_change("P1^^^&2.999.1.1&ISO", MINE, "").replace("\rMRG|", "\rZMR|"), ("100", "MRG")),
        (link_change("P1^^^&2.999.1.1&ISO", MINE, ""), ("102", "MRG^1^1")),
    ],
)
def test_a_message_with_a_mistake(fed: tuple[Service, int], message: str, expected: tuple[str, str]) -> None:
    with feed(fed[1]) as source:
        source.send(adt(pid3="P1^^^&2.999.1.1&ISO"))
        acknowledgement = source.send(message)
    assert (code(acknowledgement), errors(acknowledgement)) == ("AE", [expected])
