"""What of a request goes into its audit event: the facts of each kind of body, as fields of `AuditEvent`."""

from collections.abc import Iterable
from typing import Any, Final

from lxml import etree

from xds.audit.event import AuditedDocument
from xds.model import AdhocQuery, DocumentRequest, RemovalFacts, RemovalRequest, Submission

_PATIENT_SUFFIX: Final = "patientid"
"""Of the parameters that name patients: $XDSDocumentEntryPatientId, $patientId and so on (ITI TF-2 3.18.4.1.2.3.7)."""


def submission_facts(submission: Submission) -> dict[str, Any]:
    """Of ITI-41, 42, 57, 61 and 92: the patient and the SubmissionSet (3.41.5.1, 3.42.5.1)."""
    return {
        "patients": _distinct(item.patient_id for item in submission.submission_sets),
        "submission_sets": _distinct(item.unique_id for item in submission.submission_sets),
    }


def query_facts(query: AdhocQuery, body: etree._Element) -> dict[str, Any]:
    """Of ITI-18 and 51: the query as it came, and the patients that it names (3.18.5.1, 3.51.5.1)."""
    named = [slot.values for slot in query.slots if slot.name.lower().endswith(_PATIENT_SUFFIX)]
    return {
        "query_id": query.query_id,
        "query": etree.tostring(body, encoding="utf-8", xml_declaration=False, with_tail=False),
        "home": query.home_community_id or "",
        "patients": _distinct(value for values in named for value in values),
    }


def document_facts(
    requests: Iterable[DocumentRequest], patients: Iterable[str | None] = ()
) -> dict[str, Any]:
    """Of ITI-43 and 86: the documents (3.43.6.1), and whose they are where that is known."""
    documents = [
        AuditedDocument(
            unique_id=item.document_unique_id,
            repository=item.repository_unique_id,
            home=item.home_community_id or "",
        )
        for item in requests
    ]
    return {"documents": tuple(documents), "patients": _distinct(patients)}


def removal_facts(request: RemovalRequest, known: RemovalFacts) -> dict[str, Any]:
    """Of ITI-62: the objects, and the patients whose they were."""
    return {
        "objects": request.object_ids,
        "patients": _distinct(item.patient_id for item in known.objects.values()),
    }


def _distinct(values: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))
