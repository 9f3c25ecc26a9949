"""The doors of a process: each path with what is behind it, and what all of them share."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from xds.access import Caller
from xds.audit import AuditLog, AuditUnavailable, System
from xds.documents import Spool
from xds.rules import Policies
from xds.server.admission import Admission
from xds.server.application import WsgiApplication
from xds.server.audited import audited
from xds.server.callers import Callers
from xds.server.consent_api import ConsentApi
from xds.server.credentials import Credentials
from xds.server.endpoint import SoapDoor
from xds.server.entrance import Entrance
from xds.server.failures import Failures
from xds.server.guard import guarded
from xds.server.imaging import Imaging
from xds.server.pages import paths_of
from xds.server.proven import proven
from xds.server.receive import Receiver
from xds.server.users import permitted
from xds.server.wado import WADO_RS, WADO_URI, WadoDoor
from xds.settings import Settings
from xds.soap import Handler, Route, SoapEndpoint
from xds.store import (
    AssertionStore,
    ConsentStore,
    Pool,
    SignedMessageStore,
)
from xds.transactions import (
    CATALOGUE,
    RAD_69,
    Role,
    Transaction,
    of_role,
)
from xds.wss import SigningIdentity, read_identity

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Porch:
    """What every door of a process shares: who is let in, how many, and who is told."""

    settings: Settings
    rules: Policies
    entrance: Entrance
    admission: Admission
    audit: AuditLog
    failures: Failures
    callers: Callers | None


def porch(
    settings: Settings, pool: Pool, rules: Policies, audit: AuditLog, credentials: Credentials
) -> Porch:
    """Build what the doors share."""
    return Porch(
        settings=settings,
        rules=rules,
        entrance=Entrance(settings, credentials, AssertionStore(pool), audit),
        admission=Admission(settings.limits, share=1 / settings.server.workers),
        audit=audit,
        failures=_watched(credentials, settings, audit),
        callers=_callers(settings, credentials),
    )


def soap_doors(
    porch: Porch,
    served: Mapping[Role, Mapping[Transaction, Handler]],
    messages: SignedMessageStore,
    spool: Spool,
) -> dict[str, SoapDoor]:
    """The SOAP end points by their paths."""
    settings = porch.settings
    receiver = Receiver(spool, settings.limits)
    identity = signing_identity(settings)
    return {
        path: SoapDoor(
            endpoint,
            receiver,
            porch.admission,
            settings.limits,
            spool=spool if path == settings.server.repository_path else None,
            gate=porch.entrance.gate(path),
            identity=identity,
            callers=porch.callers,
            audit=porch.audit,
            failures=porch.failures,
        )
        for path, endpoint in _endpoints(porch, served, messages).items()
    }


def apis(porch: Porch, consent: ConsentStore) -> dict[str, WsgiApplication]:
    """What is served beside SOAP: the API for consent, where somebody may use it."""
    path = porch.settings.server.consent_path
    gate = porch.entrance.consent_gate(path)
    if gate is None:
        return {}
    api = ConsentApi(
        consent, gate, porch.admission, audit=porch.audit, callers=porch.callers, failures=porch.failures
    )
    return {path: api}


def downloads(porch: Porch, images: Imaging | None) -> dict[str, WadoDoor]:
    """RAD-55 and RAD-107 by their addresses, where RAD-69 is served."""
    if images is None:
        return {}
    server, security = porch.settings.server, porch.settings.security
    return {
        path: WadoDoor(
            transaction,
            path,
            images.wado,
            admission=porch.admission,
            policy=porch.entrance.access,
            audit=porch.audit,
            callers=porch.callers,
            needs_partner=RAD_69.number in security.signed,
        )
        for transaction, path in ((WADO_URI, server.wado_path), (WADO_RS, server.dicom_web_path))
    }


def _watched(credentials: Credentials, settings: Settings, audit: AuditLog) -> Failures:
    """Count what proves nothing, over TLS and in messages alike, and keep an alert of each TLS client refused."""
    limits, workers = settings.limits, settings.server.workers
    failures = Failures(-(-limits.failed_authentications // workers), limits.failed_authentication_seconds)

    def refused(peer: str, why: str) -> None:
        failures.count(peer)
        try:
            audit.alert(System.NODE_AUTHENTICATION, why, caller=Caller(address=peer))
        except AuditUnavailable:
            log.exception("not audited")

    credentials.refused, credentials.waits = refused, failures.waits
    credentials.start()
    return failures


def _callers(settings: Settings, credentials: Credentials) -> Callers | None:
    """Who reads what a proxy says of its clients; None where none is trusted."""
    return None if settings.server.trusted_proxy == "none" else Callers(settings.server, credentials)


def signing_identity(settings: Settings) -> SigningIdentity | None:
    """What this service signs with: its own pair for that, else that of its TLS.

    Raises
    ------
    PkiError
        The pair cannot be used.
    """
    security, server = settings.security, settings.server
    certificate, key = security.certificate or server.certificate, security.key or server.key
    if certificate is None or key is None:
        return None
    return read_identity(certificate, key)


def _endpoints(
    porch: Porch, served: Mapping[Role, Mapping[Transaction, Handler]], messages: SignedMessageStore
) -> dict[str, SoapEndpoint]:
    """One spyne application for each role that has something to serve."""
    paths = paths_of(porch.settings.server)
    endpoints = {}
    for role, handlers in served.items():
        rows = [row for row in of_role(role) if row in handlers]
        if not rows:
            continue
        elsewhere = {
            row.action: paths[row.role]
            for row in CATALOGUE
            if row.role is not role and row in served.get(row.role, ())
        }
        routes = [_route(porch, row, handlers[row], messages, paths[role]) for row in rows]
        endpoints[paths[role]] = SoapEndpoint(
            role.value, routes, elsewhere=elsewhere, is_strict=porch.rules.is_strict
        )
    return endpoints


def _route(
    porch: Porch, row: Transaction, handler: Handler, messages: SignedMessageStore, path: str
) -> Route:
    """A transaction within what is around every one of them: signature and repeat, policy, failures, audit."""
    once = proven(row, handler, signed=porch.settings.security.signed, messages=messages)
    allowed = guarded(row, permitted(row, once, porch.entrance.access))
    return Route(
        number=row.number,
        operation=row.operation,
        action=row.action,
        response_action=row.response_action,
        body=row.request,
        mtom=row.mtom,
        handler=audited(row, allowed, porch.audit, path),
        claims=row.claims,
    )
