"""An audit event for each directive that is set or lifted, each override and each look at them, committed with it."""

from typing import Any

from xds.access import NOBODY, Caller
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
    caller: Caller = NOBODY,
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
    caller, author
        Who did it: who sent a request, with its user, or an administrator.
    """
    names = connection.run(_NAMES["patient_names"], {"keys": [key]})
    event = (audit or _ADMINISTRATION).event(
        what,
        caller=caller,
        person=author if caller.user is None else "",
        action=action,
        patients=tuple(row[1] for row in names),
        details=tuple((name.replace("_", "-"), str(value)) for name, value in details.items() if value),
    )
    record(connection, [event])
