"""The consent store: directives set and lifted, overrides, what custodians are told, and which documents are withheld.

It stands by the patients: a repository asks it by what ITI-41 told of a document, and reads no table of the registry.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from xds.access import (
    NOBODY,
    Caller,
    ConsentPolicy,
    Directive,
    DirectiveKind,
    Override,
    Requester,
    bare_organization,
    custodians,
)
from xds.audit import System
from xds.model import canonical_identifier, is_uuid_urn, parse_patient_id
from xds.store.access import Connection, Pool, borrowed, retrying
from xds.store.consent_audit import record_consent
from xds.store.directives import (
    add_override,
    directive_of,
    directives_in_force,
    override_of,
    report_of,
)
from xds.store.patient_errors import InvalidPatientId, PatientError, UnknownPatient
from xds.store.rows import bare, uid
from xds.store.sight import ConsentTerms, Sight
from xds.store.statements import statements

_SQL = statements("consent")


class UnknownRecord(PatientError):
    """The document that a directive names is not one of the patient's; nothing was changed."""

    def __init__(self) -> None:
        super().__init__(
            "no document of this patient has that id; a record directive names an entryUUID or a uniqueId as a query"
            " returns it"
        )


class UnusableTarget(PatientError):
    """A target that the kind of directive does not have, or lacks; nothing was changed."""


class NotInForce(PatientError):
    """There is no such directive or override in force; nothing was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectiveView:
    """A directive and what became of it."""

    directive: Directive
    lifted_at: datetime | None = None
    lifted_by: str | None = None
    lift_reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentView:
    """Everything about the consent of one patient."""

    directives: tuple[DirectiveView, ...]
    overrides: tuple[Override, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CustodianNotification:
    """What a custodian has to be told; told again until it is acknowledged."""

    number: int
    custodian: str  # empty: the domain's, which has not been named
    patient_id: str  # CX
    created_at: datetime
    override: Override


@dataclass(frozen=True, slots=True, kw_only=True)
class WithheldDocuments:
    """What of some documents a requester may not retrieve."""

    documents: frozenset[str] = frozenset()  # uniqueIds
    overrides: frozenset[int] = frozenset()  # numbers of those by which others of them may be retrieved


class ConsentStore:
    """Where consent is kept."""

    def __init__(self, pool: Pool, terms: ConsentTerms | None = None) -> None:
        self._pool = pool
        self._terms = terms or ConsentTerms()

    @property
    def policy(self) -> ConsentPolicy:
        """What the domain decided."""
        return self._terms.policy

    def restrict(
        self,
        patient_id: str,
        kind: DirectiveKind,
        target: str = "",
        *,
        reason: str,
        author: str,
        custodian: str = "",
        caller: Caller = NOBODY,
    ) -> tuple[Directive, bool]:
        """Set a directive; return the one in force, and whether it is new.

        Parameters
        ----------
        target
            record: entryUUID or uniqueId of a document; hic-agent: an organization's id; agent: a person's, as
            assertions name them; domain: empty.
        custodian
            Who is told of overrides; empty: the domain's.
        caller
            Who asked for it over the wire, for the audit.

        Raises
        ------
        InvalidPatientId, UnknownPatient, UnusableTarget, UnknownRecord
            Nothing is changed.
        """
        wanted = _usable(kind, target)

        def attempt() -> tuple[Directive, bool]:
            with borrowed(self._pool) as connection, connection.block():
                key, keys = _locked(connection, patient_id)
                logical_ids, uids = (
                    _report(connection, keys, wanted) if kind is DirectiveKind.RECORD else ([], [])
                )
                if found := _in_force(connection, keys, kind, wanted):
                    return found[0], False
                now = self._terms.clock()
                ((number,),) = connection.run(
                    _SQL["add_directive"],
                    {
                        "key": key,
                        "kind": kind.value,
                        "target": wanted,
                        "logical_ids": logical_ids,
                        "uids": uids,
                        "custodian": custodian,
                        "reason": reason,
                        "author": author,
                        "now": now.isoformat(),
                    },
                )
                record_consent(
                    connection,
                    self._terms.audit,
                    System.CONSENT_DIRECTIVE,
                    key,
                    caller=caller,
                    author=author,
                    action="C",
                    directive=number,
                    kind=kind.value,
                    target=wanted,
                    reason=reason,
                )
                return Directive(
                    number=number,
                    patient="",
                    kind=kind,
                    target=wanted,
                    reason=reason,
                    author=author,
                    custodian=custodian,
                    made_at=now,
                ), True

        return retrying(attempt)

    def reinstate(
        self,
        patient_id: str,
        kind: DirectiveKind,
        target: str = "",
        *,
        reason: str,
        author: str,
        caller: Caller = NOBODY,
    ) -> Directive:
        """Lift the directive of that kind and target; it stays as history.

        Raises
        ------
        InvalidPatientId, UnknownPatient, UnusableTarget, NotInForce
            Nothing is changed.
        """
        wanted = _usable(kind, target)
        with borrowed(self._pool) as connection, connection.block():
            key, keys = _locked(connection, patient_id)
            found = _in_force(connection, keys, kind, wanted)
            if not found:
                raise NotInForce("no directive of that kind and target is in force for this patient")
            connection.run(
                _SQL["lift_directive"],
                {
                    "keys": keys,
                    "numbers": [item.number for item in found],
                    "now": self._terms.clock().isoformat(),
                    "author": author,
                    "reason": reason,
                },
            )
            for item in found:
                record_consent(
                    connection,
                    self._terms.audit,
                    System.CONSENT_DIRECTIVE,
                    key,
                    caller=caller,
                    author=author,
                    action="D",
                    directive=item.number,
                    kind=item.kind.value,
                    target=item.target,
                    reason=reason,
                )
            return found[0]

    def show(self, patient_id: str, *, author: str = "", caller: Caller = NOBODY) -> ConsentView:
        """Directives and overrides of a patient, by whatever id, oldest first; the look is in the audit log.

        Raises
        ------
        InvalidPatientId, UnknownPatient
        """
        with borrowed(self._pool) as connection, connection.block():
            key, keys = _group(connection, patient_id)
            directives = connection.run(_SQL["all_directives"], {"keys": keys})
            overrides = connection.run(_SQL["all_overrides"], {"keys": keys})
            record_consent(
                connection,
                self._terms.audit,
                System.CONSENT_DIRECTIVE,
                key,
                caller=caller,
                author=author,
                action="R",
            )
        return ConsentView(
            directives=tuple(
                DirectiveView(
                    directive=directive_of(row), lifted_at=row[8], lifted_by=row[9], lift_reason=row[10]
                )
                for row in directives
            ),
            overrides=tuple(override_of(row) for row in overrides),
        )

    def override(
        self,
        patient_id: str,
        organization: str,
        *,
        reason: str,
        author: str,
        person: str = "",
        purpose: str = "BTG",
        lifetime: timedelta | None = None,
        caller: Caller = NOBODY,
    ) -> Override:
        """Issue an override ticket: from now on the directives of a patient do not count for an organization.

        Parameters
        ----------
        person
            Whom it was asked for by; with the scope "person" it is theirs alone.
        lifetime
            None: the domain's.

        Raises
        ------
        InvalidPatientId, UnknownPatient
        NotInForce
            The patient has no directive: there is nothing to override.
        """
        now = self._terms.clock()
        ticket = Override(
            number=0,
            patient="",
            organization=bare_organization(organization),
            person=person,
            purpose=purpose,
            reason=reason,
            author=author,
            started_at=now,
            ends_at=now + (lifetime or self.policy.override_lifetime),
        )
        with borrowed(self._pool) as connection, connection.block():
            key, keys = _locked(connection, patient_id)
            found = [item.directive for item in directives_in_force(connection, keys)]
            if not found:
                raise NotInForce("no directive is in force for this patient; there is nothing to override")
            number = add_override(connection, key, ticket, custodians(found, self.policy))
            record_consent(
                connection,
                self._terms.audit,
                System.OVERRIDE_STARTED,
                key,
                caller=caller,
                author=author,
                override=number,
                organization=ticket.organization,
                reason=reason,
            )
        return replace(ticket, number=number)

    def end_override(self, patient_id: str, number: int, *, author: str, caller: Caller = NOBODY) -> None:
        """Close the window of an override before its time.

        Raises
        ------
        InvalidPatientId, UnknownPatient
        NotInForce
            It is none of this patient's, or has ended.
        """
        with borrowed(self._pool) as connection, connection.block():
            key, keys = _locked(connection, patient_id)
            parameters = {
                "keys": keys,
                "number": number,
                "author": author,
                "now": self._terms.clock().isoformat(),
            }
            if not connection.run(_SQL["end_override"], parameters):
                raise NotInForce("this patient has no override of that number whose window is open")
            record_consent(
                connection,
                self._terms.audit,
                System.OVERRIDE_STOPPED,
                key,
                caller=caller,
                author=author,
                override=number,
            )

    def notifications(
        self, *, custodian: str | None = None, limit: int = 1_000
    ) -> list[CustodianNotification]:
        """What is not acknowledged yet, oldest first; of one custodian, or of all."""
        with borrowed(self._pool) as connection:
            found = connection.run(_SQL["waiting_notifications"], {"custodian": custodian, "limit": limit})
        return [
            CustodianNotification(
                number=row[0],
                custodian=row[1],
                patient_id=row[2],
                created_at=row[3],
                override=override_of((row[4], None, *row[5:13], None)),
            )
            for row in found
        ]

    def acknowledge(self, numbers: Collection[int], *, author: str) -> set[int]:
        """Remember that custodians were told; return those that were waiting."""
        parameters = {"numbers": sorted(numbers), "author": author, "now": self._terms.clock().isoformat()}
        with borrowed(self._pool) as connection:
            return {row[0] for row in connection.run(_SQL["acknowledge"], parameters)}

    def withheld(self, documents: Mapping[str, str], requester: Requester) -> WithheldDocuments:
        """Which documents a requester may not retrieve.

        A document is what a query by its uniqueId would show: the registry knows whose it is today. Of what it does not
        know the patient that ITI-41 named decides, and what names none is withheld.

        Parameters
        ----------
        documents
            uniqueId → patient id as it was provided (CX).

        Raises
        ------
        StoreUnavailable, StoreBusy
            Nobody knows: nothing may be given out.
        """
        if not documents or requester.is_domain:
            return WithheldDocuments()
        uids = {uid(item): item for item in documents}
        named = {item: canonical_identifier(cx) for item, cx in documents.items() if cx}
        with borrowed(self._pool) as connection:
            patients, bearers = connection.run_together(
                [
                    (_SQL["keys_of_ids"], {"ids": sorted(set(named.values()))}),
                    (_SQL["bearers_of"], {"uids": sorted(uids)}),
                ]
            )
            key_of: dict[str, int] = dict(patients)
            keys_of = {uids[row[0]]: set(row[1]) for row in bearers}
            provided = {item: key_of[cx] for item, cx in named.items() if cx in key_of}
            sight = Sight(connection, requester, self._terms)
            sight.look_at({*provided.values(), *(key for keys in keys_of.values() for key in keys)})
            unresolved = frozenset(item for item in documents if item not in named and item not in keys_of)
            overrides = frozenset(item.number for item in sight.overrides)
            if sight.is_clear:
                return WithheldDocuments(documents=unresolved, overrides=overrides)
            entries = connection.run(
                _SQL["entries_of_unique_ids"],
                {
                    "keys": sorted({key for keys in keys_of.values() for key in keys}),
                    "uids": sorted(uids),
                },
            )
        known, shown = set(), set()
        for value, entry_uuid, key in entries:
            known.add(uids[value])
            if key not in sight.blocked and entry_uuid not in sight.hidden:
                shown.add(uids[value])
        others = {
            item
            for item in documents
            if item not in known and (provided.get(item) in sight.blocked or uid(item) in sight.hidden_uids)
        }
        return WithheldDocuments(documents=unresolved | (known - shown) | others, overrides=overrides)


def _group(connection: Connection, patient_id: str) -> tuple[int, list[int]]:
    """The surviving key of a patient, and all keys."""
    if parse_patient_id(patient_id) is None:
        raise InvalidPatientId
    found = connection.run(_SQL["group_of_id"], {"cx": canonical_identifier(patient_id)})
    if not found:
        raise UnknownPatient
    return found[0][0], sorted({found[0][0], *found[0][1]})


def _locked(connection: Connection, patient_id: str) -> tuple[int, list[int]]:
    """The same, locked against other changes of consent, merges and unmerges."""
    key, _ = _group(connection, patient_id)
    connection.run(_SQL["lock_patient"], {"key": key})
    return _group(connection, patient_id)


def _usable(kind: DirectiveKind, target: str) -> str:
    wanted = target.strip()
    if kind is DirectiveKind.DOMAIN:
        if wanted:
            raise UnusableTarget("a domain directive has no target: it withholds everything")
        return ""
    if not wanted:
        needed = {
            DirectiveKind.RECORD: "the entryUUID or uniqueId of a document",
            DirectiveKind.HIC_AGENT: "an organization's id",
            DirectiveKind.AGENT: "a person's id",
        }[kind]
        raise UnusableTarget(f"a directive of kind {kind.value} names {needed}")
    return bare_organization(wanted) if kind is DirectiveKind.HIC_AGENT else wanted


def _entries(connection: Connection, keys: list[int], target: str) -> list[tuple[str, str, bytes]]:
    ids = [bare(target.lower())] if is_uuid_urn(target.lower()) else []
    found = connection.run(_SQL["entry_of"], {"keys": keys, "ids": ids, "uid": uid(target)})
    return [(row[0], row[1], row[2]) for row in found]


def _report(connection: Connection, keys: list[int], target: str) -> tuple[list[str], list[bytes]]:
    entries = _entries(connection, keys, target)
    if not entries:
        raise UnknownRecord
    report = report_of(connection, keys, {row[1] for row in entries}, {row[2] for row in entries})
    return sorted({row[1] for row in report}), sorted({row[2] for row in report})


def _in_force(connection: Connection, keys: list[int], kind: DirectiveKind, target: str) -> list[Directive]:
    """The directives of that kind and target; a document is the same by whichever of its ids it is named."""
    found = [item.directive for item in directives_in_force(connection, keys) if item.directive.kind is kind]
    if kind is not DirectiveKind.RECORD:
        return [item for item in found if item.target == target]
    named = {row[1] for row in _entries(connection, keys, target)}
    return [
        item
        for item in found
        if item.target == target or named & {row[1] for row in _entries(connection, keys, item.target)}
    ]
