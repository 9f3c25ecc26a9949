"""A DICOMweb service: metadata of a study, instances as streams (DICOM PS3.18 10.4)."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from urllib.parse import quote, urlsplit

import httpx
from pydicom.dataset import Dataset

from xds.client.errors import ClientError, ServiceUnavailable, UnreadableAnswer

_CONNECT_SECONDS: Final = 5.0
_CONNECTIONS: Final = 32
_JSON_BYTES: Final = 512 * 1024 * 1024
_LOOPBACK: Final = ("127.", "::1", "localhost")


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

    def __init__(self, url: str, *, seconds: float = 60.0, connections: int = _CONNECTIONS) -> None:
        self.url = url.rstrip("/")
        self._client = httpx.Client(
            timeout=httpx.Timeout(seconds, connect=min(_CONNECT_SECONDS, seconds)),
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
            # The proxy that the environment names knows another loopback interface than ours.
            trust_env=not (urlsplit(url).hostname or "").startswith(_LOOPBACK),
            headers={"Accept-Encoding": "identity"},
            follow_redirects=False,
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

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
        path = f"/studies/{quote(study)}/metadata"
        with self._get(path, "application/dicom+json") as response:
            octets = bytearray()
            for piece in response.iter_raw():
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
    def _get(self, path: str, accept: str) -> Iterator[httpx.Response]:
        try:
            with self._client.stream("GET", self.url + path, headers={"Accept": accept}) as response:
                if response.status_code in (404, 410):
                    raise InstanceNotFound(f"{self.url} has nothing at {path.removesuffix('/metadata')}")
                if response.status_code not in (200, 206):
                    raise UnreadableAnswer(
                        f"{self.url} answered HTTP {response.status_code}", status=response.status_code
                    )
                yield response
        except httpx.HTTPError as error:
            raise ServiceUnavailable(f"{self.url} {_explain(error)}") from error


def _no_bulk_data(_uri: str) -> None:
    """Pixels are not asked for here."""


def _explain(error: httpx.HTTPError) -> str:
    if isinstance(error, httpx.ConnectTimeout | httpx.ConnectError):
        return "cannot be reached: is the service running, are host and port right?"
    if isinstance(error, httpx.TimeoutException):
        return "did not answer in time"
    return f"broke the connection ({type(error).__name__})"


def study_of_url(url: str) -> tuple[str, str] | None:
    """Divide ``…/studies/UID`` into the base of the service and the study; None for another address."""
    base, found, study = url.rstrip("/").rpartition("/studies/")
    return (base, study) if found and study and "/" not in study else None
