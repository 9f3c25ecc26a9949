"""Mutated messages: no crash, no hang, no fault of ours (security digest 11.6, row "parsers").

`make test` sends 120 of each kind, `make soak` 12,000 together. Messages that once found
something, and one good one of each kind, are kept in `corpus/`, by their kind's ending. Hypothesis draws the changes,
so that what fails is shrunk to the least change that fails.
"""

import http.client
import os
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from lxml import etree

from tests.attacks.open_target import OpenTarget, attacked
from tests.fuzz.mutations import corpus, mutated
from tests.own_time import stopwatch
from tests.saml.identities import Verifying, assertion
from tests.saml.identities import envelope as carrying
from tests.transactions import samples
from tests.transactions.wire import PATH, SOAP, Answer, envelope, parse_answer
from tests.wss.messages import NOW, TrustsAll, identity_of, signed
from tests.wss.messages import envelope as signable
from xds.feeds import EVENTS, PatientIdentityFeed, Receiver
from xds.hl7v2 import Domain
from xds.saml import find_assertion
from xds.soap import SoapFault, read_envelope
from xds.store import PatientStore, open_pool
from xds.wss import Refused
from xds.wss import verify as verify_message
from xds.wss.digest import canonical
from xds.xml import MalformedXml, parse

SOAK = bool(os.environ.get("XDS_SOAK"))
MANY = 2_000 if SOAK else 120  # of each of six kinds: 12,000
XOP = 'multipart/related; type="application/xop+xml"; boundary="=_part"'
FUZZ = settings(
    max_examples=MANY,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
)


@pytest.fixture(scope="module")
def target(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenTarget]:
    with attacked(new_database(), tmp_path_factory.mktemp("fuzzed")) as started:
        workers = started.service.workers()
        yield started
        assert started.service.workers() == workers, "a worker died"
        assert started.trap.callers == []
        log = started.service.log.read_text("utf-8")
        assert '"event":"failed"' not in log.replace(" ", ""), "a fault of ours was logged"


def answered(target: OpenTarget, path: str, content_type: str, octets: bytes) -> Answer:
    """An answer within five seconds that is no fault of ours."""
    taken = stopwatch(target.service.workers())
    connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=30)
    try:
        connection.request("POST", path, octets, {"Content-Type": content_type})
        answer = parse_answer(connection.getresponse())
    finally:
        connection.close()
    assert taken() < 5
    assert answer.status in (200, 400, 413, 415) or answer.fault in ("MustUnderstand", "VersionMismatch"), (
        answer.body
    )
    assert answer.fault != "Receiver" or answer.fault_id != "internal", answer.body
    return answer


@FUZZ
@given(octets=mutated(*corpus("mime")))
def test_mime(target: OpenTarget, octets: bytes) -> None:
    answered(target, PATH["ITI-41"], XOP, octets)


@FUZZ
@given(octets=mutated(*corpus("xml")))
def test_envelopes(target: OpenTarget, octets: bytes) -> None:
    answered(target, PATH["ITI-18"], SOAP, octets)


_PARAMETERS = st.sampled_from(
    [
        "$XDSDocumentEntryPatientId",
        "$XDSDocumentEntryStatus",
        "$XDSDocumentEntryClassCode",
        "$XDSDocumentEntryCreationTimeFrom",
        "$XDSDocumentEntryAuthorPerson",
        "$XDSDocumentEntryEventCodeList",
        "$XDSDocumentEntryType",
        "$MetadataLevel",
        "$Unknown",
        "",
    ]
)
_VALUES = st.one_of(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=60),
    st.from_regex(r"\A\(*('[^']{0,9}'?,?){0,4}\)*\Z").filter(str.isprintable),
    st.sampled_from(["", "()", "('')", "'", "('a'", "%" * 20, "9" * 400, "2024", "urn:oid:", "a^^b", "^^"]),
)


@FUZZ
@given(slots=st.lists(st.tuples(_PARAMETERS, st.lists(_VALUES, max_size=3), st.booleans()), max_size=5))
def test_stored_query_values(target: OpenTarget, slots: list[tuple[str, list[str], bool]]) -> None:
    more = [samples.slot(name, *values, unquoted=unquoted) for name, values, unquoted in slots]
    octets = envelope("ITI-18", samples.find_body("F1^^^&2.999.1.1&ISO", *more))
    answer = answered(target, PATH["ITI-18"], SOAP, octets)
    assert answer.status == 200 and answer.result in ("Success", "Failure", "PartialSuccess")


@pytest.fixture(scope="module")
def receiver(new_database: Callable[[], str]) -> Iterator[Receiver]:
    pool = open_pool(new_database(), size=2, statement_timeout=10, idle_in_transaction_timeout=10)
    with closing(pool):
        pool.wait(30)
        feed = PatientIdentityFeed(PatientStore(pool), Domain(authority="2.999.1.1"), is_strict=False)
        yield Receiver(dict.fromkeys(EVENTS, ("ITI-8", feed)))


@FUZZ
@given(octets=mutated(*corpus("hl7")))
def test_hl7v2(receiver: Receiver, octets: bytes) -> None:
    taken = stopwatch(())
    answer = receiver.answer(octets, "fuzz")
    assert taken() < 5
    assert b"MSA|A" in answer and b"|207" not in answer, answer  # 207: a fault of ours


ASSERTION = etree.tostring(carrying(assertion().decode()))
SIGNED = signed(signable(headers=b""), identity_of(starts=NOW - timedelta(days=1)), now=NOW)


@FUZZ
@given(octets=mutated(ASSERTION))
def test_saml(octets: bytes) -> None:
    """Whatever was changed: refused, or it says what was signed."""
    original = Verifying().message(parse(ASSERTION))
    taken = stopwatch(())
    with suppress(Refused, MalformedXml, SoapFault):
        root = parse(octets)
        read = read_envelope(root)
        if find_assertion(read.header, read.body) is not None:
            assert Verifying().message(root) == original
    assert taken() < 5


@FUZZ
@given(octets=mutated(SIGNED))
def test_signatures(octets: bytes) -> None:
    """Whatever was changed: refused, or each part that is acted on is as it was signed."""
    taken = stopwatch(())
    with suppress(Refused, MalformedXml):
        verified = verify_message(parse(octets), trust=TrustsAll(), now=NOW)
        original = verify_message(parse(SIGNED), trust=TrustsAll(), now=NOW)
        assert (verified.to, verified.action, verified.message_id) == (
            original.to,
            original.action,
            original.message_id,
        )
        assert canonical(verified.body) == canonical(original.body)
    assert taken() < 5
