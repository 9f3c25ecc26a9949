"""How long something took, without the time for which other programs of the machine had the processors."""

import os
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path


def waited(processes: Iterable[int]) -> float:
    """Seconds that threads of processes were ready to run and got no processor (Linux, schedstat)."""
    nanoseconds = 0
    for process in processes:
        with suppress(OSError):
            for thread in Path(f"/proc/{process}/task").iterdir():
                with suppress(OSError):  # it has ended
                    nanoseconds += int((thread / "schedstat").read_text("ascii").split()[1])
    return nanoseconds / 1e9


def stopwatch(processes: Iterable[int]) -> Callable[[], float]:
    """Start; what is returned tells the seconds since.

    A bound of the attack list is one of the service, not of what else runs: what it and this process waited for a
    processor is not counted. What they waited for anything else is.
    """
    watched = (os.getpid(), *processes)
    waits, began = waited(watched), time.monotonic()
    return lambda: time.monotonic() - began - max(0.0, waited(watched) - waits)
