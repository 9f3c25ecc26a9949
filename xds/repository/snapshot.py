"""The submissions of an On-Demand Document Source: a snapshot for ITI-42, an assembled document for ITI-57."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from xds.documents import SpooledDocument
from xds.model import (
    STABLE,
    Association,
    AssociationType,
    Author,
    AvailabilityStatus,
    Code,
    DocumentEntry,
    LocalizedString,
    Slot,
    Submission,
    SubmissionSet,
    SubmissionSetStatus,
    UpdateSlot,
    new_uuid_urn,
)
from xds.repository.provider import Draft


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeContent:
    """A document as it was made: in the spool, and when."""

    document: SpooledDocument
    creation_time: str  # DTM, UTC


@dataclass(frozen=True, slots=True, kw_only=True)
class SetFacts:
    """What the SubmissionSet says beside its patient and time."""

    unique_id: str
    source_id: str
    author: str  # the software
    content_type_code: Code | None


def snapshot(
    entry: DocumentEntry,
    draft: Draft,
    made: MadeContent,
    *,
    entry_uuid: str,
    unique_id: str,
    earlier: Sequence[str],
    facts: SetFacts,
) -> Submission:
    """A Stable entry for what was made of an On-Demand entry, with IsSnapshotOf (ITI TF-2 3.43.4.2.3).

    Parameters
    ----------
    earlier
        entryUUIDs of the Approved snapshots that it replaces.
    """
    new = replace(
        entry,
        entry_uuid=entry_uuid,
        logical_id=None,
        version=1,
        object_type=STABLE,
        availability_status=AvailabilityStatus.APPROVED,
        home_community_id=None,
        mime_type=draft.mime_type,
        authors=(_author(facts),),
        legal_authenticator=None,
        unique_id=unique_id,
        creation_time=made.creation_time,
        service_start_time=draft.service_start_time,
        service_stop_time=draft.service_stop_time,
        hash=made.document.sha1,
        size=str(made.document.size),
    )
    the_set = _submission_set(entry, made, facts)
    relations = [(AssociationType.IS_SNAPSHOT_OF, entry.entry_uuid)]
    relations += [(AssociationType.RPLC, target) for target in earlier]
    return Submission(
        submission_sets=(the_set,),
        document_entries=(new,),
        associations=(
            _member(the_set, new),
            *(_association(kind, new.entry_uuid, target) for kind, target in relations),
        ),
    )


def assembled(entry: DocumentEntry, made: MadeContent, *, facts: SetFacts) -> Submission:
    """The next version of a delayed document's entry: size, hash and creationTime (ITI TF-2 3.43.4.1.3.2)."""
    new = replace(
        entry,
        entry_uuid=new_uuid_urn(),
        home_community_id=None,
        creation_time=made.creation_time,
        hash=made.document.sha1,
        size=str(made.document.size),
    )
    the_set = _submission_set(entry, made, facts)
    member = replace(
        _member(the_set, new),
        extra_slots=(Slot(name=UpdateSlot.PREVIOUS_VERSION.value, values=(str(entry.version),)),),
    )
    return Submission(submission_sets=(the_set,), document_entries=(new,), associations=(member,))


def _submission_set(entry: DocumentEntry, made: MadeContent, facts: SetFacts) -> SubmissionSet:
    return SubmissionSet(
        entry_uuid=new_uuid_urn(),
        title=(LocalizedString(value=facts.author),),
        authors=(_author(facts),),
        content_type_code=facts.content_type_code,
        patient_id=entry.patient_id,
        source_id=facts.source_id,
        unique_id=facts.unique_id,
        submission_time=made.creation_time,
    )


def _author(facts: SetFacts) -> Author:
    """A software agent stands where a person's last name would (ITI TF-3 Table 4.2.3.1.7-2, XCN)."""
    return Author(person=f"^{facts.author}")


def _member(the_set: SubmissionSet, entry: DocumentEntry) -> Association:
    return replace(
        _association(AssociationType.HAS_MEMBER, the_set.entry_uuid, entry.entry_uuid),
        submission_set_status=SubmissionSetStatus.ORIGINAL.value,
    )


def _association(kind: AssociationType, source: str, target: str) -> Association:
    return Association(entry_uuid=new_uuid_urn(), association_type=kind.value, source=source, target=target)
