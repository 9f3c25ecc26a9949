"""Octets of removed documents: unlinked at once, unless another document has the same (ITI-86)."""

import logging
from collections.abc import Iterable

from xds.documents import DocumentStoreError, Vault
from xds.store import RepositoryStore

log = logging.getLogger(__name__)


def erase(store: RepositoryStore, vault: Vault, sha256s: Iterable[str]) -> set[str]:
    """Unlink what no document uses any more and remember it.

    The vault asks `store` under the lock that a commit takes as well. Who provides the same octets meanwhile has
    told the store before it asks the vault for them (`repository.deposit`): either its row is seen here and the
    octets stay, or it does not find them any more and stores its own.

    Returns
    -------
    Those that the disk did not let go; they stay to be erased, at the next start or beat of the housekeeper.
    """
    failed = set()
    for sha256 in sorted(set(sha256s)):
        try:
            gone = vault.remove(sha256, unless=lambda address=sha256: bool(store.referenced([address])))  # type: ignore[misc]
        except (DocumentStoreError, OSError):
            log.exception("a removed document cannot be erased", extra={"sha256": sha256})
            failed.add(sha256)
            continue
        store.set_erased(sha256)
        log.info("document erased" if gone else "octets kept for another document", extra={"sha256": sha256})
    return failed
