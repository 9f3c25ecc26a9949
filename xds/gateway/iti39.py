"""ITI-39 Cross Gateway Retrieve: the Expected Actions of the Responding Gateway (ITI TF-2 3.39.4.1.3)."""

from typing import ClassVar

from lxml import etree

from xds.ebxml import decode_retrieve_request
from xds.gateway.communities import Communities
from xds.gateway.retrieval import JoinedDocuments, by_home
from xds.model import MissingHomeCommunityId, UnknownCommunity, XdsError
from xds.soap import Handler, Reply, Request


class RespondingRetrieve:
    """The transaction: this community's own repository answers, and nobody else.

    Parameters
    ----------
    local
        ITI-43 of this community's repository.
    """

    transaction: ClassVar = "ITI-39"

    def __init__(self, local: Handler, communities: Communities) -> None:
        self._local = local
        self._communities = communities

    def __call__(self, body: etree._Element, request: Request) -> Reply:
        """Answer a xds:RetrieveDocumentSetRequest."""
        requests, malformed = decode_retrieve_request(body)
        own = self._communities.own
        joined = JoinedDocuments(findings=list(malformed))
        for home, asked in by_home(requests).items():
            if home and self._communities.is_own(home):
                joined.add_local(self._local, asked, request)
                continue
            for item in asked:
                error: XdsError = MissingHomeCommunityId(
                    f"HomeCommunityId is missing; of this community it is {own}",
                    location=item.document_unique_id,
                )
                if home:
                    what = f"homeCommunityId {home[:80]!r} is not this community, which is {own}"
                    error = UnknownCommunity(what, location=item.document_unique_id)
                joined.findings.append(error)
        # Both are asked for and no delimiter is given: an OID has no space (3.39.4.1.3).
        joined.findings[:] = [item.at(f"{item.location} {own}".strip()) for item in joined.findings]
        return joined.reply(requests, request)
