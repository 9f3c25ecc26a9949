"""Who of all processes does the work that only one may do, and old answers forgotten."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from xds.store.access import Pool, borrowed
from xds.store.statements import statements

_LOCK: Final = 0x78_64_73_01
"""pg_advisory_lock key of the housekeeper."""


class Housekeeping:
    """The leader's lock, and its work in the database."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @contextmanager
    def lead(self) -> Iterator[bool]:
        """Yield whether this process leads for the block; the lock ends with it, or with the process."""
        with borrowed(self._pool) as connection:
            row = connection.execute("SELECT pg_try_advisory_lock(%s)", (_LOCK,)).fetchone()
            leading = bool(row and row[0])
            try:
                yield leading
            finally:
                if leading:
                    connection.execute("SELECT pg_advisory_unlock(%s)", (_LOCK,))

    def forget_answers(self) -> None:
        """Forget answers and signed messages of a day ago (security digest 11.5), and assertions that ended then."""
        with borrowed(self._pool) as connection:
            connection.execute(statements("registry")["forget_answers"])
            connection.execute(statements("assertions")["forget_assertions"])
            connection.execute(statements("signed_messages")["forget"])
