"""Coded values as small numbers: the table `code`, cached in each process.

Rows are never changed or removed, so the cache is never wrong; it only can lack a new row.
"""

import logging
from collections.abc import Iterable, Mapping

from xds.model import CodeKey
from xds.store.access import Connection, Pool, borrowed
from xds.store.statements import statements

log = logging.getLogger(__name__)
_SQL = statements("registry")


class CodeCache:
    """code_id of each (code, scheme)."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._ids: dict[CodeKey, int] = {}

    def ids(self, keys: Iterable[CodeKey]) -> Mapping[CodeKey, int]:
        """Return the numbers of codes to be stored; new ones are added (in a transaction of their own)."""
        known = self._ids
        missing = sorted({key for key in keys if key not in known})
        if missing:
            with borrowed(self._pool) as connection:
                self._load(missing, connection)
                if still := [key for key in missing if key not in known]:
                    parameters = {"codes": [k[0] for k in still], "schemes": [k[1] for k in still]}
                    connection.run(_SQL["add_codes"], parameters)
                    self._load(still, connection)
                    # Without a list of the domain's codes any is taken: its operator may want to see which.
                    for code, scheme in still:
                        log.info("code seen for the first time", extra={"code": code, "scheme": scheme})
        return known

    def known_ids(self, keys: Iterable[CodeKey], connection: Connection) -> list[int]:
        """Return the numbers of those codes that some object bears; others match nothing.

        Reads on the caller's connection: a second one of the pool could be waited for in vain.
        """
        wanted = list(keys)
        missing = [key for key in wanted if key not in self._ids]
        if missing:
            self._load(missing, connection)
        return [self._ids[key] for key in wanted if key in self._ids]

    def _load(self, keys: list[CodeKey], connection: Connection) -> None:
        parameters = {"codes": [key[0] for key in keys], "schemes": [key[1] for key in keys]}
        for code_id, code, scheme in connection.run(_SQL["codes"], parameters):
            self._ids[(code, scheme)] = code_id
