"""Bodies for the wire: built by the model's builders and the codec, every id fresh."""

import base64
import hashlib
import itertools
import re
import uuid
from dataclasses import replace
from typing import Any

from tests.samples import builders, updates
from xds.ebxml import (
    encode_adhoc_query,
    encode_provide_request,
    encode_remove_documents,
    encode_remove_objects,
    encode_retrieve_request,
    encode_submission,
)
from xds.model import (
    ON_DEMAND,
    AdhocQuery,
    AssociationType,
    AvailabilityStatus,
    DocumentEntry,
    DocumentRequest,
    Folder,
    QuerySlot,
    ReturnType,
    StoredQuery,
    Submission,
)
from xds.rules import assign_entry_uuids

_numbers = itertools.count(int(uuid.uuid4()) % 10**8 * 1000)
REPOSITORY = "2.999.2.1"
APPROVED = AvailabilityStatus.APPROVED.value
DEPRECATED = AvailabilityStatus.DEPRECATED.value


def fresh_patient() -> str:
    """A patient nobody else's test uses."""
    return f"T{next(_numbers)}^^^&2.999.1.1&ISO"


def fresh_oid() -> str:
    """A uniqueId nobody else's test uses."""
    return f"2.999.7.{next(_numbers)}"


def fresh_uuid() -> str:
    """An entryUUID of one's own."""
    return f"urn:uuid:{uuid.uuid4()}"


def entry(patient_id: str, **changes: Any) -> DocumentEntry:
    """A valid DocumentEntry with fresh ids."""
    fields = {"entry_uuid": fresh_uuid(), "unique_id": fresh_oid(), "patient_id": patient_id, **changes}
    return builders.document_entry(**fields)


def on_demand_entry(patient_id: str, **changes: Any) -> DocumentEntry:
    """A valid On-Demand DocumentEntry with fresh ids, of this repository."""
    fields = {"object_type": ON_DEMAND, "hash": None, "size": None, "creation_time": None, **changes}
    return entry(patient_id, **fields)


def submission(*entries: DocumentEntry, **changes: Any) -> Submission:
    """A valid Submission of those entries with a fresh SubmissionSet."""
    patient_id = entries[0].patient_id if entries else changes.pop("patient_id")
    made = builders.submission(*entries)
    (submission_set,) = made.submission_sets
    fresh = replace(submission_set, unique_id=fresh_oid(), patient_id=patient_id)
    return replace(made, submission_sets=(fresh,), **changes)


def with_associations(made: Submission, *more: Any) -> Submission:
    """The submission with further associations."""
    return replace(made, associations=(*made.associations, *more))


def relation(kind: AssociationType, source: str, target: str) -> Any:
    """An association with a fresh symbolic id."""
    return builders.association(kind, source, target, entry_uuid=f"rel{next(_numbers)}")


def register_body(made: Submission) -> bytes:
    """Body of ITI-42."""
    return encode_submission(made)


def updating(patient_id: str, *items: DocumentEntry | Folder, **options: Any) -> Submission:
    """A valid update of a patient's objects with a fresh SubmissionSet; options of `updates.updating`."""
    made = updates.updating(*items, **options)
    fresh = replace(made.submission_set, unique_id=fresh_oid(), patient_id=patient_id)
    return replace(made, submission_sets=(fresh,))


def update_body(*items: DocumentEntry | Folder, **options: Any) -> bytes:
    """Body of ITI-57 and ITI-92."""
    return encode_submission(updating(items[0].patient_id or "", *items, **options))


def provided(made: Submission) -> Submission:
    """What a Document Source sends: the repository sets hash, size and repositoryUniqueId."""
    entries = tuple(
        replace(item, hash=None, size=None, repository_unique_id=None) for item in made.document_entries
    )
    return replace(made, document_entries=entries)


def provide_body(made: Submission, documents: dict[str, bytes]) -> tuple[bytes, list[tuple[str, bytes]]]:
    """Body of ITI-41 with xop:Include, and its parts."""
    parts = [(f"doc{index}@test", content) for index, content in enumerate(documents.values())]
    pairs = [(key, content_id) for key, (content_id, _) in zip(documents, parts, strict=True)]
    return encode_provide_request(made, pairs), parts


def inline_body(made: Submission, documents: dict[str, bytes]) -> bytes:
    """Body of ITI-41 with base64 inside."""
    body, parts = provide_body(made, documents)
    for content_id, content in parts:
        body = re.sub(
            rb'<xop:Include href="cid:' + re.escape(content_id.encode()) + rb'"/>',
            base64.b64encode(content),
            body,
        )
    return body


def ids_of(made: Submission) -> list[str]:
    """Every object of a submission that was made with UUIDs."""
    objects = (*made.document_entries, *made.submission_sets, *made.folders, *made.associations)
    return [item.entry_uuid for item in objects]


def with_uuids(made: Submission) -> Submission:
    """The submission with a UUID of its own for each symbolic id, so that a test knows what to name."""
    return assign_entry_uuids(made)


def remove_body(*object_ids: str) -> bytes:
    """Body of ITI-62."""
    return encode_remove_objects(object_ids)


def remove_documents_body(*unique_ids: str, repository: str = REPOSITORY, home: str | None = None) -> bytes:
    """Body of ITI-86."""
    return encode_remove_documents(
        DocumentRequest(repository_unique_id=repository, document_unique_id=item, home_community_id=home)
        for item in unique_ids
    )


def query_body(
    stored_query: StoredQuery | str, *slots: QuerySlot, return_type: ReturnType | str = ReturnType.LEAF_CLASS
) -> bytes:
    """Body of ITI-18."""
    return encode_adhoc_query(AdhocQuery(query_id=str(stored_query), return_type=return_type, slots=slots))


def slot(name: str, *values: str, is_list: bool = True, unquoted: bool = False) -> QuerySlot:
    """One parameter."""
    return QuerySlot(name=name, values=values, is_list=is_list, unquoted=unquoted)


def find_body(
    patient_id: str, *more: QuerySlot, statuses: tuple[str, ...] = (APPROVED,), **options: Any
) -> bytes:
    """Body of FindDocuments."""
    return query_body(
        StoredQuery.FIND_DOCUMENTS,
        slot("$XDSDocumentEntryPatientId", patient_id, is_list=False),
        slot("$XDSDocumentEntryStatus", *statuses),
        *more,
        **options,
    )


def retrieve_body(*unique_ids: str, repository: str = REPOSITORY, home: str | None = None) -> bytes:
    """Body of ITI-43."""
    return encode_retrieve_request(
        DocumentRequest(repository_unique_id=repository, document_unique_id=item, home_community_id=home)
        for item in unique_ids
    )


def sha1(content: bytes) -> str:
    """DocumentEntry.hash."""
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()
