"""The Remove option at the repository: ITI-86 over HTTP, the files before and after, crashes, and others meanwhile."""

import hashlib
import http.client
import os
import threading
import uuid
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from tests.transactions import samples
from tests.transactions.conftest import Service
from tests.transactions.test_crash import eventually
from tests.transactions.test_iti41_iti43 import files_in
from tests.transactions.test_iti42 import found
from tests.transactions.wire import Answer, send, send_mtom
from xds.client import RepositoryClient
from xds.model import DocumentRequest


def publish(service: Service, content: bytes, *, patient: str = "", unique_id: str = "") -> str:
    """Publish a document and return its uniqueId."""
    answer, name = _publish(service, content, patient or samples.fresh_patient(), unique_id)
    assert answer.result == "Success", answer.body
    return name


def _publish(service: Service, content: bytes, patient: str, unique_id: str = "") -> tuple[Answer, str]:
    entry = samples.entry(patient, **({"unique_id": unique_id} if unique_id else {}))
    body, parts = samples.provide_body(
        samples.provided(samples.submission(entry)), {entry.entry_uuid: content}
    )
    return send_mtom(service.port, "ITI-41", body, *parts), entry.unique_id or ""


def remove(service: Service, *unique_ids: str, **options: str) -> Answer:
    return send(service.port, "ITI-86", samples.remove_documents_body(*unique_ids, **options))


def retrieve(service: Service, *unique_ids: str) -> Answer:
    return send_mtom(service.port, "ITI-43", samples.retrieve_body(*unique_ids))


def holds(service: Service, content: bytes) -> bool:
    """Whether any file of the data folder is these octets, the trash and the spool included."""
    return any(path.read_bytes() == content for path in files_in(service))


def test_a_document_is_unlinked_at_once_and_nothing_else(service: Service) -> None:
    patient, content = samples.fresh_patient(), os.urandom(5000)
    unique_id = publish(service, content, patient=patient)
    other = publish(service, os.urandom(100))
    before = files_in(service)
    (path,) = [item for item in before if item.name == hashlib.sha256(content).hexdigest()]
    answer = remove(service, unique_id)
    assert (answer.status, answer.result, answer.codes) == (200, "Success", [])
    assert answer.elements("Action")[0].text == "urn:ihe:iti:2017:RemoveDocumentsResponse"
    assert answer.headers["Content-Type"].startswith("application/soap+xml")
    assert files_in(service) == before - {path}
    gone = retrieve(service, unique_id, other)
    assert (gone.result, gone.codes) == ("PartialSuccess", ["XDSDocumentUniqueIdError"])
    assert "was removed from this repository at 2" in gone.contexts[0]
    # Metadata is the registry's: ITI-62 removes it.
    assert set(found(service, patient)) == {unique_id}


def test_shared_octets_survive_while_another_document_uses_them(service: Service) -> None:
    content = os.urandom(3000)
    first, second = publish(service, content), publish(service, content)
    before = files_in(service)
    assert remove(service, first).result == "Success"
    assert files_in(service) == before
    assert content in retrieve(service, second).body
    assert retrieve(service, first).codes == ["XDSDocumentUniqueIdError"]
    assert remove(service, second).result == "Success"
    assert not holds(service, content)


def test_one_document_registered_twice_is_removed_once(service: Service) -> None:
    content = os.urandom(300)
    unique_id = publish(service, content)
    assert publish(service, content, unique_id=unique_id) == unique_id
    assert remove(service, unique_id).result == "Success"
    assert not holds(service, content)


def test_partial_success_names_what_was_not_removed(service: Service) -> None:
    content = os.urandom(300)
    unique_id = publish(service, content)
    answer = remove(service, "2.999.404", unique_id)
    assert (answer.result, answer.codes) == ("PartialSuccess", ["XDSRemoveDocumentsError"])
    assert answer.contexts[0].startswith("2.999.404")
    assert [item.get("location") for item in answer.elements("RegistryError")] == ["2.999.404"]
    assert not holds(service, content)
    assert remove(service, "2.999.404").result == "Failure"


def test_of_another_repository_or_community(start: Callable[..., Service]) -> None:
    service = start(registry={"home_community_id": "urn:oid:2.999.40.1"})
    content = os.urandom(300)
    unique_id = publish(service, content)
    answer = remove(service, unique_id, repository="2.999.2.77")
    assert (answer.result, answer.codes) == ("Failure", ["XDSUnknownRepositoryId"])
    answer = remove(service, unique_id, home="urn:oid:2.999.40.2")
    assert (answer.result, answer.codes) == ("Failure", ["XDSUnknownCommunity"])
    assert holds(service, content)
    assert remove(service, unique_id, home="urn:oid:2.999.40.1").result == "Success"


def test_incomplete_and_empty_requests_remove_nothing(service: Service) -> None:
    content = os.urandom(300)
    unique_id = publish(service, content)
    body = samples.remove_documents_body(unique_id)
    empty = body.replace(body[body.index(b"<xds:DocumentRequest>") : body.rindex(b"</rmd")], b"")
    for sent in (body.replace(unique_id.encode(), b""), empty):
        answer = send(service.port, "ITI-86", sent)
        assert (answer.result, answer.codes) == ("Failure", ["XDSRepositoryError"])
    assert content in retrieve(service, unique_id).body


def test_a_repeat_is_answered_as_the_first(service: Service) -> None:
    unique_id = publish(service, os.urandom(300))
    assert [remove(service, unique_id).result for _ in range(2)] == ["Success", "Success"]


def test_a_removed_uniqueid_never_names_other_octets(service: Service) -> None:
    """The same document may come again; another one needs a uniqueId of its own (ITI TF-3 4.2.3.2.26)."""
    patient, content = samples.fresh_patient(), os.urandom(300)
    unique_id = publish(service, content, patient=patient)
    assert remove(service, unique_id).result == "Success"
    other, _ = _publish(service, os.urandom(300), patient, unique_id)
    assert other.codes == ["XDSNonIdenticalHash"]
    publish(service, content, patient=patient, unique_id=unique_id)
    assert content in retrieve(service, unique_id).body
    assert remove(service, unique_id).result == "Success"
    assert not holds(service, content)


def test_what_the_disk_does_not_let_go_is_told_and_done_later(
    start: Callable[..., Service], database: str
) -> None:
    """A folder in the place of the file: unlinking fails whoever we are. It is mended, and the repeat succeeds."""
    service = start(dsn=database)
    content = os.urandom(300)
    unique_id, other = publish(service, content), publish(service, os.urandom(300))
    (path,) = [item for item in files_in(service) if item.name == hashlib.sha256(content).hexdigest()]
    path.unlink()
    path.mkdir()
    answer = remove(service, unique_id, other)
    assert (answer.result, answer.codes) == ("PartialSuccess", ["XDSRemoveDocumentsError"])
    assert answer.contexts[0].startswith(unique_id)
    assert retrieve(service, unique_id).codes == ["XDSDocumentUniqueIdError"]
    path.rmdir()
    path.write_bytes(content)
    assert remove(service, unique_id).result == "Success"
    assert not holds(service, content)


def test_the_client_removes(service: Service) -> None:
    content = os.urandom(300)
    unique_id = publish(service, content)
    asked = [DocumentRequest(repository_unique_id=samples.REPOSITORY, document_unique_id=unique_id)]
    with RepositoryClient(f"{service.url}/dics/repository") as client:
        assert client.remove(asked).is_success
        assert client.retrieve_bytes(asked).response.findings[0].code == "XDSDocumentUniqueIdError"
    assert not holds(service, content)


# -- a process that dies -------------------------------------------------------------------------------------------

ARROWS = [
    "before:remove",
    "after:remove",
    "before:vault.remove",
    "after:vault.remove",
    "before:set_erased",
    "after:set_erased",
]


def to_erase(dsn: str) -> int:
    with psycopg.connect(dsn) as connection:
        (count,) = connection.execute(
            "SELECT count(*) FROM repository_document WHERE removed_at IS NOT NULL AND erased_at IS NULL"
        ).fetchone() or (0,)
        return int(count)


@pytest.mark.parametrize("arrow", ARROWS)
def test_iti86_dies_at_every_arrow(
    arrow: str, start: Callable[..., Service], database: str, tmp_path: Path
) -> None:
    """Before the commit the document is as it was; after it, the next start erases what is left."""
    service = start(dsn=database, crash_at=arrow, environment={"XDS_CRASH_MARK": str(tmp_path / "died")})
    content, shared = os.urandom(3000), os.urandom(2000)
    unique_id, first, second = publish(service, content), publish(service, shared), publish(service, shared)
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        remove(service, unique_id, first)
    assert (tmp_path / "died").exists()
    eventually(lambda: to_erase(database) == 0)
    if arrow == "before:remove":
        assert content in retrieve(service, unique_id).body
    else:
        assert retrieve(service, unique_id, first).codes == ["XDSDocumentUniqueIdError"] * 2
        assert not holds(service, content)
    assert shared in retrieve(service, second).body
    assert remove(service, unique_id, first).result == "Success"
    assert not holds(service, content)
    assert shared in retrieve(service, second).body


# -- at the same time ----------------------------------------------------------------------------------------------


def test_remove_publish_and_retrieve_the_same_octets_at_once(service: Service) -> None:
    """What was acknowledged and not removed is there, whole; a retrieve gives all of it, or says that it is gone."""
    content = os.urandom(200_000)
    published: list[str] = [publish(service, content)]
    removed: set[str] = set()
    wrong: list[object] = []
    lock, stop = threading.Lock(), threading.Event()

    def publisher() -> None:
        for _ in range(25):
            name = publish(service, content)
            with lock:
                published.append(name)

    def remover() -> None:
        while not stop.is_set():
            with lock:
                left = [name for name in published if name not in removed]
                removed.update(left)
            if left and (answer := remove(service, *left)).result != "Success":
                wrong.append(answer.body)

    def reader() -> None:
        while not stop.is_set():
            with lock:
                name = published[-1]
            try:
                answer = retrieve(service, name)
            except http.client.HTTPException:
                continue  # removed while it was being sent: the connection broke, nothing ended cleanly
            if answer.status == 500:
                continue  # removed after it was opened, before its first octet
            if (content in answer.body) == (answer.codes == ["XDSDocumentUniqueIdError"]):
                wrong.append(answer.body[:2000])

    writers = [threading.Thread(target=publisher) for _ in range(3)]
    others = [threading.Thread(target=run) for run in (remover, remover, reader, reader)]
    for thread in (*writers, *others):
        thread.start()
    for thread in writers:
        thread.join()
    stop.set()
    for thread in others:
        thread.join()
    assert wrong == []
    left = [name for name in published if name not in removed]
    left.append(publish(service, content))
    for name in left:
        assert content in retrieve(service, name).body
    for name in removed:
        assert retrieve(service, name).codes == ["XDSDocumentUniqueIdError"]
    assert remove(service, *left).result == "Success"
    assert not holds(service, content)


def test_the_message_id_of_a_removed_document_repeats_its_answer_only(service: Service) -> None:
    """A repeat of the ITI-41 that published it is acknowledged as before and brings nothing back."""
    patient, content = samples.fresh_patient(), os.urandom(300)
    entry = samples.entry(patient)
    body, parts = samples.provide_body(
        samples.provided(samples.submission(entry)), {entry.entry_uuid: content}
    )
    message_id = f"urn:uuid:{uuid.uuid4()}"
    for _ in range(2):
        answer = send_mtom(service.port, "ITI-41", body, *parts, message_id=message_id)
        assert answer.result == "Success"
        assert remove(service, entry.unique_id or "").result == "Success"
        assert not holds(service, content)
