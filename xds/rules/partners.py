"""Who is held to which rules: the domain's policy, or that of the partner who sent the message."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from xds.access import NOBODY, Caller
from xds.model import Submission
from xds.rules.rule import CodeSet, Owner, RulePolicy

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """A sender with a policy of its own.

    An enrolled one is known by its certificate alone; any other by where it sends from, by what it calls itself, or
    by both.
    """

    name: str
    policy: RulePolicy
    is_enrolled: bool = False
    networks: tuple[Network, ...] = ()  # of the peer's address; empty takes any
    source_ids: frozenset[str] = frozenset()  # SubmissionSet.sourceId (ITI TF-3 4.2.3.3.9); empty takes any

    def sends_from(self, peer: str) -> bool:
        """Tell whether the partner's networks hold an address."""
        if not self.networks:
            return True
        address = _address(peer)
        return address is not None and any(address in network for network in self.networks)

    def sent(self, submission: Submission | None) -> bool:
        """Tell whether a submission bears one of the partner's sourceIds."""
        sets = () if submission is None else submission.submission_sets
        return any(item.source_id in self.source_ids for item in sets)


class Policies:
    """The policies of a service. The first partner that a message fits has its own, everybody else the domain's.

    Who is enrolled has proven it by a certificate. For everybody else the sourceId is the sender's own word and the
    address is the TCP connection's: enough to be patient with a partner's habits, not enough to trust it with anything.
    """

    def __init__(self, domain: RulePolicy, partners: Sequence[Partner] = ()) -> None:
        taken = frozenset[str]().union(*(item.source_ids for item in partners if item.is_enrolled))
        owners = [item.policy.owner for item in partners if item.policy.owner is not None]
        repositories = frozenset[str]().union(*(owner.repository_ids for owner in owners))
        owner = Owner(taken=taken, taken_repositories=repositories) if taken or repositories else None

        def kept(item: Partner) -> Partner:
            own = item.policy.owner if item.is_enrolled else owner
            if own is not None and item.is_enrolled:
                own = replace(own, taken_repositories=repositories - own.repository_ids)
            return item if own is None else replace(item, policy=replace(item.policy, owner=own))

        strangers = domain if owner is None else replace(domain, owner=owner)
        self._state = (domain, strangers, tuple(map(kept, partners)))

    @property
    def domain(self) -> RulePolicy:
        """The policy of the domain itself, and so of what this process asks of itself."""
        return self._state[0]

    @property
    def partners(self) -> tuple[Partner, ...]:
        """In the order in which they are tried."""
        return self._state[2]

    def of(self, caller: Caller, submission: Submission | None = None) -> RulePolicy:
        """Return the policy of a message.

        Parameters
        ----------
        caller
            Who sent it. An address that is none is in no network.
        submission
            What was sent, for partners known by their sourceId; no message of another kind has one.
        """
        domain, strangers, partners = self._state
        if caller is NOBODY:
            return domain
        for partner in partners:
            if partner.is_enrolled or caller.partner is not None:
                if partner.is_enrolled and partner.name == caller.partner:
                    return partner.policy
            elif partner.sends_from(caller.address) and (not partner.source_ids or partner.sent(submission)):
                return partner.policy
        return strangers

    def is_strict(self, caller: Caller) -> bool:
        """Tell whether messages of a caller are held to the letter before their content is read."""
        return self.of(caller).strictness == "strict"

    def use_codes(self, codes: CodeSet | None) -> None:
        """Take other code lists; a message that is being judged keeps those it began with."""
        domain, strangers, partners = self._state
        self._state = (
            replace(domain, codes=codes),
            replace(strangers, codes=codes),
            tuple(replace(item, policy=replace(item.policy, codes=codes)) for item in partners),
        )


@lru_cache(maxsize=4096)
def _address(peer: str) -> IPv4Address | IPv6Address | None:
    """The address of a peer; an IPv4 one that came by an IPv6 socket is the IPv4 one."""
    try:
        address = ip_address(peer.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
