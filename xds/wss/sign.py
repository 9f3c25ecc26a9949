"""Sign a message: Timestamp, token and detached signature in a wsse:Security header (security 2)."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from xds.wss import names
from xds.wss.algorithms import SHA256, SigningKey, algorithm_for, signature_of
from xds.wss.digest import Attachments, canonical, digest_of
from xds.wss.timestamp import instant_text
from xds.xml.namespaces import DSIG, EXC_C14N, WSSE, WSU

_LIFE: Final = timedelta(minutes=5)
_SIGNED: Final = (
    names.TO,
    names.ACTION,
    names.MESSAGE_ID,
    names.REPLY_TO,
    names.FAULT_TO,
    names.RELATES_TO,
)
_NAMESPACES: Final = {"wsse": WSSE, "wsu": WSU, "ds": DSIG}


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningIdentity:
    """A key and the certificate that goes with it."""

    key: SigningKey
    certificate: x509.Certificate

    def __repr__(self) -> str:
        return "SigningIdentity(…)"  # a key is never shown


def sign(
    root: etree._Element,
    identity: SigningIdentity,
    *,
    attachments: Attachments | None = None,
    now: datetime | None = None,
) -> None:
    """Sign an envelope in place: Body, Timestamp, token, every addressing header, and a user's assertion.

    Parameters
    ----------
    root
        An envelope with Header and Body and the headers To, Action and MessageID; a wsse:Security header that it has
        already may hold an assertion. What is changed in it afterwards is found out by the receiver.
    attachments
        What the xop:Include elements of the Body stand for; each is read once.
    now
        wsu:Created; by default the present instant.

    Raises
    ------
    ValueError
        A part that has to be signed is missing.
    """
    header, body = root.find(names.HEADER), root.find(names.BODY)
    if header is None or body is None:
        raise ValueError("an envelope needs Header and Body to be signed")
    blocks = [block for tag in _SIGNED for block in header.iterchildren(tag)]
    if not {names.TO, names.ACTION, names.MESSAGE_ID} <= {str(block.tag) for block in blocks}:
        raise ValueError("wsa:To, wsa:Action and wsa:MessageID are needed in a signed message")
    security = header.find(names.SECURITY)
    if security is None:
        security = etree.Element(names.SECURITY, nsmap=_NAMESPACES)
        security.set(names.MUST_UNDERSTAND, "1")
        header.insert(0, security)
    assertions = list(security.iterchildren(names.ASSERTION))
    timestamp = _timestamp(security, now or datetime.now(UTC))
    token = _token(security, identity.certificate)
    nodes = [body, timestamp, token, *blocks, *assertions]
    for number, node in enumerate(nodes):
        if _identity_of(node) is None:
            _name(node, f"signed-{number}")
    _signature(security, nodes, token, identity, attachments or {})


def _name(node: etree._Element, identity: str) -> None:
    """Give a node a wsu:Id; lxml finds the prefix among those of the node and of what is above."""
    node.set(names.WSU_ID, identity)


def _identity_of(node: etree._Element) -> str | None:
    """What a reference names a node by; an assertion's own ID, for its provider signed it as it is."""
    return node.get("ID") if node.tag == names.ASSERTION else node.get(names.WSU_ID)


def _timestamp(security: etree._Element, now: datetime) -> etree._Element:
    timestamp = etree.SubElement(security, names.TIMESTAMP)
    etree.SubElement(timestamp, names.CREATED).text = instant_text(now)
    etree.SubElement(timestamp, names.EXPIRES).text = instant_text(now + _LIFE)
    return timestamp


def _token(security: etree._Element, certificate: x509.Certificate) -> etree._Element:
    token = etree.SubElement(security, names.TOKEN)
    token.set("ValueType", names.X509V3)
    token.set("EncodingType", names.BASE64_BINARY)
    token.text = base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()
    return token


def _signature(
    security: etree._Element,
    nodes: list[etree._Element],
    token: etree._Element,
    identity: SigningIdentity,
    attachments: Attachments,
) -> None:
    algorithm = algorithm_for(identity.key)
    signature = etree.SubElement(security, names.SIGNATURE)
    signed_info = etree.SubElement(signature, names.SIGNED_INFO)
    etree.SubElement(signed_info, names.CANONICALIZATION_METHOD).set("Algorithm", EXC_C14N)
    etree.SubElement(signed_info, names.SIGNATURE_METHOD).set("Algorithm", algorithm.uri)
    for reference, node in zip(_references(signed_info, nodes), nodes, strict=True):
        value = digest_of(node, (), hashes.SHA256, attachments)
        etree.SubElement(reference, names.DIGEST_VALUE).text = base64.b64encode(value).decode()
    value = signature_of(canonical(signed_info), identity.key, algorithm)
    etree.SubElement(signature, names.SIGNATURE_VALUE).text = base64.b64encode(value).decode()
    key_info = etree.SubElement(signature, names.KEY_INFO)
    reference = etree.SubElement(etree.SubElement(key_info, names.TOKEN_REFERENCE), names.TOKEN_REFERENCE_URI)
    reference.set("URI", f"#{token.get(names.WSU_ID)}")
    reference.set("ValueType", names.X509V3)


def _references(signed_info: etree._Element, nodes: list[etree._Element]) -> Iterator[etree._Element]:
    for node in nodes:
        reference = etree.SubElement(signed_info, names.REFERENCE)
        reference.set("URI", f"#{_identity_of(node)}")
        transforms = etree.SubElement(reference, names.TRANSFORMS)
        etree.SubElement(transforms, names.TRANSFORM).set("Algorithm", EXC_C14N)
        etree.SubElement(reference, names.DIGEST_METHOD).set("Algorithm", SHA256)
        yield reference
