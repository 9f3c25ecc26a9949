"""The Document Registry: one module per transaction."""

from xds.registry.iti18 import QueryPolicy, RegistryStoredQuery
from xds.registry.iti42 import RegisterDocumentSet
from xds.registry.iti62 import RemoveMetadata

__all__ = ["QueryPolicy", "RegisterDocumentSet", "RegistryStoredQuery", "RemoveMetadata"]
