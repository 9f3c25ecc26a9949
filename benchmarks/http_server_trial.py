"""The trial of HTTP servers (decision 0001): each must shown by running it.

`python -m benchmarks.http_server_trial gunicorn gunicorn-h1c granian cheroot` prints a table. The candidates are
not dependencies of ours: run it in an environment that has them.
"""

import http.client
import multiprocessing
import os
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from benchmarks.load import run
from benchmarks.trial_certificates import Certificates, make_certificates

HOST = "127.0.0.1"
SUITES = (
    "DHE-RSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "DHE-RSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
)
THREADS = 8


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.create_server((HOST, 0)) as listener:
        return int(listener.getsockname()[1])


def command(candidate: str, port: int, certificates: Certificates | None, folder: Path) -> list[str]:
    """How a candidate is started with two workers of eight threads."""
    python = sys.executable
    if candidate.startswith("gunicorn"):
        parser = "fast" if candidate == "gunicorn-h1c" else "python"
        config = folder / "gunicorn.conf.py"
        config.write_text(_GUNICORN_TLS if certificates else "", "utf-8")
        base = [python, "-m", "gunicorn", "-c", str(config), "-k", "gthread", "-w", "2"]
        base += [
            "--threads",
            str(THREADS),
            "-b",
            f"{HOST}:{port}",
            "--http-parser",
            parser,
            "--keep-alive",
            "30",
        ]
        if certificates:
            base += ["--certfile", str(certificates.server), "--keyfile", str(certificates.server_key)]
            base += ["--ca-certs", str(certificates.authority), "--cert-reqs", "2"]
        return [*base, "benchmarks.trial_app:application"]
    if candidate == "granian":
        base = [python, "-m", "granian", "--interface", "wsgi", "--host", HOST, "--port", str(port)]
        base += ["--workers", "2", "--blocking-threads", str(THREADS), "--no-ws"]
        if certificates:
            base += [
                "--ssl-certificate",
                str(certificates.server),
                "--ssl-keyfile",
                str(certificates.server_key),
            ]
            base += [
                "--ssl-ca",
                str(certificates.authority),
                "--ssl-client-verify",
                "--ssl-protocol-min",
                "tls1.2",
            ]
            base += ["--ssl-crl", str(certificates.revocations)]
        return [*base, "benchmarks.trial_app:application"]
    if candidate == "cheroot" and certificates is None:
        return [
            python,
            "-m",
            "cheroot",
            "--bind",
            f"{HOST}:{port}",
            "--threads",
            "16",
            "benchmarks.trial_app:application",
        ]
    raise LookupError(f"{candidate} has no such form here")


# ffdhe2048 of RFC 7919: Python's ssl offers DHE only with parameters of its own.
FFDHE2048 = """-----BEGIN DH PARAMETERS-----
MIIBCAKCAQEA//////////+t+FRYortKmq/cViAnPTzx2LnFg84tNpWp4TZBFGQz
+8yTnc4kmz75fS/jY2MMddj2gbICrsRhetPfHtXV/WVhJDP1H18GbtCFY2VVPe0a
87VXE15/V8k1mE8McODmi3fipona8+/och3xWKE2rec1MKzKT0g6eXq8CrGCsyT7
YdEIqUuyyOP7uWrat2DX9GgdT0Kj3jlN9K5W7edjcrsZCwenyO4KbXCeAvzhzffi
7MA0BM0oNC9hkXL+nOmFg/+OTxIy7vKBg8P+OxtMb61zO7X8vC7CIAXFjvGDfRaD
ssbzSibBsu/6iGtCOGEoXJf//////////wIBAg==
-----END DH PARAMETERS-----
"""
_GUNICORN_TLS = """
import os, ssl
def ssl_context(config, default):
    context = default()
    context.load_dh_params(os.environ["TRIAL_DH"])
    context.load_verify_locations(os.environ["TRIAL_CRL"])
    context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    return context
"""


@contextmanager
def serving(candidate: str, certificates: Certificates | None, folder: Path) -> Iterator[int]:
    """Run a candidate for the block."""
    port = free_port()
    environment = {**os.environ, "TRIAL_CLOSED": str(folder / "closed")}
    if certificates:
        environment["TRIAL_CRL"] = str(certificates.revocations)
        environment["TRIAL_DH"] = str(folder / "dh.pem")
        (folder / "dh.pem").write_text(FFDHE2048, "ascii")
    process = subprocess.Popen(
        command(candidate, port, certificates, folder),
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _wait(port, process)
        yield port
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(5)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _wait(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError), socket.create_connection((HOST, port), 1):
            time.sleep(0.5)
            return
        time.sleep(0.1)
    raise RuntimeError("did not start")


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


def large_header_refused(port: int) -> bool:
    """A header field of 100 KiB is refused."""
    head = b"POST /count HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 100_000 + b"\r\nContent-Length: 0\r\n\r\n"
    status = raw(port, head)[9:12]
    return status.startswith(b"4")


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
    held = []
    for _ in range(THREADS - 2):
        connection = socket.create_connection((HOST, port))
        connection.sendall(b"GET /drip HTTP/1.1\r\nHost: x\r\n\r\n")
        held.append(connection)
    time.sleep(0.5)
    began = time.perf_counter()
    answers = [request(port, "/query", b"q")[0] for _ in range(20)]
    elapsed = time.perf_counter() - began
    for connection in held:
        connection.close()
    return answers == [200] * 20 and elapsed < 2


def idle_connections_leave_queries(port: int) -> bool:
    """Four times as many idle kept-alive connections as threads do not hold up a request."""
    held = [socket.create_connection((HOST, port)) for _ in range(THREADS * 2 * 4)]
    time.sleep(0.5)
    began = time.perf_counter()
    status, _ = request(port, "/query", b"q")
    for connection in held:
        connection.close()
    return status == 200 and time.perf_counter() - began < 2


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


def throughput(port: int) -> float:
    """Small POSTs a second: 1.5 KB in, 10 KB out, 8 kept-alive connections."""
    body = b"q" * 1500
    octets = b"POST /query HTTP/1.1\r\nHost: x\r\nContent-Length: 1500\r\n\r\n" + body
    results = [run((HOST, port), [octets], connections=8, seconds=2, expect=b"xxxx") for _ in range(3)]
    return sorted(item.per_second for item in results)[1]


def download(port: int, size: int = 512 * 1024 * 1024) -> float:
    """MB/s of one large answer from a generator."""
    with socket.create_connection((HOST, port)) as connection:
        began = time.perf_counter()
        connection.sendall(b"GET /large?%d HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % size)
        taken = 0
        while piece := connection.recv(1 << 20):
            taken += len(piece)
        return taken / (time.perf_counter() - began) / 1e6


def try_plain(candidate: str, folder: Path) -> Iterator[tuple[str, str]]:
    """What needs no TLS."""
    with serving(candidate, None, folder) as port:
        yield "413 before the body is read", shown(too_large_before_body(port))
        yield "Expect: 100-continue", shown(expects_continue(port))
        yield "chunked request body", shown(works(lambda: chunked_body(port)))
        yield "100 KiB header refused", shown(large_header_refused(port))
        yield "slow downloads leave queries alone", shown(works(lambda: slow_downloads_leave_queries(port)))
        yield (
            "idle connections leave queries alone",
            shown(works(lambda: idle_connections_leave_queries(port))),
        )
        yield "vanished client is noticed", shown(vanished_client_noticed(port, folder))
        yield "small POSTs a second", f"{throughput(port):.0f}"
        yield "512 MiB download, MB/s", f"{download(port):.0f}"


def try_tls(candidate: str, folder: Path) -> Iterator[tuple[str, str]]:
    """What mutual TLS asks."""
    certificates = make_certificates(folder)
    with serving(candidate, certificates, folder) as port:
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
                    rows.setdefault(f"({part.__name__})", {})[candidate] = str(error)
    print(
        f"| {multiprocessing.cpu_count()} cores, 2 workers of {THREADS} threads | {' | '.join(candidates)} |"
    )
    print(f"|---|{'---|' * len(candidates)}")
    for name, cells in rows.items():
        print(f"| {name} | {' | '.join(cells.get(candidate, '—') for candidate in candidates)} |")


if __name__ == "__main__":
    main()
