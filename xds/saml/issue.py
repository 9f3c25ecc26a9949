"""Issue an assertion: what an identity provider of a sandbox does (ITI TF-2 3.40.4.1.2).

For tests and sandboxes; a real user's assertion comes from their identity provider.
"""

import base64
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
from signxml.signer import XMLSigner

from xds.access import AttributeValue, CodedValue
from xds.model import InstanceIdentifier, SubjectConfirmation, XuaAttribute
from xds.pki import PrivateKey
from xds.xml.namespaces import DSIG, HL7, SAML

_BY_FORM: Final = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
_ELEMENTS: Final = {XuaAttribute.ROLE: "Role", XuaAttribute.PURPOSE_OF_USE: "PurposeOfUse"}


@dataclass(frozen=True, slots=True, kw_only=True)
class AssertionRequest:
    """The user an assertion is asked for, and where it is to be used."""

    issuer: str
    user: str  # NameID
    audiences: tuple[str, ...]
    attributes: tuple[tuple[str, AttributeValue], ...] = ()
    alias: str | None = None  # NameID/@SPProvidedID
    recipient: str | None = None  # the end point; none: any of the audience
    holder: x509.Certificate | None = None  # holder-of-key with this certificate; none: bearer
    one_time: bool = False
    life: timedelta = timedelta(minutes=10)


def issue_assertion(
    request: AssertionRequest,
    key: PrivateKey,
    certificate: x509.Certificate,
    *,
    now: datetime | None = None,
    assertion_id: str | None = None,
) -> bytes:
    """Return a signed assertion, UTF-8 without a declaration, ready for a security header."""
    instant = (now or datetime.now(UTC)).replace(microsecond=0)
    root = _build(request, instant, assertion_id or f"_{secrets.token_hex(16)}")
    return etree.tostring(sign_assertion(root, key, certificate))


def sign_assertion(root: etree._Element, key: PrivateKey, certificate: x509.Certificate) -> etree._Element:
    """Return an assertion with its signature after the Issuer, as SAML core 5.4 wants it."""
    is_rsa = isinstance(key, rsa.RSAPrivateKey)
    signer = XMLSigner(
        signature_algorithm=SignatureMethod.RSA_SHA256 if is_rsa else SignatureMethod.ECDSA_SHA256,
        digest_algorithm=DigestAlgorithm.SHA256,
        c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
    )
    root.insert(1, etree.Element(f"{{{DSIG}}}Signature", Id="placeholder", nsmap={"ds": DSIG}))
    signed: etree._Element = signer.sign(
        root, key=key, cert=[certificate], reference_uri=f"#{root.get('ID')}", id_attribute="ID"
    )
    return signed


def _build(request: AssertionRequest, instant: datetime, assertion_id: str) -> etree._Element:
    root = etree.Element(f"{{{SAML}}}Assertion", nsmap={"saml": SAML})
    begin, end = _utc(instant), _utc(instant + request.life)
    for name, value in (("ID", assertion_id), ("Version", "2.0"), ("IssueInstant", begin)):
        root.set(name, value)
    _add(root, "Issuer", request.issuer)
    _add_subject(root, request, end)
    conditions = _add(root, "Conditions", NotBefore=begin, NotOnOrAfter=end)
    restriction = _add(conditions, "AudienceRestriction")
    for audience in request.audiences:
        _add(restriction, "Audience", audience)
    if request.one_time:
        _add(conditions, "OneTimeUse")
    context = _add(_add(root, "AuthnStatement", AuthnInstant=begin), "AuthnContext")
    _add(context, "AuthnContextClassRef", _BY_FORM)
    if request.attributes:
        statement = _add(root, "AttributeStatement")
        for name, said in request.attributes:
            _add_value(_add(_add(statement, "Attribute", Name=name), "AttributeValue"), name, said)
    return root


def _add_subject(root: etree._Element, request: AssertionRequest, end: str) -> None:
    subject = _add(root, "Subject")
    name_id = _add(subject, "NameID", request.user)
    if request.alias is not None:
        name_id.set("SPProvidedID", request.alias)
    holder = request.holder
    method = SubjectConfirmation.BEARER if holder is None else SubjectConfirmation.HOLDER_OF_KEY
    confirmation = _add(subject, "SubjectConfirmation", Method=method.value)
    data = _add(confirmation, "SubjectConfirmationData", NotOnOrAfter=end)
    if request.recipient is not None:
        data.set("Recipient", request.recipient)
    if holder is not None:
        info = etree.SubElement(data, f"{{{DSIG}}}KeyInfo", nsmap={"ds": DSIG})
        x509_data = etree.SubElement(info, f"{{{DSIG}}}X509Data")
        element = etree.SubElement(x509_data, f"{{{DSIG}}}X509Certificate")
        element.text = base64.b64encode(holder.public_bytes(Encoding.DER)).decode()


def _add_value(parent: etree._Element, name: str, value: AttributeValue) -> None:
    if isinstance(value, str):
        parent.text = value
    elif isinstance(value, InstanceIdentifier):
        child = etree.SubElement(parent, f"{{{HL7}}}id", nsmap={"hl7": HL7})
        child.set("root", value.root)
        child.set("extension", value.extension)
    elif isinstance(value, CodedValue):
        child = etree.SubElement(parent, f"{{{HL7}}}{_element_of(name)}", nsmap={"hl7": HL7})
        child.set("code", value.code)
        if value.scheme:
            child.set("codeSystem", value.scheme)


def _element_of(name: str) -> str:
    """The element that holds a code in an attribute (3.40.4.1.2.1, .3)."""
    return next((element for attribute, element in _ELEMENTS.items() if attribute == name), "Code")


def _add(parent: etree._Element, name: str, text: str | None = None, **attributes: str) -> etree._Element:
    element = etree.SubElement(parent, f"{{{SAML}}}{name}")
    element.text = text
    for key, value in attributes.items():
        element.set(key, value)
    return element


def _utc(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
