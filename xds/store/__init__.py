"""Metadata in PostgreSQL; nothing else in the house speaks to it."""

from xds.store.facts import FactsReader
from xds.store.queries import FoundObject, QueryStore, RegistryReader
from xds.store.repository import (
    EarlierSubmission,
    PendingSubmission,
    ProvidedDocument,
    RepositoryStore,
    ServedDocument,
)
from xds.store.submissions import Conflict, SubmissionStore

__all__ = [
    "Conflict",
    "EarlierSubmission",
    "FactsReader",
    "FoundObject",
    "PendingSubmission",
    "ProvidedDocument",
    "QueryStore",
    "RegistryReader",
    "RepositoryStore",
    "ServedDocument",
    "SubmissionStore",
]
