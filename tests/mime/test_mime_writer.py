from collections.abc import Iterator

import pytest

from xds.mime import MalformedPart, OutPart, PartLengthMismatch, iter_parts, parse_content_type, related

from .streams import Trickle


def out_part(
    content: bytes, *, size: int | None = None, content_id: str = "doc@x", media: str = "text/xml"
) -> OutPart:
    return OutPart(
        content_id=content_id,
        content_type=media,
        size=len(content) if size is None else size,
        pieces=lambda: iter([content[:2], content[2:]]),
    )


def test_content_type_as_appendix_v_writes_it() -> None:
    message = related(b"<e/>", [out_part(b"abc")], action="urn:ihe:iti:2007:RetrieveDocumentSetResponse")
    content_type = parse_content_type(message.content_type)
    assert content_type.media_type == "multipart/related"
    parameters = dict(content_type.parameters)
    start, boundary = parameters.pop("start"), parameters.pop("boundary")
    assert parameters == {
        "type": "application/xop+xml",
        "start-info": "application/soap+xml",
        "action": "urn:ihe:iti:2007:RetrieveDocumentSetResponse",
    }
    root, document = (
        (part.headers, b"".join(part.pieces()))
        for part in iter_parts(Trickle(b"".join(message.pieces)), boundary.encode())
    )
    assert root == (
        {
            "content-type": 'application/xop+xml; charset=UTF-8; type="application/soap+xml"',
            "content-transfer-encoding": "binary",
            "content-id": start,
        },
        b"<e/>",
    )
    assert document == (
        {"content-type": "text/xml", "content-transfer-encoding": "binary", "content-id": "<doc@x>"},
        b"abc",
    )


def test_a_root_alone() -> None:
    message = related(b"<e/>")
    octets = b"".join(message.pieces)
    assert len(octets) == message.content_length
    assert "action" not in message.content_type
    boundary = parse_content_type(message.content_type).boundary
    assert [b"".join(part.pieces()) for part in iter_parts(Trickle(octets), boundary)] == [b"<e/>"]


def test_every_message_has_its_own_boundary() -> None:
    assert related(b"").content_type != related(b"").content_type


def test_the_action_is_quoted() -> None:
    message = related(b"", action='a"b\\c')
    assert parse_content_type(message.content_type).parameters["action"] == 'a"b\\c'


@pytest.mark.parametrize(("size", "text"), [(2, "more octets than the 2"), (4, "fewer octets than the 4")])
def test_a_document_of_another_length_breaks_off(size: int, text: str) -> None:
    message = related(b"<e/>", [out_part(b"abc", size=size)])
    sent = b""
    with pytest.raises(PartLengthMismatch, match=text):
        for piece in message.pieces:
            sent += piece
    assert len(sent) < message.content_length


@pytest.mark.parametrize(
    "part",
    [
        out_part(b"", media="text/xml\r\nX: y"),
        out_part(b"", content_id="a\nb"),
        out_part(b"", content_id="a>b"),
    ],
)
def test_no_head_is_injected(part: OutPart) -> None:
    with pytest.raises(MalformedPart, match="not allowed there"):
        related(b"", [part])


def test_no_header_is_injected() -> None:
    with pytest.raises(MalformedPart, match="control characters"):
        related(b"", action="a\r\nb")


def test_small_documents_leave_together_and_large_pieces_as_they_are() -> None:
    large = b"x" * 262_144

    def pieces() -> Iterator[bytes]:
        return iter([large] * 3)

    parts = [out_part(b"abc", content_id=f"{number}@x") for number in range(50)]
    parts.append(OutPart(content_id="l@x", content_type="a/b", size=3 * len(large), pieces=pieces))
    sent = list(related(b"<e/>", parts).pieces)
    assert len(sent) == 5
    assert all(piece is large for piece in sent[1:4])
    assert max(map(len, sent)) == len(large)
