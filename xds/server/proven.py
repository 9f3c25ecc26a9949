"""Around every transaction: what has to be signed is, and no signed message is done twice (security 2.1 step 11, 11.5).

Here, and not at the gate, it is known which operation was dispatched.
"""

from collections.abc import Collection
from typing import Final

from lxml import etree

from xds.soap import Handler, Reply, Request, security_fault
from xds.store import SignedMessageKey, SignedMessageStore
from xds.transactions import Transaction
from xds.wss import Refused, VerifiedMessage, refusals

_TRANSIENT: Final = ("Busy", "NotAvailable")
"""In codes that ask for a repeat: their answer is not the message's last word."""


def proven(
    transaction: Transaction, handler: Handler, *, signed: Collection[str], messages: SignedMessageStore
) -> Handler:
    """Wrap a handler so that it sees no message twice, and none without the signature that it needs.

    Parameters
    ----------
    signed
        Numbers of the transactions that have to be signed.
    messages
        The memory of signed messages.
    """

    def answer(body: etree._Element, request: Request) -> Reply:
        verified = request.verified
        if verified is None:
            if transaction.number in signed:
                raise security_fault(Refused(refusals.SIGNATURE_MISSING, transaction=transaction.number))
            return handler(body, request)
        # What is processed is the element that was verified, not its like.
        if body.getparent() is not verified.body or verified.action != transaction.action:
            raise security_fault(Refused(refusals.BODY_ELSEWHERE, what="env:Body"))
        return once(body, request, verified)

    def once(body: etree._Element, request: Request, verified: VerifiedMessage) -> Reply:
        key = _key(transaction, request, verified)
        claim = messages.claim(key, verified.expires)
        if not claim.is_same or not (claim.is_first or transaction.writes):
            raise security_fault(Refused(refusals.REPLAY))
        if claim.answer is not None:
            return Reply(body=(claim.answer,), outcome="repeat")
        # A repeat without answer: the first is under way, or its process died. The transaction itself knows which.
        reply = handler(body, request)
        if transaction.writes and not any(word in reply.outcome for word in _TRANSIENT):
            messages.settle(key, b"".join(reply.body))
        return reply

    return answer


def _key(transaction: Transaction, request: Request, verified: VerifiedMessage) -> SignedMessageKey:
    caller = request.caller
    shown = caller.certificate is not None
    return SignedMessageKey(
        partner=verified.signer.partner,
        message_id=verified.message_id,
        digest=verified.signature_digest,
        # By TLS the sender is the signer; of a connection without it only the address is known.
        sender=f"tls {caller.partner}" if shown else f"address {caller.address}",
        number=transaction.number,
    )
