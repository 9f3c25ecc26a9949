"""The real actors on the real store, without a network between."""

import itertools
from dataclasses import dataclass, replace
from typing import Any, Self

from tests.samples import builders
from xds.ebxml import decode_query_response, encode_adhoc_query
from xds.model import (
    Association,
    DocumentEntry,
    RegistryResponse,
    StoredQuery,
    Submission,
    new_uuid_urn,
)
from xds.registry import QueryPolicy, RegisterDocumentSet, RegistryStoredQuery
from xds.rules import Policies, RulePolicy
from xds.soap import Envelope, Request
from xds.store import PatientStore, Pool, QueryStore, SubmissionStore
from xds.xml import parse

_numbers = itertools.count(1)


def fresh_patient() -> str:
    """A patient nobody else's test uses."""
    return f"U{next(_numbers)}^^^&2.999.1.1&ISO"


def fresh_oid() -> str:
    """A uniqueId nobody else's test uses."""
    return f"2.999.4.8.{next(_numbers)}"


@dataclass(frozen=True, slots=True)
class House:
    """A registry and its patients."""

    patients: PatientStore
    registration: RegisterDocumentSet
    queries: RegistryStoredQuery

    @classmethod
    def on(cls, pool: Pool, **policy: Any) -> Self:
        """With the policy's defaults changed."""
        rules = Policies(RulePolicy(**policy))
        return cls(
            PatientStore(pool),
            RegisterDocumentSet(SubmissionStore(pool), rules),
            RegistryStoredQuery(QueryStore(pool), QueryPolicy(rules=rules)),
        )

    def register(self, made: Submission) -> RegistryResponse:
        """ITI-42."""
        return self.registration.register(made)

    def ask(self, query: StoredQuery, *slots: Any) -> Submission:
        """ITI-18, LeafClass."""
        body = parse(encode_adhoc_query(builders.query(query, *slots)))
        envelope = Envelope(action=None, message_id=None, to=None, header=None, body=body)
        answer = self.queries(body, Request(envelope=envelope, root_digest=b"", parts={}, mtom=False))
        return decode_query_response(parse(b"".join(answer.body))).objects

    def documents_of(self, patient: str) -> dict[str, str | None]:
        """uniqueId → patientId of what FindDocuments answers."""
        objects = self.ask(
            StoredQuery.FIND_DOCUMENTS,
            builders.slot("$XDSDocumentEntryPatientId", patient),
            builders.slot(
                "$XDSDocumentEntryStatus",
                "urn:oasis:names:tc:ebxml-regrep:StatusType:Approved",
                "urn:oasis:names:tc:ebxml-regrep:StatusType:Deprecated",
                is_list=True,
            ),
        )
        return {entry.unique_id or "": entry.patient_id for entry in objects.document_entries}

    def associations_of(self, *ids: str) -> set[str]:
        """entryUUIDs of the associations that touch objects (GetAssociations)."""
        objects = self.ask(StoredQuery.GET_ASSOCIATIONS, builders.slot("$uuid", *ids, is_list=True))
        return {item.entry_uuid for item in objects.associations}


def entry(patient: str, **changes: Any) -> DocumentEntry:
    """A document of a patient."""
    fields = {"entry_uuid": new_uuid_urn(), "unique_id": fresh_oid(), "patient_id": patient} | changes
    return builders.document_entry(**fields)


def submission(*entries: DocumentEntry, relations: tuple[Association, ...] = ()) -> Submission:
    """A submission of documents, every id fresh and a UUID."""
    made = builders.submission(*entries)
    submission_set = replace(
        made.submission_sets[0],
        entry_uuid=new_uuid_urn(),
        unique_id=fresh_oid(),
        patient_id=entries[0].patient_id,
    )
    members = tuple(
        replace(item, entry_uuid=new_uuid_urn(), source=submission_set.entry_uuid)
        for item in made.associations
    )
    return replace(made, submission_sets=(submission_set,), associations=(*members, *relations))
