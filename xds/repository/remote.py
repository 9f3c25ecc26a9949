"""A registry elsewhere: ITI-42, ITI-18 and ITI-57 over SOAP."""

from collections.abc import Sequence

from xds.access import DOMAIN, NOBODY, Caller, Requester
from xds.audit import AuditUnavailable
from xds.client import ClientError, RegistryClient
from xds.model import (
    AdhocQuery,
    QuerySlot,
    RegistryResponse,
    ReturnType,
    StoredQuery,
    Submission,
    XdsError,
    has_error,
)
from xds.repository.registrar import RegistrarUnavailable


class RemoteRegistrar:
    """A `Registrar` that speaks to another process."""

    def __init__(self, client: RegistryClient) -> None:
        self._client = client

    def register(
        self, submission: Submission, structure: Sequence[XdsError] = (), *, caller: Caller = NOBODY
    ) -> RegistryResponse:
        """Register a submission; one whose structure is broken is refused here, it could not be sent whole.

        The other registry sees this repository as the peer; it can know the source by its sourceId.
        """
        if has_error(structure):
            return RegistryResponse.of(structure)
        try:
            answer = self._client.register(submission)
        except (ClientError, AuditUnavailable) as error:
            raise RegistrarUnavailable(str(error)) from error
        return RegistryResponse(status=answer.status, findings=(*structure, *answer.findings))

    def judge(self, submission: Submission, *, caller: Caller = NOBODY) -> Sequence[XdsError]:
        """Return nothing: no transaction asks a registry for its judgement only."""
        return ()

    def update(
        self, submission: Submission, structure: Sequence[XdsError] = (), *, caller: Caller = NOBODY
    ) -> RegistryResponse:
        """Update metadata (ITI-57)."""
        try:
            return self._client.update(submission)
        except (ClientError, AuditUnavailable) as error:
            raise RegistrarUnavailable(str(error)) from error

    def query(self, query: AdhocQuery, requester: Requester) -> Submission:
        """Ask a stored query (ITI-18).

        The other registry decides what this repository sees, whoever it asks for: it is told no user.
        """
        try:
            answer = self._client.query(query)
        except (ClientError, AuditUnavailable) as error:
            raise RegistrarUnavailable(str(error)) from error
        if has_error(answer.findings):
            raise RegistrarUnavailable("the registry could not answer the query")
        return answer.objects

    def is_registered(self, submission_set_uuid: str) -> bool:
        """Tell whether the SubmissionSet is registered (GetSubmissionSetAndContents)."""
        query = AdhocQuery(
            query_id=StoredQuery.GET_SUBMISSION_SET_AND_CONTENTS,
            return_type=ReturnType.OBJECT_REF,
            slots=(QuerySlot(name="$XDSSubmissionSetEntryUUID", values=(submission_set_uuid,)),),
        )
        return bool(self.query(query, DOMAIN).object_refs)
