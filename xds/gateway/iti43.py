"""ITI-43 at an Initiating Gateway: each document from the community that it belongs to (ITI TF-2 3.43, 3.39)."""

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from lxml import etree

from xds.audit import document_facts
from xds.documents import PassingDocument, PassingParts, Spool
from xds.ebxml import RetrievedDocument, decode_retrieve_request
from xds.gateway.communities import Communities, Community
from xds.gateway.fan_out import FanOut, Leg
from xds.gateway.iti18 import unknown_community
from xds.gateway.path import onward
from xds.gateway.retrieval import JoinedDocuments, by_home
from xds.model import (
    DocumentRequest,
    MissingHomeCommunityId,
    RegistryResponse,
    TooManyResults,
    UnavailableCommunity,
)
from xds.soap import Handler, Reply, Request
from xds.transactions import ITI_39

_Answer = tuple[RegistryResponse, list[tuple[RetrievedDocument, PassingDocument]]]


class InitiatingRetrieve:
    """The transaction.

    Parameters
    ----------
    local
        ITI-43 of this community's repository.
    spool
        Where documents of other communities wait: their sizes are known before the first is sent on.
    limit
        Documents of one request at most.
    document_bytes
        Octets of one document at most.
    """

    transaction: ClassVar = "ITI-43"

    def __init__(
        self,
        local: Handler,
        communities: Communities,
        fan_out: FanOut,
        spool: Spool,
        *,
        limit: int,
        document_bytes: int,
    ) -> None:
        self._local = local
        self._communities = communities
        self._fan_out = fan_out
        self._spool = spool
        self._limit = limit
        self._document_bytes = document_bytes

    def __call__(self, body: etree._Element, request: Request) -> Reply:
        """Answer a xds:RetrieveDocumentSetRequest."""
        requests, malformed = decode_retrieve_request(body)
        if len(requests) > self._limit:
            raise TooManyResults(f"{len(requests)} documents are asked for, at most {self._limit} are served")
        joined = JoinedDocuments(findings=list(malformed))
        asked_here: list[DocumentRequest] = []
        elsewhere: list[tuple[Community, list[DocumentRequest]]] = []
        for home, asked in by_home(requests).items():
            community = self._communities.of(home) if home else None
            if home and self._communities.is_own(home):
                asked_here += asked
            elif community is not None:
                elsewhere.append((community, asked))
            else:
                self._refuse(joined, home, asked)
        answers = self._fan_out.start(self._legs(elsewhere, request)) if elsewhere else list
        if asked_here:
            joined.add_local(self._local, asked_here, request)
        for (_, asked), answer in zip(elsewhere, answers(), strict=True):
            if isinstance(answer, UnavailableCommunity):
                joined.findings += [answer.at(item.document_unique_id) for item in asked]
                continue
            response, documents = answer
            joined.findings += response.findings
            for document, source in documents:
                joined.add(document, source)
        return joined.reply(requests, request)

    def _legs(
        self, elsewhere: Sequence[tuple[Community, Sequence[DocumentRequest]]], request: Request
    ) -> list[Leg[_Answer]]:
        blocks = onward(request, self._communities.own)
        return [
            Leg(
                community=community,
                number=ITI_39.number,
                caller=request.caller,
                ask=partial(self._ask, community, asked, blocks),
                facts=document_facts(asked),
            )
            for community, asked in elsewhere
        ]

    def _refuse(self, joined: JoinedDocuments, home: str, asked: Sequence[DocumentRequest]) -> None:
        for item in asked:
            if home:
                error = unknown_community(home, self._communities).at(item.document_unique_id)
                joined.findings.append(error)
                continue
            missing = "HomeCommunityId is missing; send the home that the DocumentEntry had in the answer of the query"
            joined.findings.append(MissingHomeCommunityId(missing, location=item.document_unique_id))

    def _ask(
        self, community: Community, asked: Sequence[DocumentRequest], blocks: Sequence[etree._Element]
    ) -> tuple[RegistryResponse, _Answer]:
        parts = PassingParts(self._spool, self._document_bytes)
        response, documents = community.gateway.retrieve(asked, parts, blocks=blocks)
        return response, (
            response,
            [(document, parts.documents[content_id]) for document, content_id in documents],
        )
