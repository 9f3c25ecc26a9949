"""The audit log knows when the service and its recording began and ended (DICOM PS3.15 A.5.3.1, A.5.3.11)."""

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from xds.audit import AuditEvent, AuditUnavailable, System
from xds.audit.spool import Spool
from xds.server.auditing import audit_log, audit_spool
from xds.settings import Settings
from xds.store import write_once

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Once:
    """A `xds.audit.Ledger` without a pool: the process that forks workers runs no thread."""

    dsn: str
    spool: Spool

    def keep(self, events: Sequence[AuditEvent]) -> None:
        """See `note`."""
        self.note(events)

    def note(self, events: Sequence[AuditEvent]) -> None:
        """Keep events, here while the metadata store is away."""
        write_once(self.dsn, events, self.spool)


@contextmanager
def active(settings: Settings, dsn: str) -> Iterator[None]:
    """Record that the service starts, and at the end that it stops.

    Raises
    ------
    AuditUnavailable
        The start cannot be recorded: then there is no service.
    """
    process = os.getpid()
    ledger = _Once(dsn, audit_spool(settings))
    audit = audit_log(settings, ledger)
    ledger.keep([audit.event(System.STARTED), audit.event(System.RECORDING_STARTED)])
    try:
        yield
    finally:
        if os.getpid() == process:  # a worker ends by the same way
            try:
                ledger.keep([audit.event(System.RECORDING_STOPPED), audit.event(System.STOPPED)])
            except AuditUnavailable:
                log.exception("the end of the service is not in the audit log")
