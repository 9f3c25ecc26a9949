"""How much memory processes took at most, from /proc."""

from collections.abc import Iterable
from pathlib import Path

KIB = 1024


class PeakMemory:
    """The growth of each process's resident memory since this was made, at its highest moment."""

    def __init__(self, processes: Iterable[int]) -> None:
        self._before: dict[int, int] = {}
        for pid in processes:
            # 5 sets the high-water mark back to what is resident now (proc_pid_clear_refs(5)).
            Path(f"/proc/{pid}/clear_refs").write_text("5", "ascii")
            self._before[pid] = _status(pid, "VmRSS")

    def growth_mib(self) -> float:
        """MiB that the one that grew most has grown."""
        return max(_status(pid, "VmHWM") - before for pid, before in self._before.items()) / KIB


def _status(pid: int, field: str) -> int:
    """A field of /proc/PID/status in KiB."""
    for line in Path(f"/proc/{pid}/status").read_text("ascii").splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1])
    raise LookupError(field)
