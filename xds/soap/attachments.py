"""xop:Include and inline base64: where the content of each xds:Document of a request is (ITI TF-2 V.8)."""

import base64
import binascii
from collections.abc import Mapping
from typing import Final

from lxml import etree

from xds.documents import Spool, SpooledDocument
from xds.mime import content_id_of_href
from xds.soap.faults import (
    BASE64,
    PART_MISSING,
    PART_TWICE,
    PART_UNUSED,
    REFERRED_TWICE,
    XOP_INCLUDE,
    Phrase,
    SoapFault,
)
from xds.xml.namespaces import XDSB
from xds.xml.namespaces import XOP_INCLUDE as INCLUDE

DOCUMENT: Final = f"{{{XDSB}}}Document"
_INLINED: Final = 64 * 1024
"""Octets of a part that may stand for base64 text elsewhere than in a Document (certificates, signatures)."""

_ROOT: Final = Phrase(
    "it is the root; put it within an element", "il est la racine ; placez-le dans un élément"
)
_ONLY_CONTENT: Final = Phrase(
    "it must be the element's only content", "il doit être le seul contenu de l'élément"
)
_TOO_LONG: Final = Phrase(
    f"a part of more than {_INLINED} octets may only stand for a Document",
    f"une partie de plus de {_INLINED} octets ne peut tenir lieu que d'un Document",
)
_NAMELESS: Final = Phrase("without a Content-ID", "sans Content-ID")


def resolve_includes(
    root: etree._Element, parts: Mapping[str, SpooledDocument]
) -> tuple[etree._Element, ...]:
    """Check that every xop:Include has its part and every part its xop:Include.

    Outside xds:Document an Include is replaced by the base64 text it stands for.

    Returns
    -------
    The elements whose Include was replaced.

    Raises
    ------
    SoapFault
        A part that is missing, referred to twice or never, or an Include that is not its parent's only content.
    """
    used: set[str] = set()
    replaced: list[etree._Element] = []
    for include in list(root.iter(INCLUDE)):
        parent = include.getparent()
        if parent is None:
            raise SoapFault(XOP_INCLUDE, parent="", detail=_ROOT)
        content_id = content_id_of_href(include.get("href", ""))
        where = etree.QName(parent).localname
        if len(parent) != 1 or (parent.text or "").strip() or (include.tail or "").strip():
            raise SoapFault(XOP_INCLUDE, parent=where, detail=_ONLY_CONTENT)
        part = parts.get(content_id)
        if part is None:
            raise SoapFault(PART_MISSING, content_id=content_id)
        if content_id in used:
            raise SoapFault(PART_TWICE, content_id=content_id, how=REFERRED_TWICE)
        used.add(content_id)
        if parent.tag != DOCUMENT:
            if part.size > _INLINED:
                raise SoapFault(XOP_INCLUDE, parent=where, detail=_TOO_LONG)
            parent.remove(include)
            with part.open() as octets:
                parent.text = base64.b64encode(octets.read()).decode()
            replaced.append(parent)
    for content_id in parts:
        if content_id not in used:
            raise SoapFault(PART_UNUSED, content_id=content_id or _NAMELESS)
    return tuple(replaced)


def document_content(
    document: etree._Element, parts: Mapping[str, SpooledDocument], spool: Spool
) -> SpooledDocument:
    """Return the content of one xds:Document: its part, or its base64 text decoded into the spool.

    Raises
    ------
    SoapFault
        The text is not base64.
    """
    include = document.find(INCLUDE)
    if include is not None:
        return parts[content_id_of_href(include.get("href", ""))]
    name = document.get("id", "")
    if len(document):
        found = etree.QName(document[0]).localname
        raise SoapFault(BASE64, document=name, detail=f"it holds an element {found}")
    try:
        octets = base64.b64decode("".join((document.text or "").split()), validate=True)
    except binascii.Error as error:
        raise SoapFault(BASE64, document=name, detail=str(error)) from None
    return spool.receive((octets,), len(octets))
