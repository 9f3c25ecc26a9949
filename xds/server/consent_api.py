"""The API for consent: a POST of one JSON object sets, lifts or lists directives, issues or ends overrides.

It does what `xds consent` does, by the same functions of the store, and is off unless settings name who may use it.
Everything is in the body: a URL is written down by every proxy.
"""

import json
import logging
import time
import uuid
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final

from xds.access import Caller
from xds.audit import AuditLog, AuditUnavailable, System
from xds.server.admission import Admission
from xds.server.consent_gate import ConsentGate
from xds.server.consent_json import consent_json, directive_json, override_json
from xds.server.consent_request import ApiRefusal, ConsentRequest, read_request
from xds.server.endpoint import Callers, Environ, StartResponse
from xds.server.failures import Failures
from xds.server.receive import Bounded
from xds.server.secured import CALLER
from xds.soap import SoapFault
from xds.soap.faults import FAILED_TOO_OFTEN, TOO_LARGE, WHOLE_REQUEST
from xds.store import (
    Conflict,
    ConsentStore,
    InvalidPatientId,
    NotInForce,
    PatientError,
    StoreBusy,
    StoreUnavailable,
    UnusableTarget,
)

log = logging.getLogger(__name__)

BODY_BYTES: Final = 192 * 1024
"""A request may be that large: an assertion of the largest size, base64, and the rest."""
_TYPE: Final = "application/json"
_REASONS: Final = {
    200: "OK",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


class ConsentApi:
    """The WSGI application at `server.consent_path`."""

    def __init__(  # each is a part of the walk
        self,
        store: ConsentStore,
        gate: ConsentGate,
        admission: Admission,
        *,
        audit: AuditLog,
        callers: Callers | None,
        failures: Failures,
    ) -> None:
        self._store = store
        self._gate = gate
        self._admission = admission
        self._audit = audit
        self._callers = callers
        self._failures = failures

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request; what is wrong with it is told as JSON."""
        visit = _Visit(environ)
        try:
            return self._counted(visit, environ, start_response)
        except SoapFault as fault:
            # How the house says that a sender has to wait, or is not who a proxy says.
            status = 403 if fault.kind.is_security else fault.kind.http_status
            refusal = ApiRefusal(
                status,
                fault.kind.id,
                fault.reason(),
                headers=fault.headers,
                log_detail=fault.log_detail,
                counts=fault.kind.is_security,
            )
        except ApiRefusal as raised:
            refusal = raised
        except (StoreUnavailable, StoreBusy, Conflict, AuditUnavailable):
            refusal = ApiRefusal(
                503,
                "unavailable",
                "The metadata store is unavailable or busy; nothing was changed. Repeat it a little later.",
                headers=(("Retry-After", "2"),),
            )
        except Exception:
            incident = uuid.uuid4().hex[:12]
            log.exception("failed", extra={"incident": incident, **visit.facts()})
            refusal = ApiRefusal(
                500,
                "internal",
                f"The service failed on this request; tell its operator the incident {incident}.",
            )
        if refusal.status == 403:
            self._alert(visit, refusal)
        return visit.refuse(refusal, start_response)

    def _counted(self, visit: "_Visit", environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "POST":
            raise ApiRefusal(
                405,
                "method",
                "Only POST is served here: a list is asked for by a POST too.",
                headers=(("Allow", "POST"),),
            )
        if self._callers is not None:
            visit.caller = self._callers.of(environ)
        if seconds := self._failures.waits(visit.sender):
            raise SoapFault(FAILED_TOO_OFTEN, headers=(("Retry-After", str(seconds)),), seconds=seconds)
        self._admission.enter(visit.sender)
        try:
            request = read_request(_body(visit, environ))
            visit.caller = self._gate.admit(request, visit.caller, environ)
            answer = self._done(request, visit.caller)
        finally:
            self._admission.leave(visit.sender)
        return visit.answer(answer, f"Success {request.action}", start_response)

    def _done(self, request: ConsentRequest, caller: Caller) -> dict[str, object]:
        try:
            return _do(self._store, request, caller)
        except NotInForce as error:
            raise ApiRefusal(409, "not-in-force", f"{error}.") from None
        except (InvalidPatientId, UnusableTarget) as error:
            raise ApiRefusal(400, "invalid-request", f"{error}.") from None
        except PatientError as error:
            raise ApiRefusal(404, "unknown", f"{error}.") from None

    def _alert(self, visit: "_Visit", refusal: ApiRefusal) -> None:
        """Count it and keep it in the audit log; where that cannot be written, it is refused all the same."""
        if refusal.counts:
            self._failures.count(visit.sender)
        what = System.NODE_AUTHENTICATION if refusal.counts else System.RESTRICTED_FUNCTION
        try:
            self._audit.alert(what, f"consent API: {refusal.error}", caller=visit.caller, endpoint=visit.path)
        except AuditUnavailable:
            log.exception("not audited", extra=visit.facts())


def _do(store: ConsentStore, request: ConsentRequest, caller: Caller) -> dict[str, object]:
    """What the command of that name does."""
    author = f"partner {caller.partner}" if caller.user is None else caller.user.user_name
    if request.action == "list":
        return consent_json(store.show(request.patient, author=author, caller=caller))
    if request.action == "end":
        store.end_override(request.patient, request.number, author=author, caller=caller)
        return {"ended": request.number}
    if request.action == "override":
        made = store.override(
            request.patient,
            request.organization,
            reason=request.reason,
            author=author,
            person=request.person,
            lifetime=None if request.hours is None else timedelta(hours=request.hours),
            caller=caller,
        )
        return {"override": override_json(made)}
    said: dict[str, Any] = {"reason": request.reason, "author": author, "caller": caller}
    if request.action == "lift":
        lifted = store.reinstate(request.patient, request.kind, request.target, **said)
        return {"lifted": True, "directive": directive_json(lifted)}
    directive, is_new = store.restrict(
        request.patient, request.kind, request.target, custodian=request.custodian, **said
    )
    return {"set": is_new, "directive": directive_json(directive)}


def _body(visit: "_Visit", environ: Environ) -> bytes:
    if environ.get("QUERY_STRING"):
        raise ApiRefusal(400, "url-parameters", "Nothing is read from the URL; send everything in the body.")
    kind = str(environ.get("CONTENT_TYPE", "")).partition(";")[0].strip().lower()
    coding = str(environ.get("HTTP_CONTENT_ENCODING", "")).strip().lower()
    if kind != _TYPE or coding not in ("", "identity"):
        raise ApiRefusal(415, "content-type", f"Send {_TYPE}, as it is: no Content-Encoding is read.")
    announced = environ.get("CONTENT_LENGTH") or "0"
    length = int(announced) if announced.isdecimal() and not environ.get("HTTP_TRANSFER_ENCODING") else None
    if length is not None and length > BODY_BYTES:
        raise SoapFault(TOO_LARGE, what=WHOLE_REQUEST, limit=BODY_BYTES)
    body = visit.body = Bounded(environ["wsgi.input"], BODY_BYTES, length)
    octets = b"".join(iter(body.read, b""))
    visit.unread = False
    return octets


class _Visit:
    """One request as the log sees it: facts, nothing of a patient."""

    def __init__(self, environ: Environ) -> None:
        self.caller: Caller = environ.get(CALLER) or Caller(address=str(environ.get("REMOTE_ADDR", "")))
        self.path = str(environ.get("PATH_INFO", ""))
        self.body: Bounded | None = None
        self.unread = True
        self._began = time.perf_counter()

    @property
    def sender(self) -> str:
        """Whose requests are counted together."""
        return self.caller.partner or self.caller.address

    def facts(self) -> dict[str, Any]:
        """What of this request goes into a log record."""
        facts: dict[str, Any] = {
            "peer": self.caller.address,
            "transaction": "consent",
            "ms": round((time.perf_counter() - self._began) * 1000, 1),
            "octets_in": self.body.taken if self.body else 0,
        }
        if self.caller.partner is not None:
            facts["partner"] = self.caller.partner
        return facts

    def answer(
        self, document: dict[str, object], outcome: str, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Answer what was done."""
        body = _encoded(document)
        log.info(
            "answered", extra={**self.facts(), "status": 200, "outcome": outcome, "octets_out": len(body)}
        )
        start_response("200 OK", _headers(body))
        return (body,)

    def refuse(self, refusal: ApiRefusal, start_response: StartResponse) -> Iterable[bytes]:
        """Say what was wrong; with a body left unread the connection ends, for it cannot be used again."""
        document: dict[str, object] = {"error": refusal.error, "reason": refusal.reason}
        if refusal.findings:
            document["findings"] = list(refusal.findings)
        body = _encoded(document)
        more = {"detail": refusal.log_detail} if refusal.log_detail else {}
        log.warning(
            "refused", extra={**self.facts(), "status": refusal.status, "fault": refusal.error, **more}
        )
        headers = [*_headers(body), *refusal.headers]
        if self.unread:
            headers.append(("Connection", "close"))
        start_response(f"{refusal.status} {_REASONS.get(refusal.status, 'Error')}", headers)
        return (body,)


def _encoded(document: dict[str, object]) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode() + b"\n"


def _headers(body: bytes) -> list[tuple[str, str]]:
    return [
        ("Content-Type", _TYPE),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
    ]
