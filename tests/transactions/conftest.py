"""Services as processes: the real command, a real PostgreSQL, real sockets."""

import json
import os
import signal
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import free_port


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A running `xds serve`."""

    port: int
    process: "subprocess.Popen[bytes]"
    folder: Path
    log: Path
    tls: ssl.SSLContext | None = None  # of a client that it lets in, where it speaks TLS

    @property
    def url(self) -> str:
        return f"{'http' if self.tls is None else 'https'}://127.0.0.1:{self.port}"

    def workers(self) -> list[int]:
        """Process ids of the workers."""
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(item) for item in path.read_text("ascii").split()]

    def stop(self) -> int:
        """End it as Ctrl-C does; return its exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)


def _toml(settings: Mapping[str, Any]) -> str:
    """A settings file: keys, sections, and lists of sections, which are dicts in a list."""
    lines = [f"{key} = {_value(value)}" for key, value in settings.items() if not _is_section(value)]
    for section, values in settings.items():
        if isinstance(values, Mapping):
            lines += [f"[{section}]", *_keys(values)]
        elif _is_section(values):
            for entry in values:
                lines += [f"[[{section}]]", *_keys(entry)]
    return "\n".join(lines)


def _is_section(value: object) -> bool:
    return isinstance(value, Mapping) or (isinstance(value, list) and any(isinstance(i, dict) for i in value))


def _keys(values: Mapping[str, Any]) -> list[str]:
    return [f"{key} = {_value(value)}" for key, value in values.items()]


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{json.dumps(key)} = {_value(item)}' for key, item in value.items())} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    return json.dumps(value)


def merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with some of their sections' keys changed."""
    result = {key: dict(value) if isinstance(value, Mapping) else value for key, value in base.items()}
    for key, value in changes.items():
        result[key] = {**result.get(key, {}), **value} if isinstance(value, Mapping) else value
    return result


@contextmanager
def running(
    folder: Path,
    settings: Mapping[str, Any],
    environment: Mapping[str, str] | None = None,
    *,
    crash_at: str | None = None,
    tls: ssl.SSLContext | None = None,
) -> Iterator[Service]:
    """Run `xds serve --config` for the block."""
    with launched(folder, settings, environment, crash_at=crash_at, tls=tls) as service:
        wait_ready(service)
        yield service


@contextmanager
def launched(
    folder: Path,
    settings: Mapping[str, Any],
    environment: Mapping[str, str] | None = None,
    *,
    crash_at: str | None = None,
    tls: ssl.SSLContext | None = None,
) -> Iterator[Service]:
    """Run it without waiting until it answers."""
    port = int(settings["server"]["port"])
    config = folder / "xds.toml"
    config.write_text(_toml(settings), "utf-8")
    log = folder / "log.txt"
    module = ("xds",) if crash_at is None else ("tests.transactions.crashing", crash_at)
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *module, "serve", "--config", str(config)],
            stdout=output,
            stderr=output,
            env={**os.environ, **(environment or {})},
            cwd=Path(__file__).parents[2],
        )
    service = Service(port=port, process=process, folder=folder, log=log, tls=tls)
    try:
        yield service
    finally:
        if process.poll() is None:
            service.stop()


def wait_ready(service: Service, seconds: float = 60) -> None:
    """Wait until /readyz says yes."""
    deadline = time.monotonic() + seconds
    while True:
        if service.process.poll() is not None:
            raise AssertionError(f"the service ended: {service.log.read_text('utf-8')[-2000:]}")
        try:
            with urllib.request.urlopen(f"{service.url}/readyz", timeout=5, context=service.tls) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            pass
        if time.monotonic() > deadline:
            raise AssertionError(f"not ready: {service.log.read_text('utf-8')[-2000:]}")
        time.sleep(0.05)


def base_settings(dsn: str, folder: Path) -> dict[str, Any]:
    """What a test service runs with unless it says otherwise."""
    return {
        "data_dir": str(folder / "data"),
        "server": {"port": free_port(), "workers": 2, "threads": 20},
        "store": {"dsn": dsn, "pool_size": 8},
        "registry": {"unknown_patients": "accept"},
        "repository": {"unique_id": "2.999.2.1"},
        "limits": {"requests_per_second": 0, "in_flight_per_peer": 0, "failed_authentications": 0},
        "log": {"level": "info", "form": "json"},
    }


@pytest.fixture(scope="session")
def service(
    postgres: str, new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """One service for all tests that only add to it."""
    folder = tmp_path_factory.mktemp("service")
    with running(folder, base_settings(new_database(), folder)) as started:
        yield started


@pytest.fixture
def start(new_database: Callable[[], str], tmp_path: Path) -> Iterator[Callable[..., Service]]:
    """Start services of a test's own: `start(limits={...})`."""
    stack: list[Any] = []

    def begin(
        *,
        dsn: str | None = None,
        environment: Mapping[str, str] | None = None,
        crash_at: str | None = None,
        **changes: Any,
    ) -> Service:
        folder = tmp_path / f"service{len(stack)}"
        folder.mkdir()
        settings = merged(base_settings(dsn or new_database(), folder), changes)
        context = running(folder, settings, environment, crash_at=crash_at)
        started = context.__enter__()
        stack.append(context)
        return started

    yield begin
    for context in reversed(stack):
        context.__exit__(None, None, None)
