"""The option "Submission replay": a message whose answer was lost is sent again, and nothing happens twice.

The same message is the same wsa:MessageID with the same content (architecture.md, "What an answer means"); ITI-44 goes
by the id of its own message and is tested in test_iti44.py.
"""

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import psycopg
import pytest

from tests.samples.feeds import feed, patient_id
from tests.transactions import samples
from tests.transactions.conftest import Service
from tests.transactions.wire import PATH, Answer, envelope, post, related, send, send_mtom
from xds.hl7v3 import encode_patient_feed
from xds.model import Submission

DOCUMENT = b"the octets of one report"


def fresh_id() -> str:
    return f"urn:uuid:{uuid.uuid4()}"


def submission(patient: str | None = None) -> Submission:
    return samples.submission(samples.entry(patient or samples.fresh_patient()))


def register(service: Service, made: Submission, message_id: str) -> Answer:
    return send(service.port, "ITI-42", samples.register_body(made), message_id=message_id)


def provide(service: Service, made: Submission, message_id: str) -> Answer:
    documents = {item.entry_uuid: DOCUMENT for item in made.document_entries}
    body, parts = samples.provide_body(samples.provided(made), documents)
    return send_mtom(service.port, "ITI-41", body, *parts, message_id=message_id)


def documents_of(service: Service, made: Submission) -> list[str]:
    """The uniqueIds that FindDocuments finds, one for each entry that there is."""
    patient = made.document_entries[0].patient_id or ""
    answer = send(service.port, "ITI-18", samples.find_body(patient))
    return [
        str(item.get("value"))
        for item in answer.elements("ExternalIdentifier")
        if item.get("identificationScheme") == "urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab"
    ]


BOTH = pytest.mark.parametrize("transmit", [register, provide], ids=["ITI-42", "ITI-41"])
Transmit = Callable[[Service, Submission, str], Answer]


@BOTH
def test_a_repeat_gets_the_answer_of_the_first(transmit: Transmit, service: Service) -> None:
    made, message_id = submission(), fresh_id()
    first, again = (transmit(service, made, message_id) for _ in range(2))
    assert (first.result, again.result) == ("Success", "Success")
    assert again.relates_to == message_id
    assert documents_of(service, made) == [made.document_entries[0].unique_id]


@BOTH
def test_the_same_content_in_a_new_message_is_no_repeat(transmit: Transmit, service: Service) -> None:
    made = submission()
    assert transmit(service, made, fresh_id()).result == "Success"
    again = transmit(service, made, fresh_id())
    assert again.result == "Failure"
    assert "XDSDuplicateUniqueIdInRegistry" in again.codes
    assert documents_of(service, made) == [made.document_entries[0].unique_id]


@BOTH
def test_other_content_under_the_same_message_id_is_no_repeat(transmit: Transmit, service: Service) -> None:
    """A sender that forgets to change its MessageID loses no document."""
    one, other, message_id = submission(), submission(), fresh_id()
    assert transmit(service, one, message_id).result == "Success"
    assert transmit(service, other, message_id).result == "Success"
    assert documents_of(service, other) == [other.document_entries[0].unique_id]


@BOTH
def test_a_repeat_of_a_refused_message_is_judged_anew(
    transmit: Transmit, start: Callable[..., Service]
) -> None:
    """It changed nothing; what was wrong may have been mended since: here the patient is fed meanwhile."""
    service = start(registry={"unknown_patients": "refuse"})
    made, message_id = submission(), fresh_id()
    assert transmit(service, made, message_id).codes == ["XDSUnknownPatientId"]
    extension = (made.document_entries[0].patient_id or "").partition("^")[0]
    send(service.port, "ITI-44", encode_patient_feed(feed(patient_ids=(patient_id(extension),))))
    assert transmit(service, made, message_id).result == "Success"
    assert transmit(service, made, message_id).result == "Success"
    assert len(documents_of(service, made)) == 1


@BOTH
def test_one_message_at_many_doors_at_once(transmit: Transmit, service: Service) -> None:
    made, message_id = submission(), fresh_id()
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: transmit(service, made, message_id), range(6)))
    assert {answer.result for answer in answers} == {"Success"}
    assert documents_of(service, made) == [made.document_entries[0].unique_id]


@BOTH
def test_a_repeat_after_a_restart(transmit: Transmit, start: Callable[..., Service], database: str) -> None:
    """The answer was kept with what it answers for; another process gives it."""
    made, message_id = submission(), fresh_id()
    service = start(dsn=database)
    assert transmit(service, made, message_id).result == "Success"
    service.stop()
    again = start(dsn=database, data_dir=str(service.folder / "data"))
    assert transmit(again, made, message_id).result == "Success"
    assert len(documents_of(again, made)) == 1


def test_a_removal_at_many_doors_at_once(service: Service) -> None:
    made, message_id = samples.with_uuids(submission()), fresh_id()
    assert register(service, made, fresh_id()).result == "Success"
    body = samples.remove_body(*samples.ids_of(made))
    with ThreadPoolExecutor(6) as pool:
        answers = list(
            pool.map(lambda _: send(service.port, "ITI-62", body, message_id=message_id), range(6))
        )
    assert {answer.result for answer in answers} == {"Success"}
    assert documents_of(service, made) == []


def test_a_removal_of_documents_at_many_doors_at_once(service: Service) -> None:
    made, message_id = submission(), fresh_id()
    assert provide(service, made, fresh_id()).result == "Success"
    unique_id = made.document_entries[0].unique_id or ""
    body = samples.remove_documents_body(unique_id)
    with ThreadPoolExecutor(6) as pool:
        answers = list(
            pool.map(lambda _: send(service.port, "ITI-86", body, message_id=message_id), range(6))
        )
    assert {answer.result for answer in answers} == {"Success"}
    assert send(service.port, "ITI-43", samples.retrieve_body(unique_id)).result == "Failure"


def test_an_update_at_many_doors_at_once(service: Service) -> None:
    patient = samples.fresh_patient()
    made = samples.submission(samples.entry(patient))
    assert register(service, made, fresh_id()).result == "Success"
    (entry,) = made.document_entries
    newer = replace(entry, entry_uuid="Version2", logical_id=entry.entry_uuid)
    body, message_id = samples.update_body(newer), fresh_id()
    with ThreadPoolExecutor(6) as pool:
        answers = list(
            pool.map(lambda _: send(service.port, "ITI-57", body, message_id=message_id), range(6))
        )
    assert [answer.contexts for answer in answers if answer.result != "Success"] == []
    assert documents_of(service, made) == [entry.unique_id]


def test_the_form_of_the_message_does_not_matter(service: Service) -> None:
    """ITI-41 in another MIME dress is the same message: its octets say the same."""
    made, message_id = submission(), fresh_id()
    assert provide(service, made, message_id).result == "Success"
    body, parts = samples.provide_body(
        samples.provided(made), {item.entry_uuid: DOCUMENT for item in made.document_entries}
    )
    content_type, octets = related(
        envelope("ITI-41", body, message_id=message_id), *parts, boundary="another"
    )
    again = post(service.port, PATH["ITI-41"], octets, content_type=content_type, chunked=True)
    assert again.result == "Success"
    assert len(documents_of(service, made)) == 1


def test_a_message_without_an_id_is_never_a_repeat(service: Service) -> None:
    made = submission()
    headers = (
        b'<wsa:Action env:mustUnderstand="1">urn:ihe:iti:2007:RegisterDocumentSet-b</wsa:Action>'
        b"<wsa:ReplyTo><wsa:Address>http://www.w3.org/2005/08/addressing/anonymous</wsa:Address></wsa:ReplyTo>"
    )
    octets = envelope("ITI-42", samples.register_body(made), headers=headers)
    assert post(service.port, PATH["ITI-42"], octets).result == "Success"
    assert "XDSDuplicateUniqueIdInRegistry" in post(service.port, PATH["ITI-42"], octets).codes


def test_an_answer_that_was_forgotten_is_given_anew(start: Callable[..., Service], database: str) -> None:
    """The registry promises 24 hours: without the stored answer the message is a new one and is refused."""
    service = start(dsn=database)
    made, message_id = submission(), fresh_id()
    assert register(service, made, message_id).result == "Success"
    with psycopg.connect(database) as connection:
        aged = connection.execute("UPDATE replay SET created_at = created_at - interval '25 hours'")
        assert aged.rowcount == 1
        connection.execute("DELETE FROM replay WHERE created_at < now() - interval '24 hours'")
    assert "XDSDuplicateUniqueIdInRegistry" in register(service, made, message_id).codes


def test_a_repeat_does_not_bring_back_what_was_replaced_since(service: Service) -> None:
    made, message_id = submission(), fresh_id()
    assert register(service, made, message_id).result == "Success"
    (old,) = made.document_entries
    newer = samples.entry(old.patient_id or "")
    replacing = samples.with_associations(
        samples.submission(newer),
        samples.relation(samples.AssociationType.RPLC, newer.entry_uuid, old.entry_uuid),
    )
    assert register(service, replacing, fresh_id()).result == "Success"
    assert register(service, made, message_id).result == "Success"
    assert documents_of(service, replace(made, document_entries=(newer,))) == [newer.unique_id]
