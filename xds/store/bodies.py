"""Bodies: the ebRIM fragment of an object, compressed with a shipped dictionary.

A dictionary's number is in each frame. Dictionaries are files that are never removed: what was stored with
one is read with it for ever. New bodies use the newest.
"""

import threading
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from typing import Final

import zstandard

_LEVEL: Final = 3
"""Level 3 packs an entry in 36 µs; 9 takes three times as long for 4 % less (docs/decisions/0003-store.md)."""
_FRAGMENT_BYTES: Final = 16 * 1024 * 1024
"""Upper bound of one unpacked fragment: a submission's envelope is not larger."""


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
    """Packs and unpacks bodies. Contexts of zstd are not thread-safe: each thread has its own."""

    def __init__(self) -> None:
        self._dictionaries = dictionaries()
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

    def unpack(self, bodies: Iterable[bytes]) -> Iterator[bytes]:
        """Decompress bodies, each with the dictionary that its frame names."""
        decompressors: dict[int, zstandard.ZstdDecompressor] | None = getattr(
            self._local, "decompressors", None
        )
        if decompressors is None:
            decompressors = self._local.decompressors = {}
        for body in bodies:
            number = zstandard.get_frame_parameters(body).dict_id
            decompressor = decompressors.get(number)
            if decompressor is None:
                decompressor = zstandard.ZstdDecompressor(dict_data=self._dictionaries[number])
                decompressors[number] = decompressor
            yield decompressor.decompress(body, max_output_size=_FRAGMENT_BYTES)
