"""Rows M1 to M4 of the attack list: multipart messages, references within them, HTTP framing, slow senders."""

import gzip
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.attacks.open_target import OpenTarget, attacked
from tests.transactions import samples
from tests.transactions.wire import (
    PATH,
    SOAP,
    XOP_TYPE,
    Answer,
    envelope,
    multipart,
    part,
    post,
    raw,
    related,
)

MIB = 1024 * 1024
XOP = 'multipart/related; type="application/xop+xml"; boundary="=_part"'
DOCUMENT = part(b"octets", "Content-ID: <doc0@test>")
INCLUDE = b'<xop:Include href="cid:doc0@test"/>'
QUERY = envelope("ITI-18", samples.find_body("T1^^^&2.999.1.1&ISO"))


@pytest.fixture(scope="module")
def target(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenTarget]:
    limits = {"header_seconds": 2, "body_seconds": 4, "keep_alive_seconds": 3}
    with attacked(new_database(), tmp_path_factory.mktemp("attacked"), limits=limits) as started:
        yield started


def provide(include: bytes = INCLUDE, documents: int = 1) -> bytes:
    """The envelope of a good ITI-41, with another reference to its document."""
    entries = [samples.entry(samples.fresh_patient())]
    entries += [samples.entry(entries[0].patient_id or "") for _ in range(documents - 1)]
    body, _ = samples.provide_body(
        samples.provided(samples.submission(*entries)), {entry.entry_uuid: b"octets" for entry in entries}
    )
    octets = envelope("ITI-41", body)
    assert INCLUDE in octets
    return octets.replace(INCLUDE, include)


def root(octets: bytes, *lines: str) -> bytes:
    return part(octets, f"Content-Type: {XOP_TYPE}", "Content-ID: <root@test>", *lines)


def sent(target: OpenTarget, octets: bytes, content_type: str = XOP, **options: str) -> Answer:
    return post(target.port, PATH["ITI-41"], octets, content_type=content_type, **options)


def refused(answer: Answer, *ids: str) -> None:
    assert (answer.status, answer.fault) == (400, "Sender"), answer.body[:500]
    assert not ids or answer.fault_id in ids, answer.fault_id


WHOLE = (root(provide()), DOCUMENT)


@pytest.mark.parametrize(
    ("content_type", "octets"),
    [
        ('multipart/related; type="application/xop+xml"', multipart(*WHOLE)),
        ('multipart/related; boundary=""', multipart(*WHOLE)),
        (f'multipart/related; boundary="{"b" * 71}"', multipart(*WHOLE, boundary="b" * 71)),
        (f'multipart/related; boundary="{"b" * 100_0}"', multipart(*WHOLE, boundary="b" * 1000)),
        ('multipart/related; boundary="a"; boundary="=_part"', multipart(*WHOLE, boundary="a")[:-8]),
        (XOP, multipart(*WHOLE, boundary="another")),
        (XOP, multipart(root(provide()), part(b"oct\r\n--=_part\r\nets", "Content-ID: <doc0@test>"))),
        (XOP, multipart(*WHOLE, before=b"p" * 10 * MIB)),
        (XOP, multipart(*WHOLE).replace(b"\r\n", b"\r")),
        (XOP, multipart(*WHOLE)[:-12]),
        (XOP, multipart(*WHOLE)[:-40]),
        (XOP, multipart(root(provide()))[:-12] + b"\r\n--=_part\r\nContent-ID: <doc0@test>\r\n"),
        (
            XOP,
            multipart(
                root(provide()),
                part(
                    multipart(DOCUMENT, boundary="inner"),
                    'Content-Type: multipart/mixed; boundary="inner"',
                    "Content-ID: <nest@test>",
                ),
            ),
        ),
        (XOP, b""),
        (XOP, b"--=_part--\r\n"),
    ],
    ids=[
        "no boundary",
        "empty boundary",
        "71 characters",
        "1000 characters",
        "two boundaries",
        "another boundary",
        "a boundary inside a part",
        "preamble of 10 MB",
        "CR only",
        "no final boundary",
        "cut in a part",
        "cut in a head",
        "nested multipart",
        "nothing",
        "no part",
    ],
)
def test_m1_multipart(target: OpenTarget, content_type: str, octets: bytes) -> None:
    with target.unharmed(size=len(octets)):
        refused(sent(target, octets, content_type))


def test_m1_an_epilogue_of_10_mb_is_read_past(target: OpenTarget) -> None:
    """RFC 2046 5.1.1: it is to be ignored; memory and disk do not see it."""
    octets = multipart(root(provide()), DOCUMENT, after=b"e" * 10 * MIB)
    with target.unharmed(size=0, stores=True):
        assert sent(target, octets).result == "Success"


@pytest.mark.parametrize("form", ["http", "https", "ftp", "file", "relative", "URL with cid"])
def test_m2_an_include_of_a_url(target: OpenTarget, form: str) -> None:
    """CVE-2022-46364 and CVE-2024-28752: the server is made to fetch."""
    port = target.trap.port
    href = {
        "http": f"http://127.0.0.1:{port}/secret",
        "https": f"https://127.0.0.1:{port}/secret",
        "ftp": f"ftp://127.0.0.1:{port}/secret",
        "file": "file:///etc/hostname",
        "relative": "../../etc/hostname",
        "URL with cid": f"http://127.0.0.1:{port}/?cid:doc0@test",
    }[form]
    octets = multipart(root(provide(f'<xop:Include href="{href}"/>'.encode())), DOCUMENT)
    with target.unharmed():
        refused(sent(target, octets), "mime")


@pytest.mark.parametrize(
    ("include", "ids"),
    [
        (b'<xop:Include href="cid:absent@test"/>', ("part-missing",)),
        (b'<xop:Include href="cid:"/>', ("mime",)),
        (b'<xop:Include href=""/>', ("mime",)),
        (b"<xop:Include/>", ("mime",)),
        (b'<xop:Include href="cid:root@test"/>', ("part-missing", "part-unused")),
        (b'<xop:Include href="cid:%00%2e%2e%2f"/>', ("part-missing", "mime")),
        (INCLUDE + INCLUDE, ("xop-include",)),
        (b"octets" + INCLUDE, ("xop-include",)),
        (INCLUDE + b"<other/>", ("xop-include",)),
        (b"<a>" + INCLUDE + b"</a>", ("base64", "part-unused", "xop-include")),
    ],
    ids=[
        "unknown", "empty cid", "empty", "no href", "the root itself", "escapes", "twice", "text beside",
        "element beside", "deeper",
    ],
)  # fmt: skip
def test_m2_an_include_of_nothing(target: OpenTarget, include: bytes, ids: tuple[str, ...]) -> None:
    octets = multipart(root(provide(include)), DOCUMENT)
    with target.unharmed():
        refused(sent(target, octets), *ids)


def test_m2_a_percent_encoded_cid_is_its_part(target: OpenTarget) -> None:
    octets = multipart(root(provide(b'<xop:Include href="cid:%64oc0%40test"/>')), DOCUMENT)
    with target.unharmed(stores=True):
        assert sent(target, octets).result == "Success"


def test_m2_one_cid_10_000_times(target: OpenTarget) -> None:
    many = b"<x:x xmlns:x='urn:x'>%s</x:x>" % (b"<x:y>%s</x:y>" % INCLUDE * 10_000)
    with_declaration = many.replace(
        b"xmlns:x=", b"xmlns:xop='http://www.w3.org/2004/08/xop/include' xmlns:x=", 1
    )
    octets = provide().replace(b"</env:Header>", with_declaration + b"</env:Header>")
    large = part(b"o" * 60_000, "Content-ID: <doc0@test>")
    message = multipart(root(octets), large)
    with target.unharmed(size=len(message)):
        refused(sent(target, message), "part-twice")


def test_m2_an_include_within_an_attachment_is_octets(target: OpenTarget) -> None:
    inner = b'<x xmlns:xop="http://www.w3.org/2004/08/xop/include"><xop:Include href="%s"/></x>'
    attachment = part(inner % target.url.encode(), "Content-ID: <doc0@test>")
    with target.unharmed(stores=True):
        assert sent(target, multipart(root(provide()), attachment)).result == "Success"


def test_m2_a_document_without_its_part(target: OpenTarget) -> None:
    """The document id stands in metadata, and no Document brings it: XDSMissingDocument."""
    octets = provide()
    begin, end = octets.index(b"<xds:Document"), octets.index(b"</xds:Document>") + len(b"</xds:Document>")
    with target.unharmed():
        answer = sent(target, multipart(root(octets[:begin] + octets[end:])))
        assert answer.codes == ["XDSMissingDocument"]


def test_m3_10_000_parts(target: OpenTarget) -> None:
    strangers = [part(b"x", f"Content-ID: <more{number}@test>") for number in range(10_000)]
    octets = multipart(root(provide()), DOCUMENT, *strangers)
    with target.unharmed(size=len(octets)):
        refused(sent(target, octets), "mime")


@pytest.mark.parametrize("lines", [["X-Long: " + "x" * MIB], [f"X-{n}: y" for n in range(100_000)]])
def test_m3_a_head_of_1_mb(target: OpenTarget, lines: list[str]) -> None:
    octets = multipart(root(provide()), part(b"octets", "Content-ID: <doc0@test>", *lines))
    with target.unharmed(size=len(octets)):
        refused(sent(target, octets), "mime")


def test_m3_a_content_id_twice(target: OpenTarget) -> None:
    with target.unharmed():
        refused(sent(target, multipart(root(provide()), DOCUMENT, DOCUMENT)), "part-twice")
        refused(sent(target, multipart(root(provide()), root(provide()), DOCUMENT)))


@pytest.mark.parametrize("encoding", ["base64", "uuencode", "x-gzip", "quoted-printable"])
def test_m3_a_transfer_encoding_that_lies(target: OpenTarget, encoding: str) -> None:
    lying = part(b"%%=\xff octets", "Content-ID: <doc0@test>", f"Content-Transfer-Encoding: {encoding}")
    with target.unharmed():
        refused(sent(target, multipart(root(provide()), lying)), "mime")


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "gzip, gzip"])
def test_m3_a_compressed_body(target: OpenTarget, coding: str) -> None:
    """No answer says that we take any: 415, and nothing is expanded."""
    plain = multipart(root(provide()), DOCUMENT)
    octets = {"deflate": zlib.compress(plain), "br": plain}.get(coding, gzip.compress(plain))
    with target.unharmed(size=0):
        answer = sent(target, octets, Content_Encoding=coding)
        assert (answer.status, answer.fault) == (415, "Sender"), answer.body
        assert coding.partition(",")[0] in answer.reason


def test_m3_a_coding_of_nothing_is_none(target: OpenTarget) -> None:
    with target.unharmed():
        answer = post(target.port, PATH["ITI-18"], QUERY, Content_Encoding="identity")
    assert answer.result == "Success"


def framed(target: OpenTarget, *head: str, body: bytes = QUERY) -> int:
    """The status of a query whose framing is written by hand; 0 when the connection just ends."""
    lines = (f"POST {PATH['ITI-18']} HTTP/1.1", "Host: x", f"Content-Type: {SOAP}", *head, "", "")
    with socket.create_connection(("127.0.0.1", target.port), timeout=10) as connection:
        connection.sendall("\r\n".join(lines).encode() + body)
        answer = connection.recv(65_536)
    return int(answer.split(b" ", 2)[1]) if answer else 0


@pytest.mark.parametrize(
    "head",
    [
        ("Transfer-Encoding: chunked", f"Content-Length: {len(QUERY)}"),
        (f"Content-Length: {len(QUERY)}", f"Content-Length: {len(QUERY) + 1}"),
        ("Content-Length: -1",),
        ("Content-Length: 1e3",),
        ("Content-Length: +10",),
        ("Content-Length: 99999999999999999999",),
        ("Transfer-Encoding: gzip, chunked",),
        ("Transfer-Encoding: xchunked",),
    ],
)
def test_m3_lengths_that_contradict(target: OpenTarget, head: tuple[str, ...]) -> None:
    """The ground of request smuggling: two readers see two requests."""
    with target.unharmed():
        assert framed(target, *head) in (400, 413, 501)


def test_m3_chunks_that_are_none(target: OpenTarget) -> None:
    for body in (b"zz\r\n", b"-5\r\nabc", b"ffffffffffffffffff\r\nabc", b"5;" + b"x" * 100_000 + b"\r\n"):
        with target.unharmed():
            assert framed(target, "Transfer-Encoding: chunked", body=body + b"\r\n\r\n") in (400, 413)


def slow(port: int, octets: bytes, stop: threading.Event, seconds: float = 0.5) -> threading.Thread:
    """Send octet by octet until the peer has enough or the test is over."""

    def drip() -> None:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            try:
                for octet in octets:
                    connection.sendall(bytes((octet,)))
                    if stop.wait(seconds):
                        return
            except OSError:
                return

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    return thread


@pytest.mark.slow
def test_m4_slow_senders_hold_up_nobody_and_are_ended(target: OpenTarget) -> None:
    """Heads and bodies that dribble, uploads half closed, and a flood of connections that say nothing."""
    head = f"POST {PATH['ITI-18']} HTTP/1.1\r\nHost: x\r\nContent-Type: {SOAP}\r\nContent-Length: 100000\r\n"
    stop = threading.Event()
    with ExitStack() as stack, target.unharmed(seconds=30):
        alone = max(timed(target) for _ in range(20))
        threads = [slow(target.port, (head + "X: y\r\n" * 10_000).encode(), stop) for _ in range(40)]
        threads += [slow(target.port, (head + "\r\n").encode() + b" " * 1000, stop, 0.01) for _ in range(10)]
        for _ in range(200):
            stack.enter_context(socket.create_connection(("127.0.0.1", target.port), timeout=10))
        for _ in range(20):
            half = stack.enter_context(socket.create_connection(("127.0.0.1", target.port), timeout=10))
            half.sendall(f"{head}\r\n".encode() + QUERY[:50])
            half.shutdown(socket.SHUT_WR)
        beside = sorted(timed(target) for _ in range(60))
        assert beside[int(len(beside) * 0.9)] < max(5 * alone, 0.5), (alone, beside[-10:])
        deadline = time.monotonic() + 20
        for thread in threads:
            thread.join(max(0.1, deadline - time.monotonic()))
        assert not any(thread.is_alive() for thread in threads), "a slow sender was not ended"
        stop.set()


def timed(target: OpenTarget) -> float:
    began = time.perf_counter()
    assert post(target.port, PATH["ITI-18"], QUERY).result == "Success"
    return time.perf_counter() - began


def test_m4_a_half_closed_upload_is_told_and_leaves_nothing(target: OpenTarget) -> None:
    content_type, octets = related(provide(), ("doc0@test", b"o" * 400_000))
    with target.unharmed():
        for cut in (len(octets) // 3, len(octets) - 1):
            head = (f"Content-Type: {content_type}", f"Content-Length: {len(octets)}")
            answer = raw(target.port, PATH["ITI-41"], octets[:cut], *head, end_of_sending=True)
            refused(answer, "truncated")
