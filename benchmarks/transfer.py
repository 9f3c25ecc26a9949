"""Moves many octets over one socket, in a process of its own: the client side of the document benches."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

PIECE: Final = 1024 * 1024
MIB: Final = 1024 * 1024
_TELLING: Final = 2048


def upload(port: int, head: bytes, size: int, end: bytes) -> tuple[float, bytes]:
    """Send `head`, `size` octets that nobody has seen, and `end`; return seconds and the answer."""
    piece = memoryview(os.urandom(PIECE))
    with socket.create_connection(("127.0.0.1", port)) as connection:
        began = time.perf_counter()
        connection.sendall(head)
        left = size
        while left:
            count = min(left, PIECE)
            connection.sendall(piece[:count])
            left -= count
        connection.sendall(end)
        answer = b""
        # The copy answers one word and closes; HTTP says how much is to come.
        while not _whole(answer):
            received = connection.recv(65_536)
            if not received:
                break
            answer += received
        return time.perf_counter() - began, answer


def download(port: int, request: bytes) -> tuple[float, int, bytes]:
    """Send a request and count the body of its answer; return seconds, octets, and the answer's first ones."""
    buffer = bytearray(PIECE)
    view = memoryview(buffer)
    with socket.create_connection(("127.0.0.1", port)) as connection:
        began = time.perf_counter()
        connection.sendall(request)
        start = b""
        while not _begun(start):
            received = connection.recv(65_536)
            if not received:
                raise ConnectionError(f"no whole answer: {start[:200]!r}")
            start += received
        head, _, first = start.partition(b"\r\n\r\n")
        length = _length(head)
        taken = len(first)
        while taken < length:
            count = connection.recv_into(view)
            if not count:
                raise ConnectionError(f"{taken} of {length} octets came")
            taken += count
        return time.perf_counter() - began, taken, start[:4096]


def _length(head: bytes) -> int:
    return int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])


def _begun(answer: bytes) -> bool:
    """Whether the head is there, and of the body as much as tells what kind of answer it is."""
    head, found, body = answer.partition(b"\r\n\r\n")
    return bool(found) and len(body) >= min(_length(head), _TELLING)


def _whole(answer: bytes) -> bool:
    head, found, body = answer.partition(b"\r\n\r\n")
    return bool(found) and len(body) >= _length(head)


def in_process(folder: Path, **job: Any) -> dict[str, Any]:
    """Run one transfer in a process of its own: port, request (and size, end for an upload).

    Raises
    ------
    RuntimeError
        It failed.
    """
    for name in ("request", "end"):
        if name in job:
            (folder / name).write_bytes(job[name])
            job[name] = str(folder / name)
    (folder / "transfer.json").write_text(json.dumps(job), "utf-8")
    command = [sys.executable, "-m", "benchmarks.transfer", str(folder / "transfer.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"the transfer failed: {done.stderr[-2000:]}")
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def main() -> None:
    """`python -m benchmarks.transfer JOB.json`."""
    job = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    request = Path(job["request"]).read_bytes()
    if "size" in job:
        seconds, answer = upload(job["port"], request, job["size"], Path(job["end"]).read_bytes())
        octets = job["size"]
    else:
        seconds, octets, answer = download(job["port"], request)
    print(json.dumps({"mib_per_second": octets / MIB / seconds, "answer": answer.decode("utf-8", "replace")}))


if __name__ == "__main__":
    main()
