"""A recorder of what the document store asks of the disk, which can also fail any of it.

Everything is really done, on a real folder; only the calls chosen to fail are not.
"""

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xds.documents import SpooledDocument

Event = tuple[str, str]
CALLS = ("open", "fsync", "link", "mkdir", "rename", "unlink", "utime")


class Disk:
    """Records (call, path inside the folder); from call `fail_from` on `failures` of them get `error`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.events: list[Event] = []
        self.fail_from: int | None = None
        self.failures = 1
        self.error = 0
        self.failed: list[Event] = []
        self._paths: dict[int, str] = {}

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Put the recorder before the calls of `os`, and under the files that `os.fdopen` makes."""
        for name in CALLS:
            monkeypatch.setattr(os, name, self._wrap(name, getattr(os, name)))
        monkeypatch.setattr(os, "fdopen", self._fdopen)

    def _wrap(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(first: Any, *args: Any, **options: Any) -> Any:
            path = self._paths.get(first, "?") if isinstance(first, int) else str(first)
            if not path.startswith(str(self.folder)):
                return real(first, *args, **options)
            target = args[0] if name in {"link", "rename"} else path
            self.happens(name, str(target))
            result = real(first, *args, **options)
            if name == "open":
                self._paths[result] = path
            return result

        return call

    def _fdopen(self, descriptor: int, mode: str, buffering: int) -> io.BufferedWriter:
        disk, path = self, self._paths[descriptor]

        class Raw(io.FileIO):
            def write(self, octets: Any, /) -> int:
                disk.happens("write", path)
                return super().write(octets)

        return io.BufferedWriter(Raw(descriptor, mode), buffering)

    def happens(self, name: str, path: str) -> None:
        """Record a call, and fail it when its turn has come."""
        event = (name, str(Path(path).relative_to(self.folder)))
        number = len(self.events)
        self.events.append(event)
        if self.fail_from is not None and self.fail_from <= number < self.fail_from + self.failures:
            self.failed.append(event)
            raise OSError(self.error, os.strerror(self.error), path)


def assert_durable(events: list[Event], documents: list[SpooledDocument]) -> None:
    """Fail unless a success answer may follow these events (standards digest, security 11.1)."""
    at = {name: [i for i, event in enumerate(events) if event[0] == name] for name in (*CALLS, "write")}

    def synced_after(path: str, moment: int) -> list[int]:
        return [i for i in at["fsync"] if i > moment and events[i][1] == path]

    entries = at["link"] + at["mkdir"] + at["rename"]
    for document in documents:
        temporary = f"tmp/{document.path.name}"
        written = max(i for i in at["write"] if events[i][1] == temporary)
        file_synced = synced_after(temporary, written)
        address = f"vault/{document.sha256[:2]}/{document.sha256[2:4]}/{document.sha256}"
        placed = [i for i in at["link"] + at["rename"] if events[i][1] == address]
        assert file_synced, "the file was not synced after its last write"
        assert placed, "the file was not linked to its address"
        assert max(file_synced) < min(at["link"]), "a file was synced after the first link: syncs are batched"
        removed = [i for i in at["unlink"] if events[i][1] == temporary]
        assert removed, "the temporary name was not removed"
        assert min(removed) > max(at["fsync"]), "the temporary name was removed before all was synced"
    for made in entries:
        folder = str(Path(events[made][1]).parent)
        assert synced_after(folder, made), f"{folder} was not synced after an entry was made in it"
