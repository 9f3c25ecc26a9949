"""An imaging report as a value: what the builders of CDA and PDF are given."""

from dataclasses import dataclass, field

from xds.model import Code, PatientIdentifier


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceId:
    """An identifier as CDA writes it: an OID, and an extension where the OID alone does not identify."""

    root: str
    extension: str | None = None

    @property
    def unique_id(self) -> str:
        """The form of DocumentEntry.uniqueId: ``root`` or ``root^extension`` (ITI TF-3 4.2.3.2.26)."""
        return self.root if self.extension is None else f"{self.root}^{self.extension}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Practitioner:
    """Who read the images."""

    licence: InstanceId
    family: str
    given: tuple[str, ...]
    prefix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Institution:
    """Where the images were read; also the custodian of the report."""

    oid: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPatient:
    """Whom the report is about, as the institution knows the patient."""

    ids: tuple[PatientIdentifier, ...]  # the MRN first, then the health card number
    family: str
    given: tuple[str, ...]
    birth_date: str  # DTM, a day or less precise; empty where a feed does not tell it
    sex: str  # HL7 table 0001: F, M, O or U


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One headed part of the text."""

    code: Code  # LOINC
    title: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Related:
    """The earlier document and what this one does to it."""

    relation: str  # RPLC, APND or XFRM
    document: InstanceId


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One imaging report, complete: header and text."""

    id: InstanceId
    title: str
    language_code: str  # en-CA or fr-CA
    creation_time: str  # DTM to the second, UTC
    type_code: Code  # LOINC
    confidentiality_code: Code
    patient: ReportPatient
    author: Practitioner
    institution: Institution
    service_start_time: str  # DTM, UTC
    service_stop_time: str  # DTM, UTC
    accession: PatientIdentifier  # accession number and its issuer's OID
    study_instance_uid: str
    event_codes: tuple[Code, ...]  # modality, body region
    sections: tuple[Section, ...]
    is_signed: bool = True  # a preliminary report is not
    related: tuple[Related, ...] = field(default=())
