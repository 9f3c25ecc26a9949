"""The profile `ontario`: what Ontario's diagnostic imaging asks of an entry beside the standard.

The lists of the provincial service are not public; these are assumptions, so that every rule has a level of its
own in the settings. An entry is an imaging manifest (a DICOM Key Object Selection) or a report.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from xds.model import Code, DocumentEntry, ReferenceIdType, RegistryMetadataError, is_lenient_oid
from xds.rules.case import SUBMITTED, RegistrationCase
from xds.rules.hl7_values import is_authority
from xds.rules.rule import Found, RuleBook
from xds.rules.wording import quoted

BOOK: Final[RuleBook[RegistrationCase]] = RuleBook(
    "Ontario diagnostic imaging: metadata profile", SUBMITTED, "ontario"
)

LOINC: Final = "2.16.840.1.113883.6.1"
SNOMED_CT: Final = "2.16.840.1.113883.6.96"
CONFIDENTIALITY: Final = "2.16.840.1.113883.5.25"
DICOM_TERMS: Final = "1.2.840.10008.2.16.4"  # DCM, DICOM PS3.16
DICOM_UIDS: Final = "1.2.840.10008.2.6.1"
IHE_FORMATS: Final = "1.3.6.1.4.1.19376.1.2.3"
IHE_CLASSES: Final = "1.3.6.1.4.1.19376.1.2.6.1"
KEY_OBJECT_SELECTION: Final = "1.2.840.10008.5.1.4.1.1.88.59"

DICOM: Final = "application/dicom"
_WRAPPED_TEXT: Final = "urn:ihe:rad:TEXT"
_SUFFICIENT: Final = "urn:ihe:iti:xds:2017:mimeTypeSufficient"
_FORMATS: Final[Mapping[str, frozenset[tuple[str, str]]]] = {
    "text/xml": frozenset(
        (code, IHE_FORMATS)
        for code in (_WRAPPED_TEXT, "urn:ihe:rad:CDA:ImagingReportStructuredHeadings:2013")
    ),
    "application/pdf": frozenset((code, IHE_FORMATS) for code in ("urn:ihe:rad:PDF", _SUFFICIENT)),
    "text/plain": frozenset((code, IHE_FORMATS) for code in (_WRAPPED_TEXT, _SUFFICIENT)),
    DICOM: frozenset({(KEY_OBJECT_SELECTION, DICOM_UIDS)}),
}
"""mimeType → its formatCodes."""


def is_manifest(entry: DocumentEntry) -> bool:
    """Tell whether an entry is of an imaging manifest."""
    return _media_type(entry) == DICOM or (
        entry.format_code is not None and entry.format_code.code == KEY_OBJECT_SELECTION
    )


def _media_type(entry: DocumentEntry) -> str:
    return entry.mime_type.partition(";")[0].strip().lower()


def _kind(entry: DocumentEntry) -> str:
    return "a manifest" if is_manifest(entry) else "a report"


@BOOK.rule(
    "ontario-mime-type",
    error=RegistryMetadataError,
    title="A report is CDA, PDF or plain text, a manifest DICOM.",
    remedy=f"Send one of {', '.join(_FORMATS)}",
)
def mime_type(case: RegistrationCase) -> Iterator[Found]:
    """Parameters do not count."""
    for entry in case.submission.document_entries:
        if entry.mime_type and _media_type(entry) not in _FORMATS:
            yield f"{entry.entry_uuid} mimeType", f"{quoted(entry.mime_type)} is none of the profile's types"


@BOOK.rule(
    "ontario-format-code",
    error=RegistryMetadataError,
    title="formatCode goes with mimeType.",
    remedy="Send the formatCode of the profile that stands for this mimeType",
    default_level="warning",
)
def format_code(case: RegistrationCase) -> Iterator[Found]:
    """A mimeType that the profile does not know is another rule."""
    for entry in case.submission.document_entries:
        known, code = _FORMATS.get(_media_type(entry)), entry.format_code
        if known is not None and code is not None and code.key not in known:
            wanted = " or ".join(sorted(f"{value}^^{scheme}" for value, scheme in known))
            yield (
                f"{entry.entry_uuid} formatCode",
                f"{quoted(str(code))} is not a format of {_media_type(entry)}, which is {wanted}",
            )


@BOOK.rule(
    "ontario-class-code",
    error=RegistryMetadataError,
    title="classCode is REPORTS for a report and IMAGES for a manifest.",
    remedy=f"Send REPORTS or IMAGES, of scheme {IHE_CLASSES}",
    default_level="warning",
)
def class_code(case: RegistrationCase) -> Iterator[Found]:
    """A viewer offers the images of an exam by it."""
    for entry in case.submission.document_entries:
        wanted = "IMAGES" if is_manifest(entry) else "REPORTS"
        code = entry.class_code
        if code is not None and code.key != (wanted, IHE_CLASSES):
            yield (
                f"{entry.entry_uuid} classCode",
                f"{quoted(str(code))} is not {wanted}, the class of {_kind(entry)}",
            )


@BOOK.rule(
    "ontario-type-code",
    error=RegistryMetadataError,
    title="typeCode is a LOINC code.",
    remedy=f"Send a code of {LOINC}; 18748-4 (diagnostic imaging study) fits every exam",
    default_level="warning",
)
def type_code(case: RegistrationCase) -> Iterator[Found]:
    """Which LOINC code is not judged."""
    yield from _of_scheme(case, "typeCode", "type_code", LOINC)


@BOOK.rule(
    "ontario-facility-type",
    error=RegistryMetadataError,
    title="healthcareFacilityTypeCode is a SNOMED CT code.",
    remedy=f"Send a code of {SNOMED_CT}",
    default_level="warning",
)
def facility_type(case: RegistrationCase) -> Iterator[Found]:
    """Which SNOMED CT code is not judged."""
    yield from _of_scheme(case, "healthcareFacilityTypeCode", "healthcare_facility_type_code", SNOMED_CT)


def _of_scheme(case: RegistrationCase, name: str, field: str, scheme: str) -> Iterator[Found]:
    for entry in case.submission.document_entries:
        code: Code | None = getattr(entry, field)
        if code is not None and code.scheme != scheme:
            yield f"{entry.entry_uuid} {name}", f"{quoted(str(code))} is not of scheme {scheme}"


_RADIOLOGY: Final = frozenset({"309964003", "394914008"})


@BOOK.rule(
    "ontario-practice-setting",
    error=RegistryMetadataError,
    title="practiceSettingCode is radiology.",
    remedy=f"Send 309964003 (radiology department) or 394914008 (radiology) of {SNOMED_CT}",
    default_level="warning",
)
def practice_setting(case: RegistrationCase) -> Iterator[Found]:
    """Either of the two codes in use."""
    for entry in case.submission.document_entries:
        code = entry.practice_setting_code
        if code is not None and (code.scheme != SNOMED_CT or code.code not in _RADIOLOGY):
            yield f"{entry.entry_uuid} practiceSettingCode", f"{quoted(str(code))} is not radiology"


@BOOK.rule(
    "ontario-modality",
    error=RegistryMetadataError,
    title="eventCodeList has the modality.",
    remedy=f"Send the acquisition modality of DICOM, such as CT, of scheme {DICOM_TERMS}",
    default_level="warning",
)
def modality(case: RegistrationCase) -> Iterator[Found]:
    """Some sources send it under the scheme of DICOM's UIDs."""
    for entry in case.submission.document_entries:
        if not any(code.scheme in (DICOM_TERMS, DICOM_UIDS) for code in entry.event_codes):
            yield f"{entry.entry_uuid} eventCodeList", "No modality found"


@BOOK.rule(
    "ontario-region",
    error=RegistryMetadataError,
    title="eventCodeList has the region of the body.",
    remedy=f"Send the region as a code of {SNOMED_CT}; prior exams are found by it",
    default_level="warning",
)
def region(case: RegistrationCase) -> Iterator[Found]:
    """A code of SNOMED CT, or one of SNOMED-RT that is sent under its scheme."""
    for entry in case.submission.document_entries:
        if not any(code.scheme == SNOMED_CT for code in entry.event_codes):
            yield f"{entry.entry_uuid} eventCodeList", "No region of the body found"


_CONFIDENTIALITIES: Final = frozenset({"N", "R", "V"})


@BOOK.rule(
    "ontario-confidentiality",
    error=RegistryMetadataError,
    title="confidentialityCode is N, R or V.",
    remedy=f"Send N, R or V of {CONFIDENTIALITY}; what may be told by the physician only (T) is V",
)
def confidentiality(case: RegistrationCase) -> Iterator[Found]:
    """Other codes may stand beside it: who may read is decided by this one."""
    for entry in case.submission.document_entries:
        codes = entry.confidentiality_codes
        if codes and not any(
            code.scheme == CONFIDENTIALITY and code.code in _CONFIDENTIALITIES for code in codes
        ):
            yield f"{entry.entry_uuid} confidentialityCode", f"{quoted(str(codes[0]))} is none of N, R, V"


def _references(entry: DocumentEntry, kind: ReferenceIdType) -> list[list[str]]:
    """The components of the reference ids of one type."""
    split = (value.split("^") for value in entry.reference_ids)
    return [parts for parts in split if len(parts) > 4 and parts[4] == kind.value]


@BOOK.rule(
    "ontario-accession",
    error=RegistryMetadataError,
    title="referenceIdList has the accession number.",
    remedy=f"Send number^^^&oid of the issuer&ISO^{ReferenceIdType.ACCESSION.value}",
)
def accession(case: RegistrationCase) -> Iterator[Found]:
    """A report and its manifest are linked by nothing else."""
    for entry in case.submission.document_entries:
        if not _references(entry, ReferenceIdType.ACCESSION):
            yield f"{entry.entry_uuid} referenceIdList", "No accession number found"


@BOOK.rule(
    "ontario-accession-issuer",
    error=RegistryMetadataError,
    title="An accession number has its issuer.",
    remedy="Send the OID of the issuer as component 4: &oid&ISO",
)
def accession_issuer(case: RegistrationCase) -> Iterator[Found]:
    """Two hospitals use the same numbers."""
    for entry in case.submission.document_entries:
        for parts in _references(entry, ReferenceIdType.ACCESSION):
            if not is_authority(parts[3]):
                yield f"{entry.entry_uuid} referenceIdList", "The accession number has no issuer &oid&ISO"


@BOOK.rule(
    "ontario-study-uid",
    error=RegistryMetadataError,
    title="referenceIdList has the Study Instance UID.",
    remedy=f"Send uid^^^^{ReferenceIdType.STUDY_INSTANCE_UID.value}",
    default_level="warning",
)
def study_uid(case: RegistrationCase) -> Iterator[Found]:
    """Images are asked for by it."""
    for entry in case.submission.document_entries:
        if not _references(entry, ReferenceIdType.STUDY_INSTANCE_UID):
            yield f"{entry.entry_uuid} referenceIdList", "No Study Instance UID found"


_EXTENDED_OID: Final = re.compile(r"([0-9.]+)\^[^\^]{1,64}")


@BOOK.rule(
    "ontario-unique-id",
    error=RegistryMetadataError,
    title="uniqueId is an OID, of a report also an OID with an extension.",
    remedy="Send the SOP Instance UID of the manifest; of a report oid or oid^extension",
)
def unique_id(case: RegistrationCase) -> Iterator[Found]:
    """As in the id of the CDA document, or in the DICOM object."""
    for entry in case.submission.document_entries:
        value = entry.unique_id or ""
        if not value or is_lenient_oid(value):
            continue
        match = None if is_manifest(entry) else _EXTENDED_OID.fullmatch(value)
        if match is None or not is_lenient_oid(match[1]):
            yield f"{entry.entry_uuid} uniqueId", f"{quoted(value)} is not the form of {_kind(entry)}'s id"


@BOOK.rule(
    "ontario-service-start-time",
    error=RegistryMetadataError,
    title="serviceStartTime is there, to the minute.",
    remedy="Send the start of the study in UTC as YYYYMMDDhhmm or YYYYMMDDhhmmss",
    default_level="warning",
)
def service_start_time(case: RegistrationCase) -> Iterator[Found]:
    """Exams are listed by it."""
    for entry in case.submission.document_entries:
        digits = len(entry.service_start_time or "")
        if digits < 12:
            what = f"has {digits} digits" if digits else "is missing"
            yield f"{entry.entry_uuid} serviceStartTime", f"serviceStartTime {what}"


@BOOK.rule(
    "ontario-author",
    error=RegistryMetadataError,
    title="The author of a report is a person with a licence of a college.",
    remedy="Send licence^last name^first name^^^^^^&oid of the college&ISO as authorPerson",
    default_level="warning",
)
def author(case: RegistrationCase) -> Iterator[Found]:
    """A manifest is published by an organization. No name is repeated."""
    for entry in case.submission.document_entries:
        if not is_manifest(entry) and not any(_is_licensed(one.person or "") for one in entry.authors):
            yield f"{entry.entry_uuid} author", "No author with a licence and its authority found"


def _is_licensed(person: str) -> bool:
    parts = person.split("^")
    return len(parts) > 8 and bool(parts[0]) and is_authority(parts[8])


@BOOK.rule(
    "ontario-institution",
    error=RegistryMetadataError,
    title="An author's institution has an OID.",
    remedy="Send name^^^^^^^^^oid, or name^^^^^&oid&ISO^^^^id, as authorInstitution",
    default_level="warning",
)
def institution(case: RegistrationCase) -> Iterator[Found]:
    """At least one of them: exams are filtered by organization."""
    for entry in case.submission.document_entries:
        if not any(_is_identified(name) for one in entry.authors for name in one.institutions):
            yield f"{entry.entry_uuid} author", "No authorInstitution with an OID found"


def _is_identified(organization: str) -> bool:
    parts = organization.split("^")
    return len(parts) > 9 and (is_lenient_oid(parts[9]) or (bool(parts[9]) and is_authority(parts[5])))


_LANGUAGES: Final = frozenset({"en-ca", "fr-ca", "en-us"})


@BOOK.rule(
    "ontario-language",
    error=RegistryMetadataError,
    title="languageCode is en-CA or fr-CA.",
    remedy="Send en-CA or fr-CA",
    default_level="warning",
)
def language(case: RegistrationCase) -> Iterator[Found]:
    """Devices send en-US, which is taken; case does not count."""
    for entry in case.submission.document_entries:
        if entry.language_code and entry.language_code.lower() not in _LANGUAGES:
            yield f"{entry.entry_uuid} languageCode", f"{quoted(entry.language_code)} is neither"


@BOOK.rule(
    "ontario-title",
    error=RegistryMetadataError,
    title="An entry has a title.",
    remedy="Send the description of the procedure as the radiologist saw it",
    default_level="warning",
)
def title(case: RegistrationCase) -> Iterator[Found]:
    """It is what a list of exams shows."""
    for entry in case.submission.document_entries:
        if not any(text.value for text in entry.title):
            yield f"{entry.entry_uuid} title", "title is missing"
