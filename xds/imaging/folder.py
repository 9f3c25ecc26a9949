"""A source that is a folder of DICOM files, for a demonstration or a small archive: an index of what lies there."""

import os
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from xds.content import UnreadableDocument, read_instance_head
from xds.imaging.sources import Sink, SourceFailed
from xds.model import InstanceRequest

_PIECE: Final = 262_144
_RESCAN_SECONDS: Final = 5.0
"""How long the index is believed when an instance is not in it."""


class FolderSource:
    """Files by SOP Instance UID; new ones are found when they are asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._files: dict[str, Path] = {}
        self._known: dict[Path, tuple[int, int]] = {}  # mtime and size, so that a file is read once
        self._scanned = float("-inf")

    def close(self) -> None:
        """Nothing is open."""

    def fetch(
        self, wanted: Sequence[InstanceRequest], transfer_syntax_uids: Sequence[str], sink: Sink
    ) -> None:
        """Hand over the instances."""
        for item in wanted:
            path = self._find(item.document_unique_id)
            if path is None:
                sink.absent(item)
                continue
            try:
                sink.deliver(_pieces(path))
            except OSError as error:
                raise SourceFailed("the folder that holds the instance cannot be read") from error

    def _find(self, sop_instance_uid: str) -> Path | None:
        with self._lock:
            found = self._files.get(sop_instance_uid)
            stale = time.monotonic() - self._scanned > _RESCAN_SECONDS
            if (found is None and stale) or (found is not None and not found.exists()):
                self._scan()
                found = self._files.get(sop_instance_uid)
            return found

    def _scan(self) -> None:
        """Read the heads of files that are new or changed."""
        self._scanned = time.monotonic()
        present: dict[Path, tuple[int, int]] = {}
        for folder, _, names in os.walk(self._folder):
            for name in names:
                path = Path(folder) / name
                try:
                    state = path.stat()
                except OSError:
                    continue
                present[path] = (state.st_mtime_ns, state.st_size)
        self._files = {
            uid: path for uid, path in self._files.items() if present.get(path) == self._known.get(path)
        }
        for path, state_now in present.items():
            if self._known.get(path) != state_now:
                try:
                    head, _ = read_instance_head(_pieces(path))
                except (UnreadableDocument, OSError):
                    continue
                self._files[head.sop_instance_uid] = path
        self._known = present


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb", buffering=0) as file:
        while piece := file.read(_PIECE):
            yield piece
