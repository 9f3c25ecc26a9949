"""Everything that was submitted comes back: model → XML → model, and through a stored body."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from tests.samples.builders import document_entry
from tests.samples.strategies import (
    associations,
    document_entries,
    folders,
    ids,
    submission_sets,
    submissions,
)
from xds.ebxml import (
    Findings,
    decode_association,
    decode_document_entry,
    decode_folder,
    decode_remove_objects,
    decode_submission,
    decode_submission_set,
    encode_association,
    encode_document_entry,
    encode_folder,
    encode_remove_objects,
    encode_submission,
    encode_submission_set,
    filler,
)
from xds.ebxml.stored import ENTRY_CLOSES, ENTRY_OPENS, unframed
from xds.model import (
    Association,
    AvailabilityStatus,
    DocumentEntry,
    Folder,
    RemovalRequest,
    Submission,
    SubmissionSet,
)
from xds.store.bodies import BodyCodec
from xds.xml import parse
from xds.xml.namespaces import RIM

_CODEC = BodyCodec()


def element(fragment: bytes) -> etree._Element:
    """Parse a fragment as it stands in an answer."""
    return parse(f'<rim:List xmlns:rim="{RIM}">'.encode() + fragment + b"</rim:List>")[0]


@given(document_entries())
def test_document_entry(entry: DocumentEntry) -> None:
    findings = Findings()
    assert decode_document_entry(element(encode_document_entry(entry).encode()), findings) == entry


@given(submission_sets())
def test_submission_set(item: SubmissionSet) -> None:
    assert decode_submission_set(element(encode_submission_set(item).encode()), Findings()) == item


@given(folders())
def test_folder(item: Folder) -> None:
    assert decode_folder(element(encode_folder(item).encode()), Findings()) == item


@given(associations())
def test_association(item: Association) -> None:
    assert decode_association(element(encode_association(item).encode()), Findings()) == item


@given(submissions())
@settings(max_examples=50)
def test_submission(submission: Submission) -> None:
    decoded, _ = decode_submission(parse(encode_submission(submission)))
    assert replace(decoded, object_refs=()) == replace(submission, object_refs=())


@given(st.lists(ids(), max_size=5))
def test_removal(object_ids: list[str]) -> None:
    decoded = decode_remove_objects(parse(encode_remove_objects(object_ids)))
    assert decoded == RemovalRequest(object_ids=tuple(object_ids))


@given(document_entries())
def test_stored_entry_with_todays_values(entry: DocumentEntry) -> None:
    """Deprecation, merge and a changed homeCommunityId never rewrite a body."""
    body = _CODEC.pack(encode_document_entry(entry, stored=True))
    fill = filler(
        status=AvailabilityStatus.DEPRECATED.value,
        patient_id='O\'Brien & "Söhne"^^^&2.999.1.1&ISO',
        home="urn:oid:2.999.8.1",
    )
    filled = fill(_CODEC.unpack([body]))
    expected = replace(
        entry,
        availability_status=AvailabilityStatus.DEPRECATED,
        home_community_id="urn:oid:2.999.8.1",
        patient_id=None if entry.patient_id is None else 'O\'Brien & "Söhne"^^^&2.999.1.1&ISO',
    )
    assert decode_document_entry(element(filled), Findings()) == expected


def test_entries_stored_with_and_without_their_frame_are_sent_alike() -> None:
    """Those of before there were frames are whole; an answer may mix both."""
    bare = encode_document_entry(document_entry(1), stored=True)
    whole = f"{ENTRY_OPENS}{bare}{ENTRY_CLOSES}"
    assert not bare.startswith("<")
    assert not {"\x01", "\x02", "\x03"} & set(bare)
    assert unframed(whole) == bare
    fill = filler(status=AvailabilityStatus.APPROVED.value, patient_id="P1^^^&2.999.1.1&ISO")
    once = fill([bare.encode()])
    assert decode_document_entry(element(once), Findings()).patient_id == "P1^^^&2.999.1.1&ISO"
    for mixed in ((bare, bare, bare), (whole, whole, whole), (bare, whole, bare)):
        assert fill([item.encode() for item in mixed]) == once * 3


def test_an_entry_without_a_patient_is_stored_whole() -> None:
    fragment = encode_document_entry(replace(document_entry(1), patient_id=None), stored=True)
    assert fragment.startswith("<")
    fill = filler(status=AvailabilityStatus.APPROVED.value, patient_id="P1^^^&2.999.1.1&ISO")
    decoded = decode_document_entry(element(fill([fragment.encode()])), Findings())
    assert decoded == replace(document_entry(1), patient_id=None)


@given(folders())
def test_stored_folder_with_todays_values(item: Folder) -> None:
    body = _CODEC.pack(encode_folder(item, stored=True))
    fill = filler(
        status=AvailabilityStatus.APPROVED.value,
        patient_id="P1^^^&2.999.1.1&ISO",
        last_update_time="20260102030405",
    )
    filled = fill(_CODEC.unpack([body]))
    expected = replace(
        item,
        availability_status=AvailabilityStatus.APPROVED,
        home_community_id=None,
        patient_id=None if item.patient_id is None else "P1^^^&2.999.1.1&ISO",
        last_update_time="20260102030405",
    )
    assert decode_folder(element(filled), Findings()) == expected
