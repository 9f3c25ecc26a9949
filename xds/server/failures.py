"""Who fails to prove who it is, too often: after that it waits, and nothing it sends is looked at."""

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

_SOURCES: Final = 10_000
"""Sources remembered per process; the one that failed longest ago is forgotten."""
_MINUTE: Final = 60.0


@dataclass(slots=True)
class _Source:
    began: float
    count: int = 0
    until: float = 0.0


class Failures:
    """Counts the failed authentications of each source.

    Parameters
    ----------
    limit
        In a minute, of one source, in this process; 0 counts nothing.
    seconds
        How long a source waits after that.
    """

    def __init__(self, limit: int, seconds: int) -> None:
        self._limit = limit
        self._seconds = seconds
        self._sources: OrderedDict[str, _Source] = OrderedDict()
        self._lock = threading.Lock()

    def waits(self, source: str) -> int:
        """Return for how many more seconds a source is not listened to; 0 for one that is."""
        if not self._sources:
            return 0
        with self._lock:
            known = self._sources.get(source)
            left = 0.0 if known is None else known.until - time.monotonic()
        return max(0, int(left + 0.999))

    def count(self, source: str) -> None:
        """Count one more."""
        if not self._limit:
            return
        now = time.monotonic()
        with self._lock:
            known = self._sources.get(source)
            if known is None or now - known.began > _MINUTE:
                known = self._sources[source] = _Source(began=now)
                if len(self._sources) > _SOURCES:
                    self._sources.popitem(last=False)
            self._sources.move_to_end(source)
            known.count += 1
            if known.count >= self._limit:
                known.until = now + self._seconds
