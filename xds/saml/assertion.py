"""A verified assertion, read from the octets that were signed (SAML 2.0 core; ITI TF-2 3.40.4.1.2)."""

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from lxml import etree

from xds.access import AttributeValue, Claims, CodedValue
from xds.model import InstanceIdentifier
from xds.saml import refusals
from xds.saml.signature import ATTRIBUTE, ATTRIBUTE_VALUE, ISSUER
from xds.wss import Refused
from xds.xml.namespaces import DSIG, HL7, SAML

_TIME: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)")
# ProxyRestriction is for who issues further assertions, which nobody does here.
_CONDITIONS: Final = frozenset(
    f"{{{SAML}}}{name}" for name in ("AudienceRestriction", "OneTimeUse", "ProxyRestriction")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """How the sender shows that it may speak for the subject (saml:SubjectConfirmation)."""

    method: str
    not_before: datetime | None = None
    not_on_or_after: datetime | None = None
    recipient: str | None = None
    certificates: tuple[bytes, ...] = ()  # DER: whose key has to be held


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """What an assertion says; every text whole and without white space around it."""

    id: str
    issuer: str
    name_id: str
    alias: str | None
    confirmations: tuple[Confirmation, ...]
    not_before: datetime | None
    not_on_or_after: datetime | None
    audiences: tuple[frozenset[str], ...]  # one of each restriction has to be us
    one_time: bool
    authenticated_at: tuple[datetime, ...]  # AuthnInstant of each AuthnStatement
    authentication: str | None  # its AuthnContextClassRef or AuthnContextDeclRef
    attributes: tuple[tuple[str, AttributeValue], ...]

    @property
    def claims(self) -> Claims:
        """What it says of the user."""
        return Claims(
            issuer=self.issuer,
            name_id=self.name_id,
            alias=self.alias,
            authentication=self.authentication,
            attributes=self.attributes,
        )


def read_assertion(node: etree._Element) -> Assertion:
    """Read an assertion; `node` is what a signature was verified over, and nothing else.

    Raises
    ------
    Refused
        It has no Subject with a NameID, a condition that nobody here knows, or a time that is none.
    """
    name_id = _one(node, "Subject/NameID")
    if name_id is None or not _text(name_id):
        raise Refused(refusals.SUBJECT)
    conditions = _one(node, "Conditions")
    known = [] if conditions is None else list(conditions)
    if any(item.tag not in _CONDITIONS for item in known):
        raise Refused(refusals.CONDITION)
    return Assertion(
        id=node.get("ID", ""),
        issuer=_text(node.find(ISSUER)),
        name_id=_text(name_id),
        alias=(name_id.get("SPProvidedID") or "").strip() or None,
        confirmations=tuple(_confirmations(node)),
        not_before=None if conditions is None else _time(conditions, "NotBefore"),
        not_on_or_after=None if conditions is None else _time(conditions, "NotOnOrAfter"),
        audiences=tuple(
            frozenset(_text(audience) for audience in restriction.iterfind(_saml("Audience")))
            for restriction in node.iterfind(_saml("Conditions/AudienceRestriction"))
        ),
        one_time=node.find(_saml("Conditions/OneTimeUse")) is not None,
        authenticated_at=tuple(
            instant
            for statement in node.iterfind(_saml("AuthnStatement"))
            if (instant := _time(statement, "AuthnInstant")) is not None
        ),
        authentication=_authentication(node),
        attributes=tuple(_attributes(node)),
    )


def _confirmations(node: etree._Element) -> Iterator[Confirmation]:
    for item in node.iterfind(_saml("Subject/SubjectConfirmation")):
        data = item.find(_saml("SubjectConfirmationData"))
        if data is None:
            yield Confirmation(method=item.get("Method", ""))
            continue
        yield Confirmation(
            method=item.get("Method", ""),
            not_before=_time(data, "NotBefore"),
            not_on_or_after=_time(data, "NotOnOrAfter"),
            recipient=data.get("Recipient"),
            certificates=tuple(_certificates(data)),
        )


def _certificates(data: etree._Element) -> Iterator[bytes]:
    for element in data.iterfind(f"{{{DSIG}}}KeyInfo/{{{DSIG}}}X509Data/{{{DSIG}}}X509Certificate"):
        try:
            yield base64.b64decode("".join(_text(element).split()), validate=True)
        except binascii.Error:
            raise Refused(refusals.HOLDER) from None


def _authentication(node: etree._Element) -> str | None:
    for name in ("AuthnContextClassRef", "AuthnContextDeclRef"):
        for element in node.iterfind(_saml(f"AuthnStatement/AuthnContext/{name}")):
            return _text(element) or None
    return None


def _attributes(node: etree._Element) -> Iterator[tuple[str, AttributeValue]]:
    """Every value of every attribute; what has none, or an empty one, says nothing."""
    for attribute in node.iterfind(f"{_saml('AttributeStatement')}/{ATTRIBUTE}"):
        for element in attribute.iterfind(ATTRIBUTE_VALUE):
            value = _value(element)
            if value is not None:
                yield attribute.get("Name", ""), value


def _value(element: etree._Element) -> AttributeValue | None:
    """A text, or the one HL7 element within; xsi:type is not looked at, many senders leave it out."""
    children = list(element.iterchildren(tag=etree.Element))
    if not children:
        return _text(element) or None
    child = children[0]
    if len(children) > 1 or etree.QName(child).namespace != HL7:
        raise Refused(refusals.VALUE, namespace=HL7)
    if "root" in child.attrib:
        return InstanceIdentifier(child.get("root", "").strip(), child.get("extension", "").strip())
    code = child.get("code", "").strip()
    return CodedValue(code=code, scheme=child.get("codeSystem", "").strip()) if code else None


def _time(element: etree._Element, name: str) -> datetime | None:
    """An xs:dateTime with its time zone; fractions as long as senders like, of which six digits count."""
    text = element.get(name)
    if text is None:
        return None
    form = _TIME.fullmatch(text.strip())
    try:
        if form is None:
            raise ValueError(name)
        whole, fraction, zone = form.groups()
        return datetime.fromisoformat(
            f"{whole}.{(fraction or '0')[:6]:0<6}{zone.replace('Z', '+00:00')}"
        ).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Refused(refusals.INSTANT, what=name) from None


def _one(node: etree._Element, path: str) -> etree._Element | None:
    found = node.findall(_saml(path))
    if len(found) > 1:
        raise Refused(refusals.ONCE, what=path.rpartition("/")[2])
    return found[0] if found else None


def _saml(path: str) -> str:
    return "/".join(f"{{{SAML}}}{name}" for name in path.split("/"))


def _text(element: etree._Element | None) -> str:
    return "" if element is None else "".join(map(str, element.itertext())).strip()
