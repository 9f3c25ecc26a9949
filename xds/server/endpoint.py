"""The front door: a request in at the top, its answer out by the same door; it decides nothing.

Stations of the walk, each one module: HTTP here, then mime, soap.envelope, the transaction that spyne finds,
and back through soap.reply (docs/architecture.md).
"""

import logging
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, Protocol

from xds.access import Caller
from xds.audit import UNAUDITED, AuditLog, AuditUnavailable, System
from xds.documents import FileRange, Spool
from xds.model import RepositoryOutOfResources
from xds.server.admission import Admission
from xds.server.failures import Failures
from xds.server.guard import refusal
from xds.server.receive import Bounded, Receiver
from xds.server.response import SENDS_RANGES
from xds.server.secured import CALLER
from xds.settings import Limits
from xds.soap import (
    DENIALS,
    LateParts,
    LateReply,
    Request,
    Route,
    SoapEndpoint,
    SoapFault,
    WireReply,
    encode_fault,
    encode_reply,
)
from xds.soap.faults import (
    CONTENT_ENCODING,
    FAILED_TOO_OFTEN,
    INTERNAL,
    OUT_OF_SPACE,
    TOO_LARGE,
    WHOLE_REQUEST,
)
from xds.transactions import ITI_41
from xds.wss import SigningIdentity

log = logging.getLogger(__name__)

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
_REASONS: Final = {
    200: "OK",
    400: "Bad Request",
    404: "Not Found",
    408: "Request Timeout",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}
FAULT_TYPE: Final = "application/soap+xml; charset=UTF-8"
_SMALL: Final = 256 * 1024
"""Octets of a request that is let in however full the disk is: a query or a retrieve has no document."""


class Gate(Protocol):
    """Proves who sent a request: what TLS, a signature and an assertion say of it."""

    def admit(self, request: Request, environ: Environ) -> Request:
        """Return the request with its caller proven.

        Raises
        ------
        SoapFault
            It is not.
        """


class Callers(Protocol):
    """Tells who sends a request, as far as its connection proves it: `xds.server.callers.Callers`."""

    def of(self, environ: Environ) -> Caller:
        """Return the sender.

        Raises
        ------
        SoapFault
            Somebody says who it is and may not, or it is not so.
        """


class SoapDoor:
    """POST to one SOAP end point.

    Parameters
    ----------
    spool
        Where documents that arrive here wait, asked for room before a body is read; None where none arrive.
    gate
        Proves who sent a request; None lets everybody in (Lite).
    identity
        Signs the answers to partners who ask for that.
    callers
        Tells who sends by a proxy's headers; None where no proxy is trusted.
    failures
        Counts what proves nothing; a sender with too much of it waits.
    audit
        Gets an alert for each request that is refused for what it says of its sender.
    """

    def __init__(  # noqa: PLR0913  # each is a part of the walk
        self,
        endpoint: SoapEndpoint,
        receiver: Receiver,
        admission: Admission,
        limits: Limits,
        *,
        spool: Spool | None = None,
        gate: Gate | None = None,
        identity: SigningIdentity | None = None,
        audit: AuditLog = UNAUDITED,
        callers: Callers | None = None,
        failures: Failures | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._receiver = receiver
        self._admission = admission
        self._limits = limits
        self._spool = spool
        self._gate = gate
        self._identity = identity
        self._audit = audit
        self._callers = callers
        self._failures = failures or Failures(0, 0)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes | FileRange]:
        """Answer a request; what is wrong with it is a fault, never an exception."""
        visit = _Visit(environ)
        if self._callers is not None:
            try:
                visit.caller = self._callers.of(environ)
            except SoapFault as fault:
                self._alert(visit, fault, str(environ.get("PATH_INFO", "")))
                return visit.refuse(fault, start_response, unread=True)
        if seconds := self._failures.waits(visit.sender):
            waiting = SoapFault(FAILED_TOO_OFTEN, headers=(("Retry-After", str(seconds)),), seconds=seconds)
            return visit.refuse(waiting, start_response, unread=True)
        try:
            self._admission.enter(visit.sender)
        except SoapFault as fault:
            return visit.refuse(fault, start_response, unread=True)
        try:
            return self._answer(visit, environ, start_response)
        except SoapFault as fault:
            if fault.kind is OUT_OF_SPACE and self._spool is not None:
                return _out_of_resources(visit, environ, start_response)
            if fault.kind.is_security:
                self._alert(visit, fault, str(environ.get("PATH_INFO", "")))
            return visit.refuse(fault, start_response, unread=visit.unread)
        except Exception:
            incident = uuid.uuid4().hex[:12]
            log.exception("failed", extra={"incident": incident, **visit.facts()})
            return visit.refuse(SoapFault(INTERNAL, incident=incident), start_response, unread=visit.unread)
        finally:
            visit.discard_parts()
            self._admission.leave(visit.sender)

    def _answer(
        self, visit: "_Visit", environ: Environ, start_response: StartResponse
    ) -> Iterable[bytes | FileRange]:
        coding = environ.get("HTTP_CONTENT_ENCODING", "").strip()
        if coding.lower() not in ("", "identity"):
            raise SoapFault(CONTENT_ENCODING, found=coding[:40])
        limit = self._limits.request_bytes
        length = _content_length(environ)
        if length is not None and length > limit:
            raise SoapFault(TOO_LARGE, what=WHOLE_REQUEST, limit=limit)
        if self._lacks_room(length):
            raise SoapFault(OUT_OF_SPACE)
        body = Bounded(environ["wsgi.input"], limit, length)
        visit.body = body
        request = self._receiver.receive(environ.get("CONTENT_TYPE", ""), body, caller=visit.caller)
        visit.request, visit.unread = request, False
        if self._gate is not None:
            visit.request = request = self._gate.admit(request, environ)
        route, reply = self._endpoint.answer(request)
        visit.route = route
        wire = encode_reply(
            reply,
            action=route.response_action,
            relates_to=request.envelope.message_id,
            mtom=request.mtom,
            identity=self._identity if request.is_answered_signed else None,
            sends_ranges=SENDS_RANGES in environ,
        )
        pieces: Iterable[bytes | FileRange] = wire.pieces
        late = reply.late if isinstance(reply, LateReply) else None
        if reply.parts or late is not None:
            try:
                self._admission.start_download()
            except SoapFault:
                if late is not None:
                    late.close()
                raise
            pieces = _Download(wire, self._admission, late)
        visit.log_answer(200, reply.outcome, wire.content_length or 0)
        start_response("200 OK", _headers(wire))
        return pieces

    def _alert(self, visit: "_Visit", fault: SoapFault, path: str) -> None:
        """Count it and keep a Security Alert (ITI TF-2 3.20); where it cannot be kept, it is refused all the same."""
        if fault.kind.id not in DENIALS:
            self._failures.count(visit.sender)
        what = System.RESTRICTED_FUNCTION if fault.kind.id in DENIALS else System.NODE_AUTHENTICATION
        description = f"{fault.kind.id}, incident {fault.values.get('incident', '')}"
        try:
            self._audit.alert(what, description, caller=visit.proven, endpoint=path)
        except AuditUnavailable:
            log.exception("not audited", extra=visit.facts())

    def _lacks_room(self, length: int | None) -> bool:
        """Whether a body must be refused unread; of a chunked one only its beginning is certain."""
        if self._spool is None or (length is not None and length <= _SMALL):
            return False
        return not self._spool.has_room(length or _SMALL)


class _Visit:
    """One request as the log sees it: facts, no patient, no content."""

    def __init__(self, environ: Environ) -> None:
        self.caller: Caller = environ.get(CALLER) or Caller(address=str(environ.get("REMOTE_ADDR", "")))
        self.request: Request | None = None
        self.route: Route | None = None
        self.body: Bounded | None = None
        self.unread = True
        self._language = asked_language(environ.get("HTTP_ACCEPT_LANGUAGE", ""))
        self._sender = environ.get("HTTP_X_SENDER_ID")
        self._began = time.perf_counter()

    @property
    def sender(self) -> str:
        """Whose requests are counted together: a partner's, wherever they come from."""
        return self.caller.partner or self.caller.address

    @property
    def proven(self) -> Caller:
        """The sender, as far as it is proven by now."""
        return self.caller if self.request is None else self.request.caller

    def facts(self) -> dict[str, Any]:
        """What of this request goes into a log record."""
        facts: dict[str, Any] = {
            "peer": self.caller.address,
            "ms": round((time.perf_counter() - self._began) * 1000, 1),
            "octets_in": self.body.taken if self.body else 0,
        }
        if self.proven.partner is not None:
            facts["partner"] = self.proven.partner
        if self.route is not None:
            facts["transaction"] = self.route.number
        if self.request is not None and self.request.envelope.message_id:
            facts["message_id"] = self.request.envelope.message_id.strip()[:128]
        if self._sender:
            facts["sender"] = self._sender[:64]
        return facts

    def log_answer(self, status: int, outcome: str, octets: int) -> None:
        """One record per answered request."""
        if log.isEnabledFor(logging.INFO):
            extra = {**self.facts(), "status": status, "outcome": outcome, "octets_out": octets}
            log.info("answered", extra=extra)

    def refuse(self, fault: SoapFault, start_response: StartResponse, *, unread: bool) -> Iterable[bytes]:
        """Answer a fault; with a body left unread the connection ends, for it cannot be used again."""
        relates_to = None if self.request is None else self.request.envelope.message_id
        body = encode_fault(fault, relates_to=relates_to, language=self._language)
        status = fault.kind.http_status
        kind = "text/xml; charset=UTF-8" if fault.kind.id == "version-mismatch" else FAULT_TYPE
        headers = [("Content-Type", kind), ("Content-Length", str(len(body))), *fault.headers]
        if unread:
            headers.append(("Connection", "close"))
        more = {"detail": fault.log_detail} if fault.log_detail else {}
        if "incident" in fault.values:
            more["incident"] = str(fault.values["incident"])
        log.warning("refused", extra={**self.facts(), "status": status, "fault": fault.kind.id, **more})
        start_response(f"{status} {_REASONS.get(status, 'Error')}", headers)
        return (body,)

    def discard_parts(self) -> None:
        """Drop what no transaction stored."""
        if self.request is not None:
            for part in self.request.parts.values():
                part.discard()


class _Download:
    """Documents being sent: gives its place back when the last octet is out or the client is gone."""

    def __init__(self, wire: WireReply, admission: Admission, late: LateParts | None = None) -> None:
        self._pieces = iter(wire.pieces)
        self._late = late
        self._admission = admission
        self._open = True

    def __iter__(self) -> Iterator[bytes | FileRange]:
        return self._pieces

    def close(self) -> None:
        """Called by the HTTP server in every case."""
        if self._open:
            self._open = False
            self._admission.end_download()
            if hasattr(self._pieces, "close"):
                self._pieces.close()
            if self._late is not None:
                self._late.close()


def _out_of_resources(
    visit: _Visit, environ: Environ, start_response: StartResponse
) -> Iterable[bytes | FileRange]:
    """Answer as ITI-41 does (ITI TF-3 Table 4.2.4.1-2) and end the connection: the body is not read."""
    reply = refusal(ITI_41, RepositoryOutOfResources("the document store is full; nothing was stored"))
    multipart = environ.get("CONTENT_TYPE", "").lower().lstrip().startswith("multipart/")
    wire = encode_reply(reply, action=ITI_41.response_action, relates_to=None, mtom=multipart)
    visit.log_answer(200, reply.outcome, wire.content_length or 0)
    start_response("200 OK", [*_headers(wire), ("Connection", "close")])
    return wire.pieces


def _content_length(environ: Environ) -> int | None:
    """Octets of the body; None when it is chunked."""
    if environ.get("HTTP_TRANSFER_ENCODING"):
        return None
    length = environ.get("CONTENT_LENGTH") or "0"
    return int(length) if length.isdecimal() else None


def _headers(wire: WireReply) -> list[tuple[str, str]]:
    """Without a length the body is sent in chunks (RFC 9112 7.1), to a peer of HTTP/1.0 up to the connection's end."""
    headers = [("Content-Type", wire.content_type)]
    if wire.content_length is not None:
        headers.append(("Content-Length", str(wire.content_length)))
    return headers


def asked_language(accept: str) -> str:
    """The language of a fault's reason: French when Accept-Language prefers it to English (RFC 9110 12.5.4)."""
    weights = {"en": 0.0, "fr": 0.0}
    for item in accept.lower().split(","):
        tag, _, parameter = item.strip().partition(";")
        language = tag.split("-")[0].strip()
        if language in weights:
            weights[language] = max(weights[language], _weight(parameter))
    return "fr" if weights["fr"] > weights["en"] else "en"


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0
