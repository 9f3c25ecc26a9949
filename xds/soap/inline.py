"""A large envelope with documents inline: base64 goes to the spool while the XML is parsed.

MTOM's equal on the infoset (ITI TF-2 V.8.2), so it is accepted at any size of document with memory flat: each
Document's text leaves the tree and an xop:Include of our own stands in its place.
"""

from collections.abc import Iterable
from typing import Any, Final

from lxml import etree

from xds.documents import Spool, SpooledDocument, SpoolSink
from xds.mime import Base64Decoder, MalformedPart
from xds.soap.attachments import DOCUMENT
from xds.soap.faults import BASE64, ENVELOPE_ALONE, MALFORMED_XML, TOO_LARGE, SoapFault
from xds.xml import XmlLimits
from xds.xml.namespaces import XOP_INCLUDE

NO_INSTRUCTIONS: Final = (
    "a processing instruction is not allowed in a SOAP message (SOAP 1.2 part 1, section 5); send it without"
)
STREAMED_FROM: Final = 1024 * 1024
"""Octets from which an envelope is read this way; below, one parse in memory is faster."""


class _Extractor:
    """Target of the parser: builds the tree, but sends the text of a Document to a sink."""

    def __init__(self, spool: Spool, document_limit: int, limits: XmlLimits) -> None:
        self._limits = limits
        self._left = limits.nodes
        self._declared: set[tuple[str | None, str]] = set()
        self._builder = etree.TreeBuilder()
        self._spool = spool
        self._limit = document_limit
        self._sink: SpoolSink | None = None
        self._decoder = Base64Decoder()
        self._within: str | None = None  # id of the Document whose text comes now
        self.parts: dict[str, SpooledDocument] = {}
        self.extracted = 0  # characters that left the tree

    def start(self, tag: str, attributes: Any, nsmap: Any = None) -> None:
        if self._within is not None and self._sink is not None:
            raise SoapFault(BASE64, document=self._within, detail="an element stands within its text")
        self._check(tag, attributes, nsmap)
        self._within = attributes.get("id", "") if tag == DOCUMENT else None
        # The parser names the default namespace '', the builder wants None.
        namespaces = {prefix or None: uri for prefix, uri in nsmap.items()} if nsmap else None
        self._builder.start(tag, dict(attributes), namespaces)  # type: ignore[call-arg]  # lxml takes it

    def _check(self, tag: str, attributes: Any, nsmap: Any) -> None:
        """Refuse what is too large before it is built: the builder takes attributes one by one."""
        limits = self._limits
        self._left -= 1
        if self._left < 0:
            raise SoapFault(MALFORMED_XML, detail=f"the message has more than {limits.nodes} elements")
        if len(attributes) > limits.attributes:
            detail = f"an element has more than {limits.attributes} attributes"
            raise SoapFault(MALFORMED_XML, detail=detail)
        most = limits.name_length
        if _is_longer(tag, most) or (attributes and any(_is_longer(name, most) for name in attributes)):
            raise SoapFault(MALFORMED_XML, detail=f"a name is longer than {most} characters")
        if nsmap:
            self._declared.update(nsmap.items())
            if len(self._declared) > limits.namespaces:
                detail = f"the message declares more than {limits.namespaces} namespaces"
                raise SoapFault(MALFORMED_XML, detail=detail)

    def end(self, tag: str) -> None:
        if self._within is not None and self._sink is not None:
            self._finish()
        self._within = None
        self._builder.end(tag)

    def data(self, text: str) -> None:
        if self._within is None:
            self._builder.data(text)
            return
        if self._sink is None:
            if not text.strip():
                self._builder.data(text)
                return
            self._sink = self._spool.sink(self._limit)
            self._decoder = Base64Decoder()
        self.extracted += len(text)
        try:
            self._sink.write(self._decoder.feed(text.encode("ascii", "replace")))
        except MalformedPart as error:
            raise SoapFault(BASE64, document=self._within, detail=error) from None

    def comment(self, text: str) -> None:
        self._builder.comment(text)

    def pi(self, *_: Any) -> None:
        raise SoapFault(MALFORMED_XML, detail=NO_INSTRUCTIONS)

    def doctype(self, *_: Any) -> None:
        raise SoapFault(MALFORMED_XML, detail="a DOCTYPE is not allowed; send the document without it")

    def close(self) -> etree._Element | None:
        try:
            return self._builder.close()
        except etree.XMLSyntaxError:
            # The parser closes its target after an error too; this one must not hide what it found.
            return None

    def abort(self) -> None:
        """Leave nothing in the spool."""
        if self._sink is not None:
            self._sink.abort()
        for part in self.parts.values():
            part.discard()

    def _finish(self) -> None:
        assert self._sink is not None  # noqa: S101  # for the type checker: the caller looked
        try:
            self._decoder.finish()
        except MalformedPart as error:
            raise SoapFault(BASE64, document=self._within, detail=error) from None
        content_id = f"inline-{len(self.parts) + 1}@xds"
        self.parts[content_id] = self._sink.finish()
        self._sink = None
        self._builder.start(XOP_INCLUDE, {"href": f"cid:{content_id}"})
        self._builder.end(XOP_INCLUDE)


def _is_longer(name: str, most: int) -> bool:
    """Of the name without its namespace; with it, it is longer still, so that most need no second look."""
    return len(name) > most and len(name.rpartition("}")[2]) > most


def read_large_envelope(
    pieces: Iterable[bytes], spool: Spool, *, envelope_limit: int, document_limit: int, limits: XmlLimits
) -> tuple[etree._Element, dict[str, SpooledDocument]]:
    """Parse an envelope as it comes in and take the documents out of it.

    Parameters
    ----------
    pieces
        The first holds the prolog, up to the root's start tag.

    Returns
    -------
    The root element, and the documents under the Content-IDs that now stand in their place.

    Raises
    ------
    SoapFault
        Not well formed, not UTF-8, a DOCTYPE or processing instruction, beyond `limits` in anything but its depth,
        text that is not base64, or more than `envelope_limit` octets beside the documents' text.
    """
    target = _Extractor(spool, document_limit, limits)
    parser = etree.XMLParser(
        target=target,  # type: ignore[arg-type]  # the stub wants bytes where lxml gives str
        # Without it a target sees "&#38;" for "&amp;". `_refuse_dtd` has seen to it that there are no others.
        resolve_entities=True,
        no_network=True,
        huge_tree=True,
    )
    taken = 0
    try:
        for piece in pieces:
            if not taken:
                _refuse_dtd(piece)
            taken += len(piece)
            parser.feed(piece)
            if taken - target.extracted > envelope_limit:
                raise SoapFault(TOO_LARGE, what=ENVELOPE_ALONE, limit=envelope_limit)
        root = parser.close()
        _refuse_undeclared_prefixes(parser)
        return root, target.parts
    except etree.XMLSyntaxError as error:
        target.abort()
        line, column = error.position
        text = (error.msg or "not well formed").split(", line ")[0]
        detail = f"not well-formed XML at line {line}, column {column}: {text}"
        raise SoapFault(MALFORMED_XML, detail=detail) from None
    except BaseException:
        target.abort()
        raise


def _refuse_undeclared_prefixes(parser: etree.XMLParser) -> None:
    """With a target the parser only notes them; without one it refuses them."""
    for entry in parser.feed_error_log:
        detail = f"not well-formed XML at line {entry.line}, column {entry.column}: {entry.message}"
        raise SoapFault(MALFORMED_XML, detail=detail)


def _refuse_dtd(head: bytes) -> None:
    """No declaration of entities reaches the parser, in whatever encoding it might hide."""
    if b"\0" in head or head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise SoapFault(MALFORMED_XML, detail="an envelope of this size must be UTF-8")
    if b"<!DOCTYPE" in head:
        raise SoapFault(MALFORMED_XML, detail="a DOCTYPE is not allowed; send the document without it")
