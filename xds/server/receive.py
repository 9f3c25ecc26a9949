"""The body of an HTTP request into an envelope and its parts, with nothing of a document in memory."""

import hashlib
import itertools
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from lxml import etree

from xds.access import Caller
from xds.documents import OutOfSpace, Spool, SpooledDocument
from xds.mime import (
    ContentType,
    MimeError,
    MimeLimits,
    Part,
    iter_parts,
    normalize_content_id,
    parse_content_type,
)
from xds.server.http import BODY_ERRORS
from xds.settings import Limits
from xds.soap import Request, SoapFault, read_envelope, resolve_includes
from xds.soap.faults import (
    CONTENT_TYPE,
    ENVELOPE_ALONE,
    MALFORMED_XML,
    MIME,
    OUT_OF_SPACE,
    PART_TWICE,
    SENT_TWICE,
    SOAP_11,
    TOO_LARGE,
    TRUNCATED,
    WHOLE_REQUEST,
)
from xds.soap.inline import NO_INSTRUCTIONS, STREAMED_FROM, read_large_envelope
from xds.xml import MalformedXml, XmlLimits, check_shape, has_instructions, parse

_PLAIN = frozenset({"application/soap+xml", "application/xop+xml"})
_SOAP11_TYPES = frozenset({"text/xml", "application/xml"})


class Readable(Protocol):
    """What a request body is read from."""

    def read(self, size: int = ..., /) -> bytes:
        """Return at most `size` octets; none at the end."""


@dataclass(slots=True)
class Bounded:
    """Counts what is read and stops at the limit: a chunked body has no Content-Length to refuse by."""

    stream: Readable
    limit: int
    announced: int | None = None  # Content-Length; None for a chunked body, which tells its own end
    taken: int = field(default=0)

    def read(self, size: int = 65_536, /) -> bytes:
        """Return at most `size` octets.

        Raises
        ------
        SoapFault
            More than the limit were sent, or the connection ended before the body did.
        """
        if self.taken == self.announced:
            return b""  # the end, which the stream need not be asked for
        try:
            piece = self.stream.read(size)
        except BODY_ERRORS:
            raise SoapFault(TRUNCATED, taken=self.taken) from None
        self.taken += len(piece)
        if self.taken > self.limit:
            raise SoapFault(TOO_LARGE, what=WHOLE_REQUEST, limit=self.limit)
        if not piece and self.announced is not None and self.taken < self.announced:
            raise SoapFault(TRUNCATED, taken=self.taken)
        return piece


class _Root(NamedTuple):
    """The envelope, parsed, and what its octets hash to."""

    element: etree._Element
    digest: bytes


class Receiver:
    """Reads requests. Its spool holds the parts until a transaction stores or drops them."""

    def __init__(self, spool: Spool, limits: Limits) -> None:
        self._spool = spool
        self._limits = limits
        self._xml_limits = XmlLimits(
            depth=limits.xml_depth,
            nodes=limits.xml_nodes,
            attributes=limits.xml_attributes,
            name_length=limits.xml_name_length,
            namespaces=limits.xml_namespaces,
        )
        self._mime_limits = MimeLimits(
            parts=limits.mime_parts,
            part_header_bytes=limits.mime_header_bytes,
            boundary_chars=limits.mime_boundary_chars,
        )

    def receive(self, content_type: str, body: Bounded, *, caller: Caller) -> Request:
        """Read a request as far as SOAP goes.

        Raises
        ------
        SoapFault
            Whatever is wrong with the message; no part of it stays in the spool.
        """
        kind = parse_content_type(content_type)
        if kind.media_type == "multipart/related":
            return self._receive_multipart(kind, body, caller)
        if kind.media_type not in _PLAIN | _SOAP11_TYPES:
            raise SoapFault(CONTENT_TYPE, found=kind.media_type or "(none)")
        if kind.media_type in _SOAP11_TYPES:
            self._refuse_soap11(body, kind)
        parts: dict[str, SpooledDocument] = {}
        with self._refusing(parts):
            root = self._read_root(iter(lambda: body.read(65_536), b""), parts)
            return self._request(root, parts, mtom=False, kind=kind, caller=caller)

    def _refuse_soap11(self, body: Bounded, kind: ContentType) -> None:
        """text/xml is SOAP 1.1's type; a SOAP 1.2 envelope under it is told its own type."""
        head = b"".join(self._collect(iter(lambda: body.read(65_536), b""), []))
        if b"http://schemas.xmlsoap.org/soap/envelope/" in head[:4096]:
            raise SoapFault(SOAP_11)
        raise SoapFault(CONTENT_TYPE, found=kind.media_type)

    @contextmanager
    def _refusing(self, parts: dict[str, SpooledDocument]) -> Iterator[None]:
        """Turn what goes wrong while receiving into a fault, and leave nothing in the spool."""
        try:
            yield
        except BaseException as error:
            for part in parts.values():
                part.discard()
            if isinstance(error, MimeError):
                raise SoapFault(MIME, detail=error) from None
            if isinstance(error, OutOfSpace):
                raise SoapFault(OUT_OF_SPACE) from None
            raise

    def _receive_multipart(self, kind: ContentType, body: Bounded, caller: Caller) -> Request:
        start = kind.parameters.get("start")
        wanted = None if start is None else normalize_content_id(start)
        parts: dict[str, SpooledDocument] = {}
        with self._refusing(parts):
            incoming = iter_parts(body, kind.boundary, self._mime_limits)
            root, root_type = self._read_parts(incoming, wanted, parts)
            action_of = kind if "action" in kind.parameters or root_type is None else root_type
            return self._request(root, parts, mtom=True, kind=action_of, caller=caller)

    def _read_parts(
        self, incoming: Iterable[Part], wanted: str | None, parts: dict[str, SpooledDocument]
    ) -> tuple[_Root, ContentType | None]:
        root: _Root | None = None
        root_type: ContentType | None = None
        for number, part in enumerate(incoming):
            name = part.content_id or ""
            if root is None and (name == wanted if wanted is not None else number == 0):
                root, root_type = self._read_root(part.pieces(), parts), part.content_type
                continue
            if name in parts:
                raise SoapFault(PART_TWICE, content_id=name, how=SENT_TWICE)
            # Over the limit of one document it is still received, so that the answer names the document:
            # the limit of the whole request bounds it.
            parts[name] = self._spool.receive(part.pieces(), self._limits.request_bytes)
        if root is None:
            detail = (
                f"no part has the Content-ID {wanted!r} that start names" if wanted else "it has no parts"
            )
            raise SoapFault(
                MIME, detail=f"{detail}; the first part, or the one that start names, is the envelope."
            )
        return root, root_type

    def _read_root(self, pieces: Iterator[bytes], parts: dict[str, SpooledDocument]) -> _Root:
        """Parse the envelope: in memory when it is small, else with its inline documents to the spool."""
        digest = hashlib.sha256()

        def hashed() -> Iterator[bytes]:
            for piece in pieces:
                digest.update(piece)
                yield piece

        incoming = hashed()
        streamed_from = min(STREAMED_FROM, self._limits.envelope_bytes)
        kept = self._collect(incoming, [], up_to=streamed_from)
        whole = b"".join(kept)
        if len(whole) < streamed_from:
            return _Root(self._parse(whole), digest.digest())
        element, inline = read_large_envelope(
            itertools.chain((whole,), incoming),
            self._spool,
            envelope_limit=self._limits.envelope_bytes,
            document_limit=self._limits.request_bytes,
            limits=self._xml_limits,
        )
        for content_id, document in inline.items():
            if parts.setdefault(content_id, document) is not document:
                document.discard()
                raise SoapFault(PART_TWICE, content_id=content_id, how=SENT_TWICE)
        try:
            check_shape(element, self._xml_limits)
        except MalformedXml as error:
            raise SoapFault(MALFORMED_XML, detail=error) from None
        return _Root(element, digest.digest())

    def _collect(
        self, pieces: Iterator[bytes], kept: list[bytes], *, up_to: int | None = None
    ) -> list[bytes]:
        taken = 0
        for piece in pieces:
            kept.append(piece)
            taken += len(piece)
            if up_to is not None and taken >= up_to:
                break
            if taken > self._limits.envelope_bytes:
                raise SoapFault(TOO_LARGE, what=ENVELOPE_ALONE, limit=self._limits.envelope_bytes)
        return kept

    def _parse(self, octets: bytes) -> etree._Element:
        try:
            root = parse(octets, self._xml_limits)
        except MalformedXml as error:
            raise SoapFault(MALFORMED_XML, detail=error) from None
        if has_instructions(octets, root):
            raise SoapFault(MALFORMED_XML, detail=NO_INSTRUCTIONS)
        return root

    def _request(
        self,
        root: _Root,
        parts: dict[str, SpooledDocument],
        *,
        mtom: bool,
        kind: ContentType,
        caller: Caller,
    ) -> Request:
        envelope = read_envelope(root.element)
        replaced = resolve_includes(root.element, parts)
        action = (kind.parameters.get("action") or "").strip() or None
        return Request(
            envelope=envelope,
            root_digest=root.digest,
            parts=parts,
            mtom=mtom,
            http_action=action,
            caller=caller,
            replaced=replaced,
        )
