"""Metadata in PostgreSQL; nothing else in the house speaks to it."""

from xds.store.access import Conflict, StoreBusy, StoreUnavailable
from xds.store.facts import FactsReader
from xds.store.housekeeping import Housekeeping
from xds.store.queries import FoundObject, QueryStore, RegistryReader
from xds.store.repository import (
    EarlierSubmission,
    PendingSubmission,
    ProvidedDocument,
    RepositoryStore,
    ServedDocument,
)
from xds.store.submissions import SubmissionStore

__all__ = [
    "Conflict",
    "EarlierSubmission",
    "FactsReader",
    "FoundObject",
    "Housekeeping",
    "PendingSubmission",
    "ProvidedDocument",
    "QueryStore",
    "RegistryReader",
    "RepositoryStore",
    "ServedDocument",
    "StoreBusy",
    "StoreUnavailable",
    "SubmissionStore",
]
