"""The log of real processes, read from their standard error."""

import json
import logging
import os
import pty
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.log.phi import assert_no_phi
from xds.log import configure
from xds.settings import LogSettings

SECRET = "ZZPHI-Tremblay^Zoé"
START = "import logging; from xds.log import configure; from xds.settings import LogSettings; "
JSON = f"{START}configure(LogSettings()); log = logging.getLogger('xds.test'); "


def run(script: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.stdout == ""
    return done.stderr


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_record_is_a_line() -> None:
    (line,) = lines(run(JSON + "log.info('registered', extra={'entries': 3})"))
    assert (line["event"], line["entries"], line["logger"]) == ("registered", 3, "xds.test")


def test_a_file_is_appended_to(tmp_path: Path) -> None:
    file = tmp_path / "xds.log"
    start = f"from pathlib import Path; {START}configure(LogSettings(file=Path({str(file)!r}))); "
    for event in ("first", "second"):
        assert run(f"{start}logging.getLogger('xds').info('{event}')") == ""
    assert [line["event"] for line in lines(file.read_text(encoding="utf-8"))] == ["first", "second"]
    assert file.stat().st_mode & 0o007 == 0


def test_a_file_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        configure(LogSettings(file=tmp_path / "absent" / "xds.log"))


def test_text_has_no_colour_in_a_file() -> None:
    assert "\x1b" not in run(
        f"{START}configure(LogSettings(form='text')); logging.getLogger('xds').error('x')"
    )


def test_text_is_coloured_on_a_terminal() -> None:
    script = f"{START}configure(LogSettings(form='text')); logging.getLogger('xds').error('x')"
    ours, theirs = pty.openpty()
    subprocess.run([sys.executable, "-c", script], stderr=theirs, timeout=30, check=True)
    assert b"\x1b[31mERROR" in os.read(ours, 4_096)
    os.close(ours)
    os.close(theirs)


def test_the_level_is_that_of_our_records(capfd: pytest.CaptureFixture[str]) -> None:
    configure(LogSettings(level="warning"))
    logging.getLogger("xds.a").info("no")
    logging.getLogger("xds.a").warning("yes")
    configure(LogSettings(level="debug"))
    logging.getLogger("xds.a").debug("yes too")
    assert [line["event"] for line in lines(capfd.readouterr().err)] == ["yes", "yes too"]


def test_calling_it_twice_does_not_log_twice(capfd: pytest.CaptureFixture[str]) -> None:
    configure(LogSettings())
    configure(LogSettings())
    logging.getLogger("xds").info("once")
    assert len(lines(capfd.readouterr().err)) == 1


@pytest.mark.parametrize(
    "name",
    [
        "zeep.transports",
        "spyne.protocol.xml",
        "spyne.application.server",
        "urllib3.connectionpool",
        "signxml.verifier",
        "gunicorn.error",
        "psycopg",
        "anything.else",
    ],
)
def test_no_other_package_logs_at_debug(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    logging.getLogger(name.partition(".")[0]).setLevel(logging.DEBUG)
    logging.getLogger("anything").setLevel(logging.NOTSET)
    configure(LogSettings(level="debug"))
    logging.getLogger(name).debug("HTTP Post to %s:\n%s", "http://x/", SECRET)
    logging.getLogger(name).info("%s", SECRET)
    assert capfd.readouterr().err == ""
    logging.getLogger(name).warning("said")
    assert lines(capfd.readouterr().err)[0]["event"] == "said"


def test_what_quotes_a_message_in_an_error_is_silent(capfd: pytest.CaptureFixture[str]) -> None:
    """spyne.protocol.xml quotes what it could not parse in an ERROR record."""
    name = "spyne.protocol.xml.invalid"
    package = Path(find_spec("spyne").submodule_search_locations[0], "protocol", "xml.py")
    assert f"logging.getLogger('{name}')" in package.read_text(encoding="utf-8"), (
        "spyne has another name for it now"
    )
    configure(LogSettings())
    logging.getLogger(name).error("%r in string %r", "not well formed", SECRET)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("script", "event"),
    [
        (f"raise ValueError({SECRET!r})", "uncaught"),
        (f"import threading\ndef fail(): raise ValueError({SECRET!r})\n"
         "thread = threading.Thread(target=fail, name='keeper'); thread.start(); thread.join()", "uncaught"),
        (f"class Late:\n    def __del__(self): raise ValueError({SECRET!r})\nlate = Late(); del late", "unraisable"),
    ],
)  # fmt: skip
def test_what_nobody_caught_is_a_record_too(script: str, event: str) -> None:
    text = run(f"{JSON}\n{script}")
    (line,) = lines(text)
    assert line["event"] == event
    assert line["exception"]["type"] == "ValueError"
    assert_no_phi(text, [SECRET])


def test_a_warning_is_a_record() -> None:
    (line,) = lines(run(f"{JSON}\nimport warnings; warnings.warn('old')"))
    assert (line["level"], line["logger"]) == ("warning", "py.warnings")


def test_a_record_that_cannot_be_formatted_says_no_more_than_that() -> None:
    text = run(f"{JSON}log.info('%d', {SECRET!r}); log.info('next')")
    assert text.splitlines()[0] == "a record of xds.test could not be formatted"
    assert lines(text.split("\n", 1)[1])[0]["event"] == "next"
    assert_no_phi(text, [SECRET])


def test_with_nobody_to_read_the_service_goes_on() -> None:
    script = JSON + "import os; os.close(2); log.info('unheard'); print('on')"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout == "on\n"


def test_lines_of_several_processes_do_not_mix() -> None:
    script = JSON + (
        "import os\n"
        "pids = []\n"
        "for number in range(4):\n"
        "    pid = os.fork()\n"
        "    if not pid:\n"
        "        for count in range(500):\n"
        "            log.info('answered', extra={'number': number, 'count': count, 'fill': str(number) * 900})\n"
        "        os._exit(0)\n"
        "    pids.append(pid)\n"
        "for pid in pids: os.waitpid(pid, 0)\n"
    )
    found = lines(run(script))
    assert sorted((line["number"], line["count"]) for line in found) == [
        (n, c) for n in range(4) for c in range(500)
    ]
    assert all(line["fill"] == str(line["number"]) * 900 for line in found)
