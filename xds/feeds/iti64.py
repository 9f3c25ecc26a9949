"""ITI-64 Notify XAD-PID Link Change: the Expected Actions of the Document Registry (ITI TF-2 3.64.4.1.3).

Documents of a local patient id get another patient id of the affinity domain, as new versions (Metadata Update).
Where an association or a Folder would then hold objects of two patients (3.64.4.1.3.2) the new version is left out
of it and the old version, Deprecated, stays in it; the log says how many there were.
"""

import logging
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from xds.audit import SILENT, Trail
from xds.hl7v2 import ACCEPTED, Domain, Message, Outcome, Value, identifier_text, refused
from xds.model import (
    Association,
    AssociationType,
    Code,
    DocumentEntry,
    Folder,
    LocalizedString,
    Slot,
    Submission,
    SubmissionSet,
    SubmissionSetStatus,
    UpdateSlot,
    is_lenient_oid,
    new_uuid_urn,
)
from xds.store import LinkedObjects, LinkStore, LinkUpdate, MergedAway, UnknownPatient

log = logging.getLogger(__name__)

EVENT: Final = "A43"
_CONTENT_TYPE: Final = Code(
    code="link-change", scheme="urn:xds:submission", display=(LocalizedString(value="XAD-PID link change"),)
)
"""contentTypeCode of the SubmissionSet (Table 3.64.4.1.3.1.1-1): affinity domains define none, so this is ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkChange:
    """What a message says (3.64.4.1.2.3, .4)."""

    new_id: str  # new XAD-PID
    previous_id: str  # previous XAD-PID; the same when only local ids are merged
    local_id: str  # local patient ID
    subsumed_local_id: str | None  # merged into the local one
    source_id: str  # OID of the sender, MSH-3

    @property
    def local_ids(self) -> set[str]:
        """The sourcePatientIds whose documents change: with the same XAD-PID only those of the subsumed one."""
        subsumed = {self.subsumed_local_id} if self.subsumed_local_id else set[str]()
        return subsumed if self.new_id == self.previous_id else {self.local_id, *subsumed}


class LinkChangeFeed:
    """The transaction."""

    def __init__(self, links: LinkStore, domain: Domain) -> None:
        self._links = links
        self._domain = domain

    def __call__(self, message: Message, trail: Trail = SILENT) -> Outcome:
        """Do what a message says; return what to answer."""
        change = self._read(message)
        if isinstance(change, Outcome):
            return change
        trail.about_changes(*(("U", item) for item in dict.fromkeys((change.new_id, change.previous_id))))
        try:
            count = self._links.change(
                change.previous_id,
                change.new_id,
                change.local_ids,
                lambda linked: update_for(change, linked),
                trail.events(),
            )
            if count:
                trail.written()
        except (UnknownPatient, MergedAway) as error:
            reason = "is not known here" if isinstance(error, UnknownPatient) else "was merged into another"
            if error.role == "subsumed":
                return refused(204, "MRG^1^1", f"the previous XAD-PID of MRG-1 {reason}")
            return refused(204, "PID^1^3", f"the new XAD-PID of PID-3 {reason}")
        log.info("link changed", extra={"transaction": "ITI-64", "entries": count})
        return ACCEPTED

    def _read(self, message: Message) -> LinkChange | Outcome:
        for name in ("EVN", "PID", "MRG"):
            if len(message.all(name)) != 1:
                return refused(100, name, f"{EVENT} has the segment {name} once")
        linked, before = message.all("PID")[0].values(3), message.all("MRG")[0].values(1)
        if len(linked) != 2:
            return refused(102, "PID^1^3", "PID-3 holds the new XAD-PID, then the local patient id")
        if len(before) not in (1, 2):
            return refused(
                102, "MRG^1^1", "MRG-1 holds the previous XAD-PID, then a subsumed local id if any"
            )
        new_ids, previous_ids = self._domain.ids_of(linked[:1]), self._domain.ids_of(before[:1])
        if not new_ids:
            return refused(204, "PID^1^3", f"the first id of PID-3 needs {self._domain.expected()}")
        if not previous_ids:
            return refused(204, "MRG^1^1", f"the first id of MRG-1 needs {self._domain.expected()}")
        local_id = _local(linked[1])
        subsumed = _local(before[1]) if len(before) == 2 else None
        if local_id is None:
            return refused(102, "PID^1^3", "the local patient id needs its authority, id^^^&oid&ISO")
        if len(before) == 2 and (subsumed is None or _authority(before[1]) != _authority(linked[1])):
            return refused(
                102, "MRG^1^1", "the subsumed local id has the authority of the local one, id^^^&oid&ISO"
            )
        source_id = next((item for item in _parts(message) if is_lenient_oid(item)), None)
        if source_id is None:
            return refused(102, "MSH^1^3", "MSH-3 holds the OID of the sending system")
        return LinkChange(
            new_id=str(new_ids[0]),
            previous_id=str(previous_ids[0]),
            local_id=local_id,
            subsumed_local_id=subsumed,
            source_id=source_id,
        )


def update_for(change: LinkChange, linked: LinkedObjects) -> LinkUpdate | None:
    """What the registry does (3.64.4.1.3.1); None where no document carries a local id of the change."""
    if not linked.entries:
        return None
    submission_set = SubmissionSet(
        entry_uuid=new_uuid_urn(),
        content_type_code=_CONTENT_TYPE,
        patient_id=change.new_id,
        source_id=change.source_id,
        submission_time=datetime.now(UTC).strftime("%Y%m%d%H%M%S"),
        unique_id=f"2.25.{uuid.uuid4().int}",
    )
    stays = change.new_id == change.previous_id
    entries = _entries(change, linked)
    folders = {} if stays else _folders(change, linked)
    versions: list[DocumentEntry | Folder] = [*entries.values(), *folders.values()]
    made = {old: new.entry_uuid for old, new in zip((*entries, *folders), versions, strict=True)}
    links = [*_relationships(change, linked, made), *_memberships(linked, made, stays=stays)]
    of_set = [_member(submission_set, item.entry_uuid, before=item.version - 1) for item in versions]
    of_set += [
        _member(submission_set, link.entry_uuid)
        for link in links
        if link.association_type == AssociationType.HAS_MEMBER.value
    ]
    references = [
        replace(item, entry_uuid=new_uuid_urn(), target=made[item.target]) for item in linked.references
    ]
    left_out = len(linked.relationships) + len(linked.memberships) - len(links)
    if left_out:
        log.warning("link changed: associations would join two patients", extra={"count": left_out})
    return LinkUpdate(
        submission=Submission(
            submission_sets=(submission_set,),
            document_entries=tuple(entries.values()),
            folders=tuple(folders.values()),
            associations=(*links, *of_set, *references),
        ),
        superseded=(*entries, *folders),
        deprecated=tuple(item.entry_uuid for item in linked.references),
        updated_folders=tuple(sorted({item.source for item in links if item.source in linked.folders})),
    )


def _entries(change: LinkChange, linked: LinkedObjects) -> dict[str, DocumentEntry]:
    """The new version of each entry, by the entryUUID of the one before (3.64.4.1.3.1.4)."""
    return {
        item.entry_uuid: replace(
            item,
            entry_uuid=new_uuid_urn(),
            logical_id=item.logical_id or item.entry_uuid,
            version=item.version + 1,
            patient_id=change.new_id,
            source_patient_id=change.local_id,
        )
        for item in linked.entries
    }


def _folders(change: LinkChange, linked: LinkedObjects) -> dict[str, Folder]:
    """The new version of each Folder of which everything goes along (3.64.4.1.3.1.6)."""
    going = {item.entry_uuid for item in linked.entries}
    return {
        item.entry_uuid: replace(
            item,
            entry_uuid=new_uuid_urn(),
            logical_id=item.logical_id or item.entry_uuid,
            version=item.version + 1,
            patient_id=change.new_id,
        )
        for item in linked.folders.values()
        if linked.members[item.entry_uuid] <= going
    }


def _relationships(change: LinkChange, linked: LinkedObjects, made: dict[str, str]) -> Iterator[Association]:
    """3.64.4.1.3.1.5: copied where both ends are the new patient's."""
    for link in linked.relationships:
        ends = (link.source, link.target)
        if all(end in made or linked.patients.get(end) == change.new_id for end in ends):
            source, target = (made.get(end, end) for end in ends)
            yield replace(link, entry_uuid=new_uuid_urn(), source=source, target=target)


def _memberships(linked: LinkedObjects, made: dict[str, str], *, stays: bool) -> Iterator[Association]:
    """Of the new version of a Folder, or of the Folder as it is when the patient stays."""
    for link in linked.memberships:
        if stays or link.source in made:
            source = made.get(link.source, link.source)
            yield replace(link, entry_uuid=new_uuid_urn(), source=source, target=made[link.target])


def _member(submission_set: SubmissionSet, target: str, *, before: int | None = None) -> Association:
    slots = () if before is None else (Slot(name=UpdateSlot.PREVIOUS_VERSION.value, values=(str(before),)),)
    return Association(
        entry_uuid=new_uuid_urn(),
        association_type=AssociationType.HAS_MEMBER.value,
        source=submission_set.entry_uuid,
        target=target,
        submission_set_status=SubmissionSetStatus.ORIGINAL.value,
        extra_slots=slots,
    )


def _local(value: Value) -> str | None:
    return identifier_text(value) if _authority(value) else None


def _authority(value: Value) -> str:
    return value.component(4).sub(2)


def _parts(message: Message) -> Iterator[str]:
    """The components of MSH-3: an HD, whose first or second is the OID."""
    yield message.header.text(3, 1)
    yield message.header.text(3, 2)
