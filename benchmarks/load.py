"""A small load generator: prepared requests over kept-alive connections, as cheap as Python can be.

It runs in a process of its own; what it takes from the two cores, it takes from the server, so the ratio that
a bench prints is a lower bound.
"""

import json
import selectors
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

NUMBER: Final = b"@@@@NUMBER@@"
"""Stands in a request where each sending has another number, of as many digits."""
_START: Final = 4096
_ROOM: Final = 128 * 1024
FIRST_NUMBER: Final = 10 ** (len(NUMBER) - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadResult:
    """What a run of the generator saw."""

    requests: int
    seconds: float
    failures: int  # answers that are not HTTP 200 or do not hold `expect`
    p50_ms: float
    p95_ms: float
    cpu_share: float  # of one core, taken by the generator itself

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return self.requests / self.seconds


class _Connection:
    """One kept-alive connection with one request under way; of an answer only the beginning is kept."""

    def __init__(self, address: tuple[str, int], room: memoryview) -> None:
        self.socket = socket.create_connection(address, timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.room = room  # shared: what lies in it is looked at at once
        self.start = b""
        self.whole = -1  # octets of the answer; -1 while its length is not known
        self.taken = 0
        self.sent_at = 0.0

    def send(self, request: bytes) -> None:
        self.start = b""
        self.whole = -1
        self.taken = 0
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> bool:
        """Read what is there; True when the answer is whole."""
        count = self.socket.recv_into(self.room)
        if not count:
            raise ConnectionError("the server closed the connection")
        self.taken += count
        if len(self.start) < _START:
            self.start += self.room[: min(count, _START)]
        if self.whole < 0:
            end = self.start.find(b"\r\n\r\n")
            if end < 0:
                return False
            length = self.start[:end].lower().split(b"content-length:")[1].split(b"\r\n")[0]
            self.whole = end + 4 + int(length)
        return self.taken >= self.whole

    def is_as(self, expect: bytes) -> bool:
        """Whether the answer is HTTP 200 and says so near its beginning."""
        return b" 200 " in self.start[:16] and expect in self.start


def run(
    address: tuple[str, int],
    requests: Sequence[bytes],
    *,
    connections: int,
    seconds: float,
    expect: bytes,
    first: int = 0,
) -> LoadResult:
    """Send `requests` in turn over so many connections for so many seconds.

    Parameters
    ----------
    first
        What `NUMBER` stands for in the first request; it goes up by one with each.
    """
    selector = selectors.DefaultSelector()
    room = memoryview(bytearray(_ROOM))
    count = 0

    def next_request() -> bytes:
        nonlocal count
        number = b"%d" % (FIRST_NUMBER + first + count)
        request = requests[count % len(requests)].replace(NUMBER, number)
        count += 1
        return request

    for _ in range(connections):
        connection = _Connection(address, room)
        connection.send(next_request())
        selector.register(connection.socket, selectors.EVENT_READ, connection)
    began, cpu = time.perf_counter(), time.process_time()
    deadline = began + seconds
    times: list[float] = []
    failures = 0
    under_way = connections
    while under_way:
        for key, _ in selector.select(30):
            connection = key.data
            if not connection.receive():
                continue
            now = time.perf_counter()
            times.append(now - connection.sent_at)
            failures += not connection.is_as(expect)
            if now < deadline:
                connection.send(next_request())
            else:
                selector.unregister(connection.socket)
                connection.socket.close()
                under_way -= 1
    elapsed = time.perf_counter() - began
    times.sort()
    return LoadResult(
        requests=len(times),
        seconds=elapsed,
        failures=failures,
        p50_ms=statistics.median(times) * 1000,
        p95_ms=times[int(len(times) * 0.95)] * 1000,
        cpu_share=(time.process_time() - cpu) / elapsed,
    )


def main() -> None:
    """`python -m benchmarks.load JOB.json`: the job names address, request files and limits."""
    job = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    requests = [Path(name).read_bytes() for name in job["requests"]]
    result = run(
        (job["host"], job["port"]),
        requests,
        connections=job["connections"],
        seconds=job["seconds"],
        expect=job["expect"].encode(),
        first=job["first"],
    )
    print(json.dumps(asdict(result)))


def in_process(
    folder: Path,
    port: int,
    requests: Sequence[bytes],
    *,
    connections: int,
    seconds: float,
    expect: str,
    first: int = 0,
) -> LoadResult:
    """Run the generator in a process of its own; its job lies in `folder`.

    Raises
    ------
    RuntimeError
        Some answer was not what was expected.
    """
    names = [folder / f"request{index}" for index in range(len(requests))]
    for name, request in zip(names, requests, strict=True):
        name.write_bytes(request)
    job = {
        "host": "127.0.0.1",
        "port": port,
        "requests": [str(name) for name in names],
        "connections": connections,
        "seconds": seconds,
        "expect": expect,
        "first": first,
    }
    (folder / "job.json").write_text(json.dumps(job), "utf-8")
    command = [sys.executable, "-m", "benchmarks.load", str(folder / "job.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"the load generator failed: {done.stderr[-2000:]}")
    result = LoadResult(**json.loads(done.stdout))
    if result.failures:
        raise RuntimeError(f"{result.failures} of {result.requests} answers were not as expected")
    return result


if __name__ == "__main__":
    main()
