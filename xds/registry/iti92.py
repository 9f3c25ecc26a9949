"""ITI-92 Restricted Update Document Set: the Expected Actions of the Update Responder (RMU 3.92.4.1.3).

New versions of DocumentEntries, of this community and within the attributes that may change. The answer is Success
or Failure: several entries are updated together, or none is.
"""

from typing import ClassVar

from xds.registry.updating import MetadataUpdate
from xds.rules import RESTRICTED_UPDATE, Rule, UpdateCase
from xds.transactions import ITI_92, Transaction


class RestrictedUpdateDocumentSet(MetadataUpdate):
    """The transaction. A new version has the status of the one before it (CP 1190)."""

    TRANSACTION: ClassVar[Transaction] = ITI_92
    RULES: ClassVar[tuple[Rule[UpdateCase], ...]] = RESTRICTED_UPDATE
    KEEPS_STATUS: ClassVar[bool] = True
