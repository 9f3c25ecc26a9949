"""Being asked to end while the service is still starting: a step under way is finished first, then all is undone."""

import signal
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopRequest:
    """SIGINT and SIGTERM from now on, until the HTTP server takes them over.

    A step that is cut off halfway leaves something behind: a database server that nobody stops, a cluster that is
    half made. So the first signal is only noted; a second one raises KeyboardInterrupt at once.
    """

    def __init__(self) -> None:
        self._asked = False
        for number in _SIGNALS:
            signal.signal(number, self._note)

    def asked(self) -> bool:
        """Whether a signal came."""
        return self._asked

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True
