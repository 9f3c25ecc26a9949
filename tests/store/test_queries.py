"""What is registered is found by what it is, and comes back as it was sent: the real actors on the real store."""

import itertools
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from lxml import etree

from tests.samples import builders, strategies
from xds.access import DOMAIN
from xds.ebxml import decode_query_response, decode_submission, encode_adhoc_query, encode_submission
from xds.model import (
    ON_DEMAND,
    STABLE,
    Association,
    AssociationType,
    Author,
    AvailabilityStatus,
    Code,
    DocumentCriteria,
    DocumentEntry,
    Folder,
    ResponseStatus,
    Slot,
    StoredQuery,
    Submission,
    SubmissionSet,
    TimeRange,
    earliest_moment,
    new_uuid_urn,
)
from xds.registry import QueryPolicy, RegisterDocumentSet, RegistryStoredQuery
from xds.rules import Policies, RulePolicy, assign_entry_uuids
from xds.soap import Envelope, Request
from xds.store import FactsReader, Pool, QueryStore, SubmissionStore, open_pool
from xds.xml import parse

RULES = Policies(RulePolicy(unknown_patients="accept"))
MARK = "urn:oid:2.999.8.9:mark"
_numbers = itertools.count(1)
PROPERTY = settings(
    max_examples=max(40, settings.default.max_examples // 5) if settings.default else 40,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@dataclass(frozen=True, slots=True)
class Registry:
    """The two actors on one database."""

    reads: QueryStore
    writes: SubmissionStore

    def accept(self, submission: Submission) -> None:
        """Register what comes over the wire; a refusal is a mistake of the test."""
        received, structure = decode_submission(parse(encode_submission(submission)))
        response = RegisterDocumentSet(self.writes, RULES).register(received, structure)
        assert response.status is ResponseStatus.SUCCESS, response.findings

    def ask(self, query: StoredQuery, *slots: Any) -> Submission:
        """The objects that a stored query answers with, decoded."""
        body = parse(encode_adhoc_query(builders.query(query, *slots)))
        answer = RegistryStoredQuery(self.reads, QueryPolicy(rules=RULES))(body, request(body))
        response = decode_query_response(parse(b"".join(answer.body)))
        assert (response.status, response.findings) == (ResponseStatus.SUCCESS, ())
        return response.objects


def request(body: etree._Element) -> Request:
    envelope = Envelope(action=None, message_id=None, to=None, header=None, body=body)
    return Request(envelope=envelope, root_digest=b"", parts={}, mtom=False)


@pytest.fixture(scope="module")
def shared_pool(new_database: Callable[[], str]) -> Iterator[Pool]:
    opened = open_pool(new_database(), size=4, statement_timeout=10, idle_in_transaction_timeout=10)
    with closing(opened):
        # All connections that will be needed: the pool's threads draw random numbers for each new one, and
        # Hypothesis takes that for a strategy that does.
        opened.wait(30)
        yield opened


@pytest.fixture(scope="module")
def registry(shared_pool: Pool) -> Registry:
    return Registry(QueryStore(shared_pool), SubmissionStore(shared_pool))


def fresh_patient() -> str:
    return f"Q{next(_numbers)}^^^&2.999.1.1&ISO"


def fresh_oid() -> str:
    return f"2.999.4.7.{next(_numbers)}"


# ---- found by what it is

CODES = tuple(
    builders.code(value, scheme)
    for value, scheme in (
        ("CT", "2.999.9.1"),
        ("CT", "2.999.9.2"),  # another code: what counts is both together
        ("ct", "2.999.9.1"),
        ('O\'Hara, "x"', "2.999.9.1"),
        ("{é,日本}", "2.999.9.1"),
    )
)
UNKNOWN = ("XX", "2.999.9.1")
PERSONS = (
    "9^O'Hara_X^Zoé^^^Dr^^^&2.999.3&ISO",
    "9^O'HaraXX^Zoé",
    "50%^Back\\slash^100",
    "50X^Backslash^100",
    "Singh",
    "line\nfeed",
)
REFERENCES = tuple(
    f"{value}^^^^urn:ihe:iti:xds:2013:accession" for value in ("A_1", "AX1", "A\\1", "50%", "500")
)
MOMENTS = (
    "20240101000000",
    "20240229235959",
    "20240310",
    "202403",
    "2024",
    "2023",
    "2024031015",
    "202403101530",
)


def like(pattern: str, text: str) -> bool:
    """LIKE of a stored query, naively: % is any text, _ any character, and no other character is special."""
    parts = [{"%": ".*", "_": "."}.get(character, re.escape(character)) for character in pattern]
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None


def within(moment: str | None, times: TimeRange) -> bool:
    """An entry without the attribute is not excluded."""
    if moment is None:
        return True
    number = int(moment.ljust(14, "0")) if len(moment) >= 8 else int((moment + "0101")[:8] + "000000")
    if len(moment) == 6:
        number = int(moment + "01000000")
    return (times.start is None or times.start <= number) and (times.stop is None or number < times.stop)


def matches(entry: DocumentEntry, criteria: DocumentCriteria) -> bool:
    """The whole of FindDocuments for one entry, as a reader of the standard would write it."""
    persons = [author.person for author in entry.authors if author.person]
    events = {code.key for code in entry.event_codes}
    confidentiality = {code.key for code in entry.confidentiality_codes}
    singles = (
        (entry.class_code, criteria.class_codes),
        (entry.type_code, criteria.type_codes),
        (entry.format_code, criteria.format_codes),
        (entry.healthcare_facility_type_code, criteria.healthcare_facility_type_codes),
        (entry.practice_setting_code, criteria.practice_setting_codes),
    )
    return (
        entry.availability_status in criteria.statuses
        and entry.object_type in criteria.object_types
        and all(not wanted or (code is not None and code.key in wanted) for code, wanted in singles)
        and all(events & set(group) for group in criteria.event_codes)
        and all(confidentiality & set(group) for group in criteria.confidentiality_codes)
        and (entry.object_type == ON_DEMAND or within(entry.creation_time, criteria.creation_time))
        and within(entry.service_start_time, criteria.service_start_time)
        and within(entry.service_stop_time, criteria.service_stop_time)
        and (
            not criteria.author_patterns
            or any(like(pattern, person) for pattern in criteria.author_patterns for person in persons)
        )
        and all(
            any(like(pattern, value) for pattern in group for value in entry.reference_ids)
            for group in criteria.reference_ids
        )
    )


def newest_first(entry: DocumentEntry) -> tuple[int, str]:
    return (-earliest_moment(entry.creation_time or "9999"), entry.entry_uuid)


@st.composite
def entries(draw: st.DrawFn) -> DocumentEntry:
    """A valid entry whose searched attributes are from small stocks, so that criteria meet some."""
    code = st.sampled_from(CODES)
    moment = st.sampled_from(MOMENTS)
    service = sorted(draw(st.tuples(moment, moment)), key=earliest_moment)
    persons = draw(st.lists(st.none() | st.sampled_from(PERSONS), max_size=2))
    return builders.document_entry(
        entry_uuid=new_uuid_urn(),
        unique_id=fresh_oid(),
        class_code=draw(code),
        type_code=draw(code),
        format_code=draw(code),
        healthcare_facility_type_code=draw(code),
        practice_setting_code=draw(code),
        confidentiality_codes=tuple(draw(st.lists(code, min_size=1, max_size=2))),
        event_codes=tuple(draw(st.lists(code, max_size=3))),
        authors=tuple(builders.author(person=person) for person in persons),
        creation_time=draw(moment),
        service_start_time=draw(st.sampled_from([None, service[0]])),
        service_stop_time=draw(st.sampled_from([None, service[1]])),
        reference_ids=tuple(draw(st.lists(st.sampled_from(REFERENCES), max_size=2, unique=True))),
    )


@st.composite
def patterns(draw: st.DrawFn, stock: tuple[str, ...]) -> str:
    """Something of the stock, some of it replaced by wildcards and backslashes."""
    text = draw(st.sampled_from(stock))
    start, stop = sorted(draw(st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))))
    return text[:start] + draw(st.sampled_from(["%", "_", "\\", "\\%", "\\_", "", "%_"])) + text[stop:]


def seldom(strategy: st.SearchStrategy[Any], absent: Any = ()) -> st.SearchStrategy[Any]:
    """Most criteria are absent: else nothing would be found."""
    return st.integers(0, 3).flatmap(lambda number: strategy if number == 0 else st.just(absent))


def groups(item: st.SearchStrategy[Any], most: int) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(st.lists(item, min_size=1, max_size=2).map(tuple), min_size=1, max_size=most).map(tuple)


@st.composite
def criteria(draw: st.DrawFn) -> DocumentCriteria:
    key = st.sampled_from([*[code.key for code in CODES], UNKNOWN])
    keys = seldom(st.lists(key, min_size=1, max_size=3).map(tuple))
    moment = st.none() | st.sampled_from(MOMENTS).map(earliest_moment)
    times = seldom(st.builds(TimeRange, start=moment, stop=moment), TimeRange())
    both = frozenset(AvailabilityStatus)
    return DocumentCriteria(
        statuses=draw(st.sampled_from([both, *[frozenset({item}) for item in AvailabilityStatus]])),
        object_types=draw(seldom(st.just(frozenset({ON_DEMAND})), frozenset({STABLE}))),
        class_codes=draw(keys),
        type_codes=draw(keys),
        format_codes=draw(keys),
        healthcare_facility_type_codes=draw(keys),
        practice_setting_codes=draw(keys),
        event_codes=draw(seldom(groups(key, 2))),
        confidentiality_codes=draw(seldom(groups(key, 2))),
        creation_time=draw(times),
        service_start_time=draw(times),
        service_stop_time=draw(times),
        author_patterns=draw(seldom(st.lists(patterns(PERSONS), min_size=1, max_size=2).map(tuple))),
        reference_ids=draw(seldom(groups(patterns(REFERENCES), 2))),
    )


def set_of(patient_id: str, *entries: DocumentEntry, more: tuple[Association, ...] = ()) -> Submission:
    """A submission of entries for a patient."""
    ours = tuple(replace(entry, patient_id=patient_id) for entry in entries)
    made = builders.submission(*ours)
    submission_set = replace(made.submission_set, unique_id=fresh_oid(), patient_id=patient_id)
    return replace(made, submission_sets=(submission_set,), associations=(*made.associations, *more))


def filled(
    registry: Registry, first: list[DocumentEntry], replacing: list[tuple[DocumentEntry, DocumentEntry]]
) -> tuple[str, list[DocumentEntry]]:
    """A patient with entries, some replaced by others; every entry with its status of today."""
    patient_id = fresh_patient()
    registry.accept(set_of(patient_id, *first))
    deprecated = set()
    for new, old in replacing:
        relation = builders.association(AssociationType.RPLC, new.entry_uuid, old.entry_uuid)
        registry.accept(set_of(patient_id, new, more=(relation,)))
        deprecated.add(old.entry_uuid)
    return patient_id, [
        replace(entry, availability_status=AvailabilityStatus.DEPRECATED)
        if entry.entry_uuid in deprecated
        else entry
        for entry in (*first, *[new for new, _ in replacing])
    ]


@PROPERTY
@given(data=st.data())
def test_criteria_find_what_a_reader_of_the_standard_finds(registry: Registry, data: st.DataObject) -> None:
    first = data.draw(st.lists(entries(), min_size=1, max_size=6))
    replaced = first[: data.draw(st.integers(0, min(2, len(first))))]
    replacing = [(data.draw(entries()), old) for old in replaced]
    patient_id, held = filled(registry, first, replacing)
    with registry.reads.reader(DOMAIN) as reader:
        keys = reader.patient_keys(patient_id)
        assert keys is not None
        for _ in range(8):
            wanted = data.draw(criteria())
            limit = data.draw(st.sampled_from([1, 2, 100]))
            among = data.draw(seldom(st.sets(st.sampled_from([item.entry_uuid for item in held])), None))
            expected = sorted(
                (
                    entry
                    for entry in held
                    if matches(entry, wanted) and (among is None or entry.entry_uuid in among)
                ),
                key=newest_first,
            )
            note(f"{wanted} of {held}")
            found = reader.find_documents(keys, wanted, limit, among=among)
            assert [item.entry_uuid for item in found] == [entry.entry_uuid for entry in expected[:limit]]


@pytest.mark.parametrize(
    ("pattern", "persons"),
    [
        ("%", set(PERSONS)),
        ("Singh", {"Singh"}),
        ("singh", set()),
        ("Sin", set()),
        ("S%h", {"Singh"}),
        ("_____", {"Singh"}),
        ("%O'Hara_X%", {PERSONS[0], PERSONS[1]}),
        ("50%", {PERSONS[2], PERSONS[3]}),
        ("%Back\\slash%", {PERSONS[2]}),
        ("50\\%", set()),  # a backslash is a backslash
        ("%\\", set()),
        ("line%feed", {"line\nfeed"}),
        ("line_feed", {"line\nfeed"}),
    ],
)
def test_patterns(
    registry: Registry, people: tuple[list[int], dict[str, str]], pattern: str, persons: set[str]
) -> None:
    keys, person_of = people
    with registry.reads.reader(DOMAIN) as reader:
        found = reader.find_documents(keys, DocumentCriteria(author_patterns=(pattern,)), 100)
    assert (
        {person_of[item.entry_uuid] for item in found} == persons == {p for p in PERSONS if like(pattern, p)}
    )


@pytest.fixture(scope="module")
def people(registry: Registry) -> tuple[list[int], dict[str, str]]:
    """A patient with one entry of each person; the patient's keys, and the person of each entry."""
    patient_id = fresh_patient()
    person_of = {new_uuid_urn(): person for person in PERSONS}
    registry.accept(
        set_of(
            patient_id,
            *[
                builders.document_entry(
                    entry_uuid=item, unique_id=fresh_oid(), authors=(builders.author(person=person),)
                )
                for item, person in person_of.items()
            ],
        )
    )
    with registry.reads.reader(DOMAIN) as reader:
        return reader.patient_keys(patient_id) or [], person_of


@pytest.mark.parametrize("attribute", ["creation_time", "service_start_time", "service_stop_time"])
def test_the_start_is_within_and_the_stop_is_not(registry: Registry, attribute: str) -> None:
    """3.18.4.1.2.3.3; a time of less precision is its first second."""
    patient_id = fresh_patient()
    times = ("2023", "2024", "202403", "20240310", "20240310000001", None)
    others = {"service_start_time": None, "service_stop_time": None}
    ids = {}
    for time in times if attribute != "creation_time" else times[:-1]:
        ids[new_uuid_urn()] = time
    registry.accept(
        set_of(
            patient_id,
            *[
                builders.document_entry(entry_uuid=own, unique_id=fresh_oid(), **others | {attribute: time})
                for own, time in ids.items()
            ],
        )
    )

    def found(start: int | None, stop: int | None) -> set[str | None]:
        wanted = DocumentCriteria(**{attribute: TimeRange(start=start, stop=stop)})
        with registry.reads.reader(DOMAIN) as reader:
            answer = reader.find_documents(reader.patient_keys(patient_id) or [], wanted, 100)
        return {ids[item.entry_uuid] for item in answer}

    always = {None} if attribute != "creation_time" else set()
    assert found(None, None) == set(ids.values())
    assert found(20240101000000, None) == {*times[1:5], *always}
    assert found(20240101000001, None) == {*times[2:5], *always}
    assert found(None, 20240310000000) == {*times[:3], *always}
    assert found(None, 20240310000001) == {*times[:4], *always}
    assert found(20240310000000, 20240310000001) == {"20240310", *always}
    assert found(20240310000000, 20240310000000) == always


def test_on_demand_entries_are_found_by_their_type_and_whatever_their_time(registry: Registry) -> None:
    """ITI-42 takes none; a registry that does (ITI-61) keeps them in the same table."""
    patient_id = fresh_patient()
    stable = builders.document_entry(1, entry_uuid=new_uuid_urn(), unique_id=fresh_oid())
    on_demand = replace(stable, entry_uuid=new_uuid_urn(), unique_id=fresh_oid(), object_type=ON_DEMAND)
    on_demand = replace(on_demand, creation_time=None, hash=None, size=None)
    registry.accept(set_of(patient_id, stable))
    submission = assign_entry_uuids(set_of(patient_id, on_demand))
    with registry.writes.transaction(submission) as tx:
        reader = FactsReader(tx.connection)
        reader.facts_for(submission)
        tx.add(submission, reader.patient_keys[patient_id])

    def found(**changes: Any) -> list[str]:
        with registry.reads.reader(DOMAIN) as reader:
            keys = reader.patient_keys(patient_id) or []
            return [item.entry_uuid for item in reader.find_documents(keys, DocumentCriteria(**changes), 10)]

    both = frozenset({STABLE, ON_DEMAND})
    assert found() == [stable.entry_uuid]
    assert found(object_types=frozenset({ON_DEMAND})) == [on_demand.entry_uuid]
    assert found(object_types=both) == [on_demand.entry_uuid, stable.entry_uuid]
    future = TimeRange(start=20990101000000, stop=21000101000000)
    assert found(object_types=both, creation_time=future) == [on_demand.entry_uuid]
    with registry.reads.reader(DOMAIN) as queries:
        ids = [stable.entry_uuid, on_demand.entry_uuid]
        documents = queries.documents(ids, DocumentCriteria(object_types=both), 10)
        assert {d.entry_uuid for d in documents} == set(ids)
        documents = queries.documents(ids, DocumentCriteria(), 10)
        assert [d.entry_uuid for d in documents] == [stable.entry_uuid]


# ---- comes back as it was sent


def valid_code(code: Code) -> Code:
    """The odd code with what a code must have: a value, a scheme and a display name."""
    display = code.display if any(item.value for item in code.display) else builders.text("shown")
    return replace(code, code=code.code or "C", scheme=code.scheme or "2.999.9.1", display=display)


def valid_author(author: Author) -> Author:
    """The odd author with a name at least."""
    return replace(author, person=author.person or "Singh")


codes = strategies.codes().map(valid_code)
authors = strategies.tuples(strategies.authors().map(valid_author))


def free_parts() -> dict[str, st.SearchStrategy[Any]]:
    """What no rule looks into, as odd as it may be."""
    return {
        "title": strategies.names(),
        "comments": strategies.names(),
        "extra_slots": strategies.extra_slots(),
        "extra_classifications": strategies.extra_classifications(),
    }


@st.composite
def odd_entries(draw: st.DrawFn, number: int) -> DocumentEntry:
    times = strategies.times().filter(lambda moment: moment >= "0001")
    drawn = draw(
        st.fixed_dictionaries(
            free_parts()
            | {
                "extra_identifiers": strategies.extra_identifiers(),
                "authors": authors,
                "class_code": codes,
                "type_code": codes,
                "format_code": codes,
                "healthcare_facility_type_code": codes,
                "practice_setting_code": codes,
                "confidentiality_codes": st.lists(codes, min_size=1, max_size=2).map(tuple),
                "event_codes": strategies.tuples(codes),
                "creation_time": times,
                "language_code": st.sampled_from(["en-CA", "fr-CA", "en-us"]),
                "legal_authenticator": strategies.optional(strategies.texts()),
                "uri": strategies.optional(strategies.texts()),
                "mime_type": st.sampled_from(["text/xml", "application/pdf", "text/plain; charset=utf-8"]),
                "home_community_id": st.sampled_from([None, "urn:oid:2.999.40.1"]),
                "source_patient_info": strategies.tuples(strategies.texts().map("PID-5|{}".format)),
                "reference_ids": strategies.tuples(
                    strategies.texts().map(
                        lambda text: f"R{text.replace('^', '')}^^^^urn:ihe:iti:xds:2013:order"
                    )
                ),
            }
        )
    )
    return builders.document_entry(number, unique_id=fresh_oid(), **drawn)


@st.composite
def odd_submissions(draw: st.DrawFn) -> Submission:
    """Two entries, a Folder that holds the first, and a SubmissionSet; ids are symbolic or UUIDs."""
    name: Callable[[str], str] = draw(st.sampled_from([str, lambda _: new_uuid_urn()]))
    documents = [
        replace(draw(odd_entries(number)), entry_uuid=name(f"Document0{number}")) for number in (1, 2)
    ]
    patient = fresh_patient()
    with_namespace = draw(st.sampled_from([patient, patient.replace("^^^&", "^^^HOSP&")]))
    submission_set = builders.submission_set(
        entry_uuid=name("SubmissionSet01"),
        unique_id=fresh_oid(),
        patient_id=patient,
        **draw(
            st.fixed_dictionaries(
                free_parts()
                | {
                    "extra_identifiers": strategies.extra_identifiers(),
                    "authors": authors,
                    "content_type_code": codes,
                    "intended_recipients": strategies.tuples(strategies.texts().map("Lakeview{}".format)),
                }
            )
        ),
    )
    folder = builders.folder(
        entry_uuid=name("Folder01"),
        unique_id=fresh_oid(),
        patient_id=with_namespace,
        **draw(
            st.fixed_dictionaries(
                free_parts()
                | {
                    "title": strategies.names().filter(
                        lambda texts: any(text.value.strip() for text in texts)
                    ),
                    "extra_identifiers": strategies.extra_identifiers(),
                    "codes": st.lists(codes, min_size=1, max_size=2).map(tuple),
                }
            )
        ),
    )
    links = [builders.original(item.entry_uuid, submission_set.entry_uuid) for item in documents]
    member = builders.has_member(folder.entry_uuid, documents[0].entry_uuid, entry_uuid=name("member"))
    links += [
        member,
        builders.has_member(submission_set.entry_uuid, folder.entry_uuid),
        builders.has_member(submission_set.entry_uuid, member.entry_uuid),
    ]
    associations = []
    for number, link in enumerate(links):
        parts = draw(st.fixed_dictionaries(free_parts()))
        own_id = link.entry_uuid if link is member else name(f"link{number}")
        marked = (*parts.pop("extra_slots"), Slot(name=MARK, values=(str(number),)))
        associations.append(replace(link, entry_uuid=own_id, extra_slots=marked, **parts))
    return Submission(
        submission_sets=(submission_set,),
        document_entries=tuple(replace(item, patient_id=with_namespace) for item in documents),
        folders=(folder,),
        associations=tuple(associations),
    )


def mark(association: Association) -> str:
    (value,) = [slot.values[0] for slot in association.extra_slots if slot.name == MARK]
    return value


def by_mark(associations: tuple[Association, ...]) -> list[Association]:
    return sorted(associations, key=mark)


def as_registered(sent: Submission, got: Submission) -> Submission:
    """What was sent, with the values that the registry gives: ids, lid, version, status, lastUpdateTime."""
    ids = {
        ours.entry_uuid: theirs.entry_uuid
        for mine, other in (
            (sent.submission_sets, got.submission_sets),
            (sorted(sent.document_entries, key=unique_id), sorted(got.document_entries, key=unique_id)),
            (sent.folders, got.folders),
            (by_mark(sent.associations), by_mark(got.associations)),
        )
        for ours, theirs in zip(mine, other, strict=True)
    }
    patient = sent.submission_set.patient_id

    def entry(item: DocumentEntry) -> DocumentEntry:
        own = ids[item.entry_uuid]
        return replace(item, entry_uuid=own, logical_id=own, version=1, patient_id=patient)

    def folder(item: Folder) -> Folder:
        own, updated = ids[item.entry_uuid], got.folders[0].last_update_time
        own_patient = {"patient_id": patient, "last_update_time": updated}
        return replace(item, entry_uuid=own, logical_id=own, version=1, **own_patient)

    return Submission(
        submission_sets=tuple(replace(i, entry_uuid=ids[i.entry_uuid]) for i in sent.submission_sets),
        document_entries=tuple(entry(item) for item in sent.document_entries),
        folders=tuple(folder(item) for item in sent.folders),
        associations=tuple(
            replace(i, entry_uuid=ids[i.entry_uuid], source=ids[i.source], target=ids[i.target])
            for i in sent.associations
        ),
    )


def unique_id(item: DocumentEntry | SubmissionSet | Folder) -> str:
    return item.unique_id or ""


def in_order(objects: Submission) -> Submission:
    """Answers have an order of their own."""
    return replace(
        objects,
        document_entries=tuple(sorted(objects.document_entries, key=unique_id)),
        associations=tuple(by_mark(objects.associations)),
    )


@PROPERTY
@given(sent=odd_submissions())
def test_everything_comes_back(registry: Registry, sent: Submission) -> None:
    """An entry registered and queried again has every slot, classification, name and identifier of its message."""
    registry.accept(sent)
    asked = builders.slot("$XDSSubmissionSetUniqueId", unique_id(sent.submission_set))
    got = registry.ask(StoredQuery.GET_SUBMISSION_SET_AND_CONTENTS, asked)
    assert in_order(got) == in_order(as_registered(sent, got))
    assert re.fullmatch(r"\d{14}", got.folders[0].last_update_time or "")
    ids = [item.entry_uuid for item in (*got.submission_sets, *got.document_entries, *got.associations)]
    assert all(re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", item) for item in ids)
    kept = [item for item in sent.document_entries if item.entry_uuid.startswith("urn:uuid:")]
    assert {item.entry_uuid for item in kept} <= set(ids)
    wanted = [unique_id(item) for item in sent.document_entries]
    again = registry.ask(
        StoredQuery.GET_DOCUMENTS, builders.slot("$XDSDocumentEntryUniqueId", *wanted, is_list=True)
    )
    assert in_order(again).document_entries == in_order(got).document_entries
