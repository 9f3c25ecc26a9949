"""What a process leaves pending because the metadata store went away is given up by itself once that is back."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.transactions import samples
from xds.access import NOBODY, Caller, Requester
from xds.documents import FolderVault, Spool
from xds.model import AdhocQuery, RegistryResponse, Submission, XdsError
from xds.repository import Depositor, settle_pending
from xds.store import Pool, RepositoryStore, StoreUnavailable


class Away:
    """A registrar whose database goes away after it registered."""

    def __init__(self) -> None:
        self.depositor: Depositor | None = None

    def register(
        self, submission: Submission, structure: Sequence[XdsError] = (), *, caller: Caller = NOBODY
    ) -> RegistryResponse:
        assert self.depositor is not None
        self.depositor.give_up_abandoned()  # a beat of the housekeeper meanwhile: this one is worked on
        raise StoreUnavailable

    def update(
        self, submission: Submission, structure: Sequence[XdsError] = (), *, caller: Caller = NOBODY
    ) -> RegistryResponse:
        raise AssertionError("a depositor updates nothing")

    def judge(self, submission: Submission, *, caller: Caller = NOBODY) -> Sequence[XdsError]:
        return ()

    def query(self, query: AdhocQuery, requester: Requester) -> Submission:
        raise AssertionError("a depositor asks no stored query")

    def is_registered(self, submission_set_uuid: str) -> bool:
        return True


def test_what_nobody_works_on_any_more_is_settled(pool: Pool, tmp_path: Path) -> None:
    store, vault, spool, registrar = RepositoryStore(pool), FolderVault(tmp_path), Spool(tmp_path), Away()
    mine = Depositor(store=store, vault=vault, registrar=registrar, owner="host/1")
    others = Depositor(store=store, vault=vault, registrar=registrar, owner="host/2")
    registrar.depositor = mine
    entry = samples.entry(samples.fresh_patient())
    with pytest.raises(StoreUnavailable):
        mine.deposit(samples.submission(entry), {entry.entry_uuid: spool.receive([b"octets"], 100)})
    assert [item.owner for item in store.pending()] == [
        "host/1"
    ]  # nor was it given up while it was worked on
    others.give_up_abandoned()
    assert settle_pending(store, registrar, is_alive=lambda _: True) == 0  # its process lives
    mine.give_up_abandoned()
    assert [item.owner for item in store.pending()] == [""]
    assert settle_pending(store, registrar, is_alive=lambda _: True) == 1
    assert store.to_serve([entry.unique_id or ""])[entry.unique_id or ""].sha256 == _sha256(b"octets")


def _sha256(octets: bytes) -> str:
    return hashlib.sha256(octets).hexdigest()
