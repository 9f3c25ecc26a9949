"""WS-Security: who signed a message, and that nothing of it was changed; and signing our own."""

import logging

from xds.wss import refusals
from xds.wss.digest import Attachments, Pieces, base64_pieces
from xds.wss.identity import read_identity
from xds.wss.refusals import FaultCode, Refusal, Refused
from xds.wss.sign import SigningIdentity, sign
from xds.wss.structure import is_signed
from xds.wss.trust import Signer, Trust
from xds.wss.verify import VerifiedMessage, verify

__all__ = [
    "Attachments",
    "FaultCode",
    "Pieces",
    "Refusal",
    "Refused",
    "Signer",
    "SigningIdentity",
    "Trust",
    "VerifiedMessage",
    "base64_pieces",
    "is_signed",
    "read_identity",
    "refusals",
    "sign",
    "verify",
]

# At DEBUG signxml logs what was signed: patients.
logging.getLogger("signxml").setLevel(logging.WARNING)
