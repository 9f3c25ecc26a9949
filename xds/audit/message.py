"""The DICOM AuditMessage of an event (DICOM PS3.15 A.5.1; ITI TF-2 3.20.7 and the audit section of a transaction)."""

import base64
import re
from collections.abc import Iterable, Iterator
from typing import Final

from lxml import etree

from xds.access import AccessContext
from xds.audit.catalogue import (
    APPLICATION,
    DESTINATION,
    PATIENT_NUMBER,
    REGISTRY_OBJECT,
    REPORT_NUMBER,
    ROWS,
    SOURCE,
    STUDY_INSTANCE_UID,
    SUBMISSION_SET,
    URI,
    Coded,
    Row,
    Side,
    System,
)
from xds.audit.event import AuditedDocument, AuditedStudy, AuditEvent

EVENT_ID_DETAIL: Final = "ihe-event-id"
"""ParticipantObjectDetail/@type with the event's own id: by it a receiver tells what it got twice."""
_DNS, _IP = "1", "2"  # NetworkAccessPointTypeCode
_PERSON, _SYSTEM = "1", "2"  # ParticipantObjectTypeCode
_PATIENT, _REPORT, _JOB, _QUERY, _SECURITY = "1", "3", "20", "24", "13"  # ParticipantObjectTypeCodeRole
_ERASED: Final = "14"  # ParticipantObjectDataLifeCycle: permanent erasure
_ADDRESS: Final = re.compile(r"[0-9.]+|[0-9a-fA-F:.]*:[0-9a-fA-F:.]+")
_FORBIDDEN: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NOBODY: Final = "unknown"
_ERASING: Final = ("ITI-62 ", "ITI-86 ")


def audit_message(event: AuditEvent) -> bytes:
    """Encode an event: UTF-8, without XML declaration and line breaks."""
    row = ROWS[event.kind]
    root = etree.Element("AuditMessage")
    _identification(root, event, row)
    for participant in _participants(event, row):
        root.append(participant)
    source = _element(root, "AuditSourceIdentification", AuditSourceID=event.source or _NOBODY)
    if event.enterprise_site:
        source.set("AuditEnterpriseSiteID", _clean(event.enterprise_site))
    _element(source, "AuditSourceTypeCode", **{"csd-code": "4"})  # an application server's process
    objects = list(_objects(event, row))
    if not objects:
        objects = [_object(event.endpoint or event.source or _NOBODY, URI, _SYSTEM, _SECURITY)]
    _detail(objects[0], EVENT_ID_DETAIL, event.event_id)
    root.extend(objects)
    return etree.tostring(root, encoding="utf-8", xml_declaration=False)


def _identification(root: etree._Element, event: AuditEvent, row: Row) -> None:
    made = _element(root, "EventIdentification")
    if action := event.action or row.action:
        made.set("EventActionCode", action)
    made.set("EventDateTime", event.time)
    made.set("EventOutcomeIndicator", str(int(event.outcome)))
    made.append(_coded("EventID", row.event))
    for code in row.types:
        made.append(_coded("EventTypeCode", code))
    if event.description:
        _element(made, "EventOutcomeDescription").text = _clean(event.description)
    if event.user is not None and event.user.purpose:
        made.append(_coded("PurposeOfUse", _code_of(event.user.purpose)))


def _participants(event: AuditEvent, row: Row) -> Iterator[etree._Element]:
    """Who took part; a system event has ourselves, and the peer if there is one."""
    if row.is_system:
        yield _ourselves(event, () if event.kind == System.LOG_USED else (APPLICATION,), is_requestor=False)
        if event.peer or event.peer_name:
            yield _other(event, (), is_requestor=event.user is None)
    else:
        # In data's direction: who asks in ITI-43 is the Destination (ITI TF-2 3.43.6.1).
        client, server = (DESTINATION, SOURCE) if row.server_is_source else (SOURCE, DESTINATION)
        is_server = event.kind.endswith(f" {Side.SERVER}")
        ours, others = (server, client) if is_server else (client, server)
        made = [
            (ours, _ourselves(event, (ours,), is_requestor=not is_server, serves=is_server)),
            (others, _other(event, (others,), is_requestor=is_server, serves=not is_server)),
        ]
        yield from (item for _, item in sorted(made, key=lambda each: each[0] is DESTINATION))
    yield from _humans(event)


def _ourselves(
    event: AuditEvent, roles: Iterable[Coded], *, is_requestor: bool, serves: bool = True
) -> etree._Element:
    """The system that writes the record: its process is named (AlternativeUserID M)."""
    name = (event.endpoint or event.own_name) if serves else (event.reply_to or event.source)
    if serves and event.own_name:
        name = event.own_name
    made = _participant(name or event.source or _NOBODY, roles, is_requestor=is_requestor)
    if event.process:
        made.set("AlternativeUserID", _clean(event.process))
    _access_point(made, event.host)
    return made


def _other(
    event: AuditEvent, roles: Iterable[Coded], *, is_requestor: bool, serves: bool = False
) -> etree._Element:
    name = event.endpoint if serves else (event.reply_to or event.peer_name or event.peer)
    made = _participant(name or _NOBODY, roles, is_requestor=is_requestor)
    if event.peer_name:
        made.set("UserName", _clean(event.peer_name))
    _access_point(made, event.peer)
    return made


def _humans(event: AuditEvent) -> Iterator[etree._Element]:
    """The user that an assertion names, whom they act for, and our own administrator."""
    user = event.user
    if user is not None:
        roles = [_code_of(role) for role in sorted(user.roles)]
        made = _participant(user.user, roles, is_requestor=True)
        if user.licence:
            made.set("AlternativeUserID", _clean(user.licence))
        made.set("UserName", user_alias(user))
        yield made
        if user.on_behalf_of:
            yield _participant(user.on_behalf_of, (), is_requestor=False)
        if user.organization:
            organization = _participant(user.organization, (), is_requestor=False)
            if user.organization_name:
                organization.set("UserName", _clean(user.organization_name))
            yield organization
    if event.person:
        yield _participant(event.person, (), is_requestor=True)


def user_alias(user: AccessContext) -> str:
    """UserName of a user: ``alias<user@issuer>``, the alias may be absent (ITI TF-2 3.40.4.2)."""
    return _clean(user.user_name)


def _participant(user_id: str, roles: Iterable[Coded], *, is_requestor: bool) -> etree._Element:
    made = etree.Element("ActiveParticipant", UserID=_clean(user_id))
    made.set("UserIsRequestor", "true" if is_requestor else "false")
    for role in roles:
        made.append(_coded("RoleIDCode", role))
    return made


def _access_point(participant: etree._Element, address: str) -> None:
    if not address:
        return
    participant.set("NetworkAccessPointID", _clean(address))
    participant.set("NetworkAccessPointTypeCode", _IP if _ADDRESS.fullmatch(address) else _DNS)


def _objects(event: AuditEvent, row: Row) -> Iterator[etree._Element]:
    life_cycle = _ERASED if event.kind.startswith(_ERASING) else ""
    if row.names_patient:
        for patient_id in event.patients:
            made = _object(patient_id, PATIENT_NUMBER, _PERSON, _PATIENT)
            if event.message_id:
                _detail(
                    made, "MSH-10" if event.kind.startswith(("ITI-8 ", "ITI-64 ")) else "II", event.message_id
                )
            yield made
    for unique_id in event.submission_sets:
        yield _object(unique_id, SUBMISSION_SET, _SYSTEM, _JOB)
    if (event.query_id or event.query) and not row.is_system:
        yield _query(event, row)
    for document in event.documents:
        yield _document(document, life_cycle)
    for entry_uuid in event.objects:
        yield _object(entry_uuid, REGISTRY_OBJECT, _SYSTEM, _REPORT, life_cycle=life_cycle)
    for study in event.studies:
        yield _study(study)
    if event.details:
        made = _object(event.endpoint or event.source or _NOBODY, URI, _SYSTEM, _SECURITY)
        for name, value in event.details:
            _detail(made, name, value)
        yield made


def _query(event: AuditEvent, row: Row) -> etree._Element:
    made = _object(event.query_id or _NOBODY, row.types[0], _SYSTEM, _QUERY, is_query=True)
    _element(made, "ParticipantObjectQuery").text = base64.b64encode(event.query).decode("ascii")
    _detail(made, "QueryEncoding", "UTF-8")
    if event.home:
        _detail(made, "urn:ihe:iti:xca:2010:homeCommunityId", event.home)
    return made


def _document(document: AuditedDocument, life_cycle: str) -> etree._Element:
    made = _object(document.unique_id, REPORT_NUMBER, _SYSTEM, _REPORT, life_cycle=life_cycle)
    if document.repository:
        _detail(made, "Repository Unique ID", document.repository)
    if document.home:
        # Another literal than in a query, on purpose: kept for compatibility (ITI TF-2 3.43.6.1).
        _detail(made, "ihe:homeCommunityID", document.home)
    return made


def _study(study: AuditedStudy) -> etree._Element:
    made = _object(study.study_uid, STUDY_INSTANCE_UID, _SYSTEM, _REPORT)
    if study.repository:
        _detail(made, "Repository Unique ID", study.repository)
    if study.home:
        _detail(made, "ihe:homeCommunityID", study.home)
    if study.instances:
        description = _element(made, "ParticipantObjectDescription")
        instances = _element(description, "SOPClass", NumberOfInstances=str(len(study.instances)))
        for uid in study.instances:
            _element(instances, "Instance", UID=uid)
    return made


def _object(
    object_id: str,
    id_type: Coded,
    type_code: str,
    role: str,
    *,
    life_cycle: str = "",
    is_query: bool = False,
) -> etree._Element:
    """A ParticipantObjectIdentification; DICOM's schema asks for a name where there is no query."""
    made = etree.Element("ParticipantObjectIdentification", ParticipantObjectID=_clean(object_id))
    made.set("ParticipantObjectTypeCode", type_code)
    made.set("ParticipantObjectTypeCodeRole", role)
    if life_cycle:
        made.set("ParticipantObjectDataLifeCycle", life_cycle)
    made.append(_coded("ParticipantObjectIDTypeCode", id_type))
    if not is_query:
        _element(made, "ParticipantObjectName").text = _clean(object_id)
    return made


def _detail(of: etree._Element, name: str, value: str) -> None:
    """Add a detail, before any description; its value is base64 (xs:base64Binary)."""
    made = etree.Element("ParticipantObjectDetail", type=_clean(name))
    made.set("value", base64.b64encode(value.encode()).decode("ascii"))
    description = of.find("ParticipantObjectDescription")
    if description is None:
        of.append(made)
    else:
        description.addprevious(made)


def _coded(name: str, value: Coded) -> etree._Element:
    made = etree.Element(name)
    made.set("csd-code", _clean(value.code))
    made.set("codeSystemName", _clean(value.system))
    made.set("originalText", _clean(value.text))
    return made


def _code_of(text: str) -> Coded:
    """A code as an access context writes it: code^^scheme."""
    code, _, scheme = text.partition("^^")
    return Coded(code, scheme or _NOBODY, code)


def _element(parent: etree._Element, name: str, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, name, {key: _clean(value) for key, value in attributes.items()})


def _clean(text: str) -> str:
    """What XML and its tokens can hold: a peer's text may have characters that it cannot, or none at all."""
    return _FORBIDDEN.sub("\ufffd", text).strip() or _NOBODY
