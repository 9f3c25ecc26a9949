"""The Document Repository: one module per transaction."""

from xds.repository.iti41 import ProvideAndRegisterDocumentSet
from xds.repository.iti43 import RetrieveDocumentSet
from xds.repository.registrar import Registrar, RegistrarUnavailable
from xds.repository.settle import settle_pending

__all__ = [
    "ProvideAndRegisterDocumentSet",
    "Registrar",
    "RegistrarUnavailable",
    "RetrieveDocumentSet",
    "settle_pending",
]
