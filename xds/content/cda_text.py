"""A text report wrapped in CDA R2: the header says what the feed knows, the body is the text (IHE RAD TF XDS-I.b).

A feed knows less of an exam than a reporting system: author, birth date, accession number and Study Instance UID may
be missing here, where `build_report` asks for them.
"""

import base64
from dataclasses import dataclass
from typing import Final

from lxml import etree

from xds.content.cda import FORMAT_SCHEME, PS3_20
from xds.content.elements import add, add_code, add_head, add_id
from xds.content.report import InstanceId, Institution, Related, ReportPatient
from xds.content.times import ts_of
from xds.model import Code, LocalizedString
from xds.xml.namespaces import CDA

TEXT_FORMAT: Final = Code(
    code="urn:ihe:rad:TEXT",
    scheme=FORMAT_SCHEME,
    display=(LocalizedString(value="CDA wrapped text report"),),
)
_GENDERS: Final = {"F": "F", "M": "M", "O": "UN"}
_GENDER_SCHEME: Final = "2.16.840.1.113883.5.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextAuthor:
    """Who read the images, as far as the feed says it."""

    family: str
    given: tuple[str, ...] = ()
    prefix: str = ""
    licence: InstanceId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TextReport:
    """One report as a feed brings it."""

    id: InstanceId
    title: str
    language_code: str
    creation_time: str  # DTM, UTC
    type_code: Code
    confidentiality_code: Code
    patient: ReportPatient
    author: TextAuthor | None
    institution: Institution
    text: str
    event_codes: tuple[Code, ...] = ()  # modality, body region
    service_start_time: str | None = None  # DTM, UTC
    service_stop_time: str | None = None  # DTM, UTC
    accession: tuple[str, str | None] | None = None  # the number, and its issuer's OID if it is told
    study_instance_uid: str | None = None
    is_signed: bool = True  # a preliminary report is not
    related: Related | None = None


def build_text_report(report: TextReport) -> bytes:
    """Build the document; the same report gives the same octets.

    The elements stand in the order of the CDA schema. Every text but the body's must be XML characters.
    """
    root = etree.Element(
        f"{{{CDA}}}ClinicalDocument",
        nsmap={None: CDA, "ps3-20": PS3_20},  # type: ignore[dict-item]  # the stubs forget the default namespace
    )
    add(root, "realmCode", code="CA")
    add_head(root, report, report.title)
    _add_patient(root, report.patient)
    _add_author(root, report)
    custodian = add(add(root, "custodian"), "assignedCustodian")
    _add_institution(add(custodian, "representedCustodianOrganization"), report.institution)
    if report.is_signed and report.author is not None:
        _add_signature(root, report.author, report.creation_time)
    if report.accession is not None:
        _add_order(root, *report.accession)
    _add_service_event(root, report)
    if report.related is not None:
        parent = add(add(root, "relatedDocument", typeCode=report.related.relation), "parentDocument")
        add_id(parent, report.related.document)
    body = add(add(root, "component"), "nonXMLBody")
    encoded = base64.b64encode(report.text.encode("utf-8")).decode("ascii")
    add(body, "text", encoded, mediaType="text/plain", representation="B64")
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8") + b"\n"


def _add_patient(root: etree._Element, patient: ReportPatient) -> None:
    role = add(add(root, "recordTarget"), "patientRole")
    for identifier in patient.ids:
        add(role, "id", root=identifier.assigning_authority, extension=identifier.id_number)
    person = add(role, "patient")
    _add_name(person, patient.family, patient.given)
    gender = _GENDERS.get(patient.sex)
    if gender is None:
        add(person, "administrativeGenderCode", nullFlavor="UNK")
    else:
        add(person, "administrativeGenderCode", code=gender, codeSystem=_GENDER_SCHEME)
    if patient.birth_date:
        add(person, "birthTime", value=ts_of(patient.birth_date))
    else:
        add(person, "birthTime", nullFlavor="UNK")


def _add_name(parent: etree._Element, family: str, given: tuple[str, ...], prefix: str = "") -> None:
    if not family and not given:
        add(parent, "name", nullFlavor="UNK")
        return
    name = add(parent, "name")
    if prefix:
        add(name, "prefix", prefix)
    for part in given:
        add(name, "given", part)
    add(name, "family", family)


def _add_institution(parent: etree._Element, institution: Institution) -> None:
    add(parent, "id", root=institution.oid)
    add(parent, "name", institution.name)


def _add_author(root: etree._Element, report: TextReport) -> None:
    author = add(root, "author")
    add(author, "time", value=ts_of(report.creation_time))
    assigned = add(author, "assignedAuthor")
    if report.author is None:
        add(assigned, "id", nullFlavor="UNK")
    else:
        _add_assigned(assigned, report.author)
    _add_institution(add(assigned, "representedOrganization"), report.institution)


def _add_signature(root: etree._Element, author: TextAuthor, time: str) -> None:
    authenticator = add(root, "legalAuthenticator")
    add(authenticator, "time", value=ts_of(time))
    add(authenticator, "signatureCode", code="S")
    _add_assigned(add(authenticator, "assignedEntity"), author)


def _add_assigned(parent: etree._Element, author: TextAuthor) -> None:
    if author.licence is None:
        add(parent, "id", nullFlavor="NI")
    else:
        add_id(parent, author.licence)
    _add_name(add(parent, "assignedPerson"), author.family, author.given, author.prefix)


def _add_order(root: etree._Element, number: str, issuer: str | None) -> None:
    if issuer is None:  # an accession number without its issuer names nothing outside of the hospital
        return
    order = add(add(root, "inFulfillmentOf"), "order")
    add(order, "id", nullFlavor="NI")
    order.append(etree.Element(f"{{{PS3_20}}}accessionNumber", {"root": issuer, "extension": number}))


def _add_service_event(root: etree._Element, report: TextReport) -> None:
    event = add(add(root, "documentationOf"), "serviceEvent", classCode="ACT")
    if report.study_instance_uid is not None:
        add(event, "id", root=report.study_instance_uid)
    code = add_code(event, "code", report.type_code)
    for translation in report.event_codes:
        add_code(code, "translation", translation)
    if report.service_start_time is not None:
        time = add(event, "effectiveTime")
        add(time, "low", value=ts_of(report.service_start_time))
        if report.service_stop_time is not None:
            add(time, "high", value=ts_of(report.service_stop_time))
