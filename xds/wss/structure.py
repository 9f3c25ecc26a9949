"""Where the parts of a signed message stand: each once, each at its own place (standards digest, security 2 and 2.1).

What is found here by position is what the signature must cover and what is processed: the same nodes, not their like.
"""

from dataclasses import dataclass
from typing import Any, Final

from lxml import etree

from xds.wss import names
from xds.wss.refusals import (
    ACTION,
    ACTOR,
    BODY_ELSEWHERE,
    COMMENT,
    HEADER_TWICE,
    ONE_PLACE,
    SHAPE,
    SIGNATURE_SHAPE,
    Refused,
)

_PLACED: Final = (names.TO, names.ACTION, names.MESSAGE_ID)
_ENVELOPE_PARTS: Final[Any] = etree.XPath("//env:Envelope|//env:Header|//env:Body", namespaces=names.PREFIXES)
_SECURITY_PARTS: Final[Any] = etree.XPath(
    "//wsse:Security|//wsu:Timestamp|//wsse:BinarySecurityToken|//ds:Signature|//saml:Assertion",
    namespaces=names.PREFIXES,
)
_WITHIN_SECURITY: Final = frozenset({names.TIMESTAMP, names.TOKEN, names.SIGNATURE, names.ASSERTION})


@dataclass(frozen=True, slots=True, kw_only=True)
class SecuredEnvelope:
    """The parts of a message with a signature, found by their places."""

    root: etree._Element
    header: etree._Element
    body: etree._Element  # env:Body
    security: etree._Element
    timestamp: etree._Element
    token: etree._Element
    signature: etree._Element
    assertion: etree._Element | None
    to: etree._Element
    action: etree._Element
    message_id: etree._Element

    def required(self) -> dict[str, etree._Element]:
        """What must be signed, by what a reason calls it."""
        found = {
            "env:Body": self.body,
            "wsu:Timestamp": self.timestamp,
            "wsa:To": self.to,
            "wsa:Action": self.action,
            "wsa:MessageID": self.message_id,
        }
        if self.assertion is not None:
            found["saml:Assertion"] = self.assertion
        for tag in (names.RELATES_TO, names.REPLY_TO, names.FAULT_TO):
            for block in self.header.iterchildren(tag):
                # Anonymous is what their absence means (WS-Addressing 1.0 Core 3.4): unsigned it says nothing.
                if tag == names.RELATES_TO or not _is_anonymous(block):
                    found[names.spoken(tag)] = block
        return found


def is_signed(header: etree._Element | None) -> bool:
    """Tell whether a message claims to be signed: a ds:Signature of its own in a wsse:Security header."""
    if header is None:
        return False
    return any(security.find(names.SIGNATURE) is not None for security in header.iterchildren(names.SECURITY))


def read_structure(root: etree._Element) -> SecuredEnvelope:
    """Find the parts of a signed message.

    Raises
    ------
    Refused
        One is missing, there twice or elsewhere, or the message holds what a signed one must not.
    """
    _refuse_what_readers_skip(root)
    children = list(root)
    if (
        root.tag != names.ENVELOPE
        or [child.tag for child in children] != [names.HEADER, names.BODY]
        or len(children[1]) != 1
    ):
        raise Refused(SHAPE)
    header, body = children
    for part in _ENVELOPE_PARTS(root):
        if not any(part is each for each in (root, header, body)):
            raise Refused(BODY_ELSEWHERE, what=names.spoken(str(part.tag)))
    security, assertion = _security(root, header)
    blocks = _headers(header)
    return SecuredEnvelope(root=root, header=header, body=body, assertion=assertion, **security, **blocks)


def _refuse_what_readers_skip(root: etree._Element) -> None:
    """A comment within a value would make two readers see two values (2.2)."""
    information = root.getroottree().docinfo
    outside: list[object] = [
        information.internalDTD,
        information.externalDTD,
        root.getprevious(),
        root.getnext(),
    ]
    if any(each is not None for each in outside) or any(
        True for _ in root.iter(etree.Comment, etree.PI, etree.Entity)
    ):
        raise Refused(COMMENT)


def _security(
    root: etree._Element, header: etree._Element
) -> tuple[dict[str, etree._Element], etree._Element | None]:
    found = _SECURITY_PARTS(root)
    by_tag: dict[str, list[etree._Element]] = {}
    for part in found:
        by_tag.setdefault(str(part.tag), []).append(part)
    security = _only(by_tag, names.SECURITY, header)
    if security.get(names.ACTOR) or security.get(names.ROLE) not in (None, "", names.ULTIMATE_RECEIVER):
        raise Refused(ACTOR)
    assertion = None
    if names.ASSERTION in by_tag:
        assertion = _only(by_tag, names.ASSERTION, security)
        own = [each for each in by_tag[names.SIGNATURE] if each.getparent() is assertion]
        if len(own) == 1:
            by_tag[names.SIGNATURE].remove(own[0])
    parts = {
        "security": security,
        "timestamp": _only(by_tag, names.TIMESTAMP, security),
        "token": _only(by_tag, names.TOKEN, security),
        "signature": _only(by_tag, names.SIGNATURE, security),
    }
    _check_children(security, parts["token"], parts["signature"])
    return parts, assertion


def _check_children(security: etree._Element, token: etree._Element, signature: etree._Element) -> None:
    if any(child.tag not in _WITHIN_SECURITY for child in security) or security.index(token) > security.index(
        signature
    ):
        raise Refused(
            SIGNATURE_SHAPE,
            what="wsse:Security",
            expected="wsu:Timestamp, wsse:BinarySecurityToken and, after it, ds:Signature; a saml:Assertion at most",
        )


def _only(by_tag: dict[str, list[etree._Element]], tag: str, parent: etree._Element) -> etree._Element:
    found = by_tag.get(tag, [])
    if len(found) != 1 or found[0].getparent() is not parent:
        raise Refused(ONE_PLACE, what=names.spoken(tag), where=names.spoken(str(parent.tag)))
    return found[0]


def _headers(header: etree._Element) -> dict[str, etree._Element]:
    by_tag: dict[str, list[etree._Element]] = {}
    for block in header:
        by_tag.setdefault(str(block.tag), []).append(block)
    for tag, blocks in by_tag.items():
        if len(blocks) > 1:
            raise Refused(HEADER_TWICE, header=names.spoken(tag), count=len(blocks))
    for tag in _PLACED:
        if tag not in by_tag:
            raise Refused(ONE_PLACE, what=names.spoken(tag), where="env:Header")
        if len(by_tag[tag][0]) or not (by_tag[tag][0].text or "").strip():
            raise Refused(ACTION, header=names.spoken(tag))
    to, action, message_id = (by_tag[tag][0] for tag in _PLACED)
    return {"to": to, "action": action, "message_id": message_id}


def _is_anonymous(block: etree._Element) -> bool:
    return len(block) == 1 and (block.findtext(names.ADDRESS) or "").strip() == names.ANONYMOUS
