"""The Document Registry: one module per transaction."""

from xds.registry.iti18 import QueryPolicy, RegistryStoredQuery
from xds.registry.iti42 import RegisterDocumentSet
from xds.registry.iti44 import PatientIdentityFeedV3, acknowledged
from xds.registry.iti51 import MultiPatientStoredQuery
from xds.registry.iti62 import RemoveMetadata

__all__ = [
    "MultiPatientStoredQuery",
    "PatientIdentityFeedV3",
    "QueryPolicy",
    "RegisterDocumentSet",
    "RegistryStoredQuery",
    "RemoveMetadata",
    "acknowledged",
]
