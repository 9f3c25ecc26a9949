"""What is demanded of every message that travels in a test can fail, and does so for each kind of message."""

import pytest
from lxml import etree

from tests.samples.feeds import feed
from xds.ebxml import encode_query_response, encode_registry_response
from xds.hl7v3 import Acknowledgement, encode_acknowledgement
from xds.model import RegistryError, RegistryResponse, ResponseStatus
from xds.server.samples import samples
from xds.soap import SoapFault, encode_fault, faults
from xds.soap.reply import envelope_head
from xds.transactions import CATALOGUE, Role

from .live import assert_valid
from .validators import ENVELOPES, MESSAGES, parse

REFUSED = RegistryResponse.of([RegistryError("what was found", location="here")])
BODIES = {
    "registry response": encode_registry_response(REFUSED),
    "query response": b"".join(encode_query_response(ResponseStatus.FAILURE, REFUSED.findings, ())),
    "acknowledgement": encode_acknowledgement(Acknowledgement.of(feed(), ()), feed()),
    "retrieve response": (MESSAGES / "iti43-response.xml").read_bytes().partition(b"?>")[2],
    "provide request": (MESSAGES / "iti41-report-xop.xml").read_bytes().partition(b"?>")[2],
}
BREAKS = {
    "registry response": (b" codeContext=", b" context="),
    "query response": (b" status=", b" state="),
    "acknowledgement": (b"<acceptAckCode", b"<ackCode"),
    "retrieve response": (b"xds:mimeType>", b"xds:mimetype>"),
    "provide request": (b"href=", b"ref="),
}


def enveloped(body: bytes) -> bytes:
    """As `xds.soap.reply` sends it."""
    return envelope_head(CATALOGUE[0].response_action, "urn:uuid:1") + body + b"</env:Body></env:Envelope>"


@pytest.mark.parametrize("name", BODIES)
def test_a_valid_message_with_one_thing_changed(name: str) -> None:
    octets = enveloped(BODIES[name])
    assert_valid(etree.fromstring(octets))
    old, new = BREAKS[name]
    assert old in octets
    changed = octets.replace(old, new) if old.endswith(b">") else octets.replace(old, new, 1)
    with pytest.raises(AssertionError, match="not valid by ours"):
        assert_valid(etree.fromstring(changed))


def test_the_envelope_is_part_of_it() -> None:
    root = etree.fromstring(enveloped(BODIES["registry response"]))
    header = root[0]
    header[0].tag = header[0].tag.replace("Action", "ReplyTo")
    with pytest.raises(AssertionError, match="not valid by"):
        assert_valid(root)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_fault(language: str) -> None:
    kinds = [item for item in vars(faults).values() if isinstance(item, faults.FaultKind)]
    assert len(kinds) > 20
    values = dict.fromkeys(
        ("header", "action", "found", "detail", "expected", "hint", "known", "what", "limit"), "x"
    )
    values |= dict.fromkeys(("count", "number", "taken", "content_id", "how", "parent", "document"), "x")
    values |= dict.fromkeys(("seconds", "path", "served", "incident"), "x")
    for kind in kinds:
        octets = encode_fault(SoapFault(kind, **values), relates_to="urn:uuid:1", language=language)
        assert_valid(etree.fromstring(octets))


@pytest.mark.parametrize("role", Role)
def test_every_sample_of_the_pages(role: Role) -> None:
    made = samples(role, endpoint_url="http://localhost/dics", repository_unique_id="2.999.2.1")
    assert made
    for sample in made:
        text = sample.body
        start = text.index("<", text.find("\r\n\r\n") if sample.content_type.startswith("multipart/") else 0)
        end = text.rindex("Envelope>") + len("Envelope>")
        assert_valid(etree.fromstring(text[start:end]))


@pytest.mark.parametrize("path", sorted(ENVELOPES.glob("*.xml")), ids=lambda path: path.stem)
def test_sample_envelopes(path: object) -> None:
    assert_valid(parse(path))  # type: ignore[arg-type]


def test_what_is_no_soap_message_is_passed_over() -> None:
    assert_valid(etree.fromstring("<html/>"))
