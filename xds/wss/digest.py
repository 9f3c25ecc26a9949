"""The digest of a node as the infoset has it: attachments count as inlined base64, computed while they are read.

A marker stands for each attachment while the node is canonicalized; the hash is then fed with the text between the
markers and the base64 of the parts, so that memory does not depend on their size (security 2.3).
"""

import binascii
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from cryptography.hazmat.primitives import hashes
from lxml import etree

from xds.wss.refusals import CANONICAL, Refused
from xds.xml.namespaces import XOP_INCLUDE

Pieces = Callable[[], Iterable[bytes]]
"""Begins the octets of an attachment anew at each call."""
Attachments = Mapping[str, Pieces]
"""By the href of the xop:Include that stands for them."""

_GROUP: Final = 3  # octets that make four characters of base64


def base64_pieces(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Encode octets as they come: canonical base64, without white space, padded at the end only."""
    kept = b""
    for piece in pieces:
        octets = kept + piece if kept else piece
        whole = len(octets) - len(octets) % _GROUP
        kept = octets[whole:]
        yield binascii.b2a_base64(memoryview(octets)[:whole], newline=False)
    if kept:
        yield binascii.b2a_base64(kept, newline=False)


def canonical(node: etree._Element, prefixes: Sequence[str] = ()) -> bytes:
    """Return the exclusive C14N of a node where it stands, without comments.

    Raises
    ------
    Refused
        It has none: a relative namespace name (C14N 1.0, 2.3).
    """
    try:
        return etree.tostring(
            node,
            method="c14n",
            exclusive=True,
            with_comments=False,
            inclusive_ns_prefixes=list(prefixes) or None,
        )
    except (etree.C14NError, ValueError) as error:
        raise Refused(CANONICAL, detail=type(error).__name__) from None


def digest_of(
    node: etree._Element,
    prefixes: Sequence[str],
    algorithm: type[hashes.HashAlgorithm],
    attachments: Attachments,
) -> bytes:
    """Return the digest of a node with the attachments inlined that it refers to.

    Raises
    ------
    Refused
        The node has no canonical form.
    KeyError
        An xop:Include without attachment.
    """
    hasher = hashes.Hash(algorithm())
    with _marked(node, attachments) as marks:
        octets = canonical(node, prefixes)
    at = 0
    for marker, pieces in marks:
        if octets.count(marker) != 1:
            raise Refused(CANONICAL, detail="a marker is not there once")
        found = octets.index(marker)
        hasher.update(octets[at:found])
        for piece in base64_pieces(pieces()):
            hasher.update(piece)
        at = found + len(marker)
    hasher.update(octets[at:] if at else octets)
    return hasher.finalize()


@contextmanager
def _marked(node: etree._Element, attachments: Attachments) -> Iterator[list[tuple[bytes, Pieces]]]:
    """Put a text that nobody can guess in the place of each xop:Include for the block, in document order."""
    token = secrets.token_hex(16)
    marks: list[tuple[bytes, Pieces]] = []
    taken: list[tuple[etree._Element, etree._Element, str | None, str | None]] = []
    try:
        for number, include in enumerate(list(node.iter(XOP_INCLUDE))):
            pieces = attachments[include.get("href", "")]
            parent = include.getparent()
            assert parent is not None  # noqa: S101  # the node is no Include itself
            marker = f"xds-{token}-{number}-"
            taken.append((parent, include, parent.text, include.tail))
            text = f"{parent.text or ''}{marker}{include.tail or ''}"
            parent.remove(include)
            parent.text = text
            marks.append((marker.encode(), pieces))
        yield marks
    finally:
        for parent, include, before, after in taken:
            parent.text, include.tail = before, after
            parent.append(include)
