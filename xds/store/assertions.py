"""Assertions that were used, known to every process (ITI TF-2 3.40; security digest, section 5, step 7)."""

import hashlib
from datetime import datetime

from xds.store.access import Pool, borrowed
from xds.store.statements import statements

_SQL = statements("assertions")


class AssertionStore:
    """Which ids were used, and with which content."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def use(self, issuer: str, assertion_id: str, content: bytes, *, until: datetime, one_time: bool) -> bool:
        """Record a use; return False when that may not be.

        Parameters
        ----------
        content
            SHA-256 of what was signed.
        until
            When the assertion is over; its id is kept for a day more.
        one_time
            It may be used once (saml:OneTimeUse).

        Raises
        ------
        StoreUnavailable, StoreBusy
        """
        key = _key(issuer, assertion_id)
        first = {"key": key, "content": content, "expires_at": int(until.timestamp())}
        with borrowed(self._pool) as connection:
            used = None if one_time else connection.run(_SQL["used_assertion"], {"key": key})
            if not used:
                if connection.run(_SQL["use_assertion"], first):
                    return True
                used = connection.run(_SQL["used_assertion"], {"key": key})
        return not one_time and [bytes(row[0]) for row in used] == [content]


def _key(issuer: str, assertion_id: str) -> bytes:
    """One key of both, whatever characters they have."""
    parts = (issuer.encode(), assertion_id.encode())
    return hashlib.sha256(b"".join(len(part).to_bytes(4, "big") + part for part in parts)).digest()
