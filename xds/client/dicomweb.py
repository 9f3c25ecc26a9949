"""A DICOMweb service: metadata of a study, instances as streams (DICOM PS3.18 10.4).

By requests as everything here: httpx reads large answers with several times the processor's time.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from urllib.parse import quote

import requests
from pydicom.dataset import Dataset
from urllib3.exceptions import HTTPError

from xds.client.errors import ClientError, ServiceUnavailable, UnreadableAnswer
from xds.client.transport import new_session
from xds.mime import MimeError, MimeLimits, Part, Truncated, iter_parts, parse_content_type

ANY_INSTANCE: Final = 'multipart/related; type="application/dicom"; transfer-syntax=*'
"""Accept: instances as they are stored (DICOM PS3.18 8.7.3.5)."""
_CONNECT_SECONDS: Final = 5.0
_READ: Final = 262_144
_JSON_BYTES: Final = 512 * 1024 * 1024
_PARTS: Final = MimeLimits(parts=1_000_000)


class InstanceNotFound(ClientError):
    """The service has no such instance in that series of that study."""


class DicomWebClient:
    """One service; threads may share it, `close` ends its connections.

    Parameters
    ----------
    url
        Its base, such as ``http://127.0.0.1:8042/dicom-web``.
    seconds
        How long the next octets are waited for.
    """

    def __init__(self, url: str, *, seconds: float = 60.0) -> None:
        self.url = url.rstrip("/")
        self._timeout = (min(_CONNECT_SECONDS, seconds), seconds)
        self._session = new_session(url)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def metadata(self, study: str, *, limit: int = _JSON_BYTES) -> list[Dataset]:
        """Return the datasets of a study's instances, without bulk data.

        Raises
        ------
        InstanceNotFound
            There is no such study.
        UnreadableAnswer
            It is not the JSON of DICOM, or has more octets than `limit`.
        ServiceUnavailable
            No answer.
        """
        with self._get(f"/studies/{quote(study)}/metadata", "application/dicom+json") as response:
            octets = bytearray()
            stream = _Stream(self.url, response)
            while piece := stream.read(_READ):
                octets += piece
                if len(octets) > limit:
                    raise UnreadableAnswer(
                        f"{self.url} sent more than {limit} octets of metadata", status=200
                    )
        try:
            return [
                Dataset.from_json(item, bulk_data_uri_handler=_no_bulk_data) for item in json.loads(octets)
            ]
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise UnreadableAnswer(
                f"{self.url} answered with metadata that cannot be read ({error})", status=200
            ) from None

    @contextmanager
    def instances(
        self, study: str, series: str, instance: str | None = None
    ) -> Iterator[Iterator[Iterator[bytes]]]:
        """Ask for an instance, or a whole series, as stored; yields the octets of each, one after the other.

        Raises
        ------
        InstanceNotFound, UnreadableAnswer, ServiceUnavailable
            Also while it is read: the answer ended early, or nothing came for too long.
        """
        path = f"/studies/{quote(study)}/series/{quote(series)}"
        if instance is not None:
            path += f"/instances/{quote(instance)}"
        with self._get(path, ANY_INSTANCE) as response:
            yield self._parts(response)

    @contextmanager
    def passed(self, path: str, accept: str) -> Iterator[tuple[str, Iterator[bytes]]]:
        """Ask for anything below the base; yields its Content-Type and its octets as they come.

        Raises
        ------
        InstanceNotFound, UnreadableAnswer, ServiceUnavailable
        """
        with self._get(path, accept) as response:
            stream = _Stream(self.url, response)
            yield response.headers.get("Content-Type", ""), iter(lambda: stream.read(_READ), b"")

    def _parts(self, response: requests.Response) -> Iterator[Iterator[bytes]]:
        content_type = parse_content_type(response.headers.get("Content-Type", ""))
        stream = _Stream(self.url, response)
        if content_type.media_type == "application/dicom":  # some services send a single instance plainly
            yield iter(lambda: stream.read(_READ), b"")
            return
        try:
            parts = iter_parts(stream, content_type.boundary, _PARTS)
            while (part := next(parts, None)) is not None:
                yield self._checked(part)
        except (MimeError, ValueError) as error:
            raise self._broken(error) from error

    def _checked(self, part: Part) -> Iterator[bytes]:
        try:
            yield from part.pieces()
        except MimeError as error:
            raise self._broken(error) from error

    def _broken(self, error: Exception) -> ClientError:
        if isinstance(error, Truncated):
            return ServiceUnavailable(f"{self.url} ended its answer early")
        return UnreadableAnswer(f"{self.url} answered with no instances ({error})", status=200)

    @contextmanager
    def _get(self, path: str, accept: str) -> Iterator[requests.Response]:
        headers = {"Accept": accept, "Accept-Encoding": "identity"}
        try:
            response = self._session.get(
                self.url + path, headers=headers, timeout=self._timeout, stream=True, allow_redirects=False
            )
        except requests.RequestException as error:
            raise ServiceUnavailable(f"{self.url} {_explain(error)}") from error
        try:
            if response.status_code in (404, 410):
                raise InstanceNotFound(f"{self.url} has nothing at {path.removesuffix('/metadata')}")
            if response.status_code not in (200, 206):
                raise UnreadableAnswer(
                    f"{self.url} answered HTTP {response.status_code}", status=response.status_code
                )
            yield response
        finally:
            # What is left unread is not read only to keep the connection.
            response.close()


class _Stream:
    """The octets of an answer, as soon as they come: the first instance does not wait for a full read."""

    def __init__(self, url: str, response: requests.Response) -> None:
        self._url = url
        self._raw = response.raw
        self._chunks = response.raw.stream(_READ, decode_content=True) if response.raw.chunked else None

    def read(self, size: int, /) -> bytes:
        """Return 1 to `size` octets, none at the end."""
        try:
            if self._chunks is not None:
                piece: bytes = next(self._chunks, b"")
                return piece
            return self._raw.read1(size) if hasattr(self._raw, "read1") else self._raw.read(size)
        except (HTTPError, OSError) as error:
            raise ServiceUnavailable(
                f"{self._url} broke the connection, or sent nothing for too long"
            ) from error


def _no_bulk_data(_uri: str) -> None:
    """Pixels are not asked for here."""


def _explain(error: requests.RequestException) -> str:
    if isinstance(error, requests.ConnectTimeout | requests.ConnectionError):
        return "cannot be reached: is the service running, are host and port right?"
    return "did not answer in time" if isinstance(error, requests.Timeout) else "broke the connection"


def study_of_url(url: str) -> tuple[str, str] | None:
    """Divide ``…/studies/UID`` into the base of the service and the study; None for another address."""
    base, found, study = url.rstrip("/").rpartition("/studies/")
    return (base, study) if found and study and "/" not in study else None
