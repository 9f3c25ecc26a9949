"""pgbench, of the same PostgreSQL package that serves: the limit of the registry's benches."""

import re
import statistics
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from benchmarks.measure import Sample
from xds.store import locate_binaries

CLIENTS = 8
THREADS = 2
_TPS = re.compile(r"^tps = ([0-9.]+)", re.MULTILINE)
_PLACEHOLDER = re.compile(r"%\(([a-z_]+)\)s")
_SAMPLED = 0.1  # of the transactions are logged for the percentiles


def as_script(statement: str, **values: str) -> str:
    """A statement of `xds.store` in pgbench's notation: each parameter its value, else a variable of its name."""
    # pgbench takes ":uuid" within a literal for a variable of that name: the colons are written as escapes.
    statement = statement.replace("'urn:uuid:'", r"U&'urn\003auuid\003a'")
    return _PLACEHOLDER.sub(lambda match: values.get(match[1], f":{match[1]}"), statement)


def run(dsn: str, script: str, variables: Mapping[str, str], *, seconds: float) -> Sample:
    """Run a script with prepared statements for so many seconds.

    Raises
    ------
    RuntimeError
        A statement failed.
    """
    target = conninfo_to_dict(dsn)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "script.sql").write_text(script, "utf-8")
        defined = [option for key, value in variables.items() for option in ("-D", f"{key}={value}")]
        done = subprocess.run(
            [
                *(str(locate_binaries() / "pgbench"), "-n", "-M", "prepared"),
                *("-h", str(target["host"]), "-U", str(target["user"])),
                *("-c", str(CLIENTS), "-j", str(THREADS), "-T", str(max(1, round(seconds)))),
                *("-f", "script.sql", "--log", f"--sampling-rate={_SAMPLED}"),
                *defined,
                str(target["dbname"]),
            ],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0 or (found := _TPS.search(done.stdout)) is None:
            raise RuntimeError(f"pgbench failed: {done.stderr[-2000:]}")
        times = sorted(
            int(line.split()[2]) / 1000
            for log in folder.glob("pgbench_log.*")
            for line in log.read_text("ascii").splitlines()
        )
    return Sample(
        rate=float(found[1]),
        p50_ms=statistics.median(times) if times else None,
        p95_ms=times[int(len(times) * 0.95)] if times else None,
    )
