"""The repository's own tables: which documents it holds, and how far each submission got."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from psycopg import Rollback

from xds.audit import AuditEvent, decode_event, encode_event
from xds.store.access import Connection, Pool, borrowed
from xds.store.audit import record
from xds.store.rows import bare
from xds.store.statements import statements

_SQL = statements("repository")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvidedDocument:
    """A document that is durable in the vault."""

    unique_id: str
    sha256: str  # hex; its address in the vault
    sha1: str  # hex; DocumentEntry.hash
    seal: bytes  # what its octets are checked by when it is read
    size: int
    mime_type: str
    patient_id: str
    studies: tuple[tuple[str, str], ...] = ()
    """Of a manifest: each Study Instance UID with a Retrieve Location UID, empty where none is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedStudy:
    """A study as a served manifest shares it."""

    study_instance_uid: str
    unique_id: str  # of the manifest
    retrieve_location_uid: str  # empty: it names no source
    patient_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedDocument:
    """A registered document that may be retrieved."""

    unique_id: str
    sha256: str
    size: int
    mime_type: str
    patient_id: str  # CX, as ITI-41 told it
    seal: bytes  # empty: stored before there were seals


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovedDocument:
    """The tombstone of a document."""

    unique_id: str
    removed_at: str  # ISO 8601, UTC
    patient_id: str  # CX, as ITI-41 told it
    to_erase: frozenset[str]  # SHA-256 of octets that may still be there


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingSubmission:
    """A submission whose registration nobody knows the end of."""

    submission_id: int
    submission_set_uuid: str
    submission_set_unique_id: str
    owner: str  # empty when its process gave it up
    age_seconds: float
    event: AuditEvent | None  # of its success


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierSubmission:
    """The same message as it came before."""

    state: Literal["pending", "registered"]
    answer: bytes | None


class RepositoryStore:
    """What a repository knows; it never reads the registry's tables."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def known_documents(self, unique_ids: Iterable[str]) -> dict[str, tuple[str, int, str]]:
        """uniqueId → (SHA-1 hex, size, SHA-256 hex) of the documents among them that are registered or were removed."""
        with borrowed(self._pool) as connection:
            found = connection.run(_SQL["known_documents"], {"unique_ids": list(unique_ids)})
        return {row[0]: (row[1].hex(), row[2], row[3].hex()) for row in found}

    def add_pending(
        self,
        *,
        submission_set_unique_id: str,
        submission_set_uuid: str,
        documents: Sequence[ProvidedDocument],
        message: tuple[str, bytes] | None,
        owner: str,
        source_id: str | None = None,
        event: AuditEvent | None = None,
    ) -> int:
        """Commit a submission as pending and return its number (security digest 11.3, step b).

        Parameters
        ----------
        message
            MessageID and digest of the request, so that a repeat finds it; None without a MessageID.
        owner
            The process that works on it.
        source_id
            SubmissionSet.sourceId: whose the documents are.
        event
            Of its success, for whoever settles it.
        """
        message_id, digest = message if message is not None else (None, None)
        with borrowed(self._pool) as connection, connection.block():
            ((submission_id,),) = connection.run(
                _SQL["add_submission"],
                {
                    "unique_id": submission_set_unique_id,
                    "uuid": bare(submission_set_uuid),
                    "message_id": message_id,
                    "digest": digest,
                    "owner": owner,
                    "source_id": source_id,
                    "audit": None if event is None else encode_event(event),
                },
            )
            for item in documents:
                connection.run(
                    _SQL["add_document"],
                    {
                        "unique_id": item.unique_id,
                        "submission_id": submission_id,
                        "sha256": bytes.fromhex(item.sha256),
                        "sha1": bytes.fromhex(item.sha1),
                        "seal": item.seal,
                        "size": item.size,
                        "mime_type": item.mime_type,
                        "patient_id": item.patient_id,
                    },
                )
                for study_uid, location in item.studies:
                    study = {"study_uid": study_uid, "retrieve_location_uid": location}
                    connection.run(
                        _SQL["add_study"],
                        {**study, "unique_id": item.unique_id, "submission_id": submission_id},
                    )
        return int(submission_id)

    def settle(
        self,
        submission_id: int,
        state: Literal["registered", "rejected"],
        answer: bytes | None,
        events: Sequence[AuditEvent] = (),
    ) -> bool:
        """Commit the end of a submission and its audit events; False when another process settled it first.

        What the registry registered is registered, even if a settler took it for rejected meanwhile.
        """
        parameters = {"submission_id": submission_id, "state": state, "answer": answer}
        with borrowed(self._pool) as connection, connection.block():
            (settled,) = record(connection, events, beside=[(_SQL["settle_submission"], parameters)])
            if not settled:
                raise Rollback
        return bool(settled)

    def give_up(self, submission_id: int) -> None:
        """Leave a pending submission to whoever settles it next; its owner is then nobody."""
        with borrowed(self._pool) as connection:
            connection.run(_SQL["give_up_submission"], {"submission_id": submission_id})

    def earlier(self, message_id: str, digest: bytes) -> EarlierSubmission | None:
        """The same message if it came before and was not rejected."""
        with borrowed(self._pool) as connection:
            found = connection.run(_SQL["earlier_submission"], {"message_id": message_id, "digest": digest})
        return EarlierSubmission(state=found[0][0], answer=found[0][1]) if found else None

    def pending(self) -> list[PendingSubmission]:
        """Every submission that is still pending."""
        with borrowed(self._pool) as connection:
            found = connection.run(_SQL["pending_submissions"])
        return [
            PendingSubmission(
                submission_id=row[0],
                submission_set_uuid=row[1],
                submission_set_unique_id=row[2],
                owner=row[3],
                age_seconds=row[4],
                event=None if row[5] is None else decode_event(row[5]),
            )
            for row in found
        ]

    def to_serve(self, unique_ids: Iterable[str]) -> Mapping[str, ServedDocument]:
        """The registered documents among those uniqueIds."""
        with borrowed(self._pool) as connection:
            found = connection.run(_SQL["documents_to_serve"], {"unique_ids": list(unique_ids)})
        return {
            row[0]: ServedDocument(
                unique_id=row[0],
                sha256=row[1].hex(),
                size=row[2],
                mime_type=row[3],
                seal=row[4],
                patient_id=row[5],
            )
            for row in found
        }

    def studies(self, study_uids: Iterable[str]) -> list[SharedStudy]:
        """How the manifests that are served share these studies: a row for each manifest and source."""
        with borrowed(self._pool) as connection:
            found = connection.run(_SQL["studies"], {"study_uids": list(study_uids)})
        return [
            SharedStudy(
                study_instance_uid=row[0], unique_id=row[1], retrieve_location_uid=row[2], patient_id=row[3]
            )
            for row in found
        ]

    def remove(
        self,
        unique_ids: Iterable[str],
        events: Callable[[Mapping[str, RemovedDocument]], Sequence[AuditEvent]] = lambda _: (),
    ) -> Mapping[str, RemovedDocument]:
        """Stop serving the registered documents among those uniqueIds; committed on return.

        Parameters
        ----------
        events
            Of what is removed, committed with it.

        Returns
        -------
        Every one of them that is removed, now or before; what is missing was never held.
        """
        wanted = list(unique_ids)
        with borrowed(self._pool) as connection, connection.block():
            connection.run(_SQL["remove_documents"], {"unique_ids": wanted})
            tombstones = _tombstones(connection, wanted)
            record(connection, events(tombstones))
        return tombstones

    def sources_of(self, unique_ids: Iterable[str]) -> Mapping[str, frozenset[str | None]]:
        """The sourceIds under which those that are registered were provided; None where it is not known."""
        found: dict[str, set[str | None]] = {}
        with borrowed(self._pool) as connection:
            for unique_id, source_id in connection.run(
                _SQL["sources_of_documents"], {"unique_ids": list(unique_ids)}
            ):
                found.setdefault(unique_id, set()).add(source_id)
        return {unique_id: frozenset(sources) for unique_id, sources in found.items()}

    def removed(self, unique_ids: Iterable[str]) -> Mapping[str, RemovedDocument]:
        """The tombstones among those uniqueIds; the document may have been provided again since."""
        with borrowed(self._pool) as connection:
            return _tombstones(connection, list(unique_ids))

    def to_erase(self) -> list[str]:
        """Addresses of removed documents whose octets may still be there."""
        with borrowed(self._pool) as connection:
            found = connection.run(_SQL["documents_to_erase"])
        return [row[0].hex() for row in found]

    def set_erased(self, sha256: str) -> None:
        """Remember that nothing of the removed documents with this address is left to be done."""
        with borrowed(self._pool) as connection:
            connection.run(_SQL["set_erased"], {"sha256": bytes.fromhex(sha256)})

    def referenced(self, sha256s: Iterable[str]) -> set[str]:
        """Which of these addresses a registered or pending document uses."""
        wanted = [bytes.fromhex(item) for item in sha256s]
        with borrowed(self._pool) as connection:
            found = connection.run(_SQL["referenced"], {"sha256s": wanted})
        return {row[0].hex() for row in found}


def _tombstones(connection: Connection, unique_ids: list[str]) -> dict[str, RemovedDocument]:
    tombstones: dict[str, RemovedDocument] = {}
    for unique_id, sha256, erased, removed_at, patient_id in connection.run(
        _SQL["removed_documents"], {"unique_ids": unique_ids}
    ):
        earlier = tombstones[unique_id].to_erase if unique_id in tombstones else frozenset()
        more = frozenset() if erased else frozenset({sha256.hex()})
        tombstones[unique_id] = RemovedDocument(
            unique_id=unique_id,
            removed_at=removed_at,
            patient_id=patient_id,
            to_erase=earlier | more,
        )
    return tombstones
