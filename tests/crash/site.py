"""A service and a PostgreSQL of its own, each of whose processes can be killed and started again."""

import os
import random
import shutil
import signal
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any

import psycopg

from tests.transactions.conftest import Service, base_settings, running
from xds.store import EmbeddedPostgres, locate_binaries, migrate

READY_SECONDS = 120
"""The workers of a killed master end by themselves; recovery of the database takes a moment."""


class Site:
    """The pair, in a folder of its own that goes when it closes."""

    def __init__(self) -> None:
        # Not pytest's own folder: as root PostgreSQL runs as nobody, who must be able to reach it.
        self.folder = Path(tempfile.mkdtemp(prefix="xds-crash-"))
        self.folder.chmod(0o755)
        self.postgres = EmbeddedPostgres(self.folder / "postgresql", locate_binaries())
        self.dsn = self.postgres.start()
        migrate(self.dsn)
        self.settings: dict[str, Any] = base_settings(self.dsn, self.folder)
        self._context: AbstractContextManager[Service] | None = None
        self.service = self._start()

    @property
    def port(self) -> int:
        """Where the service listens, the same after each start."""
        return int(self.settings["server"]["port"])

    @property
    def documents(self) -> Path:
        """Spool and vault."""
        return self.folder / "data" / "documents"

    def _start(self) -> Service:
        self._context = running(self.folder, self.settings)
        return self._context.__enter__()

    def stop(self) -> None:
        """End the service as an operator does."""
        if self._context is not None:
            self._context.__exit__(None, None, None)
            self._context = None

    def restore(self) -> None:
        """Bring back what was killed, and wait until both processes answer."""
        self.postgres.start()
        if self._context is None or self.service.process.poll() is not None:
            self.stop()
            self.service = self._start()
        eventually(self._is_whole, READY_SECONDS)

    def _is_whole(self) -> bool:
        if len(self._workers()) != self.settings["server"]["workers"]:
            return False
        with suppress(psycopg.OperationalError):
            self.pending()
            return True
        return False

    def pending(self) -> int:
        """Submissions whose end is not settled."""
        with psycopg.connect(self.dsn, connect_timeout=5) as connection:
            row = connection.execute(
                "SELECT count(*) FROM repository_submission WHERE state = 'pending'"
            ).fetchone()
        return int(row[0]) if row else 0

    def close(self) -> None:
        """End both and remove everything."""
        self.stop()
        self.postgres.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    # -- what is killed ------------------------------------------------------------------------------------------

    def kill_worker(self, chosen: random.Random) -> None:
        """One worker; its master starts another."""
        if workers := self._workers():
            _kill(chosen.choice(workers))

    def kill_workers(self, _: random.Random) -> None:
        """All workers."""
        _kill(*self._workers())

    def kill_master(self, _: random.Random) -> None:
        """The master; its workers end the requests under way, or not."""
        self._kill_service(self._master())

    def kill_service(self, _: random.Random) -> None:
        """Master and workers."""
        self._kill_service([*self._master(), *self._workers()])

    def kill_backend(self, chosen: random.Random) -> None:
        """One process of PostgreSQL: it ends all others and recovers."""
        if others := self._postgres()[1:]:
            _kill(chosen.choice(others))

    def kill_postgres(self, _: random.Random) -> None:
        """The whole of PostgreSQL."""
        _kill(*self._postgres())

    def kill_everything(self, chosen: random.Random) -> None:
        """All at once, as far as processes go."""
        everything = [*self._postgres(), *self._master(), *self._workers()]
        chosen.shuffle(everything)
        self._kill_service(everything)

    def kinds(self) -> dict[str, Callable[[random.Random], None]]:
        """Every way to kill, by name."""
        return {
            "worker": self.kill_worker,
            "all workers": self.kill_workers,
            "master": self.kill_master,
            "service": self.kill_service,
            "PostgreSQL backend": self.kill_backend,
            "PostgreSQL": self.kill_postgres,
            "everything": self.kill_everything,
        }

    def _kill_service(self, pids: list[int]) -> None:
        _kill(*pids)
        self.service.process.wait()

    def _master(self) -> list[int]:
        """Its process id; none when it was killed already, and the number may be somebody else's by now."""
        return [self.service.process.pid] if self.service.process.poll() is None else []

    def _workers(self) -> list[int]:
        return [child for master in self._master() for child in _children(master)]

    def _postgres(self) -> list[int]:
        """The postmaster and its children; none when it was killed already."""
        folder = self.folder / "postgresql"
        with suppress(FileNotFoundError, ValueError):
            pid = int((folder / "postmaster.pid").read_text("ascii").split("\n")[0])
            if folder.samefile(f"/proc/{pid}/cwd"):
                return [pid, *_children(pid)]
        return []


def eventually(what: Callable[[], bool], seconds: float) -> float:
    """Wait until it is true; return how long that took."""
    began = time.monotonic()
    while not what():
        assert time.monotonic() - began < seconds, "did not come true"
        time.sleep(0.05)
    return time.monotonic() - began


def _children(pid: int) -> list[int]:
    with suppress(FileNotFoundError, ProcessLookupError):
        return [int(item) for item in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()]
    return []


def _kill(*pids: int) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
