"""Identity providers made for a test, their assertions, and messages that carry them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from lxml import etree

from xds.access import AccessContext, CodedValue
from xds.model import InstanceIdentifier, XuaAttribute
from xds.pki import PrivateKey
from xds.saml import (
    Arrival,
    AssertionRequest,
    AssertionRules,
    AssertionVerifier,
    IdentityProvider,
    find_assertion,
    issue_assertion,
)
from xds.xml.namespaces import SAML, SOAP12, WSSE

ISSUER = "urn:oid:2.999.8.1"
AUDIENCE = "urn:oid:2.999.3"
END_POINT = "https://xds.example.org/dics/registry"
PATIENT = "P1001^^^&2.999.1.1&ISO"
RADIOLOGIST = CodedValue(code="66862007", scheme="2.16.840.1.113883.6.96")
TREATMENT = CodedValue(code="TREAT", scheme="2.999.5.1")
NOW = datetime(2026, 5, 1, 12, 0, 30, tzinfo=UTC)
XUA_ATTRIBUTES = (
    (XuaAttribute.SUBJECT_ID.value, "Alex Fabricated"),
    (XuaAttribute.ORGANIZATION.value, "North Hospital"),
    (XuaAttribute.ORGANIZATION_ID.value, "urn:oid:2.999.4.7"),
    (XuaAttribute.HOME_COMMUNITY_ID.value, "urn:oid:2.999.3"),
    (XuaAttribute.PROVIDER_IDENTIFIER.value, InstanceIdentifier("2.999.6.1", "12345")),
    (XuaAttribute.ROLE.value, RADIOLOGIST),
    (XuaAttribute.PURPOSE_OF_USE.value, TREATMENT),
)


@dataclass(frozen=True, slots=True)
class Identity:
    """A key and its self-signed certificate."""

    key: PrivateKey
    certificate: x509.Certificate

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)


def new_identity(key: PrivateKey, *, begin: datetime, end: datetime, name: str = "idp") -> Identity:
    """A certificate for a key, of its own signature."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
    )
    return Identity(key, builder.sign(key, hashes.SHA256()))


@cache
def identity(name: str, kind: str = "rsa") -> Identity:
    """The identity of that name, made once in a run; in date for a few years around `NOW` and today."""
    key: PrivateKey = (
        ec.generate_private_key(ec.SECP256R1())
        if kind == "ec"
        else rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    )
    return new_identity(
        key, begin=datetime(2020, 1, 1, tzinfo=UTC), end=datetime(2040, 1, 1, tzinfo=UTC), name=name
    )


class Memory:
    """A ledger for one process."""

    def __init__(self) -> None:
        self.used: dict[tuple[str, str], bytes] = {}

    def use(self, issuer: str, assertion_id: str, content: bytes, *, until: datetime, one_time: bool) -> bool:
        first = (issuer, assertion_id) not in self.used
        return self.used.setdefault((issuer, assertion_id), content) == content and (first or not one_time)


def request(**changes: Any) -> AssertionRequest:
    """The assertion that is accepted, unless changed."""
    valid = AssertionRequest(
        issuer=ISSUER, user="afabricated", alias="AF", audiences=(AUDIENCE,), attributes=XUA_ATTRIBUTES
    )
    return replace(valid, **changes)


def assertion(
    *, signer: Identity | None = None, now: datetime = NOW, assertion_id: str | None = None, **changes: Any
) -> bytes:
    """A signed assertion."""
    by = signer or identity("idp")
    return issue_assertion(request(**changes), by.key, by.certificate, now=now, assertion_id=assertion_id)


def altered(octets: bytes, change: Callable[[etree._Element], object]) -> bytes:
    """The octets of an assertion after a change to its tree."""
    root = etree.fromstring(octets)
    change(root)
    return etree.tostring(root)


def envelope(security: str, body: str = "<x/>") -> etree._Element:
    """A message with that in its security header."""
    return etree.fromstring(
        f'<s:Envelope xmlns:s="{SOAP12}"><s:Header><w:Security xmlns:w="{WSSE}">{security}</w:Security>'
        f"</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    )


def find(root: etree._Element) -> etree._Element | None:
    """The assertion of a message, as the gate looks for it."""
    return find_assertion(root.find(f"{{{SOAP12}}}Header"), root.find(f"{{{SOAP12}}}Body")[0])


@dataclass(slots=True)
class Verifying:
    """A verifier with one provider enrolled, and how the assertion comes."""

    rules: AssertionRules = field(default_factory=lambda: AssertionRules(audiences=frozenset({AUDIENCE})))
    provider: IdentityProvider = field(
        default_factory=lambda: IdentityProvider(issuer=ISSUER, certificates=(identity("idp").certificate,))
    )
    arrival: Arrival = field(default_factory=lambda: Arrival(now=NOW, urls=frozenset({END_POINT})))
    ledger: Memory = field(default_factory=Memory)

    def __call__(self, octets: bytes) -> AccessContext:
        """Verify an assertion within a message."""
        return self.message(envelope(octets.decode()))

    def message(self, root: etree._Element) -> AccessContext:
        """Verify the assertion of a message."""
        found = find(root)
        assert found is not None
        verifier = AssertionVerifier(lambda: [self.provider], self.rules, self.ledger)
        return verifier.verify(found, self.arrival)

    def later(self, delay: timedelta) -> "Verifying":
        """The same verifier at another time."""
        return replace(self, arrival=replace(self.arrival, now=NOW + delay))


def saml(name: str) -> str:
    """The QName of a SAML element."""
    return f"{{{SAML}}}{name}"


def all_of(root: etree._Element, name: str) -> Iterator[etree._Element]:
    """Every SAML element of that name."""
    return root.iter(saml(name))
