"""Random updates on the real store: whatever is sent is answered, and what is registered stays in order."""

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import psycopg
import pytest

from tests.samples import builders, updates
from tests.store.registries import House, entry, fresh_oid, fresh_patient, submission
from xds.ebxml import decode_registry_response, encode_submission
from xds.model import (
    Association,
    AssociationType,
    AvailabilityStatus,
    RegistryResponse,
    Submission,
    new_uuid_urn,
)
from xds.registry import RestrictedUpdateDocumentSet, UpdateDocumentSet
from xds.rules import Policies, RulePolicy
from xds.soap import Envelope, Request
from xds.store import Pool, UpdateStore
from xds.xml import parse

STATUSES = [item.value for item in AvailabilityStatus]
OBJECTS = """
SELECT 'urn:uuid:' || entry_uuid, 'urn:uuid:' || logical_id, version, status::text FROM document_entry
UNION ALL
SELECT 'urn:uuid:' || entry_uuid, 'urn:uuid:' || logical_id, version, status::text FROM folder
ORDER BY 1
"""
LINKS = "SELECT 'urn:uuid:' || entry_uuid, 'urn:uuid:' || source, 'urn:uuid:' || target FROM association"
TRIGGERS = (
    "SELECT count(*) FROM association WHERE type LIKE '%UpdateAvailability%' OR type LIKE '%SubmitAssoc%'"
)


class Chart:
    """Objects of one patient that random updates are about."""

    def __init__(self, house: House, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311  # examples
        self.patient = fresh_patient()
        self.documents = [entry(self.patient) for _ in range(3)]
        self.folder = builders.folder(
            entry_uuid=new_uuid_urn(), unique_id=fresh_oid(), patient_id=self.patient
        )
        made = submission(*self.documents)
        of_set = builders.has_member(
            made.submission_set.entry_uuid, self.folder.entry_uuid, entry_uuid=new_uuid_urn()
        )
        made = replace(made, folders=(self.folder,), associations=(*made.associations, of_set))
        assert house.register(made).findings == ()

    def update(self, objects: list[tuple[str, str, int, str]], links: list[str]) -> Submission:
        """One or two operations on what there is, good ones and bad ones."""
        latest = {lid: (uuid, status) for uuid, lid, version, status in sorted(objects, key=lambda o: o[2])}
        counts = Counter(lid for _, lid, _, _ in objects)
        chosen = self.random.sample([*self.documents, self.folder], k=self.random.choice([0, 1, 1, 1, 2]))
        items = [
            replace(of, entry_uuid=f"New{number}", logical_id=of.entry_uuid)
            for number, of in enumerate(chosen)
        ]
        members = [
            updates.version_member(
                item.entry_uuid,
                previous=str(counts[item.logical_id or ""] if self.random.random() < 0.9 else 1),
                propagation=self.random.choice([None, "yes", "no"]),
            )
            for item in items
        ]
        made = updates.updating(*items, more=self._orders(latest, links), patient_id=self.patient)
        kept = [item for item in made.associations if item.entry_uuid not in {m.entry_uuid for m in members}]
        fresh = replace(made.submission_set, unique_id=fresh_oid())
        return replace(made, submission_sets=(fresh,), associations=(*members, *kept))

    def _orders(self, latest: Mapping[str, tuple[str, str]], links: list[str]) -> list[Association]:
        more: list[Association] = []
        if self.random.random() < 0.4:
            uuid, status = self.random.choice(list(latest.values()))
            now = STATUSES[0 if status == "A" else 1]
            target = self.random.choice([uuid, uuid, uuid, *links[:1], "New0"])
            order = updates.status_order(target, now, self.random.choice(STATUSES))
            more.append(replace(order, entry_uuid="order"))
        if self.random.random() < 0.4:
            kind = self.random.choice([AssociationType.APND, AssociationType.HAS_MEMBER])
            ends = self.random.sample([uuid for uuid, _ in latest.values()], k=2)
            link = builders.association(kind, *ends, entry_uuid="link")
            more += updates.submitting(link, entry_uuid="submit")
        return more


def answer(handler: UpdateDocumentSet | RestrictedUpdateDocumentSet, made: Submission) -> RegistryResponse:
    body = parse(encode_submission(made))
    envelope = Envelope(action=None, message_id=None, to=None, header=None, body=body)
    reply = handler(body, Request(envelope=envelope, root_digest=b"", parts={}, mtom=False))
    return decode_registry_response(parse(b"".join(reply.body)))


def in_order(database: str) -> list[tuple[str, str, int, str]]:
    """What must hold after every update; returns the objects."""
    with psycopg.connect(database) as connection:
        objects = [(str(a), str(b), int(c), str(d)) for a, b, c, d in connection.execute(OBJECTS)]
        links = connection.execute(LINKS).fetchall()
        sets = {row[0] for row in connection.execute("SELECT 'urn:uuid:' || entry_uuid FROM submission_set")}
        assert connection.execute(TRIGGERS).fetchone() == (0,)
    counts = Counter(logical_id for _, logical_id, _, _ in objects)
    for logical_id, count in counts.items():
        mine = sorted((version, status) for _, lid, version, status in objects if lid == logical_id)
        assert [version for version, _ in mine] == list(range(1, count + 1))
        assert {status for _, status in mine[:-1]} <= {"D"}  # an Approved version is the latest
    known = {item[0] for item in objects} | {row[0] for row in links} | sets
    assert {end for _, *ends in links for end in ends} <= known
    return objects


@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_sent_is_answered_and_leaves_order(pool: Pool, database: str, seed: int) -> None:
    house = House.on(pool, unknown_patients="accept")
    chart = Chart(house, seed)
    policies = Policies(RulePolicy(unknown_patients="accept"))
    handlers = [
        UpdateDocumentSet(UpdateStore(pool), policies),
        RestrictedUpdateDocumentSet(UpdateStore(pool), policies),
    ]
    outcomes = Counter[bool]()
    for _ in range(30):
        before = in_order(database)
        with psycopg.connect(database) as connection:
            links = [str(row[0]) for row in connection.execute(LINKS)]
        handler = handlers[1] if chart.random.random() < 0.2 else handlers[0]
        response = answer(handler, chart.update(before, links))
        outcomes[response.is_success] += 1
        if not response.is_success:
            assert response.findings
            assert in_order(database) == before
    assert min(outcomes[True], outcomes[False]) >= 3
