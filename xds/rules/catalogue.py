"""Every rule there is, transaction by transaction: what `xds rules` lists and settings name."""

from itertools import chain
from typing import Any, Final

from xds.rules.decoding import NOTATION, STRUCTURE
from xds.rules.document_removal import DOCUMENT_REMOVAL, EACH_DOCUMENT_REMOVAL
from xds.rules.imaging_retrieval import IMAGING_RETRIEVAL, INSTANCE_RETRIEVAL
from xds.rules.manifests import MANIFESTS
from xds.rules.on_demand import ON_DEMAND_ONLY
from xds.rules.ownership import SENT
from xds.rules.patient_feed import PATIENT_FEED
from xds.rules.provision import PROVISION, SAME_DOCUMENT
from xds.rules.registration import REGISTRATION
from xds.rules.removal import REMOVAL
from xds.rules.restricted_update import RESTRICTED_UPDATE_ONLY
from xds.rules.retrieval import DOCUMENT_RETRIEVAL, RETRIEVAL
from xds.rules.rule import Rule
from xds.rules.stored_query import STORED_QUERY
from xds.rules.update import UPDATE_ONLY

_BOOKS: Final[tuple[tuple[Rule[Any], ...], ...]] = (
    STRUCTURE,
    PROVISION,
    SAME_DOCUMENT,
    MANIFESTS,
    REGISTRATION,
    SENT,
    NOTATION,
    STORED_QUERY,
    RETRIEVAL,
    DOCUMENT_RETRIEVAL,
    IMAGING_RETRIEVAL,
    INSTANCE_RETRIEVAL,
    REMOVAL,
    PATIENT_FEED,
    UPDATE_ONLY,
    RESTRICTED_UPDATE_ONLY,
    DOCUMENT_REMOVAL,
    EACH_DOCUMENT_REMOVAL,
    ON_DEMAND_ONLY,
)
"""One line for each book; a new transaction's is appended here."""

ALL_RULES: Final[tuple[Rule[Any], ...]] = tuple(chain.from_iterable(_BOOKS))
"""Their ids differ."""
