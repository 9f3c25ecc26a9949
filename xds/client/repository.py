"""A Document Repository elsewhere: ITI-41 and ITI-43, documents streamed both ways (ITI TF-2 3.41, 3.43); ITI-86."""

import base64
import binascii
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import requests
from lxml import etree

from xds.audit import UNAUDITED, AuditLog
from xds.client.documents import (
    DocumentInput,
    FolderParts,
    MemoryParts,
    PartStore,
    Progress,
    out_part,
)
from xds.client.errors import UnreadableAnswer
from xds.client.lenient import registry_response
from xds.client.service import DEFAULT_SECONDS, Service
from xds.ebxml import (
    REGISTRY_RESPONSE,
    RETRIEVE_RESPONSE,
    RetrievedDocument,
    decode_retrieve_response,
    encode_provide_request,
    encode_remove_documents,
    encode_retrieve_request,
)
from xds.mime import MimeError, content_id_of_href
from xds.model import DocumentRequest, RegistryResponse, Submission
from xds.transactions import ITI_41, ITI_43, ITI_86, Role, Transaction
from xds.wss import SigningIdentity
from xds.xml.namespaces import XOP_INCLUDE

_MEMORY: Final = 64 * 1024 * 1024
_UNFIT = re.compile(r"[^A-Za-z0-9._^-]+")
_NAME_LENGTH: Final = 150  # every file system takes 255 octets
_SUFFIXES: Final = {
    "text/xml": ".xml",
    "application/xml": ".xml",
    "application/pdf": ".pdf",
    "text/plain": ".txt",
    "application/dicom": ".dcm",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrievedFile:
    """A retrieved document in its file."""

    document: RetrievedDocument
    path: Path
    size: int  # octets
    sha1: str  # lower-case hex, as DocumentEntry.hash


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrieveResult:
    """The answer of ITI-43: its status and errors, and the documents that came."""

    response: RegistryResponse
    documents: tuple[RetrievedFile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrievedBytes:
    """A retrieved document in memory."""

    document: RetrievedDocument
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrieveBytesResult:
    """The answer of ITI-43 with its documents in memory."""

    response: RegistryResponse
    documents: tuple[RetrievedBytes, ...]


class RepositoryClient:
    """Publishes to and retrieves from one repository; threads may share it, `with` closes its connections.

    Parameters
    ----------
    url
        The repository's end point.
    timeout
        Seconds to wait for an answer, or for its next octets.
    session
        Connections of the caller; by default an own pool.
    signing
        What each request is signed with (WS-Security, docs/security.md); by default none is.
    audit
        Where each call leaves its event (docs/audit.md); by default nowhere.
    assertion
        The user on whose behalf it asks: a SAML 2.0 assertion, sent with every request (ITI-40).

    Raises
    ------
    ValueError
        `url` is not an http or https address, or `assertion` no assertion.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout: float = DEFAULT_SECONDS,
        session: requests.Session | None = None,
        signing: SigningIdentity | None = None,
        audit: AuditLog = UNAUDITED,
        assertion: bytes | None = None,
    ) -> None:
        self._service = Service(
            url,
            Role.REPOSITORY,
            timeout=timeout,
            session=session,
            signing=signing,
            audit=audit,
            assertion=assertion,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._service.close()

    def provide(
        self,
        submission: Submission,
        documents: Mapping[str, DocumentInput],
        *,
        progress: Progress | None = None,
        message_id: str | None = None,
    ) -> RegistryResponse:
        """Publish documents with their metadata (ITI-41, MTOM); nothing is held whole in memory.

        Parameters
        ----------
        documents
            The content of each DocumentEntry by the entry's id.
        progress
            Called with the octets sent so far and their total.
        message_id
            wsa:MessageID; to repeat a request whose answer was lost, send it again with the same one.

        Raises
        ------
        OSError
            A file is not there.
        ClientError
            No usable answer came; whether the documents were stored is unknown.
        """
        types = {entry.entry_uuid: entry.mime_type for entry in submission.document_entries}
        content_ids = [(entry_id, f"{uuid.uuid4()}@xds") for entry_id in documents]
        parts = [
            out_part(content_id, types.get(entry_id) or "application/octet-stream", documents[entry_id])
            for entry_id, content_id in content_ids
        ]
        answer = self._service.call(
            ITI_41,
            encode_provide_request(submission, content_ids),
            message_id=message_id,
            documents=parts,
            progress=progress,
        )
        return registry_response(answer)

    def retrieve(
        self, requests: Sequence[DocumentRequest], folder: Path, *, progress: Progress | None = None
    ) -> RetrieveResult:
        """Retrieve documents into files (ITI-43).

        Each is streamed into a hidden file of the folder and renamed when the answer is complete, to its
        uniqueId with the suffix of its type; an older file of that name is replaced.

        Parameters
        ----------
        progress
            Called with the octets received so far and, if the peer says it, their total.

        Raises
        ------
        OSError
            The folder is not there or full.
        ClientError
            No usable answer came; then no file is there either.
        """
        parts = FolderParts(folder)
        try:
            response, documents = retrieve_through(self._service, ITI_43, requests, parts, progress=progress)
            names = _file_names([document for document, _ in documents])
            files = []
            for (document, content_id), name in zip(documents, names, strict=True):
                file = parts.finish(content_id, name)
                files.append(RetrievedFile(document=document, path=file.path, size=file.size, sha1=file.sha1))
        finally:
            parts.discard()
        return RetrieveResult(response=response, documents=tuple(files))

    def retrieve_bytes(
        self, requests: Sequence[DocumentRequest], *, limit: int = _MEMORY
    ) -> RetrieveBytesResult:
        """Retrieve small documents into memory (ITI-43).

        Parameters
        ----------
        limit
            Octets of all documents together.

        Raises
        ------
        UnreadableAnswer
            Also when the documents have more octets than `limit`.
        ClientError
            No usable answer came.
        """
        parts = MemoryParts(limit)
        response, documents = retrieve_through(self._service, ITI_43, requests, parts)
        contents = tuple(
            RetrievedBytes(document=document, content=parts.contents[content_id])
            for document, content_id in documents
        )
        return RetrieveBytesResult(response=response, documents=contents)

    def retrieve_into(
        self, requests: Sequence[DocumentRequest], parts: PartStore
    ) -> tuple[RegistryResponse, list[tuple[RetrievedDocument, str]]]:
        """Retrieve documents (ITI-43) into `parts`, and tell under which Content-ID each is there.

        Raises
        ------
        ClientError
            No usable answer came; what is in `parts` is the caller's to discard.
        """
        return retrieve_through(self._service, ITI_43, requests, parts)

    def remove(self, requests: Sequence[DocumentRequest]) -> RegistryResponse:
        """Remove documents, their octets and all (ITI-86); what could not be removed is a finding each.

        Raises
        ------
        ClientError
            No usable answer came; to ask again does no harm.
        """
        return registry_response(self._service.call(ITI_86, encode_remove_documents(requests)))


def retrieve_through(
    service: Service,
    transaction: Transaction,
    requests: Sequence[DocumentRequest],
    parts: PartStore,
    *,
    progress: Progress | None = None,
    blocks: Sequence[etree._Element] = (),
) -> tuple[RegistryResponse, list[tuple[RetrievedDocument, str]]]:
    """Retrieve documents by ITI-43 or ITI-39, and tell under which Content-ID each is in `parts`.

    Raises
    ------
    ClientError
        No usable answer came.
    """
    answer = service.call(
        transaction,
        encode_retrieve_request(requests),
        also_expected=frozenset({REGISTRY_RESPONSE}),
        parts=parts,
        progress=progress,
        blocks=blocks,
    )
    response = registry_response(answer)
    if answer.tag != RETRIEVE_RESPONSE:
        return response, []
    found: list[tuple[RetrievedDocument, str]] = []
    for document, element in decode_retrieve_response(answer)[1]:
        try:
            content_id = content_of(element, parts, len(found))
            if any(content_id == taken for _, taken in found):
                raise ValueError(f"the part {content_id} is there for another document as well")
        except (ValueError, MimeError) as error:
            raise UnreadableAnswer(
                f"the answer of {service.url} holds no content for {document.document_unique_id}: {error}",
                status=200,
            ) from None
        found.append((document, content_id))
    return response, found


def content_of(element: etree._Element | None, parts: PartStore, index: int) -> str:
    """Return the Content-ID under which a document's content is in `parts`; base64 text is put there first."""
    if element is None:
        raise ValueError("its Document element is missing")
    include = element.find(XOP_INCLUDE)
    if include is not None:
        content_id = content_id_of_href(include.get("href", ""))
        if content_id not in parts:
            raise ValueError(f"the message has no part {content_id}")
        return content_id
    content_id = f"inline document {index}"  # a Content-ID has no spaces
    try:
        parts.receive(
            content_id, iter((base64.b64decode("".join((element.text or "").split()), validate=True),))
        )
    except binascii.Error as error:
        raise ValueError(f"its base64 cannot be read ({error})") from None
    return content_id


def _file_names(documents: Sequence[RetrievedDocument]) -> Iterator[str]:
    """A file name for each document: its uniqueId, numbered where two would be the same."""
    taken: set[str] = set()
    for document in documents:
        stem = _UNFIT.sub("_", document.document_unique_id)[:_NAME_LENGTH].lstrip(".") or "document"
        media_type = document.mime_type.partition(";")[0].strip().lower()
        suffix = _SUFFIXES.get(media_type, ".bin")
        name, number = stem + suffix, 1
        while name.lower() in taken:
            number += 1
            name = f"{stem}-{number}{suffix}"
        taken.add(name.lower())
        yield name
