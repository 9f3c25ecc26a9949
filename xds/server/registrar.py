"""The registry in this process, as a repository sees it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from xds.access import NOBODY, Caller, Requester
from xds.audit import AuditLog, AuditUnavailable, Trail
from xds.ebxml import decode_query_response
from xds.model import AdhocQuery, RegistryResponse, Submission, XdsError, has_error
from xds.registry import RegisterDocumentSet, RegistryStoredQuery, UpdateDocumentSet
from xds.repository import RegistrarUnavailable
from xds.store import StoreBusy, StoreUnavailable, SubmissionStore
from xds.transactions import Transaction
from xds.xml import parse


class LocalRegistrar:
    """A `xds.repository.Registrar` that calls the Expected Actions directly: parsed once, no SOAP."""

    def __init__(
        self,
        transaction: RegisterDocumentSet,
        submissions: SubmissionStore,
        stored_query: RegistryStoredQuery,
        updates: UpdateDocumentSet,
        audit: AuditLog,
        path: str,
    ) -> None:
        self._transaction = transaction
        self._submissions = submissions
        self._stored_query = stored_query
        self._updates = updates
        self._audit = audit
        self._path = path

    def register(
        self, submission: Submission, structure: Sequence[XdsError] = (), *, caller: Caller = NOBODY
    ) -> RegistryResponse:
        """Register a submission.

        Raises
        ------
        RegistrarUnavailable
            The metadata store went away meanwhile: whether it committed is unknown.
        """
        with self._trail(self._transaction.TRANSACTION, caller) as trail:
            return self._transaction.register(submission, structure, caller=caller, trail=trail)

    def judge(self, submission: Submission, *, caller: Caller = NOBODY) -> Sequence[XdsError]:
        """Return what ITI-42 would find; nothing while the metadata store is away."""
        try:
            return self._transaction.judge(submission, caller=caller)
        except (StoreUnavailable, StoreBusy):
            return ()

    def update(
        self, submission: Submission, structure: Sequence[XdsError] = (), *, caller: Caller = NOBODY
    ) -> RegistryResponse:
        """Update metadata (ITI-57); as `register`."""
        with self._trail(self._updates.TRANSACTION, caller) as trail:
            return self._updates.update(submission, structure, caller=caller, trail=trail)

    @contextmanager
    def _trail(self, transaction: Transaction, caller: Caller) -> Iterator[Trail]:
        """The registry's record of what this process sends itself; an answer that is not recorded is none."""
        trail = self._audit.trail(
            transaction.number,
            caller=Caller(user=caller.user),
            endpoint=self._path,
            peer=self._audit.station.host,
            is_own=True,
        )
        try:
            yield trail
            trail.close()
        except (StoreUnavailable, StoreBusy, AuditUnavailable) as error:
            raise RegistrarUnavailable(str(error)) from error

    def query(self, query: AdhocQuery, requester: Requester) -> Submission:
        """Ask a stored query (ITI-18)."""
        try:
            answer = decode_query_response(parse(self._stored_query.ask(query, requester)))
        except (StoreUnavailable, StoreBusy) as error:
            raise RegistrarUnavailable(str(error)) from error
        if has_error(answer.findings):
            raise RegistrarUnavailable("the registry could not answer the query")
        return answer.objects

    def is_registered(self, submission_set_uuid: str) -> bool:
        """Tell whether the SubmissionSet is registered; one that is being registered is waited for."""
        try:
            return self._submissions.knows(submission_set_uuid)
        except (StoreUnavailable, StoreBusy) as error:
            raise RegistrarUnavailable(str(error)) from error
