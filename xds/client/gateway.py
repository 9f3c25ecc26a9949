"""A Responding Gateway elsewhere: ITI-38 and ITI-39 (ITI TF-2 3.38, 3.39)."""

from collections.abc import Sequence

import requests
from lxml import etree

from xds.client.documents import PartStore
from xds.client.repository import retrieve_through
from xds.client.service import DEFAULT_SECONDS, Service
from xds.ebxml import REGISTRY_RESPONSE, RetrievedDocument
from xds.model import DocumentRequest, RegistryResponse
from xds.transactions import ITI_38, ITI_39, Role


class GatewayClient:
    """Asks one community through its Responding Gateway; threads may share it.

    Parameters
    ----------
    query_url, retrieve_url
        Its end points of ITI-38 and ITI-39, often the same.
    timeout
        Seconds to wait for an answer, or for its next octets.
    session
        Connections of the caller; by default an own pool.

    Raises
    ------
    ValueError
        An end point is not an http or https address.
    """

    def __init__(
        self,
        query_url: str,
        retrieve_url: str | None = None,
        *,
        timeout: float = DEFAULT_SECONDS,
        session: requests.Session | None = None,
    ) -> None:
        self._queries = Service(query_url, Role.GATEWAY, timeout=timeout, session=session)
        self._retrievals = Service(retrieve_url or query_url, Role.GATEWAY, timeout=timeout, session=session)

    def close(self) -> None:
        """Close the connections."""
        self._queries.close()
        self._retrievals.close()

    def query(self, body: bytes, *, blocks: Sequence[etree._Element] = ()) -> etree._Element:
        """Ask a stored query (ITI-38) and return the answer as it came.

        Parameters
        ----------
        body
            The query:AdhocQueryRequest, with every parameter that the consumer sent (3.38.4.1.1).
        blocks
            Header blocks that go with it.

        Raises
        ------
        ClientError
            No usable answer came.
        """
        return self._queries.call(ITI_38, body, also_expected=frozenset({REGISTRY_RESPONSE}), blocks=blocks)

    def retrieve(
        self, asked: Sequence[DocumentRequest], parts: PartStore, *, blocks: Sequence[etree._Element] = ()
    ) -> tuple[RegistryResponse, list[tuple[RetrievedDocument, str]]]:
        """Retrieve documents (ITI-39) into `parts`, and tell under which Content-ID each is there.

        Raises
        ------
        ClientError
            No usable answer came; what is in `parts` is the caller's to discard.
        """
        return retrieve_through(self._retrievals, ITI_39, asked, parts, blocks=blocks)
