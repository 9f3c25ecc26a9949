"""A request on its way down the house, and the answer on its way out."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from lxml import etree

from xds.access import NOBODY, Caller
from xds.audit import SILENT, Trail
from xds.documents import SpooledDocument
from xds.mime import LatePart
from xds.soap.envelope import Envelope
from xds.wss import VerifiedMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request as the transaction sees it: envelope read, parts received, nothing decoded yet."""

    envelope: Envelope
    root_digest: bytes  # SHA-256 of the envelope's octets, as received
    parts: Mapping[str, SpooledDocument]  # by Content-ID; visible to nobody else yet
    mtom: bool  # came as multipart/related: the answer goes out the same way (ITI TF-2 V.8.1)
    http_action: str | None = None  # Content-Type's action; counts only when wsa:Action is absent
    caller: Caller = NOBODY
    trail: Trail = SILENT  # what it leaves in the audit log
    replaced: tuple[etree._Element, ...] = ()  # elements whose xop:Include is base64 text now
    verified: VerifiedMessage | None = None  # what a signature proves of it; its body is `envelope.body`

    @property
    def peer(self) -> str:
        """Network address, for logs and limits."""
        return self.caller.address

    @property
    def is_answered_signed(self) -> bool:
        """Whether the sender is one whose signed messages are answered with signed ones."""
        return self.verified is not None and self.verified.signer.signed_answers

    def digest(self) -> bytes:
        """SHA-256 over the envelope and every part: two requests with one digest say the same."""
        total = hashlib.sha256(self.root_digest)
        for content_id, part in sorted(self.parts.items()):
            total.update(f"\0{content_id}\0{part.sha256}".encode())
        return total.digest()


class DocumentSource(Protocol):
    """Octets of a document that are read while the answer is sent."""

    @property
    def size(self) -> int:
        """Octets; known before the first is read, so that Content-Length can be sent."""

    def pieces(self) -> Iterator[bytes]:
        """Yield the octets. Raises when they turn out damaged: the connection is then broken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyPart:
    """A document within an answer; the body refers to it by its Content-ID."""

    content_id: str
    mime_type: str
    source: DocumentSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The answer of a transaction: the body's element as octets, and the documents that it refers to."""

    body: Sequence[bytes]
    parts: Sequence[ReplyPart] = ()
    outcome: str = ""  # for the log: status and codes, never values


class LateParts(Protocol):
    """Documents that pass while the answer is sent, and the body that tells what became of each."""

    def parts(self) -> Iterator[LatePart]:
        """Yield each; the pieces of one are read before the next is asked for."""

    def body(self) -> Sequence[bytes]:
        """The body's element as octets, once all have passed."""

    def close(self) -> None:
        """Nobody reads any more, whether all has passed or not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LateReply(Reply):
    """An answer that is known when it has passed: only as MTOM, and not signed."""

    late: LateParts


class Handler(Protocol):
    """One transaction: the Expected Actions of its section."""

    def __call__(self, body: etree._Element, request: Request) -> Reply:
        """Answer the request whose body's element is `body`."""
