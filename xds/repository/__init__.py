"""The Document Repository: one module per transaction."""

from xds.repository.deposit import Depositor
from xds.repository.erase import erase
from xds.repository.iti41 import ProvideAndRegisterDocumentSet
from xds.repository.iti43 import RetrieveDocumentSet
from xds.repository.iti86 import RemoveDocuments
from xds.repository.on_demand import MadeDocument, OnDemandPolicy, OnDemandSource
from xds.repository.ownership import Ownership
from xds.repository.provider import Draft, ImagingSummaryProvider, OnDemandProvider
from xds.repository.registrar import Registrar, RegistrarUnavailable
from xds.repository.settle import settle_pending

__all__ = [
    "Depositor",
    "Draft",
    "ImagingSummaryProvider",
    "MadeDocument",
    "OnDemandPolicy",
    "OnDemandProvider",
    "OnDemandSource",
    "Ownership",
    "ProvideAndRegisterDocumentSet",
    "Registrar",
    "RegistrarUnavailable",
    "RemoveDocuments",
    "RetrieveDocumentSet",
    "erase",
    "settle_pending",
]
