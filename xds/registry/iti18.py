"""ITI-18 Registry Stored Query: the Expected Actions of the Document Registry (ITI TF-2 3.18.4.1.3)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from lxml import etree

from xds.ebxml import decode_adhoc_query, encode_object_ref, encode_query_response
from xds.model import (
    AdhocQuery,
    ObjectKind,
    ResponseStatus,
    ResultNotSinglePatient,
    ReturnType,
    StoredQuery,
    TooManyResults,
    UnknownPatientId,
    XdsError,
    has_error,
)
from xds.registry import selections
from xds.registry.selections import Selection
from xds.rules import Policies, check_query
from xds.soap import Reply, Request
from xds.store import FoundObject, QueryStore, RegistryReader

_SELECTIONS: Final[dict[StoredQuery, Callable[[RegistryReader, AdhocQuery, int], Selection]]] = {
    StoredQuery.FIND_DOCUMENTS: selections.find_documents,
    StoredQuery.FIND_DOCUMENTS_BY_REFERENCE_ID: selections.find_documents,
    StoredQuery.GET_ALL: selections.get_all,
    StoredQuery.GET_DOCUMENTS: selections.get_documents,
    StoredQuery.GET_ASSOCIATIONS: selections.get_associations,
    StoredQuery.GET_SUBMISSION_SET_AND_CONTENTS: selections.get_submission_set_and_contents,
    StoredQuery.GET_RELATED_DOCUMENTS: selections.get_related_documents,
}
_SINGLE_PATIENT: Final = frozenset({StoredQuery.GET_DOCUMENTS, StoredQuery.GET_SUBMISSION_SET_AND_CONTENTS})
"""Queries by id whose LeafClass answer may not span patients (3.18.4.1.2.3.7.5, .7.10)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryPolicy:
    """What the affinity domain and the operator decide about answers."""

    rules: Policies
    leaf_class_results: int = 2_500
    object_ref_results: int = 25_000
    response_bytes: int = 64 * 1024 * 1024
    home_community_id: str | None = None  # put on every object that has none of its own
    unknown_patient: Literal["empty", "error"] = "empty"  # 3.18.4.1.3: a matter of policy


class RegistryStoredQuery:
    """The transaction."""

    def __init__(self, store: QueryStore, policy: QueryPolicy) -> None:
        self._store = store
        self._policy = policy

    def __call__(self, body: etree._Element, request: Request) -> Reply:
        """Answer a query:AdhocQueryRequest."""
        query, notation = decode_adhoc_query(body)
        findings: list[XdsError] = [*notation, *check_query(query, self._policy.rules.of(request.peer))]
        count, pieces = 0, list[bytes]()
        if not has_error(findings):
            try:
                count, pieces = self._objects(query)
            except XdsError as refusal:
                findings.append(refusal)
        status = ResponseStatus.FAILURE if has_error(findings) else ResponseStatus.SUCCESS
        codes = sorted({finding.code for finding in findings})
        outcome = " ".join([status.value.rpartition(":")[2], f"{count} objects", *codes])
        return Reply(body=encode_query_response(status, findings, pieces), outcome=outcome)

    def _objects(self, query: AdhocQuery) -> tuple[int, list[bytes]]:
        """How many objects the answer has, and their fragments, joined as they come."""
        policy, stored_query = self._policy, StoredQuery(query.query_id)
        leaf_class = query.return_type is ReturnType.LEAF_CLASS
        limit = policy.leaf_class_results if leaf_class else policy.object_ref_results
        with self._store.reader() as reader:
            selection = _SELECTIONS[stored_query](reader, query, limit + 1)
            if selection.unknown_patient is not None:
                if policy.unknown_patient == "error":
                    raise UnknownPatientId(selection.unknown_patient)
                return 0, []
            found = selection.objects
            if len(found) > limit:
                raise TooManyResults(_advice(limit, query))
            if not leaf_class:
                home = policy.home_community_id
                references = [encode_object_ref(item.entry_uuid, item.home or home) for item in found]
                return len(found), [b"".join(references)]
            keys = {item.patient_key for item in found}
            if selection.patient_id is not None:
                names = dict.fromkeys(keys, selection.patient_id)
            else:
                names = reader.patient_names(keys)
            if stored_query in _SINGLE_PATIENT and _spans_patients(found, names):
                raise ResultNotSinglePatient(
                    "the objects asked for belong to several patients; ask for one patient's at a time, or with"
                    " returnType ObjectRef"
                )
            return len(found), self._fragments(reader, found, names)

    def _fragments(
        self, reader: RegistryReader, found: Sequence[FoundObject], names: dict[int, str]
    ) -> list[bytes]:
        fragments, size = [], 0
        for fragment in reader.fragments(found, names, self._policy.home_community_id):
            size += len(fragment)
            if size > self._policy.response_bytes:
                raise TooManyResults(
                    f"the answer would be larger than {self._policy.response_bytes} octets; narrow the query, or"
                    " ask with returnType ObjectRef and then GetDocuments in parts"
                )
            fragments.append(fragment)
        return fragments


def _spans_patients(found: Sequence[FoundObject], names: dict[int, str]) -> bool:
    kinds = (ObjectKind.DOCUMENT_ENTRY, ObjectKind.FOLDER, ObjectKind.SUBMISSION_SET)
    return len({names[item.patient_key] for item in found if item.kind in kinds}) > 1


def _advice(limit: int, query: AdhocQuery) -> str:
    sent = {slot.name for slot in query.slots}
    narrowing = [
        name
        for name in (
            "$XDSDocumentEntryCreationTimeFrom",
            "$XDSDocumentEntryServiceStartTimeFrom",
            "$XDSDocumentEntryClassCode",
            "$XDSDocumentEntryEventCodeList",
        )
        if name not in sent
    ]
    return (
        f"more than {limit} objects match, which is the limit for {query.return_type}; repeating the query will"
        f" not help: add a filter such as {' or '.join(narrowing[:2]) or 'a narrower time'}, or ask with returnType"
        " ObjectRef and then GetDocuments in parts"
    )
