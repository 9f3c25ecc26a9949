"""An archive that misbehaves: WADO-RS of a phantom's files over a real socket, with a fault of choice."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class FaultyArchive:
    """What it holds, and what goes wrong."""

    port: int
    files: Mapping[str, bytes]
    cut_after: int | None = None  # octets of each answer, then the connection breaks
    cut_instances: frozenset[str] = frozenset()  # single answers that are cut in the middle
    silent_seconds: float = 0.0  # before anything of an answer
    status: int = 200
    extra: bytes = b""  # an instance that comes first in each answer, asked for or not
    asked: list[str] = field(default_factory=list)
    release: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/dicom-web"


@contextmanager
def running_archive(files: Mapping[str, bytes]) -> Iterator[FaultyArchive]:
    """Run one for the block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            archive.asked.append(self.path)
            if archive.silent_seconds:
                archive.release.wait(archive.silent_seconds)
            _, found, uid = self.path.partition("/instances/")
            chosen = {uid: files[uid]} if uid in files else ({} if found else dict(files))
            if archive.status != 200 or not chosen:
                self.send_response(archive.status if archive.status != 200 else 404)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            body = b""
            for octets in ([archive.extra] if archive.extra else []) + list(chosen.values()):
                body += b"\r\n--b\r\nContent-Type: application/dicom\r\n\r\n" + octets
            body += b"\r\n--b--\r\n"
            end = archive.cut_after
            if uid in archive.cut_instances:
                end = len(body) // 2
            self.send_response(200)
            self.send_header("Content-Type", 'multipart/related; type="application/dicom"; boundary=b')
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(body[:end])
            self.wfile.flush()
            self.close_connection = True

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    archive = FaultyArchive(port=server.server_address[1], files=files)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield archive
    finally:
        archive.release.set()
        server.shutdown()
        server.server_close()
        thread.join(10)
