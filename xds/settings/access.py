"""Who may do what: identity providers, what is asked of their assertions, and policies per transaction."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

TransactionNumber = Literal[
    "ITI-18",
    "ITI-38",
    "ITI-39",
    "ITI-41",
    "ITI-42",
    "ITI-43",
    "ITI-44",
    "ITI-51",
    "ITI-57",
    "ITI-61",
    "ITI-62",
    "ITI-86",
    "ITI-92",
    "RAD-55",
    "RAD-69",
    "RAD-107",
]
UserAttribute = Literal[
    "subject-id", "organization-id", "role", "purposeofuse", "provider-identifier", "resource-id"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityProviderSettings:
    """``[[identity_providers]]``: whose assertions about users are believed (ITI-40, [security.md](security.md)).

    As soon as one is enrolled, reading and removing (ITI-18, 51, 43, 38, 39, 62, 86, RAD-55, 69, 107) need an assertion
    unless ``[[policies]]`` say otherwise.
    """

    issuer: str = ""  # saml:Issuer of its assertions, to the letter; needed
    certificates: tuple[Path, ...] = ()  # PEM, of its signing keys: an old one and its successor may overlap
    attribute_prefix: str = ""  # what it writes before the names of ONE ID attributes, UAO, RID, OBO …
    authentications: tuple[str, ...] = ()  # AuthnContextClassRef that are taken; none: any


@dataclass(frozen=True, slots=True, kw_only=True)
class AssertionSettings:
    """``[assertions]``: what is asked of a user's assertion (ITI-40, [security.md](security.md))."""

    audiences: tuple[str, ...] = ()  # that name this service or its affinity domain, beside its URLs
    skew_seconds: int = 120  # how far the provider's clock may be from ours
    life_minutes: int = 60  # from NotBefore to NotOnOrAfter at most
    authentication_hours: int = 12  # since the user authenticated (AuthnInstant)
    senders: Literal["proven", "any"] = (
        "proven"  # who may bring one: a partner known by its certificate, or, for tests, anybody
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySettings:
    """``[[policies]]``: who may do some transactions; those of one transaction are alternatives.

    A user has to fit all that one policy names. Codes are written as ``code^^scheme``, a role without a scheme as it
    is.
    """

    transactions: tuple[TransactionNumber, ...] = ()  # needed
    assertion: Literal["required", "optional", "ignored"] = (
        "required"  # "optional": one that is there has to hold; "ignored": not even read
    )
    attributes: tuple[UserAttribute, ...] = (
        "subject-id",
        "organization-id",
        "role",
        "purposeofuse",
        "provider-identifier",
    )  # what an assertion has to say
    roles: tuple[str, ...] = ()  # one of these; none: any
    organizations: tuple[str, ...] = ()  # organization-id (UAO), one of these; none: any
    purposes: tuple[str, ...] = ()  # purposeofuse, one of these; none: any
    partners: tuple[str, ...] = ()  # names of [[partners]] that may send it; none: any
