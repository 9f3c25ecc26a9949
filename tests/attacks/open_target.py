"""A service that anybody may call, and what has to hold after each attack (security digest, section 3).

Nothing stored, no file left, nobody called, every worker alive, the answer within five seconds, and where a row of the
list says so, memory.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import psycopg
from psycopg import sql

from tests.own_time import stopwatch
from tests.transactions.conftest import Service, base_settings, merged, running

ANSWERED_SECONDS = 5.0
GROWTH = 64 * 1024 * 1024
"""Octets of memory that a message may cost beyond its own size (row P2)."""
_ONLY_OPERATION = frozenset({"schema_migration", "code"})
"""Tables that tell nothing of a submission: migrations, and coded values that were seen."""

_OF_REJECTED = (
    " WHERE submission_id IN (SELECT submission_id FROM repository_submission WHERE state = 'rejected')"
)
_REJECTED = {
    "repository_submission": " WHERE state <> 'rejected'",
    "repository_document": _OF_REJECTED.replace(" IN ", " NOT IN "),
}


@dataclass(slots=True)
class Trap:
    """A listener that nobody may call."""

    port: int
    callers: list[str] = field(default_factory=list)

    @classmethod
    @contextmanager
    def open(cls) -> Iterator[Self]:
        """Listen for the block."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            trap = cls(int(listener.getsockname()[1]))
            threading.Thread(target=trap._take, args=(listener,), daemon=True).start()
            yield trap

    def _take(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, address = listener.accept()
                self.callers.append(str(address))
                connection.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTarget:
    """The service under attack."""

    service: Service
    dsn: str
    trap: Trap

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.service.port

    @property
    def url(self) -> str:
        """Where nobody may call: for attacks that make a server fetch something."""
        return f"http://127.0.0.1:{self.trap.port}/secret"

    def kept(self) -> tuple[dict[str, int], set[str]]:
        """Rows of every table that holds what was sent, and every file of vault and spool.

        Not what a refused submission leaves for the sweep: that it was rejected, and octets that nobody can ask for.
        """
        rows = {}
        with psycopg.connect(self.dsn) as connection:
            found = connection.execute(
                "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
            )
            for (table,) in found.fetchall():
                if table not in _ONLY_OPERATION and not table.startswith("audit"):
                    query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
                    (count,) = connection.execute(query + sql.SQL(_REJECTED.get(table, ""))).fetchone() or (
                        0,
                    )
                    rows[table] = int(count)
            rejected = connection.execute(
                "SELECT encode(sha256, 'hex') FROM repository_document" + _OF_REJECTED
            ).fetchall()
        folder = self.service.folder / "data" / "documents"
        files = {path.name for path in folder.rglob("*") if path.is_file()}
        return rows, files - {sha256 for (sha256,) in rejected}

    @contextmanager
    def unharmed(
        self, *, size: int | None = None, seconds: float = ANSWERED_SECONDS, stores: bool = False
    ) -> Iterator[None]:
        """Whatever is sent in the block leaves the service as it was.

        Parameters
        ----------
        size
            Octets of what is sent, when its memory counts.
        stores
            Whether something may be stored: then only the rest is looked at.
        """
        before, workers = self.kept(), self.service.workers()
        memory = _resident(workers)
        _forget_peak(workers)
        watch = stopwatch(workers)
        yield
        taken = watch()
        assert taken < seconds, f"answered after {taken:.1f} s"
        assert self.service.workers() == workers, "a worker died"
        assert self.trap.callers == [], "it called somebody"
        if not stores:
            assert self.kept() == before, "something was kept"
        if size is not None:
            grown = _resident(workers, "VmHWM") - memory
            assert grown < size + GROWTH, f"{grown / 2**20:.0f} MiB of memory for {size / 2**20:.0f} MiB"


@contextmanager
def attacked(dsn: str, folder: Path, **changes: Any) -> Iterator[OpenTarget]:
    """Run a service to be attacked for the block."""
    with Trap.open() as trap, running(folder, merged(base_settings(dsn, folder), changes)) as service:
        yield OpenTarget(service=service, dsn=dsn, trap=trap)


def _resident(pids: list[int], what: str = "VmRSS") -> int:
    total = 0
    for pid in pids:
        status = Path(f"/proc/{pid}/status").read_text("ascii")
        total += next(int(line.split()[1]) for line in status.splitlines() if line.startswith(what)) * 1024
    return total


def _forget_peak(pids: list[int]) -> None:
    for pid in pids:
        Path(f"/proc/{pid}/clear_refs").write_text("5", "ascii")
