"""The imaging manifests among the documents of a submission (RAD-68): read from the spool, under limits."""

from collections.abc import Mapping
from typing import Final

from xds.content import KOS_BYTES, UnreadableDocument, read_manifest
from xds.documents import SpooledDocument
from xds.model import Manifest, Submission, is_lenient_oid
from xds.rules import UnreadableManifest, is_manifest

_STUDIES: Final = 1_000
"""Studies of one manifest that are remembered: one is what manifests have."""


def read_dicom(
    submission: Submission, documents: Mapping[str, SpooledDocument]
) -> dict[str, Manifest | UnreadableManifest]:
    """Read what is, or is said to be, a Key Object Selection, by the entry's id; nothing else is opened."""
    found: dict[str, Manifest | UnreadableManifest] = {}
    for entry in submission.document_entries:
        document = documents.get(entry.entry_uuid)
        if document is not None and is_manifest(entry):
            found[entry.entry_uuid] = _read(document)
    return found


def manifests_in(documents: Mapping[str, Manifest | UnreadableManifest]) -> dict[str, Manifest]:
    """Those that could be read."""
    return {key: item for key, item in documents.items() if isinstance(item, Manifest)}


def studies_of(manifest: Manifest) -> tuple[tuple[str, str], ...]:
    """Each study that a manifest refers to, with each source that it names for it, once."""
    places = {
        (study.study_instance_uid, _location(series.retrieve_location_uid)): None
        for study, series in manifest.series()
        if is_lenient_oid(study.study_instance_uid) and series.instances
    }
    return tuple(places)[:_STUDIES]


def _location(uid: str | None) -> str:
    return uid if uid is not None and is_lenient_oid(uid) else ""


def _read(document: SpooledDocument) -> Manifest | UnreadableManifest:
    if document.size > KOS_BYTES:
        return UnreadableManifest(reason=f"{document.size} octets are more than a manifest has")
    try:
        return read_manifest(document.path)
    except UnreadableDocument as error:
        return UnreadableManifest(reason=str(error))
