"""The registry in this process, as a repository sees it."""

from collections.abc import Sequence

from xds.model import RegistryResponse, Submission, XdsError
from xds.registry import RegisterDocumentSet
from xds.repository import RegistrarUnavailable
from xds.store import QueryStore, StoreBusy, StoreUnavailable


class LocalRegistrar:
    """A `xds.repository.Registrar` that calls ITI-42's Expected Actions directly: parsed once, no SOAP."""

    def __init__(self, transaction: RegisterDocumentSet, queries: QueryStore) -> None:
        self._transaction = transaction
        self._queries = queries

    def register(
        self, submission: Submission, structure: Sequence[XdsError] = (), *, peer: str = ""
    ) -> RegistryResponse:
        """Register a submission.

        Raises
        ------
        RegistrarUnavailable
            The metadata store went away meanwhile: whether it committed is unknown.
        """
        try:
            return self._transaction.register(submission, structure, peer=peer)
        except (StoreUnavailable, StoreBusy) as error:
            raise RegistrarUnavailable(str(error)) from error

    def judge(self, submission: Submission, *, peer: str = "") -> Sequence[XdsError]:
        """Return what ITI-42 would find; nothing while the metadata store is away."""
        try:
            return self._transaction.judge(submission, peer=peer)
        except (StoreUnavailable, StoreBusy):
            return ()

    def is_registered(self, submission_set_uuid: str) -> bool:
        """Tell whether the SubmissionSet is registered."""
        try:
            with self._queries.reader() as reader:
                return bool(reader.submission_sets([submission_set_uuid], 1))
        except (StoreUnavailable, StoreBusy) as error:
            raise RegistrarUnavailable(str(error)) from error
