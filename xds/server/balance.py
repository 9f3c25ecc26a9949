"""Connections shared out evenly between the workers.

Every worker waits on the same listener, and whichever wakes first takes a connection: of eight partners all may
end at one worker, and then one processor answers while the others idle. Each worker therefore writes down how many
connections it holds, in memory that all of them see, and one that holds more than another leaves the other a moment
to take the next.
"""

import mmap
from typing import Final

YIELD_SECONDS: Final = 0.001
"""How long a worker that is ahead waits before it takes a connection after all: the others may be stuck."""
_PLACES: Final = 256
_NOBODY: Final = -1


class Balance:
    """The counts of all workers; made before the fork. A worker is known by its number, counted up from 1."""

    def __init__(self) -> None:
        self._counts = memoryview(mmap.mmap(-1, _PLACES * 4)).cast("i")
        for place in range(_PLACES):
            self._counts[place] = _NOBODY

    def tell(self, worker: int, connections: int) -> None:
        """Write down how many connections a worker holds."""
        self._counts[worker % _PLACES] = connections

    def leave(self, worker: int) -> None:
        """Forget a worker that has ended."""
        self._counts[worker % _PLACES] = _NOBODY

    def is_ahead(self, worker: int) -> bool:
        """Whether another worker holds fewer connections than this one."""
        mine = self._counts[worker % _PLACES]
        return any(_NOBODY < count < mine for count in self._counts)
