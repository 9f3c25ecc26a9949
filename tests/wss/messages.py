"""Signed messages, whole and spoiled: the valid one with one thing changed, signed again where its signer did it."""

import base64
import copy
import hashlib
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from lxml import etree

from xds.pki import Authority
from xds.wss import Attachments, Signer, SigningIdentity, names, sign
from xds.wss.algorithms import SigningKey, algorithm_for, signature_of
from xds.wss.digest import canonical, digest_of
from xds.xml import parse
from xds.xml.namespaces import SOAP12, WSA

TO = "http://127.0.0.1:8080/dics/registry"
ACTION = "urn:ihe:iti:2007:RegisterDocumentSet-b"
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SMALL_BODY = (
    b'<r:Request xmlns:r="urn:x" r:of="1"><r:Value>signed &amp; sealed</r:Value>'
    b'<Plain xmlns="urn:y"/></r:Request>'
)


def identity_of(name: str = "partner-a", key: SigningKey | None = None, **dates: Any) -> SigningIdentity:
    """A key with a certificate of an authority of its own."""
    certificate, made = Authority.made().issue(name, key, **dates)
    return SigningIdentity(key=made, certificate=certificate)


class TrustsAll:
    """A partner table for tests of what has nothing to do with it: every certificate is partner-a's."""

    def __init__(self, **agreed: Any) -> None:
        self._agreed = agreed

    def signer(self, certificate: x509.Certificate, at: datetime) -> Signer:
        return Signer(partner="partner-a", **self._agreed)


def envelope(
    body: bytes = SMALL_BODY,
    *,
    to: str = TO,
    action: str = ACTION,
    message_id: str | None = None,
    headers: bytes = b"",
) -> bytes:
    """An envelope that can be signed."""
    identity = message_id or f"urn:uuid:{uuid.uuid4()}"
    return (
        f'<env:Envelope xmlns:env="{SOAP12}" xmlns:wsa="{WSA}"><env:Header>'
        f'<wsa:Action env:mustUnderstand="1">{action}</wsa:Action><wsa:MessageID>{identity}</wsa:MessageID>'
        f"<wsa:To>{to}</wsa:To>"
    ).encode() + b"".join((headers, b"</env:Header><env:Body>", body, b"</env:Body></env:Envelope>"))


def signed(
    octets: bytes,
    identity: SigningIdentity,
    *,
    now: datetime | None = None,
    attachments: Attachments | None = None,
) -> bytes:
    """The octets of an envelope, signed."""
    root = parse(octets)
    sign(root, identity, now=now, attachments=attachments)
    return etree.tostring(root)


def spoiled(octets: bytes, change: Callable[[etree._Element], object]) -> bytes:
    """A message changed by somebody without a key."""
    root = etree.fromstring(octets)
    change(root)
    return etree.tostring(root)


def resigned(
    octets: bytes,
    key: SigningKey,
    change: Callable[[etree._Element], object],
    *,
    digests: bool = True,
    literal: bool = False,
) -> bytes:
    """A message changed by its signer: digests of what the references still name, and the value, are made anew.

    Parameters
    ----------
    literal
        Digest an xop:Include as it stands, not what it stands for.
    """
    root = etree.fromstring(octets)
    change(root)
    (signed_info,) = root.iter(names.SIGNED_INFO)
    if digests:
        for reference in signed_info.iterchildren(names.REFERENCE):
            _digest(root, reference, literal=literal)
    algorithm = algorithm_for(key)
    value = signature_of(canonical(signed_info), key, algorithm)
    (place,) = root.iter(names.SIGNATURE_VALUE)
    place.text = base64.b64encode(value).decode()
    return etree.tostring(root)


def _digest(root: etree._Element, reference: etree._Element, *, literal: bool) -> None:
    uri = reference.get("URI", "").removeprefix("#")
    found = root.xpath("//*[@*[local-name()='Id' or local-name()='ID']=$uri]", uri=uri)
    value = reference.find(names.DIGEST_VALUE)
    if value is not None and len(found):
        digest = (
            hashlib.sha256(canonical(found[0])).digest()
            if literal
            else digest_of(found[0], (), hashes.SHA256, {})
        )
        value.text = base64.b64encode(digest).decode()


def find(root: etree._Element, tag: str) -> etree._Element:
    """The first element of a tag."""
    return next(root.iter(tag))


def reference_of(root: etree._Element, node: etree._Element) -> etree._Element:
    """The ds:Reference of a node."""
    uri = f"#{node.get(names.WSU_ID)}"
    return next(each for each in root.iter(names.REFERENCE) if each.get("URI") == uri)


def unsign(root: etree._Element, tag: str) -> None:
    """Take the reference of an element away."""
    reference = reference_of(root, find(root, tag))
    parent = reference.getparent()
    assert parent is not None
    parent.remove(reference)


def drop(element: etree._Element) -> etree._Element:
    """Take an element out of its place and return it."""
    parent = element.getparent()
    assert parent is not None
    parent.remove(element)
    return element


def twin(element: etree._Element) -> etree._Element:
    """A copy without its wsu:Id."""
    made = copy.deepcopy(element)
    made.attrib.pop(names.WSU_ID, None)
    return made
