"""Log records as lines: facts only, and nothing that a peer sent can look like a line of ours.

What exceptions say may quote a message or a row, so their texts never reach a log: their types and the places
they passed do (standards digest, security 8).
"""

import errno
import json
import logging
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

_FRAMES: Final = 12
"""Places kept of one exception, the innermost ones: a line stays short enough to be written in one piece."""

_CHARS: Final = 1_000
"""Characters kept of one text."""

_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_SPEAKS_OF_CONNECTIONS: Final = "psycopg.pool"
"""The one foreign logger whose exceptions are shown: they say why the database cannot be reached."""

_COLOURS: Final = {"DEBUG": "\x1b[2m", "WARNING": "\x1b[33m", "ERROR": "\x1b[31m", "CRITICAL": "\x1b[1;31m"}


def facts(record: logging.LogRecord) -> dict[str, Any]:
    """Return what a record says: ts (UTC, milliseconds), level, logger, event, what `extra` gave, exception."""
    when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    found: dict[str, Any] = {
        "ts": when.removesuffix("+00:00") + "Z",
        "level": record.levelname.lower(),
        "logger": record.name,
        "event": _cut(_event(record)),
    }
    for key, value in vars(record).items():
        if key not in _STANDARD:
            found[key if key not in found else f"{key}_"] = _plain(value)
    if record.exc_info and record.exc_info[1] is not None:
        found["exception"] = exception_facts(record.exc_info[1])
    return found


def exception_facts(error: BaseException) -> dict[str, Any]:
    """Return what may be known of an exception and of its direct cause, without their texts."""
    found = _one_exception(error)
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        found["cause"] = _one_exception(cause)
    return found


def _one_exception(error: BaseException) -> dict[str, Any]:
    """Return its type, the code of the system or of SQL, and the places it passed."""
    kind = type(error)
    found: dict[str, Any] = {"type": f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.")}
    if isinstance(error, OSError) and error.errno is not None:
        found["errno"] = errno.errorcode.get(error.errno, str(error.errno))
    if isinstance(sqlstate := getattr(error, "sqlstate", None), str):
        found["sqlstate"] = sqlstate
    places = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    found["places"] = [f"{_short(place.filename)}:{place.lineno} {place.name}" for place in places]
    return found


class JsonFormatter(logging.Formatter):
    """One JSON object a line, ASCII: line ends, escape and bidirectional characters arrive escaped."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's line, without its end."""
        return json.dumps(facts(record), ensure_ascii=True, allow_nan=False)


class TextFormatter(logging.Formatter):
    """A line to read: time, level, event, then the facts; an exception's places below it, indented.

    Parameters
    ----------
    coloured
        Colour the level, for a terminal.
    """

    def __init__(self, *, coloured: bool) -> None:
        super().__init__()
        self._coloured = coloured

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's line or lines, without the last end."""
        found = facts(record)
        exception = found.pop("exception", None)
        clock, level = found.pop("ts")[11:23], found.pop("level").upper()
        logger, event = found.pop("logger"), found.pop("event")
        words = [clock, self._colour(level), _printable(event)]
        words += [f"{key}={_quoted(value)}" for key, value in found.items()]
        if logger.partition(".")[0] != "xds":
            words.append(f"({logger})")
        lines = [" ".join(words)]
        while exception is not None:
            codes = [exception[key] for key in ("errno", "sqlstate") if key in exception]
            lines.append("    " + " ".join([exception["type"], *codes]))
            lines += [f"        {place}" for place in exception["places"]]
            exception = exception.get("cause")
        return "\n".join(lines)

    def _colour(self, level: str) -> str:
        padded = f"{level:<8}"
        return f"{_COLOURS[level]}{padded}\x1b[0m" if self._coloured and level in _COLOURS else padded


def _event(record: logging.LogRecord) -> str:
    if record.name == _SPEAKS_OF_CONNECTIONS:
        return record.getMessage()
    if isinstance(record.msg, BaseException):  # spyne and gunicorn log exceptions as the message
        return type(record.msg).__name__
    arguments = record.args
    if isinstance(arguments, Mapping):
        arguments = {key: _nameless(value) for key, value in arguments.items()}
    elif arguments:
        arguments = tuple(_nameless(value) for value in arguments)
    return str(record.msg) % arguments if arguments else str(record.msg)


def _nameless(value: object) -> object:
    return type(value).__name__ if isinstance(value, BaseException) else value


def _plain(value: object) -> Any:
    """Make JSON of a value: what JSON does not know becomes text, an exception its type."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if value - value == 0 else str(value)  # JSON has no infinity and no NaN
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(each) for each in value]
    return _cut(str(_nameless(value)))


def _cut(text: str) -> str:
    return text if len(text) <= _CHARS else f"{text[:_CHARS]}…"


def _short(filename: str) -> str:
    """Shorten a path to its end: the package is known, where it was installed is nobody's business."""
    return "/".join(Path(filename).parts[-3:])


def _printable(text: str) -> str:
    return text if text.isprintable() else json.dumps(text)[1:-1]


def _quoted(value: object) -> str:
    """Write a value so that where it ends is plain."""
    if isinstance(value, str) and value and value.isprintable() and not set(value) & {" ", '"', "="}:
        return value
    text = json.dumps(value, ensure_ascii=False)
    return text if text.isprintable() else json.dumps(value)
