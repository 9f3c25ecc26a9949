"""Head fields of a message and of a part: Content-Type, Content-ID and the `cid:` references to it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final
from urllib.parse import unquote

from python_multipart.multipart import parse_options_header

from xds.mime.errors import BoundaryMissing, MalformedPart

_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # RFC 2045 5.1, RFC 9110 5.6.2
_LINE_END: Final = re.compile(r"\r?\n[ \t]*|\r")


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentType:
    """A parsed Content-Type: `media_type` and the names of `parameters` are in lower case."""

    media_type: str
    parameters: Mapping[str, str]

    @property
    def boundary(self) -> bytes:
        """The delimiter of the parts (RFC 2046 5.1.1).

        Raises
        ------
        BoundaryMissing
            The header has no boundary parameter, or an empty one.
        """
        if boundary := self.parameters.get("boundary"):
            return boundary.encode("utf-8")
        raise BoundaryMissing(
            f"the Content-Type {self.media_type} has no boundary parameter; a multipart message needs one: "
            f'{self.media_type}; boundary="…"'
        )


@lru_cache(maxsize=256)  # a partner sends the same one with every query
def parse_content_type(value: str) -> ContentType:
    r"""Parse a Content-Type as partners write it, case of the names apart.

    Accepted: values quoted or not, quoted pairs (``type="application/soap+xml; action=\"…\""``), empty
    parameters and a ``;`` at the end, white space around ``=``, folded lines.
    An empty value gives an empty media type. The last of two parameters of one name counts.

    >>> parse_content_type('Multipart/Related; Boundary="uuid:1+id=17";').boundary
    b'uuid:1+id=17'
    """
    # The library speaks latin-1 only; UTF-8 goes through it octet by octet.
    unfolded = _LINE_END.sub(" ", value).encode("utf-8", "surrogateescape").decode("latin-1")
    media_type, options = parse_options_header(unfolded)
    parameters: dict[str, str] = {}
    for name, octets in options.items():
        if name:
            parameters[name.decode("utf-8", "replace").lower()] = octets.decode("utf-8", "replace")
    return ContentType(
        media_type=media_type.decode("utf-8", "replace").strip().lower(),
        parameters=MappingProxyType(parameters),
    )


def normalize_content_id(text: str) -> str:
    """Return a Content-ID, or the `start` parameter, without white space and angle brackets.

    >>> normalize_content_id(" <http://tempuri.org/0> ")
    'http://tempuri.org/0'
    """
    return text.strip().removeprefix("<").removesuffix(">").strip()


def content_id_of_href(href: str) -> str:
    """Return the Content-ID that `xop:Include/@href` refers to: after one percent-decoding (RFC 2392).

    >>> content_id_of_href("cid:http%3A%2F%2Ftempuri.org%2F0")
    'http://tempuri.org/0'

    Raises
    ------
    MalformedPart
        Not a `cid:` URL: nothing but parts of the same message is ever fetched.
    """
    scheme, colon, rest = href.strip().partition(":")
    content_id = normalize_content_id(unquote(rest))
    if scheme.lower() != "cid" or not colon or not content_id:
        raise MalformedPart(
            f"the href {href[:80]!r} of an xop:Include is no reference to a part; "
            'expected "cid:" and the Content-ID of a part of the same message'
        )
    return content_id


def parse_head(head: bytes) -> Mapping[str, str]:
    """Parse the head of a part, lines ending in CR LF or LF, to values by lower-case name.

    Raises
    ------
    MalformedPart
        A line without a colon, a name with foreign characters, a continuation without a line before it,
        or a field twice.
    """
    fields: dict[str, str] = {}
    name = ""
    for line in head.split(b"\n"):
        text = line.removesuffix(b"\r").decode("utf-8", "replace")
        if text[:1] in {" ", "\t"} and name:
            fields[name] = f"{fields[name]} {text.strip()}"
            continue
        if not text:
            continue
        before, colon, value = text.partition(":")
        name = before.rstrip(" \t").lower()
        if not colon or not _TOKEN.fullmatch(name):
            raise MalformedPart(
                f"the head of a part has the line {text[:80]!r}; expected a name, a colon and a value, "
                "and an empty line before the content"
            )
        # Two Content-IDs or encodings would let two readers see two different messages.
        if name in fields:
            raise MalformedPart(f"the head of a part has {before.strip()} twice; send it once")
        fields[name] = value.strip()
    return MappingProxyType(fields)
