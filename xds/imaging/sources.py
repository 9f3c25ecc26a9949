"""What an archive is to RAD-69: something that hands over instances, one after the other."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from xds.model import InstanceRequest


class SourceFailed(Exception):
    """A source gave nothing, or nothing more; the text says why, and names no address."""


class Sink(Protocol):
    """Takes what a source hands over; `deliver` returns when the octets were passed on."""

    @property
    def missing(self) -> list[InstanceRequest]:
        """What is still to come, in the order in which it was asked for."""

    def deliver(self, pieces: Iterator[bytes]) -> bool:
        """Take the octets of one instance; False when nobody asked for it. It says itself which one it is.

        Raises
        ------
        Cancelled
            Nobody wants any more: stop.
        SourceFailed
            The octets ended early; what else may come is for the source to know.
        """

    def absent(self, request: InstanceRequest) -> None:
        """Say that the source has no such instance."""


class ImagingSource(Protocol):
    """An archive, known by its Retrieve Location UID."""

    def fetch(
        self, wanted: Sequence[InstanceRequest], transfer_syntax_uids: Sequence[str], sink: Sink
    ) -> None:
        """Hand over the instances of one series, in any order.

        Raises
        ------
        SourceFailed
            It cannot go on: what is missing then has failed.
        """

    def close(self) -> None:
        """End its connections."""


Sources = Mapping[str, ImagingSource]
"""Retrieve Location UID → source."""


class Cancelled(Exception):
    """The consumer is gone."""
