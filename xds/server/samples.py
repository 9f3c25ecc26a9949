"""Requests to copy: good ones and refused ones of both scenarios, each with the curl line that sends it."""

import shlex
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from lxml import etree

from xds.client import build_query
from xds.ebxml import encode_adhoc_query, encode_imaging_request, encode_retrieve_request
from xds.model import (
    UUID_PREFIX,
    WSA_ANONYMOUS,
    AdhocQuery,
    AvailabilityStatus,
    DocumentRequest,
    DocumentUniqueIdError,
    InstanceRequest,
    InstancesRequest,
    RepositoryError,
    ReturnType,
    StoredQuery,
    StoredQueryMissingParam,
    UnknownRepositoryId,
    UnknownStoredQuery,
    XdsError,
)
from xds.rules import transaction_of
from xds.sandbox import (
    PATIENTS,
    SAMPLE_CDA,
    SAMPLE_DOCUMENTS,
    SAMPLE_PATIENT,
    SAMPLE_PDF,
    documents_of,
    replaced_unique_ids,
)
from xds.transactions import ITI_18, ITI_43, ITI_51, RAD_69, Role, Transaction
from xds.xml import parse
from xds.xml.namespaces import SOAP12, WSA

SCENARIOS: Final = {
    Role.REGISTRY: "DICS Registry Query",
    Role.REPOSITORY: "DICS Repository/Document Query",
    Role.GATEWAY: "DICS Registry Query across communities",
    Role.IMAGING: "Retrieve Imaging Document Set",
}
EXPLICIT_VR_LITTLE_ENDIAN: Final = "1.2.840.10008.1.2.1"
UNKNOWN_DOCUMENT: Final = "2.999.5.404"
UNKNOWN_REPOSITORY: Final = "2.999.2.404"
UNKNOWN_QUERY: Final = f"{UUID_PREFIX}00000000-0000-0000-0000-000000000000"
ANSWER_FILE: Final = "answer.mime"
_BOUNDARY: Final = "xds-sample"
_ROOT_ID: Final = "request@sample.invalid"

_ZEEP_QUERY: Final = """\
slot = client.get_type("{{urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0}}SlotType1")
answer = client.service["{operation}"](
    ResponseOption={{"returnType": "LeafClass", "returnComposedObjects": True}},
    AdhocQuery={{
        "id": "{query}",
        "Slot": [
            slot(name="$XDSDocumentEntryPatientId", ValueList={{"Value": ["'{patient}'"]}}),
            slot(name="$XDSDocumentEntryStatus", ValueList={{"Value": ["('{status}')"]}}),
        ],
    }},
)
print(answer.status)
found = answer.RegistryObjectList._value_1 if answer.RegistryObjectList else []
for item in found:
    print(item["ExtrinsicObject"].id, item["ExtrinsicObject"].mimeType)
"""
_ZEEP_RETRIEVE: Final = """\
answer = client.service["{operation}"](
    DocumentRequest=[{{"RepositoryUniqueId": {repository!r}, "DocumentUniqueId": {document!r}}}]
)
print(answer.RegistryResponse.status)
for document in answer.DocumentResponse:
    print(document.mimeType, len(document.Document), "octets")
"""
_ZEEP_IMAGES: Final = """\
instance = {{"RepositoryUniqueId": {location!r}, "DocumentUniqueId": {instance!r}}}
series = {{"seriesInstanceUID": {series!r}, "DocumentRequest": [instance]}}
answer = client.service["{operation}"](
    StudyRequest=[{{"studyInstanceUID": {study!r}, "SeriesRequest": [series]}}],
    TransferSyntaxUIDList={{"TransferSyntaxUID": [{syntax!r}]}},
)
print(answer.RegistryResponse.status)
for document in answer.DocumentResponse:
    print(document.mimeType, len(document.Document), "octets")
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A request that works as it stands."""

    title: str
    scenario: str
    description: str
    filename: str
    content_type: str  # with the action
    body: str  # the whole HTTP body
    curl: str  # for a POSIX shell, without a line end
    expected: str  # what comes back, in words
    error_code: str | None = None  # errorCode of the answer's RegistryError; None where it is a Success


def samples(role: Role, *, endpoint_url: str, repository_unique_id: str) -> Sequence[Sample]:
    """Return the samples of an end point, those that are meant to fail last.

    Parameters
    ----------
    endpoint_url
        Where the end point is reached; it goes into wsa:To and into the curl lines.
    repository_unique_id
        repositoryUniqueId of the repository that holds the sandbox's documents.
    """
    if role is Role.REGISTRY:
        return _registry_samples(endpoint_url)
    if role is Role.GATEWAY:
        return _registry_samples(endpoint_url)[:2]  # a consumer asks a gateway as it asks a registry
    if role is Role.IMAGING:
        return _imaging_samples(endpoint_url, repository_unique_id)
    return _repository_samples(endpoint_url, repository_unique_id)


def _registry_samples(url: str) -> tuple[Sample, ...]:
    replaced = replaced_unique_ids()
    approved = sum(one.unique_id not in replaced for one in SAMPLE_DOCUMENTS)
    other = PATIENTS[1]
    of_other = sum(one.unique_id not in replaced for one in documents_of(other))
    find = {"patientId": SAMPLE_PATIENT, "status": "Approved"}
    return (
        _query(
            url,
            build_query(StoredQuery.FIND_DOCUMENTS, find),
            "FindDocuments, whole entries",
            "find-documents.xml",
            "Every Approved document of one patient, with all its metadata (returnType LeafClass).",
            f"Success, {approved} rim:ExtrinsicObject",
        ),
        _query(
            url,
            build_query(StoredQuery.FIND_DOCUMENTS, find, return_type=ReturnType.OBJECT_REF),
            "FindDocuments, references only",
            "find-documents-object-ref.xml",
            "The same question; the answer holds the entryUUIDs only (returnType ObjectRef).",
            f"Success, {approved} rim:ObjectRef",
        ),
        _query(
            url,
            build_query(StoredQuery.GET_DOCUMENTS, {"uniqueId": [SAMPLE_CDA]}),
            "GetDocuments by uniqueId",
            "get-documents.xml",
            "One document whose uniqueId is known, from a message or from another system.",
            "Success, 1 rim:ExtrinsicObject",
        ),
        _query(
            url,
            build_query(
                StoredQuery.FIND_DOCUMENTS_FOR_MULTIPLE_PATIENTS,
                {"patientId": [SAMPLE_PATIENT, other.patient_id], "status": "Approved"},
                return_type=ReturnType.OBJECT_REF,
            ),
            "FindDocumentsForMultiplePatients",
            "find-documents-for-multiple-patients.xml",
            "The Approved documents of two patients at once: ITI-51, which has a wsa:Action of its own.",
            f"Success, {approved + of_other} rim:ObjectRef",
        ),
        _query(
            url,
            build_query(StoredQuery.FIND_DOCUMENTS, {"patientId": SAMPLE_PATIENT}),
            "The status is missing",
            "missing-status.xml",
            "FindDocuments without $XDSDocumentEntryStatus, which it requires.",
            StoredQueryMissingParam,
        ),
        _query(
            url,
            AdhocQuery(query_id=UNKNOWN_QUERY, return_type=ReturnType.LEAF_CLASS),
            "No such stored query",
            "unknown-query.xml",
            "An AdhocQuery id that is none of ITI-18, as after a slip in a copied UUID.",
            UnknownStoredQuery,
        ),
    )


def _repository_samples(url: str, repository: str) -> tuple[Sample, ...]:
    return (
        _retrieve(
            url,
            [(repository, SAMPLE_CDA)],
            "Retrieve one report",
            "retrieve.xml",
            "A CDA report. The request is plain SOAP, so the document comes inline as base64.",
            "Success, 1 xds:DocumentResponse",
        ),
        _retrieve(
            url,
            [(repository, SAMPLE_CDA), (repository, SAMPLE_PDF)],
            "Retrieve two reports as MTOM",
            "retrieve-mtom.mime",
            "The form that ITI-43 prescribes: multipart both ways. Each document of the answer, a CDA and a PDF,"
            f" is a MIME part of its own; the answer goes into the file {ANSWER_FILE}.",
            "Success, 2 xds:DocumentResponse",
            mtom=True,
        ),
        _retrieve(
            url,
            [(repository, UNKNOWN_DOCUMENT)],
            "The document is not here",
            "unknown-document.xml",
            "A uniqueId that this repository never stored.",
            DocumentUniqueIdError,
        ),
        _retrieve(
            url,
            [(UNKNOWN_REPOSITORY, SAMPLE_CDA)],
            "The repository is another one",
            "unknown-repository.xml",
            "A document that is here, asked for with the repositoryUniqueId of somebody else.",
            UnknownRepositoryId,
        ),
    )


def _imaging_samples(url: str, repository: str) -> tuple[Sample, ...]:
    """What archives hold is theirs: these show the form, and the two commonest mistakes."""
    return (
        _images(
            url,
            InstancesRequest(
                instances=(_instance(repository),), transfer_syntax_uids=(EXPLICIT_VR_LITTLE_ENDIAN,)
            ),
            "The repository of the manifest holds no images",
            "repository-of-the-manifest.xml",
            "RepositoryUniqueId has to be the Retrieve Location UID of the series, as the manifest says it.",
            UnknownRepositoryId,
        ),
        _images(
            url,
            InstancesRequest(instances=(_instance(UNKNOWN_REPOSITORY),), transfer_syntax_uids=("",)),
            "No transfer syntax is named",
            "no-transfer-syntax.xml",
            "TransferSyntaxUIDList says what the consumer can decode; a list of one empty UID says nothing.",
            RepositoryError,
        ),
    )


def _instance(location: str) -> InstanceRequest:
    return InstanceRequest(
        study_instance_uid="2.999.7.1001.2",
        series_instance_uid="2.999.7.1001.2.1",
        document_unique_id="2.999.7.1001.2.1.1",
        repository_unique_id=location,
    )


def _images(
    url: str,
    asked: InstancesRequest,
    title: str,
    filename: str,
    description: str,
    outcome: type[XdsError],
) -> Sample:
    envelope = _envelope(RAD_69, encode_imaging_request(asked), url, filename)
    return _sample(RAD_69, url, _plain(RAD_69, envelope), title, filename, description, outcome)


def _query(
    url: str, asked: AdhocQuery, title: str, filename: str, description: str, outcome: str | type[XdsError]
) -> Sample:
    row = ITI_51 if transaction_of(asked.query_id) == ITI_51.number else ITI_18
    envelope = _envelope(row, encode_adhoc_query(asked), url, filename)
    return _sample(row, url, _plain(row, envelope), title, filename, description, outcome)


def _retrieve(
    url: str,
    wanted: Sequence[tuple[str, str]],
    title: str,
    filename: str,
    description: str,
    outcome: str | type[XdsError],
    *,
    mtom: bool = False,
) -> Sample:
    body = encode_retrieve_request(
        DocumentRequest(repository_unique_id=repository, document_unique_id=document)
        for repository, document in wanted
    )
    envelope = _envelope(ITI_43, body, url, filename)
    message = _multipart(ITI_43, envelope) if mtom else _plain(ITI_43, envelope)
    return _sample(ITI_43, url, message, title, filename, description, outcome)


@dataclass(frozen=True, slots=True)
class _Message:
    """A request as HTTP carries it."""

    content_type: str
    body: str
    mtom: bool


def _sample(
    transaction: Transaction,
    url: str,
    message: _Message,
    title: str,
    filename: str,
    description: str,
    outcome: str | type[XdsError],
) -> Sample:
    code = None if isinstance(outcome, str) else outcome.code
    return Sample(
        title=title,
        scenario=SCENARIOS[transaction.role],
        description=description,
        filename=filename,
        content_type=message.content_type,
        body=message.body,
        curl=_curl(message, url),
        expected=outcome if isinstance(outcome, str) else f"Failure, {code}",
        error_code=code,
    )


def _plain(transaction: Transaction, envelope: str) -> _Message:
    content_type = f'application/soap+xml; charset=UTF-8; action="{transaction.action}"'
    return _Message(content_type, envelope, mtom=False)


def _multipart(transaction: Transaction, envelope: str) -> _Message:
    """Wrap an envelope as the only part of an MTOM message (ITI TF-2 V.3.6)."""
    content_type = (
        f'multipart/related; type="application/xop+xml"; boundary="{_BOUNDARY}"; start="<{_ROOT_ID}>";'
        f' start-info="application/soap+xml"; action="{transaction.action}"'
    )
    lines = (
        f"--{_BOUNDARY}",
        'Content-Type: application/xop+xml; charset=UTF-8; type="application/soap+xml"',
        "Content-Transfer-Encoding: binary",
        f"Content-ID: <{_ROOT_ID}>",
        "",
        *envelope.splitlines(),
        f"--{_BOUNDARY}--",
        "",
    )
    return _Message(content_type, "\r\n".join(lines), mtom=True)


def _envelope(transaction: Transaction, body: bytes, url: str, filename: str) -> str:
    """A SOAP 1.2 envelope with WS-Addressing (ITI TF-2 V.3.2), indented for the eye."""
    root = etree.Element(f"{{{SOAP12}}}Envelope", nsmap={"env": SOAP12, "wsa": WSA})
    header = etree.SubElement(root, f"{{{SOAP12}}}Header")
    action = etree.SubElement(header, f"{{{WSA}}}Action")
    action.text = transaction.action
    action.set(f"{{{SOAP12}}}mustUnderstand", "1")
    # The same id every time: a page that is opened twice shows the same text.
    message_id = f"{UUID_PREFIX}{uuid.uuid5(uuid.NAMESPACE_URL, filename)}"
    etree.SubElement(header, f"{{{WSA}}}MessageID").text = message_id
    reply_to = etree.SubElement(header, f"{{{WSA}}}ReplyTo")
    etree.SubElement(reply_to, f"{{{WSA}}}Address").text = WSA_ANONYMOUS
    etree.SubElement(header, f"{{{WSA}}}To").text = url
    etree.SubElement(root, f"{{{SOAP12}}}Body").append(parse(body))
    etree.indent(root)
    return etree.tostring(root, encoding="unicode") + "\n"


def _curl(message: _Message, url: str) -> str:
    """A command for a POSIX shell; the quotes of the here-document keep every `$` of the body."""
    header = shlex.quote(f"Content-Type: {message.content_type}")
    if not message.mtom:
        lines = ("curl -sS --data-binary @- \\", f"  -H {header} \\", f"  {shlex.quote(url)} <<'XML'")
        return "\n".join((*lines, f"{message.body}XML"))
    # A here-document ends its lines with LF, MIME wants CR LF: awk knows \r everywhere, sed does not.
    lines = (
        "awk '{ printf \"%s\\r\\n\", $0 }' <<'MIME' | curl -sS --data-binary @- \\",
        f"  -H {header} \\",
        f"  -o {ANSWER_FILE} {shlex.quote(url)}",
    )
    return "\n".join((*lines, message.body.replace("\r\n", "\n") + "MIME"))


def zeep_snippet(role: Role, *, endpoint_url: str, repository_unique_id: str) -> str:
    """Return a Python program that calls the end point with zeep alone, from nothing but its WSDL."""
    if role is Role.IMAGING:
        instance = _instance(UNKNOWN_REPOSITORY)
        call = _ZEEP_IMAGES.format(
            operation=RAD_69.operation,
            study=instance.study_instance_uid,
            series=instance.series_instance_uid,
            instance=instance.document_unique_id,
            location=instance.repository_unique_id,
            syntax=EXPLICIT_VR_LITTLE_ENDIAN,
        )
    elif role is not Role.REPOSITORY:
        call = _ZEEP_QUERY.format(
            operation=ITI_18.operation,
            query=StoredQuery.FIND_DOCUMENTS.value,
            patient=SAMPLE_PATIENT,
            status=AvailabilityStatus.APPROVED.value,
        )
    else:
        call = _ZEEP_RETRIEVE.format(
            operation=ITI_43.operation, repository=repository_unique_id, document=SAMPLE_CDA
        )
    return f"import zeep\n\nclient = zeep.Client({f'{endpoint_url}?wsdl'!r})\n{call}"
