"""Documents on their way out of and into a client: never one value, always a stream of octets."""

import hashlib
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Protocol

from xds.client.errors import DocumentNotSent
from xds.mime import OutPart

PIECE_SIZE = 262_144  # octets

Progress = Callable[[int, int | None], None]
"""Called now and then with the octets sent or received so far and, when it is known, their total."""


@dataclass(frozen=True, slots=True)
class OpenDocument:
    """A document that is opened when it is sent."""

    open: Callable[[], BinaryIO]
    size: int  # octets


DocumentInput = Path | bytes | OpenDocument
"""What can be sent: a file, octets, or anything that can be opened and whose size is known."""


def out_part(content_id: str, mime_type: str, document: DocumentInput) -> OutPart:
    """Make a MIME part of a document; a file is opened only when its turn comes.

    Raises
    ------
    OSError
        The file is not there.
    """
    if isinstance(document, bytes):
        opened, size = partial(BytesIO, document), len(document)
        return OutPart(
            content_id=content_id, content_type=mime_type, size=size, pieces=partial(_pieces, opened)
        )
    if isinstance(document, Path):
        document = OpenDocument(partial(_open, document), document.stat().st_size)
    return OutPart(
        content_id=content_id,
        content_type=mime_type,
        size=document.size,
        pieces=partial(_pieces, document.open),
    )


def _open(path: Path) -> BinaryIO:
    return path.open("rb")


def _pieces(opened: Callable[[], BinaryIO]) -> Iterator[bytes]:
    # An OSError would be taken for one of the socket's further up.
    try:
        with opened() as stream:
            while piece := stream.read(PIECE_SIZE):
                yield piece
    except OSError as error:
        raise DocumentNotSent(f"a document cannot be read: {error}") from error


class PartStore(Protocol):
    """Where the parts of an answer go while it is read, by Content-ID."""

    def receive(self, content_id: str, pieces: Iterator[bytes]) -> None:
        """Take the content of one part."""

    def __contains__(self, content_id: object) -> bool:
        """Tell whether that part came."""

    def small(self, limit: int) -> Iterator[bytes]:
        """The content of every part of at most `limit` octets: a fault may be among them."""


class MemoryParts:
    """Keeps parts in memory, `limit` octets in all.

    Raises
    ------
    ValueError
        From `receive`: more than that came.
    """

    def __init__(self, limit: int) -> None:
        self.contents: dict[str, bytes] = {}
        self._left = limit
        self._limit = limit

    def receive(self, content_id: str, pieces: Iterator[bytes]) -> None:
        """Take the content of one part."""
        kept = []
        for piece in pieces:
            self._left -= len(piece)
            if self._left < 0:
                raise ValueError(f"the documents of the answer have more than {self._limit} octets")
            kept.append(piece)
        self.contents[content_id] = b"".join(kept)

    def __contains__(self, content_id: object) -> bool:
        return content_id in self.contents

    def small(self, limit: int) -> Iterator[bytes]:
        """The content of every part of at most `limit` octets."""
        return (content for content in self.contents.values() if len(content) <= limit)


@dataclass(frozen=True, slots=True)
class PartFile:
    """A part in a file of its own, not yet under its final name."""

    path: Path
    size: int  # octets
    sha1: str  # lower-case hex


class FolderParts:
    """Streams parts into files beside their final place; what was not taken is removed by `discard`."""

    def __init__(self, folder: Path) -> None:
        self.files: dict[str, PartFile] = {}
        self._folder = folder
        self._unfinished: set[Path] = set()

    def receive(self, content_id: str, pieces: Iterator[bytes]) -> None:
        """Take the content of one part; hash and size are taken on the way."""
        digest, size = hashlib.sha1(usedforsecurity=False), 0
        path = self._folder / f".{uuid.uuid4()}.part"
        self._unfinished.add(path)
        with path.open("xb") as target:
            for piece in pieces:
                digest.update(piece)
                size += len(piece)
                target.write(piece)
        self.files[content_id] = PartFile(path, size, digest.hexdigest())

    def __contains__(self, content_id: object) -> bool:
        return content_id in self.files

    def small(self, limit: int) -> Iterator[bytes]:
        """The content of every part of at most `limit` octets."""
        return (file.path.read_bytes() for file in self.files.values() if file.size <= limit)

    def finish(self, content_id: str, name: str) -> PartFile:
        """Give a part its final name, which an older file of that name loses."""
        file = self.files[content_id]
        final = self._folder / name
        file.path.replace(final)
        self._unfinished.discard(file.path)
        return PartFile(final, file.size, file.sha1)

    def discard(self) -> None:
        """Remove whatever has no final name."""
        for path in self._unfinished:
            path.unlink(missing_ok=True)
        self._unfinished.clear()
