"""Row N1 of the attack list: what a peer writes is one escaped line of the log, and text on a page."""

import http.client
import json
from collections.abc import Callable, Iterator

import pytest

from tests.attacks.open_target import OpenTarget, attacked
from tests.transactions import samples
from tests.transactions.wire import PATH, SOAP, envelope, get, post

EVIL = {
    "newline": '&#10;{"level":"info","event":"forged"}',
    "carriage return": "&#13;forged",
    "bidi": "\u202eforged\u2066",
    "markup": "&lt;script>alert(1)&lt;/script>",
    "NEL": "\u0085forged\u2028forged",
}


@pytest.fixture(scope="module")
def target(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenTarget]:
    with attacked(
        new_database(), tmp_path_factory.mktemp("attacked"), rules={"strictness": "field"}
    ) as started:
        yield started


def lines(target: OpenTarget) -> list[str]:
    return target.service.log.read_text("utf-8").split("\n")[:-1]


@pytest.mark.parametrize("evil", EVIL.values(), ids=EVIL.keys())
@pytest.mark.parametrize("place", ["MessageID", "Action", "patient", "header", "body"])
def test_n1_one_line_of_the_log(target: OpenTarget, evil: str, place: str) -> None:
    octets = envelope("ITI-18", samples.find_body("N1^^^&2.999.1.1&ISO")).decode()
    changed = {
        "MessageID": octets.replace("<wsa:MessageID>", f"<wsa:MessageID>{evil}"),
        "Action": octets.replace("RegistryStoredQuery<", f"{evil}<"),
        "patient": octets.replace("N1^^^", f"N1{evil}^^^"),
        "header": octets.replace("</env:Header>", f"<x env:mustUnderstand='1' a='{evil}'/></env:Header>"),
        "body": octets.replace("</env:Body>", f"<y>{evil}</y></env:Body>"),
    }[place]  # fmt: skip
    assert changed != octets
    before = len(lines(target))
    with target.unharmed():
        answer = post(target.port, PATH["ITI-18"], changed.encode())
        assert answer.status in (200, 400, 500) and answer.fault != "Receiver"
    new = lines(target)[before:]
    assert new
    for line in new:
        record = json.loads(line)  # each line is a record, so nothing broke out of one
        assert record["event"] != "forged" and "\u202e" not in line and "\x1b" not in line
    if place == "patient":
        assert "N1" not in "".join(new)


@pytest.mark.parametrize("evil", [b"\x1b[2Jforged", b"<script>alert(1)</script>", b"\xff\xfe", b"a" * 8000])
@pytest.mark.parametrize("name", ["X-Sender-Id", "User-Agent", "Accept-Language"])
def test_n1_headers(target: OpenTarget, name: str, evil: bytes) -> None:
    octets = envelope("ITI-18", samples.find_body("N1^^^&2.999.1.1&ISO"))
    before = len(lines(target))
    connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=10)
    with target.unharmed():
        connection.putrequest("POST", PATH["ITI-18"])
        connection.putheader("Content-Type", SOAP)
        connection.putheader("Content-Length", str(len(octets)))
        connection.putheader(name, evil)
        connection.endheaders(octets)
        assert connection.getresponse().status in (200, 400)
    connection.close()
    for line in lines(target)[before:]:
        assert len(line) < 2000 and "\x1b" not in line
        json.loads(line)


@pytest.mark.parametrize(
    "path",
    [
        "/%3Cscript%3Ealert(1)%3C/script%3E",
        "/dics/registry/%0d%0aSet-Cookie:x",
        "/%00",
        "/../../etc/hostname",
    ],
)
def test_n1_paths_are_text_on_a_page(target: OpenTarget, path: str) -> None:
    with target.unharmed():
        answer = get(target.port, path)
        assert answer.status in (400, 404)
        assert b"<script>alert" not in answer.body and "Set-Cookie" not in answer.headers
        assert b"root:" not in answer.body
