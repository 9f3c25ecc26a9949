"""The Document Registry: one module per transaction."""

from xds.registry.iti18 import QueryPolicy, RegistryStoredQuery
from xds.registry.iti42 import RegisterDocumentSet
from xds.registry.iti44 import PatientIdentityFeedV3, acknowledged
from xds.registry.iti51 import MultiPatientStoredQuery
from xds.registry.iti57 import UpdateDocumentSet
from xds.registry.iti61 import RegisterOnDemandDocumentEntry
from xds.registry.iti62 import RemoveMetadata
from xds.registry.iti92 import RestrictedUpdateDocumentSet

__all__ = [
    "MultiPatientStoredQuery",
    "PatientIdentityFeedV3",
    "QueryPolicy",
    "RegisterDocumentSet",
    "RegisterOnDemandDocumentEntry",
    "RegistryStoredQuery",
    "RemoveMetadata",
    "RestrictedUpdateDocumentSet",
    "UpdateDocumentSet",
    "acknowledged",
]
