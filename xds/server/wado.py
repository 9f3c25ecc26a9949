"""The door of RAD-55 and RAD-107: GET, with the policies, the limits and the audit log of every other transaction."""

import logging
from collections.abc import Iterable, Iterator
from typing import Any, Final

from xds.access import AccessPolicy, Caller
from xds.audit import AuditedStudy, AuditLog, AuditUnavailable, Outcome
from xds.imaging import Wado, WebAnswer
from xds.model import RegistryResponse
from xds.server.admission import Admission
from xds.server.callers import Callers
from xds.server.endpoint import Environ, StartResponse
from xds.server.secured import CALLER
from xds.soap import SoapFault

log = logging.getLogger(__name__)

WADO_URI: Final = "RAD-55"
WADO_RS: Final = "RAD-107"
_REASONS: Final = {
    200: "OK",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    406: "Not Acceptable",
    502: "Bad Gateway",
    503: "Service Unavailable",
}


class WadoDoor:
    """GET to one of the two addresses.

    Parameters
    ----------
    transaction
        RAD-55 or RAD-107.
    base
        Its path; of RAD-107 what is below it as well.
    needs_partner
        Whether only enrolled partners are served: where RAD-69 has to be signed, for a GET cannot be.
    """

    def __init__(
        self,
        transaction: str,
        base: str,
        wado: Wado,
        *,
        admission: Admission,
        policy: AccessPolicy,
        audit: AuditLog,
        callers: Callers | None,
        needs_partner: bool,
    ) -> None:
        self._transaction = transaction
        self._base = base
        self._wado = wado
        self._admission = admission
        self._policy = policy
        self._audit = audit
        self._callers = callers
        self._needs_partner = needs_partner

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        try:
            caller = self._caller(environ)
            self._admission.enter(caller.address)
        except SoapFault as fault:
            return _refused(start_response, fault.kind.http_status)
        try:
            return self._answer(caller, environ, start_response)
        finally:
            self._admission.leave(caller.address)

    def _caller(self, environ: Environ) -> Caller:
        if self._callers is not None:
            return self._callers.of(environ)
        return environ.get(CALLER) or Caller(address=str(environ.get("REMOTE_ADDR", "")))

    def _answer(self, caller: Caller, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        denied = self._policy.decide(self._transaction, caller) is not None
        if denied or (self._needs_partner and caller.partner is None):
            return _refused(start_response, 403)
        accept = str(environ.get("HTTP_ACCEPT", ""))
        query = str(environ.get("QUERY_STRING", ""))
        if self._transaction == WADO_URI:
            answer = self._wado.uri(query, accept, caller)
        else:
            path = str(environ.get("PATH_INFO", "")).removeprefix(self._base)
            answer = self._wado.rs(path, query, accept, caller)
        try:
            self._note(answer, caller)
            self._admission.start_download()
        except (AuditUnavailable, SoapFault):
            answer.stack.close()
            return _refused(start_response, 503)
        log.info(
            "answered",
            extra={"transaction": self._transaction, "peer": caller.address, "status": answer.status},
        )
        start_response(
            f"{answer.status} {_REASONS.get(answer.status, 'Error')}",
            [("Content-Type", answer.content_type), ("X-Content-Type-Options", "nosniff")],
        )
        return _Passed(answer, self._admission)

    def _note(self, answer: WebAnswer, caller: Caller) -> None:
        """Written before the first octet leaves."""
        trail = self._audit.trail(self._transaction, caller=caller, endpoint=self._base)
        if answer.status == 200:
            study = AuditedStudy(
                study_uid=answer.study, repository=answer.location, instances=answer.instances
            )
            trail.about(studies=(study,), patients=answer.patients)
            trail.answered(RegistryResponse())
        else:
            trail.failed(Outcome.MINOR_FAILURE)
        trail.close(f"HTTP {answer.status}")


class _Passed:
    """An answer on its way; a source that breaks breaks it, and the client sees that its end is missing."""

    def __init__(self, answer: WebAnswer, admission: Admission) -> None:
        self._answer = answer
        self._admission = admission
        self._open = True

    def __iter__(self) -> Iterator[bytes]:
        return self._answer.pieces

    def close(self) -> None:
        """Called by the HTTP server in every case."""
        if self._open:
            self._open = False
            self._admission.end_download()
            self._answer.stack.close()


def _refused(start_response: StartResponse, status: int) -> Iterable[bytes]:
    body = f"{_REASONS.get(status, 'refused')}\n".encode()
    headers: list[tuple[str, Any]] = [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))]
    start_response(f"{status} {_REASONS.get(status, 'Error')}", headers)
    return (body,)
