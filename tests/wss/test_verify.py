"""A signed message is taken, and with one thing changed it is refused, by the rule that says so."""

import base64
import copy
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from lxml import etree

from xds.pki import Authority
from xds.wss import FaultCode, Refused, SigningIdentity, names, verify
from xds.wss.algorithms import algorithm_for, signature_of
from xds.wss.digest import canonical, digest_of
from xds.xml import parse
from xds.xml.namespaces import DSIG, EXC_C14N, WSU

from .messages import (
    NOW,
    TrustsAll,
    drop,
    envelope,
    find,
    identity_of,
    reference_of,
    resigned,
    signed,
    spoiled,
    twin,
    unsign,
)

Change = Callable[[etree._Element], object]
RSA = identity_of(starts=NOW - timedelta(days=1))
MESSAGE = signed(envelope(headers=b""), RSA, now=NOW)


def refusal_of(octets: bytes, now: datetime = NOW, **agreed: object) -> str:
    """The id of the rule that refuses a message."""
    with pytest.raises(Refused) as refused:
        verify(parse(octets), trust=TrustsAll(**agreed), now=now)
    return refused.value.refusal.id


def test_the_valid_message() -> None:
    root = parse(MESSAGE)
    before = etree.tostring(root)
    verified = verify(root, trust=TrustsAll(), now=NOW)
    assert verified.body is root[1]
    assert verified.covers(root[1]) and not verified.covers(root)
    assert verified.signer.partner == "partner-a"
    assert verified.certificate == RSA.certificate
    assert verified.message_id.startswith("urn:uuid:")
    assert etree.tostring(root) == before


@pytest.mark.parametrize(
    "key",
    [
        rsa.generate_private_key(65_537, 3072),
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP384R1()),
    ],
    ids=["RSA 3072", "P-256", "P-384"],
)
def test_every_kind_of_key(key: rsa.RSAPrivateKey) -> None:
    identity = identity_of(key=key, starts=NOW - timedelta(days=1))
    verify(parse(signed(envelope(), identity, now=NOW)), trust=TrustsAll(), now=NOW)


def body_moved(root: etree._Element) -> None:
    header, body = root
    wrapper = etree.SubElement(header, "{urn:x}Wrapper")
    forged = twin(body)
    forged[0].set("forged", "1")
    root.replace(body, forged)
    wrapper.append(body)


def second(tag: str, place: str) -> Change:
    def change(root: etree._Element) -> None:
        find(root, place).append(twin(find(root, tag)))

    return change


def hidden(tag: str, place: str) -> Change:
    def change(root: etree._Element) -> None:
        etree.SubElement(find(root, place), "{urn:x}Wrapper").append(drop(find(root, tag)))

    return change


def with_comment(root: etree._Element) -> None:
    value = next(root.iter("{urn:x}Value"))
    value.text = "signed &"
    comment = etree.Comment("")
    comment.tail = " sealed"
    value.append(comment)


def attribute(tag: str, name: str, value: str) -> Change:
    return lambda root: find(root, tag).set(name, value)


def text(tag: str, value: str) -> Change:
    def change(root: etree._Element) -> None:
        find(root, tag).text = value

    return change


BY_ANYBODY: dict[str, tuple[Change, str]] = {
    "body wrapped in a header": (body_moved, "signed-body-elsewhere"),
    "second Body": (lambda root: root.append(twin(root[1])), "signed-message-shape"),
    "second Security": (second(names.SECURITY, names.HEADER), "signed-part-place"),
    "second Timestamp": (second(names.TIMESTAMP, names.SECURITY), "signed-part-place"),
    "second token": (second(names.TOKEN, names.SECURITY), "signed-part-place"),
    "second To": (second(names.TO, names.HEADER), "signed-header-twice"),
    "second Action": (second(names.ACTION, names.HEADER), "signed-header-twice"),
    "hidden To": (hidden(names.TO, names.HEADER), "signed-part-place"),
    "hidden Timestamp": (hidden(names.TIMESTAMP, names.HEADER), "signed-part-place"),
    "hidden Timestamp in Security": (hidden(names.TIMESTAMP, names.SECURITY), "signed-part-place"),
    "actor": (attribute(names.SECURITY, names.ROLE, "urn:somebody"), "security-actor"),
    "unknown element in Security": (
        lambda root: etree.SubElement(find(root, names.SECURITY), "{urn:x}Other"),
        "signature-shape",
    ),
    "comment": (with_comment, "signed-message-comment"),
    "comment outside": (lambda root: root.addprevious(etree.Comment("x")), "signed-message-comment"),
    "instruction outside": (lambda root: root.addnext(etree.PI("x")), "signed-message-comment"),
    "same Id": (lambda root: root[1][0].set(names.WSU_ID, root[1].get(names.WSU_ID)), "signed-id-twice"),
    "same ID": (lambda root: root[1][0].set("ID", root[1].get(names.WSU_ID)), "signed-id-twice"),
    "same foreign Id": (
        lambda root: root[1][0].set("{urn:x}Id", root[1].get(names.WSU_ID)),
        "signed-id-twice",
    ),
    "same xml:id": (
        lambda root: root[1][0].set("{http://www.w3.org/XML/1998/namespace}id", root[1].get(names.WSU_ID)),
        "signed-id-twice",
    ),
    "same id": (lambda root: root[1][0].set("id", root[1].get(names.WSU_ID)), "signed-id-twice"),
    "body changed": (text("{urn:x}Value", "forged"), "signature-digest"),
    "Action changed": (text(names.ACTION, "urn:forged"), "signature-digest"),
    "Timestamp changed": (text(names.EXPIRES, "2026-11-24T12:05:01Z"), "signature-digest"),
    "value changed": (text(names.SIGNATURE_VALUE, "AAAA"), "signature-value"),
    "value no base64": (text(names.SIGNATURE_VALUE, "?"), "signature-value"),
    "SignedInfo changed": (
        lambda root: drop(list(root.iter(names.REFERENCE))[-1]),
        "part-not-signed",
    ),
    "Object": (
        lambda root: etree.SubElement(find(root, names.SIGNATURE), f"{{{DSIG}}}Object"),
        "signature-shape",
    ),
    "no KeyInfo": (lambda root: drop(find(root, names.KEY_INFO)), "signature-shape"),
    "KeyValue": (
        lambda root: etree.SubElement(find(root, names.KEY_INFO), f"{{{DSIG}}}KeyValue"),
        "signature-shape",
    ),
    "token of another name": (attribute(names.TOKEN_REFERENCE_URI, "URI", "#nobody"), "token-unavailable"),
    "token of another kind": (attribute(names.TOKEN, "ValueType", "urn:other"), "token-kind"),
    "token unreadable": (text(names.TOKEN, "AAAA"), "token-unreadable"),
    "token no base64": (text(names.TOKEN, "?"), "token-unreadable"),
    "Action with an element in it": (
        lambda root: etree.SubElement(find(root, names.ACTION), "{urn:x}Y"),
        "signed-action-missing",
    ),
    "relative namespace": (
        lambda root: root[1][0].append(etree.fromstring('<a xmlns="relative"/>')),
        "signature-canonical",
    ),
}


@pytest.mark.parametrize("what", BY_ANYBODY)
def test_what_somebody_without_a_key_changes(what: str) -> None:
    change, rule = BY_ANYBODY[what]
    assert refusal_of(spoiled_with_outside(MESSAGE, change)) == rule


def spoiled_with_outside(octets: bytes, change: Change) -> bytes:
    root = etree.fromstring(octets)
    change(root)
    return etree.tostring(root.getroottree())


def transform(uri: str) -> Change:
    return lambda root: next(root.iter(names.TRANSFORM)).set("Algorithm", uri)


def second_transform(root: etree._Element) -> None:
    (transforms, *_) = root.iter(names.TRANSFORMS)
    etree.SubElement(transforms, names.TRANSFORM).set("Algorithm", EXC_C14N)


def uri(value: str) -> Change:
    return lambda root: next(root.iter(names.REFERENCE)).set("URI", value)


def more_references(root: etree._Element) -> None:
    (signed_info,) = root.iter(names.SIGNED_INFO)
    for _ in range(8):
        signed_info.append(copy.deepcopy(signed_info[-1]))


def body_child_signed(root: etree._Element) -> None:
    root[1][0].set(names.WSU_ID, "child")
    (signed_info,) = root.iter(names.SIGNED_INFO)
    more = copy.deepcopy(signed_info[-1])
    more.set("URI", "#child")
    signed_info.append(more)


def truncated(root: etree._Element) -> None:
    method = find(root, names.SIGNATURE_METHOD)
    etree.SubElement(method, f"{{{DSIG}}}HMACOutputLength").text = "8"


BY_ITS_SIGNER: dict[str, tuple[Change, str]] = {
    "Body not signed": (lambda root: unsign(root, names.BODY), "part-not-signed"),
    "To not signed": (lambda root: unsign(root, names.TO), "part-not-signed"),
    "Action not signed": (lambda root: unsign(root, names.ACTION), "part-not-signed"),
    "MessageID not signed": (lambda root: unsign(root, names.MESSAGE_ID), "part-not-signed"),
    "Timestamp not signed": (lambda root: unsign(root, names.TIMESTAMP), "part-not-signed"),
    "no reference": (
        lambda root: [drop(each) for each in list(root.iter(names.REFERENCE))],
        "signature-references",
    ),
    "thirteen references": (more_references, "signature-references"),
    "a child of the Body signed too": (body_child_signed, "signed-part-elsewhere"),
    "the same element twice": (
        lambda root: reference_of(root, find(root, names.TOKEN)).set("URI", f"#{root[1].get(names.WSU_ID)}"),
        "signature-reference-uri",
    ),
    "XSLT": (transform("http://www.w3.org/TR/1999/REC-xslt-19991116"), "signature-transform"),
    "XPath": (transform("http://www.w3.org/TR/1999/REC-xpath-19991116"), "signature-transform"),
    "enveloped": (transform(f"{DSIG}enveloped-signature"), "signature-transform"),
    "C14N with comments": (transform(f"{EXC_C14N}WithComments"), "signature-transform"),
    "two transforms": (second_transform, "signature-transform"),
    "empty URI": (uri(""), "signature-reference-uri"),
    "http URI": (uri("http://127.0.0.1:1/x"), "signature-reference-uri"),
    "file URI": (uri("file:///etc/passwd"), "signature-reference-uri"),
    "xpointer": (uri("#xpointer(/)"), "signature-reference-uri"),
    "inclusive C14N of SignedInfo": (
        attribute(
            names.CANONICALIZATION_METHOD, "Algorithm", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
        ),
        "signature-algorithm",
    ),
    "SHA-1 signature": (
        attribute(names.SIGNATURE_METHOD, "Algorithm", f"{DSIG}rsa-sha1"),
        "signature-algorithm",
    ),
    "HMAC": (attribute(names.SIGNATURE_METHOD, "Algorithm", f"{DSIG}hmac-sha1"), "signature-algorithm"),
    "HMAC of SHA-256": (
        attribute(names.SIGNATURE_METHOD, "Algorithm", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"),
        "signature-algorithm",
    ),
    "truncated": (truncated, "signature-algorithm"),
    "DSA": (attribute(names.SIGNATURE_METHOD, "Algorithm", f"{DSIG}dsa-sha1"), "signature-algorithm"),
    "MD5 digest": (
        attribute(names.DIGEST_METHOD, "Algorithm", "http://www.w3.org/2001/04/xmldsig-more#md5"),
        "signature-algorithm",
    ),
    "SHA-1 digest": (attribute(names.DIGEST_METHOD, "Algorithm", f"{DSIG}sha1"), "signature-algorithm"),
    "ECDSA with an RSA key": (
        attribute(names.SIGNATURE_METHOD, "Algorithm", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"),
        "certificate-key",
    ),
    "Expires missing": (lambda root: drop(find(root, names.EXPIRES)), "timestamp-shape"),
    "Expires first": (
        lambda root: find(root, names.TIMESTAMP).insert(0, drop(find(root, names.EXPIRES))),
        "timestamp-shape",
    ),
    "leap second": (text(names.CREATED, "2026-11-24T11:59:60Z"), "timestamp-shape"),
    "no UTC": (text(names.CREATED, "2026-11-24T12:00:00+00:00"), "timestamp-shape"),
    "a year": (text(names.EXPIRES, "2027-11-24T12:00:00Z"), "timestamp-life"),
    "Expires before Created": (text(names.EXPIRES, "2026-11-24T11:59:00Z"), "timestamp-life"),
    "third element in Timestamp": (
        lambda root: etree.SubElement(find(root, names.TIMESTAMP), f"{{{WSU}}}More"),
        "timestamp-shape",
    ),
}


@pytest.mark.parametrize("what", BY_ITS_SIGNER)
def test_what_its_own_signer_may_not_do(what: str) -> None:
    change, rule = BY_ITS_SIGNER[what]
    assert refusal_of(resigned(MESSAGE, RSA.key, change)) == rule


@pytest.mark.parametrize(
    ("after", "rule"),
    [
        (timedelta(minutes=10, seconds=1), "message-expired"),
        (timedelta(minutes=-5, seconds=-1), "message-expired"),
    ],
)
def test_out_of_its_time(after: timedelta, rule: str) -> None:
    assert refusal_of(MESSAGE, NOW + after) == rule


def test_clocks_may_be_five_minutes_apart() -> None:
    for now in (NOW + timedelta(minutes=10), NOW - timedelta(minutes=5)):
        verify(parse(MESSAGE), trust=TrustsAll(), now=now)


def test_signed_by_another_key_than_the_tokens() -> None:
    other = identity_of(starts=NOW - timedelta(days=1))
    octets = resigned(MESSAGE, other.key, lambda root: None)
    assert refusal_of(octets) == "signature-value"


def test_a_weak_key() -> None:
    key = rsa.generate_private_key(65_537, 1024)  # noqa: S505  # that is the point
    certificate, _ = Authority.made().issue("weak", key, starts=NOW - timedelta(days=1))
    octets = signed(envelope(), SigningIdentity(key=key, certificate=certificate), now=NOW)
    assert refusal_of(octets) == "certificate-key"


def test_an_algorithm_that_was_not_agreed() -> None:
    assert refusal_of(MESSAGE, algorithms=frozenset({"ECDSA-SHA256"})) == "signature-algorithm"


def test_the_order_of_signed_headers_is_free() -> None:
    def reverse(root: etree._Element) -> None:
        header = root[0]
        header[:] = header[::-1]

    verify(parse(spoiled(MESSAGE, reverse)), trust=TrustsAll(), now=NOW)


def test_any_white_space_between_prefixes() -> None:
    def change(root: etree._Element) -> None:
        for method in (*root.iter(names.CANONICALIZATION_METHOD), next(root.iter(names.TRANSFORM))):
            etree.SubElement(method, names.INCLUSIVE_NAMESPACES).set("PrefixList", "env\n  wsa ")

    root = etree.fromstring(MESSAGE)
    change(root)
    octets = resigned_with_prefixes(etree.tostring(root))
    verify(parse(octets), trust=TrustsAll(), now=NOW)


def resigned_with_prefixes(octets: bytes) -> bytes:
    root = etree.fromstring(octets)
    value = digest_of(root[1], ("env", "wsa"), hashes.SHA256, {})
    find(next(root.iter(names.REFERENCE)), names.DIGEST_VALUE).text = base64.b64encode(value).decode()
    signed_info = canonical(find(root, names.SIGNED_INFO), ("env", "wsa"))
    value = signature_of(signed_info, RSA.key, algorithm_for(RSA.key))
    find(root, names.SIGNATURE_VALUE).text = base64.b64encode(value).decode()
    return etree.tostring(root)


def test_every_code_is_of_the_standard() -> None:
    assert {code.value.partition(":")[0] for code in FaultCode} == {"wsse", "wsu"}
