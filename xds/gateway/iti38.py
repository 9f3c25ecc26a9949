"""ITI-38 Cross Gateway Query: the Expected Actions of the Responding Gateway (ITI TF-2 3.38.4.1.3)."""

from typing import ClassVar

from lxml import etree

from xds.audit import query_facts
from xds.ebxml import decode_adhoc_query, encode_query_response, split_query_response
from xds.gateway.communities import Communities, names_patient
from xds.model import MissingHomeCommunityId, RegistryResponse, UnknownCommunity, XdsError
from xds.soap import Handler, Reply, Request


class RespondingQuery:
    """The transaction: this community's own registry answers, and nobody else.

    Parameters
    ----------
    local
        ITI-18 of this community's registry; it puts the homeCommunityId on every object.
    """

    transaction: ClassVar = "ITI-38"

    def __init__(self, local: Handler, communities: Communities) -> None:
        self._local = local
        self._communities = communities

    def __call__(self, body: etree._Element, request: Request) -> Reply:
        """Answer a query:AdhocQueryRequest."""
        query, _ = decode_adhoc_query(body)
        request.trail.about(**query_facts(query, body))
        own, home = self._communities.own, (query.home_community_id or "").strip()
        if home and not self._communities.is_own(home):
            return _refusal(
                UnknownCommunity(
                    f"homeCommunityId {home[:80]!r} is not this community, which is {own}", location=own
                ),
                request,
            )
        if not home and not names_patient(query):
            return _refusal(
                MissingHomeCommunityId(
                    f"a query by ids needs AdhocQuery/@home; of this community it is {own}", location=own
                ),
                request,
            )
        reply = self._local(body, request)
        answer = split_query_response(reply.body)
        request.trail.answered(RegistryResponse(status=answer.status, findings=answer.findings))
        if not answer.findings:
            return reply  # as it is nearly always
        findings = [item.at(own) for item in answer.findings]
        return Reply(
            body=encode_query_response(answer.status, findings, answer.objects), outcome=reply.outcome
        )


def _refusal(error: XdsError, request: Request) -> Reply:
    response = RegistryResponse.of([error])
    request.trail.answered(response)
    return Reply(body=encode_query_response(response.status, [error], ()), outcome=response.outcome())
