"""Every rule has its fault, in both languages, and a row in the documentation."""

import re
import string
from pathlib import Path

import pytest
from lxml import etree

from xds.soap import encode_fault, security_fault
from xds.soap.security import SECURITY_KINDS
from xds.wss import Refusal, Refused, refusals
from xds.xml.namespaces import SOAP12, WSSE, WSU

REFUSALS = [value for value in vars(refusals).values() if isinstance(value, Refusal)]
PAGE = (Path(__file__).parents[2] / "docs" / "security.md").read_text("utf-8").partition("\n## Who asks")[0]


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.id)
def test_the_fault_of_a_refusal(refusal: Refusal) -> None:
    assert placeholders(refusal.en) == placeholders(refusal.fr) and refusal.en != refusal.fr
    values = dict.fromkeys(placeholders(refusal.en), "x")
    fault = security_fault(Refused(refusal, detail="only for the log", **values))
    octets = encode_fault(fault, relates_to="m", language="fr")
    assert b"only for the log" not in octets
    root = etree.fromstring(octets)
    (value,) = root.iterfind(f".//{{{SOAP12}}}Subcode/{{{SOAP12}}}Value")
    prefix, _, local = (value.text or "").partition(":")
    assert f"{prefix}:{local}" == refusal.code.value
    assert value.nsmap[prefix] == {"wsse": WSSE, "wsu": WSU}[prefix]
    incident = str(fault.values["incident"])
    assert len(incident) == 12
    assert all(incident in (text.text or "") for text in root.iter(f"{{{SOAP12}}}Text"))


def test_ids_are_unique() -> None:
    assert len(SECURITY_KINDS) == len(REFUSALS) > 30


def test_the_page_has_a_row_for_each() -> None:
    rows = dict(re.findall(r"^\| `([a-z0-9-]+)` \| `(ws[a-zA-Z:]+)` \|", PAGE, re.MULTILINE))
    assert rows == {refusal.id: refusal.code.value for refusal in REFUSALS}
