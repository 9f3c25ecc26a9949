"""Code lists that change while the service runs: each worker looks at their file and takes what is new."""

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

from xds.codes import CodeLists, load_codes
from xds.rules import CodeSet
from xds.settings import SettingsError

log = logging.getLogger(__name__)

_BEAT_SECONDS: Final = 0.5
"""A change is taken when two looks in a row saw the same: within a second, and not while the file is being written."""

Signature = tuple[int, int, int] | None
"""Inode, octets and time of change; None where there is no file."""


def code_set(lists: CodeLists) -> CodeSet:
    """Return code lists as the rules see them."""
    return CodeSet(codes=lists.codes, mime_types=lists.mime_types)


class CodesWatch:
    """Watches a file from when it is made: before the file is read for the first time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known = self._seen = _signature(path)
        self._stopped = threading.Event()

    def start(self, use: Callable[[CodeSet], None]) -> None:
        """Hand new lists to `use`, from a thread of its own.

        A file that cannot be read is logged once, and the lists stay as they are.
        """
        threading.Thread(target=self._run, args=(use,), name="codes", daemon=True).start()

    def stop(self) -> None:
        """End at the next beat."""
        self._stopped.set()

    def _run(self, use: Callable[[CodeSet], None]) -> None:
        while not self._stopped.wait(_BEAT_SECONDS):
            self.look(use)

    def look(self, use: Callable[[CodeSet], None]) -> None:
        """Take the file if it is another one than it was, and has been so for a beat."""
        before, self._seen = self._seen, _signature(self._path)
        if self._seen == self._known or self._seen != before:
            return
        self._known = self._seen
        try:
            lists = load_codes(self._path)
        except SettingsError as error:
            # What an operator wrote, in a file of the operator's: no message of a partner's has a part in it.
            log.error("code lists not taken, the old ones stay", extra={"reason": str(error)})
            return
        use(code_set(lists))
        told = {"file": str(self._path), "codes": lists.size, "left_out": len(lists.left_out)}
        log.info("code lists taken", extra=told)


def _signature(path: Path) -> Signature:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
