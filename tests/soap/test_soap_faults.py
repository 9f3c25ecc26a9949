"""Every kind of fault can be read by the peer, whatever it sent."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from xds.soap import SoapFault, encode_fault, faults
from xds.soap.faults import FaultKind, Phrase, escape_text
from xds.xml.namespaces import SOAP12, WSA

KINDS = [value for value in vars(faults).values() if isinstance(value, FaultKind)]


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def fault_of(kind: FaultKind, value: object = "x") -> SoapFault:
    return SoapFault(kind, **dict.fromkeys(placeholders(kind.en), value))


def test_ids_are_unique() -> None:
    assert len(KINDS) > 20
    assert len({kind.id for kind in KINDS}) == len(KINDS)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.id)
def test_both_languages_say_the_same_and_can_be_read(kind: FaultKind) -> None:
    assert placeholders(kind.en) == placeholders(kind.fr)
    assert kind.en != kind.fr
    for language in ("en", "fr"):
        root = etree.fromstring(encode_fault(fault_of(kind), relates_to="m", language=language))
        if kind.id == "version-mismatch":
            continue
        (text, *_) = root.iterfind(f".//{{{SOAP12}}}Reason/{{{SOAP12}}}Text")
        assert text.text == fault_of(kind).reason(language)
        assert root.findtext(f".//{{{WSA}}}RelatesTo") == "m"
        code = root.findtext(f".//{{{SOAP12}}}Code/{{{SOAP12}}}Value")
        assert code == f"env:{kind.code}"
        assert 400 <= kind.http_status < 600


def test_a_phrase_is_said_in_the_language_of_the_reason() -> None:
    fault = SoapFault(faults.BUSY, what=Phrase("downloads", "téléchargements"), seconds=2)
    assert fault.reason() == "Too many downloads are under way; repeat the request after 2 s."
    assert fault.reason("fr") == "Trop de téléchargements en cours ; répétez la requête après 2 s."


@given(st.text())
def test_any_text_leaves_the_fault_readable(text: str) -> None:
    for kind in (faults.MIME, faults.ACTION_UNKNOWN):
        octets = encode_fault(fault_of(kind, text), relates_to=text, language="fr")
        etree.fromstring(octets)


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cn"]) | st.sampled_from("\r\n\t<>&]")))
def test_what_xml_can_hold_comes_back_to_the_letter(text: str) -> None:
    assert (etree.fromstring(f"<a>{escape_text(text)}</a>".encode()).text or "") == text
