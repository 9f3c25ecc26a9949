"""Instances on their way through: from several sources at once into one answer, with as much in memory as is allowed.

A thread for each series that is asked for, some at a time, takes what its source sends and looks only at the head. What
it takes waits in a bounded queue until the answer is at that instance, so that a slow consumer slows the sources.
"""

import logging
import queue
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

from xds.content import InstanceHead, UnreadableDocument, chained, read_instance_head
from xds.documents import DocumentStoreError, Spool
from xds.imaging.sources import Cancelled, ImagingSource, SourceFailed, Sources
from xds.imaging.transcoding import Transcoder, TranscodingFailed, target_of
from xds.model import DocumentUniqueIdError, InstanceRequest, RepositoryError, XdsError

log = logging.getLogger(__name__)

_PIECE: Final = 262_144


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayPolicy:
    """How much of one request is under way."""

    fetches: int = 4  # series that are fetched at the same time
    buffer_bytes: int = 4 * 1024 * 1024  # octets that wait of each
    instance_bytes: int = 4 * 1024**3  # an instance that has to be transcoded: octets on disk


@dataclass(slots=True)
class Passing:
    """An instance that passes; `pieces` is read once."""

    request: InstanceRequest
    content_id: str
    _waiting: "queue.SimpleQueue[bytes | None]" = field(default_factory=queue.SimpleQueue)
    _lane: "_Lane | None" = None
    failure: XdsError | None = None  # known when the pieces have ended

    def pieces(self) -> Iterator[bytes]:
        """Yield the octets; when the instance fails on its way they end early, and `failure` is set."""
        while (piece := self._waiting.get()) is not None:
            if self._lane is not None:
                self._lane.give_back(len(piece))
            yield piece


class _Lane:
    """The octets of one source thread that wait."""

    def __init__(self, limit: int, cancelled: threading.Event) -> None:
        self._limit = limit
        self._held = 0
        self._changed = threading.Condition()
        self._cancelled = cancelled

    def take(self, octets: int) -> None:
        """Wait for room; a piece that is larger than the lane passes alone."""
        with self._changed:
            while self._held and self._held + octets > self._limit and not self._cancelled.is_set():
                self._changed.wait(1.0)
            if self._cancelled.is_set():
                raise Cancelled
            self._held += octets

    def give_back(self, octets: int) -> None:
        """An octet has left."""
        with self._changed:
            self._held -= octets
            self._changed.notify_all()


class Relay:
    """One request under way.

    Parameters
    ----------
    wanted
        The instances that may be given, of sources that are known.
    """

    def __init__(
        self,
        wanted: Sequence[InstanceRequest],
        transfer_syntax_uids: Sequence[str],
        *,
        sources: Sources,
        transcoder: Transcoder,
        spool: Spool,
        policy: RelayPolicy,
    ) -> None:
        self._syntaxes = tuple(transfer_syntax_uids)
        self._sources = sources
        self._transcoder = transcoder
        self._spool = spool
        self._policy = policy
        self._ready: queue.SimpleQueue[Passing | None] = queue.SimpleQueue()
        self._cancelled = threading.Event()
        self._lock = threading.Lock()
        self.failures: dict[str, XdsError] = {}  # by SOP Instance UID
        by_series = {key: list(found) for key, found in groupby(sorted(wanted, key=_series), key=_series)}
        self._left = len(by_series)
        self._pool = ThreadPoolExecutor(max(1, min(policy.fetches, len(by_series))), "imaging")
        for key in dict.fromkeys(map(_series, wanted)):  # in the order in which they were asked for
            self._pool.submit(self._fetch, by_series[key])
        self._pool.shutdown(wait=False)

    def passing(self) -> Iterator[Passing]:
        """Yield each instance when its first octets are there; all have passed or failed at the end."""
        try:
            while self._left:
                item = self._ready.get()
                if item is None:
                    self._left -= 1
                    continue
                yield item
                if item.failure is not None:
                    self.fail(item.request, item.failure)
        finally:
            self.cancel()

    def cancel(self) -> None:
        """Let the sources go; nothing happens when all is done."""
        self._cancelled.set()

    def fail(self, request: InstanceRequest, error: XdsError) -> None:
        """Remember what became of an instance."""
        with self._lock:
            self.failures.setdefault(request.document_unique_id, error.at(request.document_unique_id))

    def _fetch(self, wanted: list[InstanceRequest]) -> None:
        source: ImagingSource = self._sources[wanted[0].repository_unique_id]
        sink = _SeriesSink(self, wanted)
        why = "its source does not have it, or not in this series and study"
        began = time.monotonic()
        try:
            if not self._cancelled.is_set():
                source.fetch(wanted, self._syntaxes, sink)
        except SourceFailed as error:
            why = str(error)
        except Cancelled:
            why = "the request was given up"
        except Exception:
            log.exception("source failed", extra={"source": wanted[0].repository_unique_id})
            why = "its source could not be read"
        finally:
            for item in sink.missing:
                self.fail(item, RepositoryError(f"the instance did not come: {why}"))
            log.debug(
                "series fetched",
                extra={"instances": len(wanted), "ms": round((time.monotonic() - began) * 1000, 1)},
            )
            self._ready.put(None)

    def begin(self, request: InstanceRequest, lane: _Lane) -> Passing:
        """Put an instance into the answer."""
        passing = Passing(request=request, content_id=f"{uuid.uuid4()}@xds", _lane=lane)
        self._ready.put(passing)
        return passing


class _SeriesSink:
    """Takes the instances of one series."""

    def __init__(self, relay: Relay, wanted: Sequence[InstanceRequest]) -> None:
        self._relay = relay
        self._wanted: dict[str, InstanceRequest] = {item.document_unique_id: item for item in wanted}
        self._lane = _Lane(relay._policy.buffer_bytes, relay._cancelled)

    @property
    def missing(self) -> list[InstanceRequest]:
        """What is still to come."""
        return list(self._wanted.values())

    def absent(self, request: InstanceRequest) -> None:
        """The source does not have it."""
        if self._wanted.pop(request.document_unique_id, None) is not None:
            self._relay.fail(request, _unknown())

    def deliver(self, pieces: Iterator[bytes]) -> bool:
        """Look at the head, and pass the instance on if it is one that was asked for."""
        try:
            head, taken = read_instance_head(pieces)
        except UnreadableDocument as error:
            for _ in pieces:
                self._check()
            raise SourceFailed(f"its source sent what is no instance: {error}") from None
        request = self._wanted.get(head.sop_instance_uid)
        if request is None:
            for _ in pieces:
                self._check()
            return False
        del self._wanted[head.sop_instance_uid]
        if _place(head) != (request.study_instance_uid, request.series_instance_uid):
            self._relay.fail(request, _unknown())
            return False
        try:
            target = target_of(head, self._relay._syntaxes)
            if target is None:
                self._pass(request, chained(taken, pieces))
            else:
                self._transcoded(request, chained(taken, pieces), target)
        except TranscodingFailed as error:
            self._relay.fail(request, RepositoryError(str(error)))
        return True

    def _check(self) -> None:
        if self._relay._cancelled.is_set():
            raise Cancelled

    def _pass(self, request: InstanceRequest, pieces: Iterator[bytes]) -> None:
        passing = self._relay.begin(request, self._lane)
        try:
            for piece in pieces:
                self._lane.take(len(piece))
                passing._waiting.put(piece)
        except BaseException as error:
            passing.failure = RepositoryError("the instance was cut off on its way from its source")
            if isinstance(error, Cancelled):
                raise
            raise SourceFailed("its source broke the connection, or sent nothing for too long") from error
        finally:
            passing._waiting.put(None)

    def _transcoded(self, request: InstanceRequest, pieces: Iterator[bytes], target: str) -> None:
        """By way of two files: codecs want the whole instance."""
        spool, limit = self._relay._spool, self._relay._policy.instance_bytes
        try:
            stored = spool.receive(pieces, limit)
        except DocumentStoreError as error:
            raise TranscodingFailed(
                f"there is no room to transcode the instance ({type(error).__name__})"
            ) from None
        made = stored.path.with_suffix(".made")
        try:
            self._relay._transcoder.transcode(stored.path, made, target)
            with made.open("rb", buffering=0) as file:
                self._pass(request, iter(lambda: file.read(_PIECE), b""))
        finally:
            stored.discard()
            made.unlink(missing_ok=True)


def _unknown() -> XdsError:
    """One answer for what is absent, elsewhere, or withheld: nothing tells them apart."""
    return DocumentUniqueIdError(UNKNOWN)


UNKNOWN: Final = (
    "no such instance is available in that series and study; take its UIDs and the Retrieve Location UID from the"
    " manifest"
)


def _place(head: InstanceHead) -> tuple[str, str]:
    return head.study_instance_uid, head.series_instance_uid


def _series(item: InstanceRequest) -> tuple[str, str, str]:
    return item.repository_unique_id, item.study_instance_uid, item.series_instance_uid
