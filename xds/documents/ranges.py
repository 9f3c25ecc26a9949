"""Octets of a stored document that the system can send by itself, without a copy of ours."""

import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRange:
    """A part of an open file whose octets were checked; good until the next part is asked for.

    `descriptor` is the file's, `offset` and `size` are in octets.
    """

    descriptor: int
    offset: int
    size: int

    def __len__(self) -> int:
        return self.size

    def send(self, socket: int, sent: int) -> int:
        """Send to a socket what comes after the first `sent` octets; return how many more went.

        Raises
        ------
        OSError
            The file has become shorter, or the socket fails; BlockingIOError when it takes nothing now.
        """
        count = os.sendfile(socket, self.descriptor, self.offset + sent, self.size - sent)
        if not count:
            raise OSError("a stored document became shorter while it was sent")
        return count
