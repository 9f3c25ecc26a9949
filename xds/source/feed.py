"""A running feed: its doors, its queue, its publisher."""

import fcntl
import os
import threading
from pathlib import Path
from typing import Final

from xds.client import RegistryClient, RepositoryClient
from xds.source.door import listen, mllp_server
from xds.source.folder import FolderWatch
from xds.source.intake import Intake
from xds.source.oru import Mapping
from xds.source.page import StatusServer
from xds.source.publisher import Publisher
from xds.source.queue import Queue
from xds.source.settings import FeedSettings

_END_SECONDS: Final = 60.0


class FeedTaken(Exception):
    """Another feed runs in the same folder."""


class Feed:
    """One feed.

    Raises
    ------
    FeedTaken
        Its folder is another's.
    OSError
        A port is taken, or the folder cannot be made.
    PkiError
        A certificate or key cannot be used.
    """

    def __init__(
        self,
        settings: FeedSettings,
        repository: RepositoryClient,
        registry: RegistryClient,
        mapping: Mapping | None = None,
    ) -> None:
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = _locked(settings.data_dir / "feed.lock")
        self._queue = Queue(settings.data_dir)
        intake = Intake(self._queue, settings)
        self._publisher = Publisher(self._queue, settings, repository, registry, mapping=mapping)
        self._listener = listen(settings.mllp) if settings.mllp.port else None
        self._mllp = None if self._listener is None else mllp_server(self._listener, intake, settings)
        self._folder = None if settings.folder is None else FolderWatch(settings.folder, intake)
        self._status = StatusServer(self._queue, settings.status_port) if settings.status_port else None

    def run(self, stop: threading.Event) -> None:
        """Feed until told to stop; the message under way is finished."""
        threads = [
            item for item in (self._publisher, self._mllp, self._folder, self._status) if item is not None
        ]
        for thread in threads:
            thread.start()
        try:
            stop.wait()
        finally:
            for thread in reversed(threads):
                thread.stop()
            for thread in threads:
                thread.join(_END_SECONDS)
            if self._listener is not None:
                self._listener.close()
            self._queue.close()
            os.close(self._lock)


def _locked(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise FeedTaken(f"a feed runs in {path.parent} already") from None
    return descriptor
