"""The Document Registry: one module per transaction."""

from xds.registry.iti18 import QueryPolicy, RegistryStoredQuery
from xds.registry.iti42 import RegisterDocumentSet

__all__ = ["QueryPolicy", "RegisterDocumentSet", "RegistryStoredQuery"]
