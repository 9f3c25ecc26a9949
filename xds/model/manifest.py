"""An imaging manifest (DICOM Key Object Selection) as a value: what it says, and which instances it refers to.

Attributes bear the keywords of DICOM PS3.6 in snake_case; their tags stand beside them.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from xds.model.data_types import PatientIdentifier
from xds.model.metadata import Code


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferencedInstance:
    """One item of a Referenced SOP Sequence (0008,1199)."""

    sop_class_uid: str  # (0008,1150)
    sop_instance_uid: str  # (0008,1155)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferencedSeries:
    """One item of a Referenced Series Sequence (0008,1115), with where its instances are retrieved from.

    The three locators stand here, not per instance and not at the top of the object (DICOM PS3.3 C.17.2.1).
    """

    series_instance_uid: str  # (0020,000E)
    retrieve_location_uid: str | None = None  # (0040,E011): repositoryUniqueId of RAD-69
    retrieve_ae_title: str | None = None  # (0008,0054)
    retrieve_url: str | None = None  # (0008,1190): base of a DICOMweb service
    instances: tuple[ReferencedInstance, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferencedStudy:
    """One item of the Current Requested Procedure Evidence Sequence (0040,A375)."""

    study_instance_uid: str  # (0020,000D)
    series: tuple[ReferencedSeries, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A Key Object Selection document (DICOM PS3.3 A.35.4, TID 2010)."""

    sop_class_uid: str  # (0008,0016)
    sop_instance_uid: str  # (0008,0018): DocumentEntry.uniqueId
    study_instance_uid: str  # (0020,000D)
    series_instance_uid: str  # (0020,000E), the manifest's own series
    modality: str  # (0008,0060), KO
    title: Code | None  # (0040,A043); its scheme is DICOM's designator, such as DCM
    studies: tuple[ReferencedStudy, ...]  # (0040,A375)
    accession_numbers: tuple[tuple[str, str | None], ...] = ()  # with the OID of the issuer, if it is told
    order_numbers: tuple[tuple[str, str | None], ...] = ()  # placer's and filler's, likewise
    procedure_codes: tuple[Code, ...] = ()  # (0008,1032), then those of the requests
    procedure_description: str | None = None  # (0008,1030)
    modalities: tuple[str, ...] = ()  # of the images, as far as it is told; never KO
    regions: tuple[Code, ...] = ()  # of the body, as far as it is told
    patient_id: PatientIdentifier | None = None  # (0010,0020) with its issuer's OID
    unqualified_patient_id: str | None = None  # (0010,0020), where no OID of the issuer is told
    patient_name: tuple[str, str, str] = ("", "", "")  # (0010,0010): family, given, middle
    birth_date: str | None = None  # (0010,0030), YYYYMMDD
    sex: str | None = None  # (0010,0040): F, M or O
    institution: str | None = None  # (0008,0080)
    study_time: str | None = None  # (0008,0020) and (0008,0030), DTM in UTC
    creation_time: str | None = None  # (0008,0012) and (0008,0013), DTM in UTC
    transfer_syntax_uid: str = ""  # (0002,0010)

    def series(self) -> Iterator[tuple[ReferencedStudy, ReferencedSeries]]:
        """Every series, with its study."""
        for study in self.studies:
            for one in study.series:
                yield study, one

    def instances(self) -> Iterator[ReferencedInstance]:
        """Every instance."""
        for _, one in self.series():
            yield from one.instances

    @property
    def is_empty(self) -> bool:
        """Whether it refers to nothing."""
        return next(self.instances(), None) is None


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedProcedure:
    """What a local procedure code means in the domain: a row of its concept map."""

    type_code: Code
    modality: Code | None = None
    region: Code | None = None
    display: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestChanges:
    """What came and went between two manifests of a study, as SOP Instance UIDs."""

    added: frozenset[str]
    removed: frozenset[str]
    relocated: frozenset[str]  # there in both, with another series, source or address

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.relocated)


def manifest_changes(old: Manifest, new: Manifest) -> ManifestChanges:
    """Compare two manifests: an empty result means that the old one need not be replaced (RAD TF-2 4.68.4.1.2)."""
    before, after = _places(old), _places(new)
    return ManifestChanges(
        added=frozenset(after.keys() - before.keys()),
        removed=frozenset(before.keys() - after.keys()),
        relocated=frozenset(uid for uid in before.keys() & after.keys() if before[uid] != after[uid]),
    )


def _places(manifest: Manifest) -> dict[str, tuple[str | None, ...]]:
    return {
        instance.sop_instance_uid: (
            study.study_instance_uid,
            series.series_instance_uid,
            series.retrieve_location_uid,
            series.retrieve_ae_title,
            series.retrieve_url,
            instance.sop_class_uid,
        )
        for study, series in manifest.series()
        for instance in series.instances
    }
