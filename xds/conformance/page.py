"""The report as one HTML page, readable without scripts or network."""

import re
from functools import cache
from typing import TYPE_CHECKING, Final

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from lxml import etree

from xds.conformance.exchange import Half

if TYPE_CHECKING:
    from xds.conformance.report import Report

_MOST: Final = 20_000  # characters of a message that the page shows; the JSON has all
_XML: Final = re.compile(r"<(?:\w+:)?Envelope.*</(?:\w+:)?Envelope>", re.DOTALL)


def html(report: "Report") -> str:
    """Return the page."""
    return _template().render(report=report, shown=shown)


def shown(half: Half | None) -> str:
    """A request or an answer as people read it: heads, XML indented, octets that are no text left out."""
    if half is None:
        return "nothing"
    heads = [f"{name}: {value}" for name, value in half.headers]
    status = [] if half.status is None else [f"HTTP {half.status}"]
    text = half.body.octets().decode("utf-8", "replace")
    text = _XML.sub(lambda match: _indented(match[0]), text.replace("\r\n", "\n").replace("\r", "\n"))
    text = "".join(character if character >= " " or character in "\t\n" else "·" for character in text)
    if len(text) > _MOST:
        text = f"{text[:_MOST]}\n… {len(text) - _MOST} more characters are in the JSON report"
    return "\n".join([*status, *heads, "", text]).strip("\n")


def _indented(xml: str) -> str:
    parser = etree.XMLParser(remove_blank_text=True, resolve_entities=False, no_network=True)
    try:
        root = etree.fromstring(xml.encode(), parser)
    except etree.XMLSyntaxError:
        return xml
    return etree.tostring(root, pretty_print=True, encoding="unicode")


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("xds.conformance"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html")
