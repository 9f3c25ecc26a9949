"""Updating metadata in one database transaction (XDS Metadata Update 3.57.4.1.3): new versions beside the old ones."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from xds.model import AvailabilityStatus, ObjectKind, Submission, is_sha1
from xds.store import rows
from xds.store.access import borrowed
from xds.store.directives import follow_documents
from xds.store.statements import statements
from xds.store.submissions import RegistryTransaction, SubmissionStore
from xds.store.versions import UpdateFactsReader

_SQL = statements("updates")
_REGISTRY = statements("registry")


class UpdateTransaction(RegistryTransaction):
    """One update: what it does is visible to nobody until the block ends without an exception."""

    def facts_reader(self) -> UpdateFactsReader:
        """What reads, and locks, what the update is judged by."""
        return UpdateFactsReader(self.connection, self._bodies)

    def update(
        self,
        submission: Submission,
        patient_key: int,
        *,
        superseded: Sequence[str] = (),
        statuses: Mapping[str, AvailabilityStatus],
        updated_folders: Sequence[str] = (),
        patient_keys: Sequence[int] = (),
    ) -> None:
        """Add new versions, the SubmissionSet and associations, and change what is registered.

        Parameters
        ----------
        patient_key
            Of the one patient that the objects of the submission concern.
        superseded
            entryUUIDs of entries and Folders that have a new version now; the rows are locked.
        statuses
            entryUUID of an entry, Folder or Association → its new status; the rows are locked.
        updated_folders
            entryUUIDs of Folders that got a document.
        patient_keys
            Where those registered objects are.

        Raises
        ------
        Conflict
            A uniqueId, an entryUUID or a version was taken meanwhile.
        """
        self.add(
            submission,
            patient_key,
            deprecated=superseded,
            updated_folders=updated_folders,
            patient_keys=patient_keys,
        )
        self._keep_unique_ids(submission, patient_key)
        if moved_from := set(patient_keys) - {patient_key}:
            follow_documents(self.connection, moved_from, patient_key, superseded)
        if superseded:
            parameters = {"keys": patient_keys, "ids": [rows.bare(item) for item in superseded]}
            self.connection.run(_SQL["deprecate_folders"], parameters)
        for status in AvailabilityStatus:
            ids = [rows.bare(item) for item, wanted in statuses.items() if wanted is status]
            if not ids:
                continue
            parameters = {"keys": patient_keys, "ids": ids, "status": rows.LETTER_OF[status]}
            for table in ("document_entry", "folder", "association"):
                self.connection.run(_SQL[f"set_{table}_status"], parameters)

    def _claims(self, submission: Submission, patient_key: int) -> list[rows.Row]:
        """Of the SubmissionSet only: the other uniqueIds are those of the versions before."""
        return [
            (rows.uid(item.unique_id or ""), patient_key, ObjectKind.SUBMISSION_SET.value, None, None)
            for item in submission.submission_sets
        ]

    def _keep_unique_ids(self, submission: Submission, patient_key: int) -> None:
        kept = {item.unique_id or "" for item in submission.document_entries}
        kept |= {item.unique_id or "" for item in submission.folders}
        if kept:
            self.connection.run(
                _REGISTRY["share_unique_ids"], {"uids": sorted(map(rows.uid, kept)), "key": patient_key}
            )
        for entry in submission.document_entries:
            self.connection.run(
                _SQL["measure_document"],
                {
                    "uid": rows.uid(entry.unique_id or ""),
                    "hash": bytes.fromhex(entry.hash) if entry.hash and is_sha1(entry.hash) else None,
                    "size": int(entry.size) if entry.size and entry.size.isdecimal() else None,
                },
            )


class UpdateStore(SubmissionStore):
    """Where metadata is updated."""

    @contextmanager
    def transaction(self, submission: Submission) -> Iterator[UpdateTransaction]:
        """Open a transaction for an update; its new codes are added first, they outlive a rollback."""
        codes = self._codes.ids(rows.codes_of(submission))
        with borrowed(self._pool) as connection, connection.block():
            yield UpdateTransaction(connection, codes, self._bodies)
