"""The one door for XML that a peer wrote: no DOCTYPE, no entities, no network, bounded in size and shape."""

import re
import threading
from dataclasses import dataclass
from functools import cache

from lxml import etree


class MalformedXml(Exception):
    """The XML of a peer cannot be read; the text says what, where (line, column) and how to mend it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class XmlLimits:
    """Shape that a message may have; beyond it a fault is the answer (standards digest, security 9)."""

    depth: int = 64
    nodes: int = 500_000
    attributes: int = 64
    name_length: int = 256  # characters of an element's or attribute's name, with its prefix
    namespaces: int = 256  # different declarations, prefix and name


DEFAULT_LIMITS = XmlLimits()
_NO_DOCTYPE = "a DOCTYPE is not allowed; send the document without it"
_SMALL = 4 * 1024  # octets: most queries
_LOCAL = threading.local()
_UTF8_BOM = b"\xef\xbb\xbf"
_XML_DECLARATION = re.compile(rb"(?:\xef\xbb\xbf)?<\?xml\s")
_DECLARATION = re.compile(rb"""xmlns(?::[^\s=]*)?\s*=\s*(?:"[^"]*"|'[^']*')""")


def parse(data: bytes, limits: XmlLimits = DEFAULT_LIMITS) -> etree._Element:
    """Parse a peer's XML and return its root element.

    A byte order mark is accepted; white space before the declaration is not XML and is refused.

    Raises
    ------
    MalformedXml
        Not well formed, a DOCTYPE, or deeper, larger or wider than `limits`.
    """
    if not data or data.isspace():
        raise MalformedXml("the message is empty; an XML document was expected")
    if len(data) > 2 * limits.nodes and data.count(b"<") > 2 * limits.nodes:
        raise MalformedXml(f"the message has more than {limits.nodes} elements")
    try:
        root = etree.fromstring(data.removeprefix(_UTF8_BOM), _parser())
    except etree.XMLSyntaxError as error:
        raise MalformedXml(_explain(data, error)) from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise MalformedXml(_NO_DOCTYPE)
    # Fewer tags than the depth allowed, and fewer "=" than attributes: there is nothing to look for. UTF-16 hides
    # both counts from nobody: its characters hold these octets too. To count in a large message takes longer than to
    # look.
    if len(data) > _SMALL or data.count(b"<") > limits.depth or data.count(b"=") > limits.attributes:
        check_shape(root, limits)
    _check_names(data, root, limits)
    return root


def has_instructions(data: bytes, root: etree._Element) -> bool:
    """Whether a document has a processing instruction anywhere; the XML declaration is none."""
    declared = _XML_DECLARATION.match(data) is not None
    if b"\0" not in data and data.count(b"<?") == declared:
        return False
    return bool(_INSTRUCTIONS(root))


def _check_names(data: bytes, root: etree._Element, limits: XmlLimits) -> None:
    """Refuse names that are too long and namespaces that are too many; only a suspicion is looked into."""
    hides = b"\0" in data  # UTF-16: no pattern of octets fits
    suspected, too_long = _name_checks(limits.name_length)
    if (hides or suspected.search(data)) and too_long(root):
        raise MalformedXml(f"a name is longer than {limits.name_length} characters")
    if data.count(b"xmlns") > limits.namespaces and len(set(_DECLARATION.findall(data))) > limits.namespaces:
        raise MalformedXml(f"the message declares more than {limits.namespaces} namespaces")


_INSTRUCTIONS = etree.XPath("boolean(//processing-instruction())")


@cache
def _name_checks(length: int) -> tuple[re.Pattern[bytes], etree.XPath]:
    more = length + 1
    suspected = re.compile(rb"<[^\s<>/]{%d}|\s[^\s=<>\"']{%d,}\s*=" % (more, more))
    over = f"[string-length(name()) > {length}]"
    return suspected, etree.XPath(f"boolean(//*{over} | //@*{over})")


def _parser() -> etree.XMLParser:
    """The parser of this thread: making one costs more than parsing a query with it."""
    parser: etree.XMLParser | None = getattr(_LOCAL, "parser", None)
    if parser is None:
        parser = etree.XMLParser(
            resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_pis=False
        )
        _LOCAL.parser = parser
    return parser


def _explain(data: bytes, error: etree.XMLSyntaxError) -> str:
    if b"<!DOCTYPE" in data:
        return _NO_DOCTYPE
    line, column = error.position
    if data[:1].isspace() and data.lstrip().startswith(b"<?xml"):
        return f"white space before the XML declaration (line {line}, column {column}); remove it"
    text = (error.msg or "not well formed").split(", line ")[0]
    return f"not well-formed XML at line {line}, column {column}: {text}"


@cache
def _shape_checks(limits: XmlLimits) -> tuple[etree.XPath, etree.XPath]:
    too_deep = etree.XPath("boolean(/" + "/".join("*" * (limits.depth + 1)) + ")")
    return too_deep, etree.XPath(f"boolean(//@*[{limits.attributes + 1}])")


def check_shape(root: etree._Element, limits: XmlLimits) -> None:
    """Refuse a tree that is deeper or wider than it may be.

    Raises
    ------
    MalformedXml
    """
    too_deep, too_wide = _shape_checks(limits)
    if too_deep(root):
        raise MalformedXml(f"elements are nested more than {limits.depth} deep")
    if too_wide(root):
        raise MalformedXml(f"an element has more than {limits.attributes} attributes")
