"""The identity providers whose word about users is taken."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityProvider:
    """An X-Assertion Provider as it is enrolled (ITI TF-2 3.40.4.1.3)."""

    issuer: str  # saml:Issuer of its assertions, to the letter
    certificates: tuple[x509.Certificate, ...]  # of its signing keys; two while it changes them
    attribute_prefix: str = ""  # before the names of ONE ID attributes
    authentications: frozenset[str] = frozenset()  # AuthnContextClassRef that are accepted; empty: any

    def certificates_at(self, now: datetime) -> Iterable[x509.Certificate]:
        """The certificates that are in date."""
        return [
            each for each in self.certificates if each.not_valid_before_utc <= now <= each.not_valid_after_utc
        ]
