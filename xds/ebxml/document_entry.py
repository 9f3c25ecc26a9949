"""DocumentEntry ⇄ rim:ExtrinsicObject (ITI TF-3 4.2.3.2)."""

from typing import Final

from lxml import etree

from xds.ebxml import text
from xds.ebxml.fragments import (
    ChildIds,
    Findings,
    encode_author,
    encode_classification,
    encode_code,
    encode_extra_identifiers,
    encode_identifier,
    encode_slot,
    encode_slots,
    encode_strings,
)
from xds.ebxml.shape import Shape, decode_object, encode_node
from xds.ebxml.stored import unframed
from xds.ebxml.text import escape
from xds.model import (
    REFERENCE_ID_LIST,
    ClassificationScheme,
    DocumentEntry,
    IdentificationScheme,
)

SHAPE: Final = Shape(
    node=None,
    limited_metadata="urn:uuid:ab9b591b-83ab-4d03-8f5d-f93b1fb92e85",  # 4.2.3.2.29
    single_slots={
        "creationTime": "creation_time",
        "hash": "hash",
        "languageCode": "language_code",
        "legalAuthenticator": "legal_authenticator",
        "repositoryUniqueId": "repository_unique_id",
        "serviceStartTime": "service_start_time",
        "serviceStopTime": "service_stop_time",
        "size": "size",
        "sourcePatientId": "source_patient_id",
        "URI": "uri",
        "documentAvailability": "document_availability",
    },
    list_slots={"sourcePatientInfo": "source_patient_info", REFERENCE_ID_LIST: "reference_ids"},
    single_codes={
        ClassificationScheme.CLASS_CODE.value: "class_code",
        ClassificationScheme.FORMAT_CODE.value: "format_code",
        ClassificationScheme.HEALTHCARE_FACILITY_TYPE_CODE.value: "healthcare_facility_type_code",
        ClassificationScheme.PRACTICE_SETTING_CODE.value: "practice_setting_code",
        ClassificationScheme.TYPE_CODE.value: "type_code",
    },
    list_codes={
        ClassificationScheme.CONFIDENTIALITY_CODE.value: "confidentiality_codes",
        ClassificationScheme.EVENT_CODE_LIST.value: "event_codes",
    },
    author_scheme=ClassificationScheme.ENTRY_AUTHOR.value,
    identifiers={
        IdentificationScheme.ENTRY_UNIQUE_ID.value: ("unique_id", "XDSDocumentEntry.uniqueId"),
        IdentificationScheme.ENTRY_PATIENT_ID.value: ("patient_id", "XDSDocumentEntry.patientId"),
    },
)


def encode_document_entry(entry: DocumentEntry, *, stored: bool = False) -> str:
    """Encode an entry as rim:ExtrinsicObject.

    Parameters
    ----------
    stored
        As `xds.ebxml.stored.filler` takes it: with sentinels where the registry's own values change later, and
        without the frame that they stand in.
    """
    ids = ChildIds(entry.entry_uuid)
    lid = "" if entry.logical_id is None else f' lid="{escape(entry.logical_id)}"'
    home = text.HOME if stored else text.home_attribute(entry.home_community_id)
    status = text.STATUS if stored else entry.availability_status.value
    parts = [
        f'<rim:ExtrinsicObject status="{status}"{home} id="{ids.owner}"{lid} mimeType="{escape(entry.mime_type)}"'
        f' objectType="{escape(entry.object_type)}">'
    ]
    for name, field in SHAPE.single_slots.items():
        value: str | None = getattr(entry, field)
        if value is not None:
            parts.append(encode_slot(name, (value,)))
    for name, field in SHAPE.list_slots.items():
        if values := getattr(entry, field):
            parts.append(encode_slot(name, values))
    parts += (
        encode_slots(entry.extra_slots),
        encode_strings("Name", entry.title),
        encode_strings("Description", entry.comments),
    )
    if entry.logical_id is not None:
        parts.append(f'<rim:VersionInfo versionName="{entry.version}"/>')
    parts += _encode_classifications(entry, ids)
    parts += _encode_identifiers(entry, ids, stored=stored)
    parts.append("</rim:ExtrinsicObject>")
    return unframed("".join(parts)) if stored else "".join(parts)


def _encode_classifications(entry: DocumentEntry, ids: ChildIds) -> list[str]:
    parts = [encode_author(ClassificationScheme.ENTRY_AUTHOR.value, author, ids) for author in entry.authors]
    for scheme, field in SHAPE.single_codes.items():
        if (code := getattr(entry, field)) is not None:
            parts.append(encode_code(scheme, code, ids))
    for scheme, field in SHAPE.list_codes.items():
        parts += [encode_code(scheme, code, ids) for code in getattr(entry, field)]
    parts.append(encode_node(SHAPE, entry.limited_metadata, ids))
    parts += [encode_classification(item, ids) for item in entry.extra_classifications]
    return parts


def _encode_identifiers(entry: DocumentEntry, ids: ChildIds, *, stored: bool) -> list[str]:
    """The patientId comes last: it can change, and belongs to the frame of a stored entry."""
    parts = []
    for scheme, (field, name) in SHAPE.identifiers.items():
        if field == "patient_id":
            parts.append(encode_extra_identifiers(entry.extra_identifiers, ids))
        value = getattr(entry, field)
        if value is not None:
            shown = text.PATIENT_ID if stored and field == "patient_id" else escape(value)
            parts.append(encode_identifier(scheme, name, shown, ids))
    return parts


def decode_document_entry(element: etree._Element, findings: Findings) -> DocumentEntry:
    """Decode rim:ExtrinsicObject; children are found by name, not by position."""
    return DocumentEntry(
        object_type=element.get("objectType", ""),
        mime_type=element.get("mimeType", ""),
        **decode_object(element, SHAPE, findings),
    )
