"""Rows D1 to D5 of the attack list: documents that are not what they say, and ids that want to be paths."""

import io
import re
import threading
import uuid
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.attacks.open_target import OpenTarget, attacked
from tests.transactions import samples
from tests.transactions.wire import Answer, send, send_mtom
from xds.model import DocumentEntry

Made = tuple[DocumentEntry, bytes]


@pytest.fixture(scope="module")
def target(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenTarget]:
    with attacked(new_database(), tmp_path_factory.mktemp("attacked")) as started:
        yield started


def publish(target: OpenTarget, content: bytes, *, keeps: bool = False, **changes: Any) -> tuple[Answer, str]:
    """An ITI-41 of one document; with `keeps`, hash, size and repositoryUniqueId go as they are given."""
    entry = samples.entry(samples.fresh_patient(), **changes)
    made = samples.submission(entry)
    if not keeps:
        made = samples.provided(made)
    body, parts = samples.provide_body(made, {entry.entry_uuid: content})
    return send_mtom(target.port, "ITI-41", body, *parts), entry.unique_id or ""


def retrieve(target: OpenTarget, unique_id: str) -> Answer:
    return send_mtom(target.port, "ITI-43", samples.retrieve_body(unique_id))


# -- D1 --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said", [{"hash": "0" * 40, "size": "6"}, {"hash": samples.sha1(b"octets"), "size": "7"}]
)
def test_d1_a_hash_or_size_that_is_false(target: OpenTarget, said: dict[str, str]) -> None:
    with target.unharmed():
        answer, _ = publish(target, b"octets", keeps=True, repository_unique_id=None, **said)
        assert set(answer.codes) == {"XDSRepositoryMetadataError"}, answer.body


def test_d1_a_document_too_few_or_too_many(target: OpenTarget) -> None:
    first, second = (samples.entry(samples.fresh_patient()) for _ in range(2))
    second = replace(second, patient_id=first.patient_id)
    both = samples.provided(samples.submission(first, second))
    one = samples.provided(samples.submission(first))
    with target.unharmed():
        body, parts = samples.provide_body(both, {first.entry_uuid: b"octets"})
        assert send_mtom(target.port, "ITI-41", body, *parts).codes == ["XDSMissingDocument"]
        body, parts = samples.provide_body(one, {first.entry_uuid: b"octets", second.entry_uuid: b"more"})
        assert send_mtom(target.port, "ITI-41", body, *parts).codes == ["XDSMissingDocumentMetadata"]


# -- D2 --------------------------------------------------------------------------------------------------------------


def test_d2_the_same_unique_id_with_other_octets(target: OpenTarget) -> None:
    _, unique_id = publish(target, b"the first")
    with target.unharmed():
        answer, _ = publish(target, b"the second", unique_id=unique_id)
        assert "XDSNonIdenticalHash" in answer.codes
        assert b"the first" in retrieve(target, unique_id).body


def test_d2_raced(target: OpenTarget) -> None:
    """Of many at once one wins; whoever it is, its octets are what is served."""
    unique_id = samples.fresh_oid()
    contents = [uuid.uuid4().bytes * 1000 for _ in range(8)]
    answers: dict[int, Answer] = {}

    def bring(number: int) -> None:
        answers[number], _ = publish(target, contents[number], unique_id=unique_id)

    with target.unharmed(stores=True, seconds=20):
        threads = [threading.Thread(target=bring, args=(number,)) for number in range(len(contents))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        winners = [number for number, answer in answers.items() if answer.result == "Success"]
        assert len(winners) == 1
        losers = {
            code for number, answer in answers.items() if number not in winners for code in answer.codes
        }
        assert losers <= {"XDSNonIdenticalHash", "XDSDuplicateUniqueIdInRegistry"}
        assert contents[winners[0]] in retrieve(target, unique_id).body


# -- D3 --------------------------------------------------------------------------------------------------------------

PATHS = {
    "parent": "../../../../etc/hostname",
    "absolute": "/etc/hostname",
    "escaped": "%2e%2e%2fetc%2fhostname",
    "backslash": "..\\..\\hostname",
    "10 kB": "2.999." + "1" * 10_000,
    "URL": "http://127.0.0.1:1/x",
    "newline": "2.999.1\n2.999.2",
    "space": "2.999. 1",
}


@pytest.mark.parametrize("value", PATHS.values(), ids=PATHS.keys())
@pytest.mark.parametrize("field", ["unique_id", "repository_unique_id", "mime_type"])
def test_d3_an_id_never_is_a_path(target: OpenTarget, field: str, value: str) -> None:
    """Any text may be a uniqueId (ITI TF-3 4.2.3.2.26) and is kept as such; octets lie where their hash says."""
    content = f"octets of {field} {value[:40]}".encode()
    with target.unharmed(stores=True):
        answer, unique_id = publish(target, content, keeps=True, hash=None, size=None, **{field: value})
        if answer.result == "Success":
            assert content in retrieve(target, unique_id).body
        else:
            assert all("MetadataError" in code for code in answer.codes), answer.body
    folder = target.service.folder / "data" / "documents"
    for path in folder.rglob("*"):
        if path.is_file() and path.parent != folder:
            assert re.fullmatch("[0-9a-f]{64}", path.name), path
    assert not (target.service.folder / "hostname").exists()


# -- D4 --------------------------------------------------------------------------------------------------------------

# The first 320 octets of the two files of "The first collision for full SHA-1" (Stevens et al., 2017).
_SAME = bytes.fromhex(
    "255044462d312e330a25e2e3cfd30a0a0a312030206f626a0a3c3c2f57696474682032203020522f4865696768742033"
    "203020522f547970652034203020522f537562747970652035203020522f46696c7465722036203020522f436f6c6f72"
    "53706163652037203020522f4c656e6774682038203020522f42697473506572436f6d706f6e656e7420383e3e0a7374"
    "7265616d0affd8fffe00245348412d3120697320646561642121212121852fec092339759c39b1a1c63c4c97e1fffe01"
)
_ONE = bytes.fromhex(
    "7f46dc93a6b67e013b029aaa1db2560b45ca67d688c7f84b8c4c791fe02b3df614f86db1690901c56b45c1530afedfb7"
    "6038e972722fe7ad728f0e4904e046c230570fe9d41398abe12ef5bc942be33542a4802d98b5d70f2a332ec37fac3514"
    "e74ddc0f2cc1a874cd0c78305a21566461309789606bd0bf3f98cda8044629a1"
)
_OTHER = bytes.fromhex(
    "7346dc9166b67e118f029ab621b2560ff9ca67cca8c7f85ba84c79030c2b3de218f86db3a90901d5df45c14f26fedfb3"
    "dc38e96ac22fe7bd728f0e45bce046d23c570feb141398bb552ef5a0a82be331fea48037b8b5d71f0e332edf93ac3500"
    "eb4ddc0decc1a864790c782c76215660dd309791d06bd0af3f98cda4bc4629b1"
)


def test_d4_two_documents_with_one_sha1(target: OpenTarget) -> None:
    """XDS's hash cannot tell them apart, nor can their size: each is kept and served as it was brought."""
    one, other = _SAME + _ONE, _SAME + _OTHER
    assert one != other and samples.sha1(one) == samples.sha1(other)
    with target.unharmed(stores=True):
        (first, first_id), (second, second_id) = publish(target, one), publish(target, other)
        assert (first.result, second.result) == ("Success", "Success")
        assert one in retrieve(target, first_id).body and other in retrieve(target, second_id).body


def test_d4_the_other_of_the_two_under_the_id_of_the_first(target: OpenTarget) -> None:
    one, other = _SAME + _ONE + b"tail", _SAME + _OTHER + b"tail"
    assert samples.sha1(one) == samples.sha1(other)
    _, unique_id = publish(target, one)
    with target.unharmed():
        answer, _ = publish(target, other, unique_id=unique_id)
        assert answer.codes == ["XDSNonIdenticalHash"]
        assert one in retrieve(target, unique_id).body


# -- D5 --------------------------------------------------------------------------------------------------------------


def zip_bomb() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", b"\0" * 50_000_000)
    return packed.getvalue()


def dicom(*elements: bytes, syntax: bytes = b"1.2.840.10008.1.2.1\0") -> bytes:
    meta = b"\x02\x00\x10\x00UI" + len(syntax).to_bytes(2, "little") + syntax
    group = b"\x02\x00\x00\x00UL\x04\x00" + len(meta).to_bytes(4, "little")
    return b"\0" * 128 + b"DICM" + group + meta + b"".join(elements)


_ENDLESS = b"\x40\x00\x75\xa3SQ\0\0\xff\xff\xff\xff"
_LAUGHS = b"<!DOCTYPE x [<!ENTITY a 'ha'><!ENTITY b '%s'><!ENTITY c '%s'>]>" % (b"&a;" * 1000, b"&b;" * 1000)
DOCUMENTS = {
    "XML bomb": ("text/xml", _LAUGHS + b"<ClinicalDocument xmlns='urn:hl7-org:v3'>&c;</ClinicalDocument>"),
    "XML of 100,000 levels": ("text/xml", b"<a>" * 100_000),
    "zip bomb": ("application/zip", zip_bomb()),
    "PDF with script": (
        "application/pdf",
        b"%PDF-1.7\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj",
    ),
    "HTML named text/xml": ("text/xml", b"<html><script>fetch('http://127.0.0.1:1')</script></html>"),
    "DICOM length of 4 GiB": ("application/dicom", dicom(b"\xe0\x7f\x10\x00OB\0\0\xfe\xff\xff\xff")),
    "DICOM of 10,000 sequences": (
        "application/dicom",
        dicom(*[_ENDLESS + b"\xfe\xff\x00\xe0\xff\xff\xff\xff"] * 10_000),
    ),
    "DICOM deflated bomb": (
        "application/dicom",
        dicom(zlib.compress(b"\0" * 50_000_000)[2:-4], syntax=b"1.2.840.10008.1.2.1.99"),
    ),
    "nothing": ("text/plain", b""),
}


@pytest.mark.parametrize(("mime_type", "content"), DOCUMENTS.values(), ids=DOCUMENTS.keys())
def test_d5_documents_are_opaque(target: OpenTarget, mime_type: str, content: bytes) -> None:
    """What is in a document is nothing to the repository: the octets are kept, served, and never opened."""
    inflated = 32 * 1024 * 1024  # of a DICOM dataset, which is read for a manifest
    with target.unharmed(stores=True, size=len(content) + inflated):
        answer, unique_id = publish(target, content, mime_type=mime_type)
        assert answer.result == "Success", answer.body
        assert content in retrieve(target, unique_id).body
        assert publish(target, b"of others")[0].result == "Success"


def test_d5_metadata_says_nothing_about_octets_of_others(target: OpenTarget) -> None:
    with target.unharmed():
        body = samples.register_body(samples.submission(samples.entry(samples.fresh_patient(), size="-1")))
        assert send(target.port, "ITI-42", body).codes == ["XDSRegistryMetadataError"]
