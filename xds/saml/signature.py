"""Find the assertion in a message and prove that an enrolled provider signed it (security digest, section 5, 1 to 3).

What is read afterwards is the node that signxml returns: the octets whose digest was signed, parsed anew. The
message's own tree is looked at for its shape only.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.verifier import SignatureConfiguration, VerifyResult, XMLVerifier

from xds.saml.refusal import AssertionRefused, Fault, failed_check
from xds.xml import MalformedXml, parse
from xds.xml.namespaces import DSIG, EXC_C14N, SAML, SOAP12, WSSE

logging.getLogger("signxml").setLevel(logging.WARNING)  # at DEBUG it prints what is signed

ASSERTION: Final = f"{{{SAML}}}Assertion"
ISSUER: Final = f"{{{SAML}}}Issuer"
ATTRIBUTE: Final = f"{{{SAML}}}Attribute"
ATTRIBUTE_VALUE: Final = f"{{{SAML}}}AttributeValue"
_ENCRYPTED: Final = tuple(f"{{{SAML}}}Encrypted{name}" for name in ("Assertion", "ID", "Attribute"))
_SIGNATURE: Final = f"{{{DSIG}}}Signature"
_SECURITY: Final = f"{{{WSSE}}}Security"
_ENVELOPED: Final = f"{DSIG}enveloped-signature"
_IN_SIGNATURE: Final = [f"{{{DSIG}}}{name}" for name in ("SignedInfo", "SignatureValue", "KeyInfo")]
_METHODS: Final = frozenset(
    {
        SignatureMethod.RSA_SHA256,
        SignatureMethod.RSA_SHA384,
        SignatureMethod.RSA_SHA512,
        SignatureMethod.SHA256_RSA_MGF1,
        SignatureMethod.SHA384_RSA_MGF1,
        SignatureMethod.SHA512_RSA_MGF1,
        SignatureMethod.ECDSA_SHA256,
        SignatureMethod.ECDSA_SHA384,
    }
)
_DIGESTS: Final = frozenset({DigestAlgorithm.SHA256, DigestAlgorithm.SHA384, DigestAlgorithm.SHA512})


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
    AssertionRefused
    """
    root = body.getroottree().getroot()
    if next(root.iter(*_ENCRYPTED), None) is not None:
        raise AssertionRefused(
            Fault.UNSUPPORTED,
            "encrypted",
            "Encrypted assertions are not read here; send it as it is, the channel is encrypted",
            "Les assertions chiffrées ne sont pas lues ici ; envoyez-la telle quelle, le canal est chiffré",
        )
    assertions = list(root.iter(ASSERTION))
    if not assertions:
        return None
    if len(assertions) > 1:
        raise AssertionRefused(
            Fault.FAILED_CHECK,
            "two assertions",
            f"The message has {len(assertions)} assertions; send one",
            f"Le message a {len(assertions)} assertions ; envoyez-en une seule",
        )
    _check_place(assertions[0], header, root)
    return assertions[0]


def _check_place(assertion: etree._Element, header: etree._Element | None, root: etree._Element) -> None:
    securities = list(root.iter(_SECURITY))
    if len(securities) > 1:
        raise AssertionRefused(
            Fault.INVALID_SECURITY,
            "two security headers",
            "The message has more than one wsse:Security; send one",
            "Le message a plusieurs wsse:Security ; envoyez-en un seul",
        )
    parent = assertion.getparent()
    if not securities or parent is not securities[0] or header is None or parent.getparent() is not header:
        raise AssertionRefused(
            Fault.FAILED_CHECK,
            "place of the assertion",
            "The assertion has to be a child of the wsse:Security header",
            "L'assertion doit être un enfant de l'en-tête wsse:Security",
        )
    if header.tag != f"{{{SOAP12}}}Header" or header.getparent() is not root:
        raise failed_check(
            "place of the header",
            "it is not in the message's own header",
            "elle n'est pas dans l'en-tête du message",
        )


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
    AssertionRefused
    """
    octets = etree.tostring(assertion, with_tail=False)
    _check_limits(assertion, octets, limits)
    signature = _check_form(assertion)
    _check_signed_info(signature, assertion.get("ID", ""))
    configuration = SignatureConfiguration(
        location="./",
        expect_references=1,
        signature_methods=_METHODS,
        digest_algorithms=_DIGESTS,
        ignore_ambiguous_key_info=True,  # no key of the message is ever used
        verification_time=now,
    )
    for certificate in certificates:
        result = _verified(octets, certificate, configuration)
        if result is not None:
            _check_result(result, assertion.get("ID", ""))
            return result
    raise failed_check(
        "signature",
        "its signature does not hold for the key enrolled for its issuer",
        "sa signature ne vaut pas pour la clé enregistrée de son émetteur",
    )


def _check_limits(assertion: etree._Element, octets: bytes, limits: AssertionLimits) -> None:
    if len(octets) > limits.octets:
        raise AssertionRefused(
            Fault.INVALID_SECURITY,
            "size",
            f"The assertion has more than {limits.octets} octets",
            f"L'assertion a plus de {limits.octets} octets",
        )
    for tag in (ATTRIBUTE, ATTRIBUTE_VALUE):
        if sum(1 for _ in assertion.iter(tag)) > limits.attributes:
            raise AssertionRefused(
                Fault.INVALID_SECURITY,
                "attributes",
                f"The assertion has more than {limits.attributes} attributes or values",
                f"L'assertion a plus de {limits.attributes} attributs ou valeurs",
            )


def _check_form(assertion: etree._Element) -> etree._Element:
    """Return the assertion's own signature, if its form leaves no doubt what is signed."""
    if next(assertion.iter(etree.Comment, etree.ProcessingInstruction, etree.Entity), None) is not None:
        raise failed_check(
            "comment",
            "it holds a comment, a processing instruction or an entity",
            "elle contient un commentaire, une instruction de traitement ou une entité",
        )
    if assertion.get("Version") != "2.0":
        raise AssertionRefused(
            Fault.UNSUPPORTED,
            "version",
            "The assertion is not of SAML version 2.0",
            "L'assertion n'est pas de la version 2.0 de SAML",
        )
    own_id = assertion.get("ID", "")
    named = [
        value
        for element in assertion.iter(etree.Element)
        for name, value in element.items()
        if etree.QName(name).localname.lower() == "id" and value == own_id
    ]
    if not own_id or len(named) != 1:
        raise failed_check(
            "ID",
            "its ID is missing, or another element has the same",
            "son ID manque, ou un autre élément porte le même",
        )
    signatures = list(assertion.iter(_SIGNATURE))
    if not signatures:
        raise failed_check("unsigned", "it is not signed", "elle n'est pas signée")
    if len(signatures) > 1 or signatures[0].getparent() is not assertion:
        raise failed_check(
            "place of the signature",
            "it has to bear one signature, as a child of its own",
            "elle doit porter une seule signature, comme enfant direct",
        )
    issuers = assertion.findall(ISSUER)
    if len(issuers) != 1 or issuers[0] is not assertion[0]:
        raise failed_check(
            "issuer", "it has to begin with its one Issuer", "elle doit commencer par son unique Issuer"
        )
    return signatures[0]


def _check_signed_info(signature: etree._Element, own_id: str) -> None:
    children = [str(child.tag) for child in signature]
    if children not in (_IN_SIGNATURE, _IN_SIGNATURE[:2]):
        raise failed_check(
            "signature's form",
            "its signature has to be SignedInfo, SignatureValue, KeyInfo",
            "sa signature doit être SignedInfo, SignatureValue, KeyInfo",
        )
    info = signature[0]
    _check_algorithm(info.find(f"{{{DSIG}}}CanonicalizationMethod"), frozenset({EXC_C14N}))
    _check_algorithm(info.find(f"{{{DSIG}}}SignatureMethod"), frozenset(item.value for item in _METHODS))
    references = info.findall(f"{{{DSIG}}}Reference")
    if len(references) != 1 or references[0].get("URI") != f"#{own_id}":
        raise failed_check(
            "reference",
            "its signature has to refer to the assertion's own ID, and to nothing else",
            "sa signature doit renvoyer à l'ID de l'assertion, et à rien d'autre",
        )
    reference = references[0]
    _check_algorithm(reference.find(f"{{{DSIG}}}DigestMethod"), frozenset(item.value for item in _DIGESTS))
    transforms = [
        item.get("Algorithm") for item in reference.iterfind(f"{{{DSIG}}}Transforms/{{{DSIG}}}Transform")
    ]
    if transforms != [_ENVELOPED, EXC_C14N]:
        raise _unsupported(
            "its transforms have to be enveloped-signature, then exclusive C14N without comments"
        )


def _check_algorithm(element: etree._Element | None, allowed: frozenset[str]) -> None:
    if element is None or element.get("Algorithm") not in allowed:
        name = "an algorithm" if element is None else etree.QName(element).localname
        raise _unsupported(f"{name} is not one of RSA or ECDSA with SHA-256, 384 or 512 and exclusive C14N")


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
        raise failed_check(
            "signed node", "what is signed is not the assertion", "ce qui est signé n'est pas l'assertion"
        )
    if next(signed.iter(_SIGNATURE), None) is not None or sum(1 for _ in signed.iter(ASSERTION)) != 1:
        raise failed_check(
            "signed node",
            "what is signed is not the assertion alone",
            "ce qui est signé n'est pas l'assertion seule",
        )


def _unsupported(what: str) -> AssertionRefused:
    return AssertionRefused(
        Fault.UNSUPPORTED_ALGORITHM,
        "algorithm",
        f"The assertion's signature is not accepted: {what}",
        "La signature de l'assertion n'est pas acceptée : algorithmes RSA ou ECDSA avec SHA-256, 384 ou 512,"
        " transformations enveloped-signature puis C14N exclusive",
    )
