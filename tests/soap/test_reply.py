"""Answers onto the wire: the length that is announced is the length that is sent, and nothing changes on the way."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from xds.mime import iter_parts, parse_content_type
from xds.soap import Reply, ReplyPart, encode_reply
from xds.xml.namespaces import SOAP12, WSA, XOP


@dataclass(frozen=True, slots=True)
class Pieces:
    """A document in pieces as a disk may give them."""

    given: tuple[bytes, ...]

    @property
    def size(self) -> int:
        return sum(map(len, self.given))

    def pieces(self) -> Iterator[bytes]:
        return iter(self.given)


@dataclass(slots=True)
class Stream:
    """Octets to be read, and those of before a read that was too short."""

    octets: bytes

    def read(self, size: int, /) -> bytes:
        piece, self.octets = self.octets[:size], self.octets[size:]
        return piece


DOCUMENTS = st.lists(st.lists(st.binary(max_size=40), max_size=4).map(tuple).map(Pieces), max_size=3)


def reply_of(documents: list[Pieces]) -> Reply:
    includes = "".join(f'<d><xop:Include href="cid:doc{index}@xds"/></d>' for index in range(len(documents)))
    return Reply(
        body=(f'<r xmlns:xop="{XOP}">'.encode(), includes.encode(), b"</r>"),
        parts=[
            ReplyPart(content_id=f"doc{index}@xds", mime_type="text/plain", source=item)
            for index, item in enumerate(documents)
        ],
    )


@given(DOCUMENTS)
def test_inline_documents_are_the_base64_of_their_octets(documents: list[Pieces]) -> None:
    wire = encode_reply(reply_of(documents), action="urn:a", relates_to=None, mtom=False)
    octets = b"".join(wire.pieces)
    assert len(octets) == wire.content_length
    texts = [item.text or "" for item in etree.fromstring(octets).iter("d")]
    assert [base64.b64decode(text, validate=True) for text in texts] == [
        b"".join(item.given) for item in documents
    ]


@given(DOCUMENTS)
def test_mtom_parts_are_the_octets(documents: list[Pieces]) -> None:
    wire = encode_reply(reply_of(documents), action="urn:a", relates_to=None, mtom=True)
    octets = b"".join(wire.pieces)
    assert len(octets) == wire.content_length
    boundary = parse_content_type(wire.content_type).boundary
    _, *parts = [b"".join(part.pieces()) for part in iter_parts(Stream(octets), boundary)]
    assert parts == [b"".join(item.given) for item in documents]


@pytest.mark.parametrize("mtom", [False, True])
def test_relates_to_repeats_the_message_id(mtom: bool) -> None:
    for sent in (None, " a&b<c]]>d\r\n "):
        wire = encode_reply(Reply(body=(b"<r/>",)), action="urn:a", relates_to=sent, mtom=mtom)
        octets = b"".join(wire.pieces)
        root = etree.fromstring(octets[octets.index(b"<?xml") : octets.rindex(b"Envelope>") + 9])
        assert root.findtext(f"{{{SOAP12}}}Header/{{{WSA}}}RelatesTo") == sent


def test_a_body_that_does_not_refer_to_its_document_is_our_own_mistake() -> None:
    reply = Reply(body=(b"<r/>",), parts=reply_of([Pieces((b"x",))]).parts)
    with pytest.raises(LookupError, match="doc0@xds"):
        encode_reply(reply, action="urn:a", relates_to=None, mtom=False)
