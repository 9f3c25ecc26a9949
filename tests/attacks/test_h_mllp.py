"""Row H1 of the attack list: HL7 v2 over MLLP by those who do not mean it. Refused, and the next good one is served."""

import socket
from collections.abc import Callable, Iterator

import pytest

from tests.attacks.open_target import OpenTarget, attacked
from tests.conftest import free_port
from tests.feeds.messages import adt, code, feed, msh
from tests.transactions import samples

MIB = 1024 * 1024
START, END = b"\x0b", b"\x1c\r"
PORT = free_port()


@pytest.fixture(scope="module")
def target(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenTarget]:
    changes = {
        "registry": {"unknown_patients": "refuse", "patient_authority": "2.999.1.1"},
        "feeds": {"mllp_port": PORT},
        "limits": {"mllp_frame_seconds": 2, "mllp_frame_bytes": MIB},
    }
    with attacked(new_database(), tmp_path_factory.mktemp("attacked"), **changes) as started:
        yield started


def message() -> bytes:
    return adt(pid3=samples.fresh_patient()).encode()


def said(connection: socket.socket) -> bytes:
    """What comes until the end of a block or of the connection."""
    octets = b""
    while not octets.endswith(END):
        piece = connection.recv(65_536)
        if not piece:
            break
        octets += piece
    return octets


def attack(*pieces: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", PORT), timeout=10) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
        except OSError:  # it had enough
            pass
        return said(connection)


def assert_serves() -> None:
    with feed(PORT) as source:
        assert code(source.send(message().decode())) == "AA"


@pytest.mark.parametrize(
    ("pieces", "answers"),
    [
        ([START, message()], (b"AR", b"AE")),
        ([message(), END], (b"AR", b"AE")),
        ([START, b"MSH|^~\\&|a\r", START, b"rest", END], (b"AR", b"AE")),
        ([START, b"nonsense", END], (b"AR", b"AE")),
        ([START, END], (b"AR", b"AE", b"")),
        ([START, b"MSH", END], (b"AR", b"AE")),
        ([START, message().replace(b"UNICODE UTF-8", b"KLINGON"), END], (b"AR", b"AE")),
        ([START, message().replace(b"Sample", b"\xff\xfe"), END], (b"AR", b"AE")),
        ([START, b"x" * (MIB + 1000), END], (b"AR", b"AE")),
    ],
    ids=[
        "no end block", "no start block", "start block inside", "no message", "empty", "a bit of MSH",
        "unknown MSH-18", "not its characters", "over the limit",
    ],
)  # fmt: skip
def test_h1_frames_and_messages(target: OpenTarget, pieces: list[bytes], answers: tuple[bytes, ...]) -> None:
    with target.unharmed():
        answer = attack(*pieces)
        assert any(b"MSA|" + expected in answer if expected else answer == b"" for expected in answers), (
            answer
        )
        assert b"MSA|AA" not in answer
    with target.unharmed(stores=True):
        assert_serves()


def test_h1_a_message_that_never_ends(target: OpenTarget) -> None:
    """As much as the peer likes to send: at most a message's worth is held."""
    with target.unharmed(size=MIB):
        answer = attack(START, *[b"x" * 65_536] * 512)
        assert answer == b"" or b"MSA|A" in answer
    with target.unharmed(stores=True):
        assert_serves()


def test_h1_the_limit_itself_is_a_message(target: OpenTarget) -> None:
    head, rest = message().split(b"EVN", 1)
    padded = head + b"ZZZ|" + b"x" * (MIB - len(head) - len(rest) - 8) + b"\rEVN" + rest
    assert len(padded) == MIB
    with target.unharmed(stores=True):
        assert b"MSA|AA" in attack(START + padded + END)
    with target.unharmed():
        assert b"MSA|AA" not in attack(START + padded.replace(b"ZZZ|", b"ZZZ|x") + END)


def test_h1_split_and_pipelined(target: OpenTarget) -> None:
    good = START + message() + END
    with target.unharmed(stores=True):
        with socket.create_connection(("127.0.0.1", PORT), timeout=10) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for octet in good:
                connection.sendall(bytes((octet,)))
            assert b"MSA|AA" in said(connection)
        with socket.create_connection(("127.0.0.1", PORT), timeout=10) as connection:
            connection.sendall(b"".join(START + message() + END for _ in range(20)))
            answers = b""
            while answers.count(b"MSA|AA") < 20:
                piece = connection.recv(65_536)
                assert piece, answers
                answers += piece


def test_h1_a_flood_of_escapes(target: OpenTarget) -> None:
    for flood in (
        b"\\T\\" * 100_000,
        b"\\" * 300_000,
        b"\\X" + b"00" * 100_000 + b"\\",
        b"~" * 300_000,
        b"&" * 300_000,
    ):
        with target.unharmed(stores=True, size=MIB):
            answer = attack(START + message().replace(b"Sample", flood) + END)
            assert b"MSA|A" in answer
    with target.unharmed(stores=True):
        assert_serves()


def test_h1_no_connection_more_than_a_peer_may_have(target: OpenTarget) -> None:
    """limits.mllp_connections_per_peer is 8."""
    connections = [socket.create_connection(("127.0.0.1", PORT), timeout=10) for _ in range(8)]
    try:
        for connection in connections:
            connection.sendall(START + adt(header=msh("A04", kind="XXX")).encode() + END)
            assert b"MSA|A" in said(connection)
        with socket.create_connection(("127.0.0.1", PORT), timeout=10) as ninth:
            assert ninth.recv(10) == b""
    finally:
        for connection in connections:
            connection.close()
