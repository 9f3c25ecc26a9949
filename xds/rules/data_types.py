"""Rules of ITI-42 on the data types of attributes (ITI TF-3 Table 4.2.3.1.7-2)."""

import re
from collections.abc import Iterator
from typing import Final

from xds.model import (
    EMPTY_SHA1,
    DocumentAvailability,
    DocumentEntry,
    RegistryMetadataError,
    has_leading_zero,
    is_dtm,
    is_lenient_oid,
    is_sha1,
    is_strict_cx,
    oid_urn,
)
from xds.rules.case import SUBMITTED, RegistrationCase
from xds.rules.rule import Found, RuleBook
from xds.rules.wording import cx_fault, dtm_fault, quoted

BOOK: Final[RuleBook[RegistrationCase]] = RuleBook("ITI TF-3 Table 4.2.3.1.7-2", SUBMITTED)

_TIMES: Final = (
    ("creationTime", "creation_time"),
    ("serviceStartTime", "service_start_time"),
    ("serviceStopTime", "service_stop_time"),
    ("submissionTime", "submission_time"),
)


@BOOK.rule(
    "42-time",
    error=RegistryMetadataError,
    section="ITI TF-3 Table 4.2.3.1.7-2 (DTM)",
    title="Times are YYYY[MM[DD[hh[mm[ss]]]]] in UTC.",
    remedy="Send digits only, in UTC, without zone or fraction",
    essential=True,
)
def time(case: RegistrationCase) -> Iterator[Found]:
    """creationTime, serviceStartTime, serviceStopTime, submissionTime."""
    for items, times in (
        (case.submission.document_entries, _TIMES[:3]),
        (case.submission.submission_sets, _TIMES[3:]),
    ):
        for item in items:
            for name, field in times:
                value = getattr(item, field)
                if value and not is_dtm(value):
                    yield f"{item.entry_uuid} {name}", f"{name}: {dtm_fault(value)}"


@BOOK.rule(
    "42-last-update-time",
    error=RegistryMetadataError,
    section="ITI TF-3 4.2.3.4.6",
    title="lastUpdateTime is a time to the second.",
    remedy="Leave it out: the registry sets it",
    strict_only=True,
    default_level="warning",
)
def last_update_time(case: RegistrationCase) -> Iterator[Found]:
    """Whatever is sent is ignored: the registry sets the attribute (3.42.4.1.3.6)."""
    for folder in case.submission.folders:
        value = folder.last_update_time
        if value and not (is_dtm(value) and len(value) == 14):
            yield f"{folder.entry_uuid} lastUpdateTime", f"{quoted(value)} is not YYYYMMDDhhmmss"


@BOOK.rule(
    "42-service-times",
    error=RegistryMetadataError,
    section="ITI TF-2 3.42.4.1.3.3",
    title="serviceStartTime is not after serviceStopTime.",
    remedy="Send start and end of the service in their order; equal for a moment",
)
def service_times(case: RegistrationCase) -> Iterator[Found]:
    """Compared to the precision that both have."""
    for entry in case.submission.document_entries:
        start, stop = entry.service_start_time or "", entry.service_stop_time or ""
        both = min(len(start), len(stop))
        if start[:both] > stop[:both] and is_dtm(start) and is_dtm(stop):
            yield f"{entry.entry_uuid} serviceStartTime", f"serviceStartTime {start} is after {stop}"


@BOOK.rule(
    "42-hash",
    error=RegistryMetadataError,
    section="ITI TF-3 4.2.3.2.10",
    title="hash is a SHA-1 in hexadecimal.",
    remedy="hash must be 40 hex digits",
    essential=True,
)
def document_hash(case: RegistrationCase) -> Iterator[Found]:
    """Upper and lower case are equal."""
    for entry in case.submission.document_entries:
        if entry.hash and not is_sha1(entry.hash):
            base64 = "; it looks like base64" if len(entry.hash) == 28 else ""
            yield f"{entry.entry_uuid} hash", f"{quoted(entry.hash)} is no SHA-1{base64}"


@BOOK.rule(
    "42-size",
    error=RegistryMetadataError,
    section="ITI TF-3 4.2.3.2.21",
    title="size is a number of octets.",
    remedy="Send the number of octets in decimal digits",
    essential=True,
)
def size(case: RegistrationCase) -> Iterator[Found]:
    """0 is legal: a document that is assembled later (3.42.4.1.2.1)."""
    for entry in case.submission.document_entries:
        if entry.size and octets(entry.size) is None:
            yield f"{entry.entry_uuid} size", f"{quoted(entry.size)} is not a number of octets"


def octets(text: str) -> int | None:
    """Return a size as a number, None when it is none, or more than a document can have (2^63 - 1)."""
    if not (text.isascii() and text.isdecimal()) or len(text) > 19:
        return None
    number = int(text)
    return number if number < 2**63 else None


_OIDS: Final = (("repositoryUniqueId", "repository_unique_id"), ("sourceId", "source_id"))


def _oids(case: RegistrationCase) -> Iterator[tuple[str, str]]:
    for item in case.objects:
        for name, field in _OIDS:
            if value := getattr(item, field, None):
                yield f"{item.entry_uuid} {name}", value
        if not isinstance(item, DocumentEntry) and item.unique_id:
            yield f"{item.entry_uuid} uniqueId", item.unique_id


@BOOK.rule(
    "42-oid",
    error=RegistryMetadataError,
    section="ITI TF-3 Table 4.2.3.1.7-2 (OID)",
    title="repositoryUniqueId, sourceId and the uniqueId of SubmissionSet and Folder are OIDs.",
    remedy="Send an OID of at most 64 characters; a UUID becomes one as 2.25.<its decimal value>",
)
def oid(case: RegistrationCase) -> Iterator[Found]:
    """Digits and dots; leading zeros and odd first arcs are another rule. An entry's uniqueId is opaque."""
    for where, value in _oids(case):
        if not is_lenient_oid(value):
            yield where, f"{quoted(value)} is no OID"


@BOOK.rule(
    "42-oid-strict",
    error=RegistryMetadataError,
    section="ITI TF-3 Table 4.2.3.1.7-2 (OID)",
    title="No arc of an OID has a leading zero.",
    remedy="Send the arc without the zero",
    strict_only=True,
)
def oid_strict(case: RegistrationCase) -> Iterator[Found]:
    """In `field` the OID is compared as it was sent."""
    for where, value in _oids(case):
        if has_leading_zero(value) and is_lenient_oid(value):
            yield where, f"{quoted(value)} has a leading zero"


@BOOK.rule(
    "42-oid-root",
    error=RegistryMetadataError,
    section="ITI TF-2 Appendix B",
    title="An OID should begin with 0, 1 or 2.",
    remedy="Send an OID of a root that is assigned to you",
    strict_only=True,
    default_level="warning",
)
def oid_root(case: RegistrationCase) -> Iterator[Found]:
    """No other roots exist, yet test tools and partners make OIDs of their network addresses."""
    for where, value in _oids(case):
        if value[:2] not in ("0.", "1.", "2.") and is_lenient_oid(value) and not has_leading_zero(value):
            yield where, f"{quoted(value)} begins with an arc above 2"


_PATIENT_IDS: Final = (("patientId", "patient_id"), ("sourcePatientId", "source_patient_id"))


def _patient_ids(case: RegistrationCase) -> Iterator[tuple[str, str]]:
    for item in case.objects:
        for name, field in _PATIENT_IDS:
            if value := getattr(item, field, None):
                yield f"{item.entry_uuid} {name}", value


@BOOK.rule(
    "42-patient-id-form",
    error=RegistryMetadataError,
    section="ITI TF-3 Table 4.2.3.1.7-2 (CX)",
    title="patientId and sourcePatientId name an assigning authority by OID.",
    remedy="Send id^^^&oid&ISO, with the OID of the assigning authority",
    essential=True,
)
def patient_id_form(case: RegistrationCase) -> Iterator[Found]:
    """A namespace id beside the OID is another rule."""
    for where, value in _patient_ids(case):
        if case.patient_identifier(value) is None:
            yield where, f"The patient identifier is not id^^^&oid&ISO: {cx_fault(value)}"


@BOOK.rule(
    "42-patient-id-strict",
    error=RegistryMetadataError,
    section="ITI TF-3 Table 4.2.3.1.7-2 (CX)",
    title="patientId and sourcePatientId hold nothing but id, OID and ISO.",
    remedy="Send exactly id^^^&oid&ISO",
    strict_only=True,
)
def patient_id_strict(case: RegistrationCase) -> Iterator[Found]:
    """In `field` a namespace id is dropped for comparing."""
    seen: set[str] = set()
    for where, value in _patient_ids(case):
        if value in seen or is_strict_cx(value):
            seen.add(value)  # the submission's own patient stands in every object
        elif case.patient_identifier(value) is not None:
            yield where, f"The patient identifier holds more than it may: {cx_fault(value)}"


@BOOK.rule(
    "42-home-community-id",
    transactions=("ITI-42", "ITI-57"),
    error=RegistryMetadataError,
    section="ITI TF-3 4.2.3.2.12",
    title="homeCommunityId, if sent, is that of this community.",
    remedy="Leave it out, or send this community's, as urn:oid:<OID>",
)
def home_community_id(case: RegistrationCase) -> Iterator[Found]:
    """A bare OID is another rule."""
    ours = case.policy.home_community_id
    for item in case.everything:
        home = item.home_community_id
        if not home:
            continue
        if not is_lenient_oid(oid_urn(home).removeprefix("urn:oid:")):
            yield f"{item.entry_uuid} homeCommunityId", f"{quoted(home)} is not the URN of an OID"
        elif ours is not None and oid_urn(home) != oid_urn(ours):
            yield f"{item.entry_uuid} homeCommunityId", f"{quoted(home)} is another community"


@BOOK.rule(
    "42-home-community-urn",
    error=RegistryMetadataError,
    section="ITI TF-3 4.2.3.2.12",
    title="homeCommunityId is a URN.",
    remedy="Send urn:oid: before the OID",
    strict_only=True,
)
def home_community_urn(case: RegistrationCase) -> Iterator[Found]:
    """In `field` the bare OID is taken."""
    for item in case.everything:
        home = item.home_community_id
        if home and not home.startswith("urn:oid:"):
            yield f"{item.entry_uuid} homeCommunityId", f"{quoted(home)} has no urn:oid: before it"


_LANGUAGE: Final = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")


@BOOK.rule(
    "42-language-code",
    error=RegistryMetadataError,
    section="ITI TF-3 4.2.3.2.13",
    title="languageCode is a language tag.",
    remedy="Send a tag of RFC 5646, such as en-CA or fr-CA",
)
def language_code(case: RegistrationCase) -> Iterator[Found]:
    """Case does not matter: en-us is what nine partners of ten send."""
    for entry in case.submission.document_entries:
        if entry.language_code and _LANGUAGE.fullmatch(entry.language_code) is None:
            yield f"{entry.entry_uuid} languageCode", f"{quoted(entry.language_code)} is no language tag"


@BOOK.rule(
    "42-document-availability",
    error=RegistryMetadataError,
    section="XDS Metadata Update 4.2.3.2.30",
    title="documentAvailability is Online or Offline.",
    remedy=f"Leave it out, which means Online, or send {' or '.join(DocumentAvailability)}",
)
def document_availability(case: RegistrationCase) -> Iterator[Found]:
    """Full URNs."""
    for entry in case.submission.document_entries:
        value = entry.document_availability
        if value and value not in list(DocumentAvailability):
            yield f"{entry.entry_uuid} documentAvailability", f"{quoted(value)} is neither Online nor Offline"


_URI: Final = re.compile(r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+")


@BOOK.rule(
    "42-uri",
    error=RegistryMetadataError,
    section="ITI TF-3 4.2.3.2.27",
    title="URI is a URI.",
    remedy="Send a URI, other characters percent-encoded, or leave the attribute out",
    strict_only=True,
    default_level="warning",
)
def uri(case: RegistrationCase) -> Iterator[Found]:
    """Absolute or relative; XDS makes no use of it, so any text is stored as it is."""
    for entry in case.submission.document_entries:
        if entry.uri and _URI.fullmatch(entry.uri) is None:
            yield f"{entry.entry_uuid} URI", "The value holds characters that no URI has"


@BOOK.rule(
    "42-empty-document",
    error=RegistryMetadataError,
    section="ITI TF-2 3.42.4.1.2.1",
    title="size 0 goes with the hash of nothing, and no other size does.",
    remedy=f"Send size 0 with hash {EMPTY_SHA1} for a document that is assembled later, else its own",
    strict_only=True,
)
def empty_document(case: RegistrationCase) -> Iterator[Found]:
    """Delayed Document Assembly; one of the two is wrong, so that no retrieval could be verified."""
    for entry in case.submission.document_entries:
        count = octets(entry.size or "")
        if count is None or not is_sha1(entry.hash or ""):
            continue
        if (count == 0) != ((entry.hash or "").lower() == EMPTY_SHA1):
            yield f"{entry.entry_uuid} size", f"size is {entry.size}, which is not that of this hash"
