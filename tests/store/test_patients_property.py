"""After any sequence of admissions, merges, unmerges and registrations the answers are those of a naive model."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, event, given, note, settings
from hypothesis import strategies as st

from tests.samples import builders
from tests.store.registries import House, entry, fresh_patient, submission
from xds.model import AssociationType, PatientRecord, StoredQuery, new_uuid_urn
from xds.store import CUT, NotMerged, PatientError, Pool, Unassigned, open_pool

IDS = range(5)
_STEPS = st.lists(
    st.tuples(
        st.sampled_from(["register", "merge", "add to", "unmerge", "admit"]),
        st.sampled_from(IDS),
        st.sampled_from(IDS),
        st.lists(st.booleans(), min_size=1, max_size=8),
    ),
    min_size=10,
    max_size=40,
)


@pytest.fixture(scope="module")
def shared(new_database: Callable[[], str]) -> Iterator[Pool]:
    opened = open_pool(new_database(), size=4, statement_timeout=10, idle_in_transaction_timeout=10)
    with closing(opened):
        opened.wait(30)
        yield opened


@dataclass
class Document:
    unique_id: str
    entry_uuid: str
    set_uuid: str
    holder: int
    at: int


@dataclass
class Model:
    """Ids by number; a merge is a parent, as of a time."""

    known: set[int] = field(default_factory=set)
    parents: dict[int, tuple[int, int]] = field(default_factory=dict)
    documents: list[Document] = field(default_factory=list)
    links: dict[str, tuple[Document, Document]] = field(default_factory=dict)
    clock: int = 0

    def tick(self) -> int:
        self.clock += 1
        return self.clock

    def active(self, number: int) -> bool:
        return number in self.known and number not in self.parents

    def root(self, number: int) -> int:
        while number in self.parents:
            number = self.parents[number][0]
        return number

    def under(self, number: int, top: int) -> bool:
        """Whether an id was merged into another, or is it."""
        while number != top and number in self.parents:
            number = self.parents[number][0]
        return number == top

    def added(self, number: int) -> list[Document]:
        """What an unmerge has to assign."""
        found = []
        while number in self.parents:
            number, since = self.parents[number]
            found += [item for item in self.documents if item.holder == number and item.at > since]
        return found


class Run:
    """One sequence, in the model and in the registry."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.model = Model()
        self.ids = [fresh_patient() for _ in IDS]

    def sensible(self, name: str, a: int, b: int, choices: list[bool]) -> tuple[int, int]:
        """Mostly ids that make the step possible: those drawn by chance seldom are."""
        if name == "admit" or choices == [False, False]:
            return a, b
        if name == "unmerge":
            candidates = sorted(self.model.parents)
        else:
            candidates = [number for number in IDS if self.model.active(number)]
        if not candidates:
            return a, b
        one, other = candidates[a % len(candidates)], candidates[b % len(candidates)]
        return one, one if name == "add to" else other

    def admit(self, a: int, _: int, __: list[bool]) -> None:
        expected = a not in self.model.known
        try:
            assert self.house.patients.admit(PatientRecord(identifiers=(self.ids[a],))) is expected
        except PatientError:
            assert a in self.model.parents
        self.model.known.add(a)

    def merge(self, a: int, b: int, _: list[bool]) -> None:
        model = self.model
        is_possible = a != b and model.active(a) and model.active(b)
        is_repeat = a != b and a in model.parents and model.parents[a][0] == b
        try:
            changed = self.house.patients.merge(self.ids[a], self.ids[b], source="test")
        except PatientError:
            assert not is_possible
            assert not is_repeat
        else:
            assert (changed, not changed) == (is_possible, is_repeat)
            if changed:
                model.parents[a] = (b, model.tick())

    def unmerge(self, a: int, _: int, choices: list[bool]) -> None:
        model, patients = self.model, self.house.patients
        if a not in model.parents:
            with pytest.raises(PatientError) as caught:
                patients.unmerge(self.ids[a], {}, source="test")
            assert isinstance(caught.value, NotMerged) is (a in model.known)
            return
        top, added = model.root(a), model.added(a)
        event(
            f"unmerge depth {model.parents[a][0] in model.parents} added {bool(added)} {len({x.holder for x in added})}"
        )
        plan = patients.unmerge_plan(self.ids[a])
        assert {item.entry_uuid for item in plan.added} == {item.set_uuid for item in added}
        goes = {item.set_uuid: choices[place % len(choices)] for place, item in enumerate(added)}
        assignments = {item: self.ids[a if going else top] for item, going in goes.items()}
        sides = {
            item.entry_uuid: goes.get(item.set_uuid, model.under(item.holder, a)) for item in model.documents
        }
        crossing = {
            link
            for link, (one, other) in model.links.items()
            if model.root(one.holder) == top and sides[one.entry_uuid] != sides[other.entry_uuid]
        }
        plan = patients.unmerge_plan(self.ids[a], assignments)
        assert {item.entry_uuid for item in plan.joining} == crossing
        if crossing:
            with pytest.raises(Unassigned):
                patients.unmerge(self.ids[a], assignments, source="test")
        patients.unmerge(self.ids[a], assignments | dict.fromkeys(crossing, CUT), source="test")
        for item in added:
            if goes[item.set_uuid]:
                item.holder = a
        del model.parents[a]
        for link in crossing:
            del model.links[link]

    def register(self, a: int, _: int, __: list[bool]) -> None:
        self._register(a, None)

    def add_to(self, a: int, b: int, _: list[bool]) -> None:
        """An addendum to the newest document of an id's patient, if it has one, sent under another id."""
        mine = [item for item in self.model.documents if self.model.root(item.holder) == b]
        self._register(a, mine[-1] if mine else None)

    def _register(self, a: int, target: Document | None) -> None:
        model = self.model
        new = entry(self.ids[a])
        link = None
        if target is not None:
            link = builders.association(
                AssociationType.APND, new.entry_uuid, target.entry_uuid, entry_uuid=new_uuid_urn()
            )
        made = submission(new, relations=() if link is None else (link,))
        is_possible = model.active(a) and (target is None or model.root(target.holder) == a)
        assert self.house.register(made).is_success is is_possible
        if not is_possible:
            return
        document = Document(
            new.unique_id or "", new.entry_uuid, made.submission_sets[0].entry_uuid, a, model.tick()
        )
        model.documents.append(document)
        if link is not None and target is not None:
            model.links[link.entry_uuid] = (document, target)

    def compare(self) -> None:
        model = self.model
        for number, patient in enumerate(self.ids):
            expected = {
                item.unique_id: patient
                for item in model.documents
                if model.active(number) and model.root(item.holder) == number
            }
            assert self.house.documents_of(patient) == expected
        for item in model.documents:
            links = {link for link, ends in model.links.items() if item in ends}
            found = self.house.associations_of(item.entry_uuid)
            assert len(found) == len(links) + 1  # its SubmissionSet's
            assert links < found
            (answered,) = self.house.ask(
                StoredQuery.GET_DOCUMENTS,
                builders.slot("$XDSDocumentEntryUniqueId", item.unique_id, is_list=True),
            ).document_entries
            assert answered.patient_id == self.ids[model.root(item.holder)]


@settings(
    max_examples=max(40, settings.default.max_examples // 3) if settings.default else 40,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(steps=_STEPS)
def test_the_answers_are_those_of_a_naive_model(
    shared: Pool, steps: list[tuple[str, int, int, list[bool]]]
) -> None:
    run = Run(House.on(shared))
    for number in IDS[:-1]:  # the last is unknown until a step admits it
        run.admit(number, number, [])
    for name, first, second, choices in steps:
        a, b = run.sensible(name, first, second, choices)
        note(f"{name} {a} {b} {choices}")
        getattr(run, name.replace(" ", "_"))(a, b, choices)
    run.compare()
