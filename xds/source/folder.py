"""A folder into which message files are put; each is taken into the queue, then moved aside."""

import logging
import re
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Final

from xds.hl7v2 import Code, Outcome, UnreadableMessage, read, refused
from xds.source.intake import Intake

log = logging.getLogger(__name__)

TAKEN: Final = "taken"
REFUSED: Final = "refused"
_BEAT_SECONDS: Final = 1.0
_SUFFIXES: Final = frozenset({".hl7", ".oru", ".txt"})
_START: Final = re.compile(rb"(?:\A|(?<=[\r\n\x0b]))(?=MSH[^A-Za-z0-9\s])")
_FRAMING: Final = b"\x0b\x1c\r\n\x00 "
_BATCH: Final = re.compile(rb"[\r\n]+(?:BTS|FTS|BHS|FHS)[^\r\n]*")


class FolderWatch(threading.Thread):
    """Looks into the folder every second.

    A file is taken when it did not change between two looks; better is to rename it into the folder when it is whole.
    """

    def __init__(self, folder: Path, intake: Intake) -> None:
        super().__init__(name="folder", daemon=True)
        self._folder = folder
        self._intake = intake
        self._seen: dict[Path, tuple[int, int]] = {}
        self._stopped = threading.Event()

    def stop(self) -> None:
        """End at the next beat."""
        self._stopped.set()

    def run(self) -> None:
        """Watch until stopped."""
        while not self._stopped.is_set():
            try:
                self.look()
            except Exception:  # one file must not end the watching
                log.exception("feed: the folder cannot be read")
            self._stopped.wait(_BEAT_SECONDS)

    def look(self) -> None:
        """Take what is whole."""
        for name in (TAKEN, REFUSED):
            (self._folder / name).mkdir(parents=True, exist_ok=True)
        files = sorted(
            item
            for item in self._folder.iterdir()
            if item.suffix.lower() in _SUFFIXES and not item.name.startswith(".") and item.is_file()
        )
        now: dict[Path, tuple[int, int]] = {}
        for path in files:
            stat = path.stat()
            now[path] = (stat.st_size, stat.st_mtime_ns)
            if self._seen.get(path) == now[path]:
                self._take(path)
        self._seen = now

    def _take(self, path: Path) -> None:
        outcomes = [self._outcome(octets) for octets in messages_of(path.read_bytes())]
        if any(item.code is Code.REJECTED and _is_passing(item) for item in outcomes):
            return  # the queue cannot be written: the file waits
        errors = [problem for item in outcomes for problem in item.problems]
        is_bad = bool(errors) or not outcomes
        target = self._folder / (REFUSED if is_bad else TAKEN) / path.name
        if is_bad:
            lines = [f"{item.location}: {item.text}" for item in errors] or ["no message is in the file"]
            target.with_name(target.name + ".findings").write_text("\n".join(lines) + "\n", "utf-8")
        path.replace(target)
        log.log(
            logging.WARNING if is_bad else logging.INFO,
            "feed: file",
            extra={"messages": len(outcomes), "errors": [item.code for item in errors]},
        )

    def _outcome(self, octets: bytes) -> Outcome:
        try:
            return self._intake.take(read(octets), octets)
        except UnreadableMessage as error:
            return refused(error.code, error.location, error.text)


def messages_of(octets: bytes) -> Iterator[bytes]:
    """The messages of a file: one, or several one after the other, in MLLP frames or in a batch or not."""
    starts = [match.start() for match in _START.finditer(octets)]
    for begin, end in pairwise([*starts, len(octets)]):
        yield _BATCH.sub(b"", octets[begin:end]).strip(_FRAMING)


def _is_passing(outcome: Outcome) -> bool:
    return any(item.code == 207 for item in outcome.problems)
