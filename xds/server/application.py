"""The WSGI application: which path is answered by whom."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from xds.documents import FileRange
from xds.server.endpoint import FAULT_TYPE, Environ, StartResponse, asked_language
from xds.server.pages import PAGE_HEADERS
from xds.soap import SoapFault, encode_fault
from xds.soap.faults import NOT_SERVED

WsgiApplication = Callable[[Environ, StartResponse], Iterable[bytes | FileRange]]
Page = Callable[[Environ], tuple[str, bytes] | None]
"""Answers a GET: Content-Type and body; None where there is nothing."""

SCHEMAS_PATH: Final = "/dics/schemas/"


class Application:
    """Routes by path and method; everything it answers itself is small and ready.

    Parameters
    ----------
    doors
        End points of SOAP.
    apis
        What answers every method itself, and in its own form.
    """

    def __init__(
        self,
        *,
        doors: Mapping[str, WsgiApplication],
        apis: Mapping[str, WsgiApplication],
        pages: Mapping[str, Page],
        schemas: Page,
        not_found: Callable[[Environ], bytes],
        ready: Callable[[], Mapping[str, bool]],
        downloads: Mapping[str, WsgiApplication] | None = None,
    ) -> None:
        self._doors = doors
        self._apis = apis
        self._pages = pages
        self._schemas = schemas
        self._not_found = not_found
        self._ready = ready
        self._downloads = downloads or {}

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes | FileRange]:
        """Answer one request."""
        path, method = environ.get("PATH_INFO", "/"), environ["REQUEST_METHOD"]
        if path in self._apis:
            return self._apis[path](environ, start_response)
        door = self._doors.get(path)
        if method == "POST" and door is not None:
            return door(environ, start_response)
        if path == "/healthz":
            return _answer(start_response, "200 OK", "application/json", b'{"status": "up"}\n')
        if path == "/readyz":
            return self._readiness(start_response)
        if method not in ("GET", "HEAD"):
            if door is None and path not in self._pages:
                return self._refuse_path(environ, start_response)
            allow = "GET, HEAD, POST" if door is not None else "GET, HEAD"
            return _refuse_method(start_response, allow)
        if method == "GET" and (download := self._download(path)) is not None:
            return download(environ, start_response)
        page = self._schemas if path.startswith(SCHEMAS_PATH) else self._pages.get(path)
        found = None if page is None else page(environ)
        if found is None:
            body = self._not_found(environ)
            return _answer(start_response, "404 Not Found", "text/html; charset=utf-8", body, environ)
        return _answer(start_response, "200 OK", *found, environ)

    def _download(self, path: str) -> WsgiApplication | None:
        """Who answers a GET to this address or below it with what an archive holds."""
        found = (
            door for base, door in self._downloads.items() if path == base or path.startswith(f"{base}/")
        )
        return next(found, None)

    def _refuse_path(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """A SOAP client gets a fault that it can show: its address is wrong, or another process has that role."""
        fault = SoapFault(NOT_SERVED, path=environ.get("PATH_INFO", "/"), served=", ".join(self._doors))
        language = asked_language(environ.get("HTTP_ACCEPT_LANGUAGE", ""))
        body = encode_fault(fault, relates_to=None, language=language)
        headers = [
            ("Content-Type", FAULT_TYPE),
            ("Content-Length", str(len(body))),
            ("Connection", "close"),
        ]
        start_response("404 Not Found", headers)
        return (body,)

    def _readiness(self, start_response: StartResponse) -> Iterable[bytes]:
        checks = dict(self._ready())
        status = "200 OK" if all(checks.values()) else "503 Service Unavailable"
        state = {"status": "ready" if all(checks.values()) else "not ready", **checks}
        return _answer(start_response, status, "application/json", json.dumps(state).encode() + b"\n")


def _answer(
    start_response: StartResponse, status: str, kind: str, body: bytes, environ: Environ | None = None
) -> Iterable[bytes]:
    headers: list[tuple[str, Any]] = [("Content-Type", kind), ("Content-Length", str(len(body)))]
    if kind.startswith("text/html"):
        headers += PAGE_HEADERS
    start_response(status, headers)
    return () if environ is not None and environ["REQUEST_METHOD"] == "HEAD" else (body,)


def _refuse_method(start_response: StartResponse, allow: str) -> Iterable[bytes]:
    body = f"This path answers {allow}.\n".encode()
    headers = [
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Length", str(len(body))),
        ("Allow", allow),
        # A body may be on its way; it is not read.
        ("Connection", "close"),
    ]
    start_response("405 Method Not Allowed", headers)
    return (body,)
