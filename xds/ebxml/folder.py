"""Folder ⇄ rim:RegistryPackage (ITI TF-3 4.2.3.4)."""

from typing import Final

from lxml import etree

from xds.ebxml import text
from xds.ebxml.fragments import (
    ChildIds,
    Findings,
    encode_classification,
    encode_code,
    encode_extra_identifiers,
    encode_identifier,
    encode_slots,
    encode_strings,
)
from xds.ebxml.shape import Shape, decode_object, encode_node
from xds.ebxml.text import escape
from xds.model import FOLDER_NODE, ClassificationScheme, Folder, IdentificationScheme, ObjectType

SHAPE: Final = Shape(
    node=FOLDER_NODE,
    limited_metadata="urn:uuid:2c144a76-29a9-4b7c-af54-b25409fe7d03",  # 4.2.3.4.10
    single_slots={"lastUpdateTime": "last_update_time"},
    list_slots={},
    single_codes={},
    list_codes={ClassificationScheme.FOLDER_CODE_LIST.value: "codes"},
    author_scheme=None,
    identifiers={
        IdentificationScheme.FOLDER_PATIENT_ID.value: ("patient_id", "XDSFolder.patientId"),
        IdentificationScheme.FOLDER_UNIQUE_ID.value: ("unique_id", "XDSFolder.uniqueId"),
    },
)


def encode_folder(item: Folder, *, stored: bool = False) -> str:
    """Encode a Folder; with `stored`, sentinels stand where the registry's values change later."""
    ids = ChildIds(item.entry_uuid)
    lid = "" if item.logical_id is None else f' lid="{escape(item.logical_id)}"'
    home = text.HOME if stored else text.home_attribute(item.home_community_id)
    status = text.STATUS if stored else item.availability_status.value
    parts = [
        f'<rim:RegistryPackage id="{ids.owner}"{lid}{home}'
        f' objectType="{ObjectType.REGISTRY_PACKAGE.value}" status="{status}">',
        text.LAST_UPDATE_TIME if stored else text.last_update_slot(item.last_update_time),
        encode_slots(item.extra_slots),
        encode_strings("Name", item.title),
        encode_strings("Description", item.comments),
    ]
    if item.logical_id is not None:
        parts.append(f'<rim:VersionInfo versionName="{item.version}"/>')
    parts += [encode_code(ClassificationScheme.FOLDER_CODE_LIST.value, code, ids) for code in item.codes]
    parts.append(encode_node(SHAPE, item.limited_metadata, ids))
    parts += [encode_classification(extra, ids) for extra in item.extra_classifications]
    for scheme, (field, name) in SHAPE.identifiers.items():
        value: str | None = getattr(item, field)
        if value is not None:
            shown = text.PATIENT_ID if stored and field == "patient_id" else escape(value)
            parts.append(encode_identifier(scheme, name, shown, ids))
    parts += (encode_extra_identifiers(item.extra_identifiers, ids), "</rim:RegistryPackage>")
    return "".join(parts)


def decode_folder(element: etree._Element, findings: Findings) -> Folder:
    """Decode a RegistryPackage that is classified as a Folder."""
    fields = decode_object(element, SHAPE, findings)
    fields.pop("authors", None)
    return Folder(**fields)
