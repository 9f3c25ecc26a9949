"""Rules of ITI-86 Remove Documents: which of the documents named are ours to remove (RMD, ITI TF-2 3.86.4.1)."""

from collections.abc import Iterator, Sequence
from typing import Final

from xds.model import (
    DocumentRequest,
    DocumentUniqueIdError,
    RepositoryError,
    UnknownCommunity,
    UnknownRepositoryId,
    XdsError,
)
from xds.rules import retrieval
from xds.rules.retrieval import DocumentCase, RetrievalCase
from xds.rules.rule import Found, Rule, RuleBook, RulePolicy, run

_SECTION: Final = "RMD, ITI TF-2 3.86.4.1"
_ANY: Final = RulePolicy()  # no level lowers these rules
_WHOLE: Final[RuleBook[RetrievalCase]] = RuleBook(_SECTION, ("ITI-86",))
_EACH: Final[RuleBook[DocumentCase]] = RuleBook(_SECTION, ("ITI-86",))


@_WHOLE.rule(
    "86-request",
    error=RepositoryError,
    title="At least one document is named.",
    remedy="Send a DocumentRequest for each document to be removed",
    essential=True,
)
def request(case: RetrievalCase) -> Iterator[Found]:
    """An empty list removes nothing, which nobody can have meant."""
    if not case.requests:
        yield "DocumentRequest", "No DocumentRequest found"


@_WHOLE.rule(
    "86-limit",
    error=RepositoryError,
    section="ours: a limit of this repository",
    title="No more documents are removed at once than the limit.",
    remedy="Remove them in several requests",
    essential=True,
)
def limit(case: RetrievalCase) -> Iterator[Found]:
    """That of ITI-43."""
    count = len(case.requests)
    if count > case.limit:
        yield "DocumentRequest", f"{count} documents are named, at most {case.limit} are removed"


# A document is named as in ITI-43, and the same is wrong with a name.
_EACH.rule(
    "86-home",
    error=UnknownCommunity,
    title="HomeCommunityId, if sent, is that of this community.",
    remedy="Leave it out, or send this community's",
    essential=True,
)(retrieval.home)
_EACH.rule(
    "86-repository",
    error=UnknownRepositoryId,
    title="RepositoryUniqueId is that of this repository.",
    remedy="Ask the repository that the document's entry names",
    essential=True,
)(retrieval.repository)
_EACH.rule(
    "86-unique-id",
    error=DocumentUniqueIdError,
    title="DocumentUniqueId names a document.",
    remedy="Send the uniqueId of the document's entry",
    essential=True,
)(retrieval.unique_id)

DOCUMENT_REMOVAL: Final[tuple[Rule[RetrievalCase], ...]] = _WHOLE.rules
EACH_DOCUMENT_REMOVAL: Final[tuple[Rule[DocumentCase], ...]] = _EACH.rules


def check_document_removal(
    requests: Sequence[DocumentRequest],
    repository_unique_id: str,
    home_community_id: str | None,
    limit: int,
) -> tuple[list[DocumentRequest], list[XdsError]]:
    """Divide a request into what is to be removed and what is refused, as `check_retrieval` does."""
    if findings := run(DOCUMENT_REMOVAL, RetrievalCase(requests, limit), _ANY):
        return [], findings
    wanted: dict[str, DocumentRequest] = {}
    for item in requests:
        case = DocumentCase(item, repository_unique_id, home_community_id)
        if refused := run(EACH_DOCUMENT_REMOVAL, case, _ANY):
            findings.append(refused[0])
        else:
            wanted.setdefault(item.document_unique_id, item)
    return list(wanted.values()), findings
