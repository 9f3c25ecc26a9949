"""One audit event as it is kept: the facts, from which the DICOM AuditMessage is made when somebody reads it.

An event is written while a request waits, so it is flat and small; `xds.audit.message` knows what each kind of event
says in the words of DICOM PS3.15 A.5, and `xds.audit.catalogue` what each transaction does.
"""

import uuid
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any, Final

import msgspec

from xds.access import AccessContext


class Outcome(IntEnum):
    """EventOutcomeIndicator (DICOM PS3.15 A.5.1)."""

    SUCCESS = 0
    MINOR_FAILURE = 4  # refused by a rule of the standard
    SERIOUS_FAILURE = 8  # internal, or a breach of security
    MAJOR_FAILURE = 12  # the audit log or the metadata store cannot be used


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedDocument:
    """A document that was sent, received or removed."""

    unique_id: str
    repository: str = ""  # repositoryUniqueId
    home: str = ""  # homeCommunityId


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedStudy:
    """A DICOM study of which instances were sent or received (RAD-69, RAD-107)."""

    study_uid: str
    repository: str = ""
    home: str = ""
    instances: tuple[str, ...] = ()  # SOP Instance UIDs


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """What happened, who did it, and whom it concerns; what is empty is not kept."""

    kind: str  # a row of `xds.audit.catalogue`, such as "ITI-18 server"
    event_id: str  # 32 hex digits; the receiver tells by it what it has already
    time: str  # EventDateTime, UTC, ISO 8601 with milliseconds
    outcome: int = 0
    description: str = ""  # EventOutcomeDescription: codes and reasons, no patient
    action: str = ""  # EventActionCode, where the kind leaves it open

    source: str = ""  # AuditSourceID
    enterprise_site: str = ""  # AuditEnterpriseSiteID
    host: str = ""  # our network access point
    process: str = ""  # our AlternativeUserID

    endpoint: str = ""  # URI of the serving side
    peer: str = ""  # network access point of the other side
    peer_name: str = ""  # who it is proven to be, or says it is (MSH-3 and MSH-4)
    own_name: str = ""  # how the other side calls us, where it is no URI (MSH-5 and MSH-6)
    reply_to: str = ""  # wsa:ReplyTo, when it is an address
    user: AccessContext | None = None
    person: str = ""  # who did it at our own command line

    patients: tuple[str, ...] = ()  # CX
    submission_sets: tuple[str, ...] = ()  # uniqueIds
    documents: tuple[AuditedDocument, ...] = ()
    objects: tuple[str, ...] = ()  # entryUUIDs of removed objects
    studies: tuple[AuditedStudy, ...] = ()
    query_id: str = ""  # AdhocQuery/@id
    query: bytes = b""  # the AdhocQueryRequest, UTF-8
    home: str = ""  # homeCommunityId that a query names
    message_id: str = ""  # MSH-10, or the id of an HL7 V3 message
    details: tuple[tuple[str, str], ...] = ()  # further facts, by name


_FIELDS: Final = tuple(item.name for item in fields(AuditEvent))


def new_event_id() -> str:
    """An id that no other event has."""
    return uuid.uuid4().hex


def event_time() -> str:
    """Now, as EventDateTime."""
    return f"{datetime.now(UTC).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def encode_event(event: AuditEvent) -> bytes:
    """The event as it is kept: one JSON object without line breaks; what is empty is left out."""
    kept: dict[str, Any] = {}
    for name in _FIELDS:
        value = getattr(event, name)
        if value or name == "outcome":
            kept[name] = value
    return msgspec.json.encode(kept)


def decode_event(octets: bytes) -> AuditEvent:
    """Read an event that was kept.

    Raises
    ------
    ValueError
        It is none.
    """
    return msgspec.json.decode(octets, type=AuditEvent)
