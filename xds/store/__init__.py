"""Metadata in PostgreSQL; nothing else in the house speaks to it."""

from xds.store.access import Conflict, Pool, StoreBusy, StoreUnavailable
from xds.store.binaries import EmbeddedPostgresError, locate_binaries
from xds.store.embedded import EmbeddedPostgres, default_data_folder
from xds.store.facts import FactsReader
from xds.store.housekeeping import Housekeeping
from xds.store.migrate import SchemaError, migrate
from xds.store.pool import open_pool, ping
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
    "EmbeddedPostgres",
    "EmbeddedPostgresError",
    "FactsReader",
    "FoundObject",
    "Housekeeping",
    "PendingSubmission",
    "Pool",
    "ProvidedDocument",
    "QueryStore",
    "RegistryReader",
    "RepositoryStore",
    "SchemaError",
    "ServedDocument",
    "StoreBusy",
    "StoreUnavailable",
    "SubmissionStore",
    "default_data_folder",
    "locate_binaries",
    "migrate",
    "open_pool",
    "ping",
]
