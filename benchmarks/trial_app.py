"""The WSGI application that every candidate of the HTTP server trial serves (decision 0001)."""

import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

Environ = dict[str, Any]
ANSWER = b"x" * 10_240
LIMIT = 1_000_000


def application(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer the probes of the trial."""
    path = environ["PATH_INFO"]
    if path == "/peer":
        return _small(start_response, json.dumps(_peer(environ)).encode())
    if path == "/drip":
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(10**9))])
        return _Drip()
    if path == "/large":
        size = int(environ["QUERY_STRING"])
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(size))])
        piece = b"y" * 262_144
        return (piece for _ in range(size // len(piece)))
    length = environ.get("CONTENT_LENGTH") or ""
    if length.isdecimal() and int(length) > LIMIT:
        headers = [("Content-Length", "0"), ("Connection", "close")]
        start_response("413 Content Too Large", headers)
        return ()
    taken = 0
    while piece := environ["wsgi.input"].read(65_536):
        taken += len(piece)
    return _small(start_response, ANSWER if path == "/query" else str(taken).encode())


def _small(start_response: Callable[..., Any], body: bytes) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return (body,)


def _peer(environ: Environ) -> str:
    """The subject of the client's certificate, wherever a server puts it; empty when it does not."""
    socket = environ.get("gunicorn.socket")
    if socket is not None and hasattr(socket, "getpeercert"):
        return str(socket.getpeercert())
    for name in ("SSL_CLIENT_CERT", "wsgi.peercert", "peercert", "SSL_CLIENT_S_DN"):
        if environ.get(name):
            return str(environ[name])
    return ""


class _Drip:
    """An endless slow download that tells when it was closed."""

    def __iter__(self) -> Iterator[bytes]:
        while True:
            time.sleep(0.05)
            yield b"z" * 65_536

    def close(self) -> None:
        Path(os.environ["TRIAL_CLOSED"]).touch()
