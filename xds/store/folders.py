"""Reading Folders."""

from collections.abc import Iterable, Sequence

from xds.model import AvailabilityStatus, FolderCriteria, ObjectKind
from xds.store import rows
from xds.store.reading import Filtered, FoundObject, ObjectReader, bare_ids, letters
from xds.store.statements import statements

_SQL = statements("folders")


class FolderReader(ObjectReader):
    """Folders of patients, of anyone, or by id."""

    def find_folders(
        self,
        keys: Sequence[int] | None,
        criteria: FolderCriteria,
        limit: int,
        *,
        ids: list[str] | None = None,
        uids: list[bytes] | None = None,
        logical_ids: list[str] | None = None,
    ) -> list[FoundObject]:
        """Folders, the last updated first, at most `limit` (ITI TF-2 3.18.4.1.2.3.7.3).

        Parameters
        ----------
        keys
            Of the patients; None for anyone's (ITI TF-2 3.51.4.1.2.1.2).
        ids, uids, logical_ids
            Only those with one of these entryUUIDs (bare), uniqueIds (hashed) or logicalIDs (bare); None for all.
        """
        if keys is not None and not (keys := self._shown_keys(keys)):
            return []
        statuses = criteria.statuses
        if criteria.metadata_level == 1:  # a version that is superseded is Deprecated too
            statuses &= {AvailabilityStatus.APPROVED}
        query = Filtered(_SQL["find_folders"], _SQL, {"statuses": letters(statuses), "limit": limit})
        query.add_times("updated", criteria.last_update_time)
        query.add_any_code("codes", [self._known_codes(group) for group in criteria.codes])
        query.add_ids({"keys": keys, "ids": ids, "uids": uids, "logical_ids": logical_ids})
        if keys is None:
            return self._of_anyone(ObjectKind.FOLDER, query, "newest_first")
        ending = self._only_shown(query).ending("newest_first")
        return self._objects(ObjectKind.FOLDER, ending, query.parameters)

    def folders(self, entry_uuids: Sequence[str], criteria: FolderCriteria, limit: int) -> list[FoundObject]:
        """Folders by entryUUID."""
        keys = self._keys_of(entry_uuids, ObjectKind.FOLDER)
        return self.find_folders(keys, criteria, limit, ids=bare_ids(entry_uuids)) if keys else []

    def folders_of_unique_ids(
        self, unique_ids: Iterable[str], criteria: FolderCriteria, limit: int
    ) -> list[FoundObject]:
        """Folders by uniqueId; all versions of a Folder bear the same."""
        uids = [rows.uid(item) for item in unique_ids]
        keys = self._keys_of_unique_ids(uids, ObjectKind.FOLDER)
        return self.find_folders(keys, criteria, limit, uids=uids) if keys else []

    def folders_of_logical_ids(
        self, logical_ids: Sequence[str], criteria: FolderCriteria, limit: int
    ) -> list[FoundObject]:
        """Folders by logicalID: every version, wherever it lies."""
        ids = bare_ids(logical_ids)
        keys = self._keys_of_versions(logical_ids, ObjectKind.FOLDER, _SQL["keys_of_later_versions"])
        return self.find_folders(keys, criteria, limit, logical_ids=ids) if keys else []
