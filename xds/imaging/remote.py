"""A source that is another RAD-69 end point: a DI-r with an Imaging Document Source of its own."""

from collections.abc import Iterator, Sequence

from xds.client import ClientError, ImagingClient
from xds.imaging.sources import Cancelled, Sink, SourceFailed
from xds.model import InstanceRequest, InstancesRequest


class Rad69Source:
    """RAD-69 as RAD-69's source."""

    def __init__(self, client: ImagingClient) -> None:
        self._client = client

    def close(self) -> None:
        """End its connections."""
        self._client.close()

    def fetch(
        self, wanted: Sequence[InstanceRequest], transfer_syntax_uids: Sequence[str], sink: Sink
    ) -> None:
        """Hand over the instances of one series; each says itself which it is, wherever the envelope stands."""
        request = InstancesRequest(instances=tuple(wanted), transfer_syntax_uids=tuple(transfer_syntax_uids))
        parts = _Delivered(sink)
        try:
            answer = self._client.retrieve(request, parts)
        except ClientError as error:
            if parts.stopped is not None:
                raise parts.stopped from error
            raise SourceFailed("the source that holds the instance cannot be reached, or failed") from error
        failed = {item.location for item in answer.response.findings if item.is_error}
        for item in sink.missing:
            if item.document_unique_id in failed:
                sink.absent(item)


class _Delivered:
    """The parts of an answer, handed on as they come; a `xds.client.PartStore`."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._seen: set[str] = set()
        self.stopped: Exception | None = None

    def receive(self, content_id: str, pieces: Iterator[bytes]) -> None:
        """Hand an instance on."""
        self._seen.add(content_id)
        try:
            self._sink.deliver(pieces)
        except (Cancelled, SourceFailed) as error:
            self.stopped = error
            raise

    def __contains__(self, content_id: object) -> bool:
        return content_id in self._seen

    def small(self, limit: int) -> Iterator[bytes]:
        """None: nothing is kept in which a fault could be looked for."""
        return iter(())
