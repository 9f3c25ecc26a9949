"""The state of a feed over HTTP on the loopback interface: a page for people, metrics for Prometheus."""

import html
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from xds.source.queue import Queue, State

_LOOPBACK: Final = "127.0.0.1"
_STYLE: Final = "body{font:16px system-ui;margin:2rem}td,th{padding:.2rem .8rem;text-align:left}"


def metrics(queue: Queue) -> str:
    """The state as text of Prometheus' exposition format 0.0.4."""
    lines = ["# TYPE xds_feed_messages gauge"]
    lines += [f'xds_feed_messages{{state="{state}"}} {count}' for state, count in queue.counts().items()]
    unmapped = queue.unmapped()
    lines += [
        "# TYPE xds_feed_unmapped_codes gauge",
        f"xds_feed_unmapped_codes {len(unmapped)}",
        "# TYPE xds_feed_unmapped_reports_total counter",
        f"xds_feed_unmapped_reports_total {sum(row[3] for row in unmapped)}",
    ]
    return "\n".join(lines) + "\n"


def page(queue: Queue) -> str:
    """The state as HTML; nothing of a patient is on it."""
    return "".join(_page(queue))


def _page(queue: Queue) -> Iterator[str]:
    yield f'<!doctype html><html lang="en"><title>xds feed</title><style>{_STYLE}</style><h1>Feed</h1>'
    yield _table(("state", "messages"), [(str(s), str(count)) for s, count in queue.counts().items()])
    yield f"<p>Oldest waiting: {html.escape(queue.oldest() or 'none')}</p><h2>Dead letters</h2>"
    letters = queue.letters(State.DEAD)
    # The reason may quote what the service answered: `xds feed status` shows it to who may read the queue.
    yield _table(
        ("message", "received (UTC)", "attempts"),
        [(item.key[:12], item.received, str(item.attempts)) for item in letters],
    )
    yield "<h2>Unmapped procedure codes</h2>"
    yield _table(
        ("code", "system", "reports"), [(code, scheme, str(n)) for code, scheme, _, n in queue.unmapped()]
    )


def _table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    head = "".join(f"<th scope=col>{item}" for item in heads)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}" for cell in row) for row in rows)
    return f"<table><tr>{head}{body}</table>"


class StatusServer(threading.Thread):
    """Serves both.

    Raises
    ------
    OSError
        The port is taken.
    """

    def __init__(self, queue: Queue, port: int) -> None:
        super().__init__(name="status", daemon=True)
        self._server = ThreadingHTTPServer((_LOOPBACK, port), _handler(queue))

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def run(self) -> None:
        """Serve until stopped."""
        self._server.serve_forever()

    def stop(self) -> None:
        """End."""
        self._server.shutdown()
        self._server.server_close()


def _handler(queue: Queue) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/metrics":
                self._send("text/plain; version=0.0.4; charset=utf-8", metrics(queue))
            elif self.path == "/":
                self._send("text/html; charset=utf-8", page(queue))
            else:
                self.send_error(404)

        def _send(self, content_type: str, text: str) -> None:
            octets = text.encode()
            self.send_response(200)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(octets)))
            self.send_header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
            self.end_headers()
            self.wfile.write(octets)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: the log holds what the feed does."""

    return Handler
