"""An audit event for each directive that is set or lifted and each override, committed with the change."""

from typing import Any

from xds.access import AccessContext, Caller
from xds.audit import AuditLog, Station, System
from xds.store.access import Connection
from xds.store.audit import record
from xds.store.statements import statements

_NAMES = statements("queries")
_ADMINISTRATION = AuditLog(None, Station())


def record_consent(
    connection: Connection,
    audit: AuditLog | None,
    what: System,
    key: int,
    *,
    user: AccessContext | None = None,
    author: str = "",
    action: str = "",
    **details: Any,
) -> None:
    """Keep the event in the transaction that is open.

    Parameters
    ----------
    audit
        Whose words it is told in; None for an administrator's command.
    key
        Of the patient.
    user, author
        Who did it: the user of a request, or an administrator.
    """
    names = connection.run(_NAMES["patient_names"], {"keys": [key]})
    event = (audit or _ADMINISTRATION).event(
        what,
        caller=Caller(user=user),
        person=author,
        action=action,
        patients=tuple(row[1] for row in names),
        details=tuple((name.replace("_", "-"), str(value)) for name, value in details.items() if value),
    )
    record(connection, [event])
