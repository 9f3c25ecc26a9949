"""Who works on the metadata store by a command, and what the audit log says of it."""

import getpass
import os
import socket
from typing import Any

from xds.audit import AuditEvent, AuditLog, AuditUnavailable, Station, System
from xds.cli.database import Database
from xds.cli.outcome import Refused, Unreadable
from xds.settings import AuditSettings, SettingsError, load
from xds.store import Outbox, Pool


class Administrator:
    """The user of this command, who leaves an event of each look and each change."""

    def __init__(self, pool: Pool, database: Database) -> None:
        settings = _settings(database)
        station = Station(
            source=settings.source_id,
            enterprise_site=settings.enterprise_site_id or "",
            host=socket.gethostname(),
            process=str(os.getpid()),
        )
        self._log = AuditLog(Outbox(pool), station)

    def event(self, what: System, description: str, **facts: Any) -> AuditEvent:
        """An event, for whoever writes it with the change that it tells of."""
        return self._log.event(what, description, person=user_name(), **facts)

    def did(self, what: System, description: str, **facts: Any) -> None:
        """Keep an event before what it tells of is shown.

        Raises
        ------
        Refused
            It cannot be kept: then nothing is shown.
        """
        try:
            self._log.keep(self.event(what, description, **facts))
        except AuditUnavailable:
            raise Refused("the audit log cannot be written, and nothing is shown without a record") from None


def user_name() -> str:
    """The name of the user of this command on this machine."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without a name
        return f"uid {os.getuid()}"


def _settings(database: Database) -> AuditSettings:
    if database.config is None:
        return AuditSettings()
    try:
        return load(database.config).audit
    except SettingsError as error:
        raise Unreadable(str(error)) from None
