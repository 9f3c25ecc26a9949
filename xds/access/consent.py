"""What a patient's consent directives keep from whom: pure decisions on values that the store read.

A directive restricts; it is in force until it is lifted. Directives only ever take away: what one of them withholds is
withheld, whatever another says, and only an override gives it back for a time. Who is not known well enough to say that
a directive does not concern them is concerned by it.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Literal

from xds.access.caller import AccessContext

_OID_URN: Final = "urn:oid:"


class DirectiveKind(StrEnum):
    """What a directive withholds, and from whom."""

    DOMAIN = "domain"  # everything of the patient, from everybody
    RECORD = "record"  # one report with its versions, replacements and addenda, from everybody
    HIC_AGENT = "hic-agent"  # everything, from all users of one organization
    AGENT = "agent"  # everything, from one person


class Effect(StrEnum):
    """What a patient or a substitute decision-maker says by a directive."""

    RESTRICT = "restrict"
    REINSTATE = "reinstate"


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentFacts:
    """What a decision needs to know of a document."""

    patient: str  # any name by which the directives are kept
    ids: frozenset[str]  # entryUUID, logicalID and uniqueId: of itself and of all that are the same report


@dataclass(frozen=True, slots=True, kw_only=True)
class Directive:
    """A word of a patient; the last one about a kind and target counts."""

    number: int
    patient: str
    kind: DirectiveKind
    made_at: datetime
    target: str = (
        ""  # domain: empty; record: an id of the document; hic-agent: organization; agent: a person's id
    )
    effect: Effect = Effect.RESTRICT
    reason: str = ""
    author: str = ""
    custodian: str = ""  # who is told of an override


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """An override: as an issued ticket, or begun by a request that gave purpose and reason."""

    number: int
    patient: str
    organization: str
    started_at: datetime
    ends_at: datetime
    person: str = ""  # who asked for it; it is theirs alone where the scope is "person"
    issuer: str = ""  # of the assertion that named that person
    purpose: str = ""
    reason: str = ""
    author: str = ""  # who issued the ticket; empty when a request began it
    ended_at: datetime | None = None

    def covers(self, now: datetime) -> bool:
        """Whether its window is open."""
        end = self.ends_at if self.ended_at is None else min(self.ended_at, self.ends_at)
        return self.started_at <= now < end


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentPolicy:
    """What the affinity domain decides about consent."""

    override_lifetime: timedelta = timedelta(hours=4)
    override_scope: Literal["organization", "person"] = "organization"
    override_purposes: frozenset[str] = frozenset({"BTG", "EMERGENCY"})
    override_roles: frozenset[str] = frozenset()  # who may override by a request; empty: every role
    notice_roles: frozenset[str] = frozenset()  # who is told that a directive applies; empty: nobody
    custodian: str = ""  # told of overrides of directives that name no custodian


USUAL_POLICY: Final = ConsentPolicy()


@dataclass(frozen=True, slots=True, kw_only=True)
class Requester:
    """Who asks: a user that is proven, nobody, or this house on the domain's behalf."""

    user: AccessContext | None = None
    is_domain: bool = False


NO_USER: Final = Requester()
DOMAIN: Final = Requester(is_domain=True)
"""Feeds, housekeeping and the like: they read to keep the registry whole, and show nobody what they read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What of one patient is withheld from one requester."""

    withheld: tuple[Directive, ...] = ()  # those that take something away
    override: Override | None = None  # the one that gives it back
    overridden: tuple[Directive, ...] = ()  # what that one gives back
    begins_override: bool = False  # the request has what it takes to begin one, and none is open

    @property
    def is_everything(self) -> bool:
        """Whether nothing of the patient may be shown."""
        return any(item.kind is not DirectiveKind.RECORD for item in self.withheld)

    @property
    def records(self) -> tuple[Directive, ...]:
        """The directives that withhold single reports."""
        return tuple(item for item in self.withheld if item.kind is DirectiveKind.RECORD)

    def permits(self, document: DocumentFacts) -> bool:
        """Whether a document of that patient may be shown, its metadata as well as its octets."""
        if self.is_everything:
            return False
        return all(item.target not in document.ids for item in self.records)


NOTHING_WITHHELD: Final = Judgement()


def in_force(directives: Iterable[Directive]) -> tuple[Directive, ...]:
    """Those that restrict: the last word about each kind and target, unless it reinstates."""
    last: dict[tuple[str, DirectiveKind, str], Directive] = {}
    for item in sorted(directives, key=lambda each: (each.made_at, each.number)):
        last[(item.patient, item.kind, item.target)] = item
    return tuple(item for item in last.values() if item.effect is Effect.RESTRICT)


def judge(
    directives: Collection[Directive],
    overrides: Iterable[Override],
    requester: Requester,
    policy: ConsentPolicy,
    now: datetime,
) -> Judgement:
    """Decide what of a patient a requester may not see.

    Parameters
    ----------
    directives, overrides
        Of that one patient, of all ids that were merged into one.
    """
    if requester.is_domain or not directives:
        return NOTHING_WITHHELD
    user = requester.user
    concerning = tuple(item for item in in_force(directives) if _concerns(item, user))
    if not concerning:
        return NOTHING_WITHHELD
    if user is not None:
        for item in overrides:
            if item.covers(now) and _is_for(item, user, policy):
                return Judgement(override=item, overridden=concerning)
        if may_override(user, policy):
            return Judgement(withheld=concerning, begins_override=True)
    return Judgement(withheld=concerning)


def may_override(user: AccessContext, policy: ConsentPolicy) -> bool:
    """Whether a request has what begins an override: purpose, reason, an organization, and a role that may."""
    return (
        user.purpose is not None
        and _code(user.purpose) in policy.override_purposes
        and bool((user.override_reason or "").strip())
        and bool(user.organization)
        and (not policy.override_roles or has_role(user, policy.override_roles))
    )


def is_told(requester: Requester, policy: ConsentPolicy) -> bool:
    """Whether a requester is told that a directive applies; never how many records, or which."""
    return requester.user is not None and has_role(requester.user, policy.notice_roles)


def has_role(user: AccessContext, roles: Collection[str]) -> bool:
    """Whether a user has one of the roles, given as a code or as code^^scheme."""
    return any(role in roles or _code(role) in roles for role in user.roles)


def bare_organization(organization: str) -> str:
    """An organization's id as it is compared: an OID without its URN."""
    return organization.strip().removeprefix(_OID_URN)


def _concerns(directive: Directive, user: AccessContext | None) -> bool:
    if directive.kind in (DirectiveKind.DOMAIN, DirectiveKind.RECORD) or user is None:
        return True
    if directive.kind is DirectiveKind.HIC_AGENT:
        # Whose organization is not told may belong to the one that is meant.
        return user.organization is None or bare_organization(user.organization) == bare_organization(
            directive.target
        )
    return directive.target in (user.user, user.licence, user.on_behalf_of)


def _is_for(override: Override, user: AccessContext, policy: ConsentPolicy) -> bool:
    if user.organization is None:
        return False
    if bare_organization(user.organization) != bare_organization(override.organization):
        return False
    # A ticket without a person is the organization's, whatever the scope of those that requests begin.
    if policy.override_scope == "organization" or not override.person:
        return True
    return override.person in (user.user, user.licence) and override.issuer in ("", user.issuer)


def _code(coded: str) -> str:
    return coded.partition("^")[0]


def custodians(directives: Iterable[Directive], policy: ConsentPolicy) -> frozenset[str]:
    """Who is told when these directives are overridden."""
    return frozenset(item.custodian or policy.custodian for item in directives)
