"""Bodies: the ebRIM fragment of an object, compressed with a shipped dictionary.

A dictionary's number is in each frame. Dictionaries are files that are never removed: what was stored with
one is read with it for ever. New bodies use the newest.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Final

import zstandard

Decompress = Callable[..., bytes]

_NAMED: Final = slice(4, 6)
"""A frame's flags and the octet after them: the dictionary's number, if the flags are `_SHORT` (RFC 8878 3.1.1)."""
_SHORT: Final = 0b10_0001
"""One segment, so that its size is there; a dictionary whose number has one octet."""
_SHORT_MASK: Final = 0b10_0011
_FRAGMENT_BYTES: Final = 16 * 1024 * 1024
"""Upper bound of one unpacked fragment: a submission's envelope is not larger."""
_LEVEL: Final = 3
"""Level 3 packs an entry in 36 µs; 9 takes three times as long for 4 % less (docs/decisions/0003-store.md)."""


class UnknownDictionary(Exception):
    """A body was packed with a dictionary that this version does not have; a newer one wrote it."""


@cache
def dictionaries() -> dict[int, zstandard.ZstdCompressionDict]:
    """The shipped dictionaries by their number."""
    found: dict[int, zstandard.ZstdCompressionDict] = {}
    for entry in files("xds.store").joinpath("dictionaries").iterdir():
        if entry.name.endswith(".zdict"):
            dictionary = zstandard.ZstdCompressionDict(entry.read_bytes())
            found[dictionary.dict_id()] = dictionary
    return found


class BodyCodec:
    """Packs and unpacks bodies. Contexts of zstd are not thread-safe: each thread has its own.

    Parameters
    ----------
    known
        Dictionaries by their number; None for the shipped ones.
    """

    def __init__(self, known: Mapping[int, zstandard.ZstdCompressionDict] | None = None) -> None:
        self._dictionaries = dictionaries() if known is None else known
        self._newest = self._dictionaries[max(self._dictionaries)]
        self._newest.precompute_compress(level=_LEVEL)
        self._local = threading.local()
        self.turn = threading.Lock()
        """Held while many bodies are unpacked: zstd lets go of the interpreter at each, and the threads that unpack
        at the same time would hand it to and fro, at three times the cost (docs/performance.md)."""

    def pack(self, fragment: str) -> bytes:
        """Compress one fragment."""
        compressor: zstandard.ZstdCompressor | None = getattr(self._local, "compressor", None)
        if compressor is None:
            compressor = zstandard.ZstdCompressor(dict_data=self._newest, write_checksum=False)
            self._local.compressor = compressor
        return compressor.compress(fragment.encode())

    def unpack(self, bodies: Sequence[bytes]) -> list[bytes]:
        """Decompress bodies, each with the dictionary that its frame names.

        Raises
        ------
        UnknownDictionary
            There is no such dictionary.
        """
        known: dict[bytes, Decompress] | None = getattr(self._local, "known", None)
        if known is None:
            known = self._local.known = {}
        names = {body[_NAMED] for body in bodies}
        if len(names) == 1 and (decompress := known.get(names.pop())) is not None:
            return [*map(decompress, bodies)]  # as is usual; their sizes are in them
        return [
            (known.get(body[_NAMED]) or self._decompress(body, known))(body, _FRAGMENT_BYTES)
            for body in bodies
        ]

    def _decompress(self, body: bytes, known: dict[bytes, Decompress]) -> Decompress:
        """What opens a body, remembered by the octets that name its dictionary where these name nothing else."""
        number = zstandard.get_frame_parameters(body).dict_id
        own: dict[int, Decompress] | None = getattr(self._local, "own", None)
        if own is None:
            own = self._local.own = {}
        if number not in own:
            own[number] = self._made(number).decompress
        if body[4] & _SHORT_MASK == _SHORT:
            known[body[_NAMED]] = own[number]
        return own[number]

    def _made(self, number: int) -> zstandard.ZstdDecompressor:
        dictionary = self._dictionaries.get(number)
        if dictionary is None:
            raise UnknownDictionary(
                f"a stored object was packed with dictionary {number}, which this version of xds lacks (it has"
                f" {', '.join(map(str, sorted(self._dictionaries)))}); install the version that wrote it"
            )
        return zstandard.ZstdDecompressor(dict_data=dictionary)
