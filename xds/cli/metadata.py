"""From files and what they say of themselves to a submission (ITI TF-3 4.2.3, our profile of it)."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Final

from xds.codes.profile import HOSPITAL, IMAGES, NORMAL, RADIOLOGY, REPORTS, STUDY
from xds.content import (
    APPLICATION_DICOM,
    FORMAT_SCHEME,
    KEY_OBJECT_SELECTION,
    ConceptMap,
    DocumentFacts,
    UnreadableDocument,
    manifest_facts,
    read_cda,
    read_manifest,
    read_pdf,
    sniff,
)
from xds.model import (
    Association,
    AssociationType,
    Author,
    Code,
    DocumentEntry,
    LocalizedString,
    Submission,
    SubmissionSet,
    SubmissionSetStatus,
    new_oid,
    new_uuid_urn,
)

_FACTS_BYTES: Final = 64 * 1024 * 1024
"""A larger file is published unread: what it says of itself would have to be held in memory."""
_PIECE: Final = 262_144
_ANY_FORMAT: Final = Code(
    code="urn:ihe:iti:xds:2017:mimeTypeSufficient",
    scheme=FORMAT_SCHEME,
    display=(LocalizedString(value="mimeType Sufficient"),),
)
"""For a document whose media type tells enough (IHE Format Codes)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the caller says of the documents; it counts more than what they say themselves."""

    patient_id: str
    source_id: str
    title: str | None = None
    language: str | None = None
    mime_type: str | None = None
    class_code: Code | None = None
    type_code: Code | None = None
    format_code: Code | None = None
    confidentiality_codes: tuple[Code, ...] = ()
    event_codes: tuple[Code, ...] = ()
    facility_code: Code | None = None
    practice_code: Code | None = None
    author: str | None = None  # XCN
    source_patient_id: str | None = None
    unique_id: str | None = None
    concept_map: ConceptMap | None = None  # for the procedure codes of manifests
    zone: tzinfo = UTC  # of DICOM times that tell none


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """A file with its metadata."""

    path: Path
    entry: DocumentEntry
    problems: tuple[str, ...]  # what in the document could not be read


def describe(path: Path, wishes: Wishes) -> Described:
    """Make the DocumentEntry of a file: from the caller's wishes, the document itself, then the profile.

    Raises
    ------
    OSError
        The file cannot be read.
    UnreadableDocument
        It looks like a CDA, a PDF or a DICOM object and is broken, or is an image.
    """
    facts = _facts(path, wishes)
    sha1, size = _measure(path)
    modified = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    source_id = str(facts.patient_ids[0]) if facts.patient_ids else wishes.patient_id
    entry = DocumentEntry(
        entry_uuid=new_uuid_urn(),
        mime_type=wishes.mime_type or facts.mime_type,
        title=(LocalizedString(value=wishes.title or facts.title or path.stem),),
        authors=(Author(person=wishes.author),) if wishes.author else facts.authors,
        class_code=wishes.class_code or (IMAGES if facts.mime_type == APPLICATION_DICOM else REPORTS),
        type_code=wishes.type_code or facts.type_code or STUDY,
        format_code=wishes.format_code or facts.format_code or _ANY_FORMAT,
        healthcare_facility_type_code=wishes.facility_code or HOSPITAL,
        practice_setting_code=wishes.practice_code or RADIOLOGY,
        confidentiality_codes=wishes.confidentiality_codes or (facts.confidentiality_code or NORMAL,),
        event_codes=wishes.event_codes or facts.event_codes,
        patient_id=wishes.patient_id,
        unique_id=wishes.unique_id or facts.unique_id or new_oid(),
        creation_time=facts.creation_time or f"{modified:%Y%m%d%H%M%S}",
        service_start_time=facts.service_start_time,
        service_stop_time=facts.service_stop_time,
        hash=sha1,
        size=str(size),
        language_code=wishes.language or facts.language_code or "en-CA",
        legal_authenticator=facts.legal_authenticator,
        source_patient_id=wishes.source_patient_id or source_id,
        source_patient_info=facts.source_patient_info,
        reference_ids=facts.reference_ids,
    )
    return Described(path=path, entry=entry, problems=facts.problems)


def linked(described: Sequence[Described]) -> list[Described]:
    """Link the reports and the one manifest that are published together: by referenceIdList, and by one typeCode.

    A PDF says nothing of its exam: it gets what the manifest says. A manifest whose procedure nobody mapped gets the
    typeCode of the report.
    """
    manifests = [item.entry for item in described if item.entry.mime_type == APPLICATION_DICOM]
    if len(manifests) != 1:
        return list(described)
    manifest = manifests[0]
    types = {item.entry.type_code for item in described if item.entry.type_code not in (None, STUDY)}
    type_code = next(iter(types)) if len(types) == 1 else None
    return [replace(item, entry=_linked(item.entry, manifest, type_code)) for item in described]


def _linked(entry: DocumentEntry, manifest: DocumentEntry, type_code: Code | None) -> DocumentEntry:
    return replace(
        entry,
        type_code=type_code if type_code and entry.type_code == STUDY else entry.type_code,
        reference_ids=entry.reference_ids or manifest.reference_ids,
        event_codes=entry.event_codes or manifest.event_codes,
        service_start_time=entry.service_start_time or manifest.service_start_time,
    )


def submission_of(
    entries: Sequence[DocumentEntry], wishes: Wishes, replaced: Iterable[str] = ()
) -> Submission:
    """Put entries into one submission; `replaced` names the entryUUIDs that they replace, in their order."""
    first = entries[0]
    submission_set = SubmissionSet(
        entry_uuid=new_uuid_urn(),
        authors=first.authors,
        content_type_code=first.type_code,
        patient_id=wishes.patient_id,
        source_id=wishes.source_id,
        unique_id=new_oid(),
        submission_time=f"{datetime.now(UTC):%Y%m%d%H%M%S}",
    )
    members = [
        Association(
            entry_uuid=new_uuid_urn(),
            association_type=AssociationType.HAS_MEMBER,
            source=submission_set.entry_uuid,
            target=entry.entry_uuid,
            submission_set_status=SubmissionSetStatus.ORIGINAL,
        )
        for entry in entries
    ]
    replacements = [
        Association(
            entry_uuid=new_uuid_urn(),
            association_type=AssociationType.RPLC,
            source=entry.entry_uuid,
            target=target,
        )
        for entry, target in zip(entries, replaced, strict=False)
    ]
    return Submission(
        submission_sets=(submission_set,),
        document_entries=tuple(entries),
        associations=(*members, *replacements),
    )


def _facts(path: Path, wishes: Wishes) -> DocumentFacts:
    with path.open("rb") as stream:
        head = stream.read(_PIECE)
        mime_type = sniff(head)
        readable = mime_type in ("text/xml", "application/pdf", APPLICATION_DICOM)
        if not readable or path.stat().st_size > _FACTS_BYTES:
            return DocumentFacts(mime_type=mime_type)
        octets = head + stream.read()
    try:
        if mime_type == APPLICATION_DICOM:
            return _manifest(octets, wishes)
        return read_cda(octets) if mime_type == "text/xml" else read_pdf(octets)
    except UnreadableDocument as error:
        raise UnreadableDocument(f"{path}: {error}") from None


def _manifest(octets: bytes, wishes: Wishes) -> DocumentFacts:
    """What a manifest says; an image is not published: it stays in its archive, and a manifest leads to it."""
    manifest = read_manifest(octets, zone=wishes.zone)
    if manifest.sop_class_uid != KEY_OBJECT_SELECTION:
        if wishes.format_code is None:
            raise UnreadableDocument(
                "it is an image or another DICOM object, not a manifest; `xds kos build` makes the manifest of its"
                " study. To publish it as it is, say --format-code"
            )
        return DocumentFacts(mime_type=APPLICATION_DICOM, unique_id=manifest.sop_instance_uid or None)
    return manifest_facts(manifest, wishes.concept_map)


def _measure(path: Path) -> tuple[str, int]:
    """SHA-1 and octets: the repository compares them with what arrives."""
    digest, size = hashlib.sha1(usedforsecurity=False), 0
    with path.open("rb") as stream:
        while piece := stream.read(_PIECE):
            digest.update(piece)
            size += len(piece)
    return digest.hexdigest(), size
