"""Which users may do which transaction: pure decisions on the caller of a request."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from xds.access.caller import AccessContext, Caller


class Demand(StrEnum):
    """What a transaction asks of the sender's assertion."""

    REQUIRED = "required"
    OPTIONAL = "optional"  # one that is there has to hold
    IGNORED = "ignored"  # not even read


class Attribute(StrEnum):
    """What a policy may ask an assertion to say (ITI TF-2 3.40.4.1.2)."""

    SUBJECT_ID = "subject-id"
    ORGANIZATION_ID = "organization-id"
    ROLE = "role"
    PURPOSE_OF_USE = "purposeofuse"
    PROVIDER_IDENTIFIER = "provider-identifier"
    RESOURCE_ID = "resource-id"


EVERY_USER: Final = (
    Attribute.SUBJECT_ID,
    Attribute.ORGANIZATION_ID,
    Attribute.ROLE,
    Attribute.PURPOSE_OF_USE,
    Attribute.PROVIDER_IDENTIFIER,
)
"""What is asked of every assertion where a policy does not say less (security digest, section 5, step 9)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Who may do some transactions. An empty set restricts nothing."""

    transactions: frozenset[str]  # "ITI-18"
    assertion: Demand = Demand.REQUIRED
    attributes: tuple[Attribute, ...] = EVERY_USER
    roles: frozenset[str] = frozenset()  # one of these, code^^scheme
    organizations: frozenset[str] = frozenset()
    purposes: frozenset[str] = frozenset()  # code^^scheme
    partners: frozenset[str] = frozenset()  # who may bring the request, by the name of their entry


class Reason(StrEnum):
    """Why a request is not allowed."""

    ASSERTION_MISSING = "assertion-missing"
    ATTRIBUTE_MISSING = "attribute-missing"
    ROLE = "role"
    ORGANIZATION = "organization"
    PURPOSE = "purpose"
    PARTNER = "partner"
    PATIENT = "patient"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A request that is not allowed."""

    reason: Reason
    missing: tuple[Attribute, ...] = ()  # of ATTRIBUTE_MISSING


class AccessPolicy:
    """The policies of a service.

    Parameters
    ----------
    policies
        Those of one transaction are alternatives: who fits one of them may do it.
    default
        Of transactions that no policy names.
    """

    def __init__(self, policies: Iterable[Policy] = (), default: Mapping[str, Policy] | None = None) -> None:
        self._default = dict(default or {})
        self._policies: dict[str, list[Policy]] = {}
        for policy in policies:
            for number in policy.transactions:
                self._policies.setdefault(number, []).append(policy)

    def of(self, transaction: str) -> Sequence[Policy]:
        """The policies of a transaction; none: anybody may do it."""
        if transaction in self._policies:
            return self._policies[transaction]
        return [self._default[transaction]] if transaction in self._default else []

    def reads_assertion(self, transaction: str) -> bool:
        """Tell whether an assertion beside a transaction's request is looked at."""
        return any(policy.assertion is not Demand.IGNORED for policy in self.of(transaction))

    def decide(self, transaction: str, caller: Caller) -> Refusal | None:
        """Return why a caller may not do a transaction; None when they may."""
        refusals = [refusal_of(policy, caller) for policy in self.of(transaction)]
        if not refusals or None in refusals:
            return None
        return next(refusal for refusal in refusals if refusal is not None)


def refusal_of(policy: Policy, caller: Caller) -> Refusal | None:
    """Return what a caller lacks for one policy; None when nothing."""
    if policy.partners and caller.partner not in policy.partners:
        return Refusal(reason=Reason.PARTNER)
    if policy.assertion is Demand.IGNORED:
        return None
    user = caller.user
    if user is None:
        required = policy.assertion is Demand.REQUIRED
        return Refusal(reason=Reason.ASSERTION_MISSING) if required else None
    missing = tuple(item for item in policy.attributes if not _has(user, item))
    if missing:
        return Refusal(reason=Reason.ATTRIBUTE_MISSING, missing=missing)
    if policy.roles and not policy.roles & user.roles:
        return Refusal(reason=Reason.ROLE)
    if policy.organizations and user.organization not in policy.organizations:
        return Refusal(reason=Reason.ORGANIZATION)
    if policy.purposes and user.purpose not in policy.purposes:
        return Refusal(reason=Reason.PURPOSE)
    return None


def _has(user: AccessContext, attribute: Attribute) -> bool:
    said: Mapping[Attribute, object] = {
        Attribute.SUBJECT_ID: user.display_name,
        Attribute.ORGANIZATION_ID: user.organization,
        Attribute.ROLE: user.roles,
        Attribute.PURPOSE_OF_USE: user.purpose,
        Attribute.PROVIDER_IDENTIFIER: user.licence,
        Attribute.RESOURCE_ID: user.resource_id,
    }
    return bool(said[attribute])
