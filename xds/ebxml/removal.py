"""lcm:RemoveObjectsRequest and rmd:RemoveDocumentsRequest (Remove Metadata and Documents, ITI-62 and ITI-86)."""

from collections.abc import Iterable
from typing import Final

from lxml import etree

from xds.ebxml.retrieve import encode_document_requests
from xds.ebxml.text import escape
from xds.model import DocumentRequest, RemovalRequest
from xds.xml.namespaces import LCM, RIM, RMD, XDSB

REMOVE_OBJECTS_REQUEST: Final = f"{{{LCM}}}RemoveObjectsRequest"
REMOVE_DOCUMENTS_REQUEST: Final = f"{{{RMD}}}RemoveDocumentsRequest"
_ADHOC_QUERY = f"{{{RIM}}}AdhocQuery"
_OBJECT_REF_LIST = f"{{{RIM}}}ObjectRefList"
_OBJECT_REF = f"{{{RIM}}}ObjectRef"


def encode_remove_objects(object_ids: Iterable[str]) -> bytes:
    """Encode a lcm:RemoveObjectsRequest for objects by their entryUUID."""
    refs = "".join([f'<rim:ObjectRef id="{escape(item)}"/>' for item in object_ids])
    return (
        f'<lcm:RemoveObjectsRequest xmlns:lcm="{LCM}" xmlns:rim="{RIM}"><rim:ObjectRefList>{refs}'
        "</rim:ObjectRefList></lcm:RemoveObjectsRequest>"
    ).encode()


def decode_remove_objects(element: etree._Element) -> RemovalRequest:
    """Decode a lcm:RemoveObjectsRequest; the rules judge it."""
    ids, others = [], []
    for child in element.iterchildren(tag=etree.Element):
        if child.tag != _OBJECT_REF_LIST:
            continue
        for item in child.iterchildren(tag=etree.Element):
            if item.tag == _OBJECT_REF:
                ids.append(item.get("id", "").strip())
            else:
                others.append(etree.QName(item).localname)
    # Objects themselves, in the place of the list of references.
    others += [
        etree.QName(item).localname
        for item in element.iterchildren(tag=etree.Element)
        if item.tag not in (_OBJECT_REF_LIST, _ADHOC_QUERY) and etree.QName(item).namespace == RIM
    ]
    return RemovalRequest(
        object_ids=tuple(ids),
        deletion_scope=element.get("deletionScope"),
        has_query=element.find(_ADHOC_QUERY) is not None,
        others=tuple(others),
    )


def encode_remove_documents(requests: Iterable[DocumentRequest]) -> bytes:
    """Encode a rmd:RemoveDocumentsRequest; its documents are named as those of ITI-43."""
    return (
        f'<rmd:RemoveDocumentsRequest xmlns:rmd="{RMD}" xmlns:xds="{XDSB}">'
        f"{encode_document_requests(requests)}</rmd:RemoveDocumentsRequest>"
    ).encode()
