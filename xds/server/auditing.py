"""The audit log of a process: who we are in it, where it is kept, and what seals and sends it."""

import os
import socket

from xds.audit import AuditLog, Ledger, Station
from xds.audit.spool import Spool as AuditSpool
from xds.server.audit_relay import RelayThread, SealerThread
from xds.server.site import own_url
from xds.settings import Settings
from xds.store import (
    Outbox,
    Pool,
)


def audit_log(settings: Settings, ledger: Ledger) -> AuditLog:
    """The audit log of this process, kept in a ledger."""
    server = settings.server
    station = Station(
        source=settings.audit.source_id,
        enterprise_site=settings.audit.enterprise_site_id or "",
        host=socket.gethostname(),
        process=str(os.getpid()),
        base_url=(server.public_url or own_url(server)).rstrip("/"),
    )
    return AuditLog(ledger, station)


def audit_spool(settings: Settings) -> AuditSpool:
    """Where this machine keeps audit events while the metadata store is away."""
    return AuditSpool(settings.data_dir / "audit")


def audit_threads(settings: Settings, pool: Pool, outbox: Outbox) -> tuple[SealerThread | RelayThread, ...]:
    """What seals and sends the audit log, running."""
    threads: tuple[SealerThread | RelayThread, ...] = (
        SealerThread(pool, outbox),
        *(RelayThread(pool, item) for item in settings.audit.receivers),
    )
    for thread in threads:
        thread.start()
    return threads
