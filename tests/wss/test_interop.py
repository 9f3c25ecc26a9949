"""Both ways with xmlsec1: what we sign it verifies, and what it signs we verify."""

import base64
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from lxml import etree

from xds.wss import Refused, SigningIdentity, sign, verify
from xds.xml import parse
from xds.xml.namespaces import WSA, XOP

from . import xmlsec
from .messages import NOW, TrustsAll, envelope, identity_of, signed

pytestmark = pytest.mark.skipif(shutil.which("xmlsec1") is None, reason="NOT RUN: xmlsec1 is missing")

EARLIER = NOW - timedelta(days=1)
IDENTITIES = {
    "RSA": identity_of(starts=EARLIER),
    "P-256": identity_of(key=ec.generate_private_key(ec.SECP256R1()), starts=EARLIER),
}
SAMPLE = (Path(__file__).parents[1] / "samples" / "messages" / "iti42-report.xml").read_bytes()
DOCUMENT = bytes(range(256)) * 300
TIMES = {"created": "2026-11-24T12:00:00Z", "expires": "2026-11-24T12:05:00Z"}


def registration() -> bytes:
    """The body of a real ITI-42."""
    return etree.tostring(next(etree.fromstring(SAMPLE).iter("{*}SubmitObjectsRequest")))


def reply_to() -> bytes:
    return f"<wsa:ReplyTo><wsa:Address>{WSA}/anonymous</wsa:Address></wsa:ReplyTo>".encode()


@pytest.fixture(params=IDENTITIES)
def identity(request: pytest.FixtureRequest) -> SigningIdentity:
    return IDENTITIES[request.param]


def test_xmlsec_verifies_what_we_sign(identity: SigningIdentity, tmp_path: Path) -> None:
    octets = signed(envelope(registration(), headers=reply_to()), identity, now=NOW)
    assert xmlsec.verifies(octets, identity, tmp_path)
    assert not xmlsec.verifies(octets.replace(b"urn:uuid:", b"urn:UUID:", 1), identity, tmp_path)


def test_xmlsec_verifies_attachments_when_they_are_inlined(identity: SigningIdentity, tmp_path: Path) -> None:
    """The signature is over the infoset: who puts the base64 in its place has the message that was signed."""
    include = f'<x:Include xmlns:x="{XOP}" href="cid:a"/>'
    root = parse(
        envelope(f'<d:Document xmlns:d="urn:ihe:iti:xds-b:2007" id="d1">{include}</d:Document>'.encode())
    )
    sign(root, identity, now=NOW, attachments={"cid:a": lambda: (DOCUMENT[:1000], DOCUMENT[1000:])})
    document = next(root.iter("{urn:ihe:iti:xds-b:2007}Document"))
    document.remove(document[0])
    document.text = base64.b64encode(DOCUMENT).decode()
    assert xmlsec.verifies(etree.tostring(root), identity, tmp_path)


def test_we_verify_what_xmlsec_signs(identity: SigningIdentity, tmp_path: Path) -> None:
    octets = xmlsec.signs(envelope(registration(), headers=reply_to()), identity, tmp_path, **TIMES)
    verified = verify(parse(octets), trust=TrustsAll(), now=NOW)
    assert verified.certificate == identity.certificate
    assert len(verified.signed) == 5
    with pytest.raises(Refused):
        verify(parse(octets.replace(b"2.999", b"2.998")), trust=TrustsAll(), now=NOW)


def test_we_verify_attachments_that_xmlsec_signed_inline(identity: SigningIdentity, tmp_path: Path) -> None:
    inline = base64.b64encode(DOCUMENT).decode()
    body = f'<d:Document xmlns:d="urn:ihe:iti:xds-b:2007" id="d1">{inline}</d:Document>'
    octets = xmlsec.signs(envelope(body.encode()), identity, tmp_path, **TIMES)
    include = f'<x:Include xmlns:x="{XOP}" href="cid:a"/>'.encode()
    root = parse(octets.replace(inline.encode(), include))
    verify(root, trust=TrustsAll(), now=NOW, attachments={"cid:a": lambda: (DOCUMENT,)})
    with pytest.raises(Refused) as refused:
        verify(root, trust=TrustsAll(), now=NOW, attachments={"cid:a": lambda: (DOCUMENT[:-1], b"!")})
    assert refused.value.refusal.id == "signature-digest"
