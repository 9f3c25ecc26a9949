"""Signed messages that came, shared by all workers: none is done twice (security digest 2.1 step 11, 11.5)."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from xds.store.access import Pool, borrowed
from xds.store.statements import statements

_SQL = statements("signed_messages")


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedMessageKey:
    """What makes a signed message the same as another."""

    partner: str  # who signed it
    message_id: str
    digest: bytes  # SHA-256 of its SignatureValue
    sender: str  # who sent it
    number: str  # "ITI-42"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a message found: itself first, or one that came before."""

    is_first: bool
    is_same: bool  # the same signed octets for the same transaction, by the same sender
    answer: bytes | None = None


class SignedMessageStore:
    """The memory of signed messages.

    Neither commit waits for the disk: a claim that a power cut loses had no effect that was acknowledged, for the
    effect's own commit comes later in the same log.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def claim(self, key: SignedMessageKey, expires: datetime) -> Claim:
        """Take a MessageID of a partner for this message, or tell what came with it before."""
        parameters = _parameters(key)
        claimed = {**parameters, "expires_at": expires.isoformat()}
        with borrowed(self._pool) as connection, connection.block():
            _, inserted = connection.run_together([(_SQL["relax"], {}), (_SQL["claim"], claimed)])
            if inserted:
                return Claim(is_first=True, is_same=True)
            ((digest, sender, number, answer),) = connection.run(_SQL["claimed"], parameters)
        same = (digest, sender, number) == (key.digest, key.sender, key.number)
        return Claim(is_first=False, is_same=same, answer=answer)

    def settle(self, key: SignedMessageKey, answer: bytes) -> None:
        """Keep the answer of a message."""
        with borrowed(self._pool) as connection, connection.block():
            asked = [(_SQL["relax"], {}), (_SQL["settle"], {**_parameters(key), "answer": answer})]
            connection.run_together(asked)


def _parameters(key: SignedMessageKey) -> dict[str, Any]:
    return {
        "partner": key.partner,
        "message": hashlib.sha256(key.message_id.encode()).digest(),
        "digest": key.digest,
        "sender": key.sender,
        "number": key.number,
    }
