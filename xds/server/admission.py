"""How much of the process one peer may have: requests a second, requests and downloads under way."""

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from xds.settings import Limits
from xds.soap import SoapFault
from xds.soap.faults import BUSY, DOWNLOADS, RATE, REQUESTS_OF_PEER

_PEERS: Final = 10_000
"""Peers remembered per process; the one not seen for longest is forgotten."""


@dataclass(slots=True)
class _Peer:
    tokens: float
    seen: float
    in_flight: int = 0


class Admission:
    """Lets requests in or refuses them before their body is read.

    Parameters
    ----------
    share
        The part of the rate that is this process's: one divided by the number of workers.
    """

    def __init__(self, limits: Limits, *, share: float) -> None:
        self._rate = limits.requests_per_second * share
        self._limit = limits.requests_per_second
        self._in_flight = limits.in_flight_per_peer
        self._peers: OrderedDict[str, _Peer] = OrderedDict()
        self._lock = threading.Lock()
        self._downloads = threading.BoundedSemaphore(max(1, limits.downloads))

    def enter(self, peer: str) -> None:
        """Count a request in; call `leave` when it is answered.

        Raises
        ------
        SoapFault
            429 over the rate, 503 with too many of this peer under way.
        """
        if not self._rate and not self._in_flight:
            return
        now = time.monotonic()
        with self._lock:
            state = self._peers.get(peer)
            if state is None:
                state = self._peers[peer] = _Peer(tokens=self._rate, seen=now)
                if len(self._peers) > _PEERS:
                    self._forget_one()
            self._peers.move_to_end(peer)
            if self._rate:
                # A bucket of one second's worth: a burst of that size is let through at once.
                state.tokens = min(self._rate, state.tokens + (now - state.seen) * self._rate)
                state.seen = now
                if state.tokens < 1:
                    raise SoapFault(RATE, headers=(("Retry-After", "1"),), limit=self._limit, seconds=1)
                state.tokens -= 1
            if self._in_flight and state.in_flight >= self._in_flight:
                raise SoapFault(BUSY, headers=(("Retry-After", "2"),), what=REQUESTS_OF_PEER, seconds=2)
            state.in_flight += 1

    def leave(self, peer: str) -> None:
        """Count a request out."""
        with self._lock:
            state = self._peers.get(peer)
            if state is not None and state.in_flight:
                state.in_flight -= 1

    def start_download(self) -> None:
        """Take one of the places for documents being sent; they never take a query's thread.

        Raises
        ------
        SoapFault
            503 when all are taken.
        """
        if not self._downloads.acquire(blocking=False):
            raise SoapFault(BUSY, headers=(("Retry-After", "2"),), what=DOWNLOADS, seconds=2)

    def end_download(self) -> None:
        """Give the place back."""
        self._downloads.release()

    def _forget_one(self) -> None:
        for name, state in self._peers.items():
            if not state.in_flight:
                del self._peers[name]
                return
