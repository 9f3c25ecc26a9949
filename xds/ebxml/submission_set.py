"""SubmissionSet ⇄ rim:RegistryPackage (ITI TF-3 4.2.3.3)."""

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
from xds.ebxml.text import escape
from xds.model import (
    SUBMISSION_SET_NODE,
    ClassificationScheme,
    IdentificationScheme,
    ObjectType,
    SubmissionSet,
)

SHAPE: Final = Shape(
    node=SUBMISSION_SET_NODE,
    limited_metadata="urn:uuid:5003a9db-8d8d-49e6-bf0c-990e34ac7707",  # 4.2.3.3.13
    single_slots={"submissionTime": "submission_time"},
    list_slots={"intendedRecipient": "intended_recipients"},
    single_codes={ClassificationScheme.CONTENT_TYPE_CODE.value: "content_type_code"},
    list_codes={},
    author_scheme=ClassificationScheme.SUBMISSION_SET_AUTHOR.value,
    identifiers={
        IdentificationScheme.SUBMISSION_SET_PATIENT_ID.value: ("patient_id", "XDSSubmissionSet.patientId"),
        IdentificationScheme.SUBMISSION_SET_SOURCE_ID.value: ("source_id", "XDSSubmissionSet.sourceId"),
        IdentificationScheme.SUBMISSION_SET_UNIQUE_ID.value: ("unique_id", "XDSSubmissionSet.uniqueId"),
    },
)


def encode_submission_set(item: SubmissionSet, *, stored: bool = False) -> str:
    """Encode a SubmissionSet; with `stored`, sentinels stand where the registry's values change later."""
    ids = ChildIds(item.entry_uuid)
    home = text.HOME if stored else text.home_attribute(item.home_community_id)
    status = text.STATUS if stored else item.availability_status.value
    parts = [
        f'<rim:RegistryPackage id="{ids.owner}"{home} objectType="{ObjectType.REGISTRY_PACKAGE.value}"'
        f' status="{status}">'
    ]
    if item.submission_time is not None:
        parts.append(encode_slot("submissionTime", (item.submission_time,)))
    if item.intended_recipients:
        parts.append(encode_slot("intendedRecipient", item.intended_recipients))
    parts += (
        encode_slots(item.extra_slots),
        encode_strings("Name", item.title),
        encode_strings("Description", item.comments),
    )
    parts += [
        encode_author(ClassificationScheme.SUBMISSION_SET_AUTHOR.value, author, ids)
        for author in item.authors
    ]
    if item.content_type_code is not None:
        parts.append(encode_code(ClassificationScheme.CONTENT_TYPE_CODE.value, item.content_type_code, ids))
    parts.append(encode_node(SHAPE, item.limited_metadata, ids))
    parts += [encode_classification(extra, ids) for extra in item.extra_classifications]
    for scheme, (field, name) in SHAPE.identifiers.items():
        value: str | None = getattr(item, field)
        if value is not None:
            shown = text.PATIENT_ID if stored and field == "patient_id" else escape(value)
            parts.append(encode_identifier(scheme, name, shown, ids))
    parts += (encode_extra_identifiers(item.extra_identifiers, ids), "</rim:RegistryPackage>")
    return "".join(parts)


def decode_submission_set(element: etree._Element, findings: Findings) -> SubmissionSet:
    """Decode a RegistryPackage that is classified as a SubmissionSet."""
    fields = decode_object(element, SHAPE, findings)
    fields.pop("logical_id")  # a SubmissionSet has no versions
    fields.pop("version", None)
    return SubmissionSet(**fields)
