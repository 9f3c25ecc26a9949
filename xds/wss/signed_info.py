"""What a signature says it covers, and whether that is what it must cover (security 2.1, steps 4 to 6)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from cryptography.hazmat.primitives import hashes
from lxml import etree

from xds.wss import names
from xds.wss.algorithms import (
    DIGESTS,
    SERVED_DIGESTS,
    SERVED_SIGNATURES,
    SHA1,
    SIGNATURES,
    SignatureAlgorithm,
)
from xds.wss.refusals import (
    ALGORITHM,
    ID_TWICE,
    NOT_SIGNED,
    REFERENCE_URI,
    REFERENCES,
    SIGNATURE_SHAPE,
    SIGNED_ELSEWHERE,
    TRANSFORM,
    Refused,
)
from xds.wss.structure import SecuredEnvelope
from xds.xml.namespaces import EXC_C14N

_LEAST: Final = 5
_MOST: Final = 12
# xml:id is "id" of the XML namespace. "id" in lower case is left out: in ITI-41 Document and ExtrinsicObject
# rightly share one.
_IDS: Final[Any] = etree.XPath("//@*[local-name()='Id' or local-name()='ID']|//@xml:id")
_OTHER_IDS: Final[Any] = etree.XPath("//@*[local-name()='id']")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One ds:Reference with the node that it names."""

    uri: str
    node: etree._Element
    digest: type[hashes.HashAlgorithm]
    prefixes: tuple[str, ...]  # InclusiveNamespaces


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedInfo:
    """A ds:SignedInfo that keeps the profile."""

    algorithm: SignatureAlgorithm
    uses_sha1: bool
    references: tuple[Reference, ...]

    def covers(self, node: etree._Element) -> bool:
        """Tell whether a node, this very one, is signed."""
        return any(each.node is node for each in self.references)


def read_signed_info(message: SecuredEnvelope) -> SignedInfo:
    """Read SignedInfo and find the nodes that it names.

    Raises
    ------
    Refused
        An algorithm, transform or reference that is not served, an Id that is there twice, a part that must be
        signed and is not, or a signed element at another place than one that is read.
    """
    signed_info = _parts_of_signature(message.signature)
    ids = _id_table(message.root)
    canonicalization, method, *references = signed_info
    _check_shape(canonicalization, method, references)
    if canonicalization.get("Algorithm") != EXC_C14N:
        raise Refused(ALGORITHM, what="CanonicalizationMethod", served=EXC_C14N)
    prefixes_of(canonicalization)
    algorithm = SIGNATURES.get(method.get("Algorithm", ""))
    if algorithm is None or len(method):
        raise Refused(ALGORITHM, what="SignatureMethod", served=", ".join(SERVED_SIGNATURES))
    read = [_reference(each, number, ids) for number, each in enumerate(references, 1)]
    found = SignedInfo(
        algorithm=algorithm,
        uses_sha1=algorithm.is_sha1 or any(each.digest is DIGESTS[SHA1][1] for each in read),
        references=tuple(read),
    )
    _check_positions(message, found)
    return found


def prefixes_of(method: etree._Element) -> tuple[str, ...]:
    """Return the PrefixList of a C14N method or transform, in whatever white space it is written.

    Raises
    ------
    Refused
        It has other children.
    """
    children = list(method)
    if not children:
        return ()
    if len(children) > 1 or children[0].tag != names.INCLUSIVE_NAMESPACES or len(children[0]):
        raise Refused(
            SIGNATURE_SHAPE, what="ds:SignedInfo", expected="InclusiveNamespaces is a method's only child"
        )
    return tuple(children[0].get("PrefixList", "").split())


def _parts_of_signature(signature: etree._Element) -> list[etree._Element]:
    parts = list(signature)
    expected = [names.SIGNED_INFO, names.SIGNATURE_VALUE, names.KEY_INFO]
    if [part.tag for part in parts] != expected:
        raise Refused(
            SIGNATURE_SHAPE, what="ds:Signature", expected="SignedInfo, SignatureValue, KeyInfo, nothing else"
        )
    return list(parts[0])


def _check_shape(
    canonicalization: etree._Element, method: etree._Element, references: Sequence[etree._Element]
) -> None:
    if (
        canonicalization.tag != names.CANONICALIZATION_METHOD
        or method.tag != names.SIGNATURE_METHOD
        or any(each.tag != names.REFERENCE for each in references)
    ):
        raise Refused(
            SIGNATURE_SHAPE,
            what="ds:SignedInfo",
            expected="CanonicalizationMethod, SignatureMethod, then Reference elements",
        )
    if not _LEAST <= len(references) <= _MOST:
        raise Refused(REFERENCES, count=len(references), least=_LEAST, most=_MOST)


def _id_table(root: etree._Element) -> dict[str, etree._Element]:
    """Every Id of the message with its element; one that is there twice could name this to us and that to a peer."""
    table: dict[str, etree._Element] = {}
    for value in _IDS(root):
        if value in table:
            raise Refused(ID_TWICE)
        table[str(value)] = value.getparent()
    return table


def _reference(reference: etree._Element, number: int, ids: dict[str, etree._Element]) -> Reference:
    children = list(reference)
    if [child.tag for child in children] != [names.TRANSFORMS, names.DIGEST_METHOD, names.DIGEST_VALUE]:
        raise Refused(
            SIGNATURE_SHAPE, what=f"Reference {number}", expected="Transforms, DigestMethod, DigestValue"
        )
    transforms, method, _ = children
    steps = list(transforms)
    if len(steps) != 1 or steps[0].tag != names.TRANSFORM or steps[0].get("Algorithm") != EXC_C14N:
        raise Refused(TRANSFORM, number=number)
    served = DIGESTS.get(method.get("Algorithm", ""))
    if served is None or len(method):
        raise Refused(ALGORITHM, what="DigestMethod", served=", ".join(SERVED_DIGESTS))
    uri = reference.get("URI", "")
    node = ids.get(uri[1:]) if uri.startswith("#") else None
    if node is None or uri[1:] not in (node.get(names.WSU_ID), _assertion_id(node)):
        raise Refused(REFERENCE_URI, number=number)
    return Reference(uri=uri, node=node, digest=served[1], prefixes=prefixes_of(steps[0]))


def _assertion_id(node: etree._Element) -> str | None:
    """An assertion has no room for a wsu:Id (SAML 2.0 core 2.3.3)."""
    return node.get(names.ASSERTION_ID) if node.tag == names.ASSERTION else None


def _check_positions(message: SecuredEnvelope, signed_info: SignedInfo) -> None:
    """What stops wrapping: the signed nodes are those that stand where they are read, by identity."""
    others = {str(value) for value in _OTHER_IDS(message.root)}
    seen: list[etree._Element] = []
    # xml:id of the element itself is in both tables: a second one would have been found there.
    for number, reference in enumerate(signed_info.references, 1):
        if any(reference.node is each for each in seen):
            raise Refused(REFERENCE_URI, number=number)
        seen.append(reference.node)
        if reference.uri[1:] in others:
            raise Refused(ID_TWICE)
    for what, node in message.required().items():
        if not signed_info.covers(node):
            raise Refused(NOT_SIGNED, what=what)
    own = (message.body, message.timestamp, message.token, message.assertion)
    for number, reference in enumerate(signed_info.references, 1):
        node = reference.node
        if not any(node is each for each in own) and node.getparent() is not message.header:
            raise Refused(SIGNED_ELSEWHERE, number=number)
