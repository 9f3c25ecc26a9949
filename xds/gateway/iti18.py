"""ITI-18 at an Initiating Gateway: a query that every community concerned answers (ITI TF-2 3.18.4.1.3, 3.38)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar

from lxml import etree

from xds.audit import query_facts
from xds.ebxml import (
    RawQueryResponse,
    decode_adhoc_query,
    encode_query_response,
    split_query_response,
    with_home,
)
from xds.gateway.communities import Communities, Community, names_patient
from xds.gateway.fan_out import FanOut, Leg
from xds.gateway.path import onward
from xds.model import (
    AdhocQuery,
    MissingHomeCommunityId,
    RegistryResponse,
    ResponseStatus,
    TooManyResults,
    UnknownCommunity,
    UnknownPatientId,
    XdsError,
)
from xds.soap import Handler, Reply, Request
from xds.transactions import ITI_38

_Answer = tuple[RawQueryResponse, list[XdsError]]


@dataclass(slots=True)
class _Joined:
    """Answers of several communities as one."""

    findings: list[XdsError] = field(default_factory=list)
    objects: list[bytes] = field(default_factory=list)
    answered: int = 0  # communities that did not fail

    def add(self, answer: RawQueryResponse) -> None:
        # Another community need not know the patient (3.38.4.1.3).
        kept = [item for item in answer.findings if item.code != UnknownPatientId.code]
        self.findings += kept
        self.objects += answer.objects
        self.answered += answer.status is not ResponseStatus.FAILURE or len(kept) < len(answer.findings)


class InitiatingQuery:
    """The transaction.

    Parameters
    ----------
    local
        ITI-18 of this community's registry.
    response_bytes
        Octets of an answer at most.
    """

    transaction: ClassVar = "ITI-18"

    def __init__(
        self, local: Handler, communities: Communities, fan_out: FanOut, *, response_bytes: int
    ) -> None:
        self._local = local
        self._communities = communities
        self._fan_out = fan_out
        self._response_bytes = response_bytes

    def __call__(self, body: etree._Element, request: Request) -> Reply:
        """Answer a query:AdhocQueryRequest."""
        query, malformed = decode_adhoc_query(body)
        request.trail.about(**query_facts(query, body))
        if malformed:
            return _reply(_Joined(findings=list(malformed)), request)
        asks_own, others = self._concerned(query)
        answers = self._fan_out.start(self._legs(others, query, body, request)) if others else list
        joined = _Joined()
        if asks_own:
            joined.add(split_query_response(self._local(body, request).body))
        for answer in answers():
            if isinstance(answer, XdsError):
                joined.findings.append(answer)
                continue
            raw, homeless = answer
            joined.findings += homeless
            joined.add(raw)
        self._check_size(joined)
        return _reply(joined, request)

    def _concerned(self, query: AdhocQuery) -> tuple[bool, Sequence[Community]]:
        """Whether this community is asked, and which others.

        Raises
        ------
        MissingHomeCommunityId, UnknownCommunity
        """
        home = (query.home_community_id or "").strip()
        if not home:
            if names_patient(query):
                return True, self._communities.others
            raise MissingHomeCommunityId(
                "a query by ids needs AdhocQuery/@home: send the homeCommunityId that the objects had in an earlier"
                " answer (ITI TF-2 3.18.4.1.2.3.8)"
            )
        if self._communities.is_own(home):
            return True, ()
        community = self._communities.of(home)
        if community is None:
            raise unknown_community(home, self._communities)
        return False, (community,)

    def _legs(
        self, communities: Sequence[Community], query: AdhocQuery, body: etree._Element, request: Request
    ) -> list[Leg[_Answer]]:
        blocks = onward(request, self._communities.own)
        octets = etree.tostring(body, with_tail=False)  # known parameters and unknown ones (3.38.4.1.1)
        return [
            Leg(
                community=item,
                number=ITI_38.number,
                caller=request.caller,
                ask=partial(_ask, item, octets, blocks),
                facts=query_facts(query, body),
            )
            for item in communities
        ]

    def _check_size(self, joined: _Joined) -> None:
        if sum(map(len, joined.objects)) > self._response_bytes:
            raise TooManyResults(
                f"the communities' answers have more than {self._response_bytes} octets together; add a filter, ask"
                " for ObjectRefs, or ask one community by AdhocQuery/@home"
            )


def unknown_community(home: str, communities: Communities) -> UnknownCommunity:
    """The finding for a homeCommunityId that is nobody's here."""
    known = ", ".join([communities.own, *(item.home_community_id for item in communities.others)])
    return UnknownCommunity(
        f"homeCommunityId {home[:80]!r} is not known to this gateway; it knows {known}", location=home[:80]
    )


def _ask(
    community: Community, body: bytes, blocks: Sequence[etree._Element]
) -> tuple[RegistryResponse, _Answer]:
    answer, homeless = with_home(community.gateway.query(body, blocks=blocks))
    response = RegistryResponse(status=answer.status, findings=answer.findings)
    if not homeless:
        return response, (answer, [])
    missing = MissingHomeCommunityId(
        f"{community.name} ({community.home_community_id}) returned {homeless} objects without a homeCommunityId; they"
        " are left out, for nobody could ask for them again",
        location=community.home_community_id,
    )
    return response, (answer, [missing])


def _reply(joined: _Joined, request: Request) -> Reply:
    response = RegistryResponse.of(joined.findings, done=joined.answered)
    request.trail.answered(response)
    return Reply(
        body=encode_query_response(response.status, joined.findings, joined.objects),
        outcome=response.outcome(f"{joined.answered} communities"),
    )
