"""Rules of ITI-43: which of the documents asked for are ours to serve (ITI TF-2 3.43.4.1.3, 3.43.5)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from xds.model import (
    DocumentRequest,
    DocumentUniqueIdError,
    InstanceRequest,
    RepositoryError,
    TooManyResults,
    UnknownCommunity,
    UnknownRepositoryId,
    XdsError,
    oid_urn,
)
from xds.rules.rule import Found, Rule, RuleBook, RulePolicy, run
from xds.rules.wording import quoted

RETRIEVE_LIMIT = 200
"""Documents of one request, if the settings do not say otherwise."""
_ANY: Final = RulePolicy()  # no level lowers these rules


@dataclass(frozen=True, slots=True)
class RetrievalCase:
    """A whole RetrieveDocumentSetRequest."""

    requests: Sequence[DocumentRequest]
    limit: int


@dataclass(frozen=True, slots=True)
class DocumentCase:
    """One document asked for, and who is asked."""

    request: DocumentRequest
    repository_unique_id: str
    home_community_id: str | None


_WHOLE: Final[RuleBook[RetrievalCase]] = RuleBook("ITI TF-2 3.43.4.1.2", ("ITI-43",))
_EACH: Final[RuleBook[DocumentCase]] = RuleBook("ITI TF-2 3.43.5", ("ITI-43",))


@_WHOLE.rule(
    "43-request",
    error=RepositoryError,
    title="At least one document is asked for.",
    remedy="Ask for at least one document",
    essential=True,
)
def request(case: RetrievalCase) -> Iterator[Found]:
    """An empty request has no answer that the standard allows."""
    if not case.requests:
        yield "DocumentRequest", "No DocumentRequest found"


@_WHOLE.rule(
    "43-limit",
    error=TooManyResults,
    section="ours: a limit of this repository",
    title="No more documents are asked for at once than the limit.",
    remedy="Ask in several requests",
    essential=True,
)
def limit(case: RetrievalCase) -> Iterator[Found]:
    """Nothing is served beyond it."""
    count = len(case.requests)
    if count > case.limit:
        yield "", f"{count} documents are asked for, at most {case.limit} are served"


@_EACH.rule(
    "43-home",
    error=UnknownCommunity,
    title="HomeCommunityId, if sent, is that of this community.",
    remedy="Leave it out, or send this community's",
    essential=True,
)
def home(case: DocumentCase) -> Iterator[Found]:
    """Only judged where this community has one; a bare OID is taken for its URN."""
    yield from other_community(case.request, case.home_community_id)


@_EACH.rule(
    "43-repository",
    error=UnknownRepositoryId,
    title="RepositoryUniqueId is that of this repository.",
    remedy="Send the repositoryUniqueId of the document's entry",
    essential=True,
)
def repository(case: DocumentCase) -> Iterator[Found]:
    """Every request names the repository that it means."""
    asked, ours = case.request.repository_unique_id, case.repository_unique_id
    if asked != ours:
        what = f"{quoted(asked)} is not this repository, which is {ours}"
        yield case.request.document_unique_id, what


@_EACH.rule(
    "43-unique-id",
    error=DocumentUniqueIdError,
    title="DocumentUniqueId names a document.",
    remedy="Send the uniqueId of the document's entry",
    essential=True,
)
def unique_id(case: DocumentCase) -> Iterator[Found]:
    """Whether there is such a document is found when it is opened."""
    if not case.request.document_unique_id:
        yield "", "DocumentUniqueId is empty"


def other_community(request: DocumentRequest | InstanceRequest, ours: str | None) -> Iterator[Found]:
    """Tell a request for another community, of a document or of an image; a bare OID is taken for its URN."""
    asked = request.home_community_id
    if asked and ours and oid_urn(asked) != oid_urn(ours):
        what = f"homeCommunityId {quoted(asked)} is not this community, which is {oid_urn(ours)}"
        yield request.document_unique_id, what


RETRIEVAL: Final[tuple[Rule[RetrievalCase], ...]] = _WHOLE.rules
DOCUMENT_RETRIEVAL: Final[tuple[Rule[DocumentCase], ...]] = _EACH.rules


def check_retrieval(
    requests: Sequence[DocumentRequest],
    repository_unique_id: str,
    home_community_id: str | None = None,
    limit: int = RETRIEVE_LIMIT,
) -> tuple[list[DocumentRequest], list[XdsError]]:
    """Divide a request into what is served and what is refused.

    A document that is asked for twice is served once: its uniqueId names it in the answer.

    Returns
    -------
    The requests to serve, in their order, and one finding per refused one; its location is the document's
    uniqueId. Beyond the limit nothing is served.
    """
    if findings := run(RETRIEVAL, RetrievalCase(requests, limit), _ANY):
        return [], findings
    served: dict[str, DocumentRequest] = {}
    for item in requests:
        # The first rule that refuses it speaks: of another repository's document nothing else is known.
        refused = run(DOCUMENT_RETRIEVAL, DocumentCase(item, repository_unique_id, home_community_id), _ANY)
        if refused:
            findings.append(refused[0])
        else:
            served.setdefault(item.document_unique_id, item)
    return list(served.values()), findings
