"""Publish the seed through whatever sends: the sending function is the caller's."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from xds.model import DuplicateUniqueIdInRegistry, RegistryResponse, XdsError
from xds.sandbox.catalogue import SUBMISSION_COUNT
from xds.sandbox.submissions import SeedSubmission, seed_submissions

_OID = re.compile(r"\d+(?:\.\d+)+")


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedSubmission:
    """A submission that was not accepted, and why."""

    unique_id: str  # SubmissionSet.uniqueId
    findings: tuple[XdsError, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedResult:
    """What became of the seed."""

    published: int
    already_there: int  # published by an earlier, interrupted run
    refused: tuple[RefusedSubmission, ...]


def publish_seed(
    send: Callable[[SeedSubmission], RegistryResponse],
    progress: Callable[[int, int], None] | None = None,
) -> SeedResult:
    """Publish every submission of the seed, in order.

    Ask for the SubmissionSet `xds.sandbox.catalogue.SEED_MARKER` before: when it is registered, there is
    nothing to do. After an interrupted run this continues it: what is there already is counted, not an error.

    Parameters
    ----------
    send
        Publishes one submission (ITI-41) and returns the answer; what it raises ends the run.
    progress
        Is told after each submission how many of how many are done.
    """
    published = already_there = 0
    refused: list[RefusedSubmission] = []
    for done, submission in enumerate(seed_submissions(), start=1):
        response = send(submission)
        if response.is_success:
            published += 1
        elif _is_known(submission, response):
            already_there += 1
        else:
            refused.append(RefusedSubmission(unique_id=submission.unique_id, findings=response.findings))
        if progress is not None:
            progress(done, SUBMISSION_COUNT)
    return SeedResult(published=published, already_there=already_there, refused=tuple(refused))


def _is_known(submission: SeedSubmission, response: RegistryResponse) -> bool:
    """The SubmissionSet's own uniqueId is registered, and with it all that the submission holds."""
    return any(
        finding.code == DuplicateUniqueIdInRegistry.code
        and submission.unique_id in _OID.findall(finding.context)
        for finding in response.findings
    )
