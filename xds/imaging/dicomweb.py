"""A source that is a DICOMweb archive: WADO-RS, a whole series at once where most of it is wanted."""

from collections.abc import Iterator, Sequence
from typing import Final

from xds.client import ClientError, DicomWebClient, InstanceNotFound, ServiceUnavailable
from xds.imaging.sources import Sink, SourceFailed
from xds.model import InstanceRequest

_SERIES_FROM: Final = 4
"""Instances of a series that are asked for one by one; from there on the whole series is cheaper to ask for."""
_WASTE: Final = 64 * 1024 * 1024
"""Octets beyond what was wanted that a series may bring before its other instances are asked for one by one."""


class DicomWebSource:
    """WADO-RS as RAD-69's source (DICOM PS3.18 10.4)."""

    def __init__(self, client: DicomWebClient) -> None:
        self.client = client

    def close(self) -> None:
        """End its connections."""
        self.client.close()

    def fetch(
        self, wanted: Sequence[InstanceRequest], transfer_syntax_uids: Sequence[str], sink: Sink
    ) -> None:
        """Hand over the instances of one series."""
        if len(wanted) >= _SERIES_FROM:
            self._series(wanted[0], sink)
        for item in sink.missing:
            self._one(item, sink)

    def _series(self, first: InstanceRequest, sink: Sink) -> None:
        """Take what a series brings; whatever it does not bring is asked for one by one."""
        wasted = used = 0
        try:
            with self.client.instances(first.study_instance_uid, first.series_instance_uid) as found:
                for pieces in found:
                    counted = _Counted(pieces)
                    if sink.deliver(iter(counted)):
                        used += counted.size
                    else:
                        wasted += counted.size
                    if not sink.missing or wasted > used + _WASTE:
                        return
        except (ClientError, SourceFailed):
            return  # one by one tells which are there, and whether the archive is

    def _one(self, item: InstanceRequest, sink: Sink) -> None:
        try:
            with self.client.instances(
                item.study_instance_uid, item.series_instance_uid, item.document_unique_id
            ) as found:
                for pieces in found:
                    sink.deliver(pieces)
        except InstanceNotFound:
            sink.absent(item)
        except ServiceUnavailable as error:
            raise SourceFailed(
                "the archive that holds the instance cannot be reached, or is too slow"
            ) from error
        except ClientError as error:
            raise SourceFailed(
                "the archive that holds the instance refused, or answered something else"
            ) from error


class _Counted:
    """Octets, counted."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self.size = 0

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            self.size += len(piece)
            yield piece
