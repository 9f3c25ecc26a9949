"""`python -m benchmarks.seals`: what checking a document costs while it is sent (docs/decisions/0004-seal.md)."""

import hashlib
import os
import time
import zlib
from collections.abc import Callable
from typing import Any, Final

import xxhash
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.poly1305 import Poly1305

PIECE: Final = os.urandom(256 * 1024)
PIECES: Final = 2048
MIB: Final = 1024 * 1024


def main() -> None:
    """Print MiB/s of each, the best of three."""
    for name, update in (
        ("SHA-256", hashlib.sha256().update),
        ("SHA-1", hashlib.sha1(usedforsecurity=False).update),
        ("BLAKE2b", hashlib.blake2b().update),
        ("Poly1305", Poly1305(bytes(32)).update),
        ("AES-GMAC", _gmac()),
        ("CRC-32", zlib.crc32),
        ("XXH3-128", xxhash.xxh3_128(seed=1).update),
    ):
        print(f"{name:10} {max(_rate(update) for _ in range(3)):8,.0f} MiB/s")


def _gmac() -> Callable[[bytes], Any]:
    return Cipher(algorithms.AES(bytes(16)), modes.GCM(bytes(12))).encryptor().authenticate_additional_data


def _rate(update: Callable[[bytes], Any]) -> float:
    began = time.perf_counter()
    for _ in range(PIECES):
        update(PIECE)
    return PIECES * len(PIECE) / MIB / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
