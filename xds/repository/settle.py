"""Settles what a crash left open: pending submissions are asked of the registry, never sent again blindly."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from xds.audit import AuditEvent, Outcome
from xds.ebxml import encode_registry_response
from xds.model import RegistryResponse
from xds.repository.registrar import Registrar, RegistrarUnavailable
from xds.store import PendingSubmission, RepositoryStore

_GIVEN_UP_SECONDS: Final = 600.0
_LOST: Final = "not registered; its process ended, or the registry did not answer"

log = logging.getLogger(__name__)


def settle_pending(store: RepositoryStore, registrar: Registrar, *, is_alive: Callable[[str], bool]) -> int:
    """Settle pending submissions of processes that are gone or have given up (security digest 11.3).

    Parameters
    ----------
    is_alive
        Tells whether an owner may still work on its own; after ten minutes none does.

    Returns
    -------
    How many were settled. One whose registry cannot be reached stays pending for the next time.
    """
    settled = 0
    for item in store.pending():
        if item.owner and item.age_seconds < _GIVEN_UP_SECONDS and is_alive(item.owner):
            continue
        try:
            registered = registrar.is_registered(item.submission_set_uuid)
        except RegistrarUnavailable:
            log.warning(
                "registry not reachable, submission stays pending", extra={"submission": item.submission_id}
            )
            continue
        if registered:
            answer = encode_registry_response(RegistryResponse.of(()))
            settled += store.settle(item.submission_id, "registered", answer, _events(item))
        else:
            settled += store.settle(item.submission_id, "rejected", None, _events(item, _LOST))
        log.info(
            "settled",
            extra={"submission": item.submission_id, "state": "registered" if registered else "rejected"},
        )
    return settled


def _events(item: PendingSubmission, failed: str = "") -> Sequence[AuditEvent]:
    """The event that its own process could not write any more."""
    if item.event is None:
        return ()
    if not failed:
        return (item.event,)
    return (replace(item.event, outcome=int(Outcome.SERIOUS_FAILURE), description=failed),)
