"""A patient's current imaging summary as CDA R2: which reports there are, with their dates, authors and ids.

It says nothing that the metadata of the reports does not say, and so needs none of them opened.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from lxml import etree

from xds.content.cda import FORMAT_SCHEME
from xds.content.elements import add, add_code, add_head, add_id
from xds.content.report import InstanceId
from xds.content.times import ts_of
from xds.model import Code, LocalizedString, PatientIdentifier
from xds.xml.namespaces import CDA

SUMMARY_FORMAT: Final = Code(
    code="urn:oid:2.999.60.1",  # ours: no profile defines one
    scheme=FORMAT_SCHEME,
    display=(LocalizedString(value="Current imaging summary"),),
)
"""formatCode of the On-Demand entries that promise this document, and of their snapshots."""
SOFTWARE: Final = "xds imaging summary"

_LOINC: Final = "2.16.840.1.113883.6.1"
_GENDER_SCHEME: Final = "2.16.840.1.113883.5.1"
_GENDER_OF_SEX: Final = {"F": "F", "M": "M", "O": "UN"}
_SECTION_CODE: Final = Code(
    code="18726-0", scheme=_LOINC, display=(LocalizedString(value="Radiology studies (set)"),)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """The document's own words in one language."""

    title: str
    section: str
    columns: tuple[str, ...]
    none: str
    one: str
    count: str
    caption: str


_ENGLISH: Final = _Words(
    title="Current imaging summary",
    section="Imaging reports",
    columns=("Date", "Report", "Examination", "Author", "Institution", "Document"),
    none="No imaging report of this patient is registered.",
    one="One imaging report is registered and current.",
    count="{count} imaging reports are registered and current, the newest first.",
    caption="Times are in UTC.",
)
_FRENCH: Final = _Words(
    title="Sommaire d'imagerie à jour",
    section="Comptes rendus d'imagerie",
    columns=("Date", "Compte rendu", "Examen", "Auteur", "Établissement", "Document"),
    none="Aucun compte rendu d'imagerie de ce patient n'est enregistré.",
    one="Un compte rendu d'imagerie est enregistré et en vigueur.",
    count="{count} comptes rendus d'imagerie sont enregistrés et en vigueur, le plus récent d'abord.",
    caption="Les heures sont en UTC.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryPatient:
    """Whom it is about, as far as the reports' metadata tells."""

    id: PatientIdentifier  # of the affinity domain
    family: str = ""
    given: tuple[str, ...] = ()
    birth_date: str = ""  # DTM
    sex: str = ""  # HL7 table 0001


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryLine:
    """One report."""

    document: InstanceId
    time: str  # DTM, UTC: when the examination began, else when the report was written
    title: str
    type_code: Code | None
    examination: str  # modality and body region, as their codes are displayed
    author: str
    institution: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagingSummary:
    """Everything that the document says."""

    id: InstanceId
    creation_time: str  # DTM to the second, UTC
    language_code: str
    type_code: Code
    confidentiality_code: Code
    patient: SummaryPatient
    custodian_oid: str
    lines: Sequence[SummaryLine]  # in their order


def build_imaging_summary(summary: ImagingSummary) -> bytes:
    """Build the CDA document; the same summary gives the same octets.

    The elements of the header stand in the order of the CDA schema. Text must be XML characters.
    """
    words = _FRENCH if summary.language_code.lower().startswith("fr") else _ENGLISH
    root = etree.Element(f"{{{CDA}}}ClinicalDocument", nsmap={None: CDA})  # type: ignore[dict-item]
    add_head(root, summary, words.title)
    _add_patient(root, summary.patient)
    _add_author(root, summary)
    custodian = add(add(root, "custodian"), "assignedCustodian")
    add(add(custodian, "representedCustodianOrganization"), "id", root=summary.custodian_oid)
    body = add(add(root, "component"), "structuredBody")
    _add_reports(add(add(body, "component"), "section"), summary, words)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8") + b"\n"


def _add_patient(root: etree._Element, patient: SummaryPatient) -> None:
    role = add(add(root, "recordTarget"), "patientRole")
    add(role, "id", root=patient.id.assigning_authority, extension=patient.id.id_number)
    if not patient.family and not patient.given:
        return  # nothing is known but the id, which is all that CDA asks for
    person = add(role, "patient")
    name = add(person, "name")
    for part in patient.given:
        add(name, "given", part)
    if patient.family:
        add(name, "family", patient.family)
    gender = _GENDER_OF_SEX.get(patient.sex)
    if gender is None:
        add(person, "administrativeGenderCode", nullFlavor="UNK")
    else:
        add(person, "administrativeGenderCode", code=gender, codeSystem=_GENDER_SCHEME)
    if patient.birth_date:
        add(person, "birthTime", value=ts_of(patient.birth_date))


def _add_author(root: etree._Element, summary: ImagingSummary) -> None:
    """A device wrote it: the software that asked the registry."""
    author = add(root, "author")
    add(author, "time", value=ts_of(summary.creation_time))
    assigned = add(author, "assignedAuthor")
    add(assigned, "id", root=summary.custodian_oid)
    add(add(assigned, "assignedAuthoringDevice"), "softwareName", SOFTWARE)


def _add_reports(section: etree._Element, summary: ImagingSummary, words: _Words) -> None:
    add_code(section, "code", _SECTION_CODE)
    add(section, "title", words.section)
    text = add(section, "text")
    count = len(summary.lines)
    if not count:
        add(text, "paragraph", words.none)
        return
    told = words.one if count == 1 else words.count.format(count=count)
    add(text, "paragraph", told)
    table = add(text, "table")
    add(table, "caption", words.caption)
    head = add(add(table, "thead"), "tr")
    for column in words.columns:
        add(head, "th", column)
    rows = add(table, "tbody")
    for line in summary.lines:
        row = add(rows, "tr")
        kind = line.type_code.display[0].value if line.type_code and line.type_code.display else ""
        for cell in (
            _shown(line.time), line.title or kind, line.examination, line.author, line.institution,
            line.document.unique_id,
        ):  # fmt: skip
            add(row, "td", cell)
    for line in summary.lines:
        _add_entry(section, line)


def _add_entry(section: etree._Element, line: SummaryLine) -> None:
    """The report for machines: an act that refers to its document."""
    act = add(add(section, "entry", typeCode="DRIV"), "act", classCode="ACT", moodCode="EVN")
    if line.type_code is None:
        add(act, "code", nullFlavor="UNK")
    else:
        add_code(act, "code", line.type_code)
    if line.time:
        add(act, "effectiveTime", value=ts_of(line.time))
    reference = add(act, "reference", typeCode="REFR")
    add_id(add(reference, "externalDocument", classCode="DOC", moodCode="EVN"), line.document)


def _shown(dtm: str) -> str:
    """A DTM as people read it.

    >>> _shown("20240311140500"), _shown("202403"), _shown("")
    ('2024-03-11 14:05', '2024-03', '')
    """
    day = "-".join(part for part in (dtm[:4], dtm[4:6], dtm[6:8]) if part)
    clock = ":".join(part for part in (dtm[8:10], dtm[10:12]) if part)
    return f"{day} {clock}".strip()
