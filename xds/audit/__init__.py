"""The audit log (ATNA, ITI TF-2 3.20): what an event is, how it becomes a DICOM AuditMessage, how it travels."""

from xds.audit.catalogue import ROWS, SYSTEM_ROWS, TRANSACTION_ROWS, Side, System
from xds.audit.event import (
    AuditedDocument,
    AuditedStudy,
    AuditEvent,
    Outcome,
    decode_event,
    encode_event,
    event_time,
    new_event_id,
)
from xds.audit.facts import document_facts, query_facts, removal_facts, submission_facts
from xds.audit.message import EVENT_ID_DETAIL, audit_message
from xds.audit.trail import SILENT, UNAUDITED, AuditLog, AuditUnavailable, Ledger, Station, Trail

__all__ = [
    "EVENT_ID_DETAIL",
    "ROWS",
    "SILENT",
    "SYSTEM_ROWS",
    "TRANSACTION_ROWS",
    "UNAUDITED",
    "AuditEvent",
    "AuditLog",
    "AuditUnavailable",
    "AuditedDocument",
    "AuditedStudy",
    "Ledger",
    "Outcome",
    "Side",
    "Station",
    "System",
    "Trail",
    "audit_message",
    "decode_event",
    "document_facts",
    "encode_event",
    "event_time",
    "new_event_id",
    "query_facts",
    "removal_facts",
    "submission_facts",
]
