"""Answers of writing transactions, so that a repeat of a message gets the answer that it got.

For transactions that do no harm when they are done twice: the answer is kept after the deed, and between the two a
process may die. ITI-42 keeps its answers in the transaction that registers.
"""

from xds.store.access import Pool, borrowed
from xds.store.statements import statements

_SQL = statements("registry")


class ReplayStore:
    """Answers by message id and digest; they are forgotten after a day."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def answer(self, message_id: str, digest: bytes, number: str) -> bytes | None:
        """The answer that the same message of a transaction got; None when it is new."""
        parameters = {"message_id": message_id, "digest": digest, "number": number}
        with borrowed(self._pool) as connection:
            found = connection.run(_SQL["answer_of"], parameters)
            return found[0][0] if found else None

    def keep(self, message_id: str, digest: bytes, number: str, answer: bytes) -> bytes:
        """Keep an answer and return it; of a message that came twice at once the answer that was kept first."""
        parameters = {"message_id": message_id, "digest": digest, "number": number, "answer": answer}
        with borrowed(self._pool) as connection:
            if connection.run(_SQL["remember_answer"], parameters):
                return answer
        return self.answer(message_id, digest, number) or answer
