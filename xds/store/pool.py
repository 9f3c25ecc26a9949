"""The pool of connections of one process; open it after the fork."""

from typing import Final

import psycopg
from psycopg_pool import ConnectionPool

from xds.store.access import Connection, Pool

WAIT_SECONDS: Final = 2.0
"""How long a request waits for a connection before the answer is that the store is unavailable."""


def open_pool(dsn: str, *, size: int, statement_timeout: float, idle_in_transaction_timeout: float) -> Pool:
    """Open a pool; it fills in the background and reconnects by itself.

    Parameters
    ----------
    size
        Connections at most.
    statement_timeout, idle_in_transaction_timeout
        Seconds.
    """
    options = (
        f"-c statement_timeout={int(statement_timeout * 1000)}"
        f" -c idle_in_transaction_session_timeout={int(idle_in_transaction_timeout * 1000)}"
    )
    pool: Pool = ConnectionPool(
        dsn,
        connection_class=Connection,
        min_size=min(2, size),
        max_size=size,
        timeout=WAIT_SECONDS,
        max_idle=300,
        reconnect_timeout=0,  # for ever: a database that comes back is used again without a restart
        name="xds",
        open=True,
        kwargs={
            "autocommit": True,
            # `Connection.run` prepares; psycopg's own would forget ours with its own after a rollback.
            "prepare_threshold": None,
            "application_name": "xds",
            "connect_timeout": 2,
            "options": options,
        },
    )
    return pool


def ping(pool: Pool) -> bool:
    """Tell whether the database answers."""
    try:
        with pool.connection(timeout=WAIT_SECONDS) as connection:
            connection.execute("SELECT 1")
    except (psycopg.Error, TimeoutError):
        return False
    return True
