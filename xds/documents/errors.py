"""What can go wrong with the octets of documents; no text holds a path or anything of a patient."""


class DocumentStoreError(Exception):
    """The document store cannot do what was asked."""


class DocumentTooLarge(DocumentStoreError):
    """A document has more octets than the limit of the settings; nothing of it was kept."""


class OutOfSpace(DocumentStoreError):
    """The volume or the quota is full; nothing was kept and reads go on (XDSRepositoryOutOfResources)."""


class DocumentNotFound(DocumentStoreError):
    """No document is stored under this SHA-256."""


class DocumentDamaged(DocumentStoreError):
    """The stored octets are not those that were committed: another size or another SHA-256."""


class VaultWriteFailed(DocumentStoreError):
    """Documents could not be made durable; none of the submission may be acknowledged."""
