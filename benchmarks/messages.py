"""Whole HTTP requests of the four transactions, as octets."""

import re
import uuid
from collections.abc import Sequence

from benchmarks.load import NUMBER
from benchmarks.population import REPOSITORY
from benchmarks.service import REGISTRY_PATH, REPOSITORY_PATH
from xds.ebxml import encode_adhoc_query, encode_provide_request, encode_retrieve_request, encode_submission
from xds.model import (
    AdhocQuery,
    AvailabilityStatus,
    DocumentRequest,
    QuerySlot,
    ReturnType,
    StoredQuery,
    Submission,
)
from xds.transactions import ITI_18, ITI_41, ITI_42, ITI_43, Transaction
from xds.xml.namespaces import SOAP12, WSA

BOUNDARY = "MIMEBoundary-2f7b4c1e9d"
_PART = "document@bench"
_DECLARATION = re.compile(rb"^\s*<\?xml[^>]*\?>")


def find_documents(patient_id: str) -> bytes:
    """ITI-18 FindDocuments, LeafClass, Approved."""
    query = AdhocQuery(
        query_id=StoredQuery.FIND_DOCUMENTS,
        return_type=ReturnType.LEAF_CLASS,
        slots=(
            QuerySlot(name="$XDSDocumentEntryPatientId", values=(patient_id,)),
            QuerySlot(
                name="$XDSDocumentEntryStatus", values=(AvailabilityStatus.APPROVED.value,), is_list=True
            ),
        ),
    )
    return _post(REGISTRY_PATH, _SOAP, _envelope(ITI_18, encode_adhoc_query(query)))


def register(submission: Submission) -> bytes:
    """ITI-42; the load generator numbers its ids (`benchmarks.load.NUMBER`)."""
    return _post(REGISTRY_PATH, _SOAP, _envelope(ITI_42, encode_submission(submission)))


def retrieve(unique_ids: Sequence[str]) -> bytes:
    """ITI-43 of documents, answered as MTOM."""
    body = encode_retrieve_request(
        DocumentRequest(repository_unique_id=REPOSITORY, document_unique_id=item) for item in unique_ids
    )
    root, end = _multipart(_envelope(ITI_43, body))
    return _post(REPOSITORY_PATH, _MTOM, root + end)


def provide(submission: Submission, size: int) -> tuple[bytes, bytes]:
    """ITI-41 of one document of `size` octets: what goes before it and what after."""
    (entry,) = submission.document_entries
    body = encode_provide_request(submission, [(entry.entry_uuid, _PART)])
    root, end = _multipart(_envelope(ITI_41, body))
    part = f"\r\n--{BOUNDARY}\r\nContent-Type: text/xml\r\nContent-ID: <{_PART}>\r\n\r\n".encode()
    head = _head(REPOSITORY_PATH, _MTOM, len(root) + len(part) + size + len(end))
    return head + root + part, end


_SOAP = "application/soap+xml; charset=UTF-8"
_MTOM = (
    f'multipart/related; boundary="{BOUNDARY}"; type="application/xop+xml"; start="<root@bench>";'
    ' start-info="application/soap+xml"'
)


def _envelope(transaction: Transaction, body: bytes) -> bytes:
    message_id = f"urn:uuid:{str(uuid.uuid4())[:24]}{NUMBER.decode()}"
    return (
        (
            f'<env:Envelope xmlns:env="{SOAP12}" xmlns:wsa="{WSA}"><env:Header>'
            f'<wsa:Action env:mustUnderstand="1">{transaction.action}</wsa:Action>'
            f"<wsa:MessageID>{message_id}</wsa:MessageID>"
            f"<wsa:ReplyTo><wsa:Address>{WSA}/anonymous</wsa:Address></wsa:ReplyTo>"
            f"<wsa:To>http://localhost/</wsa:To></env:Header><env:Body>"
        ).encode()
        + _DECLARATION.sub(b"", body)
        + b"</env:Body></env:Envelope>"
    )


def _multipart(root: bytes) -> tuple[bytes, bytes]:
    head = (
        f"--{BOUNDARY}\r\nContent-Type: application/xop+xml; charset=UTF-8;"
        ' type="application/soap+xml"\r\nContent-ID: <root@bench>\r\n\r\n'
    )
    return head.encode() + root, f"\r\n--{BOUNDARY}--\r\n".encode()


def _head(path: str, content_type: str, length: int) -> bytes:
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {length}\r\n\r\n"
    ).encode()


def _post(path: str, content_type: str, body: bytes) -> bytes:
    return _head(path, content_type, len(body)) + body
