"""Files that change while the service runs: each worker looks at them and takes what is new."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

_BEAT_SECONDS: Final = 0.5
"""A change is taken when two looks in a row saw the same: within a second, and not while a file is being written."""

Signature = tuple[int, int, int] | None
"""Inode, octets and time of change; None where there is no file."""


class FilesWatch:
    """Watches files from when it is made: before they are read for the first time."""

    def __init__(self, name: str, paths: Sequence[Path]) -> None:
        self._name = name
        self._paths = tuple(paths)
        self._known = self._seen = self._signatures()
        self._stopped = threading.Event()

    def start(self, take: Callable[[], None]) -> None:
        """Call `take` for each change, from a thread of its own; it must not raise."""
        if not self._paths:
            return
        threading.Thread(target=self._run, args=(take,), name=self._name, daemon=True).start()

    def stop(self) -> None:
        """End at the next beat."""
        self._stopped.set()

    def _run(self, take: Callable[[], None]) -> None:
        while not self._stopped.wait(_BEAT_SECONDS):
            self.look(take)

    def look(self, take: Callable[[], None]) -> None:
        """Call `take` if the files are others than they were, and have been so for a beat."""
        before, self._seen = self._seen, self._signatures()
        if self._seen == self._known or self._seen != before:
            return
        self._known = self._seen
        take()

    def _signatures(self) -> tuple[Signature, ...]:
        return tuple(_signature(path) for path in self._paths)


def _signature(path: Path) -> Signature:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
