"""A report → its document and its submission. The same message always gives the same ids (ITI TF-3 4.2.3)."""

import hashlib
import uuid
from dataclasses import dataclass
from typing import Final

from xds.codes import profile
from xds.content import (
    PDF_FORMAT,
    TEXT_FORMAT,
    InstanceId,
    Related,
    TextReport,
    build_text_report,
    xcn,
    xon,
)
from xds.model import (
    Association,
    AssociationType,
    Author,
    DocumentEntry,
    LocalizedString,
    Submission,
    SubmissionSet,
    SubmissionSetStatus,
)
from xds.source.life_cycle import Action, Stage
from xds.source.oru import ExamReport

_NAMESPACE: Final = uuid.UUID("8f6f0a34-6f0d-5d0e-9a51-3f6f4f0f7c21")
_RELATIONS: Final = {Action.REPLACE: AssociationType.RPLC, Action.APPEND: AssociationType.APND}
_ENDINGS: Final = {
    Stage.PRELIMINARY: {"en": " (preliminary)", "fr": " (préliminaire)"},
    Stage.CORRECTED: {"en": " (corrected)", "fr": " (corrigé)"},
    Stage.ADDENDUM: {"en": " (addendum)", "fr": " (addenda)"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ids:
    """The ids of what a message becomes."""

    key: str  # of the message

    def _uuid(self, what: str) -> uuid.UUID:
        return uuid.uuid5(_NAMESPACE, f"{self.key} {what}")

    def urn(self, what: str) -> str:
        """``urn:uuid:…``."""
        return f"urn:uuid:{self._uuid(what)}"

    @property
    def document(self) -> str:
        """DocumentEntry.uniqueId."""
        return f"2.25.{self._uuid('document').int}"

    @property
    def submission_set(self) -> str:
        """SubmissionSet.uniqueId."""
        return f"2.25.{self._uuid('submission set').int}"

    def message_id(self, attempt: int) -> str:
        """wsa:MessageID, another for each attempt: a signed message is done once."""
        return self.urn(f"message {attempt}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The earlier document."""

    unique_id: str
    entry_uuid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What is sent by ITI-41."""

    submission: Submission
    document: bytes

    @property
    def entry(self) -> DocumentEntry:
        """Its one entry."""
        return self.submission.document_entries[0]


def make_submission(
    report: ExamReport, key: str, received: str, action: Action, target: Target | None, source_id: str
) -> Made:
    """Make the submission of a report.

    Parameters
    ----------
    key
        Of the message: the ids come from it.
    received
        When the message was taken in; DTM, UTC.
    """
    ids = Ids(key=key)
    relation = None if target is None else _RELATIONS[action]
    created = report.exam.written or received
    document = (
        report.body.pdf
        if report.body.pdf is not None
        else build_text_report(_text_report(report, ids, created, relation, target))
    )
    entry = _entry(report, ids, created, document)
    the_set = SubmissionSet(
        entry_uuid=ids.urn("submission set entry"),
        authors=(Author(institutions=_institutions(report)),),
        content_type_code=report.type_code,
        patient_id=entry.patient_id,
        source_id=source_id,
        unique_id=ids.submission_set,
        submission_time=received,
    )
    member = Association(
        entry_uuid=ids.urn("member"),
        association_type=AssociationType.HAS_MEMBER.value,
        source=the_set.entry_uuid,
        target=entry.entry_uuid,
        submission_set_status=SubmissionSetStatus.ORIGINAL.value,
    )
    links = () if relation is None or target is None else (_link(ids, entry, relation, target),)
    return Made(
        submission=Submission(
            submission_sets=(the_set,), document_entries=(entry,), associations=(member, *links)
        ),
        document=document,
    )


def _link(ids: Ids, entry: DocumentEntry, relation: AssociationType, target: Target) -> Association:
    return Association(
        entry_uuid=ids.urn("relation"),
        association_type=relation.value,
        source=entry.entry_uuid,
        target=target.entry_uuid,
    )


def _entry(report: ExamReport, ids: Ids, created: str, document: bytes) -> DocumentEntry:
    person = _person(report)
    exam, patient, is_pdf = report.exam, report.patient, report.body.pdf is not None
    author = Author(
        person=person, institutions=_institutions(report), roles=("Radiologist",) if person else ()
    )
    return DocumentEntry(
        entry_uuid=ids.urn("entry"),
        mime_type="application/pdf" if is_pdf else "text/xml",
        title=(LocalizedString(value=_title(report), lang=report.language),),
        authors=(author,),
        class_code=profile.REPORTS,
        type_code=report.type_code,
        format_code=PDF_FORMAT if is_pdf else TEXT_FORMAT,
        healthcare_facility_type_code=profile.AMBULATORY if report.is_clinic else profile.HOSPITAL,
        practice_setting_code=profile.RADIOLOGY,
        confidentiality_codes=(exam.confidentiality,),
        event_codes=report.event_codes,
        patient_id=str(patient.patient_id),
        unique_id=ids.document,
        creation_time=created,
        service_start_time=exam.start,
        service_stop_time=exam.stop,
        hash=hashlib.sha1(document, usedforsecurity=False).hexdigest(),
        size=str(len(document)),
        language_code=report.language,
        legal_authenticator=person if _is_signed(report) else None,
        source_patient_id=str(patient.source_id),
        source_patient_info=patient.info,
        reference_ids=exam.reference_ids,
    )


def _text_report(
    report: ExamReport, ids: Ids, created: str, relation: AssociationType | None, target: Target | None
) -> TextReport:
    exam = report.exam
    return TextReport(
        id=InstanceId(root=ids.document),
        title=_title(report),
        language_code=report.language,
        creation_time=created,
        type_code=report.type_code,
        confidentiality_code=exam.confidentiality,
        patient=report.patient.patient,
        author=exam.author,
        institution=report.institution,
        text=report.body.text,
        event_codes=report.event_codes,
        service_start_time=exam.start,
        service_stop_time=exam.stop,
        accession=exam.accession,
        study_instance_uid=exam.study_instance_uid,
        is_signed=_is_signed(report),
        related=None
        if relation is None or target is None
        else Related(relation=relation.name, document=InstanceId(root=target.unique_id)),
    )


def _is_signed(report: ExamReport) -> bool:
    return report.stage is not Stage.PRELIMINARY


def _title(report: ExamReport) -> str:
    endings = _ENDINGS.get(report.stage, {})
    return report.title + endings.get(report.language[:2].lower(), endings.get("en", ""))


def _person(report: ExamReport) -> str | None:
    author = report.exam.author
    if author is None:
        return None
    licence = author.licence
    return xcn(
        family=author.family,
        given=author.given,
        prefix=author.prefix,
        id_number="" if licence is None else licence.extension or "",
        authority="" if licence is None else licence.root,
    )


def _institutions(report: ExamReport) -> tuple[str, ...]:
    return (xon(report.institution.name, root=report.institution.oid),)
