"""The trial of HTTP servers (decision 0001): each must shown by running it.

`python -m benchmarks.http_server_trial gunicorn gunicorn-h1c granian cheroot xds` prints a table. The candidates are
not dependencies of ours: run it in an environment that has them.
"""

import http.client
import multiprocessing
import socket
import ssl
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

from benchmarks.load import run
from benchmarks.trial_certificates import Certificates, make_certificates
from benchmarks.trial_hosts import HOST, THREADS, Served, serving

SUITES = (
    "DHE-RSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "DHE-RSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
)


def raw(port: int, octets: bytes, *, seconds: float = 5) -> bytes:
    """Send octets and read what comes back within so many seconds."""
    with socket.create_connection((HOST, port), seconds) as connection:
        connection.sendall(octets)
        connection.settimeout(seconds)
        answer = b""
        with suppress(OSError):
            while piece := connection.recv(65_536):
                answer += piece
                if b"\r\n\r\n" in answer:
                    break
        return answer


def request(port: int, path: str, body: bytes | Iterator[bytes], **headers: str) -> tuple[int, bytes]:
    """POST and return status and body."""
    connection = http.client.HTTPConnection(HOST, port, timeout=10)
    chunked = not isinstance(body, bytes)
    connection.request("POST", path, body, dict(headers), encode_chunked=chunked)
    answer = connection.getresponse()
    return answer.status, answer.read()


def too_large_before_body(port: int) -> bool:
    """413 comes while the body is still to be sent."""
    head = b"POST /big HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n"
    return b" 413 " in raw(port, head)


def expects_continue(port: int) -> bool:
    """Expect: 100-continue is answered before the body."""
    head = b"POST /count HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
    return b"100 Continue" in raw(port, head, seconds=2)


def chunked_body(port: int) -> bool:
    """A chunked body reaches the application whole."""
    return request(port, "/count", iter([b"a" * 70_000] * 3)) == (200, b"210000")


def refusal_arrives(port: int) -> bool:
    """413 reaches a peer that goes on to send its body."""
    head = b"POST /big HTTP/1.1\r\nHost: x\r\nContent-Length: 20000000\r\n\r\n"
    with socket.create_connection((HOST, port), 10) as connection:
        connection.sendall(head)
        time.sleep(0.2)
        connection.sendall(bytes(20_000_000))
        return b" 413 " in connection.recv(1000)


def refused_before_continue(port: int) -> bool:
    """A body that is too large is refused, not asked for by 100 (Continue)."""
    head = b"POST /big HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\nExpect: 100-continue\r\n\r\n"
    return raw(port, head, seconds=2)[9:12] == b"413"


def refused_head(port: int, line: bytes, fields: bytes = b"") -> str:
    """The status that a head gets; a body of nothing follows."""
    answer = raw(port, line + b"\r\nHost: x\r\nContent-Length: 0\r\n" + fields + b"\r\n")
    return answer[9:12].decode() or "closed"


def slow_head_ends(port: int) -> bool:
    """A head that arrives an octet at a time loses its connection within 15 s."""
    return _ends(port, b"POST /count HTTP/1.1\r\nX-Slow: ")


def slow_body_ends(port: int) -> bool:
    """A body that arrives an octet at a time loses its connection within 15 s."""
    return _ends(port, b"POST /count HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")


def _ends(port: int, begin: bytes) -> bool:
    deadline = time.monotonic() + 15
    with socket.create_connection((HOST, port), 1) as connection:
        connection.sendall(begin)
        connection.settimeout(0.5)
        while time.monotonic() < deadline:
            try:
                connection.sendall(b"a")
                if not connection.recv(1000):
                    return True
            except TimeoutError:
                continue
            except OSError:
                return True
    return False


def slow_heads_leave_queries(port: int) -> bool:
    """Four times as many unfinished heads as threads do not hold up a request."""
    with ExitStack() as stack:
        for _ in range(THREADS * 2 * 4):
            held = stack.enter_context(socket.create_connection((HOST, port)))
            held.sendall(b"POST /query HTTP/1.1\r\n")
        time.sleep(0.5)
        return all(_answered_at_once(port) for _ in range(10))


def _answered_at_once(port: int) -> bool:
    began = time.perf_counter()
    return request(port, "/query", b"q")[0] == 200 and time.perf_counter() - began < 2


def vanished_client_noticed(port: int, folder: Path) -> bool:
    """A client that goes away in the middle of a download ends the generator."""
    with socket.create_connection((HOST, port)) as connection:
        connection.sendall(b"GET /drip HTTP/1.1\r\nHost: x\r\n\r\n")
        connection.recv(1000)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if (folder / "closed").exists():
            return True
        time.sleep(0.1)
    return False


def slow_downloads_leave_queries(port: int) -> bool:
    """With as many slow downloads as one worker has threads less two, queries are answered at once."""
    with ExitStack() as stack:
        for _ in range(THREADS - 2):
            held = stack.enter_context(socket.create_connection((HOST, port)))
            held.sendall(b"GET /drip HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(0.5)
        return all(_answered_at_once(port) for _ in range(20))


def idle_connections_leave_queries(port: int) -> bool:
    """Four times as many connections that say nothing as threads do not hold up a request."""
    with ExitStack() as stack:
        for _ in range(THREADS * 2 * 4):
            stack.enter_context(socket.create_connection((HOST, port)))
        time.sleep(0.5)
        return all(_answered_at_once(port) for _ in range(10))


def tls(certificates: Certificates, *, suite: str | None = None, client: str = "client") -> ssl.SSLContext:
    """A client's context, with its certificate and one TLS 1.2 suite if asked."""
    context = ssl.create_default_context(cafile=str(certificates.authority))
    context.check_hostname = False
    if suite:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(f"{suite}:@SECLEVEL=1")
    certificate, key = (
        (certificates.client, certificates.client_key)
        if client == "client"
        else (certificates.revoked, certificates.revoked_key)
    )
    context.load_cert_chain(str(certificate), str(key))
    return context


def get_tls(port: int, context: ssl.SSLContext) -> str:
    """What /peer answers."""
    connection = http.client.HTTPSConnection(HOST, port, timeout=5, context=context)
    connection.request("GET", "/peer")
    return connection.getresponse().read().decode()


def works(what: Callable[[], object]) -> bool:
    """Whether it answers something true without an error."""
    try:
        return bool(what())
    except (OSError, http.client.HTTPException, ssl.SSLError):
        return False


def served_serial(port: int, certificates: Certificates) -> str:
    """The serial number of the certificate that the server shows."""
    context = tls(certificates)
    with socket.create_connection((HOST, port), 5) as plain, context.wrap_socket(plain) as wrapped:
        found = wrapped.getpeercert()
        return str((found or {}).get("serialNumber"))


def reloads(port: int, certificates: Certificates) -> bool:
    """A new certificate is shown to new connections while an open one goes on."""
    context = tls(certificates)
    before = served_serial(port, certificates)
    with socket.create_connection((HOST, port), 5) as plain, context.wrap_socket(plain) as wrapped:
        certificates.renew_server()
        time.sleep(1.5)
        after = served_serial(port, certificates)
        wrapped.sendall(b"GET /peer HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        return after != before and b" 200 " in wrapped.recv(1000)


def throughput(served: Served) -> tuple[float, float]:
    """Small POSTs a second and µs of processor time for each: 1.5 KB in, 10 KB out, 8 kept-alive connections."""
    octets = b"POST /query HTTP/1.1\r\nHost: x\r\nContent-Length: 1500\r\n\r\n" + b"q" * 1500
    rates, costs = [], []
    for _ in range(5):
        before = served.cpu_seconds()
        result = run((HOST, served.port), [octets], connections=8, seconds=1.5, expect=b"xxxx")
        costs.append((served.cpu_seconds() - before) / result.requests * 1e6)
        rates.append(result.per_second)
    return sorted(rates)[2], sorted(costs)[2]


def download(port: int, size: int = 512 * 1024 * 1024) -> float:
    """MB/s of one large answer from a generator."""
    with socket.create_connection((HOST, port)) as connection:
        began = time.perf_counter()
        connection.sendall(b"GET /large?%d HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % size)
        taken = 0
        while piece := connection.recv(1 << 20):
            taken += len(piece)
        return taken / (time.perf_counter() - began) / 1e6


PROBES = {
    "413 before the body is read": too_large_before_body,
    "413 reaches a peer that sends on": refusal_arrives,
    "Expect: 100-continue": expects_continue,
    "413 instead of 100 (Continue)": refused_before_continue,
    "chunked request body": chunked_body,
    "slow downloads leave queries alone": slow_downloads_leave_queries,
    "silent connections leave queries alone": idle_connections_leave_queries,
    "slow heads leave queries alone": slow_heads_leave_queries,
    "slow head ends its connection": slow_head_ends,
    "slow body ends its connection": slow_body_ends,
}


def try_plain(candidate: str, folder: Path) -> Iterator[tuple[str, str]]:
    """What needs no TLS."""
    line = b"POST /count HTTP/1.1"
    with serving(candidate, None, folder) as served:
        port = served.port
        for name, probe in PROBES.items():
            yield name, shown(works(lambda probe=probe: probe(port)))  # type: ignore[misc]
        yield "request line of 9 KiB", refused_head(port, b"POST /" + b"a" * 9_216 + b" HTTP/1.1")
        yield "101 header fields", refused_head(port, line, b"".join(b"X-%d: a\r\n" % n for n in range(99)))
        yield "header field of 100 KiB", refused_head(port, line, b"X: " + b"a" * 102_400 + b"\r\n")
        yield "vanished client is noticed", shown(vanished_client_noticed(port, folder))
        rate, cost = throughput(served)
        yield "small POSTs a second", f"{rate:.0f}"
        yield "µs of processor for one", f"{cost:.0f}"
        yield "512 MiB download, MB/s", f"{download(port):.0f}"


def try_tls(candidate: str, folder: Path) -> Iterator[tuple[str, str]]:
    """What mutual TLS asks."""
    certificates = make_certificates(folder)
    with serving(candidate, certificates, folder) as served:
        port = served.port
        seen = [""]

        def ask() -> bool:
            seen[0] = get_tls(port, tls(certificates))
            return True

        yield "mutual TLS", shown(works(ask))
        yield "peer certificate reaches the application", shown("partner-a" in seen[0])
        for suite in SUITES:
            answered = works(lambda suite=suite: get_tls(port, tls(certificates, suite=suite)))  # type: ignore[misc]
            yield f"TLS 1.2 {suite}", shown(answered)
        refused = not works(lambda: get_tls(port, tls(certificates, client="revoked")))
        yield "revoked certificate refused", shown(refused and works(ask))
        yield "new certificate without a restart", shown(works(lambda: reloads(port, certificates)))


def shown(answer: bool) -> str:
    """A cell of the table."""
    return "yes" if answer else "**no**"


def main() -> None:
    """Print the table of the candidates named on the command line."""
    candidates = sys.argv[1:] or ["gunicorn"]
    rows: dict[str, dict[str, str]] = {}
    for candidate in candidates:
        for part in (try_plain, try_tls):
            with tempfile.TemporaryDirectory() as folder:
                try:
                    for name, value in part(candidate, Path(folder)):
                        rows.setdefault(name, {})[candidate] = value
                except (LookupError, RuntimeError) as error:
                    print(f"{candidate}, {part.__name__}: {error}", file=sys.stderr)
    print(
        f"| {multiprocessing.cpu_count()} cores, 2 workers of {THREADS} threads | {' | '.join(candidates)} |"
    )
    print(f"|---|{'---|' * len(candidates)}")
    for name, cells in rows.items():
        print(f"| {name} | {' | '.join(cells.get(candidate, '—') for candidate in candidates)} |")


if __name__ == "__main__":
    main()
