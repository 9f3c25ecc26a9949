"""Where log records go: to standard error or a file, each in one write, in the form of the settings."""

import logging
import os
import sys
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Protocol

from xds.log.records import JsonFormatter, TextFormatter

_STANDARD_ERROR: Final = 2
_QUIET: Final = {
    # These write whole messages at DEBUG: never let down, whatever the level of ours.
    "zeep": logging.WARNING,
    "zeep.transports": logging.WARNING,
    "spyne": logging.WARNING,
    "spyne.protocol.xml": logging.WARNING,
    "signxml": logging.WARNING,
    "urllib3": logging.WARNING,
    "gunicorn": logging.WARNING,
    "psycopg": logging.WARNING,
    # These quote what they could not read at ERROR and WARNING.
    "spyne.protocol.xml.invalid": logging.CRITICAL + 1,
    "pypdf": logging.ERROR,
}


class LogOptions(Protocol):
    """What is set about the log; `xds.settings.LogSettings` is one (siblings do not import each other)."""

    @property
    def level(self) -> Literal["debug", "info", "warning", "error"]:
        """The least level of our own records."""

    @property
    def form(self) -> Literal["json", "text"]:
        """Lines for machines or for people."""

    @property
    def file(self) -> Path | None:
        """The file to append to; None for standard error."""


def configure(settings: LogOptions) -> None:
    """Send the log of this process, and of those that it forks, to standard error or to a file.

    The level is that of our own records; other packages say warnings and errors only. What nobody caught is a
    record too, so that no exception's text reaches standard error. Calling it again replaces the former.

    Raises
    ------
    OSError
        The file cannot be opened.
    """
    descriptor = _STANDARD_ERROR
    if settings.file is not None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        descriptor = os.open(settings.file, flags, 0o640)
    handler = LineHandler(descriptor)
    handler.setFormatter(
        JsonFormatter() if settings.form == "json" else TextFormatter(coloured=os.isatty(descriptor))
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("xds").setLevel(settings.level.upper())
    for name, level in _QUIET.items():
        logging.getLogger(name).setLevel(level)
    logging.captureWarnings(True)
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread
    sys.unraisablehook = _unraisable


class LineHandler(logging.Handler):
    """Writes each record by one call, so that lines of several processes do not mix.

    On a pipe the system promises this up to 4,096 octets (POSIX PIPE_BUF); on a file or socket for any line.
    """

    def __init__(self, descriptor: int = _STANDARD_ERROR) -> None:
        super().__init__()
        self._descriptor = descriptor

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record; with nobody to read it any more, it is dropped and the service goes on."""
        try:
            line = memoryview(f"{self.format(record)}\n".encode("utf-8", "backslashreplace"))
        except Exception:  # a record that cannot be formatted is a fault of ours; its arguments stay unsaid
            line = memoryview(f"a record of {record.name} could not be formatted\n".encode())
        with suppress(OSError):
            while line:
                line = line[os.write(self._descriptor, line) :]


def _uncaught(kind: type[BaseException], error: BaseException, places: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger("xds").critical("uncaught", exc_info=(kind, error, places))


def _uncaught_in_thread(hook: threading.ExceptHookArgs) -> None:
    if hook.exc_value is None or issubclass(hook.exc_type, SystemExit):
        return
    thread = hook.thread.name if hook.thread is not None else "unknown"
    logging.getLogger("xds").critical(
        "uncaught", exc_info=(hook.exc_type, hook.exc_value, hook.exc_traceback), extra={"in_thread": thread}
    )


def _unraisable(hook: Any) -> None:
    error = hook.exc_value
    if error is not None:
        logging.getLogger("xds").error("unraisable", exc_info=(type(error), error, hook.exc_traceback))
