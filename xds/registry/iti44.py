"""ITI-44 Patient Identity Feed HL7 V3: the Expected Actions of the Document Registry (ITI TF-2 3.44.4.1.4, .2.4)."""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Final

from lxml import etree

from xds.audit import Trail
from xds.hl7v3 import Acknowledgement, decode_patient_feed, encode_acknowledgement
from xds.model import (
    NO_NAME,
    BusinessRuleViolation,
    FeedError,
    InstanceIdentifier,
    Interaction,
    PatientFeed,
    PatientRecord,
    RegistryResponse,
    UnknownKeyIdentifier,
    XdsError,
    has_error,
)
from xds.registry.iti42 import Message
from xds.rules import Policies, RulePolicy, birth_date, check_patient_feed, fed_patients, merged_patients
from xds.soap import Reply, Request
from xds.store import MergedAway, PatientError, PatientStore, ReplayStore, UnknownPatient

NUMBER: Final = "ITI-44"
_SEXES: Final = {"M": "M", "F": "F", "UN": "O"}
"""AdministrativeGender → HL7 table 0001; what neither knows is U."""
_ACTIONS: Final = {Interaction.ADDED: "C", Interaction.REVISED: "U", Interaction.DUPLICATES_RESOLVED: "U"}
"""EventActionCode of a message that is refused or repeated; what a merge does is a record for each id (3.44.5.1)."""


class PatientIdentityFeedV3:
    """The three messages of the transaction: record added, record revised, duplicates resolved."""

    def __init__(self, store: PatientStore, replay: ReplayStore, policies: Policies) -> None:
        self._store = store
        self._replay = replay
        self._policies = policies

    def __call__(self, body: etree._Element, request: Request) -> Reply:
        """Answer a message; a repeat of one gets the acknowledgement that it got."""
        feed = decode_patient_feed(body)
        trail = request.trail
        trail.about(**_facts(feed))
        trail.about_changes(*((_ACTIONS[feed.interaction], patient) for patient in _named(feed)))
        message = message_of(feed, body)
        if message is not None and (
            stored := self._replay.answer(message.message_id, message.digest, NUMBER)
        ):
            trail.answered(RegistryResponse())
            return Reply(body=(stored,), outcome="repeat")
        policy = self._policies.of(request.caller)
        findings = check_patient_feed(feed, policy)
        if has_error(findings):
            trail.answered(RegistryResponse.of(findings))
            return acknowledged(feed, findings)
        refused = list(self._act(feed, policy, trail))
        trail.answered(RegistryResponse.of(refused), is_written=not refused)
        reply = acknowledged(feed, [*findings, *refused])
        if message is not None and not refused:
            answer = self._replay.keep(message.message_id, message.digest, NUMBER, b"".join(reply.body))
            return Reply(body=(answer,), outcome=reply.outcome)
        return reply

    def _act(self, feed: PatientFeed, policy: RulePolicy, trail: Trail) -> Iterator[XdsError]:
        try:
            match feed.interaction:
                case Interaction.ADDED:
                    for record in records_of(feed, policy):
                        trail.about_changes(("C", record.patient_id))
                        self._store.admit(record, trail.events())
                case Interaction.REVISED:
                    for record in records_of(feed, policy):
                        trail.about_changes(("U", record.patient_id))
                        self._store.revise(record, trail.events())
                case Interaction.DUPLICATES_RESOLVED:  # .2.4: recorded, no object is rewritten
                    subsumed, survivor = merged_patients(feed, policy)
                    trail.about_changes(("D", str(subsumed)), ("U", str(survivor)))  # .5.1.2
                    self._store.merge(
                        str(subsumed), str(survivor), source=_source(feed), events=trail.events()
                    )
        except PatientError as error:
            found = _refusal(feed, error)
            # As A08 in ITI-8: of an id that is not in use a revision is passed over (3.8.4.1.4).
            yield found.as_warning() if feed.interaction is Interaction.REVISED else found


def _facts(feed: PatientFeed) -> dict[str, str]:
    """What its audit event says of the message (3.44.5.1)."""
    message = feed.message_id or InstanceIdentifier("")
    return {
        "message_id": f"{message.root} {message.extension}".strip(),
        "peer_name": feed.sender[0].root if feed.sender else "",
    }


def _named(feed: PatientFeed) -> list[str]:
    return [str(cx) for item in feed.patient_ids if (cx := item.as_patient_id()) is not None]


def acknowledged(feed: PatientFeed, findings: Iterable[XdsError]) -> Reply:
    """The acknowledgement of a message in which that was found."""
    acknowledgement = Acknowledgement.of(feed, tuple(findings))
    codes = sorted({finding.code for finding in acknowledgement.findings})
    return Reply(
        body=(encode_acknowledgement(acknowledgement, feed),),
        outcome=" ".join([acknowledgement.code.value, *codes]),
    )


def message_of(feed: PatientFeed, body: etree._Element) -> Message | None:
    """What makes a repeat recognizable: the message's own id, whatever envelope it comes in, and what it says."""
    if feed.message_id is None or not feed.message_id.root:
        return None
    digest = hashlib.sha256(etree.tostring(body, method="c14n", with_comments=False)).digest()
    return Message(f"{feed.message_id.root} {feed.message_id.extension}".strip(), digest)


def records_of(feed: PatientFeed, policy: RulePolicy) -> Iterator[PatientRecord]:
    """What a message tells of its patient: each id of the domain first, then whatever other ids a CX can say."""
    others = [*feed.patient_ids, *(item for other in feed.other_ids for item in other.ids)]
    identifiers = [str(cx) for item in others if (cx := item.as_patient_id()) is not None]
    for patient_id in fed_patients(feed, policy):
        yield PatientRecord(
            identifiers=tuple(dict.fromkeys((str(patient_id), *identifiers))),
            name=feed.names[0] if feed.names else NO_NAME,
            birth_date=birth_date(feed.birth_time) if feed.birth_time else None,
            sex=_SEXES.get(feed.gender.upper(), "U") if feed.gender else None,
        )


def _source(feed: PatientFeed) -> str:
    """Who said so, for the history of merges: sender and message."""
    sender = feed.sender[0].root if feed.sender else "nobody"
    message = feed.message_id or InstanceIdentifier("")
    told = f"{NUMBER} from {sender}, message {message.root} {message.extension}".strip()
    return "".join(character for character in told[:240] if character.isprintable())


def _refusal(feed: PatientFeed, error: PatientError) -> FeedError:
    """What the store refused, as an acknowledgementDetail; the id is not repeated."""
    is_subsumed = getattr(error, "role", "patient") == "subsumed"
    where = (
        "replacementOf/priorRegistration/subject1/priorRegisteredRole/id"
        if is_subsumed
        else "subject1/patient/id"
    )
    location = f"/{feed.interaction}/controlActProcess/subject/registrationEvent/{where}"
    what = str(error)
    if isinstance(error, UnknownPatient):
        which = "subsumed" if is_subsumed else "patient's"
        return UnknownKeyIdentifier(
            f"The {which} id is not known here. Send {Interaction.ADDED} for it first", location=location
        )
    if isinstance(error, MergedAway):
        return UnknownKeyIdentifier(
            f"{what[0].upper()}{what[1:]}. Send the id that it was merged into", location=location
        )
    return BusinessRuleViolation(f"{what[0].upper()}{what[1:]}", location=location)
