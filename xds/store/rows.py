"""Objects of the model as rows: what is queried in typed columns, the rest in the body."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from xds.ebxml import encode_association, encode_document_entry, encode_folder, encode_submission_set
from xds.model import (
    ON_DEMAND,
    STABLE,
    UUID_PREFIX,
    Association,
    AvailabilityStatus,
    Code,
    CodeKey,
    DocumentAvailability,
    DocumentEntry,
    Folder,
    Submission,
    SubmissionSet,
    earliest_moment,
)
from xds.store.bodies import BodyCodec

Row = tuple[Any, ...]

STATUS_OF: Final = {"A": AvailabilityStatus.APPROVED, "D": AvailabilityStatus.DEPRECATED}
OBJECT_TYPE_OF: Final = {"S": STABLE, "O": ON_DEMAND}
LETTER_OF: Final = {status: letter for letter, status in STATUS_OF.items()}


def uid(unique_id: str) -> bytes:
    """The 16 octets that stand for a uniqueId: blake2b-128 of its UTF-8."""
    return hashlib.blake2b(unique_id.encode(), digest_size=16).digest()


def bare(uuid_urn: str) -> str:
    """A UUID as PostgreSQL wants it."""
    return uuid_urn.removeprefix(UUID_PREFIX)


def codes_of(submission: Submission) -> Iterator[CodeKey]:
    """Every code that a column refers to."""
    for entry in submission.document_entries:
        for code in (*_single_codes(entry), *entry.event_codes, *entry.confidentiality_codes):
            if code is not None:
                yield code.key
    for submission_set in submission.submission_sets:
        if submission_set.content_type_code is not None:
            yield submission_set.content_type_code.key
    for folder in submission.folders:
        yield from (code.key for code in folder.codes)


def _single_codes(entry: DocumentEntry) -> tuple[Code | None, ...]:
    return (
        entry.class_code,
        entry.type_code,
        entry.format_code,
        entry.healthcare_facility_type_code,
        entry.practice_setting_code,
    )


def entry_row(key: int, entry: DocumentEntry, codes: Mapping[CodeKey, int], pack: BodyCodec) -> Row:
    """The row of a DocumentEntry."""
    return (
        key,
        bare(entry.entry_uuid),
        bare(entry.logical_id or entry.entry_uuid),
        entry.version,
        LETTER_OF[entry.availability_status],
        "O" if entry.object_type == ON_DEMAND else "S",
        uid(entry.unique_id or ""),
        _moment(entry.creation_time),
        _moment(entry.service_start_time),
        _moment(entry.service_stop_time),
        *[None if code is None else codes[code.key] for code in _single_codes(entry)],
        [codes[code.key] for code in entry.event_codes],
        [codes[code.key] for code in entry.confidentiality_codes],
        [author.person for author in entry.authors if author.person],
        list(entry.reference_ids),
        entry.home_community_id,
        entry.document_availability == DocumentAvailability.OFFLINE,
        pack.pack(encode_document_entry(entry, stored=True)),
    )


def submission_set_row(key: int, item: SubmissionSet, codes: Mapping[CodeKey, int], pack: BodyCodec) -> Row:
    """The row of a SubmissionSet."""
    content_type = item.content_type_code
    return (
        key,
        bare(item.entry_uuid),
        uid(item.unique_id or ""),
        _moment(item.submission_time),
        item.source_id or "",
        None if content_type is None else codes[content_type.key],
        [author.person for author in item.authors if author.person],
        LETTER_OF[item.availability_status],
        item.home_community_id,
        pack.pack(encode_submission_set(item, stored=True)),
    )


def folder_row(key: int, item: Folder, codes: Mapping[CodeKey, int], pack: BodyCodec, *, now: int) -> Row:
    """The row of a Folder; `now` is when it was last updated (ITI TF-2 3.42.4.1.3.6)."""
    return (
        key,
        bare(item.entry_uuid),
        bare(item.logical_id or item.entry_uuid),
        item.version,
        uid(item.unique_id or ""),
        now,
        [codes[code.key] for code in item.codes],
        LETTER_OF[item.availability_status],
        item.home_community_id,
        pack.pack(encode_folder(item, stored=True)),
    )


def association_row(key: int, item: Association, pack: BodyCodec) -> Row:
    """The row of an Association."""
    return (
        key,
        bare(item.entry_uuid),
        bare(item.source),
        bare(item.target),
        item.association_type,
        LETTER_OF[item.availability_status],
        item.home_community_id,
        pack.pack(encode_association(item, stored=True)),
    )


def _moment(dtm: str | None) -> int | None:
    return None if dtm is None else earliest_moment(dtm)
