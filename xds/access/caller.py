"""Who sends a request: where it comes from, which partner proved it, and the user it speaks for."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessContext:
    """A user as an assertion of a trusted identity provider describes them (ITI TF-2 3.40)."""

    user: str  # NameID: unique within the issuer
    issuer: str  # of the assertion
    alias: str | None = None  # SPProvidedID: what the audit calls the user (3.40.4.2)
    display_name: str | None = None
    licence: str | None = None  # provider identifier, such as "cpso:123"
    organization: str | None = None  # organization-id; in Ontario the authority one acts under (UAO)
    organization_name: str | None = None
    roles: frozenset[str] = frozenset()  # code^^scheme
    purpose: str | None = None  # purposeofuse: code^^scheme
    on_behalf_of: str | None = None
    override_reason: str | None = None  # why a consent directive is overridden, in the user's words
    assurance_level: str | None = None
    resource_id: str | None = None  # the patient that the assertion is for (CX); none: any
    home_community_id: str | None = None  # the community that asks: "urn:oid:…"

    @property
    def user_name(self) -> str:
        """The user as the audit names them: ``alias<user@issuer>`` (ITI TF-2 3.40.4.2)."""
        return f"{self.alias or ''}<{self.user}@{self.issuer}>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The sender of a request, as far as it is proven."""

    address: str = ""  # network address of the connection, or of a trusted proxy's client
    partner: str | None = None  # the enrolled partner whose certificate was shown, or signed the message
    certificate: bytes | None = None  # DER, of the TLS client
    signed: bool = False  # whether the message bears the partner's signature
    user: AccessContext | None = None


NOBODY: Final = Caller()
"""Of whom nothing is known: this process itself, and tests."""
