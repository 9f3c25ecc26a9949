"""Code lists that change while the service runs."""

import logging
from collections.abc import Callable
from pathlib import Path

from xds.codes import CodeLists, load_codes
from xds.rules import CodeSet
from xds.server.watching import FilesWatch
from xds.settings import SettingsError

log = logging.getLogger(__name__)


def code_set(lists: CodeLists) -> CodeSet:
    """Return code lists as the rules see them."""
    return CodeSet(codes=lists.codes, mime_types=lists.mime_types)


class CodesWatch:
    """Watches a file from when it is made: before the file is read for the first time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._watch = FilesWatch("codes", [path])

    def start(self, use: Callable[[CodeSet], None]) -> None:
        """Hand new lists to `use`, from a thread of its own.

        A file that cannot be read is logged once, and the lists stay as they are.
        """
        self._watch.start(lambda: self._take(use))

    def stop(self) -> None:
        """End at the next beat."""
        self._watch.stop()

    def look(self, use: Callable[[CodeSet], None]) -> None:
        """Take the file if it is another one than it was, and has been so for a beat."""
        self._watch.look(lambda: self._take(use))

    def _take(self, use: Callable[[CodeSet], None]) -> None:
        try:
            lists = load_codes(self._path)
        except SettingsError as error:
            # What an operator wrote, in a file of the operator's: no message of a partner's has a part in it.
            log.error("code lists not taken, the old ones stay", extra={"reason": str(error)})
            return
        use(code_set(lists))
        told = {"file": str(self._path), "codes": lists.size, "left_out": len(lists.left_out)}
        log.info("code lists taken", extra=told)
