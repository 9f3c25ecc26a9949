from urllib.parse import quote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from xds.mime import (
    BoundaryMissing,
    MalformedPart,
    content_id_of_href,
    normalize_content_id,
    parse_content_type,
)
from xds.mime.headers import parse_head


@pytest.mark.parametrize(
    ("value", "boundary"),
    [
        ("multipart/related; boundary=abc", b"abc"),
        ('multipart/related; boundary="abc"', b"abc"),
        ("Multipart/Related;BOUNDARY=abc;", b"abc"),
        ('MULTIPART/RELATED ; ; Boundary = "uuid:a+id=17" ;', b"uuid:a+id=17"),
        ("multipart/related; boundary=----=_Part_7_1.2", b"----=_Part_7_1.2"),
        ('multipart/related; type="application/soap+xml; boundary=no"; boundary=yes', b"yes"),
        ('multipart/related;\r\n\tboundary="abc"', b"abc"),
        ('multipart/related; boundary="a b"', b"a b"),
    ],
)
def test_boundary(value: str, boundary: bytes) -> None:
    parsed = parse_content_type(value)
    assert (parsed.media_type, parsed.boundary) == ("multipart/related", boundary)


def test_parameters_as_partners_write_them() -> None:
    parsed = parse_content_type(
        'Multipart/Related; boundary=b; TYPE="application/xop+xml"; start="<a;1@b>"; '
        r'Start-Info="application/soap+xml; action=\"urn:x\""; action="urn:ihe:iti:2007:A";'
    )
    assert dict(parsed.parameters) == {
        "boundary": "b",
        "type": "application/xop+xml",
        "start": "<a;1@b>",
        "start-info": 'application/soap+xml; action="urn:x"',
        "action": "urn:ihe:iti:2007:A",
    }


def test_a_value_without_parameters() -> None:
    assert parse_content_type(" Text/XML ").media_type == "text/xml"
    assert parse_content_type("").media_type == ""


@pytest.mark.parametrize("value", ["multipart/related", 'multipart/related; boundary=""', ""])
def test_boundary_missing(value: str) -> None:
    with pytest.raises(BoundaryMissing, match="no boundary parameter"):
        _ = parse_content_type(value).boundary


@given(st.text(max_size=60))
def test_any_header_value_is_parsed(value: str) -> None:
    parsed = parse_content_type(value)
    assert parsed.media_type == parsed.media_type.lower()
    assert all(name == name.lower() for name in parsed.parameters)


@given(st.text('ab\\"; =,<é€', max_size=12))
def test_a_quoted_parameter_comes_back(value: str) -> None:
    assume(not value.endswith("\\"))  # python-multipart takes the closing quote for an escaped one
    quoted = value.replace("\\", "\\\\").replace('"', '\\"')
    assert parse_content_type(f'a/b; x="{quoted}"; y=1').parameters == {"x": value, "y": "1"}


@pytest.mark.parametrize(
    ("content_id", "href"),
    [
        ("<doc1@example.org>", "cid:doc1@example.org"),
        (" <doc1@example.org> ", "CID:doc1%40example.org"),
        ("<http://tempuri.org/0>", "cid:http://tempuri.org/0"),
        ("<http://tempuri.org/1/2>", "cid:http%3A%2F%2Ftempuri.org%2F1%2F2"),
        ("<a+b@x>", "cid:a+b@x"),
        ("<a%40b>", "cid:a%2540b"),
        ("no-brackets@x", "cid:no-brackets@x"),
        ("<médecin@x>", "cid:m%C3%A9decin@x"),
    ],
)
def test_a_content_id_matches_its_href(content_id: str, href: str) -> None:
    assert normalize_content_id(content_id) == content_id_of_href(href)


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="<>"), min_size=1))
def test_every_content_id_can_be_referred_to(content_id: str) -> None:
    assert content_id_of_href("cid:" + quote(content_id, safe="")) == content_id


@pytest.mark.parametrize(
    "href", ["", "cid:", "cid:<>", "doc1@x", "http://example.org/doc", "file:///etc/passwd"]
)
def test_nothing_but_parts_is_referred_to(href: str) -> None:
    with pytest.raises(MalformedPart, match=r"expected \"cid:\""):
        content_id_of_href(href)


def test_head() -> None:
    head = parse_head(b"Content-ID: <a@b>\r\ncontent-TYPE : text/xml;\r\n\tcharset=UTF-8\nX-Empty:\n")
    assert dict(head) == {"content-id": "<a@b>", "content-type": "text/xml; charset=UTF-8", "x-empty": ""}


@pytest.mark.parametrize(
    ("head", "message"),
    [
        (b"Content-ID <a@b>", "expected a name, a colon"),
        (b": value", "expected a name, a colon"),
        (b" folded: nothing before", "expected a name, a colon"),
        (b"Content ID: a", "expected a name, a colon"),
        (b"Content-ID: a\r\ncontent-id: b", "twice; send it once"),
    ],
)
def test_head_refused(head: bytes, message: str) -> None:
    with pytest.raises(MalformedPart, match=message):
        parse_head(head)
