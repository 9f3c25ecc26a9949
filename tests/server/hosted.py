"""A small application under `xds.server.http`, in a process of its own: `python -m tests.server.hosted PORT FOLDER`."""

import hashlib
import json
import logging
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from xds.server.channel import Pace
from xds.server.http import BODY_ERRORS, HttpError, HttpSettings, bind, serve

LIMIT = 1_000_000  # octets of a request
PIECE = b"p" * 65_536

Environ = dict[str, Any]
Start = Callable[..., Any]


class Application:
    """Answers by path; every worker makes its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made_in = os.getpid()
        (folder / "made").touch()

    def __call__(self, environ: Environ, start: Start) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if int(environ.get("CONTENT_LENGTH") or 0) > LIMIT:
            start("413 Content Too Large", [("Content-Length", "9"), ("Connection", "close")])
            return (b"too large",)
        if path == "/drip":
            start("200 OK", [("Content-Length", str(10**9))])
            return self._drip()
        if path == "/slow":
            (self._folder / "slow").touch()
            time.sleep(float(environ["QUERY_STRING"]))
        if path == "/fails":
            raise LookupError("the application's own words")
        if path == "/breaks":
            start("200 OK", [("Content-Length", "1000")])
            return self._breaks()
        if path == "/pieces":
            start("200 OK", [])
            return iter((b"", b"one", b"", b"two"))
        facts = {"pid": os.getpid(), "made_in": self._made_in, "scheme": environ["wsgi.url_scheme"]}
        body = json.dumps(facts | self._read(environ)).encode()
        start("200 OK", [("Content-Length", str(len(body)))])
        return (body,)

    def _read(self, environ: Environ) -> dict[str, Any]:
        taken, digest = 0, hashlib.sha256()
        try:
            while piece := environ["wsgi.input"].read(65_536):
                taken += len(piece)
                digest.update(piece)
        except BODY_ERRORS as error:
            (self._folder / "broken").write_text(type(error).__name__, "ascii")
            raise
        return {"octets": taken, "sha256": digest.hexdigest()}

    def _drip(self) -> Iterator[bytes]:
        try:
            while True:
                time.sleep(0.02)
                yield PIECE
        finally:
            (self._folder / "closed").touch()

    @staticmethod
    def _breaks() -> Iterator[bytes]:
        yield b"half"
        raise LookupError("the application's own words")


def main() -> None:
    """Serve until a signal; what is printed tells who got where."""
    port, folder, changes = int(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3])
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(name)s %(message)s %(status)s", defaults={"status": ""}))
    logging.basicConfig(handlers=[handler])
    made_from = folder / "absent" if changes.pop("cannot_be_made", False) else folder
    settings = {
        "workers": 1,
        "threads": 4,
        "keep_alive_seconds": 2,
        "pace": Pace(grace_seconds=1.0),
    } | changes
    listener = bind("127.0.0.1", port)
    try:
        serve(
            lambda: Application(made_from),
            listener,
            HttpSettings(**settings),
            on_ready=lambda: print("ready", flush=True),
        )
    except HttpError as error:
        print(error, flush=True)
    finally:
        print("cleaned up", os.getpid(), flush=True)


if __name__ == "__main__":
    main()
