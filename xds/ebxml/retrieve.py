"""xds:RetrieveDocumentSetRequest and -Response (ITI TF-2 3.43.4.1.2, 3.43.5)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from lxml import etree

from xds.ebxml.response import REGISTRY_RESPONSE, decode_registry_response, encode_registry_response
from xds.ebxml.text import escape
from xds.model import DocumentRequest, RegistryResponse, RepositoryError, ResponseStatus, XdsError
from xds.xml.namespaces import XDSB, XOP

RETRIEVE_REQUEST: Final = f"{{{XDSB}}}RetrieveDocumentSetRequest"
RETRIEVE_RESPONSE: Final = f"{{{XDSB}}}RetrieveDocumentSetResponse"
DOCUMENT: Final = f"{{{XDSB}}}Document"
_DOCUMENT_REQUEST = f"{{{XDSB}}}DocumentRequest"
_DOCUMENT_RESPONSE = f"{{{XDSB}}}DocumentResponse"


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrievedDocument:
    """One xds:DocumentResponse; its octets travel as the MIME part `content_id`."""

    repository_unique_id: str
    document_unique_id: str
    mime_type: str
    home_community_id: str | None = None
    new_repository_unique_id: str | None = None
    new_document_unique_id: str | None = None
    content_id: str | None = None


def encode_retrieve_request(requests: Iterable[DocumentRequest]) -> bytes:
    """Encode a xds:RetrieveDocumentSetRequest."""
    inner = encode_document_requests(requests)
    return (
        f'<xds:RetrieveDocumentSetRequest xmlns:xds="{XDSB}">{inner}</xds:RetrieveDocumentSetRequest>'
    ).encode()


def encode_document_requests(requests: Iterable[DocumentRequest]) -> str:
    """Encode xds:DocumentRequests, for this request and that of ITI-86."""
    return "".join(
        [
            f"<xds:DocumentRequest>{_optional('HomeCommunityId', item.home_community_id)}"
            f"<xds:RepositoryUniqueId>{escape(item.repository_unique_id)}</xds:RepositoryUniqueId>"
            f"<xds:DocumentUniqueId>{escape(item.document_unique_id)}</xds:DocumentUniqueId>"
            "</xds:DocumentRequest>"
            for item in requests
        ]
    )


def decode_retrieve_request(
    element: etree._Element,
) -> tuple[tuple[DocumentRequest, ...], tuple[XdsError, ...]]:
    """Decode the DocumentRequests of ITI-43 or ITI-86; an incomplete one is a finding of its own."""
    requests, findings = [], []
    for index, item in enumerate(element.iterfind(_DOCUMENT_REQUEST), start=1):
        repository, document = _text(item, "RepositoryUniqueId"), _text(item, "DocumentUniqueId")
        if not repository or not document:
            missing = "DocumentUniqueId" if repository else "RepositoryUniqueId"
            findings.append(
                RepositoryError(
                    f"DocumentRequest {index} has no {missing}; both it and its pair are needed",
                    location=document or "",
                )
            )
            continue
        requests.append(
            DocumentRequest(
                repository_unique_id=repository,
                document_unique_id=document,
                home_community_id=_text(item, "HomeCommunityId"),
            )
        )
    if not requests and not findings:
        findings.append(RepositoryError("the request names no document; send at least one DocumentRequest"))
    return tuple(requests), tuple(findings)


def encode_retrieve_response(response: RegistryResponse, documents: Iterable[RetrievedDocument]) -> bytes:
    """Encode a xds:RetrieveDocumentSetResponse, each document as a reference to its part."""
    inner = "".join([_encode_document(item) for item in documents])
    return (
        f'<xds:RetrieveDocumentSetResponse xmlns:xds="{XDSB}" xmlns:xop="{XOP}">'.encode()
        + encode_registry_response(response)
        + f"{inner}</xds:RetrieveDocumentSetResponse>".encode()
    )


def _encode_document(item: RetrievedDocument) -> str:
    return (
        f"<xds:DocumentResponse>{_optional('HomeCommunityId', item.home_community_id)}"
        f"<xds:RepositoryUniqueId>{escape(item.repository_unique_id)}</xds:RepositoryUniqueId>"
        f"<xds:DocumentUniqueId>{escape(item.document_unique_id)}</xds:DocumentUniqueId>"
        f"{_optional('NewRepositoryUniqueId', item.new_repository_unique_id)}"
        f"{_optional('NewDocumentUniqueId', item.new_document_unique_id)}"
        f"<xds:mimeType>{escape(item.mime_type)}</xds:mimeType>"
        # No white space around the reference: XOP says it stands for the whole content (ITI TF-2 V.8.3).
        f'<xds:Document><xop:Include href="cid:{escape(item.content_id or "")}"/></xds:Document>'
        "</xds:DocumentResponse>"
    )


def decode_retrieve_response(
    element: etree._Element,
) -> tuple[RegistryResponse, tuple[tuple[RetrievedDocument, etree._Element | None], ...]]:
    """Decode a xds:RetrieveDocumentSetResponse: each document with its xds:Document element."""
    status = element.find(REGISTRY_RESPONSE)
    # An absent one is never a success that nobody stated.
    absent = RegistryResponse(status=ResponseStatus.FAILURE)
    response = absent if status is None else decode_registry_response(status)
    documents = []
    for item in element.iterfind(_DOCUMENT_RESPONSE):
        document = RetrievedDocument(
            repository_unique_id=_text(item, "RepositoryUniqueId") or "",
            document_unique_id=_text(item, "DocumentUniqueId") or "",
            mime_type=_text(item, "mimeType") or "",
            home_community_id=_text(item, "HomeCommunityId"),
            new_repository_unique_id=_text(item, "NewRepositoryUniqueId"),
            new_document_unique_id=_text(item, "NewDocumentUniqueId"),
        )
        documents.append((document, item.find(DOCUMENT)))
    return response, tuple(documents)


def _optional(name: str, value: str | None) -> str:
    return "" if value is None else f"<xds:{name}>{escape(value)}</xds:{name}>"


def _text(parent: etree._Element, name: str) -> str | None:
    found = parent.findtext(f"{{{XDSB}}}{name}")
    return None if found is None else found.strip()
