"""The real service for a bench: `xds serve --config` as its own process group, on a PostgreSQL of ours."""

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.population import REPOSITORY

REGISTRY_PATH = "/dics/registry"
REPOSITORY_PATH = "/dics/repository"
GIB = 1024**3
RAISED = {
    "request_bytes": 4 * GIB,
    "document_bytes": 4 * GIB,
    "requests_per_second": 0,
    "in_flight_per_peer": 0,
}
"""Limits that the benches raise; 0 turns one off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A running `xds serve`."""

    port: int
    folder: Path  # its data folder
    process: "subprocess.Popen[bytes]"

    def processes(self) -> list[int]:
        """Process ids of the service: the first one and its workers."""
        found = [self.process.pid]
        for pid in found:
            found += [int(child) for child in _children(pid)]
        return found


@contextmanager
def running(folder: Path, dsn: str, **more: Any) -> Iterator[Service]:
    """Run the service for the block.

    Parameters
    ----------
    more
        Further sections of its settings.

    Raises
    ------
    SystemExit
        It does not start; its log is shown.
    """
    port = int(more.get("server", {}).get("port") or free_port())
    settings: dict[str, Any] = {
        "data_dir": str(folder / "data"),
        "server": {"port": port, "workers": 2, "threads": 32},
        "store": {"dsn": dsn},
        "registry": {"unknown_patients": "accept"},
        "repository": {"unique_id": REPOSITORY},
        "limits": RAISED,
        "log": {"level": "warning", "form": "json"},
        **more,
    }
    config, log = folder / "xds.toml", folder / "xds.log"
    config.write_text(_toml(settings), "utf-8")
    config.chmod(0o600)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "xds", "serve", "--config", str(config)], stdout=output, stderr=output
        )
    try:
        _wait(process, port, log)
        yield Service(port=port, folder=folder / "data", process=process)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(60)
        said = log.read_text("utf-8", "replace").splitlines()
        if complaints := [line for line in said if line.startswith("{")]:  # the log's; the rest greets
            print(f"the service logged {len(complaints)} lines; the last: {complaints[-1][:300]}")


def free_port() -> int:
    """A port of the loopback address that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _toml(settings: dict[str, Any]) -> str:
    lines = [
        f"{key} = {json.dumps(value)}"
        for key, value in settings.items()
        if not isinstance(value, dict | list)
    ]
    for section, values in settings.items():
        tables = values if isinstance(values, list) else [values] if isinstance(values, dict) else []
        for table in tables:
            head = f"[[{section}]]" if isinstance(values, list) else f"[{section}]"
            lines += [head, *(f"{key} = {json.dumps(value)}" for key, value in table.items())]
    return "\n".join(lines)


def _wait(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    sys.exit(f"xds serve does not start: {log.read_text('utf-8', 'replace')[-2000:]}")


def _children(pid: int) -> list[str]:
    found: list[str] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += (task / "children").read_text("ascii").split()
    return found
