"""Every stored query, on random content with random parameters, answers what a reader of the standard finds."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from tests.registry.oracle import SEVERAL_PATIENTS, Oracle
from tests.registry.world import Registry, World, fresh_oid, fresh_patient, ids_of
from tests.samples import builders
from xds.model import (
    ON_DEMAND,
    STABLE,
    AdhocQuery,
    AssociationType,
    AvailabilityStatus,
    Code,
    DocumentAvailability,
    DocumentEntry,
    Folder,
    QuerySlot,
    ResponseStatus,
    ReturnType,
    StoredQuery,
    new_uuid_urn,
)
from xds.registry.selections import SINGLE_PATIENT
from xds.rules import PARAMETERS, Parameter, query_name

PROPERTY = settings(
    max_examples=max(15, settings.default.max_examples // 7) if settings.default else 15,
    suppress_health_check=list(HealthCheck),
)
CODES = tuple(
    builders.code(value, scheme)
    for value, scheme in (
        ("CT", "2.999.9.1"),
        ("CT", "2.999.9.2"),
        ("ct", "2.999.9.1"),
        ('O\'H, "x"', "2.999.9.1"),
    )
)
PERSONS = ("9^O'Hara_X^Zoé", "9^O'HaraXX^Zoé", "50%^Back\\slash", "50X^Backslash", "Singh")
REFERENCES = tuple(f"{value}^^^^urn:ihe:iti:xds:2013:order" for value in ("A_1", "AX1", "A\\1", "50%", "500"))
TIMES = (
    "2023",
    "2024",
    "202403",
    "20240310",
    "2024031015",
    "202403101530",
    "20240310153001",
    "20240229235959",
)
SOURCES = ("2.999.3.1", "2.999.3.11")
STATUSES = tuple(AvailabilityStatus)
DEPRECATED, APPROVED = AvailabilityStatus.DEPRECATED, AvailabilityStatus.APPROVED
KINDS = (AssociationType.RPLC, AssociationType.APND, AssociationType.HAS_MEMBER)


def some(items: Sequence[object], most: int = 2) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(st.sampled_from(items), max_size=most, unique=True).map(tuple)


def now_and_then(likely: int = 4) -> st.SearchStrategy[bool]:
    return st.integers(1, likely).map(lambda number: number == 1)


# ---- content


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Three patients, perhaps one merged into another, with everything that a registry can hold."""
    world = World(patients=[fresh_patient() for _ in range(3)])
    shared = fresh_oid()
    for patient_id in world.patients:
        for _ in range(draw(st.integers(0, 3))):
            entry = world.add_entry(patient_id, **draw(entry_fields()))
            if draw(now_and_then(5)):
                world.entries[-1] = _changed(entry, unique_id=shared)
            if draw(now_and_then(3)):
                _add_versions(draw, world, world.entries)
        for _ in range(draw(st.integers(0, 2))):
            world.add_folder(patient_id, **draw(folder_fields()))
            if draw(now_and_then(3)):
                _add_versions(draw, world, world.folders)
        for _ in range(draw(st.integers(1, 2))):
            world.add_submission_set(patient_id, **draw(submission_set_fields()))
    _link(draw, world)
    if draw(now_and_then(2)):
        world.merged[world.patients[2]] = world.patients[1]
        if draw(now_and_then(2)):
            world.merged[world.patients[1]] = world.patients[0]
    return world


@st.composite
def entry_fields(draw: st.DrawFn) -> dict[str, object]:
    code, time = st.sampled_from(CODES), st.none() | st.sampled_from(TIMES)
    is_on_demand = draw(now_and_then(5))
    return {
        "object_type": ON_DEMAND if is_on_demand else STABLE,
        "availability_status": draw(st.sampled_from(STATUSES)),
        "document_availability": draw(st.sampled_from([None, None, *DocumentAvailability])),
        "class_code": draw(code),
        "type_code": draw(code),
        "format_code": draw(code),
        "healthcare_facility_type_code": draw(code),
        "practice_setting_code": draw(code),
        "confidentiality_codes": draw(some(CODES)),
        "event_codes": draw(some(CODES)),
        "authors": tuple(builders.author(person=person) for person in draw(some((*PERSONS, None)))),
        "creation_time": None if is_on_demand else draw(st.sampled_from(TIMES)),
        "service_start_time": draw(time),
        "service_stop_time": draw(time),
        "reference_ids": draw(some(REFERENCES)),
    }


@st.composite
def folder_fields(draw: st.DrawFn) -> dict[str, object]:
    return {
        "availability_status": draw(st.sampled_from((APPROVED, APPROVED, DEPRECATED))),
        "codes": draw(some(CODES)),
        "last_update_time": draw(st.sampled_from(TIMES[-2:])),
    }


@st.composite
def submission_set_fields(draw: st.DrawFn) -> dict[str, object]:
    return {
        "availability_status": draw(st.sampled_from((APPROVED, APPROVED, DEPRECATED))),
        "content_type_code": draw(st.sampled_from(CODES)),
        "source_id": draw(st.sampled_from(SOURCES)),
        "submission_time": draw(st.sampled_from(TIMES)),
        "authors": tuple(builders.author(person=person) for person in draw(some((*PERSONS, None)))),
    }


def _changed(item: object, **changes: object) -> object:
    return replace(item, **changes)  # type: ignore[type-var]


def _add_versions(draw: st.DrawFn, world: World, items: list) -> None:  # type: ignore[type-arg]
    """Later versions of the last item; what is superseded is Deprecated (Metadata Update 3.57.4.1.3.3.1)."""
    for _ in range(draw(st.integers(1, 2))):
        old = items[-1]
        items[-1] = _changed(old, availability_status=DEPRECATED)
        fields = draw(entry_fields() if isinstance(old, DocumentEntry) else folder_fields())
        if isinstance(old, DocumentEntry):
            fields |= {"object_type": old.object_type, "creation_time": old.creation_time}
        items.append(
            _changed(
                old,
                **fields,
                entry_uuid=new_uuid_urn(),
                logical_id=old.logical_id or old.entry_uuid,
                version=old.version + 1,
            )
        )


def _link(draw: st.DrawFn, world: World) -> None:
    """Memberships and relationships, now and then with another patient's objects, some Deprecated."""
    status = st.sampled_from((APPROVED, APPROVED, DEPRECATED))
    entries = [item.entry_uuid for item in world.entries]
    folders = [item.entry_uuid for item in world.folders]
    for submission_set in world.submission_sets:
        for target in draw(some([*entries, *folders], 4)) if entries or folders else ():
            world.link(submission_set.entry_uuid, str(target))
    for folder in folders:
        for target in draw(some(entries, 3)) if entries else ():
            world.link(folder, str(target), availability_status=draw(status))
    for source in entries:
        for target in draw(some(entries, 1)):
            kind = draw(st.sampled_from(KINDS[:2]))
            world.link(source, str(target), kind, availability_status=draw(status))
    links = [item.entry_uuid for item in world.associations]
    for submission_set in world.submission_sets:
        for target in draw(some(links, 3)) if links else ():
            world.link(submission_set.entry_uuid, str(target))


# ---- questions


@st.composite
def questions(draw: st.DrawFn, world: World, asked: StoredQuery) -> AdhocQuery:
    """A query in order, with values that its world has and some that it has not."""
    table = PARAMETERS[asked]
    chosen = [row for row in table if row.required or (not row.either and draw(now_and_then(4)))]
    if pair := [row for row in table if row.either]:
        chosen.append(draw(st.sampled_from(pair)))
    narrowing = [row for row in table if row.narrows]
    if narrowing and not any(row.narrows for row in chosen):
        chosen.append(draw(st.sampled_from(narrowing)))
    slots = [slot for row in chosen for slot in draw(slots_of(world, row))]
    if any(row.name.endswith("LogicalID") for row in chosen):
        slots = [slot for slot in slots if slot.name != "$MetadataLevel"]
        slots.append(QuerySlot(name="$MetadataLevel", values=("2",), unquoted=True))
    return AdhocQuery(
        query_id=asked,
        return_type=draw(st.sampled_from(ReturnType)),
        slots=tuple(draw(st.permutations(slots))),
        home_community_id=draw(st.sampled_from([None, "urn:oid:2.999.40.9"])),
    )


@st.composite
def slots_of(draw: st.DrawFn, world: World, row: Parameter) -> list[QuerySlot]:
    most = 3 if row.many else 1
    made = []
    for _ in range(draw(st.integers(1, 2)) if row.and_or else 1):
        values = draw(st.lists(values_of(world, row), min_size=1, max_size=most).map(tuple))
        bare = row.kind in ("time", "level")
        made.append(QuerySlot(name=row.name, values=values, is_list=row.many, unquoted=bare))
    return made


def values_of(world: World, row: Parameter) -> st.SearchStrategy[str]:
    codes = [str(code) for code in (*CODES, Code(code="XX", scheme="2.999.9.1"))]
    associations = [item.entry_uuid for item in world.associations]
    uuids = {
        "$uuid": [*[item.entry_uuid for item in world.objects], *associations[:2]],
        "$XDSDocumentEntryEntryUUID": [item.entry_uuid for item in world.entries],
        "$XDSFolderEntryUUID": [item.entry_uuid for item in world.folders],
        "$XDSSubmissionSetEntryUUID": [item.entry_uuid for item in world.submission_sets],
    }
    unique_ids = {
        "$XDSDocumentEntryUniqueId": [item.unique_id or "" for item in world.entries],
        "$XDSFolderUniqueId": [item.unique_id or "" for item in world.folders],
        "$XDSSubmissionSetUniqueId": [item.unique_id or "" for item in world.submission_sets],
    }
    match row.kind:
        case "patient":
            return st.sampled_from([*world.patients, *world.patients, fresh_patient()])
        case "code":
            return st.sampled_from(codes)
        case "time":
            return st.sampled_from(TIMES)
        case "status":
            return st.sampled_from([APPROVED.value, APPROVED.value, DEPRECATED.value])
        case "type":
            return st.sampled_from([STABLE, ON_DEMAND])
        case "association":
            return st.sampled_from([kind.value for kind in KINDS])
        case "like":
            return patterns(REFERENCES if row.name.endswith("ReferenceIdList") else PERSONS)
        case "level":
            return st.sampled_from(["1", "2", "2"])
        case "availability":
            return st.sampled_from([item.value for item in DocumentAvailability])
        case "uuid":
            known = uuids.get(row.name) or _logical_ids(
                world.entries if "Document" in row.name else world.folders
            )
            return st.sampled_from([*known, *known, new_uuid_urn()]).flatmap(
                lambda value: st.sampled_from([value, value.upper().replace("URN:UUID", "urn:uuid")])
            )
        case _:
            return st.sampled_from([*unique_ids.get(row.name, SOURCES), "2.999.404"])


def _logical_ids(items: Sequence[DocumentEntry | Folder]) -> list[str]:
    return [item.logical_id or item.entry_uuid for item in items]


@st.composite
def patterns(draw: st.DrawFn, stock: tuple[str, ...]) -> str:
    """Something of the stock, some of it replaced by wildcards and backslashes."""
    text = draw(st.sampled_from(stock))
    start, stop = sorted(draw(st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))))
    return text[:start] + draw(st.sampled_from(["%", "_", "\\", "\\%", "\\_", "", "%_"])) + text[stop:]


# ---- the comparison


@pytest.mark.parametrize("asked", StoredQuery, ids=query_name)
@PROPERTY
@given(data=st.data())
def test_it_answers_what_a_reader_of_the_standard_finds(
    registry: Registry, asked: StoredQuery, data: st.DataObject
) -> None:
    world = data.draw(worlds())
    registry.hold(world)
    for _ in range(6):
        query = data.draw(questions(world, asked))
        note(f"{query}")
        compare(registry, world, query)


def compare(registry: Registry, world: World, query: AdhocQuery) -> None:
    oracle = Oracle(world, query)
    expected, patients = oracle.answer(), oracle.patients()
    response = registry.ask(query, leaf_class_results=10**6, object_ref_results=10**6)
    if (
        StoredQuery(query.query_id) in SINGLE_PATIENT
        and query.return_type is ReturnType.LEAF_CLASS
        and len(patients) > 1
    ):
        assert [item.code for item in response.findings] == [SEVERAL_PATIENTS]
        assert response.status is ResponseStatus.FAILURE
        assert ids_of(response) == []
        return
    assert (response.status, response.findings) == (ResponseStatus.SUCCESS, ())
    mine = {item.entry_uuid for item in (*world.objects, *world.associations)}
    # A query for multiple patients that names none finds what other examples left, too.
    assert [item for item in ids_of(response) if item in mine] == sorted(expected)
    for item in (
        *response.objects.document_entries,
        *response.objects.submission_sets,
        *response.objects.folders,
    ):
        if item.entry_uuid in mine:
            (held,) = [own for own in world.objects if own.entry_uuid == item.entry_uuid]
            assert item.patient_id == world.patient_of(held)
            assert item.availability_status is held.availability_status
