"""Providers of documents that are made when they are retrieved, and the one that ships."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from xds.access import Requester
from xds.content import (
    SUMMARY_FORMAT,
    ImagingSummary,
    InstanceId,
    SummaryLine,
    SummaryPatient,
    build_imaging_summary,
)
from xds.model import (
    STABLE,
    AdhocQuery,
    AvailabilityStatus,
    Code,
    CodeKey,
    DocumentEntry,
    QuerySlot,
    ReturnType,
    StoredQuery,
    parse_patient_id,
    read_name,
    record_of_source,
)
from xds.repository.registrar import Registrar

_MANIFEST: Final = "application/dicom"
_NO_CONFIDENTIALITY: Final = Code(code="N", scheme="2.16.840.1.113883.5.25")
_NO_TYPE: Final = Code(code="18726-0", scheme="2.16.840.1.113883.6.1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A document that could be made now.

    Two drafts of one entry with the same `state` say the same, whenever they are made and whatever they are called.
    """

    state: bytes
    mime_type: str
    build: Callable[[str, str], bytes]  # uniqueId and creationTime (DTM, UTC) → the document
    service_start_time: str | None = None
    service_stop_time: str | None = None


class OnDemandProvider(Protocol):
    """Makes the documents of the On-Demand entries that have its formatCode."""

    @property
    def format_code(self) -> CodeKey:
        """Code and codingScheme by which entries choose the provider."""

    def draft(
        self, entry: DocumentEntry, registrar: Registrar, requester: Requester, until: str | None = None
    ) -> Draft:
        """Look at what the document would be made of for a requester: nothing else is in it.

        Parameters
        ----------
        until
            DTM: only what was there then counts, for a document that was registered before it was assembled (ITI
            TF-2 3.43.4.1.3.2); None for everything that is there now.

        Raises
        ------
        RegistrarUnavailable, XdsError
            The registry did not answer, or not as needed.
        """


class ImagingSummaryProvider:
    """A patient's current imaging summary: the Approved reports that the registry lists, as CDA.

    Manifests of images and earlier summaries are no reports.
    """

    def __init__(self, custodian_oid: str) -> None:
        self._custodian_oid = custodian_oid

    @property
    def format_code(self) -> CodeKey:
        """See `OnDemandProvider.format_code`."""
        return SUMMARY_FORMAT.key

    def draft(
        self, entry: DocumentEntry, registrar: Registrar, requester: Requester, until: str | None = None
    ) -> Draft:
        """See `OnDemandProvider.draft`."""
        reports = [
            item for item in _approved(entry.patient_id or "", registrar, requester) if self._is_report(item)
        ]
        if until is not None:
            reports = [item for item in reports if (item.creation_time or "") <= until]
        reports.sort(key=lambda item: (_time(item), item.entry_uuid), reverse=True)
        state = hashlib.sha256(entry.entry_uuid.encode())
        for item in reports:
            state.update(f"\0{item.entry_uuid}\0{item.version}".encode())
        times = [_time(item) for item in reports if _time(item)]
        return Draft(
            state=state.digest(),
            mime_type="text/xml",
            build=lambda unique_id, creation_time: build_imaging_summary(
                self._summary(entry, reports, unique_id, creation_time)
            ),
            service_start_time=min(times, default=None),
            service_stop_time=max(times, default=None),
        )

    def _is_report(self, item: DocumentEntry) -> bool:
        format_code = item.format_code
        return item.mime_type != _MANIFEST and (format_code is None or format_code.key != self.format_code)

    def _summary(
        self, entry: DocumentEntry, reports: Sequence[DocumentEntry], unique_id: str, creation_time: str
    ) -> ImagingSummary:
        codes = entry.confidentiality_codes
        return ImagingSummary(
            id=_instance(unique_id),
            creation_time=creation_time,
            language_code=entry.language_code or "en-CA",
            type_code=entry.type_code or _NO_TYPE,
            confidentiality_code=codes[0] if codes else _NO_CONFIDENTIALITY,
            patient=_patient(entry, reports),
            custodian_oid=self._custodian_oid,
            lines=[_line(item) for item in reports],
        )


def _approved(patient_id: str, registrar: Registrar, requester: Requester) -> tuple[DocumentEntry, ...]:
    """FindDocuments: every Approved Stable entry of a patient that the requester may see."""
    return registrar.query(
        AdhocQuery(
            query_id=StoredQuery.FIND_DOCUMENTS,
            return_type=ReturnType.LEAF_CLASS,
            slots=(
                QuerySlot(name="$XDSDocumentEntryPatientId", values=(patient_id,)),
                QuerySlot(
                    name="$XDSDocumentEntryStatus", values=(AvailabilityStatus.APPROVED.value,), is_list=True
                ),
                QuerySlot(name="$XDSDocumentEntryType", values=(STABLE,), is_list=True),
            ),
        ),
        requester,
    ).document_entries


def _time(item: DocumentEntry) -> str:
    return item.service_start_time or item.creation_time or ""


def _patient(entry: DocumentEntry, reports: Sequence[DocumentEntry]) -> SummaryPatient:
    """What the newest report that tells anything tells of the patient; else what the entry tells."""
    identifier = parse_patient_id(entry.patient_id or "")
    assert identifier is not None  # noqa: S101  # the registry keeps no other
    teller = next((item for item in (*reports, entry) if item.source_patient_info), entry)
    record = record_of_source(entry.patient_id or "", teller.source_patient_id, teller.source_patient_info)
    return SummaryPatient(
        id=identifier,
        family=record.name.family or "",
        given=record.name.given,
        birth_date=record.birth_date or "",
        sex=record.sex or "",
    )


def _line(item: DocumentEntry) -> SummaryLine:
    author = item.authors[0] if item.authors else None
    examination = [code.display[0].value if code.display else code.code for code in item.event_codes]
    return SummaryLine(
        document=_instance(item.unique_id or ""),
        time=_time(item),
        title=item.title[0].value if item.title else "",
        type_code=item.type_code,
        examination=", ".join(examination),
        author="" if author is None or not author.person else _person(author.person),
        institution=""
        if author is None or not author.institutions
        else author.institutions[0].partition("^")[0],
    )


def _person(xcn: str) -> str:
    """The name in an XCN as people say it; its components 2 to 6 are those of a name."""
    name = read_name(xcn.partition("^")[2])
    return " ".join([part for part in (name.prefix, *name.given, name.family, name.suffix) if part])


def _instance(unique_id: str) -> InstanceId:
    root, _, extension = unique_id.partition("^")
    return InstanceId(root=root, extension=extension or None)
