"""One submission before the rules: its objects by id, and what the registry knows of those it refers to."""

from collections.abc import Iterator, Mapping
from typing import ClassVar, Final

from xds.model import (
    RELATIONSHIPS,
    Association,
    AssociationType,
    Code,
    DocumentEntry,
    Folder,
    ObjectKind,
    PatientIdentifier,
    RegisteredObject,
    RegistryFacts,
    Submission,
    SubmissionSet,
    XdsError,
    is_symbolic,
    parse_patient_id,
)
from xds.rules.rule import Rule, RulePolicy, run
from xds.rules.values import RegistryObject, text_values

SUBMITTED: Final = ("ITI-42", "ITI-57", "ITI-92")
"""Transactions whose messages bring objects with all their metadata: what holds for an object holds in each."""

_CODED: Final[Mapping[type, tuple[tuple[str, str], ...]]] = {
    DocumentEntry: (
        ("classCode", "class_code"),
        ("typeCode", "type_code"),
        ("formatCode", "format_code"),
        ("healthcareFacilityTypeCode", "healthcare_facility_type_code"),
        ("practiceSettingCode", "practice_setting_code"),
        ("confidentialityCode", "confidentiality_codes"),
        ("eventCodeList", "event_codes"),
    ),
    SubmissionSet: (("contentTypeCode", "content_type_code"),),
    Folder: (("codeList", "codes"),),
    Association: (("associationDocumentation", "documentation"),),
}
"""Kind of object → attribute, as `CodeSet.codes` names it, and its field."""


def object_key(object_id: str) -> str:
    """Return an id as the registry keeps it: a UUID in lower case, a symbolic id as it is (4.2.3.1.5)."""
    return object_id if is_symbolic(object_id) else object_id.lower()


class RegistrationCase:
    """What a rule of ITI-42 looks at; what several of them need is worked out once."""

    ANNOTATIONS: ClassVar[frozenset[str]] = frozenset()
    """Slots of associations that have a meaning in this transaction only."""

    __slots__ = (
        "_patient_ids",
        "associations",
        "by_key",
        "coded",
        "everything",
        "facts",
        "memberships",
        "objects",
        "policy",
        "relationships",
        "submission",
        "values",
    )

    def __init__(self, submission: Submission, facts: RegistryFacts, policy: RulePolicy) -> None:
        self.submission = submission
        self.facts = facts
        self.policy = policy
        self.objects: tuple[RegistryObject, ...] = (
            *submission.submission_sets,
            *submission.document_entries,
            *submission.folders,
        )
        self.everything = (*self.objects, *submission.associations)
        self.memberships = [
            item for item in submission.associations if item.association_type == AssociationType.HAS_MEMBER
        ]
        self.relationships = [
            item for item in submission.associations if item.association_type in RELATIONSHIPS
        ]
        self.by_key: dict[str, RegistryObject] = {object_key(item.entry_uuid): item for item in self.objects}
        self.associations: dict[str, Association] = {
            object_key(item.entry_uuid): item for item in submission.associations
        }
        self.coded = tuple(coded_attributes(self.everything))
        self.values = tuple(text_values(self.everything, self.coded))
        self._patient_ids: dict[str, PatientIdentifier | None] = {}

    def patient_identifier(self, text: str) -> PatientIdentifier | None:
        """Return the parts of a patient identifier; a submission repeats the same few of them."""
        if text not in self._patient_ids:
            self._patient_ids[text] = parse_patient_id(text)
        return self._patient_ids[text]

    def canonical(self, patient_id: str | None) -> str | None:
        """Return ``id^^^&oid&ISO`` of a patient identifier, None when it has no such form."""
        parsed = self.patient_identifier(patient_id) if patient_id else None
        return None if parsed is None else str(parsed)

    def is_submitted(self, object_id: str) -> bool:
        """Tell whether the id names an object of this submission."""
        key = object_key(object_id)
        return key in self.by_key or key in self.associations

    def submitted_entry(self, object_id: str) -> DocumentEntry | None:
        """Return the DocumentEntry of this submission with that id."""
        found = self.by_key.get(object_key(object_id))
        return found if isinstance(found, DocumentEntry) else None

    def registered(self, object_id: str) -> RegisteredObject | None:
        """Return the registered object with that id, unless the submission brings its own."""
        return None if self.is_submitted(object_id) else self.facts.objects.get(object_key(object_id))

    def kind(self, object_id: str) -> ObjectKind | None:
        """Return what the id names, in the submission or the registry; None for nothing."""
        key = object_key(object_id)
        match self.by_key.get(key):
            case DocumentEntry():
                return ObjectKind.DOCUMENT_ENTRY
            case SubmissionSet():
                return ObjectKind.SUBMISSION_SET
            case Folder():
                return ObjectKind.FOLDER
        if key in self.associations:
            return ObjectKind.ASSOCIATION
        known = self.facts.objects.get(key)
        return None if known is None else known.kind

    def knows_patient(self, patient_id: str) -> bool:
        """Tell whether the registry knows the patient id, whatever namespace id it was sent with."""
        patients = self.facts.patients
        return patient_id in patients or self.canonical(patient_id) in patients

    def is_subsumed(self, patient_id: str) -> bool:
        """Tell whether the patient id was merged into another (ITI TF-2 3.8.4.2.4)."""
        subsumed = self.facts.subsumed_patients
        return patient_id in subsumed or self.canonical(patient_id) in subsumed

    def survivor(self, patient_id: str | None) -> str | None:
        """Return the patient that an id means today, merges considered; None without the right form."""
        canonical = self.canonical(patient_id)
        if canonical is None or patient_id is None:
            return None
        patients = self.facts.patients
        return patients.get(patient_id) or patients.get(canonical, canonical)

    def patient_of(self, object_id: str) -> str | None:
        """Return the patient of an object, merges considered; None when it has none or is unknown."""
        submitted = self.by_key.get(object_key(object_id))
        if submitted is not None:
            return self.survivor(submitted.patient_id)
        known = self.registered(object_id)
        return None if known is None else self.survivor(known.patient_id)

    def folder_members(self) -> Iterator[Association]:
        """The HasMember associations from a Folder to a DocumentEntry (FD-DE, ITI TF-3 4.2.2.1.3)."""
        return (item for item in self.memberships if self.is_folder_member(item))

    def is_folder_member(self, item: Association) -> bool:
        """Tell whether an association puts a DocumentEntry into a Folder."""
        return (
            item.association_type == AssociationType.HAS_MEMBER
            and self.kind(item.source) is ObjectKind.FOLDER
            and self.kind(item.target) is ObjectKind.DOCUMENT_ENTRY
        )


def registry_objects(submission: Submission) -> Iterator[RegistryObject]:
    """The SubmissionSets, DocumentEntries and Folders of a submission."""
    yield from submission.submission_sets
    yield from submission.document_entries
    yield from submission.folders


def coded_attributes(
    everything: tuple[RegistryObject | Association, ...],
) -> Iterator[tuple[str, str, Code]]:
    """Every coded value of a submission: id of its object, attribute, code."""
    for item in everything:
        for name, field in _CODED[type(item)]:
            value = getattr(item, field)
            if isinstance(value, Code):
                yield item.entry_uuid, name, value
            elif value:
                for code in value:
                    yield item.entry_uuid, name, code


def check(
    rules: tuple[Rule[RegistrationCase], ...],
    submission: Submission,
    facts: RegistryFacts,
    policy: RulePolicy,
) -> list[XdsError]:
    """Judge a submission as it was sent, symbolic ids and all, and return every finding.

    Run it before `assign_entry_uuids`, so that locations name the sender's own ids.
    """
    return run(rules, RegistrationCase(submission, facts, policy), policy)
