"""ITI-8 Patient Identity Feed: the Expected Actions of the Document Registry (ITI TF-2 3.8.4.1.4, 3.8.4.2.4)."""

from typing import Final

from xds.audit import SILENT, Trail
from xds.hl7v2 import ACCEPTED, DELETED, Domain, Message, Outcome, Segment, Value, identifier_text, refused
from xds.model import NO_NAME, PatientName, PatientRecord, is_dtm
from xds.store import MergedAway, PatientStore, SamePatient, UnknownPatient

ADMISSIONS: Final = ("A01", "A04", "A05")
REVISION: Final = "A08"
MERGE: Final = "A40"
EVENTS: Final = (*ADMISSIONS, REVISION, MERGE)
STRUCTURES: Final = dict.fromkeys((*ADMISSIONS, REVISION), "ADT_A01") | {MERGE: "ADT_A39"}
"""MSH-9.3 where it is sent (3.8.4.1.2.1, 3.8.4.2.2.1)."""
_REQUIRED: Final = {MERGE: ("PID", "MRG")}
_REQUIRED_STRICTLY: Final = {MERGE: ("EVN", "PID", "MRG")}
_SEGMENTS: Final = ("EVN", "PID", "PV1")


class PatientIdentityFeed:
    """The transaction.

    Parameters
    ----------
    is_strict
        Whether what the field gets wrong without harm is refused too: no EVN or PV1, another MSH-9.3.
    """

    def __init__(self, patients: PatientStore, domain: Domain, *, is_strict: bool) -> None:
        self._patients = patients
        self._domain = domain
        self._is_strict = is_strict

    def __call__(self, message: Message, trail: Trail = SILENT) -> Outcome:
        """Do what a message says; return what to answer."""
        event = message.event
        if self._is_strict and message.header.text(9, 3) not in ("", STRUCTURES[event]):
            return refused(200, "MSH^1^9^1^3", f"MSH-9.3 of {event} is {STRUCTURES[event]}", is_rejected=True)
        required = (
            _REQUIRED_STRICTLY.get(event, _SEGMENTS) if self._is_strict else _REQUIRED.get(event, ("PID",))
        )
        for name in required:
            if not message.all(name):
                return refused(100, name, f"the segment {name} is missing; {event} has {', '.join(required)}")
        for name in ("PID", "MRG"):
            if len(message.all(name)) > 1:
                return refused(
                    100, f"{name}^2", f"one message is about one patient; {name} stands there twice"
                )
        pid = message.all("PID")[0]
        if event == MERGE:
            return self._merge(message, pid, trail)
        return self._admit(event, pid, trail)

    def _admit(self, event: str, pid: Segment, trail: Trail) -> Outcome:
        """A01, A04 and A05 make an id known. A08 tells more of a known one and is ignored otherwise (3.8.4.1.4)."""
        identifiers = pid.values(3)
        patient_ids = self._domain.ids_of(identifiers)
        if not patient_ids:
            return self._no_id("PID^1^3", identifiers)
        outcomes = []
        for patient_id in patient_ids:
            trail.about_changes(("U" if event == REVISION else "C", str(patient_id)))
            outcomes.append(self._admit_one(event, record_of(pid, str(patient_id)), trail))
        return next((outcome for outcome in outcomes if outcome is not ACCEPTED), ACCEPTED)

    def _admit_one(self, event: str, record: PatientRecord | Outcome, trail: Trail) -> Outcome:
        if isinstance(record, Outcome):
            return record
        try:
            if event == REVISION:
                self._patients.revise(record, trail.events())
            else:
                self._patients.admit(record, trail.events())
        except (UnknownPatient, MergedAway) as error:
            if event == REVISION:
                return ACCEPTED
            return refused(204, "PID^1^3", str(error))
        trail.written()
        return ACCEPTED

    def _merge(self, message: Message, pid: Segment, trail: Trail) -> Outcome:
        """A40: MRG-1 is subsumed by PID-3; where one of the conditions of 3.8.4.2.4 holds nothing is changed."""
        subsumed, survivor = message.all("MRG")[0].values(1), pid.values(3)
        subsumed_id, survivor_id = self._domain.pair_of(subsumed, survivor)
        if subsumed_id is None:
            return self._no_id("MRG^1^1", subsumed)
        if survivor_id is None:
            return self._no_id("PID^1^3", survivor)
        trail.about_changes(("D", str(subsumed_id)), ("U", str(survivor_id)))
        try:
            self._patients.merge(
                str(subsumed_id),
                str(survivor_id),
                source=source_of(message, "ITI-8"),
                events=trail.events(),
            )
        except SamePatient as error:
            return refused(204, "MRG^1^1", str(error))
        except (UnknownPatient, MergedAway) as error:
            return refused(204, "MRG^1^1" if error.role == "subsumed" else "PID^1^3", str(error))
        trail.written()
        return ACCEPTED

    def _no_id(self, location: str, sent: list[Value]) -> Outcome:
        field = location.replace("^1^", "-")
        if not sent:
            return refused(101, location, f"{field} is empty; it needs {self._domain.expected()}")
        return refused(204, location, f"{field} has no usable id; it needs {self._domain.expected()}")


def record_of(pid: Segment, patient_id: str) -> PatientRecord | Outcome:
    """What a PID tells of a patient; a refusal where a birth date is none."""
    others = [text for value in pid.values(3) if (text := identifier_text(value)) is not None]
    birth_date = _told(pid, 7)
    if birth_date:
        birth_date = birth_date.partition("+")[0].partition("-")[0].partition(".")[0]
        if not is_dtm(birth_date):
            return refused(102, "PID^1^7", "PID-7 must be YYYY[MM[DD[hhmm]]]")
    return PatientRecord(
        identifiers=tuple(dict.fromkeys([patient_id, *others])),
        name=_name(pid),
        birth_date=birth_date,
        sex=_told(pid, 8),
    )


def source_of(message: Message, transaction: str) -> str:
    """Who said so, for the history of merges: facility and application of the sender, and its message."""
    header = message.header
    parts = [header.text(4), header.text(3), header.text(10)]
    facility, application, control_id = ("".join(c for c in part if c.isprintable())[:80] for part in parts)
    return f"{transaction} from {facility}|{application}, message {control_id}"


def _told(pid: Segment, number: int) -> str | None:
    if pid.raw(number).strip() == DELETED:
        return ""
    return pid.text(number) or None


def _name(pid: Segment) -> PatientName:
    """PID-5: the legal name, else the first (HL7 table 0200)."""
    if pid.raw(5).strip() == DELETED:
        return PatientName(family="")
    names = pid.values(5)
    if not names:
        return NO_NAME
    name = next((item for item in names if item.component(7).text == "L"), names[0])
    further = name.component(3).text.split()
    return PatientName(
        family=name.component(1).text or None,
        given=tuple(part for part in (name.component(2).text, *further) if part),
        prefix=name.component(5).text or None,
        suffix=name.component(4).text or None,
    )
