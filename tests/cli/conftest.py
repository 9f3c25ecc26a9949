"""The commands as a user runs them, against a peer that is a real HTTP server."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.client.peer import Peer, running_peer
from xds.cli.main import main

Run = Callable[..., Result]


@pytest.fixture
def peer() -> Iterator[Peer]:
    """A server that answers Success until it is told otherwise."""
    with running_peer() as running:
        yield running


@pytest.fixture
def run() -> Run:
    """Run `xds` in this process; standard output and standard error apart."""

    def run_main(*arguments: object, stdin: str | None = None) -> Result:
        result = CliRunner().invoke(main, [str(item) for item in arguments], input=stdin)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run_main


@pytest.fixture
def run_process() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run `xds` in a process of its own."""

    def run_main(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "xds", *(str(item) for item in arguments)],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(__file__).parents[2]), **environment},
        )

    return run_main
