"""Answers read with eyes of their own: what our writer packs comes out as it was, what is broken is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xds.conformance.answer import Answer, UnreadableAnswer
from xds.conformance.exchange import Exchange, Half, Octets
from xds.mime import OutPart, related

XDS = "urn:ihe:iti:xds-b:2007"
ENVELOPE = (
    '<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body>'
    f'<x:RetrieveDocumentSetResponse xmlns:x="{XDS}" xmlns:xop="http://www.w3.org/2004/08/xop/include">'
    "<x:DocumentResponse><x:DocumentUniqueId>2.999.1</x:DocumentUniqueId><x:mimeType>text/plain</x:mimeType>"
    "<x:Document>{}</x:Document></x:DocumentResponse></x:RetrieveDocumentSetResponse></e:Body></e:Envelope>"
)


def answer(body: bytes, content_type: str) -> Answer:
    half = Half(status=200, headers=(("content-type", content_type),), body=Octets.of(body))
    return Answer(Exchange(address="http://localhost", at="", milliseconds=1, request=Half(), answer=half))


def packed(content: bytes) -> Answer:
    root = ENVELOPE.format('<xop:Include href="cid:doc%40one"/>').encode()
    part = OutPart(
        content_id="doc@one", content_type="text/plain", size=len(content), pieces=lambda: iter((content,))
    )
    message = related(root, [part])
    return answer(b"".join(message.pieces), message.content_type)


@given(st.binary(max_size=500))
def test_octets_come_out_as_they_were(content: bytes) -> None:
    (document,) = packed(content).documents()
    assert (document.unique_id, document.mime_type, document.octets) == ("2.999.1", "text/plain", content)


@given(st.binary(max_size=500))
def test_octets_of_a_report_come_back(content: bytes) -> None:
    kept = Octets.of(content)
    assert kept.octets() == content
    assert not (kept.text and kept.base64)


def test_base64_within_the_message() -> None:
    found = answer(ENVELOPE.format("RmFi\ncmljYXRlZA==").encode(), "application/soap+xml")
    assert [item.octets for item in found.documents()] == [b"Fabricated"]


@pytest.mark.parametrize(
    ("body", "content_type", "told"),
    [
        (b"<html>", "text/html", "no XML"),
        (b"", "application/soap+xml", "no XML"),
        (b"<a/>", "application/soap+xml", "no SOAP 1.2 envelope"),
        (b"--b\r\n\r\n<a/>", "multipart/related; boundary=b", "does not end with its boundary"),
        (b"--b--", "multipart/related", "without a boundary"),
        (b"--b\r\nno head\r\n--b--", 'multipart/related; boundary="b"', "without the end of its head"),
        (ENVELOPE.format("=").encode(), "application/soap+xml", "neither base64 nor xop:Include"),
        (
            ENVELOPE.format('<xop:Include href="cid:absent"/>').encode(),
            "application/soap+xml",
            "no part has the Content-ID absent",
        ),
    ],
)
def test_what_cannot_be_read_is_told(body: bytes, content_type: str, told: str) -> None:
    found = answer(body, content_type)
    with pytest.raises(UnreadableAnswer) as error:
        found.documents() if b"Document" in body else found.body
    assert told in str(error.value)


def test_no_answer_says_why() -> None:
    exchange = Exchange(address="", at="", milliseconds=0, request=Half(), error="TimeoutError: timed out")
    with pytest.raises(UnreadableAnswer, match="timed out"):
        _ = Answer(exchange).status


def test_fields_of_an_acknowledgement() -> None:
    found = answer(b"MSH|^~\\&|A|B|||20260101||ACK^A01|1|P|2.3.1\rMSA|AA|77\r", "")
    assert (found.segment("MSH-9"), found.segment("MSH-2"), found.segment("MSA-2")) == (
        "ACK^A01",
        "^~\\&",
        "77",
    )
    assert (found.segment("MSA-9"), found.segment("ERR-1")) == ("", "")
