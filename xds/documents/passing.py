"""Documents that only pass: from somewhere else into the spool, and out again."""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO, Final

from xds.documents.errors import DocumentStoreError
from xds.documents.spool import Spool

_PIECE: Final = 262_144  # octets


@dataclass(frozen=True, slots=True)
class PassingDocument:
    """A document whose file has no name any more: it is gone when nobody reads it, whatever happens."""

    file: BinaryIO
    size: int  # octets

    def pieces(self) -> Iterator[bytes]:
        """Yield the octets."""
        offset = 0
        while piece := os.pread(self.file.fileno(), _PIECE, offset):
            offset += len(piece)
            yield piece


class PassingParts:
    """The parts of an answer, each in a nameless file of the spool; a `xds.client.PartStore`.

    Parameters
    ----------
    limit
        Octets of one document at most.
    """

    def __init__(self, spool: Spool, limit: int) -> None:
        self.documents: dict[str, PassingDocument] = {}
        self._spool = spool
        self._limit = limit

    def receive(self, content_id: str, pieces: Iterator[bytes]) -> None:
        """Take the content of one part.

        Raises
        ------
        ValueError
            It is larger than the limit, or the volume is full.
        """
        try:
            spooled = self._spool.receive(pieces, self._limit)
        except DocumentStoreError as error:
            raise ValueError(str(error)) from error
        with suppress(KeyError):
            self.documents[content_id].file.close()
        self.documents[content_id] = PassingDocument(spooled.open(), spooled.size)
        spooled.discard()

    def __contains__(self, content_id: object) -> bool:
        return content_id in self.documents

    def small(self, limit: int) -> Iterator[bytes]:
        """The content of every part of at most `limit` octets."""
        return (b"".join(item.pieces()) for item in self.documents.values() if item.size <= limit)
