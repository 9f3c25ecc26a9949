"""ORU^R01 of HL7 v2.3 to v2.5 → a report to be published, and everything that is wrong with the message (pure)."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from xds.codes import profile
from xds.content import Institution
from xds.hl7v2 import Message, Segment
from xds.model import Code, MappedProcedure
from xds.source.fields import said
from xds.source.findings import Finding
from xds.source.life_cycle import Stage
from xds.source.oru_exam import ExamReader, ExamSaid
from xds.source.oru_patient import PatientSaid, read_patient
from xds.source.oru_text import BodySaid, read_body
from xds.source.settings import FeedSettings, Sender

Mapping = Callable[[Code], MappedProcedure | None]
"""The domain's concept map."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamReport:
    """What a message is about, in the forms of the metadata."""

    exam_key: str  # messages with the same key are handled in their order
    stage: Stage
    patient: PatientSaid
    exam: ExamSaid
    body: BodySaid
    institution: Institution
    is_clinic: bool
    language: str
    title: str
    type_code: Code
    event_codes: tuple[Code, ...]
    unmapped: Code | None  # the procedure's code, where the concept map does not have it


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What became of a message: a report unless there is an error among the findings."""

    report: ExamReport | None
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        """What keeps it from being published."""
        return tuple(item for item in self.findings if item.is_error)


def message_key(message: Message) -> str:
    """What identifies a message: its content and control id, without MSH-7, which a repeat may change."""
    digest = hashlib.sha256()
    header = message.header
    for text in (header.raw(3), header.raw(4), header.raw(10)):
        digest.update(text.encode() + b"\0")
    for segment in message.segments[1:]:
        digest.update("\0".join((segment.name, *segment.fields)).encode() + b"\1")
    return digest.hexdigest()


def sender_of(message: Message, settings: FeedSettings) -> Sender | None:
    """The settings of who sent a message, by the components of MSH-3 and MSH-4."""
    names = {
        part
        for number in (3, 4)
        for value in message.header.values(number)
        for item in value.components
        for part in item.subcomponents
        if part
    }
    return settings.sender_of(names)


def read_report(message: Message, settings: FeedSettings, mapping: Mapping | None = None) -> Reading:
    """Read a message; every finding at once."""
    findings: list[Finding] = []
    sender = sender_of(message, settings)
    patients, orders, results = message.all("PID"), message.all("OBR"), message.all("OBX")
    if sender is None:
        findings.append(
            _error("MSH-4", "the sender is not known here", "name it under [[senders]] of the settings", 103)
        )
    if len(patients) != 1:
        findings.append(_error("PID", f"{len(patients)} PID are there", "send one patient in a message", 100))
    if not orders:
        findings.append(_error("OBR", "no OBR is there", "send the order of the exam", 100))
    if sender is None or len(patients) != 1 or not orders:
        return Reading(report=None, findings=tuple(findings))
    patient = read_patient(patients[0], settings.patient_authority, settings.authorities, findings)
    body = read_body(results, findings)
    reader = ExamReader(sender, settings.authorities, settings.code_systems, findings)
    exam = reader.read(message, orders, results, body.study_instance_uid)
    stage = _stage(exam, body, settings, findings)
    key = _exam_key(exam, sender, orders[0], findings)
    if patient is None or stage is None or not key or any(item.is_error for item in findings):
        return Reading(report=None, findings=tuple(findings))
    return Reading(report=_report(key, stage, patient, exam, body, sender, mapping), findings=tuple(findings))


def _error(place: str, what: str, remedy: str, code: int) -> Finding:
    return Finding(place=place, what=what, remedy=remedy, is_error=True, code=code)


def _stage(exam: ExamSaid, body: BodySaid, settings: FeedSettings, findings: list[Finding]) -> Stage | None:
    status = exam.status or body.status
    word = settings.stages.get(status)
    if word is None:
        known = ", ".join(sorted(settings.stages))
        what = "the status of the report is not known" if status else "the report has no status"
        findings.append(_error("OBR-25", what, f"send one of {known}", 103))
        return None
    stage = Stage(word)
    is_empty = not body.text and body.pdf is None
    if stage in (Stage.WITHDRAWN, Stage.CANCELLED):
        return stage
    if is_empty and not any(item.is_error for item in findings):
        findings.append(
            _error("OBX-5", "there is no report in the message", "send its text (TX, FT) or a PDF (ED)", 101)
        )
    return Stage.ADDENDUM if body.is_addendum and body.pdf is None else stage


def _exam_key(exam: ExamSaid, sender: Sender, order: Segment, findings: list[Finding]) -> str:
    """Accession number, else order, else study, within the institution.

    Not within the patient: a report that comes again for another patient must meet the first one, and be refused.
    """
    identity = next(iter(exam.reference_ids), "") or said(order, 3)
    if not identity:
        findings.append(
            _error("OBR-3", "nothing identifies the exam", "send its accession or order number", 101)
        )
        return ""
    return f"{sender.institution_oid} {identity}"


def _report(
    key: str,
    stage: Stage,
    patient: PatientSaid,
    exam: ExamSaid,
    body: BodySaid,
    sender: Sender,
    mapping: Mapping | None,
) -> ExamReport:
    local = exam.procedure
    mapped = mapping(local) if mapping is not None and local is not None else None
    if mapped is None and local is not None and local.scheme == profile.LOINC:
        mapped = MappedProcedure(type_code=local)
    modality = exam.modality or (mapped.modality if mapped else None)
    region = mapped.region if mapped else None
    # Nobody mapped it: the hospital's own code says more than none.
    own = (local,) if mapped is None and local is not None else ()
    return ExamReport(
        exam_key=key,
        stage=stage,
        patient=patient,
        exam=exam,
        body=body,
        institution=Institution(oid=sender.institution_oid, name=sender.institution_name),
        is_clinic=sender.is_clinic,
        language=sender.language,
        title=exam.display or (mapped.display if mapped else "") or "Imaging report",
        type_code=mapped.type_code if mapped else profile.STUDY,
        event_codes=tuple(_present(modality, region)) + own,
        unmapped=local if mapped is None else None,
    )


def _present(*codes: Code | None) -> Sequence[Code]:
    return [item for item in codes if item is not None]
