"""The seed as submissions: complete metadata and the documents, ready to be published by ITI-41."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from xds.codes.profile import AMBULATORY, HOSPITAL, RADIOLOGY, REPORTS, STUDY
from xds.content import PDF_FORMAT, Report, build_report, build_report_pdf, pid_5, xcn, xon
from xds.model import (
    Association,
    AssociationType,
    Author,
    DocumentEntry,
    Folder,
    InternationalString,
    LocalizedString,
    ReferenceIdType,
    Submission,
    SubmissionSet,
    SubmissionSetStatus,
)
from xds.sandbox.codes import CDA_FORMAT, EPISODE
from xds.sandbox.ids import association_uuid, object_uuid
from xds.sandbox.organizations import Site
from xds.sandbox.patients import patient_id
from xds.sandbox.plan import PDF, PLANS, DocumentPlan, SubmissionPlan
from xds.sandbox.reports import build, event_codes_of


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedSubmission:
    """One ITI-41 submission of the seed."""

    submission: Submission
    documents: Mapping[str, bytes]
    """entryUUID of the DocumentEntry → its document."""

    @property
    def unique_id(self) -> str:
        """SubmissionSet.uniqueId."""
        return self.submission.submission_set.unique_id or ""


def seed_submissions() -> Iterator[SeedSubmission]:
    """Yield the seed in the order of publishing; built one at a time, the same on every run."""
    for plan in PLANS:
        yield build_submission(plan)


def build_submission(plan: SubmissionPlan) -> SeedSubmission:
    """Build one planned submission: metadata, associations with fixed ids, documents."""
    entries, documents = [], {}
    for document in plan.documents:
        report = build(document)
        octets = build_report_pdf(report) if document.mime_type == PDF else build_report(report)
        entry = _entry(document, report, octets)
        entries.append(entry)
        documents[entry.entry_uuid] = octets
    submission_set = _submission_set(plan)
    folders = (_folder(plan, plan.folder_title),) if plan.folder_title else ()
    submission = Submission(
        submission_sets=(submission_set,),
        document_entries=tuple(entries),
        folders=folders,
        associations=tuple(_associations(plan, submission_set, entries, folders)),
    )
    return SeedSubmission(submission=submission, documents=documents)


def _text(value: str, language: str) -> InternationalString:
    return (LocalizedString(value=value, lang=language),)


def _entry(plan: DocumentPlan, report: Report, octets: bytes) -> DocumentEntry:
    exam = plan.exam
    person = _person(report)
    return DocumentEntry(
        entry_uuid=object_uuid(plan.unique_id),
        mime_type=plan.mime_type,
        title=_text(report.title, report.language_code),
        authors=(_author(report, person, exam.site),),
        class_code=REPORTS,
        type_code=report.type_code,
        format_code=PDF_FORMAT if plan.mime_type == PDF else CDA_FORMAT,
        healthcare_facility_type_code=AMBULATORY if exam.site.is_clinic else HOSPITAL,
        practice_setting_code=RADIOLOGY,
        confidentiality_codes=(exam.confidentiality,),
        event_codes=event_codes_of(exam),
        patient_id=patient_id(exam.patient),
        unique_id=plan.unique_id,
        creation_time=report.creation_time,
        service_start_time=report.service_start_time,
        service_stop_time=report.service_stop_time,
        hash=hashlib.sha1(octets, usedforsecurity=False).hexdigest(),
        size=str(len(octets)),
        language_code=report.language_code,
        legal_authenticator=person if report.is_signed else None,
        source_patient_id=str(report.patient.ids[0]),
        source_patient_info=_patient_info(report),
        reference_ids=(
            f"{report.accession}^{ReferenceIdType.ACCESSION}",
            f"{report.study_instance_uid}^^^^{ReferenceIdType.STUDY_INSTANCE_UID}",
        ),
    )


def _person(report: Report) -> str:
    author = report.author
    return xcn(
        family=author.family,
        given=author.given,
        prefix=author.prefix,
        id_number=author.licence.extension or "",
        authority=author.licence.root,
    )


def _author(report: Report, person: str, site: Site) -> Author:
    return Author(
        person=person,
        institutions=(xon(report.institution.name, root=report.institution.oid),),
        roles=("Radiologist",),
        specialties=("Diagnostic Radiology",),
        telecommunications=(f"^^Internet^reading.room@{site.short.lower()}.example",),
    )


def _patient_info(report: Report) -> tuple[str, ...]:
    patient = report.patient
    return (
        *(f"PID-3|{identifier}" for identifier in patient.ids),
        pid_5(patient.family, patient.given),
        f"PID-7|{patient.birth_date}",
        f"PID-8|{patient.sex}",
    )


def _submission_set(plan: SubmissionPlan) -> SubmissionSet:
    site, count = plan.site, len(plan.documents)
    day = f"{plan.submitted[:4]}-{plan.submitted[4:6]}-{plan.submitted[6:8]}"
    if site.language == "fr-CA":
        title = (
            f"{count} comptes rendus d’imagerie, {day}" if count > 1 else f"Compte rendu d’imagerie, {day}"
        )
    else:
        title = f"{count} imaging reports, {day}" if count > 1 else f"Imaging report, {day}"
    publisher = site.di_repository
    return SubmissionSet(
        entry_uuid=object_uuid(plan.unique_id),
        title=_text(title, site.language),
        authors=(Author(institutions=(xon(publisher.name, root=publisher.source_id),)),),
        content_type_code=STUDY,
        patient_id=patient_id(plan.patient),
        source_id=publisher.source_id,
        unique_id=plan.unique_id,
        submission_time=plan.submitted,
    )


def _folder(plan: SubmissionPlan, title: str) -> Folder:
    return Folder(
        entry_uuid=object_uuid(plan.folder_unique_id),
        title=_text(title, plan.site.language),
        codes=(EPISODE,),
        patient_id=patient_id(plan.patient),
        unique_id=plan.folder_unique_id,
    )


def _associations(
    plan: SubmissionPlan,
    submission_set: SubmissionSet,
    entries: list[DocumentEntry],
    folders: tuple[Folder, ...],
) -> Iterator[Association]:
    """HasMember and relationships (ITI TF-3 4.2.2)."""
    original = SubmissionSetStatus.ORIGINAL
    for entry in entries:
        yield _link(submission_set.entry_uuid, entry.entry_uuid, status=original)
    for document in plan.documents:
        if document.relation is not None:
            source, target = object_uuid(document.unique_id), object_uuid(document.target_unique_id)
            yield _link(source, target, document.relation)
    for folder in folders:
        yield _link(submission_set.entry_uuid, folder.entry_uuid)
        for entry in entries:
            membership = _link(folder.entry_uuid, entry.entry_uuid)
            yield membership
            yield _link(submission_set.entry_uuid, membership.entry_uuid)  # 4.2.2.1.3


def _link(
    source: str,
    target: str,
    kind: AssociationType = AssociationType.HAS_MEMBER,
    status: SubmissionSetStatus | None = None,
) -> Association:
    return Association(
        entry_uuid=association_uuid(source, kind, target),
        association_type=kind,
        source=source,
        target=target,
        submission_set_status=status,
    )
