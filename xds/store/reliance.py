"""What a database has to promise before a service relies on it (security digest 10)."""

import time
from typing import Final

import psycopg

from xds.store.access import StoreUnavailable

_CLOCK_SECONDS: Final = 60.0
"""How far its clock and ours may be apart: times in the metadata are of both."""
_NEEDED: Final = {
    "fsync": ({"on"}, "a power cut could take what was acknowledged, and damage the database"),
    "full_page_writes": ({"on"}, "a power cut could leave half a page"),
    "synchronous_commit": (
        {"on", "remote_apply"},
        "a submission would be acknowledged before it is on the disk;"
        " ALTER ROLE … SET synchronous_commit = on mends it for the role of the service",
    ),
    "data_sync_retry": ({"off"}, "a write that failed could be taken for one that was done"),
    "default_transaction_isolation": (
        {"read committed"},
        "a transaction that waited for another has to see what that one did",
    ),
    "default_transaction_read_only": ({"off"}, "nothing could be registered"),
}


def unreliable(dsn: str) -> list[str]:
    """Return what keeps a service from relying on a database, each as one sentence; none is as it should be.

    Parameters
    ----------
    dsn
        As the service connects: settings are those of its role.

    Raises
    ------
    StoreUnavailable
        The database cannot be reached.
    """
    try:
        with psycopg.connect(dsn, autocommit=True, connect_timeout=10) as connection:
            found = connection.execute(
                "SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", (list(_NEEDED),)
            ).fetchall()
            before = time.time()
            row = connection.execute("SELECT extract(epoch FROM clock_timestamp())::float8").fetchone()
    except psycopg.Error as error:
        raise StoreUnavailable(f"the database cannot be reached: {type(error).__name__}") from None
    values = {str(name): str(value) for name, value in found}
    wrongs = []
    for name, (good, why) in _NEEDED.items():
        if values.get(name) not in good:
            wanted = " or ".join(sorted(good))
            wrongs.append(f"the database has {name} = {values.get(name)} and needs {wanted}: {why}")
    apart = abs(float(row[0]) - before) if row is not None else 0.0
    if apart > _CLOCK_SECONDS:
        wrongs.append(
            f"the clocks of the database and of this machine are {apart:.0f} s apart: run a time service (NTP) on both"
        )
    return wrongs
