"""Where a repository registers and asks: the registry in this process, or a remote one over SOAP."""

from collections.abc import Sequence
from typing import Protocol

from xds.access import NOBODY, Caller, Requester
from xds.model import AdhocQuery, RegistryResponse, Submission, XdsError


class RegistrarUnavailable(Exception):
    """The registry did not answer; whether it registered is unknown until it is asked."""


class Registrar(Protocol):
    """The seam between repository and registry (ITI TF-2 3.42)."""

    def register(
        self, submission: Submission, structure: Sequence[XdsError] = (), *, caller: Caller = NOBODY
    ) -> RegistryResponse:
        """Register a submission.

        Parameters
        ----------
        structure
            What the repository's decoder found wrong; it is part of the answer.
        caller
            Who sent it: a registry in this process judges it by that partner's policy.

        Raises
        ------
        RegistrarUnavailable
            No answer came.
        """

    def judge(self, submission: Submission, *, caller: Caller = NOBODY) -> Sequence[XdsError]:
        """Return what the registry would find, without registering.

        Empty where only registering would tell, or while the registry does not answer: it is asked so that the
        sender of a submission that is refused anyway learns everything at once.
        """

    def update(
        self, submission: Submission, structure: Sequence[XdsError] = (), *, caller: Caller = NOBODY
    ) -> RegistryResponse:
        """Update metadata (ITI-57); parameters and errors as `register`."""

    def query(self, query: AdhocQuery, requester: Requester) -> Submission:
        """Ask a stored query (ITI-18) and return the objects of its answer that the requester may see.

        Raises
        ------
        RegistrarUnavailable
            No answer came, or one that says Failure.
        """

    def is_registered(self, submission_set_uuid: str) -> bool:
        """Tell whether the SubmissionSet is registered; settles what a crash left open.

        Raises
        ------
        RegistrarUnavailable
            No answer came.
        """
