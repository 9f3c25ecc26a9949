"""`xds retrieve`: documents into files, verified against what the registry says of them."""

import hashlib
import json
from pathlib import Path

import pytest

from tests.client.peer import Peer, body_of, multipart
from tests.client.test_repository_client import answer, document_response, include, sent_parts
from xds.ebxml import decode_retrieve_request
from xds.model import EMPTY_SHA1

from .conftest import Run

CONTENT = b"<report/>\r\n\r\n"
SHA1 = hashlib.sha1(CONTENT, usedforsecurity=False).hexdigest()
PARTIAL = "urn:ihe:iti:2007:ResponseStatusType:PartialSuccess"


@pytest.fixture
def repository(peer: Peer) -> Peer:
    """A repository that has one document."""
    root = answer(document_response(include("a")))
    peer.answers(*multipart([("r", "application/xop+xml", root), ("a", "text/xml", CONTENT)]))
    return peer


def query_answer(**changes: object) -> str:
    """What `xds query --json` wrote."""
    entry = {
        "repository_unique_id": "2.999.2.1",
        "unique_id": "2.999.5.1",
        "home_community_id": None,
        "hash": SHA1,
        "size": str(len(CONTENT)),
    }
    return json.dumps({"schema_version": 1, "document_entries": [entry | changes]})


def test_by_id(run: Run, repository: Peer, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    result = run(
        "retrieve", "--repository-id", "2.999.2.1", "--document", "2.999.5.1", "-o", folder,
        "--from", repository.url, "--home", "urn:oid:2.999.40.1",
    )  # fmt: skip
    assert (result.exit_code, result.stderr) == (0, "")
    path = folder / "2.999.5.1.xml"
    assert path.read_bytes() == CONTENT
    assert result.stdout == f"{path}\t{len(CONTENT)}\t{SHA1}\tunknown\n"
    (request,), findings = decode_retrieve_request(body_of(sent_parts(repository)[0][2]))
    assert findings == ()
    assert (request.document_unique_id, request.home_community_id) == ("2.999.5.1", "urn:oid:2.999.40.1")


@pytest.mark.parametrize("source", ["file", "stdin"])
def test_from_a_query(source: str, run: Run, repository: Peer, tmp_path: Path) -> None:
    (tmp_path / "out.json").write_text(query_answer(), "utf-8")
    given = "-" if source == "stdin" else tmp_path / "out.json"
    result = run(
        "retrieve", "--from-query", given, "-o", tmp_path, "--from", repository.url, stdin=query_answer()
    )
    assert result.exit_code == 0
    assert result.stdout.endswith("\tyes\n")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"hash": "0" * 40}, "0000 was registered"),
        ({"hash": None, "size": "7"}, "13 octets, 7 were registered"),
    ],
)
def test_a_damaged_document_is_removed(
    changes: dict[str, object], said: str, run: Run, repository: Peer, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    result = run(
        "retrieve", "--from-query", "-", "-o", folder, "--from", repository.url, stdin=query_answer(**changes)
    )
    assert result.exit_code == 1
    assert said in result.stderr
    assert "xds: 0 of 1 documents were retrieved" in result.stderr
    assert list(folder.iterdir()) == []
    result = run(
        "retrieve", "--from-query", "-", "-o", folder, "--from", repository.url, "--json",
        stdin=query_answer(**changes),
    )  # fmt: skip
    (document,) = json.loads(result.stdout)["documents"]
    assert (document["file"], document["verified"]) == (None, "damaged")


def test_a_document_assembled_later_has_another_hash(run: Run, repository: Peer, tmp_path: Path) -> None:
    given = query_answer(hash=EMPTY_SHA1, size="0")
    result = run("retrieve", "--from-query", "-", "-o", tmp_path, "--from", repository.url, stdin=given)
    assert result.exit_code == 0


def test_partial_success_is_1_and_keeps_what_came(run: Run, peer: Peer, tmp_path: Path) -> None:
    root = answer(document_response(include("a")), status=PARTIAL)
    peer.answers(*multipart([("r", "application/xop+xml", root), ("a", "text/xml", CONTENT)]))
    result = run(
        "retrieve", "--repository-id", "2.999.2.1", "--document", "2.999.5.1", "--document", "2.999.5.9",
        "-o", tmp_path, "--from", peer.url, "--json",
    )  # fmt: skip
    assert result.exit_code == 1
    assert "1 of 2 documents were retrieved" in result.stderr
    (document,) = json.loads(result.stdout)["documents"]
    assert Path(document["file"]).read_bytes() == CONTENT
    assert document["verified"] == "unknown"


@pytest.mark.parametrize(
    ("arguments", "stdin", "said"),
    [
        ((), None, "say --repository-id and --document, or --from-query"),
        (("--document", "x"), None, "say --repository-id"),
        (("--from-query", "-", "--document", "x"), "{}", "leave the other options out"),
        (("--from-query", "-"), "{}", "standard input is not an answer of xds query --json"),
        (("--from-query", "-"), "not json", "standard input is not an answer of xds query --json"),
        (("--from-query", "-"), '{"document_entries": []}', "holds no document"),
        (("--from-query", "/nowhere"), None, "No such file"),
    ],
)
def test_usage_is_2(
    arguments: tuple[str, ...], stdin: str | None, said: str, run: Run, tmp_path: Path
) -> None:
    result = run("retrieve", *arguments, "-o", tmp_path, stdin=stdin)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())
