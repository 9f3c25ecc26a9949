"""Reading Associations."""

from collections.abc import Collection, Iterable, Sequence

from xds.model import AssociationType, AvailabilityStatus, ObjectKind
from xds.store.reading import FoundObject, ObjectReader, bare_ids, letters
from xds.store.statements import statements

_SQL = statements("associations")
_HAS_MEMBER = AssociationType.HAS_MEMBER.value
Statuses = Collection[AvailabilityStatus]


class AssociationReader(ObjectReader):
    """Associations by what they link. None of the methods needs to know whose the objects are."""

    def associations_touching(
        self,
        entry_uuids: Iterable[str],
        statuses: Statuses,
        limit: int,
        *,
        types: Sequence[str] | None = None,
    ) -> list[FoundObject]:
        """Associations whose source or target is one of the objects; of those types, None for all."""
        parameters = {"ids": bare_ids(entry_uuids), "statuses": letters(statuses), "limit": limit}
        if types is None:
            return self._objects(ObjectKind.ASSOCIATION, _SQL["touching"], parameters)
        return self._objects(
            ObjectKind.ASSOCIATION, _SQL["touching_of_types"], parameters | {"types": list(types)}
        )

    def memberships(
        self, sources: Iterable[str], targets: Iterable[str], statuses: Statuses, limit: int
    ) -> list[FoundObject]:
        """HasMember Associations from one of the sources to one of the targets."""
        parameters = {
            "sources": bare_ids(sources),
            "targets": bare_ids(targets),
            "type": _HAS_MEMBER,
            "statuses": letters(statuses),
            "limit": limit,
        }
        return self._objects(ObjectKind.ASSOCIATION, _SQL["memberships"], parameters)

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
        return self._objects(ObjectKind.ASSOCIATION, _SQL["by_id"], parameters)
