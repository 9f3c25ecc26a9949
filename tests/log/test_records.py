"""Records as lines: what is in them, and what can never be."""

import json
import logging
import re
import sys
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.log.phi import assert_no_phi
from xds.log.records import JsonFormatter, TextFormatter, facts

SECRET = "ZZPHI-Éloïse^^^&2.999.1&ISO"


def record(
    event: object = "registered", *args: object, name: str = "xds.registry", **extra: Any
) -> logging.LogRecord:
    made = logging.LogRecord(name, logging.INFO, "", 0, event, args, None)
    made.created = 1e9
    vars(made).update(extra)
    return made


def failing(error: BaseException, cause: BaseException | None = None) -> logging.LogRecord:
    try:
        raise error from cause
    except type(error):
        return record("failed", exc_info=sys.exc_info())


def as_json(made: logging.LogRecord) -> dict[str, Any]:
    line = JsonFormatter().format(made)
    assert "\n" not in line
    found: dict[str, Any] = json.loads(line)
    return found


def test_json() -> None:
    assert as_json(record(transaction="ITI-42", entries=3, ms=12.5)) == {
        "ts": "2001-09-09T01:46:40.000Z",
        "level": "info",
        "logger": "xds.registry",
        "event": "registered",
        "transaction": "ITI-42",
        "entries": 3,
        "ms": 12.5,
    }


def test_the_time_is_utc_to_the_millisecond() -> None:
    made = record()
    made.created = 1_700_000_000.123456
    assert datetime.fromisoformat(facts(made)["ts"]).timestamp() == pytest.approx(1_700_000_000.123)
    assert facts(made)["ts"].endswith(".123Z")


def test_extra_never_stands_in_for_ours() -> None:
    found = as_json(record(level="critical", ts="y", logger="z"))
    assert (found["level"], found["ts"], found["logger"]) == (
        "info",
        "2001-09-09T01:46:40.000Z",
        "xds.registry",
    )
    assert (found["level_"], found["ts_"], found["logger_"]) == ("critical", "y", "z")


def test_arguments_are_put_in() -> None:
    assert as_json(record("%s of %d", "one", 2))["event"] == "one of 2"
    assert as_json(record("%(a)s", {"a": 1}))["event"] == "1"
    assert as_json(record("100 %"))["event"] == "100 %"


def test_what_json_does_not_know_is_text() -> None:
    found = as_json(
        record(
            folder=Path("/srv"), id=UUID(int=0), at=float("nan"), names=("a", "b"), inner={"x": {1}, 2: None}
        )
    )
    assert found["folder"] == "/srv"
    assert found["id"] == "00000000-0000-0000-0000-000000000000"
    assert found["at"] == "nan"
    assert found["names"] == ["a", "b"]
    assert found["inner"] == {"x": [1], "2": None}


def test_a_long_text_is_cut() -> None:
    assert as_json(record(sender="x" * 5_000))["sender"] == "x" * 1_000 + "…"


@pytest.mark.parametrize("formatter", [JsonFormatter(), TextFormatter(coloured=False)])
def test_nobody_can_forge_a_line(formatter: logging.Formatter) -> None:
    """Security digest 3, row N1: line ends, escape, bidirectional characters."""
    line = formatter.format(record("a\nb", sender="x\r\n\x1b[2J\u202e\u2028", **{"k": {"y": "\n\u202e"}}))
    assert line.isprintable()


def test_text() -> None:
    line = TextFormatter(coloured=False).format(
        record(transaction="ITI-42", reason="a b", note="é", none=None)
    )
    assert line == '01:46:40.000 INFO     registered transaction=ITI-42 reason="a b" note=é none=null'


def test_text_names_a_foreign_logger() -> None:
    assert (
        TextFormatter(coloured=False)
        .format(record("x", name="gunicorn.error"))
        .endswith("x (gunicorn.error)")
    )


def test_colour_only_where_asked() -> None:
    made = record()
    made.levelname = "ERROR"
    assert "\x1b[31mERROR   \x1b[0m" in TextFormatter(coloured=True).format(made)
    assert "\x1b" not in TextFormatter(coloured=False).format(made)


def test_an_exception_is_types_and_places() -> None:
    found = as_json(failing(ValueError(SECRET), KeyError(SECRET)))["exception"]
    assert found["type"] == "ValueError"
    assert re.fullmatch(r"tests/log/test_records\.py:\d+ failing", found["places"][-1])
    assert found["cause"]["type"] == "KeyError"


def test_codes_of_the_system_and_of_sql() -> None:
    class UniqueViolation(Exception):
        sqlstate = "23505"

    assert as_json(failing(OSError(28, "No space left on device", SECRET)))["exception"]["errno"] == "ENOSPC"
    assert as_json(failing(UniqueViolation(SECRET)))["exception"]["sqlstate"] == "23505"


@pytest.mark.parametrize("formatter", [JsonFormatter(), TextFormatter(coloured=False)])
@pytest.mark.parametrize(
    "made",
    [
        failing(ValueError(SECRET), KeyError(SECRET)),
        failing(OSError(28, SECRET, SECRET)),
        record(ValueError(SECRET), name="spyne.application.server"),
        record("error ignored in rollback: %s", ValueError(SECRET), name="psycopg"),
        record("%(error)r", {"error": ValueError(SECRET)}),
        record(error=ValueError(SECRET)),
        record(errors=[ValueError(SECRET)]),
    ],
)
def test_the_text_of_an_exception_is_never_logged(
    formatter: logging.Formatter, made: logging.LogRecord
) -> None:
    assert_no_phi(formatter.format(made), [SECRET])


def test_why_the_database_cannot_be_reached_is_shown() -> None:
    made = record("error connecting in %r: %s", "xds", OSError("connection refused"), name="psycopg.pool")
    assert as_json(made)["event"] == "error connecting in 'xds': connection refused"


def test_an_exception_in_text_stands_below() -> None:
    lines = TextFormatter(coloured=False).format(failing(OSError(5, "x"), KeyError("y"))).splitlines()
    assert lines[0].endswith("failed")
    assert lines[1] == "    OSError EIO"
    assert [line.strip() for line in lines if line.startswith("    ") and line[4] != " "] == [
        "OSError EIO",
        "KeyError",
    ]


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    event=st.text(), extra=st.dictionaries(st.from_regex(r"[a-z]{3,8}x", fullmatch=True), values, max_size=4)
)
def test_every_record_is_one_json_line_of_ascii(event: str, extra: dict[str, Any]) -> None:
    line = JsonFormatter().format(record(event, **extra))
    assert line.isascii()
    assert set(extra) <= set(json.loads(line))


@given(event=st.text(), sender=values)
def test_every_record_is_one_printable_line(event: str, sender: Any) -> None:
    assert TextFormatter(coloured=False).format(record(event, sender=sender)).isprintable()


@pytest.mark.parametrize(
    "text",
    [f"x {SECRET} y", SECRET.upper(), json.dumps(SECRET), "zzphi-%c3%89lo%c3%afse%5e%5e%5e%262.999.1%26iso"],
)
def test_assert_no_phi_finds(text: str) -> None:
    with pytest.raises(AssertionError, match="secret number 1 is in the text"):
        assert_no_phi(text, ["absent", SECRET])
