"""The chain over the audit log: each link's hash covers the one before, so that no row is changed or taken out unseen.

Rows are sealed after they were committed, by one process: a business transaction that had to know the link before its
own would wait for every other.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from xds.audit import decode_event
from xds.store.access import Connection, Pool, Row, borrowed
from xds.store.statements import statements

_SQL = statements("audit")
_BATCH: Final = 1_000
GENESIS: Final = bytes(32)
"""The hash before the first link."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SealFault:
    """A place where the audit log is not what it was when it was sealed."""

    position: int
    what: str  # what is wrong, without anything of a patient


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What a look at the whole chain found."""

    links: int  # that were looked at
    position: int  # of the last link
    hash: str  # of the last link, hex: written down elsewhere it proves the whole chain before it
    unsealed: int  # rows that are too new to be in the chain
    faults: tuple[SealFault, ...]


def link_hash(before: bytes, position: int, number: int, recorded_at: int, body: bytes) -> bytes:
    """The hash of a link: SHA-256 over the link before, the place, and the row.

    Parameters
    ----------
    recorded_at
        Microseconds since 1970.
    """
    place = b"".join(value.to_bytes(8, "big", signed=True) for value in (position, number, recorded_at))
    return hashlib.sha256(before + place + body).digest()


class Sealer:
    """Seals what is committed; one process at a time, under a lock."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def seal(self) -> int:
        """Add what is decided to the chain; return how many rows that were."""
        total = 0
        while True:
            count, is_more = self._seal_some()
            total += count
            if not is_more:
                return total

    def _seal_some(self) -> tuple[int, bool]:
        run = self._connection.run
        with self._connection.block():
            ((done, reach, reach_xmax),) = run(_SQL["sealer"])
            # Before the rows are read: what is decided by then is among them.
            ((largest, xmin, xmax),) = run(_SQL["horizon"])
            if largest == done:
                return 0, False
            rows = run(_SQL["unsealed"], {"done": done, "limit": _BATCH})
            if rows:
                self._link(rows)
            is_more = len(rows) == _BATCH
            # A number up to `reach` was taken by a transaction older than `reach_xmax` (the id comes first): once
            # all of those have ended, nothing comes before it any more. A restored database counts anew.
            is_decided = int(xmin) >= int(reach_xmax) or int(reach_xmax) > int(xmax)
            if not is_more and is_decided:
                run(_SQL["set_sealer"], {"done": reach, "reach": largest, "reach_xmax": xmax})
        return len(rows), is_more

    def _link(self, rows: Sequence[Row]) -> None:
        run = self._connection.run
        last = run(_SQL["last_seal"])
        position, before = last[0] if last else (0, GENESIS)
        positions, numbers, hashes = [], [], []
        patients: list[str] = []
        concerning: list[int] = []
        for number, recorded_at, body in rows:
            position += 1
            before = link_hash(before, position, number, recorded_at, body)
            positions.append(position)
            numbers.append(number)
            hashes.append(before)
            for patient in _patients(body):
                patients.append(patient)
                concerning.append(position)
        run(_SQL["add_seals"], {"positions": positions, "numbers": numbers, "hashes": hashes})
        if patients:
            run(_SQL["add_subjects"], {"patients": patients, "positions": concerning})


def _patients(body: bytes) -> tuple[str, ...]:
    try:
        return decode_event(body).patients
    except ValueError:  # of a later version: it is sealed all the same
        return ()


def verify(pool: Pool) -> Verification:
    """Look at the whole chain."""
    faults: list[SealFault] = []
    links, expected, before = 0, 1, GENESIS
    with borrowed(pool) as connection:
        for position, number, stored, recorded_at, body in _links(connection):
            if position != expected:
                missing = f"links {expected} to {position - 1} are missing"
                faults.append(SealFault(position=expected, what=missing))
            elif recorded_at is None:
                faults.append(SealFault(position=position, what=f"event {number} was removed"))
            elif link_hash(before, position, number, recorded_at, body) != stored:
                faults.append(SealFault(position=position, what=f"event {number} or its link was changed"))
            # The chain goes on from what is stored: one change is one fault.
            links, expected, before = links + 1, position + 1, stored
        ((unsealed,),) = connection.run(_SQL["count_unsealed"])
        for receiver, sent in connection.run(_SQL["known_receivers"]):
            if sent >= expected:
                what = f"links up to {sent}, which {receiver} was sent, are missing"
                faults.append(SealFault(position=expected, what=what))
    return Verification(
        links=links, position=expected - 1, hash=before.hex(), unsealed=unsealed, faults=tuple(faults)
    )


def hash_at(pool: Pool, position: int) -> str | None:
    """The hash of a link, hex; None where there is none."""
    with borrowed(pool) as connection:
        found = connection.run(_SQL["sealed"], {"position": position - 1, "limit": 1})
    return found[0][2].hex() if found and found[0][0] == position else None


def _links(connection: Connection) -> Iterator[tuple[int, int, bytes, int | None, bytes]]:
    position = 0
    while rows := connection.run(_SQL["sealed"], {"position": position, "limit": _BATCH}):
        for position, number, stored, recorded_at, body in rows:
            yield position, number, stored, recorded_at, body
