"""One real PostgreSQL for the whole run; a fresh, migrated database wherever a test asks for one."""

import itertools
import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings
from psycopg.conninfo import make_conninfo

from xds.store import EmbeddedPostgres, Pool, locate_binaries, migrate, open_pool

pytest_plugins = ("tests.not_run", "tests.imaging.orthanc")

# A shared machine stalls now and then: how long an example takes is no property of ours. CI sees the same examples
# on every run; `make soak` looks at many more.
settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.register_profile("soak", deadline=None, max_examples=5_000)
settings.load_profile("soak" if os.environ.get("XDS_SOAK") else "ci" if os.environ.get("CI") else "default")


def free_port() -> int:
    """A port of the loopback address that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """DSN of a server; XDS_TEST_DATABASE_URL names another one."""
    named = os.environ.get("XDS_TEST_DATABASE_URL")
    if named:
        yield named
        return
    # Not pytest's own folder: as root PostgreSQL runs as nobody, who must be able to reach it.
    folder = Path(tempfile.mkdtemp(prefix="xds-test-"))
    folder.chmod(0o755)
    try:
        with EmbeddedPostgres(folder / "postgresql", locate_binaries()) as server:
            yield server.dsn
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def new_database(postgres: str) -> Iterator[Callable[[], str]]:
    """Make databases: each call gives the DSN of a fresh one at the current schema."""
    numbers = itertools.count(1)
    prefix = f"xds_test_{os.getpid()}"
    made = [f"{prefix}_template"]

    def administer(statement: str) -> None:
        with psycopg.connect(postgres, autocommit=True) as connection:
            connection.execute(statement)

    administer(f"CREATE DATABASE {made[0]}")
    migrate(make_conninfo(postgres, dbname=made[0]))

    def make() -> str:
        name = f"{prefix}_{next(numbers)}"
        # As files, not through the log: tests that make a database each took a fifth less time.
        administer(f"CREATE DATABASE {name} TEMPLATE {made[0]} STRATEGY file_copy")
        made.append(name)
        return make_conninfo(postgres, dbname=name)

    yield make
    for name in made:
        administer(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
def database(new_database: Callable[[], str]) -> str:
    """DSN of a fresh database."""
    return new_database()


@pytest.fixture
def pool(database: str) -> Iterator[Pool]:
    """A pool on a fresh database."""
    opened = open_pool(database, size=4, statement_timeout=10, idle_in_transaction_timeout=15)
    yield opened
    opened.close()
