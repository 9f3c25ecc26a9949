"""Every transaction leaves its events in the audit log before its answer leaves (ITI TF-2 3.20, security digest 7)."""

import logging
from contextlib import suppress
from dataclasses import replace
from typing import Final

from lxml import etree

from xds.audit import AuditLog, AuditUnavailable, Outcome
from xds.server.guard import refused, unaudited
from xds.soap import Handler, Reply, Request, SoapFault
from xds.transactions import Transaction

log = logging.getLogger(__name__)

_INTERNAL: Final = "internal error"
_REPEAT: Final = "repeat"
"""Outcome of an answer that was given before."""


def audited(transaction: Transaction, handler: Handler, audit: AuditLog, path: str) -> Handler:
    """Wrap a handler: its trail is closed whatever it does, and without a record there is no answer.

    Parameters
    ----------
    handler
        As `xds.server.guard.guarded` returns it.
    path
        Of the end point that serves it.
    """

    def answer(body: etree._Element, request: Request) -> Reply:
        trail = audit.trail(transaction.number, caller=request.caller, endpoint=path)
        try:
            reply = handler(body, replace(request, trail=trail))
        except SoapFault as fault:
            trail.failed(Outcome.MINOR_FAILURE)
            trail.close(fault.kind.id)
            raise
        except Exception:
            trail.failed(Outcome.SERIOUS_FAILURE)
            with suppress(AuditUnavailable):  # nothing is answered but that it failed
                trail.close(_INTERNAL)
            raise
        if reply.outcome == _REPEAT:
            trail.accepted()
        try:
            trail.close(reply.outcome)
        except AuditUnavailable:
            log.exception("not audited, not answered", extra={"transaction": transaction.number})
            trail.failed(Outcome.MAJOR_FAILURE)
            with suppress(AuditUnavailable):
                trail.close("audit log not writable")
            return refused(transaction, body, unaudited(transaction))
        return reply

    return answer
