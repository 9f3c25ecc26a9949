"""Whose a document is, for partners that are held to what is their own (security digest 3, A1).

A document is of whoever provided it: the sourceId of its submission. What is another's is answered like a document that
is not there, so that nothing is learned by asking.
"""

from collections.abc import Sequence

from xds.access import Caller
from xds.model import DocumentRequest
from xds.rules import Owner, Policies
from xds.store import RepositoryStore


class Ownership:
    """Tells which of the documents that are named a caller may read, or remove."""

    def __init__(self, store: RepositoryStore, policies: Policies) -> None:
        self._store = store
        self._policies = policies

    def readable(
        self, requests: Sequence[DocumentRequest], caller: Caller
    ) -> tuple[list[DocumentRequest], list[DocumentRequest]]:
        """Divide a retrieval into what a caller may have and the rest; all, unless it reads its own only."""
        owner = self._policies.of(caller).owner
        return self._divided(requests, owner if owner is not None and owner.reads_own else None)

    def removable(
        self, requests: Sequence[DocumentRequest], caller: Caller
    ) -> tuple[list[DocumentRequest], list[DocumentRequest]]:
        """Divide a removal likewise: a partner's documents are removed by it alone."""
        return self._divided(requests, self._policies.of(caller).owner)

    def _divided(
        self, requests: Sequence[DocumentRequest], owner: Owner | None
    ) -> tuple[list[DocumentRequest], list[DocumentRequest]]:
        if owner is None or not requests:
            return list(requests), []
        sources = self._store.sources_of([item.document_unique_id for item in requests])
        own: list[DocumentRequest] = []
        others: list[DocumentRequest] = []
        for item in requests:
            known = sources.get(item.document_unique_id)
            (others if known is not None and not all(map(owner.has, known)) else own).append(item)
        return own, others
