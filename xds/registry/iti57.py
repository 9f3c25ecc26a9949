"""ITI-57 Update Document Set: the Expected Actions of the Document Registry (XDS Metadata Update 3.57.4.1.3).

New versions of DocumentEntries and Folders, availabilityStatus of entries, Folders and associations, and new
associations between registered objects; everything in a request is done, or nothing.
"""

from typing import ClassVar

from xds.registry.updating import MetadataUpdate
from xds.rules import UPDATE, Rule, UpdateCase
from xds.transactions import ITI_57, Transaction


class UpdateDocumentSet(MetadataUpdate):
    """The transaction. A new version is Approved, unless the same request orders another status."""

    TRANSACTION: ClassVar[Transaction] = ITI_57
    RULES: ClassVar[tuple[Rule[UpdateCase], ...]] = UPDATE
    KEEPS_STATUS: ClassVar[bool] = False
