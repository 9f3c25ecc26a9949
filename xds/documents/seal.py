"""A document's seal: what tells at each read, at the speed of memory, that its octets are those that were stored.

SHA-256 names a document and proves what it is; to hash with it while sending costs more than the sending. The seal is
XXH3-128 over the octets, begun from a random number that only the metadata store knows: damage shows as surely as
with SHA-256, and who can write files but not rows cannot make a document that passes. Measured in
docs/decisions/0004-seal.md.
"""

import secrets
from typing import Final

import xxhash

_SEED: Final = 8  # octets of the random number; those of the digest follow


class Sealer:
    """Takes the octets of one document in pieces.

    Parameters
    ----------
    seal
        To check a stored document; empty for a new one, which gets a random number of its own.
    """

    def __init__(self, seal: bytes = b"") -> None:
        self._seed = seal[:_SEED] or secrets.token_bytes(_SEED)
        self._digest = xxhash.xxh3_128(seed=int.from_bytes(self._seed))

    def update(self, piece: bytes | memoryview) -> None:
        """Take the next octets."""
        self._digest.update(piece)

    def seal(self) -> bytes:
        """The seal of what was taken: 24 octets."""
        return self._seed + self._digest.digest()
