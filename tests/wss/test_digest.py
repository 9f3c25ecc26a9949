"""The digest of attachments of any size: canonical base64, memory that does not depend on it."""

import base64
import hashlib
import tracemalloc
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives import hashes
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from xds.wss import Refused, base64_pieces
from xds.wss.digest import canonical, digest_of
from xds.xml.namespaces import XOP

MIB = 1024 * 1024


@given(st.lists(st.binary(max_size=20)))
def test_base64_of_pieces_cut_anywhere(pieces: list[bytes]) -> None:
    assert b"".join(base64_pieces(pieces)) == base64.b64encode(b"".join(pieces))


def document(*hrefs: str) -> etree._Element:
    inside = "".join(f'<d:D> <x:Include href="{href}"/></d:D>' for href in hrefs)
    return etree.fromstring(f'<d:All xmlns:d="urn:d" xmlns:x="{XOP}">{inside}</d:All>')


def test_white_space_beside_an_include_is_signed_as_it_stands() -> None:
    node = document("cid:a", "cid:b")
    contents = {"cid:a": b"first", "cid:b": b"second"}
    attachments = {href: lambda content=content: (content,) for href, content in contents.items()}
    before = etree.tostring(node)
    found = digest_of(node, (), hashes.SHA256, attachments)
    inside = b"".join(b"<d:D> " + base64.b64encode(content) + b"</d:D>" for content in contents.values())
    assert found == hashlib.sha256(b'<d:All xmlns:d="urn:d">' + inside + b"</d:All>").digest()
    assert etree.tostring(node) == before


def test_the_message_is_as_it_was_when_an_attachment_fails() -> None:
    node = document("cid:a")
    before = etree.tostring(node)

    def failing() -> Iterator[bytes]:
        yield b"x"
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        digest_of(node, (), hashes.SHA256, {"cid:a": failing})
    with pytest.raises(KeyError):
        digest_of(document("cid:a", "cid:b"), (), hashes.SHA256, {"cid:a": lambda: (b"",)})
    assert etree.tostring(node) == before


def test_memory_does_not_depend_on_the_size() -> None:
    def pieces() -> Iterator[bytes]:
        piece = bytes(57 * 4096)
        for _ in range(256 * MIB // len(piece)):
            yield piece

    node = document("cid:a")
    tracemalloc.start()
    try:
        digest_of(node, (), hashes.SHA256, {"cid:a": pieces})
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2 * MIB


def test_a_relative_namespace_has_no_canonical_form() -> None:
    """libxml2 must say so: an empty form would be what everybody has signed (void canonicalization)."""
    with pytest.raises(Refused) as refused:
        canonical(etree.fromstring('<a xmlns="relative"/>'))
    assert refused.value.refusal.id == "signature-canonical"
