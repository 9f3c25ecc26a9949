"""Settles what a crash left open: pending submissions are asked of the registry, never sent again blindly."""

import logging

from xds.ebxml import encode_registry_response
from xds.model import RegistryResponse
from xds.repository.registrar import Registrar, RegistrarUnavailable
from xds.store import RepositoryStore

log = logging.getLogger(__name__)


def settle_pending(store: RepositoryStore, registrar: Registrar, *, alive: frozenset[str]) -> int:
    """Settle pending submissions of processes that are gone (security digest 11.3).

    Parameters
    ----------
    alive
        Owners that still work on theirs.

    Returns
    -------
    How many were settled. One whose registry cannot be reached stays pending for the next time.
    """
    settled = 0
    for item in store.pending():
        if item.owner in alive:
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
            settled += store.settle(item.submission_id, "registered", answer)
        else:
            settled += store.settle(item.submission_id, "rejected", None)
        log.info(
            "settled",
            extra={"submission": item.submission_id, "state": "registered" if registered else "rejected"},
        )
    return settled
