"""Removing registered objects within one transaction (ITI-62): what else refers to them, and the deletes.

What is removed leaves nothing: its entryUUID and its uniqueId are free again, as if it had never been registered.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from xds.model import (
    AssociationType,
    ObjectKind,
    RegisteredLink,
    RegisteredObject,
    RemovalFacts,
    is_uuid_urn,
)
from xds.store import rows
from xds.store.access import Conflict, Connection
from xds.store.directives import keep_reports
from xds.store.statements import statements

_SQL = statements("removal")
_REGISTRY = statements("registry")
_TABLES: Final = {
    ObjectKind.DOCUMENT_ENTRY: "document_entries",
    ObjectKind.FOLDER: "folders",
    ObjectKind.SUBMISSION_SET: "submission_sets",
    ObjectKind.ASSOCIATION: "associations",
}
"""In the order in which rows are locked: registrations lock entries before Folders as well."""
_MEMBER = AssociationType.HAS_MEMBER.value

Located = dict[str, tuple[int, ObjectKind]]


class Removal:
    """One removal in a transaction of `SubmissionStore`: read the facts, then remove."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._located: Located = {}
        self._sources: dict[str, str | None] = {}
        self._folders: dict[str, int] = {}  # Folders that lose a member and stay → patient key

    def facts_for(self, object_ids: Iterable[str]) -> RemovalFacts:
        """Lock the objects and the ends of removed Associations, and read what the rules ask for.

        Every row whose Associations decide is locked before they are read: a registration or a removal that
        would change them comes before or after, never between.

        Raises
        ------
        Conflict
            One of them was removed or moved meanwhile.
        """
        wanted = sorted({item.lower() for item in object_ids if is_uuid_urn(item.lower())})
        located = self._locate(wanted)
        links = self._links(self._of_kind(located, ObjectKind.ASSOCIATION))
        ends = self._locate(
            sorted({end for link in links for end in (link.source, link.target)} - set(wanted))
        )
        status = self._lock({**located, **ends})
        names = self._names({key for key, _ in located.values()})
        if len(status) < len(located) + len(ends):
            raise Conflict  # removed, or moved by an unmerge, while we waited for its lock: look again
        self._located = located
        self._folders = self._losing(links, ends)
        return RemovalFacts(
            objects={
                item: RegisteredObject(
                    entry_uuid=item,
                    kind=kind,
                    status=rows.STATUS_OF[status[item]],
                    patient_id=names[key],
                    source_id=self._sources[item],
                )
                for item, (key, kind) in self._located.items()
            },
            links={link.entry_uuid: link for link in links if link.entry_uuid in self._located},
            references=self._references(wanted),
            ends={item: kind for item, (_, kind) in ends.items()},
            linked_ends=self._staying("linked", ends, wanted),
            member_ends=self._staying("members", ends, wanted, type=_MEMBER),
        )

    def delete(self, now: int) -> None:
        """Delete every object that `facts_for` found; `now` dates the Folders that lose a member.

        Raises
        ------
        Conflict
            Another removal took one of them meanwhile.
        """
        keep_reports(self._connection, {key for key, _ in self._located.values()})
        unique_ids: dict[bytes, ObjectKind] = {}
        for kind, table in _TABLES.items():
            ids = self._of_kind(self._located, kind)
            if not ids:
                continue
            gone = self._connection.run(_SQL[f"delete_{table}"], self._places(ids, self._located))
            if len(gone) != len(ids):
                raise Conflict
            if kind is not ObjectKind.ASSOCIATION:
                unique_ids |= {row[0]: kind for row in gone}
        self._connection.run(_SQL["delete_locators"], {"ids": [rows.bare(item) for item in self._located]})
        if unique_ids:
            self._release(sorted(unique_ids))
        if self._folders:
            parameters = self._places(sorted(self._folders), {
                item: (key, ObjectKind.FOLDER) for item, key in self._folders.items()
            })  # fmt: skip
            self._connection.run(_REGISTRY["touch_folders"], {**parameters, "now": now})

    def _locate(self, ids: Sequence[str]) -> Located:
        if not ids:
            return {}
        found = self._connection.run(_REGISTRY["locate"], {"ids": [rows.bare(item) for item in ids]})
        self._sources |= {row[0]: row[3] for row in found}
        return {row[0]: (row[1], ObjectKind(row[2])) for row in found}

    @staticmethod
    def _of_kind(located: Located, kind: ObjectKind) -> list[str]:
        return sorted(item for item, (_, found) in located.items() if found is kind)

    @staticmethod
    def _places(ids: Sequence[str], located: Located) -> dict[str, list[int] | list[str]]:
        return {"keys": sorted({located[item][0] for item in ids}), "ids": [rows.bare(item) for item in ids]}

    def _links(self, ids: Sequence[str]) -> list[RegisteredLink]:
        if not ids:
            return []
        return [
            RegisteredLink(entry_uuid=row[0], association_type=row[1], source=row[2], target=row[3])
            for row in self._connection.run(_SQL["links"], {"ids": [rows.bare(item) for item in ids]})
        ]

    def _lock(self, located: Located) -> dict[str, str]:
        """Lock rows of all kinds in one order; the status letter of those that are there."""
        status: dict[str, str] = {}
        for kind, table in _TABLES.items():
            if ids := self._of_kind(located, kind):
                found = self._connection.run(_SQL[f"lock_{table}"], self._places(ids, located))
                status |= {row[0]: row[1] for row in found}
        return status

    def _names(self, keys: set[int]) -> dict[int, str]:
        if not keys:
            return {}
        found = self._connection.run(_REGISTRY["patient_names"], {"keys": sorted(keys)})
        return {row[0]: row[1] for row in found}

    def _references(self, wanted: Sequence[str]) -> tuple[RegisteredLink, ...]:
        if not wanted:
            return ()
        return tuple(
            RegisteredLink(entry_uuid=row[0], association_type=row[1], source=row[2], target=row[3])
            for row in self._connection.run(_SQL["references"], {"ids": [rows.bare(item) for item in wanted]})
        )

    def _staying(self, statement: str, ends: Located, removed: Sequence[str], **more: str) -> frozenset[str]:
        if not ends:
            return frozenset()
        parameters = {
            "ends": [rows.bare(item) for item in ends],
            "removed": [rows.bare(item) for item in removed],
            **more,
        }
        return frozenset(row[0] for row in self._connection.run(_SQL[statement], parameters))

    @staticmethod
    def _losing(links: Sequence[RegisteredLink], ends: Located) -> dict[str, int]:
        return {
            link.source: ends[link.source][0]
            for link in links
            if link.association_type == _MEMBER
            and link.source in ends
            and ends[link.source][1] is ObjectKind.FOLDER
        }

    def _release(self, uids: list[bytes]) -> None:
        """Free the uniqueIds that no object bears any more; others forget the patients that are gone."""
        held = self._connection.run(_SQL["lock_unique_ids"], {"uids": uids})
        keys = sorted({key for _, key, others in held for key in (key, *others)})
        bearers: defaultdict[bytes, list[int]] = defaultdict(list)
        for value, key in self._connection.run(_SQL["bearers"], {"keys": keys, "uids": uids}):
            bearers[value].append(key)
        free = [value for value, _, _ in held if value not in bearers]
        if free:
            self._connection.run(_SQL["delete_unique_ids"], {"uids": free})
        for value, key, others in held:
            left = sorted(bearers.get(value, ()))
            if left and set(left) != {key, *others}:
                first = key if key in left else left[0]
                rest = [item for item in left if item != first]
                self._connection.run(_SQL["rehome_unique_id"], {"uid": value, "key": first, "others": rest})
