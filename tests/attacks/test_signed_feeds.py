"""Signed feeds as they should be: by the client, by the command, with documents of any size; and one octet changed."""

import base64
import json
import random
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from tests.attacks.target import SOURCES, Target
from tests.source.oru import oru
from tests.source.settings import settings
from tests.transactions import samples
from tests.transactions.test_downloads import Growth
from tests.transactions.wire import PATH, post, related
from tests.wss.messages import TrustsAll, resigned, signed
from xds.client import RegistryClient, RepositoryClient, SoapFault
from xds.hl7v2 import Code, read
from xds.model import DocumentRequest
from xds.source import Queue, State
from xds.source.intake import Intake
from xds.source.publisher import Publisher
from xds.wss import verify
from xds.xml import parse

MIB = 1024 * 1024


def octets_of(size: int) -> bytes:
    """A document, the same each time."""
    return random.Random(size).randbytes(size)  # noqa: S311  # repeatable


def submission(target: Target, partner: str = "partner-a") -> Any:
    made = samples.submission(samples.entry(samples.fresh_patient()))
    (submission_set,) = made.submission_sets
    return samples.replace(
        made, submission_sets=(samples.replace(submission_set, source_id=SOURCES[partner]),)
    )


def test_the_client_signs(target: Target) -> None:
    made = submission(target)
    with RegistryClient(target.to("ITI-42"), signing=target.identities["partner-a"]) as client:
        assert client.register(made).is_success
    with RegistryClient(target.to("ITI-42")) as client, pytest.raises(SoapFault):
        client.register(submission(target))


@pytest.mark.parametrize("size", [0, 1, 56, 57, 58, 3 * MIB + 1])
def test_documents_are_signed_as_their_base64(target: Target, size: int) -> None:
    made = submission(target)
    content = octets_of(size)
    with RepositoryClient(target.to("ITI-41"), signing=target.identities["partner-a"]) as client:
        entry_uuid = made.document_entries[0].entry_uuid
        response = client.provide(samples.provided(made), {entry_uuid: content})
        assert response.is_success, response.findings
        unique_id = made.document_entries[0].unique_id
        request = DocumentRequest(repository_unique_id="2.999.2.1", document_unique_id=unique_id)
        assert client.retrieve_bytes([request]).documents[0].content == content


def test_one_octet_of_a_part_changed(target: Target) -> None:
    content_type, octets = target.provision("partner-a", b"first document", b"second document")
    changed = octets.replace(b"second document", b"secOnd document")
    assert changed != octets
    target.refuses(changed, "wsse:FailedCheck", transaction="ITI-41", content_type=content_type)
    assert post(target.port, PATH["ITI-41"], octets, content_type=content_type).result == "Success"


def test_two_parts_swapped(target: Target) -> None:
    content_type, octets = target.provision("partner-a", b"first document", b"other document")
    swapped = octets.replace(b"first document", b"\0").replace(b"other document", b"first document")
    swapped = swapped.replace(b"\0", b"other document")
    target.refuses(swapped, "wsse:FailedCheck", transaction="ITI-41", content_type=content_type)


def test_signed_over_the_literal_include(target: Target) -> None:
    """It would leave the documents unsigned."""
    content_type, octets = target.provision("partner-a", b"document")
    begin, end = octets.index(b"<env:Envelope"), octets.index(b"</env:Envelope>") + len(b"</env:Envelope>")
    envelope = resigned(
        octets[begin:end], target.identities["partner-a"].key, lambda root: None, literal=True
    )
    changed = octets[:begin] + envelope + octets[end:]
    target.refuses(changed, "wsse:FailedCheck", transaction="ITI-41", content_type=content_type)


def test_one_octet_anywhere_changed(target: Target) -> None:
    """Whatever octet of a signed registration is another one, nothing is registered."""
    octets, chance = target.message(), random.Random(4)  # noqa: S311  # repeatable
    for _ in range(60):
        at = chance.randrange(len(octets))
        changed = bytearray(octets)
        changed[at] ^= 1 << chance.randrange(7)
        if etree_equal(bytes(changed), octets):
            continue
        with target.unharmed():
            answer = post(target.port, PATH["ITI-42"], bytes(changed))
        assert (answer.status, answer.fault) in (
            (400, "Sender"),
            (500, "MustUnderstand"),
            (500, "VersionMismatch"),
        )
    assert post(target.port, PATH["ITI-42"], octets).result == "Success"


def etree_equal(one: bytes, other: bytes) -> bool:
    """Whether a change is none to XML: a quote for another, white space within a tag."""
    try:
        return etree.tostring(parse(one), method="c14n") == etree.tostring(parse(other), method="c14n")
    except Exception:
        return False


def test_the_answer_is_signed_when_the_partner_asks(target: Target) -> None:
    octets = target.message("partner-b")
    answer = post(target.port, PATH["ITI-42"], octets)
    assert answer.result == "Success" and answer.root is not None
    verified = verify(parse(etree.tostring(answer.root)), trust=TrustsAll(), now=datetime.now(UTC))
    assert verified.certificate == target.identities["service"].certificate
    assert verified.action.endswith("RegisterDocumentSet-bResponse")
    assert verified.covers(verified.body)
    unsigned = post(target.port, PATH["ITI-42"], target.message("partner-a"))
    assert unsigned.root is not None and not list(unsigned.root.iter("{*}Signature"))


@pytest.mark.parametrize("as_mtom", [True, False])
def test_a_signed_answer_covers_the_documents(target: Target, as_mtom: bool) -> None:
    content = octets_of(5000)
    made = submission(target, "partner-b")
    with RepositoryClient(target.to("ITI-41"), signing=target.identities["partner-b"]) as client:
        client.provide(samples.provided(made), {made.document_entries[0].entry_uuid: content})
    unique_id = made.document_entries[0].unique_id
    message = target.message("partner-b", "ITI-43", samples.retrieve_body(unique_id))
    if as_mtom:
        kind, sent = related(message)
        answer = post(target.port, PATH["ITI-43"], sent, content_type=kind)
    else:
        answer = post(target.port, PATH["ITI-43"], message)
    assert answer.result == "Success" and answer.root is not None
    root = parse(etree.tostring(answer.root))
    attachments = {include.get("href"): lambda: (content,) for include in root.iter("{*}Include")}
    assert bool(attachments) is as_mtom
    verify(root, trust=TrustsAll(), now=datetime.now(UTC), attachments=attachments)


def test_publish_signs(target: Target, tmp_path: Path) -> None:
    report = tmp_path / "report.txt"
    report.write_text("a report", "utf-8")
    command = [
        sys.executable, "-m", "xds", "publish", str(report), "--patient", samples.fresh_patient(),
        "--to", target.service.url, "--source-id", SOURCES["partner-a"], "--title", "Report", "--json",
        "--mime-type", "text/plain", "--format-code", "urn:ihe:iti:xds-sd:text:2008^^1.3.6.1.4.1.19376.1.2.3",
    ]  # fmt: skip
    unsigned = subprocess.run(command, capture_output=True, text=True, check=False)
    assert unsigned.returncode != 0 and "must be signed" in unsigned.stderr
    keys = [
        "--sign-key",
        str(target.keys / "partner-a.key"),
        "--sign-cert",
        str(target.keys / "partner-a.pem"),
    ]
    done = subprocess.run([*command, *keys], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["status"] == "SUCCESS"
    half = subprocess.run([*command, *keys[:2]], capture_output=True, text=True, check=False)
    assert half.returncode == 2 and "--sign-cert" in half.stderr


def test_a_feed_signs(target: Target, tmp_path: Path) -> None:
    """`xds feed` --sign-key: what it publishes, what it asks, what it withdraws."""
    identity = target.identities["partner-a"]
    known = settings(source_id=SOURCES["partner-a"])
    queue = Queue(tmp_path)
    intake = Intake(queue, known)
    with (
        RepositoryClient(target.to("ITI-41"), signing=identity) as repository,
        RegistryClient(target.to("ITI-42"), signing=identity) as registry,
    ):
        publisher = Publisher(queue, known, repository, registry)
        for status in "PFW":
            octets = oru(patient="SIGNED1", accession="SIGNED-1", status=status)
            assert intake.take(read(octets), octets).code is Code.ACCEPTED
        while publisher.step():
            pass
    assert queue.counts()[State.PUBLISHED] == 3, queue.letters(State.DEAD)
    queue.close()


def test_memory_stays_flat_over_a_large_document(target: Target, tmp_path: Path) -> None:
    """The document is hashed from its spool, where it was written to on its way in."""
    document = tmp_path / "large"
    with document.open("wb") as file:
        for _ in range(96):
            file.write(octets_of(MIB))
    made = submission(target)
    with RepositoryClient(target.to("ITI-41"), signing=target.identities["partner-a"]) as client:
        growth = Growth(target.service)
        response = client.provide(samples.provided(made), {made.document_entries[0].entry_uuid: document})
    assert response.is_success, response.findings
    assert growth.most() < 24 * MIB


def test_a_large_envelope_with_inline_documents(target: Target) -> None:
    """From 1 MiB on the base64 leaves the tree while it is parsed; the signature holds all the same."""
    content = octets_of(3 * MIB)
    made = submission(target)
    entry_uuid = made.document_entries[0].entry_uuid
    body = samples.inline_body(samples.provided(made), {entry_uuid: content})
    octets = signed(target.unsigned("ITI-41", body), target.identities["partner-a"])
    assert post(target.port, PATH["ITI-41"], octets).result == "Success"
    at = octets.index(base64.b64encode(content)[:60]) + 40
    changed = octets[:at] + (b"A" if octets[at : at + 1] != b"A" else b"B") + octets[at + 1 :]
    target.refuses(changed, "wsse:FailedCheck", transaction="ITI-41")
