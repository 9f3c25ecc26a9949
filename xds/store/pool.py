"""The pool of connections of one process; open it after the fork."""

import select
from typing import Final

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg_pool import ConnectionPool

from xds.store.access import Connection, Pool

WAIT_SECONDS: Final = 2.0
"""How long a request waits for a connection before the answer is that the store is unavailable."""


def open_pool(dsn: str, *, size: int, statement_timeout: float, idle_in_transaction_timeout: float) -> Pool:
    """Open a pool; it fills in the background and reconnects by itself.

    Parameters
    ----------
    dsn
        libpq URL or keywords; its own `options` have the last word.
    size
        Connections at most.
    statement_timeout, idle_in_transaction_timeout
        Seconds.
    """
    # Said as the connection is made: no statement of its own goes to the server for them.
    options = (
        f"-c statement_timeout={int(statement_timeout * 1000)}"
        f" -c idle_in_transaction_session_timeout={int(idle_in_transaction_timeout * 1000)}"
        f" {conninfo_to_dict(dsn).get('options') or ''}"
    )

    def check(connection: Connection) -> None:
        """Refuse a connection whose server went away: 2 µs, against 100 for a question to the server."""
        if not _heard_from(connection):
            return
        connection.close()
        pool.check()  # the others were of the same server: one request looks, not each finds out for itself
        raise psycopg.OperationalError("the server closed the connection")

    pool: Pool = ConnectionPool(
        dsn,
        connection_class=Connection,
        min_size=min(2, size),
        max_size=size,
        timeout=WAIT_SECONDS,
        max_idle=300,
        check=check,
        # No attempts in the background, whose pauses would double: the next request tries again.
        reconnect_timeout=0,
        name="xds",
        open=True,
        kwargs={
            "autocommit": True,
            # `Connection.run` prepares; psycopg's own would forget ours with its own after a rollback.
            "prepare_threshold": None,
            "application_name": "xds",
            "connect_timeout": 2,
            # Over TCP only: a server's host that died, or a firewall that forgot us, is noticed within half a minute.
            "tcp_user_timeout": 20_000,
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "options": options,
        },
    )
    return pool


def _heard_from(connection: Connection) -> bool:
    """Whether something waits to be read: of an idle connection that is the server's farewell, or its end."""
    poll = select.poll()
    poll.register(connection.pgconn.socket, select.POLLIN)
    return bool(poll.poll(0))


def ping(pool: Pool) -> bool:
    """Tell whether the database answers."""
    try:
        with pool.connection(timeout=WAIT_SECONDS) as connection:
            connection.execute("SELECT 1")
    except (psycopg.Error, TimeoutError):
        return False
    return True
