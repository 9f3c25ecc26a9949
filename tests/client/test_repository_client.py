"""ITI-41 and ITI-43 as the client streams them, over a real socket."""

import base64
import hashlib
import io
import re
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.samples import builders
from xds.client import (
    DocumentNotSent,
    OpenDocument,
    RepositoryClient,
    ServiceUnavailable,
    UnreadableAnswer,
)
from xds.ebxml import decode_provide_request, decode_retrieve_request
from xds.mime import iter_parts, parse_content_type
from xds.model import DocumentRequest, ResponseStatus

from .peer import RS, SUCCESS, Peer, body_of, envelope, multipart, running_peer

XDS = "urn:ihe:iti:xds-b:2007"
XOP = "http://www.w3.org/2004/08/xop/include"
OK = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success"
REQUESTS = [DocumentRequest(repository_unique_id="2.999.2.1", document_unique_id="2.999.5.1")]


def sent_parts(peer: Peer) -> list[tuple[str | None, str, bytes]]:
    """Content-ID, media type and content of each part of the last request."""
    content_type = parse_content_type(peer.last.headers["Content-Type"])
    return [
        (part.content_id, part.content_type.media_type if part.content_type else "", b"".join(part.pieces()))
        for part in iter_parts(io.BytesIO(peer.last.body), content_type.boundary)
    ]


def document_response(content: str, unique_id: str = "2.999.5.1", mime_type: str = "text/xml") -> str:
    """One DocumentResponse."""
    return (
        f"<x:DocumentResponse><x:RepositoryUniqueId>2.999.2.1</x:RepositoryUniqueId><x:DocumentUniqueId>"
        f"{unique_id}</x:DocumentUniqueId><x:mimeType>{mime_type}</x:mimeType><x:Document>{content}"
        "</x:Document></x:DocumentResponse>"
    )


def include(content_id: str) -> str:
    """A reference to a part."""
    return f'<i:Include xmlns:i="{XOP}" href="cid:{content_id}"/>'


def answer(*documents: str, status: str | None = OK) -> bytes:
    """An envelope with a RetrieveDocumentSetResponse."""
    told = "" if status is None else f'<r:RegistryResponse xmlns:r="{RS}" status="{status}"/>'
    return envelope(
        f'<x:RetrieveDocumentSetResponse xmlns:x="{XDS}">{told}{"".join(documents)}</x:RetrieveDocumentSetResponse>'
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder."""
    made = tmp_path / "documents"
    made.mkdir()
    return made


@pytest.fixture(params=["bytes", "file", "opened"])
def as_input(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[bytes], object]:
    """Make each kind of input of the same octets."""

    def make(content: bytes) -> object:
        if request.param == "bytes":
            return content
        path = tmp_path / "document"
        path.write_bytes(content)
        return path if request.param == "file" else OpenDocument(lambda: path.open("rb"), len(content))

    return make


def test_provide_sends_metadata_and_documents(
    as_input: Callable[[bytes], object], repository: RepositoryClient, peer: Peer
) -> None:
    content = b"first line\r\nlast line\r\n\r\n" * 30_000
    submission = builders.submission(builders.document_entry(1), builders.document_entry(2))
    first, second = (entry.entry_uuid for entry in submission.document_entries)
    assert repository.provide(submission, {first: as_input(content), second: b""}).is_success  # type: ignore[dict-item]
    (_, root_type, root), *documents = sent_parts(peer)
    assert root_type == "application/xop+xml"
    decoded, findings, elements = decode_provide_request(body_of(root))
    assert (decoded, findings) == (submission, ())
    assert [element.get("id") for element in elements] == [first, second]
    assert [element[0].get("href") for element in elements] == [f"cid:{name}" for name, _, _ in documents]
    assert [(kind, octets) for _, kind, octets in documents] == [("text/xml", content), ("text/xml", b"")]
    assert peer.last.headers["Content-Length"] == str(len(peer.last.body))
    assert 'action="urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b"' in peer.last.headers["Content-Type"]
    assert b'mustUnderstand="1"' in root


def test_provide_tells_its_progress(repository: RepositoryClient, peer: Peer) -> None:
    steps: list[tuple[int, int | None]] = []
    submission = builders.submission()
    repository.provide(
        submission,
        {submission.document_entries[0].entry_uuid: b"x" * 1_000_000},
        progress=lambda done, total: steps.append((done, total)),
    )
    assert len(steps) >= 4
    assert steps == sorted(steps)
    assert steps[-1] == (len(peer.last.body), len(peer.last.body))


def test_provide_repeats_a_message_id(repository: RepositoryClient, peer: Peer) -> None:
    repository.provide(builders.submission(), {}, message_id="urn:uuid:again")
    assert peer.last.message_id == "urn:uuid:again"


def test_a_folder_alone_is_sent_as_mtom_too(repository: RepositoryClient, peer: Peer) -> None:
    repository.provide(builders.submission(), {})
    assert len(sent_parts(peer)) == 1


def test_a_document_that_shrinks_is_no_success(repository: RepositoryClient) -> None:
    submission = builders.submission()
    entry = submission.document_entries[0].entry_uuid
    with pytest.raises(DocumentNotSent, match="changed while it was sent"):
        repository.provide(submission, {entry: OpenDocument(lambda: io.BytesIO(b"123"), 4)})


def test_a_document_that_cannot_be_read_is_said_so(repository: RepositoryClient, tmp_path: Path) -> None:
    submission = builders.submission()
    entry = submission.document_entries[0].entry_uuid
    gone = OpenDocument(lambda: (tmp_path / "gone").open("rb"), 4)
    with pytest.raises(DocumentNotSent, match=r"cannot be read: .*gone"):
        repository.provide(submission, {entry: gone})
    with pytest.raises(FileNotFoundError):
        repository.provide(submission, {entry: tmp_path / "gone"})


def test_provide_holds_no_document_in_memory(tmp_path: Path) -> None:
    """The peer of this test is in the same process and does hold it: so only the parts are made and read."""
    path = tmp_path / "large"
    with path.open("wb") as large:
        large.truncate(64 * 1024 * 1024)
    from xds.client.documents import out_part  # noqa: PLC0415
    from xds.mime import related  # noqa: PLC0415

    message = related(b"<root/>", [out_part("a", "text/plain", path)], action="x")
    tracemalloc.start()
    total = sum(len(piece) for piece in message.pieces)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total == message.content_length
    assert peak < 2 * 1024 * 1024


def test_retrieve_writes_files(repository: RepositoryClient, peer: Peer, folder: Path) -> None:
    content = b"<a/>\r\n\r\n"
    body, kind = multipart(
        [
            ("r", "application/xop+xml", answer(document_response(include("doc%201@x")))),
            ("doc 1@x", "text/xml", content),
        ]
    )
    peer.answers(body, kind)
    result = repository.retrieve(REQUESTS, folder)
    assert result.response.is_success
    (file,) = result.documents
    assert file.path == folder / "2.999.5.1.xml"
    assert file.path.read_bytes() == content
    assert (file.size, file.sha1) == (len(content), hashlib.sha1(content).hexdigest())  # noqa: S324
    assert list(folder.iterdir()) == [file.path]
    (_, _, root), *more = sent_parts(peer)
    assert more == []
    assert decode_retrieve_request(body_of(root)) == (tuple(REQUESTS), ())


def test_parts_come_in_any_order(repository: RepositoryClient, peer: Peer, folder: Path) -> None:
    root = answer(document_response(include("a"), "2.999.5.1"), document_response(include("b"), "2.999.5.2"))
    parts = [("b", "text/xml", b"two"), ("r", "application/xop+xml", root), ("a", "text/xml", b"one")]
    body, kind = multipart(parts, start="r")
    peer.answers(body, kind)
    result = repository.retrieve(REQUESTS, folder)
    assert [file.path.read_bytes() for file in result.documents] == [b"one", b"two"]


def test_documents_inline(repository: RepositoryClient, peer: Peer, folder: Path) -> None:
    text = base64.encodebytes(b"inline \xff content" * 10).decode()
    peer.answers(answer(document_response(text, mime_type="application/pdf")))
    result = repository.retrieve(REQUESTS, folder)
    (file,) = result.documents
    assert file.path.name == "2.999.5.1.pdf"
    assert file.path.read_bytes() == b"inline \xff content" * 10


def test_equal_names_are_numbered_and_odd_ones_mended(
    repository: RepositoryClient, peer: Peer, folder: Path
) -> None:
    one = base64.b64encode(b"1").decode()
    ids = ["2.999.5.1", "2.999.5.1", "../../etc/passwd", "2.999.1^A/1", "..", "x" * 500]
    peer.answers(answer(*(document_response(one, item, "image/x") for item in ids)))
    result = repository.retrieve(REQUESTS, folder)
    assert [file.path.name for file in result.documents] == [
        "2.999.5.1.bin",
        "2.999.5.1-2.bin",
        "_.._etc_passwd.bin",
        "2.999.1^A_1.bin",
        "document.bin",
        "x" * 150 + ".bin",
    ]
    assert {file.path.parent for file in result.documents} == {folder}


def test_partial_success_gives_what_there_is(repository: RepositoryClient, peer: Peer, folder: Path) -> None:
    message = (Path(__file__).parents[1] / "samples/messages/iti43-response.xml").read_text("utf-8")
    peer.answers(envelope(message.partition("?>")[2]))
    result = repository.retrieve(REQUESTS, folder)
    assert result.response.status is ResponseStatus.PARTIAL_SUCCESS
    assert [(item.code, item.location) for item in result.response.findings] == [
        ("XDSDocumentUniqueIdError", "2.999.4.1.9999")
    ]
    (file,) = result.documents
    assert file.path.read_bytes().startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<ClinicalDocument')


def test_no_status_is_no_success(repository: RepositoryClient, peer: Peer, folder: Path) -> None:
    peer.answers(answer(status=None))
    assert repository.retrieve(REQUESTS, folder).response.status is ResponseStatus.FAILURE


def test_a_bare_registry_response_is_read(repository: RepositoryClient, peer: Peer, folder: Path) -> None:
    peer.answers(envelope(SUCCESS))
    assert repository.retrieve(REQUESTS, folder).documents == ()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (include("gone"), "the message has no part gone"),
        (include("a") + "</x:Document><x:Document>", None),
        ("not base64!", "its base64 cannot be read"),
        (f'<i:Include xmlns:i="{XOP}" href="http://elsewhere/"/>', "is no reference to a part"),
    ],
)
def test_a_document_without_content(
    content: str, said: str | None, repository: RepositoryClient, peer: Peer, folder: Path
) -> None:
    parts = [("r", "application/xop+xml", answer(document_response(content))), ("a", "text/xml", b"x")]
    body, kind = multipart(parts)
    peer.answers(body, kind)
    if said is None:
        assert len(repository.retrieve(REQUESTS, folder).documents) == 1
        return
    with pytest.raises(UnreadableAnswer, match=f"no content for 2.999.5.1: .*{said}"):
        repository.retrieve(REQUESTS, folder)
    assert list(folder.iterdir()) == []


def test_one_part_for_two_documents(repository: RepositoryClient, peer: Peer, folder: Path) -> None:
    root = answer(document_response(include("a")), document_response(include("a"), "2.999.5.2"))
    body, kind = multipart([("r", "application/xop+xml", root), ("a", "text/xml", b"x")])
    peer.answers(body, kind)
    with pytest.raises(UnreadableAnswer, match="another document as well"):
        repository.retrieve(REQUESTS, folder)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("chunked", [False, True])
def test_a_broken_download_leaves_no_file(
    chunked: bool, repository: RepositoryClient, peer: Peer, folder: Path
) -> None:
    root = answer(document_response(include("a")))
    body, kind = multipart([("r", "application/xop+xml", root), ("a", "text/xml", b"x" * 400_000)])
    peer.answers(body, kind, cut=100, chunked=chunked)
    with pytest.raises(ServiceUnavailable, match="broke the connection"):
        repository.retrieve(REQUESTS, folder)
    assert list(folder.iterdir()) == []


def test_a_download_without_its_end_leaves_no_file(
    repository: RepositoryClient, peer: Peer, folder: Path
) -> None:
    root = answer(document_response(include("a")))
    body, kind = multipart([("r", "application/xop+xml", root), ("a", "text/xml", b"x" * 400_000)])
    peer.answers(body[:-20], kind)
    with pytest.raises(UnreadableAnswer, match="ends before its closing line"):
        repository.retrieve(REQUESTS, folder)
    assert list(folder.iterdir()) == []


def test_retrieve_tells_its_progress(repository: RepositoryClient, peer: Peer, folder: Path) -> None:
    steps: list[tuple[int, int | None]] = []
    root = answer(document_response(include("a")))
    body, kind = multipart([("r", "application/xop+xml", root), ("a", "text/xml", b"x" * 1_000_000)])
    peer.answers(body, kind)
    repository.retrieve(REQUESTS, folder, progress=lambda done, total: steps.append((done, total)))
    assert steps[-1] == (len(body), len(body))
    assert len(steps) >= 4


def test_retrieve_bytes(repository: RepositoryClient, peer: Peer) -> None:
    root = answer(document_response(include("a")))
    body, kind = multipart([("r", "application/xop+xml", root), ("a", "text/xml", b"abc\r\n")])
    peer.answers(body, kind)
    result = repository.retrieve_bytes(REQUESTS)
    assert [item.content for item in result.documents] == [b"abc\r\n"]
    with pytest.raises(UnreadableAnswer, match="more than 4 octets"):
        repository.retrieve_bytes(REQUESTS, limit=4)


def test_a_folder_that_is_not_there(repository: RepositoryClient, peer: Peer, tmp_path: Path) -> None:
    root = answer(document_response(include("a")))
    body, kind = multipart([("r", "application/xop+xml", root), ("a", "text/xml", b"x")])
    peer.answers(body, kind)
    with pytest.raises(FileNotFoundError):
        repository.retrieve(REQUESTS, tmp_path / "gone")


@given(contents=st.lists(st.binary(max_size=200), min_size=1, max_size=4))
@settings(max_examples=25, deadline=None)
def test_what_is_provided_comes_back(contents: list[bytes]) -> None:
    """An upload turned round into an answer gives the octets of every document back."""
    entries = [builders.document_entry(number) for number in range(1, len(contents) + 1)]
    submission = builders.submission(*entries)
    with running_peer() as peer, RepositoryClient(peer.url) as client:
        client.provide(submission, dict(zip((e.entry_uuid for e in entries), contents, strict=True)))
        _, *documents = sent_parts(peer)
        root = answer(
            *(document_response(include(str(name)), f"2.999.{i}") for i, (name, _, _) in enumerate(documents))
        )
        parts = [("r", "application/xop+xml", root), *((str(n), k, c) for n, k, c in documents)]
        body, kind = multipart(parts, boundary=f"b{hashlib.sha256(b''.join(contents)).hexdigest()}")
        peer.answers(body, kind)
        assert [item.content for item in client.retrieve_bytes(REQUESTS).documents] == contents


def test_media_types_of_parts_are_those_of_the_entries(repository: RepositoryClient, peer: Peer) -> None:
    entry = replace(builders.document_entry(), mime_type="application/pdf")
    repository.provide(builders.submission(entry), {entry.entry_uuid: b"%PDF-", "unknown": b"x"})
    assert [kind for _, kind, _ in sent_parts(peer)[1:]] == ["application/pdf", "application/octet-stream"]
    assert all(re.fullmatch(r"[0-9a-f-]{36}@xds", name or "") for name, _, _ in sent_parts(peer)[1:])
