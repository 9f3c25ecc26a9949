"""Streams for the tests of this folder."""

from collections.abc import Iterable


class Trickle:
    """A `Readable` that hands its octets out in reads of the given sizes, over and over."""

    def __init__(self, octets: bytes, sizes: Iterable[int] = (1 << 18,)) -> None:
        self._octets = octets
        self._at = 0
        self._sizes = list(sizes)
        self._reads = 0

    def read(self, size: int, /) -> bytes:
        size = min(size, self._sizes[self._reads % len(self._sizes)])
        self._reads += 1
        piece = self._octets[self._at : self._at + size]
        self._at += len(piece)
        return piece

    @property
    def left(self) -> int:
        return len(self._octets) - self._at
