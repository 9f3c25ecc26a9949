"""Verify a signed message in the order of the standards digest, security 2.1; the first failure ends it.

signxml does the cryptography: SignedInfo, its canonical form, the key, the value, the algorithms. Which
node a Reference names is decided before it is called, by position, and each digest is that of this very node where it
stands: signxml itself would parse the whole message again for each Reference and look its nodes up there
(docs/decisions/0005-signatures.md).
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from cryptography import x509
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.verifier import SignatureConfiguration, VerifyResult, XMLVerifier

from xds.wss import names
from xds.wss.algorithms import DIGESTS, SERVED_SIGNATURES, SIGNATURES, check_key
from xds.wss.digest import Attachments, digest_of
from xds.wss.refusals import ALGORITHM, DIGEST, SIGNATURE_VALUE, Refused
from xds.wss.signed_info import Reference, SignedInfo, prefixes_of, read_signed_info
from xds.wss.structure import SecuredEnvelope, read_structure
from xds.wss.timestamp import check_timestamp
from xds.wss.token import read_token
from xds.wss.trust import Signer, Trust

_METHODS: Final = frozenset(SignatureMethod(uri) for uri in SIGNATURES)
_DIGESTS: Final = frozenset(DigestAlgorithm(uri) for uri in DIGESTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedMessage:
    """What was proven of a message. Later layers read these nodes and no others."""

    signer: Signer
    certificate: x509.Certificate
    body: etree._Element  # env:Body
    to: str  # wsa:To, Action and MessageID with the white space around them stripped
    action: str
    message_id: str
    assertion: etree._Element | None  # covered by the signature when it is there
    signed: tuple[etree._Element, ...]
    signature_digest: bytes  # SHA-256 of the SignatureValue's octets
    expires: datetime

    def covers(self, node: etree._Element) -> bool:
        """Tell whether a node, this very one, is signed."""
        return any(each is node for each in self.signed)


def verify(
    root: etree._Element, *, trust: Trust, now: datetime, attachments: Attachments | None = None
) -> VerifiedMessage:
    """Verify the signature of a message.

    Parameters
    ----------
    root
        The envelope, parsed once by `xds.xml.parse`; it is as it was afterwards.
    trust
        Whose certificates are taken.
    attachments
        What the xop:Include elements of the Body stand for.

    Raises
    ------
    Refused
        The first rule that is broken.
    """
    message = read_structure(root)
    signed_info = read_signed_info(message)
    certificate = read_token(message)
    check_key(certificate, signed_info.algorithm)
    signer = trust.signer(certificate, now)
    _check_agreed(signed_info, signer)
    value = _signature_value(message.signature)
    _verify_signature(message, signed_info, certificate, attachments or {}, now)
    return VerifiedMessage(
        signer=signer,
        certificate=certificate,
        body=message.body,
        to=_text(message.to),
        action=_text(message.action),
        message_id=_text(message.message_id),
        assertion=message.assertion,
        signed=tuple(each.node for each in signed_info.references),
        signature_digest=hashlib.sha256(value).digest(),
        expires=check_timestamp(message.timestamp, now),
    )


def _check_agreed(signed_info: SignedInfo, signer: Signer) -> None:
    if signed_info.uses_sha1 and not signer.allows_sha1:
        raise Refused(
            ALGORITHM, what="SignatureMethod, DigestMethod (SHA-1)", served=", ".join(SERVED_SIGNATURES)
        )
    name = signed_info.algorithm.name
    if signer.algorithms and name not in signer.algorithms and not signed_info.algorithm.is_sha1:
        raise Refused(ALGORITHM, what="SignatureMethod", served=", ".join(sorted(signer.algorithms)))


def _verify_signature(
    message: SecuredEnvelope,
    signed_info: SignedInfo,
    certificate: x509.Certificate,
    attachments: Attachments,
    now: datetime,
) -> None:
    verifier = _Verifier(signed_info.references, attachments)
    try:
        results = verifier.verify(
            message.signature,
            x509_cert=certificate,
            # Its shape was checked, more narrowly; signxml's schema knows no InclusiveNamespaces, which WSS4J sends.
            validate_schema=False,
            parser=etree.XMLParser(resolve_entities=False, no_network=True),
            expect_config=SignatureConfiguration(
                location="./",
                # False: any number. The Verifier holds each one against what was read.
                expect_references=False,
                signature_methods=_METHODS,
                digest_algorithms=_DIGESTS,
                verification_time=now,
            ),
        )
    except Refused:
        raise
    except (SignXMLException, ValueError, TypeError, etree.LxmlError) as error:
        raise Refused(SIGNATURE_VALUE, detail=f"{type(error).__name__}: {error}"[:200]) from None
    if not isinstance(results, list) or len(results) != len(signed_info.references):
        raise Refused(SIGNATURE_VALUE, detail="signxml saw other references")


class _Verifier(XMLVerifier):
    """signxml's verifier, whose References are the nodes that were found by position.

    Parameters
    ----------
    references
        In the order of SignedInfo.
    """

    def __init__(self, references: Sequence[Reference], attachments: Attachments) -> None:
        self._references = references
        self._attachments = attachments

    def _verify_reference(  # type: ignore[override,unused-ignore]
        self,
        reference: etree._Element,
        index: int,
        root: etree._Element,
        uri_resolver: Any,
        c14n_algorithm: Any,
        signature: etree._Element,
        signature_key_used: Any,
    ) -> VerifyResult:
        """Compare the digest that the verified SignedInfo names with that of the node."""
        expected = self._references[index]
        if reference.get("URI") != expected.uri:
            raise Refused(SIGNATURE_VALUE, detail="signxml saw another reference")
        value = base64.b64decode("".join((reference.findtext(names.DIGEST_VALUE) or "").split()))
        computed = digest_of(expected.node, expected.prefixes, expected.digest, self._attachments)
        if not hmac.compare_digest(value, computed):
            raise Refused(DIGEST, what=names.spoken(str(expected.node.tag)))
        return VerifyResult(b"", None, signature, b"")

    def _get_inclusive_ns_prefixes(self, transform_node: etree._Element) -> list[str] | None:
        """Take any white space between prefixes (BSP 1.1 R5415), where signxml splits at blanks."""
        return list(prefixes_of(transform_node)) or None


def _signature_value(signature: etree._Element) -> bytes:
    (value,) = signature.iterchildren(names.SIGNATURE_VALUE)
    try:
        return base64.b64decode("".join((value.text or "").split()), validate=True)
    except ValueError:
        raise Refused(SIGNATURE_VALUE, detail="no base64") from None


def _text(element: etree._Element) -> str:
    return (element.text or "").strip()
