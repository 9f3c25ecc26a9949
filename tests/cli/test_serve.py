"""`xds serve` as a person meets it: the first run, the second, Ctrl-C at any moment, and each way not to start."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from tests.conftest import free_port
from xds.audit import decode_event
from xds.sandbox import DOCUMENT_COUNT, SAMPLE_PATIENT, SUBMISSION_COUNT
from xds.store import default_data_folder, migrate

ROOT = Path(__file__).parents[2]
SERVING = re.compile(r"^Serving on (\S+) until Ctrl-C\.$", re.MULTILINE)
SEEDED = re.compile(
    r"^Seeded: (\d+) documents in (\d+) submissions, published through ITI-41 in", re.MULTILINE
)
# A stop lets requests under way finish, for 30 s at most; on a quiet machine it takes one.
STOP_SECONDS = 45
"""A quiet machine takes one; nothing may take the thirty after which workers are killed."""
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("XDS_")}


def listening_to_the_terminal() -> None:
    """Signals of a terminal as a person's shell hands them on."""
    for number in (signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)


class Lite:
    """An `xds serve` in a session of its own, as of a terminal; every process of it bears its mark."""

    def __init__(self, folder: Path, *arguments: object, **environment: str) -> None:
        self._out, self._err = folder / f"{time.monotonic_ns()}.out", folder / f"{time.monotonic_ns()}.err"
        self._mark = f"XDS_TEST_MARK={self._out}"
        self._data = str(folder / "data")
        self.began = time.monotonic()
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "xds", "serve", *(str(item) for item in arguments)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env={**ENVIRONMENT, "PYTHONPATH": str(ROOT), "XDS_TEST_MARK": str(self._out), **environment},
                cwd=folder,
                start_new_session=True,
                # A runner under nohup, or in the background of a script, hands on that they are ignored.
                preexec_fn=listening_to_the_terminal,  # noqa: PLW1509  # between tests no thread of ours runs
            )

    @property
    def out(self) -> str:
        return self._out.read_text("utf-8")

    @property
    def err(self) -> str:
        return self._err.read_text("utf-8")

    def until(self, condition: Callable[[], object], seconds: float = 90) -> None:
        """Wait while it runs."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert self.process.poll() is None, f"it ended with {self.process.returncode}: {self.err}"
            assert time.monotonic() < deadline, f"not yet: {self.out}{self.err}"
            time.sleep(0.02)

    def ready(self) -> str:
        """Wait for the line that says so; return the address."""
        self.until(lambda: SERVING.search(self.out))
        found = SERVING.search(self.out)
        assert found is not None
        return found[1]

    def interrupt(self) -> int:
        """Ctrl-C: the terminal sends SIGINT to every process of the foreground group."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(STOP_SECONDS)

    def terminate(self, number: int = signal.SIGTERM) -> int:
        """As a supervisor does: a signal to the one process."""
        self.process.send_signal(number)
        return self.process.wait(STOP_SECONDS)

    def processes(self) -> list[str]:
        """What still runs of it: workers, the seeding process, PostgreSQL."""
        found = []
        for entry in Path("/proc").iterdir():
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
                marked = self._mark.encode() in (entry / "environ").read_bytes()
            except OSError:
                continue
            if command and (marked or (self._data in command and "postgres" in command)):
                found.append(f"{entry.name} {command}")
        return found

    def end(self) -> None:
        """Whatever a failed test left."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(60)


def make_folder() -> Path:
    # Not pytest's own folder: as root PostgreSQL runs as nobody, who must be able to reach it.
    folder = Path(tempfile.mkdtemp(prefix="xds-serve-"))
    folder.chmod(0o755)
    return folder


@pytest.fixture
def folder() -> Iterator[Path]:
    made = make_folder()
    yield made
    shutil.rmtree(made)


Start = Callable[..., Lite]


@pytest.fixture
def start(folder: Path) -> Iterator[Start]:
    """Start Lite services on `folder`/data: `start()`, `start("--host", "::1")`, `start(XDS_DATABASE_URL=…)`."""
    with ExitStack() as stack:

        def begin(*arguments: object, port: int = 0, **environment: str) -> Lite:
            named = ("--lite", "--port", port, "--data-dir", folder / "data", *arguments)
            started = Lite(folder, *named, **environment)
            stack.callback(started.end)
            return started

        yield begin


@pytest.fixture(scope="module")
def first_run() -> Iterator[tuple[Path, str, str]]:
    """A data folder that a first run has seeded, and what the run wrote."""
    folder = make_folder()
    run = Lite(folder, "--lite", "--port", 0, "--data-dir", folder / "data")
    try:
        run.ready()
        code = run.interrupt()
        assert (code, run.err, run.processes()) == (0, "", [])
        yield folder, run.out, run.err
    finally:
        run.end()
        shutil.rmtree(folder)


def sentence(lite: Lite) -> str:
    """The one sentence of a service that does not start."""
    assert lite.process.wait(60) == 1, lite.out
    assert lite.out == ""
    (line,) = lite.err.splitlines()
    assert line.startswith("xds: ")
    assert lite.processes() == []
    return line.removeprefix("xds: ")


def submissions(log: Path) -> int:
    """How many ITI-41 messages were answered."""
    return log.read_text("utf-8").count("transaction=ITI-41")


# Two runs


def test_the_first_run_seeds_and_shows_both_scenarios(first_run: tuple[Path, str, str]) -> None:
    folder, out, _ = first_run
    assert SEEDED.findall(out) == [(str(DOCUMENT_COUNT), str(SUBMISSION_COUNT))]
    assert submissions(folder / "data" / "xds.log") == SUBMISSION_COUNT
    shows_both_scenarios(out)
    assert f"the log       {folder}/data/xds.log" in out
    assert out.endswith("until Ctrl-C.\n")


def shows_both_scenarios(out: str) -> None:
    assert re.search(
        r"^DICS Registry Query  \(ITI-18 FindDocuments, http://127.0.0.1:\d+/dics/registry\)$", out, re.M
    )
    assert f"asked    Approved documents of patient {SAMPLE_PATIENT}" in out
    assert re.search(r"answered Success, 8 DocumentEntries, in \d+ ms$", out, re.M)
    assert re.search(r"^DICS Repository/Document Query  \(ITI-43 Retrieve Document Set, ", out, re.M)
    assert re.search(r"answered Success, text/xml, \d+ octets, hash as registered, in \d+ ms$", out, re.M)
    for where in ("the page", "the WSDLs", "ask again", "with curl"):
        assert f"\n  {where}  " in out


def test_the_second_run_does_not_seed_twice(
    first_run: tuple[Path, str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, _, _ = first_run
    log = folder / "data" / "xds.log"
    before = submissions(log)
    run = Lite(folder, "--lite", "--port", 0, "--data-dir", folder / "data")
    try:
        run.ready()
        seconds = time.monotonic() - run.began
        shows_both_scenarios(run.out)
        assert SEEDED.search(run.out) is None
        assert submissions(log) == before
        assert (run.terminate(), run.err, run.processes()) == (0, "", [])
    finally:
        run.end()
    with capsys.disabled():
        print(f"\nthe second run was ready after {seconds:.2f} s")
    assert seconds < 15  # 3 on a quiet machine


# Ended at any moment


def at_once(lite: Lite, data: Path) -> None:
    """As soon as SIGTERM has a handler: while most modules are still being imported."""
    status = Path(f"/proc/{lite.process.pid}/status")
    bit = 1 << (signal.SIGTERM - 1)
    lite.until(lambda: int(re.findall(r"SigCgt:\s*(\w+)", status.read_text("ascii"))[0], 16) & bit)


def in_the_database_start(lite: Lite, data: Path) -> None:
    lite.until((data / "postgresql").exists)


def once_the_database_runs(lite: Lite, data: Path) -> None:
    lite.until((data / "postgresql" / "postmaster.pid").exists)


def in_the_seeding(lite: Lite, data: Path) -> None:
    lite.until(lambda: (data / "xds.log").exists() and submissions(data / "xds.log") > 5)


MOMENTS = pytest.mark.parametrize(
    "moment",
    [at_once, in_the_database_start, once_the_database_runs, in_the_seeding],
    ids=lambda moment: moment.__name__,
)


@MOMENTS
@pytest.mark.parametrize("ending", [Lite.interrupt, Lite.terminate], ids=["Ctrl-C", "SIGTERM"])
def test_it_ends_at_any_moment(
    moment: Callable[[Lite, Path], None], ending: Callable[[Lite], int], start: Start, folder: Path
) -> None:
    lite = start()
    moment(lite, folder / "data")
    assert ending(lite) == 0, lite.err
    assert (lite.err, lite.processes()) == ("", [])


def test_a_seed_that_was_interrupted_is_completed(start: Start, folder: Path) -> None:
    """And a service that was killed starts again at once, though its workers and PostgreSQL are still there."""
    port = free_port()
    log = folder / "data" / "xds.log"
    cut_off = start(port=port)
    in_the_seeding(cut_off, folder / "data")
    assert cut_off.interrupt() == 0
    assert 0 < submissions(log) < SUBMISSION_COUNT
    killed = start(port=port)
    killed.until(lambda: SEEDED.search(killed.out))
    ((documents, published),) = SEEDED.findall(killed.out)
    assert int(documents) == DOCUMENT_COUNT
    assert 0 < int(published) < SUBMISSION_COUNT
    killed.process.kill()
    killed.process.wait()
    assert any("postgres" in line for line in killed.processes())
    last = start(port=port)
    assert last.ready() == f"http://127.0.0.1:{port}"
    assert SEEDED.search(last.out) is None
    shows_both_scenarios(last.out)
    # A second service on the same folder is one too many.
    second = start()
    assert second.process.wait(60) == 1
    assert second.err.startswith(
        f"xds: another xds serves from the data folder {folder}/data; stop it, or choose"
    )
    assert (last.terminate(signal.SIGHUP), last.err) == (0, "")  # the terminal is closed
    assert (last.processes(), killed.processes()) == ([], [])


# Other databases, other addresses


def has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


def test_the_environment_names_another_database(start: Start, folder: Path, database: str) -> None:
    host = "::1" if has_ipv6() else "127.0.0.1"
    lite = start("--host", host, XDS_DATABASE_URL=database)
    url = lite.ready()
    assert url.startswith("http://[::1]:" if has_ipv6() else "http://127.0.0.1:")
    assert SEEDED.search(lite.out)
    assert (lite.interrupt(), lite.err, lite.processes()) == (0, "", [])
    assert not (folder / "data" / "postgresql").exists()
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM document_entry").fetchone() == (DOCUMENT_COUNT,)
        recorded = connection.execute("SELECT body FROM audit_event").fetchall()
    kinds = {decode_event(body).kind for (body,) in recorded}
    # Lite has the audit log of every service.
    assert kinds >= {"application start", "ITI-41 server", "ITI-42 server", "application stop"}


def test_an_old_schema_is_brought_up(start: Start, folder: Path, database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    (folder / "old").mkdir()
    shutil.copy(ROOT / "xds" / "store" / "migrations" / "0001_pre_registry.sql", folder / "old")
    assert migrate(database, folder / "old") == ["0001_pre_registry"]
    lite = start(XDS_DATABASE_URL=database)
    lite.until(lambda: SEEDED.search(lite.out))
    assert lite.interrupt() == 0
    assert migrate(database) == []


# Each way not to start


def occupied(stack: ExitStack) -> int:
    return int(stack.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1])


def test_a_taken_port(start: Start) -> None:
    with ExitStack() as stack:
        port = occupied(stack)
        said = sentence(start(port=port))
    assert said.startswith(f"port {port} on 127.0.0.1 cannot be used (Address already in use); ")


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ({"data": b""}, "the data folder {data} cannot be used (a file stands in its way); choose another"),
        (
            {"data/documents": b""},
            "the data folder {data} cannot be used (a file stands in its way); choose another",
        ),
        ({"data/xds.lock/x": b""}, "the data folder {data} cannot be used (Is a directory); choose another"),
        ({"data/xds.log/x": b""}, "the log {data}/xds.log cannot be written (Is a directory)"),
        ({"data/postgresql": b""}, "{data}/postgresql"),
        (
            {"data/postgresql/letter.txt": b"x"},
            "{data}/postgresql is not empty and holds no PostgreSQL cluster",
        ),
        ({"data/postgresql/PG_VERSION": b"9\n"}, "the database in {data}/postgresql is of PostgreSQL 9"),
        ({"data/postgresql/PG_VERSION": b"\xff\x00\xfe"}, "{data}"),
        (
            {
                "data/postgresql/PG_VERSION": b"18\n",
                "data/postgresql/postmaster.opts": b"",
                "data/postgresql/global/pg_control": b"\x80" * 8192,
            },
            "the database in {data}/postgresql",
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_broken_data_folder(made: Mapping[str, bytes], said: str, start: Start, folder: Path) -> None:
    for name, content in made.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    if os.geteuid() == 0 and (database := folder / "data" / "postgresql").is_dir():
        for path in (database, *database.rglob("*")):
            shutil.chown(path, "nobody")  # as whom root's database runs
    assert said.format(data=folder / "data") in sentence(start())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("size=64m", "the data folder {data} has less than 256 MiB free; make room or choose another"),
        ("size=512m,ro", "the data folder {data} cannot be used (Read-only file system)"),
    ],
    ids=["full", "read-only"],
)
def test_a_disk_that_is_no_place(options: str, said: str, start: Start, folder: Path) -> None:
    data = folder / "data"
    data.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(data)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("only a root that may mount can make a small disk")
    try:
        assert said.format(data=data) in sentence(start())
    finally:
        subprocess.run(["umount", str(data)], check=True)


@pytest.mark.parametrize(
    ("dsn", "said"),
    [
        ("postgresql://127.0.0.1:{closed}/xds", "the database cannot be reached: connection failed: "),
        ("postgresql://xds.invalid/xds", "the database cannot be reached: failed to resolve host"),
        ("no address", "store.dsn (or XDS_DATABASE_URL) must be an address of PostgreSQL"),
    ],
)
def test_a_database_that_cannot_be_reached(dsn: str, said: str, start: Start) -> None:
    assert sentence(start(XDS_DATABASE_URL=dsn.format(closed=free_port()))).startswith(said)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (
            "INSERT INTO schema_migration (number, name, sha256) VALUES (9999, '9999_pre_later', 'x')",
            "the schema is at migration 9999, newer than this version of xds knows",
        ),
        (
            "UPDATE schema_migration SET sha256 = 'x' WHERE number = 1",
            "migration 0001_pre_registry was changed",
        ),
    ],
    ids=["newer", "changed"],
)
def test_a_schema_that_does_not_fit(statement: str, said: str, start: Start, database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute(statement)
    assert sentence(start(XDS_DATABASE_URL=database)).startswith(said)


@pytest.mark.parametrize("host", ["xds.invalid", "192.0.2.1"])
def test_an_address_of_another_machine(host: str, start: Start) -> None:
    said = sentence(start("--host", host))
    assert host in said and "--host" in said


# Settings


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "the settings file {file} cannot be read (No such file or directory)"),
        ("[server", "the settings file {file} is not valid TOML: "),
        ("[server]\nprot = 8080\n", "{file}: server.prot is not a setting; did you mean server.port?"),
        ("[server]\nport = 'x'\n", "{file}: server.port"),
    ],
)
def test_a_settings_file_that_is_wrong(text: str | None, said: str, folder: Path) -> None:
    file = folder / "xds.toml"
    if text is not None:
        file.write_text(text, "utf-8")
    assert sentence(Lite(folder, "--config", file)).startswith(said.format(file=file))


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--lite", "--config", "xds.toml"),
        ("--lite", "--port", "65536"),
        ("--lite", "--pid-feed-port", "65536"),
    ],
    ids=" ".join,
)
def test_usage(arguments: tuple[str, ...], folder: Path) -> None:
    lite = Lite(folder, *arguments)
    assert lite.process.wait(60) == 2
    assert lite.err.startswith("Usage: ")


def test_production_serves_a_settings_file(folder: Path, database: str) -> None:
    """It does not seed, and says so little that a supervisor's journal stays readable."""
    file = folder / "xds.toml"
    port = free_port()
    lines = [f'data_dir = "{folder}/data"', "[server]", f"port = {port}", "[store]", f'dsn = "{database}"']
    lines += ["[repository]", 'unique_id = "2.999.2.1"', "[log]", f'file = "{folder}/log.json"']
    file.write_text("\n".join(lines), "utf-8")
    production = Lite(folder, "--config", file)
    try:
        production.until(lambda: production.out)
        assert production.out.startswith(f"Serving on http://127.0.0.1:{port}\n")
        assert len(production.out.splitlines()) <= 10
        assert (production.terminate(), production.err, production.processes()) == (0, "", [])
    finally:
        production.end()
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM submission_set").fetchone() == (0,)


def test_where_the_data_is_when_this_folder_is_closed(folder: Path) -> None:
    """A clone below /root, 0700: the database runs as nobody, who cannot enter it. The run says where it went."""
    if os.geteuid() != 0:
        pytest.skip("only root's database runs as another user")
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    elsewhere = default_data_folder(closed / "xds-data")
    assert elsewhere != closed / "xds-data"
    used_by_others = elsewhere.exists()
    try:
        with ExitStack() as stack:
            # A taken port: it says where, and goes no further in a folder that is not the test's.
            lite = Lite(closed, "--lite", "--port", occupied(stack))
            assert lite.process.wait(60) == 1
        assert used_by_others or "Address already in use" in lite.err
        assert lite.out == (
            f"The data is in {elsewhere}: the database does not run as root, and its user cannot enter this folder.\n"
        )
    finally:
        if not used_by_others:
            shutil.rmtree(elsewhere)


def test_the_sandboxs_directives_are_set_as_documented(start: Start, folder: Path) -> None:
    """docs/consent.md, The sandbox: the command that stands there, and the table after it."""
    page = (ROOT / "docs" / "consent.md").read_text("utf-8")
    (line,) = re.findall(r"^xds (consent seed --data-dir) xds-data$", page, re.MULTILINE)
    patients = [f"P{number}^^^&2.999.1.1&ISO" for number in (1014, 1015, 1016)]
    assert all(f"| `{patient}` | `" in page for patient in patients)
    lite = start()
    url = lite.ready()

    def xds(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "xds", *arguments],
            capture_output=True, text=True, check=True, timeout=60, cwd=ROOT, env=ENVIRONMENT,
        )  # fmt: skip
        return done.stdout

    def shown() -> list[int]:
        asked = ("query", "FindDocuments", "--to", url, "--set", "status=Approved", "--json", "--patient")
        return [len(json.loads(xds(*asked, patient))["document_entries"]) for patient in patients]

    assert shown() == [1, 2, 2]
    assert "3 directives are in force, 3 of them new" in xds(*line.split(), str(folder / "data"))
    assert shown() == [0, 1, 0]
    assert "3 directives are in force, 0 of them new" in xds(*line.split(), str(folder / "data"))
    assert lite.interrupt() == 0
