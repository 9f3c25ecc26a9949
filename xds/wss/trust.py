"""Whose signature it is: asked of whoever keeps the partner table."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from cryptography import x509


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """The partner whose certificate signed a message, and what was agreed with it."""

    partner: str  # its name in the partner table
    algorithms: frozenset[str] = field(
        default=frozenset()
    )  # names of `xds.wss.algorithms`; empty: all of them
    allows_sha1: bool = False  # takes SHA-1, which can be forged
    signed_answers: bool = False  # is answered with signed messages


class Trust(Protocol):
    """The partner table, as far as signatures ask."""

    def signer(self, certificate: x509.Certificate, at: datetime) -> Signer:
        """Return whose certificate it is.

        Raises
        ------
        Refused
            It is nobody's, out of date, revoked, too weak or not for signatures.
        """
