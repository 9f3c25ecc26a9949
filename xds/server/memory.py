"""Memory that an answer gave back is used for the next one."""

import ctypes
from typing import Final

_TRIM_THRESHOLD: Final = -1  # M_TRIM_THRESHOLD and M_MMAP_THRESHOLD of <malloc.h>
_MMAP_THRESHOLD: Final = -3
_KEPT: Final = 32 * 1024 * 1024


def keep_freed_memory() -> None:
    """Tell glibc to keep what a large answer gave back; elsewhere there is nothing to tell.

    By itself it returns it to the system at once, which hands out cleared pages for the next answer: over half of
    the processor's time of an answer of 500 entries (docs/performance.md).
    """
    adjust = getattr(ctypes.CDLL(None), "mallopt", None)
    if adjust is not None:
        adjust(_TRIM_THRESHOLD, _KEPT)
        adjust(_MMAP_THRESHOLD, _KEPT)
