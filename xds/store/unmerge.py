"""Undoing a merge: what was added since belongs to one of the two patients, and nobody but a person knows to which.

Objects go by the submission that brought them: all objects of one submission concern one patient (ITI TF-2
3.42.4.1.3.3.2). An association between objects that end up with different patients is cut: it becomes Deprecated,
so that no query leads from one patient to the other.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from xds.ebxml import encode_slot
from xds.model import AssociationType, SubmissionSetStatus
from xds.store.access import Connection
from xds.store.bodies import BodyCodec
from xds.store.directives import share_directives
from xds.store.patient_errors import PatientError
from xds.store.rows import bare
from xds.store.statements import statements

_SQL = statements("unmerge")
_HAS_MEMBER: Final = AssociationType.HAS_MEMBER.value
_BY_REFERENCE: Final = encode_slot("SubmissionSetStatus", (SubmissionSetStatus.REFERENCE.value,)).encode()
_MOVED: Final = (
    "share_unique_ids_of",
    "move_documents",
    "move_submission_sets",
    "move_folders",
    "move_associations",
    "move_locators",
)
CUT: Final = "cut"
"""What an association is assigned that joins objects of both patients."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedSubmission:
    """A submission that was registered since the merge."""

    entry_uuid: str  # of its SubmissionSet
    registered_at: datetime
    objects: tuple[str, ...]  # entryUUIDs of what it brought, the SubmissionSet and all associations too
    belongs_to: str | None  # CX of the patient that it is assigned to; None: not decided


@dataclass(frozen=True, slots=True, kw_only=True)
class JoiningAssociation:
    """An association between an object of the one patient and one of the other."""

    entry_uuid: str
    association_type: str
    source: str
    target: str
    is_cut: bool  # whether it is assigned; False: not decided


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmergePlan:
    """What an unmerge decides. What is not decided yet counts as the survivor's."""

    subsumed: str  # CX
    survivor: str
    merged_at: datetime
    source: str  # who had merged them
    added: tuple[AddedSubmission, ...]
    joining: tuple[JoiningAssociation, ...]

    @property
    def undecided(self) -> tuple[str, ...]:
        """entryUUIDs of what has to be assigned."""
        submissions = [item.entry_uuid for item in self.added if item.belongs_to is None]
        return (*submissions, *(item.entry_uuid for item in self.joining if not item.is_cut))


class Unassigned(PatientError):
    """Something is not decided; nothing was changed. `plan` lists it."""

    def __init__(self, plan: UnmergePlan) -> None:
        super().__init__(
            f"{len(plan.undecided)} of what was added since the merge, or joins both patients, is not assigned yet"
        )
        self.plan = plan


class UnusableAssignment(PatientError):
    """An assignment that says what cannot be; nothing was changed."""

    def __init__(self, entry_uuid: str, reason: str) -> None:
        super().__init__(f"{entry_uuid} {reason}")


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedPair:
    """A subsumed patient and the survivor, their rows locked."""

    subsumed: str
    subsumed_key: int
    moved: tuple[int, ...]  # keys that go with the subsumed one
    survivor: str
    survivor_key: int
    member_keys: tuple[int, ...]  # of the survivor


@dataclass(frozen=True, slots=True)
class _Edge:
    """A merge in force on the way from the subsumed patient to the survivor."""

    survivor_key: int
    merged_at: datetime
    source: str


def plan_of(connection: Connection, pair: MergedPair, assignments: Mapping[str, str]) -> UnmergePlan:
    """What is to be decided.

    Raises
    ------
    UnusableAssignment
        An assignment of what is not to be decided, or to what it cannot be assigned.
    """
    path = _path(connection, pair)
    added = [
        AddedSubmission(
            entry_uuid=entry_uuid,
            registered_at=registered_at,
            objects=objects,
            belongs_to=_owner(pair, entry_uuid, assignments.get(entry_uuid)),
        )
        for entry_uuid, registered_at, objects in _added(connection, path)
    ]
    joining = _joining(connection, pair, added, assignments)
    known = {item.entry_uuid for item in added} | {item.entry_uuid for item in joining}
    for entry_uuid in assignments:
        if entry_uuid not in known:
            raise UnusableAssignment(
                entry_uuid,
                "is no SubmissionSet that was added since the merge, and no association that would join objects of"
                " both patients",
            )
    return UnmergePlan(
        subsumed=pair.subsumed,
        survivor=pair.survivor,
        merged_at=path[0].merged_at,
        source=path[0].source,
        added=tuple(added),
        joining=tuple(joining),
    )


def carry_out(
    connection: Connection, pair: MergedPair, assignments: Mapping[str, str], source: str
) -> UnmergePlan:
    """Do it, within the caller's transaction.

    Raises
    ------
    UnusableAssignment
        As of `plan_of`, or versions of one object would belong to different patients.
    Unassigned
        Something is not decided.
    """
    plan = plan_of(connection, pair, assignments)
    if plan.undecided:
        raise Unassigned(plan)
    keys = [pair.survivor_key, *pair.member_keys]
    going = _objects_of(plan.added, pair.subsumed)
    _check_versions(connection, pair, keys, plan)
    ids = [bare(item) for item in going]
    if ids:
        for statement in _MOVED:
            connection.run(_SQL[statement], {"key": pair.subsumed_key, "keys": keys, "ids": ids})
    if plan.joining:
        cut = [bare(item.entry_uuid) for item in plan.joining]
        connection.run(_SQL["cut"], {"keys": keys, "ids": cut})
    moved = list(pair.moved)
    path = _path(connection, pair)
    ancestors = [edge.survivor_key for edge in path]
    share_directives(
        connection, [(edge.survivor_key, edge.merged_at.isoformat()) for edge in path], pair.subsumed_key
    )
    connection.run(_SQL["release"], {"subsumed": pair.subsumed_key})
    members = [key for key in moved if key != pair.subsumed_key]
    connection.run(_SQL["give_back_members"], {"subsumed": pair.subsumed_key, "members": members})
    connection.run(_SQL["lose_members"], {"moved": moved, "ancestors": ancestors})
    connection.run(_SQL["undo_merge"], {"subsumed": pair.subsumed_key, "source": source})
    return plan


def _path(connection: Connection, pair: MergedPair) -> list[_Edge]:
    """The merges in force from the subsumed patient to the survivor, in their order."""
    keys = [pair.subsumed_key, *pair.member_keys]
    found = {
        row[0]: _Edge(row[1], row[2], row[3])
        for row in connection.run(statements("patients")["merges_in_force"], {"keys": keys})
    }
    path = [found[pair.subsumed_key]]
    while path[-1].survivor_key != pair.survivor_key:
        path.append(found[path[-1].survivor_key])
    return path


def _owner(pair: MergedPair, entry_uuid: str, assigned: str | None) -> str | None:
    if assigned not in (None, pair.subsumed, pair.survivor):
        raise UnusableAssignment(
            entry_uuid, "is a SubmissionSet: it is assigned to one of the two patient ids"
        )
    return assigned


def _added(connection: Connection, path: Sequence[_Edge]) -> list[tuple[str, datetime, tuple[str, ...]]]:
    """Submissions that may be either patient's: under each id on the way, since the subsumed one led there."""
    sets: dict[str, datetime] = {}
    for edge in path:
        parameters = {"key": edge.survivor_key, "since": edge.merged_at.isoformat()}
        sets.update(connection.run(_SQL["added_submissions"], parameters))
    if not sets:
        return []
    brought = _brought(connection, list(sets))
    return [
        (entry_uuid, registered_at, (entry_uuid, *brought[entry_uuid]))
        for entry_uuid, registered_at in sorted(sets.items(), key=lambda item: (item[1], item[0]))
    ]


def _brought(connection: Connection, sets: list[str]) -> dict[str, list[str]]:
    """What each SubmissionSet brought: its original members, its memberships, and the relationships of those."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    parameters: dict[str, Any] = {"ids": [bare(item) for item in sets], "type": _HAS_MEMBER}
    memberships = connection.run(_SQL["memberships_of"], parameters)
    set_of: dict[str, str] = {}
    bodies = BodyCodec()
    for submission_set, membership, target, body in memberships:
        found[submission_set].append(membership)
        if _BY_REFERENCE not in bodies.unpack((body,))[0]:
            found[submission_set].append(target)
            set_of[target] = submission_set
    parameters["ids"] = [bare(item) for item in set_of]
    for source, relationship in connection.run(_SQL["relationships_of"], parameters) if set_of else ():
        found[set_of[source]].append(relationship)
    return found


def _joining(
    connection: Connection,
    pair: MergedPair,
    added: Iterable[AddedSubmission],
    assignments: Mapping[str, str],
) -> list[JoiningAssociation]:
    theirs = {row[0] for row in connection.run(_SQL["objects_of_keys"], {"keys": list(pair.moved)})}
    theirs.update(_objects_of(added, pair.subsumed))
    if not theirs:
        return []
    others = {pair.survivor_key, *pair.member_keys}
    found = []
    for row in connection.run(_SQL["associations_with"], {"ids": [bare(item) for item in theirs]}):
        entry_uuid, kind, source, source_key, target, target_key = row
        if (source in theirs) == (target in theirs) or not {source_key, target_key} <= others:
            continue
        assigned = assignments.get(entry_uuid)
        if assigned not in (None, CUT):
            raise UnusableAssignment(
                entry_uuid,
                f"is an association that would join objects of both patients: it can only be {CUT}",
            )
        found.append(
            JoiningAssociation(
                entry_uuid=entry_uuid,
                association_type=kind,
                source=source,
                target=target,
                is_cut=assigned == CUT,
            )
        )
    return found


def _check_versions(connection: Connection, pair: MergedPair, keys: list[int], plan: UnmergePlan) -> None:
    """A version goes where the others of its object are (Metadata Update)."""
    going = set(_objects_of(plan.added, pair.subsumed))
    ids = [bare(item) for submission in plan.added for item in submission.objects]
    sides: dict[str, bool] = {}
    for statement in ("versions_of_documents", "versions_of_folders"):
        for row in connection.run(_SQL[statement], {"keys": keys, "ids": ids}):
            logical_id, version, key = str(row[0]), row[1], row[2]
            goes = version in going or key in pair.moved
            if sides.setdefault(logical_id, goes) != goes:
                raise UnusableAssignment(
                    logical_id, "has versions that would belong to both patients; assign them to one"
                )


def _objects_of(added: Iterable[AddedSubmission], patient_id: str) -> list[str]:
    return [entry for item in added if item.belongs_to == patient_id for entry in item.objects]
