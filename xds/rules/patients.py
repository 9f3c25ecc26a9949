"""Rules of ITI-42 on patients: known, one per submission, the same at both ends (3.42.4.1.3.3.2, .5)."""

from collections.abc import Iterator
from typing import Final

from xds.model import (
    REPLACEMENTS,
    PatientIdDoesNotMatch,
    UnknownPatientId,
)
from xds.rules.case import SUBMITTED, RegistrationCase, object_key
from xds.rules.rule import Found, RuleBook
from xds.rules.values import RegistryObject

BOOK: Final[RuleBook[RegistrationCase]] = RuleBook("ITI TF-2 3.42.4.1.3.3.2", ("ITI-42",))


@BOOK.rule(
    "42-same-patient",
    error=PatientIdDoesNotMatch,
    title="Every object of a submission has the same patientId.",
    remedy="Send one submission per patient",
    essential=True,
)
def same_patient(case: RegistrationCase) -> Iterator[Found]:
    """Compared with the first, the SubmissionSet: id and OID only, a namespace id does not count."""
    first: RegistryObject | None = None
    wanted: str | None = None
    for item in case.objects:
        mine = case.canonical(item.patient_id)
        if first is None or wanted is None:
            first, wanted = item, mine
        elif mine is not None and mine != wanted:
            yield (
                f"{item.entry_uuid} patientId",
                f"{item.patient_id} in {item.entry_uuid}, but {first.patient_id} in {first.entry_uuid}",
            )


@BOOK.rule(
    "42-known-patient",
    transactions=SUBMITTED,
    error=UnknownPatientId,
    title="The patient is known to the registry from the identity feed.",
    remedy="Send an id that the domain's patient identity source has announced and not merged into another",
    essential=True,
)
def known_patient(case: RegistrationCase) -> Iterator[Found]:
    """Each id once. In Lite any id of the right form is taken, of the domain's authority if it names one."""
    seen: set[str] = set()
    authority = case.policy.patient_authority
    for item in case.objects:
        patient_id = item.patient_id or ""
        parsed = case.patient_identifier(patient_id)
        if parsed is None or str(parsed) in seen:
            continue
        seen.add(str(parsed))
        where = f"{item.entry_uuid} patientId"
        if authority is not None and parsed.assigning_authority != authority:
            yield where, f"{patient_id} is not of this domain's assigning authority {authority}"
        elif case.is_subsumed(patient_id):
            yield where, f"{patient_id} was merged into another id"
        elif case.policy.unknown_patients == "refuse" and not case.knows_patient(patient_id):
            yield where, f"{patient_id} is not known here"


@BOOK.rule(
    "42-folder-patient",
    error=PatientIdDoesNotMatch,
    section="ITI TF-2 3.42.4.1.3.3.2",
    title="A document and the Folder it enters have the same patient.",
    remedy="Put the document into a Folder of its own patient",
    essential=True,
)
def folder_patient(case: RegistrationCase) -> Iterator[Found]:
    """Where both are new, `same_patient` has said it."""
    for item in case.folder_members():
        if case.is_submitted(item.source) and case.is_submitted(item.target):
            continue
        folder, entry = case.patient_of(item.source), case.patient_of(item.target)
        if folder is not None and entry is not None and folder != entry:
            yield (
                f"{item.entry_uuid} HasMember",
                f"{entry} in the document, but another patient in the Folder {item.source}",
            )


@BOOK.rule(
    "42-relationship-patient",
    error=PatientIdDoesNotMatch,
    section="ITI TF-2 3.42.4.1.3.5",
    title="Both documents of a relationship have the same patient.",
    remedy="Relate documents of one patient only",
    essential=True,
)
def relationship_patient(case: RegistrationCase) -> Iterator[Found]:
    """Merges considered. The registered document's patient is not told."""
    for item in case.relationships:
        if case.registered(item.target) is None:
            continue
        source, target = case.patient_of(item.source), case.patient_of(item.target)
        if source is not None and target is not None and source != target:
            yield (
                f"{item.entry_uuid} targetObject",
                f"{source} in the new document, but another patient in the target {item.target}",
            )


@BOOK.rule(
    "42-replacement-folder-patient",
    error=PatientIdDoesNotMatch,
    section="ITI TF-2 3.42.4.1.3.5",
    title="A replacement has the patient of the Folders that the replaced document is in.",
    remedy="Send the replacement with the patient of the Folder",
    essential=True,
)
def replacement_folder_patient(case: RegistrationCase) -> Iterator[Found]:
    """The registry puts the replacement into those Folders, merges considered."""
    for item in case.relationships:
        if item.association_type not in REPLACEMENTS or (patient := case.patient_of(item.source)) is None:
            continue
        for folder in case.facts.folders_of.get(object_key(item.target), ()):
            if case.survivor(folder.patient_id) not in (None, patient):
                yield (
                    f"{item.entry_uuid} sourceObject",
                    f"{patient} in the replacement, but another patient in the Folder {folder.entry_uuid}",
                )
