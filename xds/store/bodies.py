"""Bodies: the ebRIM fragment of an object, compressed with a shipped dictionary.

A dictionary's number is in each frame. Dictionaries are files that are never removed: what was stored with
one is read with it for ever. New bodies use the newest.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Final

import zstandard

_LEVEL: Final = 3
"""Level 3 packs an entry in 36 µs; 9 takes three times as long for 4 % less (docs/decisions/0003-store.md)."""
_FRAGMENT_BYTES: Final = 16 * 1024 * 1024
"""Upper bound of one unpacked fragment: a submission's envelope is not larger."""
_NAMED: Final = slice(4, 10)
_KNOWN_MOST: Final = 4_096


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

    def pack(self, fragment: str) -> bytes:
        """Compress one fragment."""
        compressor: zstandard.ZstdCompressor | None = getattr(self._local, "compressor", None)
        if compressor is None:
            compressor = zstandard.ZstdCompressor(dict_data=self._newest, write_checksum=False)
            self._local.compressor = compressor
        return compressor.compress(fragment.encode())

    def unpack(self, bodies: Iterable[bytes]) -> list[bytes]:
        """Decompress bodies, each with the dictionary that its frame names.

        Raises
        ------
        UnknownDictionary
            There is no such dictionary.
        """
        known: dict[bytes, Callable[[bytes, int], bytes]] | None = getattr(self._local, "known", None)
        if known is None:
            known = self._local.known = {}
        # Where a frame names its dictionary depends on its flags: the octets after the magic number say it all.
        return [
            (known.get(body[_NAMED]) or self._decompress_of(body, known))(body, _FRAGMENT_BYTES)
            for body in bodies
        ]

    def _decompress_of(
        self, body: bytes, known: dict[bytes, Callable[[bytes, int], bytes]]
    ) -> Callable[[bytes, int], bytes]:
        number = zstandard.get_frame_parameters(body).dict_id
        own: dict[int, Callable[[bytes, int], bytes]] | None = getattr(self._local, "own", None)
        if own is None:
            own = self._local.own = {}
        if number not in own:
            own[number] = self._decompressor(number).decompress
        if len(known) >= _KNOWN_MOST:
            known.clear()
        known[body[_NAMED]] = own[number]
        return own[number]

    def _decompressor(self, number: int) -> zstandard.ZstdDecompressor:
        dictionary = self._dictionaries.get(number)
        if dictionary is None:
            raise UnknownDictionary(
                f"a stored object was packed with dictionary {number}, which this version of xds lacks (it has"
                f" {', '.join(map(str, sorted(self._dictionaries)))}); install the version that wrote it"
            )
        return zstandard.ZstdDecompressor(dict_data=dictionary)
