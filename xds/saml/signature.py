"""Find the assertion in a message and prove that an enrolled provider signed it (security digest, section 5, 1 to 3).

What is read afterwards is the node that signxml returns: the octets whose digest was signed, parsed anew. The
message's own tree is looked at for its shape only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.verifier import SignatureConfiguration, VerifyResult, XMLVerifier

from xds.saml import refusals
from xds.wss import Refused
from xds.xml import MalformedXml, parse
from xds.xml.namespaces import DSIG, EXC_C14N, SAML, SOAP12, WSSE

ASSERTION: Final = f"{{{SAML}}}Assertion"
ISSUER: Final = f"{{{SAML}}}Issuer"
ATTRIBUTE: Final = f"{{{SAML}}}Attribute"
ATTRIBUTE_VALUE: Final = f"{{{SAML}}}AttributeValue"
_ENCRYPTED: Final = tuple(f"{{{SAML}}}Encrypted{name}" for name in ("Assertion", "ID", "Attribute"))
_SIGNATURE: Final = f"{{{DSIG}}}Signature"
_SECURITY: Final = f"{{{WSSE}}}Security"
_ENVELOPED: Final = f"{DSIG}enveloped-signature"
_IN_SIGNATURE: Final = [f"{{{DSIG}}}{name}" for name in ("SignedInfo", "SignatureValue", "KeyInfo")]
_METHODS: Final = (
    SignatureMethod.RSA_SHA256,
    SignatureMethod.RSA_SHA384,
    SignatureMethod.RSA_SHA512,
    SignatureMethod.SHA256_RSA_MGF1,
    SignatureMethod.SHA384_RSA_MGF1,
    SignatureMethod.SHA512_RSA_MGF1,
    SignatureMethod.ECDSA_SHA256,
    SignatureMethod.ECDSA_SHA384,
)
_DIGESTS: Final = (DigestAlgorithm.SHA256, DigestAlgorithm.SHA384, DigestAlgorithm.SHA512)
_METHOD_NAMES: Final = {item.value: item.name for item in _METHODS}
_DIGEST_NAMES: Final = {item.value: item.name for item in _DIGESTS}


@dataclass(frozen=True, slots=True, kw_only=True)
class AssertionLimits:
    """How large an assertion may be (security digest, section 9)."""

    octets: int = 65_536
    attributes: int = 200  # and as many values


def find_assertion(header: etree._Element | None, body: etree._Element) -> etree._Element | None:
    """Return the one assertion of a message; None when it has none.

    It is a child of the one Security header; anywhere else in the message there is none, and nothing encrypted.

    Raises
    ------
    Refused
    """
    root = body.getroottree().getroot()
    if next(root.iter(*_ENCRYPTED), None) is not None:
        raise Refused(refusals.ENCRYPTED)
    assertions = list(root.iter(ASSERTION))
    if not assertions:
        return None
    if len(assertions) > 1:
        raise Refused(refusals.TWICE, count=len(assertions))
    _check_place(assertions[0], header, root)
    return assertions[0]


def lone_assertion(octets: bytes) -> etree._Element:
    """Return an assertion that came by itself, in no message.

    Raises
    ------
    Refused
    """
    try:
        root = parse(octets)
    except MalformedXml:
        raise Refused(refusals.UNREADABLE) from None
    if root.tag != ASSERTION or next(root.iter(*_ENCRYPTED), None) is not None:
        raise Refused(refusals.UNREADABLE)
    if (count := sum(1 for _ in root.iter(ASSERTION))) > 1:
        raise Refused(refusals.TWICE, count=count)
    return root


def _check_place(assertion: etree._Element, header: etree._Element | None, root: etree._Element) -> None:
    securities = list(root.iter(_SECURITY))
    if len(securities) > 1:
        raise Refused(refusals.SECURITY_TWICE)
    parent = assertion.getparent()
    if not securities or parent is not securities[0] or header is None or parent.getparent() is not header:
        raise Refused(refusals.PLACE)
    if header.tag != f"{{{SOAP12}}}Header" or header.getparent() is not root:
        raise Refused(refusals.PLACE)


def verify_signature(
    assertion: etree._Element,
    certificates: Sequence[x509.Certificate],
    *,
    now: datetime,
    limits: AssertionLimits,
) -> VerifyResult:
    """Prove that the key of one of the certificates signed an assertion; what it signed is in the result.

    Raises
    ------
    Refused
    """
    octets = etree.tostring(assertion, with_tail=False)
    _check_limits(assertion, octets, limits)
    signature = _check_form(assertion)
    _check_signed_info(signature, assertion.get("ID", ""))
    configuration = SignatureConfiguration(
        location="./",
        expect_references=1,
        signature_methods=frozenset(_METHODS),
        digest_algorithms=frozenset(_DIGESTS),
        ignore_ambiguous_key_info=True,  # no key of the message is ever used
        verification_time=now,
    )
    for certificate in certificates:
        result = _verified(octets, certificate, configuration)
        if result is not None:
            _check_result(result, assertion.get("ID", ""))
            return result
    raise Refused(refusals.SIGNATURE)


def _check_limits(assertion: etree._Element, octets: bytes, limits: AssertionLimits) -> None:
    if len(octets) > limits.octets:
        raise Refused(refusals.SIZE, limit=limits.octets)
    for tag in (ATTRIBUTE, ATTRIBUTE_VALUE):
        if sum(1 for _ in assertion.iter(tag)) > limits.attributes:
            raise Refused(refusals.ATTRIBUTES, limit=limits.attributes)


def _check_form(assertion: etree._Element) -> etree._Element:
    """Return the assertion's own signature, if its form leaves no doubt what is signed."""
    if next(assertion.iter(etree.Comment, etree.ProcessingInstruction, etree.Entity), None) is not None:
        raise Refused(refusals.COMMENT)
    if assertion.get("Version") != "2.0":
        raise Refused(refusals.VERSION)
    own_id = assertion.get("ID", "")
    named = [
        value
        for element in assertion.iter(etree.Element)
        for name, value in element.items()
        if etree.QName(name).localname.lower() == "id" and value == own_id
    ]
    if not own_id or len(named) != 1:
        raise Refused(refusals.ID)
    signatures = list(assertion.iter(_SIGNATURE))
    if not signatures:
        raise Refused(refusals.UNSIGNED)
    if len(signatures) > 1 or signatures[0].getparent() is not assertion:
        raise Refused(refusals.SIGNATURE_PLACE)
    issuers = assertion.findall(ISSUER)
    if len(issuers) != 1 or issuers[0] is not assertion[0]:
        raise Refused(refusals.ISSUER_PLACE)
    return signatures[0]


def _check_signed_info(signature: etree._Element, own_id: str) -> None:
    children = [str(child.tag) for child in signature]
    if children not in (_IN_SIGNATURE, _IN_SIGNATURE[:2]):
        raise Refused(refusals.SIGNATURE_SHAPE)
    info = signature[0]
    _check_algorithm(info, "CanonicalizationMethod", {EXC_C14N: "exclusive C14N without comments"})
    _check_algorithm(info, "SignatureMethod", _METHOD_NAMES)
    references = info.findall(f"{{{DSIG}}}Reference")
    if len(references) != 1 or references[0].get("URI") != f"#{own_id}":
        raise Refused(refusals.REFERENCE)
    reference = references[0]
    _check_algorithm(reference, "DigestMethod", _DIGEST_NAMES)
    transforms = [
        item.get("Algorithm") for item in reference.iterfind(f"{{{DSIG}}}Transforms/{{{DSIG}}}Transform")
    ]
    if transforms != [_ENVELOPED, EXC_C14N]:
        raise Refused(
            refusals.ALGORITHM, what="Transforms", served="enveloped-signature, then exclusive C14N"
        )


def _check_algorithm(parent: etree._Element, name: str, allowed: Mapping[str, str]) -> None:
    """The algorithm of SignatureMethod, DigestMethod …: one of those that are served, by their URIs."""
    element = parent.find(f"{{{DSIG}}}{name}")
    if element is None or element.get("Algorithm") not in allowed:
        raise Refused(refusals.ALGORITHM, what=name, served=", ".join(allowed.values()))


def _verified(
    octets: bytes, certificate: x509.Certificate, configuration: SignatureConfiguration
) -> VerifyResult | None:
    """What one key signed; None when it did not."""
    try:
        root = parse(octets)
        result = XMLVerifier().verify(
            root, x509_cert=certificate, id_attribute="ID", validate_schema=False, expect_config=configuration
        )
    except MalformedXml:
        return None
    # Whatever goes wrong in there with a peer's octets (base64, C14N of a relative namespace …), nothing is proven.
    except Exception:
        return None
    return result if isinstance(result, VerifyResult) else None


def _check_result(result: VerifyResult, own_id: str) -> None:
    """The node whose digest was signed is this assertion: a copy beside another would be accepted up to here."""
    signed = result.signed_xml
    if signed is None or signed.tag != ASSERTION or signed.get("ID") != own_id:
        raise Refused(refusals.SIGNED_NODE)
    if next(signed.iter(_SIGNATURE), None) is not None or sum(1 for _ in signed.iter(ASSERTION)) != 1:
        raise Refused(refusals.SIGNED_NODE)
