"""How each candidate of the HTTP server trial is started: two workers of eight threads, its limits as near to ours as
its own settings allow (decision 0001).

`python -m benchmarks.trial_hosts PORT` runs the application under `xds.server.http`.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.trial_app import application
from benchmarks.trial_certificates import Certificates
from xds.server.http import HttpSettings, bind, serve

HOST = "127.0.0.1"
THREADS = 8
APPLICATION = "benchmarks.trial_app:application"


@dataclass(frozen=True, slots=True)
class Served:
    """A candidate that listens."""

    port: int
    process: int  # the first of its processes; all are of its session

    def cpu_seconds(self) -> float:
        """Processor time that all its processes have taken (Linux)."""
        ticks = 0
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with suppress(OSError):
                    fields = (entry / "stat").read_text("utf-8").rpartition(")")[2].split()
                    if int(fields[3]) == self.process:  # session
                        ticks += int(fields[11]) + int(fields[12])  # utime, stime
        return ticks / os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.create_server((HOST, 0)) as listener:
        return int(listener.getsockname()[1])


def command(candidate: str, port: int, certificates: Certificates | None, folder: Path) -> list[str]:
    """The command line of a candidate.

    Raises
    ------
    LookupError
        It has no such form.
    """
    if candidate.startswith("gunicorn"):
        return _gunicorn(candidate, port, certificates, folder)
    if candidate == "granian":
        return _granian(port, certificates)
    if candidate == "cheroot" and certificates is None:
        words = ["--bind", f"{HOST}:{port}", "--threads", str(2 * THREADS), APPLICATION]
        return [sys.executable, "-m", "cheroot", *words]
    if candidate == "xds" and certificates is None:
        return [sys.executable, "-m", "benchmarks.trial_hosts", str(port)]
    raise LookupError(f"{candidate} has no such form here")


def _gunicorn(candidate: str, port: int, certificates: Certificates | None, folder: Path) -> list[str]:
    config = folder / "gunicorn.conf.py"
    config.write_text(_GUNICORN_TLS if certificates else "", "utf-8")
    parser = "fast" if candidate == "gunicorn-h1c" else "python"
    words = ["-c", str(config), "-k", "gthread", "-w", "2", "--threads", str(THREADS), "-b", f"{HOST}:{port}"]
    words += ["--http-parser", parser, "--keep-alive", "60", "--limit-request-line", "8190"]
    if certificates:
        words += ["--certfile", str(certificates.server), "--keyfile", str(certificates.server_key)]
        words += ["--ca-certs", str(certificates.authority), "--cert-reqs", "2"]
    return [sys.executable, "-m", "gunicorn", *words, APPLICATION]


def _granian(port: int, certificates: Certificates | None) -> list[str]:
    words = ["--interface", "wsgi", "--host", HOST, "--port", str(port), "--workers", "2", "--no-ws"]
    words += ["--blocking-threads", str(THREADS), "--http1-header-read-timeout", "10000"]
    words += ["--http1-buffer-size", "24576"]
    if certificates:
        words += [
            "--ssl-certificate",
            str(certificates.server),
            "--ssl-keyfile",
            str(certificates.server_key),
        ]
        words += [
            "--ssl-ca",
            str(certificates.authority),
            "--ssl-client-verify",
            "--ssl-protocol-min",
            "tls1.2",
        ]
        words += ["--ssl-crl", str(certificates.revocations)]
    return [sys.executable, "-m", "granian", *words, APPLICATION]


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
def serving(candidate: str, certificates: Certificates | None, folder: Path) -> Iterator[Served]:
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
        yield Served(port, process.pid)
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


def main() -> None:
    """Serve the application under our own host."""
    listener = bind(HOST, int(sys.argv[1]))
    serve(lambda: application, listener, HttpSettings(workers=2, threads=THREADS), on_ready=lambda: None)


if __name__ == "__main__":
    main()
