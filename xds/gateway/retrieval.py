"""A retrieval divided among those that hold the documents, and their answers joined again."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from lxml import etree

from xds.audit import document_facts
from xds.ebxml import (
    RetrievedDocument,
    decode_retrieve_response,
    encode_retrieve_request,
    encode_retrieve_response,
)
from xds.mime import content_id_of_href
from xds.model import DocumentRequest, RegistryResponse, XdsError
from xds.soap import DocumentSource, Handler, Reply, ReplyPart, Request
from xds.xml import parse
from xds.xml.namespaces import XOP_INCLUDE


@dataclass(slots=True)
class JoinedDocuments:
    """Documents and findings of several answers."""

    findings: list[XdsError] = field(default_factory=list)
    documents: list[RetrievedDocument] = field(default_factory=list)
    parts: list[ReplyPart] = field(default_factory=list)

    def add(self, document: RetrievedDocument, source: DocumentSource) -> None:
        """Add a document under a Content-ID of our own: those of two peers may be the same."""
        content_id = f"{uuid.uuid4()}@xds"
        self.documents.append(replace(document, content_id=content_id))
        self.parts.append(ReplyPart(content_id=content_id, mime_type=document.mime_type, source=source))

    def add_local(self, local: Handler, asked: Sequence[DocumentRequest], request: Request) -> None:
        """Add what this community's repository answers."""
        reply = local(parse(encode_retrieve_request(asked)), request)
        response, documents = decode_retrieve_response(parse(b"".join(reply.body)))
        self.findings += response.findings
        sources = {part.content_id: part.source for part in reply.parts}
        for document, element in documents:
            self.add(document, sources[_content_id(element)])

    def reply(self, asked: Sequence[DocumentRequest], request: Request) -> Reply:
        """All as one answer, and in the audit log what of it came and what did not."""
        response = RegistryResponse.of(self.findings, done=len(self.documents))
        came = {item.document_unique_id for item in self.documents}
        request.trail.about(**document_facts([item for item in asked if item.document_unique_id in came]))
        request.trail.about_failed(
            **document_facts([item for item in asked if item.document_unique_id not in came])
        )
        request.trail.answered(response)
        return Reply(
            body=(encode_retrieve_response(response, self.documents),),
            parts=self.parts,
            outcome=response.outcome(f"{len(self.documents)} documents"),
        )


def by_home(requests: Iterable[DocumentRequest]) -> dict[str, list[DocumentRequest]]:
    """Divide requests by homeCommunityId; those without one are under an empty text."""
    found: dict[str, list[DocumentRequest]] = {}
    for item in requests:
        found.setdefault((item.home_community_id or "").strip(), []).append(item)
    return found


def _content_id(element: etree._Element | None) -> str:
    include = None if element is None else element.find(XOP_INCLUDE)
    return "" if include is None else content_id_of_href(include.get("href", ""))
