"""CDA R2 imaging reports: read the header into facts, build a report (HL7 CDA R2, ITI TF-3 4.2.3.2).

The header carries what a pan-Canadian header does: both patient identifiers, the radiologist's licence,
the custodian, the language. The accession number stands where DICOM PS3.20 puts it, in the order.
"""

from collections.abc import Iterator
from datetime import UTC, tzinfo
from typing import Final

from lxml import etree

from xds.content.elements import add, add_code, add_head, add_id
from xds.content.facts import DocumentFacts, RelatedDocument, UnreadableDocument
from xds.content.hl7 import escape, pid_5, xcn, xon
from xds.content.report import InstanceId, Institution, Practitioner, Report, Section
from xds.content.times import dtm_of, ts_of
from xds.model import Author, Code, LocalizedString, PatientIdentifier, ReferenceIdType
from xds.xml import MalformedXml, parse
from xds.xml.namespaces import CDA

PS3_20: Final = "urn:dicom-org:ps3-20"
"""Namespace of the accession number in an order (DICOM PS3.20 5.1)."""
TEXT_XML: Final = "text/xml"

FORMAT_SCHEME: Final = "1.3.6.1.4.1.19376.1.2.3"
STRUCTURED_FORMAT: Final = "urn:ihe:rad:CDA:ImagingReportStructuredHeadings:2013"
_BODY_FORMATS = {
    "text/plain": ("urn:ihe:rad:TEXT", "CDA wrapped text report"),
    "application/pdf": ("urn:ihe:iti:xds-sd:pdf:2008", "Scanned document, PDF"),
}
_GENDER_SCHEME = "2.16.840.1.113883.5.1"
_GENDER_OF_SEX = {"F": "F", "M": "M", "O": "UN"}
_SEX_OF_GENDER = {gender: sex for sex, gender in _GENDER_OF_SEX.items()}
_ACTIVE_RELATIONS = frozenset({"RPLC", "APND", "XFRM"})
_NAMESPACES = {"c": CDA, "ps": PS3_20}


def read_cda(data: bytes, *, zone: tzinfo = UTC) -> DocumentFacts:
    """Read the header of a CDA document.

    Parameters
    ----------
    data
        The document.
    zone
        The zone of the source, for times that carry no offset.

    Raises
    ------
    UnreadableDocument
        Not well-formed XML, a DOCTYPE, beyond the parser's limits, or not a ClinicalDocument.
    """
    try:
        root = parse(data)
    except MalformedXml as error:
        raise UnreadableDocument(f"the document is not readable as CDA: {error}") from None
    if root.tag != f"{{{CDA}}}ClinicalDocument":
        raise UnreadableDocument(
            f"the document is XML but not a CDA: its root is {root.tag}, expected ClinicalDocument in {CDA}"
        )
    return _Header(root, zone).facts()


class _Header:
    """The header of one document under reading; collects what cannot be read."""

    def __init__(self, root: etree._Element, zone: tzinfo) -> None:
        self._root = root
        self._zone = zone
        self._problems: list[str] = []

    def facts(self) -> DocumentFacts:
        root = self._root
        unique_id = _instance_id(_first(root, "c:id"))
        if unique_id is None:
            self._problems.append("ClinicalDocument/id has no root: the document does not say its uniqueId")
        start, stop = self._service_times()
        patient = _first(root, "c:recordTarget/c:patientRole")
        # Evaluated before the constructor, so that every problem is in the list when it is copied.
        creation_time = self._time(_first(root, "c:effectiveTime"))
        info = tuple(self._patient_info(patient)) if patient is not None else ()
        return DocumentFacts(
            mime_type=TEXT_XML,
            format_code=_format_code(root),
            title=_text(_first(root, "c:title")),
            language_code=_attribute(_first(root, "c:languageCode"), "code"),
            creation_time=creation_time,
            unique_id=unique_id.unique_id if unique_id else None,
            type_code=_code(_first(root, "c:code")),
            confidentiality_code=_code(_first(root, "c:confidentialityCode")),
            event_codes=_event_codes(root),
            patient_ids=_patient_ids(patient) if patient is not None else (),
            source_patient_info=info,
            authors=tuple(_authors(root)),
            legal_authenticator=_person(_first(root, "c:legalAuthenticator/c:assignedEntity")),
            custodian=_organization(
                _first(root, "c:custodian/c:assignedCustodian/c:representedCustodianOrganization")
            ),
            service_start_time=start,
            service_stop_time=stop,
            reference_ids=tuple(_reference_ids(root)),
            related_documents=tuple(_related(root)),
            problems=tuple(self._problems),
        )

    def _time(self, element: etree._Element | None) -> str | None:
        text = _attribute(element, "value")
        if element is None or text is None:
            return None
        moment = dtm_of(text, self._zone)
        if moment is None:
            where = etree.QName(element).localname
            self._problems.append(f"{where}/@value is {text!r}, expected YYYYMMDDhhmmss and an offset ±hhmm")
        return moment

    def _service_times(self) -> tuple[str | None, str | None]:
        time = _first(self._root, "c:documentationOf/c:serviceEvent/c:effectiveTime")
        if time is None:
            return (None, None)
        moment = self._time(time)  # a point in time: start is stop (ITI TF-3 4.2.3.2.20)
        return (self._time(_first(time, "c:low")) or moment, self._time(_first(time, "c:high")) or moment)

    def _patient_info(self, role: etree._Element) -> Iterator[str]:
        for identifier in _patient_ids(role):
            yield f"PID-3|{identifier}"
        family, given, _ = _name(_first(role, "c:patient/c:name"))
        if family or given:
            yield pid_5(family, given)
        birth = self._time(_first(role, "c:patient/c:birthTime"))
        if birth:
            yield f"PID-7|{birth}"
        gender = _first(role, "c:patient/c:administrativeGenderCode")
        if gender is not None:
            yield f"PID-8|{_SEX_OF_GENDER.get(gender.get('code', ''), 'U')}"


def _first(element: etree._Element, path: str) -> etree._Element | None:
    return element.find(path, _NAMESPACES)


def _attribute(element: etree._Element | None, name: str) -> str | None:
    return (element.get(name) or None) if element is not None else None


def _text(element: etree._Element | None) -> str | None:
    if element is None:
        return None
    return " ".join("".join(str(part) for part in element.itertext()).split()) or None


def _instance_id(element: etree._Element | None) -> InstanceId | None:
    root = _attribute(element, "root")
    return InstanceId(root=root, extension=_attribute(element, "extension")) if root else None


def _code(element: etree._Element | None) -> Code | None:
    code, scheme = _attribute(element, "code"), _attribute(element, "codeSystem")
    if code is None or scheme is None:
        return None
    display = _attribute(element, "displayName")
    return Code(code=code, scheme=scheme, display=(LocalizedString(value=display),) if display else ())


def _patient_ids(role: etree._Element) -> tuple[PatientIdentifier, ...]:
    found = (_instance_id(element) for element in role.iterfind("c:id", _NAMESPACES))
    return tuple(PatientIdentifier(escape(one.extension), one.root) for one in found if one and one.extension)


def _name(element: etree._Element | None) -> tuple[str, tuple[str, ...], str]:
    """Family name, given names, prefix; a name without parts counts as the family name."""
    if element is None:
        return ("", (), "")
    family = _text(_first(element, "c:family")) or ""
    given = tuple(text for part in element.iterfind("c:given", _NAMESPACES) if (text := _text(part)))
    if not family and not given:
        return (_text(element) or "", (), "")
    return (family, given, _text(_first(element, "c:prefix")) or "")


def _person(entity: etree._Element | None) -> str | None:
    """XCN of an assignedAuthor or assignedEntity; a device is named by its software (ITI TF-3 4.2.3.1.7)."""
    if entity is None:
        return None
    identifier = _instance_id(_first(entity, "c:id"))
    family, given, prefix = _name(_first(entity, "c:assignedPerson/c:name"))
    if not family and not given:
        family = _text(_first(entity, "c:assignedAuthoringDevice/c:softwareName")) or ""
    number, authority = "", ""
    if identifier and identifier.extension:
        number, authority = identifier.extension, identifier.root
    elif identifier:
        number = identifier.root
    person = xcn(family=family, given=given, prefix=prefix, id_number=number, authority=authority)
    return person or None


def _organization(element: etree._Element | None) -> str | None:
    if element is None:
        return None
    name = _text(_first(element, "c:name"))
    identifier = _instance_id(_first(element, "c:id"))
    if name is None:  # XON.1 is required
        return None
    if identifier is None:
        return xon(name)
    return xon(name, root=identifier.root, extension=identifier.extension or "")


def _authors(root: etree._Element) -> Iterator[Author]:
    for entity in root.iterfind("c:author/c:assignedAuthor", _NAMESPACES):
        organization = _organization(_first(entity, "c:representedOrganization"))
        person = _person(entity)
        if person or organization:
            yield Author(person=person, institutions=(organization,) if organization else ())


def _event_codes(root: etree._Element) -> tuple[Code, ...]:
    path = "c:documentationOf/c:serviceEvent/c:code/c:translation"
    return tuple(code for element in root.iterfind(path, _NAMESPACES) if (code := _code(element)))


def _reference_ids(root: etree._Element) -> Iterator[str]:
    for order in root.iterfind("c:inFulfillmentOf/c:order", _NAMESPACES):
        for path, kind in (
            ("ps:accessionNumber", ReferenceIdType.ACCESSION),
            ("c:id", ReferenceIdType.ORDER),
        ):
            identifier = _instance_id(_first(order, path))
            if identifier and identifier.extension:
                yield f"{escape(identifier.extension)}^^^&{identifier.root}&ISO^{kind}"
    for element in root.iterfind("c:documentationOf/c:serviceEvent/c:id", _NAMESPACES):
        study = _instance_id(element)
        if study and study.extension is None:
            yield f"{study.root}^^^^{ReferenceIdType.STUDY_INSTANCE_UID}"


def _related(root: etree._Element) -> Iterator[RelatedDocument]:
    for element in root.iterfind("c:relatedDocument", _NAMESPACES):
        relation, parent = element.get("typeCode", ""), _instance_id(_first(element, "c:parentDocument/c:id"))
        if parent and relation in _ACTIVE_RELATIONS:
            yield RelatedDocument(relation=relation, unique_id=parent.unique_id)


def _format_code(root: etree._Element) -> Code | None:
    if _first(root, "c:component/c:structuredBody") is not None:
        code, display = STRUCTURED_FORMAT, "CDA imaging report, structured headings"
    else:
        media = _attribute(_first(root, "c:component/c:nonXMLBody/c:text"), "mediaType") or "text/plain"
        if _first(root, "c:component/c:nonXMLBody") is None or media not in _BODY_FORMATS:
            return None
        code, display = _BODY_FORMATS[media]
    return Code(code=code, scheme=FORMAT_SCHEME, display=(LocalizedString(value=display),))


def build_report(report: Report) -> bytes:
    """Build a CDA R2 imaging report; the same report gives the same octets.

    The elements of the header stand in the order of the CDA schema. Text must be XML characters.
    """
    root = etree.Element(
        f"{{{CDA}}}ClinicalDocument",
        nsmap={None: CDA, "ps3-20": PS3_20},  # type: ignore[dict-item]  # the stubs forget the default namespace
    )
    add(root, "realmCode", code="CA")
    add_head(root, report, report.title)
    _add_patient(root, report)
    _add_author(root, report)
    custodian = add(add(root, "custodian"), "assignedCustodian")
    _add_institution(add(custodian, "representedCustodianOrganization"), report.institution)
    if report.is_signed:
        _add_signature(root, report)
    order = add(add(root, "inFulfillmentOf"), "order")
    accession = report.accession
    add(order, "id", nullFlavor="NI")  # id is required, and the placer's number is not known
    order.append(
        etree.Element(
            f"{{{PS3_20}}}accessionNumber",
            {"root": accession.assigning_authority, "extension": accession.id_number},
        )
    )
    _add_service_event(root, report)
    for related in report.related:
        parent = add(add(root, "relatedDocument", typeCode=related.relation), "parentDocument")
        add_id(parent, related.document)
    body = add(add(root, "component"), "structuredBody")
    for section in report.sections:
        _add_section(body, section)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8") + b"\n"


def _add_patient(root: etree._Element, report: Report) -> None:
    patient = report.patient
    role = add(add(root, "recordTarget"), "patientRole")
    for identifier in patient.ids:
        add(role, "id", root=identifier.assigning_authority, extension=identifier.id_number)
    person = add(role, "patient")
    _add_name(person, patient.family, patient.given)
    gender = _GENDER_OF_SEX.get(patient.sex)
    if gender is None:
        add(person, "administrativeGenderCode", nullFlavor="UNK")
    else:
        add(person, "administrativeGenderCode", code=gender, codeSystem=_GENDER_SCHEME)
    add(person, "birthTime", value=ts_of(patient.birth_date))


def _add_name(parent: etree._Element, family: str, given: tuple[str, ...], prefix: str = "") -> None:
    name = add(parent, "name")
    if prefix:
        add(name, "prefix", prefix)
    for part in given:
        add(name, "given", part)
    add(name, "family", family)


def _add_person(parent: etree._Element, person: Practitioner) -> None:
    _add_name(add(parent, "assignedPerson"), person.family, person.given, person.prefix)


def _add_institution(parent: etree._Element, institution: Institution) -> None:
    add(parent, "id", root=institution.oid)
    add(parent, "name", institution.name)


def _add_author(root: etree._Element, report: Report) -> None:
    author = add(root, "author")
    add(author, "time", value=ts_of(report.creation_time))
    assigned = add(author, "assignedAuthor")
    add_id(assigned, report.author.licence)
    _add_person(assigned, report.author)
    _add_institution(add(assigned, "representedOrganization"), report.institution)


def _add_signature(root: etree._Element, report: Report) -> None:
    authenticator = add(root, "legalAuthenticator")
    add(authenticator, "time", value=ts_of(report.creation_time))
    add(authenticator, "signatureCode", code="S")
    entity = add(authenticator, "assignedEntity")
    add_id(entity, report.author.licence)
    _add_person(entity, report.author)


def _add_service_event(root: etree._Element, report: Report) -> None:
    event = add(add(root, "documentationOf"), "serviceEvent", classCode="ACT")
    add(event, "id", root=report.study_instance_uid)
    code = add_code(event, "code", report.type_code)
    for translation in report.event_codes:
        add_code(code, "translation", translation)
    time = add(event, "effectiveTime")
    add(time, "low", value=ts_of(report.service_start_time))
    add(time, "high", value=ts_of(report.service_stop_time))


def _add_section(body: etree._Element, section: Section) -> None:
    element = add(add(body, "component"), "section")
    add_code(element, "code", section.code)
    add(element, "title", section.title)
    text = add(element, "text")
    for paragraph in section.paragraphs:
        add(text, "paragraph", paragraph)
