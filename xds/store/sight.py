"""What one requester may see within one connection: directives read, judged by `xds.access`, and turned into filters.

Next to no patient has a directive. Whether one has is asked together with what is read anyhow; only then is there more
to read, and a filter in the statements. What is withheld is not read, not counted and not limited.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from xds.access import (
    USUAL_POLICY,
    AccessContext,
    Caller,
    ConsentPolicy,
    Judgement,
    Override,
    Requester,
    custodians,
    judge,
)
from xds.audit import AuditLog, System
from xds.store.access import Connection
from xds.store.consent_audit import record_consent
from xds.store.directives import (
    KeptDirective,
    add_override,
    directives_in_force,
    hidden_objects,
    override_of,
)
from xds.store.rows import bare
from xds.store.statements import statements

_SQL = statements("consent")


def utc_now() -> datetime:
    """The time, as windows of overrides are measured."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentTerms:
    """What the domain decided, and whose clock counts."""

    policy: ConsentPolicy = USUAL_POLICY
    clock: Callable[[], datetime] = utc_now
    audit: AuditLog | None = None  # in whose words events are told; None: an administrator's command


class Sight:
    """Learns what of patients is withheld from one requester, patient by patient."""

    def __init__(self, connection: Connection, requester: Requester, terms: ConsentTerms) -> None:
        self._connection = connection
        self._requester = requester
        self._terms = terms
        self._seen: set[int] = set()
        self.is_limited = not requester.is_domain
        self.blocked: set[int] = set()  # keys of patients of whom nothing is shown
        self.hidden: set[str] = set()  # bare entryUUIDs of what else is not shown
        self.hidden_uids: set[bytes] = set()  # hashed uniqueIds of withheld reports, registered or not
        self.withholds = False  # whether something of a patient that was looked at is not shown
        self.overrides: list[Override] = []  # by which something is shown that a directive withholds

    @property
    def is_clear(self) -> bool:
        """Whether everything that was looked at so far may be shown."""
        return not self.blocked and not self.hidden

    def parameters(self) -> dict[str, Any]:
        """Those of the filters named `shown`."""
        return {"blocked": sorted(self.blocked), "hidden": sorted(self.hidden)}

    def told(self, keys: Iterable[int], restricted: Collection[int]) -> bool:
        """Take what a statement told: patients that were looked at, and which have a directive in force.

        Returns
        -------
        Whether that withholds more than was known.
        """
        new = set(restricted) - self._seen
        self._seen.update(keys)
        return self._judge(sorted(new)) if new else False

    def look_at(self, keys: Iterable[int], *, begins_override: bool = True) -> bool:
        """Learn what of these patients is withheld; return whether it is more than was known."""
        new = set(keys) - self._seen
        if not new or not self.is_limited:
            return False
        found = self._connection.run(_SQL["restricted_patients"], {"keys": sorted(new)})
        self._seen |= new
        return self._judge([row[0] for row in found], begins_override=begins_override) if found else False

    def look_at_owners(self, entry_uuids: Iterable[str]) -> bool:
        """The same by objects of patients."""
        ids = [bare(item) for item in entry_uuids]
        if not ids or not self.is_limited:
            return False
        found = {row[0] for row in self._connection.run(_SQL["restricted_owners"], {"ids": ids})}
        return self.told(found, found) if found else False

    def shown(self, entry_uuids: Iterable[str]) -> list[str]:
        """Those of the objects that may be shown or are unknown: an answer says nothing of the others."""
        ids = list(entry_uuids)
        self.look_at_owners(ids)
        if self.is_clear or not ids:
            return ids
        found = self._connection.run(_SQL["owners"], {"ids": [bare(item) for item in ids]})
        withheld = {row[0] for row in found if row[1] in self.blocked} | self.hidden
        return [item for item in ids if bare(item) not in withheld]

    def _judge(self, keys: list[int], *, begins_override: bool = True) -> bool:
        before = len(self.blocked), len(self.hidden)
        for survivor, members in self._connection.run(_SQL["groups"], {"keys": keys}):
            group = sorted({survivor, *members})
            self._seen.update(group)
            self._judge_group(survivor, group, begins_override=begins_override)
        return before != (len(self.blocked), len(self.hidden))

    def _judge_group(self, survivor: int, group: list[int], *, begins_override: bool) -> None:
        kept = directives_in_force(self._connection, group)
        judgement = self._judgement(kept, group)
        user = self._requester.user
        if judgement.begins_override and begins_override and user is not None:
            self._begin(survivor, judgement, user)
            judgement = self._judgement(kept, group)
        if judgement.override is not None:
            self.overrides.append(judgement.override)
        if not judgement.withheld:
            return
        self.withholds = True
        if judgement.is_everything:
            self.blocked.update(group)
            return
        numbers = {item.number for item in judgement.records}
        records = [item for item in kept if item.directive.number in numbers]
        self.hidden_uids.update(each for item in records for each in item.uids)
        self.hidden |= hidden_objects(self._connection, group, records)

    def _judgement(self, kept: list[KeptDirective], group: list[int]) -> Judgement:
        now = self._terms.clock()
        found = self._connection.run(_SQL["open_overrides"], {"keys": group, "now": now.isoformat()})
        return judge(
            [item.directive for item in kept],
            [override_of(row) for row in found],
            self._requester,
            self._terms.policy,
            now,
        )

    def _begin(self, survivor: int, judgement: Judgement, user: AccessContext) -> None:
        policy, now = self._terms.policy, self._terms.clock()
        with self._connection.block():
            self._connection.run(_SQL["lock_patient"], {"key": survivor})
            number = add_override(
                self._connection,
                survivor,
                Override(
                    number=0,
                    patient=str(survivor),
                    organization=user.organization or "",
                    person=user.user,
                    issuer=user.issuer,
                    purpose=user.purpose or "",
                    reason=user.override_reason or "",
                    started_at=now,
                    ends_at=now + policy.override_lifetime,
                ),
                custodians(judgement.withheld, policy),
            )
            record_consent(
                self._connection,
                self._terms.audit,
                System.OVERRIDE_STARTED,
                survivor,
                caller=Caller(user=user),
                override=number,
                reason=user.override_reason,
            )
