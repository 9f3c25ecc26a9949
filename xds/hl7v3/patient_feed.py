"""PatientFeed ⇄ PRPA_IN201301UV02, PRPA_IN201302UV02 and PRPA_IN201304UV02 (ITI TF-2 3.44.4.1.2, 3.44.4.2.2)."""

from typing import Final

from lxml import etree

from xds.hl7v3.elements import (
    NSMAP,
    add,
    add_code,
    add_device,
    add_identifier,
    add_name,
    attribute,
    identifiers,
    names_of,
    path,
    tag,
)
from xds.model import INTERACTIONS_ROOT, InstanceIdentifier, Interaction, OtherIds, PatientFeed

PATIENT_ADDED: Final = tag(Interaction.ADDED.value)
PATIENT_REVISED: Final = tag(Interaction.REVISED.value)
PATIENT_DUPLICATES_RESOLVED: Final = tag(Interaction.DUPLICATES_RESOLVED.value)

_EVENTS: Final = path("controlActProcess", "subject", "registrationEvent")
_PRIOR: Final = ("replacementOf", "priorRegistration")


def decode_patient_feed(message: etree._Element) -> PatientFeed:
    """Read a message; what is not there is empty, and `xds.rules.PATIENT_FEED` says what should be.

    Raises
    ------
    ValueError
        The element is none of the three messages.
    """
    interaction = Interaction(etree.QName(message).localname)
    interaction_ids = identifiers(message, "interactionId")
    message_ids = identifiers(message, "id")
    events = message.findall(_EVENTS)
    # With several events the message is refused; the first is read so that all its faults are told at once.
    event = events[0] if events else etree.Element(tag("registrationEvent"))
    found = event.find(path("subject1", "patient"))
    patient = etree.Element(tag("patient")) if found is None else found
    return PatientFeed(
        interaction=interaction,
        interaction_id=interaction_ids[0] if interaction_ids else None,
        message_id=message_ids[0] if message_ids else None,
        creation_time=attribute(message, "creationTime", name="value"),
        processing_code=attribute(message, "processingCode"),
        processing_mode_code=attribute(message, "processingModeCode"),
        accept_ack_code=attribute(message, "acceptAckCode"),
        receivers=tuple([identifiers(item, "device", "id") for item in message.iterfind(tag("receiver"))]),
        sender=identifiers(message, "sender", "device", "id"),
        trigger=attribute(message, "controlActProcess", "code"),
        subjects=len(events),
        registration_status=attribute(event, "statusCode"),
        patient_status=attribute(patient, "statusCode"),
        patient_ids=identifiers(patient, "id"),
        other_ids=_other_ids(patient),
        provider=identifiers(patient, "providerOrganization", "id"),
        names=tuple([name for person in patient.iterfind(tag("patientPerson")) for name in names_of(person)]),
        birth_time=attribute(patient, "patientPerson", "birthTime", name="value"),
        gender=attribute(patient, "patientPerson", "administrativeGenderCode"),
        replacements=len(event.findall(tag("replacementOf"))),
        prior_status=attribute(event, *_PRIOR, "statusCode"),
        prior_ids=identifiers(event, *_PRIOR, "subject1", "priorRegisteredRole", "id"),
    )


def _other_ids(patient: etree._Element) -> tuple[OtherIds, ...]:
    return tuple(
        [
            OtherIds(ids=identifiers(role, "id"), organization=identifiers(role, "scopingOrganization", "id"))
            for role in patient.iterfind(path("patientPerson", "asOtherIDs"))
        ]
    )


def encode_patient_feed(feed: PatientFeed) -> bytes:
    """Encode a message; the wrappers say what the standard prescribes where the feed says nothing.

    Raises
    ------
    ValueError
        A text holds a character that XML cannot carry.
    """
    message = etree.Element(tag(feed.interaction.value), {"ITSVersion": "XML_1.0"}, nsmap=NSMAP)
    add_identifier(message, "id", feed.message_id)
    add(message, "creationTime", {"value": feed.creation_time})
    interaction = feed.interaction_id or InstanceIdentifier(INTERACTIONS_ROOT, feed.interaction.value)
    add_identifier(message, "interactionId", interaction)
    add_code(message, "processingCode", feed.processing_code or "P")
    add_code(message, "processingModeCode", feed.processing_mode_code or "T")
    add_code(message, "acceptAckCode", feed.accept_ack_code or "AL")
    for receiver in feed.receivers:
        add_device(message, "receiver", receiver)
    add_device(message, "sender", feed.sender)
    act = add(message, "controlActProcess", {"classCode": "CACT", "moodCode": "EVN"})
    add(
        act,
        "code",
        {"code": feed.trigger or feed.interaction.trigger, "codeSystem": INTERACTIONS_ROOT},
    )
    subject = add(act, "subject", {"typeCode": "SUBJ"})
    event = add(subject, "registrationEvent", {"classCode": "REG", "moodCode": "EVN"})
    add_code(event, "statusCode", feed.registration_status or "active")
    _add_patient(add(event, "subject1", {"typeCode": "SBJ"}), feed)
    custodian = add(add(event, "custodian", {"typeCode": "CST"}), "assignedEntity", {"classCode": "ASSIGNED"})
    add_identifier(custodian, "id", _authority(feed))
    for prior in feed.prior_ids:
        _add_prior(event, prior, feed.prior_status or "obsolete")
    return etree.tostring(message)


def _authority(feed: PatientFeed) -> InstanceIdentifier | None:
    """Who keeps the record: the provider organization, or the authority of the patient's first id."""
    if feed.provider:
        return feed.provider[0]
    return InstanceIdentifier(feed.patient_ids[0].root) if feed.patient_ids else None


def _add_patient(parent: etree._Element, feed: PatientFeed) -> None:
    patient = add(parent, "patient", {"classCode": "PAT"})
    for identifier in feed.patient_ids:
        add_identifier(patient, "id", identifier)
    add_code(patient, "statusCode", feed.patient_status or "active")
    person = add(patient, "patientPerson", {"classCode": "PSN", "determinerCode": "INSTANCE"})
    for name in feed.names:
        add_name(person, name)
    if not feed.names:
        add(person, "name", {"nullFlavor": "NI"})
    add_code(person, "administrativeGenderCode", feed.gender)
    if feed.birth_time:
        add(person, "birthTime", {"value": feed.birth_time})
    for other in feed.other_ids:
        role = add(person, "asOtherIDs", {"classCode": "ROL"})
        for identifier in other.ids:
            add_identifier(role, "id", identifier)
        _add_organization(role, "scopingOrganization", other.organization)
    provider = feed.provider or tuple(item for item in (_authority(feed),) if item is not None)
    organization = _add_organization(patient, "providerOrganization", provider)
    add(organization, "contactParty", {"classCode": "CON", "nullFlavor": "NI"})


def _add_organization(
    parent: etree._Element, name: str, ids: tuple[InstanceIdentifier, ...]
) -> etree._Element:
    organization = add(parent, name, {"classCode": "ORG", "determinerCode": "INSTANCE"})
    for identifier in ids or (None,):
        add_identifier(organization, "id", identifier)
    return organization


def _add_prior(event: etree._Element, prior: InstanceIdentifier, status: str) -> None:
    """The subsumed id (Table 3.44.4.2.2.2-1)."""
    replacement = add(event, "replacementOf", {"typeCode": "RPLC"})
    registration = add(replacement, "priorRegistration", {"classCode": "REG", "moodCode": "EVN"})
    add_code(registration, "statusCode", status)
    subject = add(registration, "subject1", {"typeCode": "SBJ"})
    role = add(subject, "priorRegisteredRole", {"classCode": "PAT"})
    add_identifier(role, "id", prior)
