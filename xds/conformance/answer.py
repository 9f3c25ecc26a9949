"""An answer read with eyes of its own: nothing of our codecs, our MIME reader or our client is asked."""

import base64
import binascii
import re
from dataclasses import dataclass, field
from typing import Any, Final, cast
from urllib.parse import unquote

from lxml import etree

from xds.conformance.exchange import Exchange, Half
from xds.conformance.wire import PREFIXES

_PARAMETER: Final = re.compile(r';\s*([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]+))')
_HEAD_END: Final = re.compile(rb"\r?\n\r?\n")
_PARSER_OPTIONS: Final[dict[str, Any]] = {"resolve_entities": False, "no_network": True, "load_dtd": False}


class UnreadableAnswer(Exception):
    """There is no answer, or it is not what can be judged; the text says what there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One xds:DocumentResponse with its octets."""

    unique_id: str
    mime_type: str
    octets: bytes


@dataclass(slots=True)
class Answer:
    """The answer of an exchange, taken apart as far as a check asks for it."""

    exchange: Exchange
    _root: etree._Element | None = field(default=None)
    _parts: dict[str, bytes] = field(default_factory=dict)

    @property
    def status(self) -> int:
        """HTTP status."""
        return self._half().status or 0

    @property
    def media_type(self) -> str:
        """Of the whole answer, in lower case, without parameters."""
        return self._half().header("Content-Type").partition(";")[0].strip().lower()

    @property
    def parameters(self) -> dict[str, str]:
        """Parameters of its Content-Type."""
        found = _PARAMETER.findall(self._half().header("Content-Type"))
        return {name.lower(): quoted or bare for name, quoted, bare in found}

    @property
    def root(self) -> etree._Element:
        """The SOAP envelope."""
        if self._root is None:
            octets = self._octets_of_all()
            if self.media_type.startswith("multipart/"):
                octets = self._unpacked(octets)
            try:
                self._root = etree.fromstring(octets, etree.XMLParser(**_PARSER_OPTIONS))
            except (etree.XMLSyntaxError, ValueError) as error:
                raise UnreadableAnswer(f"the answer is no XML: {error}") from None
        return self._root

    @property
    def body(self) -> etree._Element:
        """What the Body holds."""
        found = self.xpath("/env:Envelope/env:Body/*")
        if len(found) != 1:
            raise UnreadableAnswer(
                f"the answer is no SOAP 1.2 envelope with one body element ({self.root.tag})"
            )
        return cast(etree._Element, found[0])

    def xpath(self, path: str) -> list[Any]:
        """Evaluate an XPath on the envelope; a number, text or truth is a list of one."""
        try:
            found = cast(Any, self.root.xpath(path, namespaces=PREFIXES))
        except etree.XPathError as error:
            raise UnreadableAnswer(f"{path} is no XPath: {error}") from None
        return found if isinstance(found, list) else [found]

    def texts(self, path: str) -> list[str]:
        """Evaluate an XPath and return what it finds as texts."""
        return [text_of(item) for item in self.xpath(path)]

    def documents(self) -> list[Document]:
        """The documents of a RetrieveDocumentSetResponse."""
        found = []
        for element in self.xpath("//xds:DocumentResponse"):
            inner = element.find(f"{{{PREFIXES['xds']}}}Document")
            found.append(
                Document(
                    unique_id=element.findtext(f"{{{PREFIXES['xds']}}}DocumentUniqueId", "").strip(),
                    mime_type=element.findtext(f"{{{PREFIXES['xds']}}}mimeType", "").strip(),
                    octets=b"" if inner is None else self._octets(inner),
                )
            )
        return found

    def segment(self, field_name: str) -> str:
        """A field of an HL7 v2 acknowledgement, such as ``MSA-1``; empty without it."""
        name, _, number = field_name.partition("-")
        for line in re.split(r"[\r\n]+", hl7_text(self._octets_of_all())):
            fields = line.split("|")
            if fields[0] == name:
                # MSH-1 is the separator itself.
                position = int(number) - (name == "MSH")
                return fields[position] if position < len(fields) else ""
        return ""

    def _half(self) -> Half:
        if self.exchange.answer is None:
            raise UnreadableAnswer(f"there is no answer: {self.exchange.error}")
        return self.exchange.answer

    def _octets_of_all(self) -> bytes:
        try:
            return self._half().body.octets()
        except ValueError as error:
            raise UnreadableAnswer(f"the recorded octets cannot be read: {error}") from None

    def _unpacked(self, octets: bytes) -> bytes:
        boundary = self.parameters.get("boundary", "")
        if not boundary:
            raise UnreadableAnswer("multipart without a boundary")
        delimiter = b"\r\n--" + boundary.encode()
        pieces = (b"\r\n" + octets).split(delimiter)
        if len(pieces) < 3 or not pieces[-1].startswith(b"--"):
            raise UnreadableAnswer("the multipart body does not end with its boundary")
        start = self.parameters.get("start", "").strip("<>")
        root = None
        for piece in pieces[1:-1]:
            end = _HEAD_END.search(piece)
            if end is None:
                raise UnreadableAnswer("a part without the end of its head")
            head = piece[: end.start()].decode("latin-1")
            named = re.search(r"(?im)^content-id:\s*<?([^>\s]*)>?", head)
            content_id = named[1] if named else ""
            content = piece[end.end() :]
            self._parts[content_id] = content
            if root is None or (start and content_id == start):
                root = content
        return root or b""

    def _octets(self, element: etree._Element) -> bytes:
        include = element.find(f"{{{PREFIXES['xop']}}}Include")
        if include is None:
            try:
                return base64.b64decode("".join((element.text or "").split()), validate=True)
            except binascii.Error:
                raise UnreadableAnswer("a Document is neither base64 nor xop:Include") from None
        name = unquote((include.get("href") or "").removeprefix("cid:"))
        if name not in self._parts:
            raise UnreadableAnswer(f"no part has the Content-ID {name}")
        return self._parts[name]


def text_of(item: Any) -> str:
    """What an XPath found, as text: of an element its text, of a number a whole one."""
    if isinstance(item, etree._Element):
        return (item.text or "").strip()
    if isinstance(item, bool):
        return "true" if item else "false"
    if isinstance(item, float):
        return str(int(item)) if item.is_integer() else str(item)
    return str(item)


def hl7_text(octets: bytes) -> str:
    """An HL7 v2 message as text."""
    return octets.decode("utf-8", "replace")
