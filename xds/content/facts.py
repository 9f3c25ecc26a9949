"""What a document says about itself: the facts from which a sender fills a DocumentEntry."""

from dataclasses import dataclass

from xds.model import Author, Code, PatientIdentifier


class UnreadableDocument(Exception):
    """A document cannot be read; the text is one sentence that says why and how to mend it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelatedDocument:
    """An earlier document that this one replaces, adds to or transforms (CDA relatedDocument)."""

    relation: str  # RPLC, APND or XFRM
    unique_id: str  # of the earlier document


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentFacts:
    """The facts of one document, in the forms of the metadata (ITI TF-3 4.2.3.2).

    None or empty means that the document does not say it. A PDF says little: title, creation time,
    language, the name of its author.
    """

    mime_type: str
    format_code: Code | None = None
    title: str | None = None
    language_code: str | None = None  # RFC 5646
    creation_time: str | None = None  # DTM, UTC
    unique_id: str | None = None  # OID or root^extension: ClinicalDocument/id
    type_code: Code | None = None
    confidentiality_code: Code | None = None
    event_codes: tuple[Code, ...] = ()  # modality and body region
    patient_ids: tuple[PatientIdentifier, ...] = ()  # as the author's systems know the patient
    source_patient_info: tuple[str, ...] = ()  # PID fields
    authors: tuple[Author, ...] = ()
    legal_authenticator: str | None = None  # XCN
    custodian: str | None = None  # XON
    service_start_time: str | None = None  # DTM, UTC
    service_stop_time: str | None = None  # DTM, UTC
    reference_ids: tuple[str, ...] = ()  # CXi: accession, order, Study Instance UID
    related_documents: tuple[RelatedDocument, ...] = ()
    problems: tuple[str, ...] = ()
    """What stands in the document and could not be read, one sentence each."""
