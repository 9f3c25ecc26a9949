"""Every stored query as a reader of the standard would evaluate it: over lists of objects, without a store.

It reads the parameters as they are sent and shares no code with the registry, but for the tables of the model.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from tests.registry.world import World
from xds.model import (
    STABLE,
    AdhocQuery,
    Association,
    AssociationType,
    AvailabilityStatus,
    Code,
    DocumentAvailability,
    DocumentEntry,
    Folder,
    StoredQuery,
    SubmissionSet,
)

SEVERAL_PATIENTS: Final = "XDSResultNotSinglePatient"
_APPROVED: Final = AvailabilityStatus.APPROVED
_KNOWN: Final = frozenset(item.value for item in AvailabilityStatus)
_EMPTY: Final = "00000101000000"


class Oracle:
    """Answers one query on one world."""

    def __init__(self, world: World, query: AdhocQuery) -> None:
        self.world = world
        self.query = query
        self.level = "".join(query.values("$MetadataLevel")) or "1"

    def answer(self) -> set[str]:
        """The entryUUIDs of everything that the answer holds."""
        name = StoredQuery(self.query.query_id).name.lower()
        found: set[str] = getattr(self, name)()
        return found

    def patients(self) -> set[str]:
        """The patients of the answer's SubmissionSets, entries and Folders."""
        found = self.answer()
        return {self.world.patient_of(item) for item in self.world.objects if item.entry_uuid in found}

    # ---- parameters

    def groups(self, name: str) -> list[tuple[str, ...]]:
        return [group for group in self.query.groups(name) if any(group)]

    def passes(self, name: str, values: Iterable[str | None]) -> bool:
        """Whether an attribute has one value of each Slot that was sent."""
        own = set(values)
        return all(own & set(group) for group in self.groups(name))

    def likes(self, name: str, texts: Sequence[str]) -> bool:
        return all(
            any(like(pattern, text) for pattern in group for text in texts) for group in self.groups(name)
        )

    def in_time(self, name: str, time: str | None) -> bool:
        if time is None:  # 3.18.4.1.2.3.3.1
            return True
        start, stop = self.query.values(f"{name}From"), self.query.values(f"{name}To")
        moment = earliest(time)
        return (not start or earliest(start[0]) <= moment) and (not stop or moment < earliest(stop[0]))

    def has_status(self, name: str, status: str) -> bool:
        asked = [value for value in self.query.values(name) if value in _KNOWN]
        return not asked or status in asked

    # ---- what is seen

    def is_latest(self, item: DocumentEntry | Folder) -> bool:
        same = [*self.world.entries, *self.world.folders]
        own = item.logical_id or item.entry_uuid
        return not any(
            (other.logical_id or other.entry_uuid) == own and other.version > item.version for other in same
        )

    def sees_entry(self, item: DocumentEntry) -> bool:
        offline = item.document_availability == DocumentAvailability.OFFLINE
        return self.level == "2" or (self.is_latest(item) and not offline)

    def sees_folder(self, item: Folder) -> bool:
        return self.level == "2" or (self.is_latest(item) and item.availability_status is _APPROVED)

    def sees_association(self, item: Association) -> bool:
        asked = [value for value in self.query.values("$XDSAssociationStatus") if value in _KNOWN]
        if self.level == "1":
            return item.availability_status is _APPROVED and (not asked or _APPROVED in asked)
        return item.availability_status in (asked or [_APPROVED])

    # ---- criteria

    def fits_entry(self, item: DocumentEntry) -> bool:
        prefix = "$XDSDocumentEntry"
        availability = item.document_availability or DocumentAvailability.ONLINE
        types = self.query.values(f"{prefix}Type") or (STABLE,)
        return (
            self.sees_entry(item)
            and item.object_type in types
            and self.has_status(f"{prefix}Status", item.availability_status)
            and self.passes(f"{prefix}ClassCode", [key(item.class_code)])
            and self.passes(f"{prefix}TypeCode", [key(item.type_code)])
            and self.passes(f"{prefix}FormatCode", [key(item.format_code)])
            and self.passes(f"{prefix}PracticeSettingCode", [key(item.practice_setting_code)])
            and self.passes(f"{prefix}HealthcareFacilityTypeCode", [key(item.healthcare_facility_type_code)])
            and self.passes(f"{prefix}EventCodeList", map(key, item.event_codes))
            and self.passes(f"{prefix}ConfidentialityCode", map(key, item.confidentiality_codes))
            and self.passes(f"{prefix}DocumentAvailability", [availability])
            and (item.object_type != STABLE or self.in_time(f"{prefix}CreationTime", item.creation_time))
            and self.in_time(f"{prefix}ServiceStartTime", item.service_start_time)
            and self.in_time(f"{prefix}ServiceStopTime", item.service_stop_time)
            and self.likes(
                f"{prefix}AuthorPerson", [author.person or "" for author in item.authors if author.person]
            )
            and self.likes(f"{prefix}ReferenceIdList", item.reference_ids)
        )

    def fits_submission_set(self, item: SubmissionSet) -> bool:
        prefix = "$XDSSubmissionSet"
        return (
            self.has_status(f"{prefix}Status", item.availability_status)
            and self.passes(f"{prefix}SourceId", [item.source_id])
            and self.passes(f"{prefix}ContentType", [key(item.content_type_code)])
            and self.in_time(f"{prefix}SubmissionTime", item.submission_time)
            and self.likes(
                f"{prefix}AuthorPerson", [author.person or "" for author in item.authors if author.person]
            )
        )

    def fits_folder(self, item: Folder) -> bool:
        prefix = "$XDSFolder"
        return (
            self.sees_folder(item)
            and self.has_status(f"{prefix}Status", item.availability_status)
            and self.passes(f"{prefix}CodeList", map(key, item.codes))
            and self.in_time(f"{prefix}LastUpdateTime", item.last_update_time)
        )

    def is_of(self, item: DocumentEntry | SubmissionSet | Folder, parameter: str) -> bool:
        """Whether an object is a patient's that is asked for; a subsumed id has none (3.18.4.1.2.3.9.1)."""
        asked = [value for value in self.query.values(parameter) if value]
        return not asked or self.world.patient_of(item) in asked

    def named(self, kind: str, items: Sequence[DocumentEntry | SubmissionSet | Folder]) -> set[str]:
        """Those whose entryUUID, uniqueId or logicalID is asked for."""
        ids = [value.lower() for value in self.query.values(f"$XDS{kind}EntryUUID")]
        unique_ids = self.query.values(f"$XDS{kind}UniqueId")
        logical_ids = [value.lower() for value in self.query.values(f"$XDS{kind}LogicalID")]
        return {
            item.entry_uuid
            for item in items
            if item.entry_uuid in ids
            or item.unique_id in unique_ids
            or (getattr(item, "logical_id", None) or item.entry_uuid) in logical_ids
        }

    # ---- queries

    def find_documents(self) -> set[str]:
        return {
            item.entry_uuid
            for item in self.world.entries
            if self.is_of(item, "$XDSDocumentEntryPatientId") and self.fits_entry(item)
        }

    find_documents_by_reference_id = find_documents
    find_documents_for_multiple_patients = find_documents

    def find_submission_sets(self) -> set[str]:
        return {
            item.entry_uuid
            for item in self.world.submission_sets
            if self.is_of(item, "$XDSSubmissionSetPatientId") and self.fits_submission_set(item)
        }

    def find_folders(self) -> set[str]:
        return {
            item.entry_uuid
            for item in self.world.folders
            if self.is_of(item, "$XDSFolderPatientId") and self.fits_folder(item)
        }

    find_folders_for_multiple_patients = find_folders

    def get_all(self) -> set[str]:
        own = "$patientId"
        found = {
            item.entry_uuid for item in self.world.entries if self.is_of(item, own) and self.fits_entry(item)
        }
        found |= {
            item.entry_uuid
            for item in self.world.submission_sets
            if self.is_of(item, own) and self.fits_submission_set(item)
        }
        found |= {
            item.entry_uuid for item in self.world.folders if self.is_of(item, own) and self.fits_folder(item)
        }
        return found | self.touching(found)

    def get_documents(self) -> set[str]:
        seen = [item for item in self.world.entries if self.sees_entry(item)]
        return self.named("DocumentEntry", seen)

    def get_folders(self) -> set[str]:
        return self.named("Folder", [item for item in self.world.folders if self.sees_folder(item)])

    def get_associations(self) -> set[str]:
        return self.touching({value.lower() for value in self.query.values("$uuid")})

    def get_documents_and_associations(self) -> set[str]:
        found = self.get_documents()
        return found | self.touching(found)

    def get_submission_sets(self) -> set[str]:
        wanted = {value.lower() for value in self.query.values("$uuid")}
        sets = {item.entry_uuid for item in self.world.submission_sets}
        links = [item for item in self.memberships() if item.source in sets and item.target in wanted]
        return {item.source for item in links} | {item.entry_uuid for item in links}

    def get_submission_set_and_contents(self) -> set[str]:
        found = self.named("SubmissionSet", self.world.submission_sets)
        sets = set(found)
        members = {item.target for item in self.memberships() if item.source in sets}
        found |= {
            item.entry_uuid
            for item in self.world.entries
            if item.entry_uuid in members and self.fits_entry(item)
        }
        found |= {
            item.entry_uuid
            for item in self.world.folders
            if item.entry_uuid in members and self.sees_folder(item)
        }
        links = {
            item.entry_uuid
            for item in self.world.associations
            if item.entry_uuid in members
            and self.sees_association(item)
            and item.source in found
            and item.target in found
        }
        held = {
            item.entry_uuid
            for item in self.memberships()
            if item.source in sets and item.target in (found - sets) | links
        }
        return found | links | held

    def get_folder_and_contents(self) -> set[str]:
        folders = self.get_folders()
        links = [item for item in self.memberships() if item.source in folders]
        members = {item.target for item in links}
        entries = {
            item.entry_uuid
            for item in self.world.entries
            if item.entry_uuid in members and self.fits_entry(item)
        }
        return folders | entries | {item.entry_uuid for item in links if item.target in entries}

    def get_folders_for_document(self) -> set[str]:
        documents = self.get_documents()
        holders = {item.source for item in self.memberships() if item.target in documents}
        return {
            item.entry_uuid
            for item in self.world.folders
            if item.entry_uuid in holders and self.sees_folder(item)
        }

    def get_related_documents(self) -> set[str]:
        start = self.get_documents()
        documents = {item.entry_uuid: item for item in self.world.entries if self.sees_entry(item)}
        links = [
            item
            for item in self.world.associations
            if self.sees_association(item)
            and item.association_type in self.query.values("$AssociationTypes")
            and (item.source in start or item.target in start)
            and item.source in documents
            and item.target in documents
        ]
        types = self.query.values("$XDSDocumentEntryType") or (STABLE,)
        ends = {end for item in links for end in (item.source, item.target)}
        return {item.entry_uuid for item in links} | {
            end for end in ends if documents[end].object_type in types
        }

    # ---- associations

    def touching(self, ids: set[str]) -> set[str]:
        return {
            item.entry_uuid
            for item in self.world.associations
            if self.sees_association(item) and (item.source in ids or item.target in ids)
        }

    def memberships(self) -> list[Association]:
        return [
            item
            for item in self.world.associations
            if item.association_type == AssociationType.HAS_MEMBER and self.sees_association(item)
        ]


def key(code: Code | None) -> str | None:
    """A code as a parameter names it."""
    return None if code is None else f"{code.code}^^{code.scheme}"


def earliest(time: str) -> str:
    """The first second that a time can mean."""
    return time + _EMPTY[len(time) :]


def like(pattern: str, text: str) -> bool:
    """LIKE: % is any text, _ any character, and no other character is special."""
    parts = [{"%": ".*", "_": "."}.get(character, re.escape(character)) for character in pattern]
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None
