"""ITI-18 Registry Stored Query: the Expected Actions of the Document Registry (ITI TF-2 3.18.4.1.3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Literal

from lxml import etree

from xds.access import NOBODY, USUAL_POLICY, AccessContext, Caller, ConsentPolicy, Requester, is_told
from xds.audit import SILENT, Trail, query_facts
from xds.ebxml import decode_adhoc_query, encode_object_ref, encode_query_response
from xds.model import (
    AdhocQuery,
    ObjectKind,
    RegistryError,
    RegistryResponse,
    ResultNotSinglePatient,
    ReturnType,
    StoredQuery,
    TooManyResults,
    UnknownPatientId,
    XdsError,
    has_error,
    parse_patient_id,
)
from xds.registry.advice import too_many_objects, too_many_octets
from xds.registry.selections import SELECTIONS, SINGLE_PATIENT
from xds.rules import Policies, check_query, known_parameters
from xds.soap import Reply, Request, require_patients
from xds.store import FoundObject, QueryStore, RegistryReader

DIRECTIVE_APPLIES: Final = "consent directive applies"
"""codeContext of the Warning; the same whatever and however much is withheld."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryPolicy:
    """What the affinity domain and the operator decide about answers."""

    rules: Policies
    leaf_class_results: int = 2_500
    object_ref_results: int = 25_000
    response_bytes: int = 64 * 1024 * 1024
    home_community_id: str | None = None  # put on every object that has none of its own
    consent: ConsentPolicy = USUAL_POLICY
    unknown_patient: Literal["empty", "error"] = "empty"  # 3.18.4.1.3: a matter of policy


class RegistryStoredQuery:
    """The transaction."""

    transaction: ClassVar = "ITI-18"

    def __init__(self, store: QueryStore, policy: QueryPolicy) -> None:
        self._store = store
        self._policy = policy

    def __call__(self, body: etree._Element, request: Request) -> Reply:
        """Answer a query:AdhocQueryRequest."""
        query, decoded = decode_adhoc_query(body)
        facts = query_facts(query, body)
        request.trail.about(**facts)
        require_patients(self.transaction, request.caller, facts["patients"])
        return self._answer(
            query, decoded, request.caller, Requester(user=request.caller.user), request.trail
        )

    def ask(self, query: AdhocQuery, requester: Requester) -> bytes:
        """Answer a query of this process: the query:AdhocQueryResponse."""
        return b"".join(self._answer(query, (), NOBODY, requester).body)

    def _answer(
        self,
        query: AdhocQuery,
        decoded: Sequence[XdsError],
        caller: Caller,
        requester: Requester,
        trail: Trail = SILENT,
    ) -> Reply:
        rules = self._policy.rules.of(caller)
        findings = check_query(query, rules, self.transaction, decoded)
        count, pieces = 0, list[bytes]()
        if not has_error(findings):
            try:
                count, pieces = self._objects(known_parameters(query), findings, requester, trail)
            except XdsError as refusal:
                findings.append(refusal)
        # With objects beside an error it is a PartialSuccess (ITI TF-3 Table 4.2.4.2-3).
        response = RegistryResponse.of(findings, done=count)
        trail.answered(response)
        return Reply(
            body=encode_query_response(response.status, findings, pieces),
            outcome=response.outcome(f"{count} objects"),
        )

    def _objects(
        self, query: AdhocQuery, findings: list[XdsError], requester: Requester, trail: Trail
    ) -> tuple[int, list[bytes]]:
        """How many objects the answer has, and their fragments, joined as they come.

        Patients that are unknown are added to the findings, if that is the policy.
        """
        policy, stored_query = self._policy, StoredQuery(query.query_id)
        leaf_class = query.return_type is ReturnType.LEAF_CLASS
        limit = policy.leaf_class_results if leaf_class else policy.object_ref_results
        with self._store.reader(requester) as reader:
            selection = SELECTIONS[stored_query](reader, query, limit + 1)
            if policy.unknown_patient == "error":
                findings.extend(UnknownPatientId(patient_id) for patient_id in selection.unknown_patients)
            if reader.sight.withholds and is_told(requester, policy.consent):
                findings.append(RegistryError(DIRECTIVE_APPLIES).as_warning())
            if reader.sight.overrides:
                numbers = sorted({str(item.number) for item in reader.sight.overrides})
                trail.about(details=tuple(("override", number) for number in numbers))
            found = selection.objects
            if len(found) > limit:
                raise TooManyResults(too_many_objects(limit, query))
            found = _of_their_patient(reader, found, requester.user)
            if not leaf_class:
                home = policy.home_community_id
                references = [encode_object_ref(item.entry_uuid, item.home or home) for item in found]
                return len(found), [b"".join(references)]
            keys = {item.patient_key for item in found}
            if selection.patient_id is not None:
                names = dict.fromkeys(keys, selection.patient_id)
            else:
                names = reader.patient_names(keys)
                if not trail.fact("patients", ()):  # a query by id names none
                    trail.about(patients=tuple(sorted(set(names.values()))))
            if stored_query in SINGLE_PATIENT and _spans_patients(found, names):
                raise ResultNotSinglePatient(
                    "the objects asked for belong to several patients; ask for one patient's at a time, or with"
                    " returnType ObjectRef"
                )
            return len(found), self._fragments(reader, found, names, query)

    def _fragments(
        self, reader: RegistryReader, found: Sequence[FoundObject], names: dict[int, str], query: AdhocQuery
    ) -> list[bytes]:
        fragments, size = [], 0
        for fragment in reader.fragments(found, names, self._policy.home_community_id):
            size += len(fragment)
            if size > self._policy.response_bytes:
                raise TooManyResults(too_many_octets(self._policy.response_bytes, query))
            fragments.append(fragment)
        return fragments


def _of_their_patient(
    reader: RegistryReader, found: list[FoundObject], user: AccessContext | None
) -> list[FoundObject]:
    """Of a user whose assertion is for one patient: what is another's is as if it were not there."""
    if user is None or user.resource_id is None:
        return found
    patient = parse_patient_id(user.resource_id)
    keys = reader.patient_keys(user.resource_id if patient is None else str(patient)) or ()
    return [item for item in found if item.patient_key in keys]


def _spans_patients(found: Sequence[FoundObject], names: dict[int, str]) -> bool:
    kinds = (ObjectKind.DOCUMENT_ENTRY, ObjectKind.FOLDER, ObjectKind.SUBMISSION_SET)
    return len({names[item.patient_key] for item in found if item.kind in kinds}) > 1
