"""What a request leaves in the audit log, for the limits that write as much: the very row, in pgbench's notation."""

from collections.abc import Sequence
from typing import Final

from benchmarks import pgbench
from xds.access import Caller
from xds.audit import AuditEvent, AuditLog, Station, encode_event, query_facts, submission_facts
from xds.ebxml import decode_adhoc_query
from xds.model import RegistryResponse, Submission
from xds.store.statements import statements
from xds.xml import parse

VARIABLE: Final = "audit"
_STATION: Final = Station(
    source="xds", host="bench.example.org", process="12345", base_url="http://127.0.0.1:12345"
)


class _Kept:
    """The ledger that an event is taken from."""

    def __init__(self) -> None:
        self.events: list[AuditEvent] = []

    def keep(self, events: Sequence[AuditEvent]) -> None:
        self.events += events

    def note(self, events: Sequence[AuditEvent]) -> None:
        self.events += events


def statement() -> str:
    """The INSERT of the service."""
    return pgbench.as_script(statements("audit")["add_event"], body=f":{VARIABLE}::bytea") + ";"


def of_query(envelope: bytes) -> dict[str, str]:
    """The variable with the event of an ITI-18, as the service records it."""
    body = parse(envelope).find("{*}Body")
    assert body is not None
    query = body[0]
    return _variable("ITI-18", query_facts(decode_adhoc_query(query)[0], query))


def of_registration(submission: Submission) -> dict[str, str]:
    """The variable with the event of an ITI-42."""
    return _variable("ITI-42", submission_facts(submission))


def _variable(number: str, facts: dict[str, object]) -> dict[str, str]:
    kept = _Kept()
    trail = AuditLog(kept, _STATION).trail(
        number, caller=Caller(address="127.0.0.1"), endpoint="/dics/registry"
    )
    trail.about(**facts)
    trail.answered(RegistryResponse())
    trail.close()
    (event,) = kept.events
    return {VARIABLE: f"\\x{encode_event(event).hex()}"}
