"""Rows P, M and D where the message is signed: what stands beside the signature does not get in."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from tests.attacks.conftest import enrol
from tests.attacks.target import SOURCES, Target, pieces_of, provision
from tests.transactions import samples
from tests.transactions.conftest import base_settings, running
from tests.transactions.wire import PATH, Answer, post, related
from tests.wss.messages import find, signed, spoiled
from xds.client import RepositoryClient
from xds.wss import names, read_identity
from xds.xml.namespaces import XOP

CHECK, INVALID = "wsse:FailedCheck", "wsse:InvalidSecurity"


def submission(**changes: Any) -> samples.Submission:
    made = samples.submission(samples.entry(samples.fresh_patient(), **changes))
    (submission_set,) = made.submission_sets
    own = samples.replace(submission_set, source_id=SOURCES["partner-a"])
    return samples.replace(made, submission_sets=(own,))


def message(target: Target, *contents: bytes) -> tuple[bytes, list[tuple[str, bytes]]]:
    """A signed ITI-41 and its parts, not joined yet."""
    body, parts = provision("partner-a", *contents)
    octets = target.unsigned("ITI-41", body)
    return signed(octets, target.identities["partner-a"], attachments=pieces_of(parts)), parts


def refuses(target: Target, root: bytes, parts: list[tuple[str, bytes]], *codes: str) -> Answer:
    content_type, octets = related(root, *parts)
    return target.refuses(octets, *codes, transaction="ITI-41", content_type=content_type)


def test_m3_a_part_beside_the_signed_ones(target: Target) -> None:
    octets, parts = message(target, b"document")
    assert refuses(target, octets, [*parts, ("more@test", b"unsigned")], "").fault_id == "part-unused"


def test_m2_the_same_part_for_two_documents(target: Target) -> None:
    octets, parts = message(target, b"one", b"two")
    (first, _), (second, _) = parts
    twice = octets.replace(f"cid:{second}".encode(), f"cid:{first}".encode())
    assert refuses(target, twice, parts[:1], "").fault_id == "part-twice"


def test_m2_includes_that_changed_places(target: Target) -> None:
    octets, parts = message(target, b"one", b"two")
    (first, _), (second, _) = parts
    crossed = octets.replace(f"cid:{second}".encode(), b"cid:\0").replace(
        f"cid:{first}".encode(), f"cid:{second}".encode()
    )
    refuses(target, crossed.replace(b"cid:\0", f"cid:{first}".encode()), parts, CHECK)


def test_m2_the_token_as_an_attachment(target: Target) -> None:
    octets, parts = message(target, b"document")

    def change(root: etree._Element) -> None:
        token = find(root, names.TOKEN)
        token.text = None
        etree.SubElement(token, f"{{{XOP}}}Include").set("href", "cid:token@test")

    der = target.identities["partner-a"].certificate.public_bytes(Encoding.DER)
    refuses(target, spoiled(octets, change), [*parts, ("token@test", der)], INVALID)


@pytest.mark.parametrize(
    "inserted", [b"<?xml-stylesheet href='x'?>", b"<!-- -->"], ids=["instruction", "comment"]
)
@pytest.mark.parametrize("place", ["before the root", "after it", "in the Body", "in the token"])
def test_p1_what_readers_skip(target: Target, inserted: bytes, place: str) -> None:
    octets = target.message()
    changed = {
        "before the root": inserted + octets,
        "after it": octets + inserted,
        "in the Body": octets.replace(b"</env:Body>", inserted + b"</env:Body>"),
        "in the token": octets.replace(
            b"</wsse:BinarySecurityToken>", inserted + b"</wsse:BinarySecurityToken>"
        ),
    }[place]
    # An instruction does not even get past the parser.
    target.refuses(changed, "" if b"<?" in inserted else INVALID)


def test_p1_a_doctype(target: Target) -> None:
    octets = b'<!DOCTYPE x [<!ENTITY e "e">]>' + target.message()
    assert target.refuses(octets, "").fault_id == "malformed-xml"


def test_m2_an_attachment_of_a_signed_header(target: Target) -> None:
    """A header may be signed; its attachments are nobody's."""
    body, parts = provision("partner-a", b"document")
    content = f'<x:Include xmlns:x="{XOP}" href="cid:h@test"/>'
    include = f'<d:Document xmlns:d="urn:ihe:iti:xds-b:2007">{content}</d:Document>'
    octets = target.unsigned("ITI-41", body)
    plain = octets.replace(
        b"</env:Header>", include.replace("<x:Include", "<x:Other").encode() + b"</env:Header>"
    )
    whole = signed(plain, target.identities["partner-a"], attachments=pieces_of(parts))

    def change(root: etree._Element) -> None:
        block = find(root, "{urn:ihe:iti:xds-b:2007}Document")
        block.set(names.WSU_ID, "block")
        find(root, names.SIGNED_INFO)[-1].set("URI", "#block")
        block[0].tag = f"{{{XOP}}}Include"

    answer = refuses(target, spoiled(whole, change), [*parts, ("h@test", b"header")], INVALID)
    assert answer.fault_id == "security-include"


def test_d1_a_hash_that_is_false_though_signed(target: Target) -> None:
    made = submission(hash="0" * 40)
    body, parts = samples.provide_body(made, {made.document_entries[0].entry_uuid: b"octets"})
    octets = signed(
        target.unsigned("ITI-41", body), target.identities["partner-a"], attachments=pieces_of(parts)
    )
    content_type, sent = related(octets, *parts)
    with target.unharmed():
        answer = post(target.port, PATH["ITI-41"], sent, content_type=content_type)
    assert (answer.result, answer.codes[0]) == ("Failure", "XDSRepositoryMetadataError")


def test_d2_the_same_unique_id_with_other_octets_though_signed(target: Target) -> None:
    unique_id = samples.fresh_oid()
    with RepositoryClient(target.to("ITI-41"), signing=target.identities["partner-a"]) as client:
        results = []
        for content in (b"first", b"other"):
            made = samples.provided(submission(unique_id=unique_id))
            results.append(client.provide(made, {made.document_entries[0].entry_uuid: content}))
    assert results[0].is_success
    assert [finding.code for finding in results[1].findings][:1] == ["XDSNonIdenticalHash"]


@pytest.fixture(scope="module")
def secured(
    postgres: str, new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[dict[str, Any], Path, str]]:
    """Settings of a service that a test may stop and start again."""
    folder = tmp_path_factory.mktemp("secured")
    dsn = new_database()
    table, _ = enrol(folder / "keys")
    security = {
        "signed": ["ITI-41", "ITI-42"],
        "certificate": str(folder / "keys" / "service.pem"),
        "key": str(folder / "keys" / "service.key"),
    }
    yield base_settings(dsn, folder) | {"partners": table, "security": security}, folder, dsn


def test_x5_a_replay_is_known_after_a_restart_and_in_every_worker(
    secured: tuple[dict[str, Any], Path, str],
) -> None:
    settings, folder, dsn = secured
    identity = read_identity(folder / "keys" / "partner-a.pem", folder / "keys" / "partner-a.key")

    def target(service: Any) -> Target:
        return Target(service=service, dsn=dsn, identities={"partner-a": identity}, keys=folder / "keys")

    with running(folder, settings) as service:
        octets = target(service).message()
        first = target(service).post("ITI-42", octets)
        assert first.result == "Success"
    with running(folder, settings) as service:
        before = target(service).state()
        for _ in range(6):
            assert target(service).post("ITI-42", octets).body == first.body
        assert target(service).state() == before


def test_a_repository_signs_what_it_registers_elsewhere(
    target: Target, new_database: Callable[[], str], tmp_path: Path
) -> None:
    """ITI-42 between two processes, at a registry that demands signatures."""
    settings = base_settings(new_database(), tmp_path)
    settings["server"]["roles"] = ["repository"]
    settings["repository"]["registry_url"] = target.to("ITI-42")
    settings["repository"]["unique_id"] = "2.999.2.8"
    made = samples.provided(submission())
    documents = {made.document_entries[0].entry_uuid: b"octets"}
    with running(tmp_path, settings) as service, RepositoryClient(f"{service.url}/dics/repository") as client:
        unsigned = client.provide(made, documents)
        assert not unsigned.is_success
    settings["security"] = {
        "certificate": str(target.keys / "partner-a.pem"),
        "key": str(target.keys / "partner-a.key"),
    }
    with running(tmp_path, settings) as service, RepositoryClient(f"{service.url}/dics/repository") as client:
        assert client.provide(made, documents).is_success
