"""Rules of ITI-43: which of the documents asked for are ours to serve (ITI TF-2 3.43.4.1.3, 3.43.5)."""

from collections.abc import Sequence

from xds.model import (
    DocumentRequest,
    DocumentUniqueIdError,
    RepositoryError,
    TooManyResults,
    UnknownCommunity,
    UnknownRepositoryId,
    XdsError,
    oid_urn,
)
from xds.rules.wording import quoted

RETRIEVE_LIMIT = 200
"""Documents of one request, if the settings do not say otherwise (security.md section 9)."""


def check_retrieval(
    requests: Sequence[DocumentRequest],
    repository_unique_id: str,
    home_community_id: str | None = None,
    limit: int = RETRIEVE_LIMIT,
) -> tuple[list[DocumentRequest], list[XdsError]]:
    """Divide a request into what is served and what is refused.

    A document that is asked for twice is served once: its uniqueId names it in the answer. A homeCommunityId
    is only judged where this community has one; a bare OID is taken for its URN.

    Returns
    -------
    The requests to serve, in their order, and one finding per refused one; its location is the document's
    uniqueId. Beyond the limit nothing is served.
    """
    if not requests:
        return [], [
            RepositoryError(
                "No DocumentRequest found. Ask for at least one document",
                location="DocumentRequest",
                rule="43-request",
            )
        ]
    if len(requests) > limit:
        return [], [
            TooManyResults(
                f"{len(requests)} documents are asked for, at most {limit} are served. Ask in several requests",
                rule="43-limit",
            )
        ]
    served: dict[str, DocumentRequest] = {}
    findings: list[XdsError] = []
    for request in requests:
        refused = _refusal(request, repository_unique_id, home_community_id)
        if refused is None:
            served.setdefault(request.document_unique_id, request)
        else:
            findings.append(refused)
    return list(served.values()), findings


def _refusal(
    request: DocumentRequest, repository_unique_id: str, home_community_id: str | None
) -> XdsError | None:
    unique_id, home = request.document_unique_id, request.home_community_id
    if home and home_community_id and oid_urn(home) != oid_urn(home_community_id):
        return UnknownCommunity(
            f"homeCommunityId {quoted(home)} is not this community. Send {oid_urn(home_community_id)}, or none",
            location=unique_id,
            rule="43-home",
        )
    if request.repository_unique_id != repository_unique_id:
        return UnknownRepositoryId(
            f"{quoted(request.repository_unique_id)} is not this repository, which is {repository_unique_id}."
            " Send the repositoryUniqueId of the document's entry",
            location=unique_id,
            rule="43-repository",
        )
    if not unique_id:
        return DocumentUniqueIdError(
            "DocumentUniqueId is empty. Send the uniqueId of the document's entry", rule="43-unique-id"
        )
    return None
