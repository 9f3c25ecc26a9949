"""Reading Associations."""

from collections.abc import Collection, Iterable, Sequence

from xds.model import AssociationType, AvailabilityStatus, ObjectKind
from xds.store.reading import Filtered, FoundObject, ObjectReader, bare_ids, letters
from xds.store.statements import statements

_SQL = statements("associations")
_HAS_MEMBER = AssociationType.HAS_MEMBER.value
Statuses = Collection[AvailabilityStatus]


class AssociationReader(ObjectReader):
    """Associations by what they link. None of the methods needs to know whose the objects are."""

    def associations_touching(
        self,
        entry_uuids: Sequence[str],
        statuses: Statuses,
        limit: int,
        *,
        types: Sequence[str] | None = None,
    ) -> list[FoundObject]:
        """Associations whose source or target is one of the objects; of those types, None for all.

        The objects may be shown (`shown`); what is at the other ends may not, and may be another patient's.
        """
        parameters = {"ids": bare_ids(entry_uuids), "statuses": letters(statuses), "limit": limit}
        query = Filtered(_SQL["touching"], _SQL, parameters)
        if types is not None:
            query.add("types", list(types))
        while True:
            ending = self._only_shown(query).ending("some")
            found = self._objects(ObjectKind.ASSOCIATION, ending, query.parameters)
            ends = {end for item in found for end in (item.source, item.target)}
            if not self.sight.look_at_owners(ends.difference(entry_uuids)):
                return found

    def memberships(
        self, sources: Iterable[str], targets: Iterable[str], statuses: Statuses, limit: int
    ) -> list[FoundObject]:
        """HasMember Associations from one of the sources to one of the targets, all of which may be shown."""
        parameters = {
            "sources": bare_ids(sources),
            "targets": bare_ids(targets),
            "type": _HAS_MEMBER,
            "statuses": letters(statuses),
            "limit": limit,
        }
        query = Filtered(_SQL["memberships"], _SQL, parameters)
        return self._objects(ObjectKind.ASSOCIATION, query.ending("some"), parameters)

    def members_of(self, entry_uuids: Iterable[str], statuses: Statuses) -> list[str]:
        """entryUUIDs of what is a member of one of the SubmissionSets or Folders, however many."""
        parameters = {"ids": bare_ids(entry_uuids), "type": _HAS_MEMBER, "statuses": letters(statuses)}
        return [row[0] for row in self._connection.run(_SQL["members"], parameters)]

    def holders_of(self, entry_uuids: Iterable[str], statuses: Statuses) -> list[str]:
        """entryUUIDs of what has one of the objects as a member."""
        parameters = {"ids": bare_ids(entry_uuids), "type": _HAS_MEMBER, "statuses": letters(statuses)}
        return [row[0] for row in self._connection.run(_SQL["holders"], parameters)]

    def associations(
        self, keys: Sequence[int], entry_uuids: Iterable[str], statuses: Statuses, limit: int
    ) -> list[FoundObject]:
        """Associations by entryUUID, among those of patients."""
        parameters = {
            "keys": keys,
            "ids": bare_ids(entry_uuids),
            "statuses": letters(statuses),
            "limit": limit,
        }
        query = Filtered(_SQL["by_id"], _SQL, parameters)
        return self._objects(ObjectKind.ASSOCIATION, query.ending("some"), parameters)
