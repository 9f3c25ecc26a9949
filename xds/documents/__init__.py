"""The octets of documents: received into a spool, kept in a vault by their SHA-256, verified when read."""

from xds.documents.errors import (
    DocumentDamaged,
    DocumentNotFound,
    DocumentStoreError,
    DocumentTooLarge,
    OutOfSpace,
    VaultWriteFailed,
)
from xds.documents.folder_vault import FolderVault
from xds.documents.passing import PassingDocument, PassingParts
from xds.documents.ranges import FileRange
from xds.documents.spool import Spool, SpooledDocument, SpoolSink
from xds.documents.vault import VERIFIED_FIRST, StoredDocument, Vault

__all__ = [
    "VERIFIED_FIRST",
    "DocumentDamaged",
    "DocumentNotFound",
    "DocumentStoreError",
    "DocumentTooLarge",
    "FileRange",
    "FolderVault",
    "OutOfSpace",
    "PassingDocument",
    "PassingParts",
    "Spool",
    "SpoolSink",
    "SpooledDocument",
    "StoredDocument",
    "Vault",
    "VaultWriteFailed",
]
