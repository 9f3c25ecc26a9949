"""Transfer syntaxes: what a consumer can decode, and the worker processes that give it that (RAD TF-2 4.69.4.2.3).

As stored if the consumer can decode it; else the first syntax of its list that loses nothing. Pixels that lost
something before are decompressed; none is compressed with loss.
"""

import multiprocessing
import threading
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Final

from xds.content import InstanceHead

IMPLICIT: Final = "1.2.840.10008.1.2"
EXPLICIT: Final = "1.2.840.10008.1.2.1"
DEFLATED: Final = "1.2.840.10008.1.2.1.99"
EXPLICIT_BIG: Final = "1.2.840.10008.1.2.2"
RLE: Final = "1.2.840.10008.1.2.5"
JPEG_LS_LOSSLESS: Final = "1.2.840.10008.1.2.4.80"
JPEG_2000_LOSSLESS: Final = "1.2.840.10008.1.2.4.90"

_TARGETS: Final = frozenset({IMPLICIT, EXPLICIT, DEFLATED, RLE, JPEG_LS_LOSSLESS, JPEG_2000_LOSSLESS})
"""What can be written without losing anything."""
_DECODED: Final = frozenset(
    {
        IMPLICIT,
        EXPLICIT,
        DEFLATED,
        EXPLICIT_BIG,
        RLE,
        *(f"1.2.840.10008.1.2.4.{number}" for number in (50, 51, 57, 70, 80, 81, 90, 91, 201, 202, 203)),
    }
)
"""What can be read: not video, not JPIP."""
_PLAIN: Final = frozenset({IMPLICIT, EXPLICIT})


class TranscodingFailed(Exception):
    """An instance cannot be given in a syntax that the consumer can decode; the text says why."""


def target_of(head: InstanceHead, wanted: Sequence[str]) -> str | None:
    """Return the transfer syntax that an instance has to be transcoded to; None where it goes as it is.

    Raises
    ------
    TranscodingFailed
        There is none.
    """
    stored = head.transfer_syntax_uid
    if stored in wanted or (not head.has_pixels and stored in _PLAIN):
        return None
    usable = [uid for uid in wanted if uid in _TARGETS]
    if stored not in _DECODED or not usable:
        raise TranscodingFailed(
            f"the instance is stored in transfer syntax {stored} and cannot be given in any of those asked for"
        )
    return usable[0]


class Transcoder:
    """Worker processes that read an instance's file and write another.

    Parameters
    ----------
    processes
        How many; they start when the first instance needs one.
    seconds
        How long one instance may take.
    """

    def __init__(self, processes: int, seconds: float = 60.0) -> None:
        self._processes = processes
        self._seconds = seconds
        self._lock = threading.Lock()
        self._pool: ProcessPoolExecutor | None = None

    def transcode(self, source: Path, target: Path, transfer_syntax_uid: str) -> None:
        """Write `source` in another transfer syntax to `target`.

        Raises
        ------
        TranscodingFailed
            It cannot be read or written, took too long, or took its process along.
        """
        pool = self._running()
        try:
            failure = pool.submit(_transcode, str(source), str(target), transfer_syntax_uid).result(
                self._seconds
            )
        except (BrokenProcessPool, TimeoutError, RuntimeError) as error:
            self._abandon(pool)
            raise TranscodingFailed("the instance could not be transcoded in time") from error
        if failure is not None:
            raise TranscodingFailed(f"the instance could not be transcoded ({failure})")

    def close(self) -> None:
        """End the processes."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)

    def _running(self) -> ProcessPoolExecutor:
        with self._lock:
            if self._pool is None:
                # Not forked: this process has threads that hold locks.
                context = multiprocessing.get_context("spawn")
                self._pool = ProcessPoolExecutor(self._processes, mp_context=context, max_tasks_per_child=500)
            return self._pool

    def _abandon(self, pool: ProcessPoolExecutor) -> None:
        """Start afresh with the next instance: a worker that hangs cannot be told from one that works."""
        with self._lock:
            if self._pool is pool:
                self._pool = None
        for process in list(getattr(pool, "_processes", None) or {}):
            worker = (pool._processes or {}).get(process)
            if worker is not None:
                worker.kill()
        pool.shutdown(wait=False, cancel_futures=True)


def _transcode(source: str, target: str, transfer_syntax_uid: str) -> str | None:
    """In a worker: return what went wrong, without a value of the instance."""
    import pydicom  # noqa: PLC0415  # the service itself need not load the codecs
    from pydicom.uid import UID  # noqa: PLC0415

    pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
    pydicom.config.settings.writing_validation_mode = pydicom.config.IGNORE
    try:
        dataset = pydicom.dcmread(source)
        wanted = UID(transfer_syntax_uid)
        stored = UID(dataset.file_meta.TransferSyntaxUID)
        if stored.is_compressed and "PixelData" in dataset and stored != DEFLATED:
            dataset.decompress(as_rgb=True, generate_instance_uid=False)
        elif stored == EXPLICIT_BIG and "PixelData" in dataset:
            _swap(dataset)
            dataset.file_meta.TransferSyntaxUID = UID(EXPLICIT)
        if wanted.is_compressed and wanted != DEFLATED and "PixelData" in dataset:
            dataset.compress(wanted, generate_instance_uid=False)
        dataset.file_meta.TransferSyntaxUID = wanted
        pydicom.dcmwrite(target, dataset, enforce_file_format=True)
    except Exception as error:  # whatever a foreign instance makes a codec stumble over
        return type(error).__name__
    return None


def _swap(dataset: object) -> None:
    """The samples of Explicit VR Big Endian into little endian."""
    import numpy  # noqa: PLC0415

    if getattr(dataset, "BitsAllocated", 8) > 8:
        samples = numpy.frombuffer(dataset.PixelData, dtype=f">u{dataset.BitsAllocated // 8}")  # type: ignore[attr-defined]
        dataset.PixelData = samples.astype(samples.dtype.newbyteorder("<")).tobytes()  # type: ignore[attr-defined]
