"""The way to a connection: what PostgreSQL may fail with becomes three things that a caller can act on."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import errors
from psycopg_pool import ConnectionPool, PoolTimeout

Connection = psycopg.Connection[Any]
Pool = ConnectionPool[Connection]


class StoreUnavailable(Exception):
    """The metadata store cannot be reached, or went away; what was under way may or may not be committed."""


class StoreBusy(Exception):
    """The metadata store took longer than it may."""


class Conflict(Exception):
    """Another transaction came first; the caller reads the facts again and decides anew."""


@contextmanager
def borrowed(pool: Pool) -> Iterator[Connection]:
    """Borrow a connection of the pool for the block.

    Raises
    ------
    StoreUnavailable, StoreBusy, Conflict
    """
    try:
        with pool.connection() as connection:
            yield connection
    except (errors.DeadlockDetected, errors.SerializationFailure, errors.UniqueViolation) as error:
        raise Conflict(type(error).__name__) from error
    except (errors.QueryCanceled, errors.IdleInTransactionSessionTimeout, errors.LockNotAvailable) as error:
        raise StoreBusy(type(error).__name__) from error
    except (PoolTimeout, psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise StoreUnavailable(type(error).__name__) from error
