"""ITI-44 over real HTTP: who is known after a feed, what a merge does to queries and submissions, every refusal."""

import itertools
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from lxml import etree

from tests.log.phi import assert_no_phi
from tests.samples.feeds import AUTHORITY, HOSPITAL, REGISTRY, SOURCE, feed, patient_id
from tests.transactions import samples
from tests.transactions.conftest import Service, base_settings, running
from tests.transactions.wire import ACTION, PATH, Answer, envelope, post, send
from xds.client import RegistryClient, ServiceUnavailable
from xds.hl7v3 import Acknowledgement, decode_acknowledgement, encode_patient_feed
from xds.model import (
    InstanceIdentifier,
    Interaction,
    PatientFeed,
    PatientName,
    PatientRecord,
)
from xds.store import PatientStore, open_pool
from xds.xml.namespaces import HL7

ADDED, REVISED, MERGE = Interaction
KEYS = {ADDED: "ITI-44", REVISED: "ITI-44 revised", MERGE: "ITI-44 duplicates resolved"}
ACKNOWLEDGEMENT = f"{{{HL7}}}MCCI_IN000002UV01"
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Domain:
    """A service that knows only who was fed to it, and its patients."""

    service: Service
    patients: PatientStore

    def post(self, item: PatientFeed, **options: Any) -> Answer:
        return send(self.service.port, KEYS[item.interaction], encode_patient_feed(item), **options)

    def tell(self, item: PatientFeed) -> Acknowledgement:
        return acknowledgement(self.post(item))

    def register(self, patient: str) -> tuple[list[str], str]:
        """Error codes, and the uniqueId of the document."""
        entry = samples.entry(patient)
        answer = send(self.service.port, "ITI-42", samples.register_body(samples.submission(entry)))
        return answer.codes, entry.unique_id or ""

    def found(self, patient: str) -> set[str]:
        """The uniqueIds of a patient's documents; the patientId of each is the one that was asked for."""
        answer = send(self.service.port, "ITI-18", samples.find_body(patient))
        assert answer.result == "Success"
        identifiers = [
            (item.get("value"), item.get("identificationScheme"))
            for item in answer.elements("ExternalIdentifier")
        ]
        for value, scheme in identifiers:
            assert scheme != "urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427" or value == patient
        return {
            str(value)
            for value, scheme in identifiers
            if scheme == "urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab"
        }


@pytest.fixture(scope="module")
def domain(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Domain]:
    folder = tmp_path_factory.mktemp("feeds")
    dsn = new_database()
    settings = base_settings(dsn, folder)
    settings["registry"] = {"patient_authority": AUTHORITY, "device_id": REGISTRY}
    settings["rules"] = {"strictness": "strict"}
    with (
        running(folder, settings) as started,
        closing(open_pool(dsn, size=2, statement_timeout=10, idle_in_transaction_timeout=15)) as pool,
    ):
        yield Domain(started, PatientStore(pool))


def fresh() -> str:
    """The extension of an id that nobody else's test uses."""
    return f"Patient{next(_numbers):06}"


def cx(extension: str) -> str:
    return f"{extension}^^^&{AUTHORITY}&ISO"


def added(extension: str, **changes: Any) -> PatientFeed:
    return feed(ADDED, patient_ids=(patient_id(extension),), **changes)


def merged(subsumed: str, survivor: str, **changes: Any) -> PatientFeed:
    return feed(MERGE, patient_ids=(patient_id(survivor),), prior_ids=(patient_id(subsumed),), **changes)


def acknowledgement(answer: Answer) -> Acknowledgement:
    assert answer.status == 200, answer.body
    assert answer.root is not None
    (body,) = answer.root.iter(ACKNOWLEDGEMENT)
    return decode_acknowledgement(body)


def codes(found: Acknowledgement) -> list[str]:
    return [item.code for item in found.findings]


def test_who_was_added_is_known(domain: Domain) -> None:
    extension = fresh()
    assert domain.register(cx(extension))[0] == ["XDSUnknownPatientId"]
    assert domain.tell(added(extension)).code == "CA"
    assert domain.register(cx(extension))[0] == []
    view = domain.patients.show(cx(extension))
    assert view.from_feed
    assert view.record == PatientRecord(
        identifiers=(cx(extension), f"MRN-4471^^^&{HOSPITAL}&ISO"),
        name=PatientName(family="Roy", given=("Ève", "Anne"), prefix="Dr", suffix="Jr"),
        birth_date="19800229",
        sex="F",
    )


def test_the_envelope_of_the_answer(domain: Domain) -> None:
    item = added(fresh())
    answer = domain.post(item, message_id="urn:uuid:0f8e1c7e-7b6b-4f0f-9a63-1c5d6f3c4e01")
    assert answer.relates_to == "urn:uuid:0f8e1c7e-7b6b-4f0f-9a63-1c5d6f3c4e01"
    (action,) = answer.elements("Action")
    assert action.text == "urn:hl7-org:v3:MCCI_IN000002UV01"
    assert answer.headers["Content-Type"].startswith("application/soap+xml")
    assert acknowledgement(answer) == Acknowledgement.of(item, ())
    devices = [
        (item.getparent().tag.rpartition("}")[2], item[0].get("root")) for item in answer.elements("device")
    ]  # type: ignore[union-attr]
    assert devices == [("receiver", SOURCE), ("sender", REGISTRY)]


def test_a_revision_tells_more(domain: Domain) -> None:
    extension = fresh()
    assert domain.tell(added(extension, names=(PatientName(family="Roy"),))).is_accepted
    item = feed(
        REVISED, patient_ids=(patient_id(extension),), names=(PatientName(family="Côté"),), gender="UN"
    )
    assert domain.tell(item).is_accepted
    record = domain.patients.show(cx(extension)).record
    assert record is not None
    assert (record.name.family, record.sex, record.birth_date) == ("Côté", "O", "19800229")


def test_a_revision_of_somebody_unknown_is_passed_over_and_says_so(domain: Domain) -> None:
    """As A08 in ITI-8; when the patient is known, the same message does its work."""
    extension = fresh()
    item = feed(REVISED, patient_ids=(patient_id(extension),), gender="M")
    found = domain.tell(item)
    assert (found.code, codes(found)) == ("CA", ["KEY204"])
    assert not found.findings[0].is_error
    assert "PRPA_IN201301UV02" in found.findings[0].context
    assert domain.register(cx(extension))[0] == ["XDSUnknownPatientId"]
    assert domain.tell(added(extension)).is_accepted
    assert domain.tell(item).findings == ()
    record = domain.patients.show(cx(extension)).record
    assert record is not None
    assert record.sex == "M"


def test_a_merge(domain: Domain) -> None:
    """ITI TF-2 3.44.4.2.4: the surviving id answers for both, the subsumed one is gone; chains and repeats hold."""
    first, second, third = fresh(), fresh(), fresh()
    for extension in (first, second, third):
        assert domain.tell(added(extension)).is_accepted
    documents = {extension: domain.register(cx(extension))[1] for extension in (first, second, third)}
    assert domain.tell(merged(first, second)).is_accepted
    assert domain.found(cx(second)) == {documents[first], documents[second]}
    assert domain.found(cx(first)) == set()
    assert domain.register(cx(first))[0] == ["XDSUnknownPatientId"]
    assert domain.tell(merged(second, third)).is_accepted
    assert domain.found(cx(third)) == set(documents.values())
    assert domain.found(cx(second)) == set()
    # The same merge in a message of its own: it was done, and nothing changes.
    assert domain.tell(merged(first, second)).is_accepted
    assert domain.found(cx(third)) == set(documents.values())
    (event,) = [item for item in domain.patients.show(cx(first)).history if item.subsumed == cx(first)]
    assert event.source.startswith(f"ITI-44 from {SOURCE}, message ")


def test_merges_that_must_not_change_anything(domain: Domain) -> None:
    """The conditions of ITI TF-2 3.44.4.2.4."""
    one, two, gone, unknown = fresh(), fresh(), fresh(), fresh()
    for extension in (one, two, gone):
        assert domain.tell(added(extension)).is_accepted
    assert domain.tell(merged(gone, two)).is_accepted
    before = [domain.patients.show(cx(item)) for item in (one, two, gone)]
    refused = {
        "the subsumed id is of another authority": (
            feed(MERGE, patient_ids=(patient_id(one),), prior_ids=(patient_id(two, HOSPITAL),)),
            "KEY204",
        ),
        "the surviving id is of another authority": (
            feed(MERGE, patient_ids=(patient_id(one, HOSPITAL),), prior_ids=(patient_id(two),), provider=()),
            "KEY204",
        ),
        "both are the same": (merged(one, one), "BUS"),
        "the subsumed id was subsumed already": (merged(gone, one), "KEY204"),
        "the surviving id was subsumed already": (merged(one, gone), "KEY204"),
        "the subsumed id is not known": (merged(unknown, one), "KEY204"),
        "the surviving id is not known": (merged(one, unknown), "KEY204"),
    }
    for why, (item, code) in refused.items():
        found = domain.tell(item)
        assert (found.code, codes(found)) == ("CE", [code]), why
        assert found.findings[0].location.startswith(f"/{MERGE}/"), why
        assert [domain.patients.show(cx(item)) for item in (one, two, gone)] == before, why
    assert domain.register(cx(unknown))[0] == ["XDSUnknownPatientId"]


def test_of_a_subsumed_patient_nothing_is_told(domain: Domain) -> None:
    gone, stays = fresh(), fresh()
    for item in (added(gone), added(stays), merged(gone, stays)):
        assert domain.tell(item).is_accepted
    for again, code in ((added(gone), "CE"), (feed(REVISED, patient_ids=(patient_id(gone),)), "CA")):
        found = domain.tell(again)
        assert (found.code, codes(found)) == (code, ["KEY204"])
        assert "merged" in found.findings[0].context
    assert domain.patients.show(cx(gone)).merged_into == cx(stays)


REFUSALS: list[tuple[dict[str, Any], str, list[str]]] = [
    ({"interaction_id": InstanceIdentifier("2.16.840.1.113883.1.6", MERGE)}, "CR", ["NS200"]),
    ({"receivers": ((InstanceIdentifier("2.999.99"),),)}, "CR", ["RTUDEST"]),
    ({"patient_ids": (patient_id("P1", HOSPITAL),)}, "CE", ["KEY204"]),
    ({"patient_ids": ()}, "CE", ["KEY204"]),
    ({"patient_ids": (patient_id("A~B"),)}, "CE", ["SYN102"]),
    ({"message_id": None}, "CE", ["SYN101"]),
    ({"processing_mode_code": "A", "names": ()}, "CE", ["NS250", "SYN101"]),
]


@pytest.mark.parametrize(("changes", "code", "details"), REFUSALS)
def test_a_refusal_says_what_where_and_how_to_mend_it(
    changes: dict[str, Any], code: str, details: list[str], domain: Domain
) -> None:
    extension = fresh()
    item = feed(ADDED, **{"patient_ids": (patient_id(extension),), **changes})
    found = domain.tell(item)
    assert (found.code, codes(found)) == (code, details)
    assert found.target == item.message_id
    for finding in found.findings:
        assert finding.location.startswith(f"/{ADDED}/")
        assert ". Send " in finding.context or ". Leave" in finding.context
    assert domain.register(cx(extension))[0] == ["XDSUnknownPatientId"], "nothing was stored"


def test_action_and_body_must_belong_together(domain: Domain) -> None:
    """Before HL7's own interactionId comes the envelope's: what cannot be dispatched is a fault."""
    octets = envelope("ITI-44", encode_patient_feed(merged(fresh(), fresh())))
    answer = post(domain.service.port, PATH["ITI-44"], octets)
    assert (answer.status, answer.fault, answer.fault_id) == (400, "Sender", "action-body-mismatch")
    other = envelope("ITI-44", b"<QUPC_IN043100UV01 xmlns='urn:hl7-org:v3'/>").replace(
        ACTION["ITI-44"].encode(), b"urn:hl7-org:v3:QUPC_IN043100UV01"
    )
    answer = post(domain.service.port, PATH["ITI-44"], other)
    assert (answer.status, answer.fault_id) == (400, "action-unknown")


def test_an_empty_message_is_told_all_that_it_lacks(domain: Domain) -> None:
    body = f'<{ADDED} xmlns="{HL7}"/>'.encode()
    found = acknowledgement(send(domain.service.port, "ITI-44", body))
    assert found.code == "CR"
    assert {"NS200", "SYN101", "SYN110", "KEY204"} <= set(codes(found))
    assert found.target is None


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda text: b"<!DOCTYPE a [<!ENTITY e 'x'>]>" + text, "malformed-xml"),
        (
            lambda text: text.replace(b"<family>", b"<family>" + b"<x>" * 80, 1).replace(
                b"</family>", b"</x>" * 80 + b"</family>", 1
            ),
            "malformed-xml",
        ),
        (lambda text: text.replace(b"<family>", b"<family>&e;", 1), "malformed-xml"),
    ],
)
def test_the_parser_is_the_hardened_one(change: Callable[[bytes], bytes], fault: str, domain: Domain) -> None:
    octets = change(envelope("ITI-44", encode_patient_feed(added(fresh()))))
    answer = post(domain.service.port, PATH["ITI-44"], octets)
    assert (answer.status, answer.fault_id) == (400, fault)


def body_of(answer: Answer) -> bytes:
    assert answer.root is not None
    (body,) = answer.root.iter(ACKNOWLEDGEMENT)
    return etree.tostring(body, method="c14n")


def test_a_repeat_gets_the_same_acknowledgement(domain: Domain) -> None:
    """By the message's own id, whatever envelope it comes in, and whatever has become of the patient since."""
    extension, stays = fresh(), fresh()
    item = added(extension)
    answer = domain.post(item)
    assert acknowledgement(answer).is_accepted
    assert body_of(domain.post(item)) == body_of(answer)
    for other in (added(stays), merged(extension, stays)):
        assert domain.tell(other).is_accepted
    assert body_of(domain.post(item)) == body_of(answer)
    assert domain.patients.show(cx(extension)).merged_into == cx(stays), "the repeat did nothing"


def test_another_message_with_the_same_id_is_none(domain: Domain) -> None:
    one, other = fresh(), fresh()
    item = added(one)
    assert domain.tell(item).is_accepted
    assert domain.tell(added(other, message_id=item.message_id)).is_accepted
    assert domain.register(cx(other))[0] == []


def test_a_refused_message_is_judged_anew(domain: Domain) -> None:
    gone, stays = fresh(), fresh()
    item = merged(gone, stays)
    assert domain.tell(added(stays)).is_accepted
    assert codes(domain.tell(item)) == ["KEY204"]
    assert domain.tell(added(gone)).is_accepted
    assert domain.tell(item).is_accepted


def test_one_message_at_many_doors_at_once(domain: Domain) -> None:
    gone, stays = fresh(), fresh()
    for item in (added(gone), added(stays)):
        assert domain.tell(item).is_accepted
    item = merged(gone, stays)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: domain.post(item), range(8)))
    assert len({body_of(answer) for answer in answers}) == 1
    assert acknowledgement(answers[0]).is_accepted
    assert len([e for e in domain.patients.show(cx(gone)).history if e.subsumed == cx(gone)]) == 1


def test_the_client(domain: Domain) -> None:
    gone, stays = fresh(), fresh()
    with RegistryClient(f"{domain.service.url}/dics/registry") as client:
        for extension in (gone, stays):
            told = client.feed(added(extension, message_id=None, creation_time=""))
            assert told.is_accepted
            assert told.target is not None
        assert client.feed(merged(gone, stays)).is_accepted
        assert codes(client.feed(merged(gone, fresh()))) == ["KEY204"]
    with (
        RegistryClient("http://127.0.0.1:9/dics/registry", timeout=2) as client,
        pytest.raises(ServiceUnavailable),
    ):
        client.feed(added(gone))


def test_the_log_has_facts_and_no_patient(domain: Domain) -> None:
    extension = fresh()
    domain.tell(added(extension, names=(PatientName(family="Quelqu'un", given=("Ziggy",)),)))
    domain.tell(feed(ADDED, patient_ids=(patient_id(extension, HOSPITAL),)))
    text = domain.service.log.read_text("utf-8")
    assert_no_phi(text, [extension, "Quelqu'un", "Ziggy", "19800229"])
    outcomes = {
        record.get("outcome")
        for record in (json.loads(line) for line in text.splitlines() if line.startswith("{"))
        if record.get("transaction") == "ITI-44"
    }
    assert {"CA", "CE KEY204"} <= outcomes


def test_without_a_database_the_feed_is_told_to_come_again(
    start: Callable[..., Service], database: str
) -> None:
    service = start(dsn=database, limits={"query_seconds": 1})
    item = added(fresh())
    assert acknowledgement(send(service.port, "ITI-44", encode_patient_feed(item))).is_accepted
    with psycopg.connect(database) as blocking:
        blocking.execute("LOCK TABLE patient")
        other = added(fresh())
        found = acknowledgement(send(service.port, "ITI-44", encode_patient_feed(other)))
        assert (found.code, codes(found), found.target) == ("CE", ["INTERR"], other.message_id)
        assert "repeat" in found.findings[0].context
    assert acknowledgement(send(service.port, "ITI-44", encode_patient_feed(other))).is_accepted


def test_in_the_field_wrappers_are_not_held_to_the_letter(service: Service) -> None:
    """Any authority, any receiver, no names, no trigger: the id is enough."""
    item = feed(
        ADDED,
        patient_ids=(patient_id(fresh(), HOSPITAL),),
        provider=(),
        trigger="PRPA_TE000000",
        accept_ack_code="NE",
        processing_mode_code="I",
        names=(),
        receivers=((InstanceIdentifier("2.999.98"),), (InstanceIdentifier("2.999.99"),)),
        sender=(),
    )
    found = acknowledgement(send(service.port, "ITI-44", encode_patient_feed(item)))
    assert (found.code, found.findings) == ("CA", ())


def test_a_domain_without_an_authority_learns_one_id_of_each(start: Callable[..., Service]) -> None:
    service = start(registry={"unknown_patients": "refuse"})
    item = feed(ADDED, patient_ids=(patient_id("H1", HOSPITAL), patient_id("P1")))
    assert acknowledgement(send(service.port, "ITI-44", encode_patient_feed(item))).is_accepted
    for patient in (f"H1^^^&{HOSPITAL}&ISO", cx("P1")):
        entry = samples.entry(patient)
        answer = send(service.port, "ITI-42", samples.register_body(samples.submission(entry)))
        assert answer.result == "Success"
