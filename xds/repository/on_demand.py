"""The On-Demand Document Source: documents made when they are retrieved (ITI TF-2 3.43.4.1.3.2, 3.43.4.2.2).

Which entry is meant, the registry says: a source registers it by ITI-61 with this repository's repositoryUniqueId and
the formatCode of a provider. A Stable entry that was registered with the size and hash of an empty document is made
when it is first retrieved, and stays (Delayed Document Assembly).
"""

import hashlib
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from xds.access import DOMAIN, Requester
from xds.content import SOFTWARE
from xds.documents import DocumentNotFound, DocumentStoreError, Spool, Vault
from xds.model import (
    EMPTY_SHA1,
    ON_DEMAND,
    STABLE,
    AdhocQuery,
    AssociationType,
    AvailabilityStatus,
    DocumentEntry,
    DocumentUniqueIdError,
    QuerySlot,
    RegistryResponse,
    RepositoryError,
    ReturnType,
    StoredQuery,
    Submission,
)
from xds.repository.deposit import Depositor
from xds.repository.provider import Draft, OnDemandProvider
from xds.repository.registrar import Registrar, RegistrarUnavailable
from xds.repository.snapshot import MadeContent, SetFacts, assembled, snapshot
from xds.soap import DocumentSource
from xds.store import RepositoryStore

_ATTEMPTS: Final = 40
_PAUSE_SECONDS: Final = 0.05
"""Another retrieve may be making the same document: then it is waited for, two seconds at most."""


@dataclass(frozen=True, slots=True)
class _InMemory:
    """A document that is not kept."""

    content: bytes

    @property
    def size(self) -> int:
        return len(self.content)

    def pieces(self) -> Iterator[bytes]:
        yield self.content


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeDocument:
    """What was made for a uniqueId that names no stored document."""

    mime_type: str
    source: DocumentSource
    new_unique_id: str | None = None  # NewDocumentUniqueId; None for a delayed document, which has its own
    new_repository_unique_id: str | None = None  # NewRepositoryUniqueId; None when it is not kept


@dataclass(frozen=True, slots=True, kw_only=True)
class OnDemandPolicy:
    """What the operator decides."""

    repository_unique_id: str
    # A snapshot is kept and registered as a Stable entry before it is returned, and returned again as long as nothing
    # has changed.
    persists: bool
    limit: int  # octets of one document


class OnDemandSource:
    """Makes documents and, with the Persistence of Retrieved Documents Option, keeps and registers them."""

    def __init__(
        self,
        *,
        store: RepositoryStore,
        vault: Vault,
        spool: Spool,
        depositor: Depositor,
        registrar: Registrar,
        providers: Sequence[OnDemandProvider],
        policy: OnDemandPolicy,
    ) -> None:
        self._store = store
        self._vault = vault
        self._spool = spool
        self._depositor = depositor
        self._registrar = registrar
        self._providers = {provider.format_code: provider for provider in providers}
        self._policy = policy
        self._repository_unique_id = policy.repository_unique_id

    def retrieve(self, unique_id: str, requester: Requester) -> MadeDocument | None:
        """Make the document that a uniqueId promises; None when the requester sees no such promise in the registry.

        Raises
        ------
        DocumentUniqueIdError
            The On-Demand entry is Deprecated, or the registry cannot tell whether there is one.
        RepositoryError
            It cannot be made now.
        """
        try:
            return self._retrieve(unique_id, requester)
        except RegistrarUnavailable:
            raise RepositoryError(
                "the document is made of what the registry lists, and the registry did not answer; ask again later",
                location=unique_id,
            ) from None
        except DocumentStoreError:
            raise RepositoryError("the document cannot be stored now", location=unique_id) from None

    def _retrieve(self, unique_id: str, requester: Requester) -> MadeDocument | None:
        try:
            promises = [item for item in self._entries(unique_id, requester) if _is_promise(item)]
        except RegistrarUnavailable:
            raise DocumentUniqueIdError(
                "no document with this uniqueId is stored here, and the registry, which would know of one that is made"
                " on demand, does not answer; ask again later",
                location=unique_id,
            ) from None
        if not promises:
            return None
        approved = [item for item in promises if item.availability_status is AvailabilityStatus.APPROVED]
        entry = (approved or promises)[0]
        if entry.object_type == ON_DEMAND and not approved:
            raise DocumentUniqueIdError(
                "the On-Demand entry is Deprecated; take the one that replaced it", location=unique_id
            )
        provider = self._providers.get(entry.format_code.key) if entry.format_code else None
        if provider is None:
            raise RepositoryError(
                f"nothing here makes documents of formatCode {entry.format_code}", location=unique_id
            )
        if entry.object_type == STABLE:
            return self._assemble(entry, provider, requester)
        draft = provider.draft(entry, self._registrar, requester)
        if self._policy.persists and self._is_whole(draft, entry, provider, requester):
            return self._snapshot(entry, provider, requester)
        name = _oid(uuid.uuid4())
        return MadeDocument(
            mime_type=draft.mime_type, source=_InMemory(draft.build(name, _now())), new_unique_id=name
        )

    def _is_whole(
        self, draft: Draft, entry: DocumentEntry, provider: OnDemandProvider, requester: Requester
    ) -> bool:
        """Whether nothing is withheld: what is made for one requester only is not kept for others."""
        return requester.is_domain or draft.state == provider.draft(entry, self._registrar, DOMAIN).state

    def _snapshot(
        self, entry: DocumentEntry, provider: OnDemandProvider, requester: Requester
    ) -> MadeDocument:
        """The kept snapshot of the present state, or a new one, registered before it is returned (3.43.4.2.3)."""
        response = RegistryResponse()
        for _ in range(_ATTEMPTS):
            draft = provider.draft(entry, self._registrar, requester)
            number = self._number(entry, draft)
            name = _oid(number)
            if (kept := self._kept(name)) is not None:
                return replace(kept, new_unique_id=name, new_repository_unique_id=self._repository_unique_id)
            made = self._receive(draft, name)
            submission = snapshot(
                entry,
                draft,
                made,
                # One state, one entryUUID: of several that make it at once the registry takes one.
                entry_uuid=number.urn,
                unique_id=name,
                earlier=self._snapshots(entry),
                facts=self._set_facts(entry),
            )
            response = self._depositor.deposit(submission, {number.urn: made.document})
            if not response.is_success:
                time.sleep(_PAUSE_SECONDS)  # another made it, or replaced what we were to replace
        raise _not_registered(entry, response)

    def _assemble(
        self, entry: DocumentEntry, provider: OnDemandProvider, requester: Requester
    ) -> MadeDocument:
        """The document of an entry that was registered before it; its entry then gets size and hash (ITI-57)."""
        name = entry.unique_id or ""
        response = RegistryResponse()
        for _ in range(_ATTEMPTS):
            if (kept := self._kept(name)) is not None:
                return kept
            draft = provider.draft(entry, self._registrar, requester, until=entry.creation_time)
            made = self._receive(draft, name)
            submission = assembled(entry, made, facts=self._set_facts(entry))
            new = submission.document_entries[0].entry_uuid
            response = self._depositor.deposit(
                submission, {new: made.document}, register=self._registrar.update
            )
            if not response.is_success:
                time.sleep(_PAUSE_SECONDS)
        raise _not_registered(entry, response)

    def _receive(self, draft: Draft, name: str) -> MadeContent:
        moment = _now()
        return MadeContent(
            document=self._spool.receive([draft.build(name, moment)], self._policy.limit),
            creation_time=moment,
        )

    def _kept(self, name: str) -> MadeDocument | None:
        held = self._store.to_serve([name]).get(name)
        if held is None:
            return None
        try:
            source = self._vault.open(held.sha256, held.size, held.seal)
        except DocumentNotFound:
            return None  # removed meanwhile
        return MadeDocument(mime_type=held.mime_type, source=source)

    def _number(self, entry: DocumentEntry, draft: Draft) -> uuid.UUID:
        """One state, one number; after a removed snapshot's the next one, for its octets are gone."""
        attempt = 0
        while True:
            told = f"{entry.unique_id}\0{entry.entry_uuid}\0{draft.state.hex()}\0{attempt}"
            digest = hashlib.blake2b(told.encode(), digest_size=16).digest()
            number = uuid.UUID(bytes=digest, version=5)
            name = _oid(number)
            if not self._store.removed([name]) or self._store.to_serve([name]):
                return number
            attempt += 1

    def _entries(self, unique_id: str, requester: Requester) -> list[DocumentEntry]:
        """The entries of ours that bear a uniqueId and that the requester may see."""
        found = self._ask(
            StoredQuery.GET_DOCUMENTS,
            QuerySlot(name="$XDSDocumentEntryUniqueId", values=(unique_id,), is_list=True),
            requester=requester,
        )
        return [
            item for item in found.document_entries if item.repository_unique_id == self._repository_unique_id
        ]

    def _snapshots(self, entry: DocumentEntry) -> list[str]:
        """entryUUIDs of the Approved snapshots of an On-Demand entry."""
        found = self._ask(
            StoredQuery.GET_RELATED_DOCUMENTS,
            QuerySlot(name="$XDSDocumentEntryEntryUUID", values=(entry.entry_uuid,)),
            QuerySlot(name="$AssociationTypes", values=(AssociationType.IS_SNAPSHOT_OF.value,), is_list=True),
            QuerySlot(name="$XDSDocumentEntryType", values=(STABLE, ON_DEMAND), is_list=True),
        )
        approved = {
            item.entry_uuid
            for item in found.document_entries
            if item.object_type == STABLE and item.availability_status is AvailabilityStatus.APPROVED
        }
        return sorted(item.source for item in found.associations if item.source in approved)

    def _set_facts(self, entry: DocumentEntry) -> SetFacts:
        """contentTypeCode is that of the submission that brought the entry: one that the domain takes."""
        found = self._ask(
            StoredQuery.GET_SUBMISSION_SETS, QuerySlot(name="$uuid", values=(entry.entry_uuid,), is_list=True)
        )
        codes = [item.content_type_code for item in found.submission_sets if item.content_type_code]
        return SetFacts(
            unique_id=_oid(uuid.uuid4()),
            source_id=self._repository_unique_id,
            author=SOFTWARE,
            content_type_code=codes[0] if codes else entry.type_code,
        )

    def _ask(self, query: StoredQuery, *slots: QuerySlot, requester: Requester = DOMAIN) -> Submission:
        return self._registrar.query(
            AdhocQuery(query_id=query, return_type=ReturnType.LEAF_CLASS, slots=slots), requester
        )


def _is_promise(entry: DocumentEntry) -> bool:
    is_delayed = entry.object_type == STABLE and (entry.hash, entry.size) == (EMPTY_SHA1, "0")
    return is_delayed or entry.object_type == ON_DEMAND


def _not_registered(entry: DocumentEntry, response: RegistryResponse) -> RepositoryError:
    codes = ", ".join(sorted({finding.code for finding in response.findings})) or "none"
    return RepositoryError(
        f"the document was made, but the registry did not take it (errors: {codes}); ask again later",
        location=entry.unique_id or "",
    )


def _oid(number: uuid.UUID) -> str:
    """A UUID as an OID (ITI TF-2 Appendix B)."""
    return f"2.25.{number.int}"


def _now() -> str:
    return datetime.now(UTC).strftime("%Y%m%d%H%M%S")
