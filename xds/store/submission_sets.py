"""Reading SubmissionSets."""

from collections.abc import Iterable, Sequence

from xds.model import ObjectKind, SubmissionSetCriteria
from xds.store import rows
from xds.store.reading import Filtered, FoundObject, ObjectReader, bare_ids, letters, like
from xds.store.statements import statements

_SQL = statements("submission_sets")
_ALL = SubmissionSetCriteria()


class SubmissionSetReader(ObjectReader):
    """SubmissionSets of patients, or by id."""

    def find_submission_sets(
        self,
        keys: Sequence[int],
        criteria: SubmissionSetCriteria,
        limit: int,
        *,
        ids: list[str] | None = None,
        uids: list[bytes] | None = None,
    ) -> list[FoundObject]:
        """SubmissionSets, newest first, at most `limit` (ITI TF-2 3.18.4.1.2.3.7.2).

        Parameters
        ----------
        ids, uids
            Only those with one of these entryUUIDs (bare) or uniqueIds (hashed); None for all.
        """
        if not (keys := self._shown_keys(keys)):
            return []
        parameters = {"keys": keys, "statuses": letters(criteria.statuses), "limit": limit}
        query = Filtered(_SQL["find_submission_sets"], _SQL, parameters)
        query.add_times("submission", criteria.submission_time)
        if criteria.source_ids:
            query.add("source_ids", list(criteria.source_ids))
        if criteria.content_types:
            query.add("content_types", self._known_codes(criteria.content_types))
        if criteria.author_patterns:
            query.add("author_patterns", [like(pattern) for pattern in criteria.author_patterns])
        query.add_ids({"ids": ids, "uids": uids})
        ending = self._only_shown(query).ending("newest_first")
        return self._objects(ObjectKind.SUBMISSION_SET, ending, query.parameters)

    def submission_sets(self, entry_uuids: Sequence[str], limit: int) -> list[FoundObject]:
        """SubmissionSets by entryUUID."""
        keys = self._keys_of(entry_uuids, ObjectKind.SUBMISSION_SET)
        return self.find_submission_sets(keys, _ALL, limit, ids=bare_ids(entry_uuids)) if keys else []

    def submission_sets_of_unique_ids(self, unique_ids: Iterable[str], limit: int) -> list[FoundObject]:
        """SubmissionSets by uniqueId."""
        uids = [rows.uid(item) for item in unique_ids]
        keys = self._keys_of_unique_ids(uids, ObjectKind.SUBMISSION_SET)
        return self.find_submission_sets(keys, _ALL, limit, uids=uids) if keys else []
