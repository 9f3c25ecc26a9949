"""Work that nobody asks for: pending submissions settled, old answers forgotten, spool and orphans swept.

Every worker runs this thread; the one that holds the lock of the metadata store does the work.
"""

import logging
import os
import socket
import threading
import time
from dataclasses import dataclass
from typing import Final

from xds.documents import FolderVault, Spool
from xds.repository import Depositor, Registrar, erase, settle_pending
from xds.store import Housekeeping, RepositoryStore, StoreUnavailable

log = logging.getLogger(__name__)

_BEAT_SECONDS: Final = 5.0
_HOUR: Final = 3600.0
_ORPHAN_HOURS: Final = 24


def owner_name() -> str:
    """The name under which this process works on submissions: host and process."""
    return f"{socket.gethostname()}/{os.getpid()}"


def is_alive(owner: str) -> bool:
    """Tell whether the owner may still work; of another host nothing is known, its age decides."""
    host, _, pid = owner.rpartition("/")
    if host != socket.gethostname():
        return True
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, ValueError):
        return False
    except PermissionError:
        return True
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """What the keeper looks after; None for what this process does not play."""

    store: RepositoryStore
    depositor: Depositor
    registrar: Registrar
    vault: FolderVault
    spool: Spool


class Housekeeper(threading.Thread):
    """The thread."""

    def __init__(self, leader: Housekeeping, rounds: Rounds | None) -> None:
        super().__init__(name="housekeeping", daemon=True)
        self._leader = leader
        self._rounds = rounds
        self._stopped = threading.Event()
        self._suspects: set[str] = set()

    def stop(self) -> None:
        """End at the next beat."""
        self._stopped.set()

    def run(self) -> None:
        """Work until stopped; the first beat comes at once."""
        hourly = -_HOUR
        while True:
            try:
                if self._rounds is not None:
                    self._rounds.depositor.give_up_abandoned()  # of this process, so each looks for itself
                with self._leader.lead() as leading:
                    if leading:
                        self._settle()
                        if time.monotonic() - hourly >= _HOUR:
                            hourly = time.monotonic()
                            self._sweep()
            except StoreUnavailable:
                log.warning("housekeeping waits for the metadata store")
            except Exception:
                log.exception("housekeeping failed")
            if self._stopped.wait(_BEAT_SECONDS):
                return

    def _settle(self) -> None:
        if self._rounds is not None:
            settle_pending(self._rounds.store, self._rounds.registrar, is_alive=is_alive)
            # What a removal began and a crash or the disk left undone (ITI-86).
            erase(self._rounds.store, self._rounds.vault, self._rounds.store.to_erase())

    def _sweep(self) -> None:
        self._leader.forget_answers()
        if self._rounds is None:
            return
        swept = self._rounds.spool.sweep()
        if swept:
            log.info("spool swept", extra={"files": swept})
        self._trash_orphans(self._rounds)
        self._rounds.vault.empty_trash()

    def _trash_orphans(self, rounds: Rounds) -> None:
        """Documents that no submission uses: seen twice, a day old, then to the trash (security digest 11.3)."""
        oldest = time.time() - _ORPHAN_HOURS * _HOUR
        old = [sha256 for sha256, changed in rounds.vault.objects() if changed < oldest]
        orphans = set(old) - rounds.store.referenced(old) if old else set()
        for sha256 in sorted(orphans & self._suspects):
            if not rounds.store.referenced([sha256]):
                rounds.vault.trash(sha256)
                log.info("orphan moved to the trash", extra={"sha256": sha256})
        self._suspects = orphans
