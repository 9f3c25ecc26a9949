"""PID of an ORU message: whom the report is about."""

from collections.abc import Mapping
from dataclasses import dataclass

from xds.content import ReportPatient, dtm_of, pid_5
from xds.hl7v2 import Segment
from xds.model import PatientIdentifier
from xds.source.fields import patient_identifier, plain, said
from xds.source.findings import Finding

_SEXES = frozenset("FMOU")


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientSaid:
    """What PID says."""

    patient_id: PatientIdentifier  # of the affinity domain
    source_id: PatientIdentifier  # as the hospital knows the patient
    patient: ReportPatient

    @property
    def info(self) -> tuple[str, ...]:
        """The values of sourcePatientInfo (ITI TF-3 4.2.3.2.23)."""
        patient = self.patient
        lines = [f"PID-3|{item}" for item in patient.ids]
        if patient.family or patient.given:
            lines.append(pid_5(patient.family, patient.given))
        if patient.birth_date:
            lines.append(f"PID-7|{patient.birth_date}")
        return (*lines, f"PID-8|{patient.sex}")


def read_patient(
    segment: Segment, authority: str, known: Mapping[str, str], findings: list[Finding]
) -> PatientSaid | None:
    """Read PID; None, with an error among the findings, without a patient id of the affinity domain."""
    values = segment.values(3)
    pairs = [(value, patient_identifier(value, known)) for value in values]
    ids = list(dict.fromkeys(found for _, found in pairs if found is not None))
    domain = next((item for item in ids if item.assigning_authority == authority), None)
    records = [found for value, found in pairs if value.component(5).text.upper() == "MR"]
    if len(records) > 1:
        findings.append(
            Finding(
                place="PID-3",
                what=f"{len(records)} medical record numbers (MR) are there",
                remedy="send exactly one; the first is taken",
            )
        )
    if any(found is None for _, found in pairs):
        findings.append(
            Finding(
                place="PID-3",
                what="an identifier names no assigning authority that is known here and is left out",
                remedy="send id^^^&OID&ISO, or name the authority under [authorities] of the settings",
            )
        )
    if domain is None:
        findings.append(
            Finding(
                place="PID-3",
                what="no identifier is of the affinity domain",
                remedy=f"send one as id^^^&{authority}&ISO, or name its authority under [authorities]",
                is_error=True,
                code=204,
            )
        )
        return None
    local = [item for item in ids if item is not domain]
    source = next((item for item in records if item is not None), None) or next(iter(local), domain)
    others = [item for item in local if item != source]
    return PatientSaid(
        patient_id=domain,
        source_id=source,
        patient=_person(segment, (source, *others), findings),
    )


def _person(segment: Segment, ids: tuple[PatientIdentifier, ...], findings: list[Finding]) -> ReportPatient:
    family, given = said(segment, 5), [said(segment, 5, number) for number in (2, 3)]
    if not family:
        findings.append(
            Finding(place="PID-5", what="the patient has no family name", remedy="send Family^Given")
        )
    return ReportPatient(
        ids=ids,
        family=family,
        given=tuple(part for part in given if part),
        birth_date=_birth_date(segment, findings),
        sex=_sex(segment),
    )


def _birth_date(segment: Segment, findings: list[Finding]) -> str:
    text = plain(segment.text(7))
    day = dtm_of(text[:8]) if text else None
    if text and day is None:
        findings.append(
            Finding(
                place="PID-7",
                what="the birth date is not a day and is left out",
                remedy="send YYYYMMDD",
                code=102,
            )
        )
    return day or ""


def _sex(segment: Segment) -> str:
    sex = said(segment, 8).upper()
    return sex if sex in _SEXES else "U"
