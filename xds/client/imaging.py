"""An Imaging Document Source elsewhere: RAD-69, instances streamed (RAD TF-2 4.69)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import requests

from xds.client.documents import FolderParts, PartStore, Progress
from xds.client.errors import UnreadableAnswer
from xds.client.lenient import registry_response
from xds.client.repository import RetrievedFile, RetrieveResult, content_of
from xds.client.service import DEFAULT_SECONDS, Service
from xds.ebxml import (
    REGISTRY_RESPONSE,
    RETRIEVE_RESPONSE,
    RetrievedDocument,
    decode_retrieve_response,
    encode_imaging_request,
)
from xds.mime import MimeError
from xds.model import InstancesRequest, RegistryResponse
from xds.transactions import RAD_69, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrievedInstances:
    """The answer of RAD-69: each instance with the Content-ID of its part."""

    response: RegistryResponse
    documents: tuple[tuple[RetrievedDocument, str], ...]


class ImagingClient:
    """Retrieves from one source; threads may share it, `with` closes its connections.

    Parameters
    ----------
    url
        The end point of RAD-69.
    timeout
        Seconds to wait for the next octets.

    Raises
    ------
    ValueError
        `url` is not an http or https address.
    """

    def __init__(
        self, url: str, *, timeout: float = DEFAULT_SECONDS, session: requests.Session | None = None
    ) -> None:
        self._service = Service(url, Role.IMAGING, timeout=timeout, session=session)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._service.close()

    def retrieve(
        self, request: InstancesRequest, parts: PartStore, *, progress: Progress | None = None
    ) -> RetrievedInstances:
        """Ask for instances; each goes into `parts` as it comes, whether the envelope is before or behind it.

        Raises
        ------
        ClientError
            No usable answer came.
        """
        answer = self._service.call(
            RAD_69,
            encode_imaging_request(request),
            also_expected=frozenset({REGISTRY_RESPONSE}),
            parts=parts,
            progress=progress,
        )
        response = registry_response(answer)
        if answer.tag != RETRIEVE_RESPONSE:
            return RetrievedInstances(response=response, documents=())
        found = []
        for index, (document, element) in enumerate(decode_retrieve_response(answer)[1]):
            try:
                found.append((document, content_of(element, parts, index)))
            except (ValueError, MimeError) as error:
                raise UnreadableAnswer(
                    f"the answer of {self._service.url} holds no content for {document.document_unique_id}: {error}",
                    status=200,
                ) from None
        return RetrievedInstances(response=response, documents=tuple(found))

    def retrieve_files(
        self, request: InstancesRequest, folder: Path, *, progress: Progress | None = None
    ) -> RetrieveResult:
        """Retrieve instances into files, each named by its SOP Instance UID.

        Raises
        ------
        OSError
            The folder is not there or full.
        ClientError
            No usable answer came; then no file is there either.
        """
        parts = FolderParts(folder)
        try:
            answer = self.retrieve(request, parts, progress=progress)
            files = tuple(_finished(parts, answer.documents))
        finally:
            parts.discard()
        return RetrieveResult(response=answer.response, documents=files)


def _finished(
    parts: FolderParts, documents: Sequence[tuple[RetrievedDocument, str]]
) -> Iterator[RetrievedFile]:
    for document, content_id in documents:
        name = "".join(c for c in document.document_unique_id if c in "0123456789.")[:64] or "instance"
        file = parts.finish(content_id, f"{name.lstrip('.')}.dcm")
        yield RetrievedFile(document=document, path=file.path, size=file.size, sha1=file.sha1)
