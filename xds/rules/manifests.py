"""Rules of RAD-68: imaging manifests against their entries (IHE RAD TF-2 4.68, TF-3 4.68.4.1.2; DICOM PS3.3 A.35.4).

RAD-68 is ITI-41 with images' manifests in it, so that these stand beside the rules of ITI-41. Sources in the field
leave out much that harms nobody: only what makes a manifest useless, or lets it be mistaken for another, is an error.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from xds.model import (
    DocumentEntry,
    InvalidDocumentContent,
    Manifest,
    ReferenceIdType,
    RepositoryMetadataError,
    Submission,
    XdsError,
)
from xds.rules.ontario import KEY_OBJECT_SELECTION
from xds.rules.rule import Found, Rule, RuleBook, RulePolicy, run
from xds.rules.wording import quoted

TITLES: Final = frozenset({("113030", "DCM"), ("113031", "DCM"), ("MADOTEMP001", "99IHE")})
"""Manifest and Signed Manifest (DICOM CID 7010), Manifest with Description (IHE RAD MADO 1.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableManifest:
    """Why a document that is said to be a manifest cannot be read."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestCase:
    """A submission and what was read of its DICOM documents, by the entry's id."""

    submission: Submission
    documents: Mapping[str, Manifest | UnreadableManifest]

    def manifests(self) -> Iterator[tuple[DocumentEntry, Manifest]]:
        """The entries whose document is a Key Object Selection."""
        for entry in self.submission.document_entries:
            found = self.documents.get(entry.entry_uuid)
            if isinstance(found, Manifest) and found.sop_class_uid == KEY_OBJECT_SELECTION:
                yield entry, found


BOOK: Final[RuleBook[ManifestCase]] = RuleBook("IHE RAD TF-3 4.68.4.1.2", ("RAD-68",))


def says_manifest(entry: DocumentEntry) -> bool:
    """Tell whether formatCode calls a document a Key Object Selection."""
    return entry.format_code is not None and entry.format_code.code == KEY_OBJECT_SELECTION


@BOOK.rule(
    "68-readable",
    error=InvalidDocumentContent,
    section="DICOM PS3.10 7",
    title="A manifest is a DICOM Part 10 file.",
    remedy="Send the file as it is on disk: preamble, DICM, meta information, dataset",
)
def readable(case: ManifestCase) -> Iterator[Found]:
    """The context begins with the uniqueId. Under another formatCode any DICOM object may come, even a broken one."""
    for entry in case.submission.document_entries:
        found = case.documents.get(entry.entry_uuid)
        if isinstance(found, UnreadableManifest) and says_manifest(entry):
            yield f"{entry.entry_uuid} Document", f"{entry.unique_id}: {found.reason}"


@BOOK.rule(
    "68-sop-class",
    error=InvalidDocumentContent,
    section="DICOM PS3.3 A.35.4",
    title="A document with the formatCode of a manifest is a Key Object Selection.",
    remedy=f"Send an object of SOP class {KEY_OBJECT_SELECTION}, or the formatCode of what it is",
)
def sop_class(case: ManifestCase) -> Iterator[Found]:
    """An image among them would be stored where images are not kept."""
    for entry in case.submission.document_entries:
        found = case.documents.get(entry.entry_uuid)
        if (
            isinstance(found, Manifest)
            and says_manifest(entry)
            and found.sop_class_uid != KEY_OBJECT_SELECTION
        ):
            yield (
                f"{entry.entry_uuid} formatCode",
                f"{entry.unique_id}: the SOP class is {quoted(found.sop_class_uid)}",
            )


@BOOK.rule(
    "68-unique-id",
    error=RepositoryMetadataError,
    title="uniqueId is the SOP Instance UID of the manifest.",
    remedy="Send the SOP Instance UID (0008,0018) as uniqueId",
)
def unique_id(case: ManifestCase) -> Iterator[Found]:
    """Under another one a viewer that follows a reference to the object would not find it."""
    for entry, manifest in case.manifests():
        if entry.unique_id and manifest.sop_instance_uid != entry.unique_id:
            yield (
                f"{entry.entry_uuid} uniqueId",
                f"{entry.unique_id} is not the SOP Instance UID, which is {quoted(manifest.sop_instance_uid)}",
            )


@BOOK.rule(
    "68-evidence",
    error=InvalidDocumentContent,
    section="DICOM PS3.3 C.17.2.1",
    title="A manifest refers to at least one instance, each with study, series, class and instance UID.",
    remedy="Send the Current Requested Procedure Evidence Sequence (0040,A375) with every instance that is shared",
)
def evidence(case: ManifestCase) -> Iterator[Found]:
    """Nothing could be retrieved by it."""
    for entry, manifest in case.manifests():
        if manifest.is_empty:
            yield f"{entry.entry_uuid} Document", f"{entry.unique_id}: no instance is referred to"
        elif (missing := _incomplete(manifest)) is not None:
            yield f"{entry.entry_uuid} Document", f"{entry.unique_id}: a reference has no {missing}"


def _incomplete(manifest: Manifest) -> str | None:
    for study, series in manifest.series():
        if not study.study_instance_uid:
            return "Study Instance UID"
        if not series.series_instance_uid:
            return "Series Instance UID"
        for instance in series.instances:
            if not instance.sop_instance_uid or not instance.sop_class_uid:
                return "SOP Class or Instance UID"
    return None


@BOOK.rule(
    "68-location",
    error=InvalidDocumentContent,
    section="IHE RAD TF-2 4.68.4.1.2",
    title="Each series has a Retrieve Location UID.",
    remedy="Send the OID of the Imaging Document Source as (0040,E011), in each Referenced Series item",
    default_level="warning",
)
def location(case: ManifestCase) -> Iterator[Found]:
    """RAD-69 asks for images by it; a manifest without one is for RAD-55 or RAD-107 only."""
    for entry, manifest in case.manifests():
        without = [one for _, one in manifest.series() if not one.retrieve_location_uid]
        if without:
            yield (
                f"{entry.entry_uuid} Document",
                f"{entry.unique_id}: {len(without)} series without Retrieve Location UID",
            )


@BOOK.rule(
    "68-ae-title",
    error=InvalidDocumentContent,
    section="IHE RAD TF-2 4.68.4.1.2",
    title="Each series has a Retrieve AE Title.",
    remedy="Send (0008,0054) in each Referenced Series item",
    strict_only=True,
    default_level="warning",
)
def ae_title(case: ManifestCase) -> Iterator[Found]:
    """Any value: it is looked up by consumers that know the source by it."""
    for entry, manifest in case.manifests():
        without = [one for _, one in manifest.series() if not one.retrieve_ae_title]
        if without:
            yield (
                f"{entry.entry_uuid} Document",
                f"{entry.unique_id}: {len(without)} series without Retrieve AE Title",
            )


@BOOK.rule(
    "68-title",
    error=InvalidDocumentContent,
    section="DICOM PS3.16 CID 7010",
    title="The title is Manifest.",
    remedy="Send (113030, DCM) as Concept Name Code (0040,A043); a rejection note is not shared",
    default_level="warning",
)
def title(case: ManifestCase) -> Iterator[Found]:
    """Manifest, Signed Manifest, or MADO's; other Key Object Selections are notes about images."""
    for entry, manifest in case.manifests():
        if manifest.title is None:
            yield f"{entry.entry_uuid} Document", f"{entry.unique_id}: the document has no title"
        elif manifest.title.key not in TITLES:
            code = f"({manifest.title.code}, {manifest.title.scheme})"
            yield f"{entry.entry_uuid} Document", f"{entry.unique_id}: the title is {quoted(code)}"


@BOOK.rule(
    "68-modality",
    error=InvalidDocumentContent,
    section="DICOM PS3.3 C.17.6.1",
    title="The Modality of a manifest is KO.",
    remedy="Send KO in (0008,0060)",
    default_level="warning",
)
def modality(case: ManifestCase) -> Iterator[Found]:
    """That of its images stands in eventCodeList."""
    for entry, manifest in case.manifests():
        if manifest.modality != "KO":
            yield (
                f"{entry.entry_uuid} Document",
                f"{entry.unique_id}: Modality is {quoted(manifest.modality)}",
            )


@BOOK.rule(
    "68-own-series",
    error=InvalidDocumentContent,
    section="DICOM PS3.3 C.17.6.1",
    title="A manifest stands in a series of its own and does not list itself.",
    remedy="Give the manifest a new Series Instance UID, and leave it out of its list",
    default_level="warning",
)
def own_series(case: ManifestCase) -> Iterator[Found]:
    """Archives refuse objects of several modalities in one series."""
    for entry, manifest in case.manifests():
        listed = {one.series_instance_uid for _, one in manifest.series()}
        itself = any(one.sop_instance_uid == manifest.sop_instance_uid for one in manifest.instances())
        if manifest.series_instance_uid in listed or itself:
            what = "lists itself" if itself else "has the Series Instance UID of one that it lists"
            yield f"{entry.entry_uuid} Document", f"{entry.unique_id}: the manifest {what}"


@BOOK.rule(
    "68-own-study",
    error=InvalidDocumentContent,
    section="IHE RAD TF-3 4.68.4.1.2",
    title="A manifest lists the study that it belongs to, and no other.",
    remedy="Send one manifest for each study, with that study's Study Instance UID",
    default_level="warning",
)
def own_study(case: ManifestCase) -> Iterator[Found]:
    """Several studies in one manifest are allowed by DICOM and avoided in practice."""
    for entry, manifest in case.manifests():
        listed = {study.study_instance_uid for study in manifest.studies if study.study_instance_uid}
        if not listed or listed == {manifest.study_instance_uid}:
            continue
        if manifest.study_instance_uid not in listed:
            what = "its own study is not listed"
        else:
            what = f"{len(listed)} studies are listed"
        yield f"{entry.entry_uuid} Document", f"{entry.unique_id}: {what}"


@BOOK.rule(
    "68-instance-twice",
    error=InvalidDocumentContent,
    section="DICOM PS3.3 C.17.2.1",
    title="An instance is listed once.",
    remedy="List each instance once, in its own series",
    default_level="warning",
)
def instance_twice(case: ManifestCase) -> Iterator[Found]:
    """In which series it is retrieved could not be told."""
    for entry, manifest in case.manifests():
        uids = [one.sop_instance_uid for one in manifest.instances() if one.sop_instance_uid]
        count = len(uids) - len(set(uids))
        if count:
            yield f"{entry.entry_uuid} Document", f"{entry.unique_id}: {count} instances are listed twice"


@BOOK.rule(
    "68-event-codes",
    error=RepositoryMetadataError,
    title="eventCodeList has the modalities of the images, and not KO.",
    remedy="Send each acquisition modality of the study; the manifest's own Modality is none",
    default_level="warning",
)
def event_codes(case: ManifestCase) -> Iterator[Found]:
    """As far as the manifest tells which they are; a viewer looks for exams by them."""
    for entry, manifest in case.manifests():
        sent = {code.code for code in entry.event_codes}
        if "KO" in sent:
            yield f"{entry.entry_uuid} eventCodeList", "KO is not the modality of an image"
        if missing := [name for name in manifest.modalities if name not in sent]:
            yield f"{entry.entry_uuid} eventCodeList", f"{', '.join(missing)} is missing"


@BOOK.rule(
    "68-reference-ids",
    error=RepositoryMetadataError,
    section="ITI TF-3 4.2.3.2.28",
    title="referenceIdList has the accession numbers and the Study Instance UIDs of the manifest.",
    remedy="Send them as they stand in the manifest; the report of the exam is found by them",
    default_level="warning",
)
def reference_ids(case: ManifestCase) -> Iterator[Found]:
    """Compared by value and type, not by issuer. No number is repeated in the answer."""
    for entry, manifest in case.manifests():
        sent = {(parts[0], parts[4]) for parts in map(_components, entry.reference_ids)}
        studies = {study.study_instance_uid for study in manifest.studies if study.study_instance_uid}
        if any((uid, ReferenceIdType.STUDY_INSTANCE_UID.value) not in sent for uid in studies):
            yield f"{entry.entry_uuid} referenceIdList", "The Study Instance UID of the manifest is missing"
        if any(
            (number, ReferenceIdType.ACCESSION.value) not in sent for number, _ in manifest.accession_numbers
        ):
            yield f"{entry.entry_uuid} referenceIdList", "The accession number of the manifest is missing"


def _components(value: str) -> tuple[str, ...]:
    return (*value.split("^"), "", "", "", "", "")[:5]


MANIFESTS: Final[tuple[Rule[ManifestCase], ...]] = BOOK.rules


def check_manifests(
    submission: Submission, documents: Mapping[str, Manifest | UnreadableManifest], policy: RulePolicy
) -> list[XdsError]:
    """Judge the manifests of a submission and return every finding.

    Parameters
    ----------
    documents
        Entry's id → what was read of its document, for those that are DICOM.
    """
    if not documents:
        return []
    return run(MANIFESTS, ManifestCase(submission=submission, documents=documents), policy)
