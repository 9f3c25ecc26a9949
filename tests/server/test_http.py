"""The real server in a process of its own: limits, pace, connections and its end."""

import hashlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from xds.server.http import HttpError, bind

from .hosted import LIMIT

HOST = "127.0.0.1"
ROOT = Path(__file__).parents[2]
GET = b"GET / HTTP/1.1\r\nHost: x\r\n"
Start = Callable[..., "Hosted"]


@dataclass(slots=True)
class Hosted:
    """A server under test."""

    process: "subprocess.Popen[str]"
    port: int
    folder: Path

    def connect(self) -> socket.socket:
        return socket.create_connection((HOST, self.port), timeout=15)

    def get(self, path: str = "/", body: Any = None, **headers: str) -> dict[str, Any]:
        """A request by http.client; its answer is JSON."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=15)
        try:
            connection.request("POST" if body is not None else "GET", path, body, headers)
            response = connection.getresponse()
            assert response.status == 200
            answer: dict[str, Any] = json.loads(response.read())
            return answer
        finally:
            connection.close()

    def raw(self, octets: bytes) -> bytes:
        """All that comes back until the server closes."""
        with self.connect() as connection:
            connection.sendall(octets)
            return rest(connection)

    def status(self, octets: bytes) -> int:
        """The status of the first answer."""
        return int(self.raw(octets)[9:12])

    def children(self) -> list[int]:
        found = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self.process.pid)], capture_output=True, text=True, check=False
        )
        return [int(pid) for pid in found.stdout.split()]

    def end(self) -> tuple[int, str, str]:
        """Exit code, standard output and standard error once it has ended."""
        out, err = self.process.communicate(timeout=20)
        return self.process.returncode, out, err


def rest(connection: socket.socket) -> bytes:
    """What arrives until the peer closes, cleanly or not."""
    taken = b""
    with suppress(ConnectionError):
        while piece := connection.recv(65_536):
            taken += piece
    return taken


def eventually(what: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "did not come true"
        time.sleep(0.02)


def free_port() -> int:
    with socket.create_server((HOST, 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture(scope="module")
def start_hosted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Start servers; all are ended with the module."""
    with ExitStack() as stack:

        def start(**changes: Any) -> Hosted:
            folder, port = tmp_path_factory.mktemp("hosted"), free_port()
            (folder / "gunicorn.conf.py").write_text("raise SystemExit('not ours to read')", "ascii")
            environment = os.environ | {
                "PYTHONPATH": str(ROOT),
                "GUNICORN_CMD_ARGS": "--workers 7 --bind 127.0.0.1:1",
                "WEB_CONCURRENCY": "7",
            }
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.server.hosted", str(port), str(folder), json.dumps(changes)],
                cwd=folder,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
            stack.callback(kill, process)
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            return Hosted(process, port, folder)

        yield start


def kill(process: "subprocess.Popen[str]") -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


@pytest.fixture(scope="module")
def hosted(start_hosted: Start) -> Hosted:
    """One worker of four threads, for tests that leave it as it was."""
    return start_hosted()


# -- start and end ---------------------------------------------------------------------------------------------------


def test_a_taken_port_is_said_in_one_sentence() -> None:
    with socket.create_server((HOST, 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(HttpError, match=rf"^port {port} on 127.0.0.1 cannot be used .*--port$"):
            bind(HOST, port)


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid"])
def test_an_address_of_another_machine_is_said_in_one_sentence(host: str) -> None:
    with pytest.raises(HttpError, match=r"^the address .* cannot be used.*--host$"):
        bind(host, 0)


def test_each_worker_makes_its_application(start_hosted: Start) -> None:
    hosted = start_hosted(workers=2)
    eventually(lambda: len(hosted.children()) == 2)  # and not seven
    answers = [hosted.get() for _ in range(20)]
    assert all(answer["pid"] == answer["made_in"] for answer in answers)
    assert {answer["pid"] for answer in answers} <= set(hosted.children())


def test_connections_are_shared_out_between_the_workers(start_hosted: Start) -> None:
    hosted = start_hosted(workers=2, keep_alive_seconds=20)
    eventually(lambda: len({hosted.get()["pid"] for _ in range(20)}) == 2)  # both are at work
    holders: Counter[int] = Counter()
    with ExitStack() as stack:
        for _ in range(12):
            connection = http.client.HTTPConnection(HOST, hosted.port, timeout=15)
            stack.callback(connection.close)
            connection.request("GET", "/")
            holders[json.loads(connection.getresponse().read())["pid"]] += 1
    assert max(holders.values()) <= 8  # left to chance, one of them often has all


def test_ctrl_c_finishes_what_is_under_way(start_hosted: Start) -> None:
    hosted = start_hosted(workers=2)
    with hosted.connect() as connection, hosted.connect():  # the second says nothing
        connection.sendall(b"GET /slow?1 HTTP/1.1\r\nHost: x\r\n\r\n")
        eventually((hosted.folder / "slow").exists)
        os.killpg(hosted.process.pid, signal.SIGINT)  # as a terminal does: to every process
        assert b'"octets": 0' in rest(connection)
    code, out, err = hosted.end()
    assert (code, err) == (0, "")
    assert out == f"cleaned up {hosted.process.pid}\n"  # by the caller, and by no worker


def test_the_second_ctrl_c_ends_at_once(start_hosted: Start) -> None:
    hosted = start_hosted()
    with hosted.connect() as connection:
        connection.sendall(b"GET /slow?25 HTTP/1.1\r\nHost: x\r\n\r\n")
        eventually((hosted.folder / "slow").exists)
        hosted.process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        assert hosted.process.poll() is None
        began = time.monotonic()
        hosted.process.send_signal(signal.SIGINT)
        code, out, err = hosted.end()
    assert time.monotonic() - began < 5
    assert (code, out, err) == (0, f"cleaned up {hosted.process.pid}\n", "")


def test_a_worker_that_dies_is_replaced_and_ends_nothing_else(start_hosted: Start) -> None:
    hosted = start_hosted()
    gone: list[int] = []

    def replaced() -> bool:
        children = hosted.children()
        return len(children) == 1 and children[0] not in gone

    for number in (signal.SIGTERM, signal.SIGKILL):
        eventually(replaced)
        gone += hosted.children()
        os.kill(gone[-1], number)
    eventually(replaced)
    assert hosted.get()["pid"] not in gone
    hosted.process.terminate()
    code, out, _ = hosted.end()
    assert (code, out) == (0, f"cleaned up {hosted.process.pid}\n")


def test_an_application_that_cannot_be_made_ends_the_service(start_hosted: Start) -> None:
    hosted = start_hosted(cannot_be_made=True)
    code, out, err = hosted.end()
    said = "the HTTP server ended by itself; its log says why"
    assert (code, out) == (0, f"{said}\ncleaned up {hosted.process.pid}\n")
    assert "FileNotFoundError" in err


# -- the head of a request -------------------------------------------------------------------------------------------


def test_a_request_line_at_its_limit_and_beyond(hosted: Hosted) -> None:
    for length, status in ((8190, 200), (8191, 414)):
        line = b"GET /" + b"a" * (length - 14) + b" HTTP/1.1"
        assert len(line) == length
        assert hosted.status(line + b"\r\nHost: x\r\nConnection: close\r\n\r\n") == status


def test_header_fields_at_their_limit_and_beyond(hosted: Hosted) -> None:
    for fields, status in ((100, 200), (101, 431)):
        more = b"".join(b"X-%d: a\r\n" % number for number in range(fields - 2))
        assert hosted.status(GET + b"Connection: close\r\n" + more + b"\r\n") == status


@pytest.mark.parametrize(
    "octets",
    [
        GET + b"X-Long: " + b"a" * 9000 + b"\r\n\r\n",
        GET + b"".join(b"X-%d: %b\r\n" % (number, b"a" * 6_000) for number in range(3)) + b"\r\n",
        GET + b"X-A: " + b"a" * 100_000,
        GET + b"X: a\r\n" * 9_000,
    ],
)
def test_a_head_that_is_too_large_is_refused(hosted: Hosted, octets: bytes) -> None:
    assert hosted.status(octets) == 431


def test_a_request_line_without_end_is_refused(hosted: Hosted) -> None:
    assert hosted.status(b"GET /" + b"a" * 20_000) == 414


@pytest.mark.parametrize(
    "octets",
    [
        b"\x00\x01\x02\r\n\r\n",
        b"GET / HTTP/1.1\nHost: x\n\n",
        GET + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        GET + b"Content-Length: one\r\n\r\n",
        GET + b"Host: y\r\n\r\n",
    ],
)
def test_a_broken_head_is_refused_at_once(hosted: Hosted, octets: bytes) -> None:
    began = time.monotonic()
    assert hosted.status(octets) == 400
    assert time.monotonic() - began < 1


def test_a_head_may_arrive_octet_by_octet(hosted: Hosted) -> None:
    with hosted.connect() as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for octet in GET + b"Connection: close\r\n\r\n":
            connection.sendall(bytes([octet]))
            time.sleep(0.002)
        assert rest(connection).startswith(b"HTTP/1.1 200 ")


def test_pipelined_requests_are_answered_in_order(hosted: Hosted) -> None:
    body = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b"
    answers = hosted.raw(
        body % (1, b"a") + body % (2, b"bb") + GET[:10] + GET[10:] + b"Connection: close\r\n\r\n"
    )
    assert [answers.find(b'"octets": %d' % count) for count in (1, 2, 0)] == sorted(
        answers.find(b'"octets": %d' % count) for count in (1, 2, 0)
    )
    assert answers.count(b"HTTP/1.1 200 ") == 3


def test_a_slow_head_ends_its_connection_and_holds_no_thread(hosted: Hosted) -> None:
    with ExitStack() as stack:
        dribbling = [stack.enter_context(hosted.connect()) for _ in range(12)]  # three times the threads
        for connection in dribbling:
            connection.sendall(b"GET /")
        began = time.monotonic()
        while time.monotonic() - began < 3:
            asked = time.monotonic()
            assert hosted.get()["octets"] == 0
            assert time.monotonic() - asked < 0.5
            for connection in dribbling:
                with suppress(ConnectionError):
                    connection.sendall(b"a")
            time.sleep(0.2)
        assert [rest(connection) for connection in dribbling] == [b""] * 12


@pytest.mark.parametrize("octets", [b"", b"GET /"])
def test_a_connection_that_falls_silent_before_its_request_is_closed(hosted: Hosted, octets: bytes) -> None:
    began = time.monotonic()
    assert hosted.raw(octets) == b""
    assert 0.8 < time.monotonic() - began < 5


# -- the body of a request -------------------------------------------------------------------------------------------


def test_a_chunked_body_arrives_whole(hosted: Hosted) -> None:
    sent = [b"a" * 70_000, b"b", b"c" * 300_000]
    answer = hosted.get(body=iter(sent))
    assert answer["octets"] == 370_001
    assert answer["sha256"] == hashlib.sha256(b"".join(sent)).hexdigest()


def test_a_slow_body_ends_its_connection(start_hosted: Start) -> None:
    hosted = start_hosted()
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"
    for dribble in (False, True):
        with hosted.connect() as connection:
            connection.sendall(head)
            began = time.monotonic()
            with suppress(ConnectionError):
                while dribble and time.monotonic() - began < 5:
                    connection.sendall(b"a" * 100)  # far below 8 KiB a second
                    time.sleep(0.1)
            assert rest(connection) == b""
            assert time.monotonic() - began < 6
        eventually((hosted.folder / "broken").exists)
        assert (hosted.folder / "broken").read_text("ascii") == "ConnectionResetError"
        (hosted.folder / "broken").unlink()


def test_a_body_at_the_least_pace_is_taken(hosted: Hosted) -> None:
    with hosted.connect() as connection:
        connection.sendall(
            b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 32768\r\n\r\n"
        )
        for _ in range(16):  # 2.4 s, more than the grace
            connection.sendall(b"a" * 2048)
            time.sleep(0.15)
        assert b'"octets": 32768' in rest(connection)


def test_too_large_is_answered_before_the_body(hosted: Hosted) -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (LIMIT + 1)
    began = time.monotonic()
    with hosted.connect() as connection:
        connection.sendall(head)
        assert connection.recv(1000).startswith(b"HTTP/1.1 413 ")
    assert time.monotonic() - began < 1


def test_the_refusal_reaches_a_peer_that_sends_all_the_same(hosted: Hosted) -> None:
    size = 20_000_000
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size
    with hosted.connect() as connection:
        connection.sendall(head)
        time.sleep(0.2)  # the answer is on its way before the first octet of the body
        connection.sendall(bytes(size))
        assert rest(connection).startswith(b"HTTP/1.1 413 ")
    assert hosted.get()["octets"] == 0


def test_a_peer_that_expects_100_is_told_so_when_its_body_is_wanted(hosted: Hosted) -> None:
    expecting = b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n"
    with hosted.connect() as connection:
        connection.sendall(expecting % 3)
        assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"abc")
        assert b'"octets": 3' in connection.recv(1000)
        connection.sendall(expecting % (LIMIT + 1))  # the connection was kept
        assert rest(connection).startswith(b"HTTP/1.1 413 ")


# -- answers ---------------------------------------------------------------------------------------------------------


def test_a_client_that_vanishes_closes_the_answer(hosted: Hosted) -> None:
    with hosted.connect() as connection:
        connection.sendall(b"GET /drip HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 ")
        assert not (hosted.folder / "closed").exists()
    eventually((hosted.folder / "closed").exists, 3)


def test_an_answer_without_length_is_chunked(hosted: Hosted) -> None:
    answer = hosted.raw(b"GET /pieces HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"Transfer-Encoding: chunked" in head
    assert body == b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"
    assert hosted.raw(b"GET /pieces HTTP/1.0\r\n\r\n").endswith(b"\r\n\r\nonetwo")


def test_head_has_the_head_of_get(hosted: Hosted) -> None:
    answer = hosted.raw(b"HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    names = [line.split(b":")[0] for line in head.split(b"\r\n")[1:]]
    assert sorted(names) == [b"Connection", b"Content-Length", b"Date"]
    assert body == b""


def test_failures_show_nothing_of_the_peer_and_nothing_of_ours(start_hosted: Start) -> None:
    hosted = start_hosted()
    answer = hosted.raw(b"GET /fails?patient=P1 HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 500 ") and b"own words" not in answer
    broken = hosted.raw(b"GET /breaks?patient=P2 HTTP/1.1\r\nHost: x\r\n\r\n")
    assert broken.endswith(b"\r\n\r\nhalf")  # of 1000: it broke off, and no second answer follows
    assert b"P3" not in hosted.raw(b"GET /?patient=P3 WRONG\r\nHost: x\r\nX y: P4\r\n\r\n")
    assert hosted.get()["octets"] == 0
    hosted.process.terminate()
    _, _, err = hosted.end()
    assert [name for name in ("P1", "P2", "P3", "P4") if name in err] == []
    assert (
        "xds.http failed" in err and "xds.http an answer broke off" in err and "xds.http refused 400" in err
    )


# -- connections -----------------------------------------------------------------------------------------------------


def test_more_idle_connections_than_threads_hold_up_nobody(hosted: Hosted) -> None:
    with ExitStack() as stack:
        idle = [stack.enter_context(hosted.connect()) for _ in range(24)]
        for connection in idle[:12]:  # half of them kept alive after a request, half never said a word
            connection.sendall(GET + b"\r\n")
            assert b"keep-alive" in connection.recv(1000)
        began = time.monotonic()
        assert [hosted.get()["octets"] for _ in range(10)] == [0] * 10
        assert time.monotonic() - began < 1


def test_busy_connections_beyond_the_threads_all_get_their_turn(hosted: Hosted) -> None:
    with ExitStack() as stack:
        busy = [stack.enter_context(hosted.connect()) for _ in range(12)]
        counts = [0] * len(busy)
        for connection in busy:
            connection.sendall(GET + b"\r\n")
            connection.setblocking(False)
        deadline = time.monotonic() + 2
        while time.monotonic() < deadline:
            for number, connection in enumerate(busy):
                with suppress(BlockingIOError):
                    assert connection.recv(65_536).startswith(b"HTTP/1.1 200 ")
                    counts[number] += 1
                    connection.sendall(GET + b"\r\n")
        assert min(counts) > 10, counts


def test_an_idle_connection_is_closed_after_its_time(hosted: Hosted) -> None:
    with hosted.connect() as connection:
        connection.sendall(GET + b"\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 ")
        began = time.monotonic()
        assert connection.recv(1000) == b""
        assert 1.5 < time.monotonic() - began < 5


def test_no_header_says_how_a_request_came(hosted: Hosted) -> None:
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Ssl": "on"}
    assert hosted.get(**headers)["scheme"] == "http"
