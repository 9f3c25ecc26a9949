"""What the registry holds that a submission is judged by: read by the handler in one go, as a value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from xds.model.identifiers import AvailabilityStatus
from xds.model.metadata import Association, DocumentEntry, Folder


class ObjectKind(StrEnum):
    """The four kinds of registry objects, with the letter under which the store keeps them."""

    DOCUMENT_ENTRY = "D"
    SUBMISSION_SET = "S"
    FOLDER = "F"
    ASSOCIATION = "A"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredObject:
    """One registered object that the submission refers to."""

    entry_uuid: str
    kind: ObjectKind
    status: AvailabilityStatus
    patient_id: str  # the surviving id, after merges
    object_type: str | None = None  # of a DocumentEntry
    source_id: str | None = (
        None  # SubmissionSet.sourceId of the submission that brought it, where that is known
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredDocument:
    """What the registry knows of a DocumentEntry.uniqueId (ITI TF-2 3.42.4.1.3.3.1)."""

    hash: str | None  # lower-case hex
    size: int | None
    is_on_demand: bool = False  # then it names no document and has neither


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryFacts:
    """Everything the rules of ITI-42 may ask about the registry's content."""

    patients: Mapping[str, str] = field(default_factory=dict)
    """Known patient ids of the submission → the id that survives. A subsumed id is not in it."""
    subsumed_patients: frozenset[str] = frozenset()
    """Patient ids of the submission that were merged into others (ITI TF-2 3.8.4.2.4)."""
    objects: Mapping[str, RegisteredObject] = field(default_factory=dict)
    """entryUUID → the object, for every id that the submission refers to or brings along."""
    documents: Mapping[str, RegisteredDocument] = field(default_factory=dict)
    """DocumentEntry.uniqueId → hash and size, for those registered."""
    used_unique_ids: Mapping[str, frozenset[ObjectKind]] = field(default_factory=dict)
    """uniqueId → the kinds of registered objects that bear it."""
    dependents: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """entryUUID of a replaced entry → the Approved entries that transform it or are appended to it."""
    folders_of: Mapping[str, tuple[RegisteredObject, ...]] = field(default_factory=dict)
    """entryUUID of a replaced entry → the Approved Folders it is in."""
    transformations: frozenset[str] = frozenset()
    """Those of the referred entries that are themselves the source of an XFRM (ITI TF-3 4.2.2.2.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateFacts(RegistryFacts):
    """What the rules of ITI-57 and ITI-92 may ask besides; status and patient of objects are today's."""

    latest: Mapping[str, DocumentEntry | Folder] = field(default_factory=dict)
    """logicalID → its latest version, for those that the submission updates or refers to."""
    logical_ids: Mapping[str, str] = field(default_factory=dict)
    """entryUUID of a registered entry or Folder that the submission refers to → its logicalID."""
    associations: Mapping[str, Association] = field(default_factory=dict)
    """entryUUID → the registered Association, for those whose status the submission changes."""
    connections: Mapping[str, tuple[Association, ...]] = field(default_factory=dict)
    """entryUUID of a version that is superseded → the Approved Associations that its successor takes over:
    not those of SubmissionSets, nor those with a superseded version at their other end."""
    links: frozenset[tuple[str, str, str]] = frozenset()
    """associationType, source and target of the Approved Associations between ends of submitted ones."""
    shared_unique_ids: frozenset[str] = frozenset()
    """DocumentEntry.uniqueIds that more than one logical entry bears (ITI TF-2 3.42.4.1.3.3.1)."""
