"""How transactions travel, by a table of our own; and what is ready to be sent."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from xds.xml import namespaces as ns

PREFIXES: Final = {
    "env": ns.SOAP12,
    "wsa": ns.WSA,
    "rim": ns.RIM,
    "rs": ns.RS,
    "lcm": ns.LCM,
    "query": ns.QUERY,
    "xds": ns.XDSB,
    "xop": ns.XOP,
    "hl7": ns.CDA,
    "rmd": "urn:ihe:iti:rmd:2017",
}
"""Prefixes that plans use in XML and XPath."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """How a transaction travels: a row of wire.toml."""

    role: str
    section: str
    action: str
    answers: tuple[str, ...]
    body: str
    mtom: bool = False
    schema: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A request ready to be sent."""

    content_type: str
    octets: bytes


@cache
def wires() -> Mapping[str, Wire]:
    """The rows of wire.toml by the number of their transaction."""
    text = files("xds.conformance").joinpath("wire.toml").read_text("utf-8")
    return {
        number: Wire(**{**row, "answers": tuple(row["answers"])})
        for number, row in tomllib.loads(text).items()
    }
